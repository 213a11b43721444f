//! Whether a change of places keeps what is shown and asked for.
//!
//! Outcomes, deadlocks, faults and races are given back in full, so for those it is enough that what is shown
//! changes places with what is shown. Claims over states must say the same of a state and of what it becomes:
//! the claim is turned into what it says of the other state, and must then be the same claim, up to the order of
//! operands that can change places.

use super::flow::Flow;
use super::values::Asymmetry;
use crate::program::{Binary, Cell, Claim, Expr, ObjectId, OutcomeSet, Predicate};
use crate::vm::Machine;

/// Lists the local cells that are shown or asked for by value.
pub(super) fn shown_locals(machine: &Machine<'_>) -> Vec<Cell> {
    let program = machine.program();
    let observed = program.observed.iter().flat_map(|observed| &observed.cells);
    let claims = program.expectations.iter().filter(|e| e.applies(machine.models())).map(|e| &e.claim);
    let claimed = claims.flat_map(|claim| match claim {
        Claim::Outcomes { cells, .. } => cells.as_slice(),
        _ => &[],
    });
    observed.chain(claimed).copied().filter(|cell| matches!(cell, Cell::Local(..))).collect()
}

/// Makes sure that a change of places keeps what is shown and asked for.
pub(super) fn check(flow: &Flow<'_>, machine: &Machine<'_>) -> Result<(), Asymmetry> {
    let program = machine.program();
    let observed: Vec<Cell> =
        program.observed.iter().flat_map(|observed| observed.cells.iter().copied()).collect();
    check_closed(flow, &observed)?;
    let claims = program.expectations.iter().filter(|e| e.applies(machine.models())).map(|e| &e.claim);
    for claim in claims {
        match claim {
            Claim::Always(expr) | Claim::Never(expr) | Claim::Finally(expr) | Claim::Possibly(expr) => {
                if normal(&image(flow, expr)?) != normal(expr) {
                    return Err(Asymmetry);
                }
            }
            Claim::Outcomes { cells, set } => {
                check_closed(flow, cells)?;
                check_set(flow, cells, set)?;
            }
            Claim::Deadlock(_)
            | Claim::Race(..)
            | Claim::Livelock(_)
            | Claim::Fault(..)
            | Claim::Schedules(_) => {}
        }
    }
    Ok(())
}

fn check_closed(flow: &Flow<'_>, cells: &[Cell]) -> Result<(), Asymmetry> {
    if cells.iter().all(|&cell| cells.contains(&flow.cell(cell))) { Ok(()) } else { Err(Asymmetry) }
}

/// Makes sure that a set of outcomes contains what each of them becomes.
fn check_set(flow: &Flow<'_>, cells: &[Cell], set: &OutcomeSet) -> Result<(), Asymmetry> {
    match set {
        OutcomeSet::Scalars(ranges) => {
            let contains = |value: i64| ranges.iter().any(|&(low, high)| (low..=high).contains(&value));
            flow.shown(cells[0])?.keep(contains)
        }
        OutcomeSet::Tuples(tuples) => {
            let mut from = Vec::with_capacity(cells.len());
            for &cell in cells {
                let takes_its_place = |&other: &Cell| flow.cell(other) == cell;
                let place = cells.iter().position(takes_its_place).expect("the cells are closed");
                from.push((place, flow.shown(cells[place])?));
            }
            let becomes = |tuple: &[i64]| -> Vec<i64> {
                from.iter().map(|(place, values)| values.image(tuple[*place])).collect()
            };
            let all_kept = tuples.iter().all(|tuple| tuples.contains(&becomes(tuple)));
            if all_kept { Ok(()) } else { Err(Asymmetry) }
        }
    }
}

