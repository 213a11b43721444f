//! Expressions as a person would write them.

use crate::program::{Addr, Binary, Body, Expr, Predicate, Program};

/// Writes an expression.
pub(super) fn expr(program: &Program, of: &Expr) -> String {
    let inner = |one: &Expr| match one {
        Expr::Binary(..) | Expr::In(..) | Expr::Not(_) => format!("({})", expr(program, one)),
        _ => expr(program, one),
    };
    match of {
        Expr::Number(number) => number.to_string(),
        Expr::Cell(cell) => program.cell_name(*cell),
        Expr::Element { first, index, .. } => {
            let name = program.cell_name(*first);
            format!("{}[{}]", name.trim_end_matches("[0]"), expr(program, index))
        }
        Expr::Len { first, index, .. } => {
            let name = program.object_name(*first);
            match index {
                Some(index) => format!("len({}[{}])", name.trim_end_matches("[0]"), expr(program, index)),
                None => format!("len({name})"),
            }
        }
        Expr::Neg(one) => format!("-{}", inner(one)),
        Expr::Not(one) => format!("not {}", inner(one)),
        Expr::Binary(binary, left, right) => format!("{} {} {}", inner(left), sign(*binary), inner(right)),
        Expr::In(one, entries) => {
            let entry = |(low, high): &(Expr, Option<Expr>)| match high {
                Some(high) => format!("{}..{}", expr(program, low), expr(program, high)),
                None => expr(program, low),
            };
            format!("{} in {{{}}}", inner(one), entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Expr::Thread(thread, predicate) => {
            format!("{} {}", program.thread_name(*thread), predicate_text(program, *predicate))
        }
        Expr::Count(group, predicate) => {
            let name = &program.groups[group.index()].name;
            format!("count({name} {})", predicate_text(program, *predicate))
        }
    }
}

fn predicate_text(program: &Program, predicate: Predicate) -> String {
    match predicate {
        Predicate::At(at) => format!("at {}", label(program, at)),
        Predicate::Within(from, to) => format!("in {}..{}", label(program, from), label(program, to)),
        Predicate::Done => "done".to_owned(),
        Predicate::Holds(object) => format!("holds {}", program.object_name(object)),
    }
}

/// Returns the name of a label at an address: the first, where there are several.
fn label(program: &Program, at: Addr) -> &str {
    let bodies =
        program.groups.iter().map(|group| &group.body).chain(program.procs.iter().map(|proc| &proc.body));
    let mut labels = bodies.flat_map(|body: &Body| &body.labels);
    labels.find(|(_, place)| *place == at).map_or("?", |(name, _)| name)
}

fn sign(binary: Binary) -> &'static str {
    match binary {
        Binary::Add => "+",
        Binary::Sub => "-",
        Binary::Mul => "*",
        Binary::Div => "/",
        Binary::Mod => "%",
        Binary::Eq => "==",
        Binary::Ne => "!=",
        Binary::Lt => "<",
        Binary::Le => "<=",
        Binary::Gt => ">",
        Binary::Ge => ">=",
        Binary::And => "and",
        Binary::Or => "or",
    }
}