/// Turns a claim about what a state becomes into one about the state.
fn image(flow: &Flow<'_>, expr: &Expr) -> Result<Expr, Asymmetry> {
    let must_be_fixed = |fixed: bool| if fixed { Ok(()) } else { Err(Asymmetry) };
    let boxed = |expr: &Expr| image(flow, expr).map(Box::new);
    let named = |predicate: Predicate| match predicate {
        Predicate::Holds(lock) => Predicate::Holds(flow.object(lock)),
        other => other,
    };
    Ok(match expr {
        Expr::Number(number) => Expr::Number(*number),
        Expr::Cell(cell) => {
            must_be_fixed(flow.shown(*cell)?.is_fixed())?;
            Expr::Cell(flow.cell(*cell))
        }
        Expr::Element { first, len, index } => {
            must_be_fixed(flow.shown(*first)?.is_fixed() && flow.is_array_in_place(*first))?;
            Expr::Element { first: flow.cell(*first), len: *len, index: boxed(index)? }
        }
        Expr::Len { first, count, index: Some(index) } => {
            let queues = (first.0..first.0 + count).map(ObjectId);
            must_be_fixed(queues.into_iter().all(|queue| flow.object(queue) == queue))?;
            Expr::Len { first: *first, count: *count, index: Some(boxed(index)?) }
        }
        Expr::Len { first, count, index: None } => {
            Expr::Len { first: flow.object(*first), count: *count, index: None }
        }
        Expr::Neg(operand) => Expr::Neg(boxed(operand)?),
        Expr::Not(operand) => Expr::Not(boxed(operand)?),
        Expr::Binary(binary, left, right) => Expr::Binary(*binary, boxed(left)?, boxed(right)?),
        Expr::In(operand, entries) => {
            let mut ranges = Vec::with_capacity(entries.len());
            for (low, high) in entries {
                let high = high.as_ref().map(|high| image(flow, high)).transpose()?;
                ranges.push((image(flow, low)?, high));
            }
            Expr::In(boxed(operand)?, ranges)
        }
        Expr::Thread(thread, predicate) => Expr::Thread(flow.thread(*thread), named(*predicate)),
        Expr::Count(group, predicate) => Expr::Count(*group, named(*predicate)),
    })
}

/// Puts operands that can change places into an order of their own. Those of `and` and `or` can if each of them
/// always has a value, because the right side is not looked at where the left side decides.
fn normal(expr: &Expr) -> Expr {
    let boxed = |expr: &Expr| Box::new(normal(expr));
    match expr {
        Expr::Binary(binary @ (Binary::And | Binary::Or), left, right) => {
            if !has_value(expr) {
                return Expr::Binary(*binary, boxed(left), boxed(right));
            }
            let mut operands = Vec::new();
            add_operands(*binary, expr, &mut operands);
            operands.sort_by_key(|operand| format!("{operand:?}"));
            let join = |left: Expr, right: Expr| Expr::Binary(*binary, Box::new(left), Box::new(right));
            operands.into_iter().reduce(join).expect("there are two operands at least")
        }
        Expr::Binary(binary @ (Binary::Add | Binary::Mul | Binary::Eq | Binary::Ne), left, right) => {
            let mut operands = [boxed(left), boxed(right)];
            operands.sort_by_key(|operand| format!("{operand:?}"));
            let [left, right] = operands;
            Expr::Binary(*binary, left, right)
        }
        Expr::Binary(binary, left, right) => Expr::Binary(*binary, boxed(left), boxed(right)),
        Expr::Neg(operand) => Expr::Neg(boxed(operand)),
        Expr::Not(operand) => Expr::Not(boxed(operand)),
        other => other.clone(),
    }
}

fn add_operands(wanted: Binary, expr: &Expr, operands: &mut Vec<Expr>) {
    match expr {
        Expr::Binary(binary, left, right) if *binary == wanted => {
            add_operands(wanted, left, operands);
            add_operands(wanted, right, operands);
        }
        other => operands.push(normal(other)),
    }
}

/// Returns true when an expression has a value in every state.
fn has_value(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) | Expr::Cell(_) | Expr::Thread(..) | Expr::Count(..) => true,
        Expr::Len { index, .. } => index.is_none(),
        Expr::Not(operand) => has_value(operand),
        Expr::Binary(binary, left, right) => {
            let computes =
                matches!(binary, Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Mod);
            !computes && has_value(left) && has_value(right)
        }
        Expr::Element { .. } | Expr::Neg(_) | Expr::In(..) => false,
    }
}
