//! What a change of places makes of what is shown and asked for.
//!
//! Outcomes, deadlocks, faults and races are given back in full, so for those it is enough that what is shown
//! changes places with what is shown. A claim over states is turned into what it says of the other state. That
//! must be a claim of the program too, up to the order of operands that can change places: the same one or, as
//! in "`T[0]` never meets `T[1]`", another, and what is found for one then holds for the other.

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::flow::Flow;
use super::values::{Asymmetry, Values};
use crate::program::{
    ArithmeticError, Binary, Cell, Claim, Expectation, Expr, Instr, ObjectId, OutcomeSet, Predicate, binary,
};
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

/// Makes sure that a change of places keeps what is shown and asked for; returns for each claim that applies what
/// it becomes: of claims that are the same the first.
pub(super) fn claims(flow: &Flow<'_>, machine: &Machine<'_>) -> Result<Vec<usize>, Asymmetry> {
    let program = machine.program();
    let observed: Vec<Cell> =
        program.observed.iter().flat_map(|observed| observed.cells.iter().copied()).collect();
    check_closed(flow, &observed)?;
    let applies = |expectation: &&Expectation| expectation.applies(machine.models());
    let claims: Vec<Claim> = program
        .expectations
        .iter()
        .filter(applies)
        .map(|expectation| normal_claim(&expectation.claim))
        .collect();
    let becomes = |(index, claim): (usize, &Claim)| {
        let image = match claim {
            Claim::Always(expr) => Claim::Always(truth(flow, expr)?),
            Claim::Never(expr) => Claim::Never(truth(flow, expr)?),
            Claim::Finally(expr) => Claim::Finally(truth(flow, expr)?),
            Claim::Possibly(expr) => Claim::Possibly(truth(flow, expr)?),
            Claim::Outcomes { cells, set } => {
                check_closed(flow, cells)?;
                check_set(flow, cells, set)?;
                return Ok(index);
            }
            Claim::Deadlock(_)
            | Claim::Race(..)
            | Claim::Livelock(_)
            | Claim::Fault(..)
            | Claim::Schedules(_) => return Ok(index),
        };
        let image = normal_claim(&image);
        claims.iter().position(|claim| *claim == image).ok_or(Asymmetry)
    };
    claims.iter().enumerate().map(becomes).collect()
}

fn normal_claim(claim: &Claim) -> Claim {
    match claim {
        Claim::Always(expr) => Claim::Always(normal(expr)),
        Claim::Never(expr) => Claim::Never(normal(expr)),
        Claim::Finally(expr) => Claim::Finally(normal(expr)),
        Claim::Possibly(expr) => Claim::Possibly(normal(expr)),
        other => other.clone(),
    }
}

fn check_closed(flow: &Flow<'_>, cells: &[Cell]) -> Result<(), Asymmetry> {
    let all: HashSet<Cell, FixedState> = cells.iter().copied().collect();
    if cells.iter().all(|&cell| all.contains(&flow.cell(cell))) { Ok(()) } else { Err(Asymmetry) }
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

/// Turns a claim about a state into the same claim about what the state becomes.
fn truth(flow: &Flow<'_>, expr: &Expr) -> Result<Expr, Asymmetry> {
    let (image, values) = image(flow, expr)?;
    values.keep(|value| value == 0)?;
    Ok(image)
}

/// Returns an expression whose value, in what a state becomes, is what the value of the given one becomes, and the
/// values that this may have. One has a value where the other has.
fn image(flow: &Flow<'_>, expr: &Expr) -> Result<(Expr, Values), Asymmetry> {
    let named = |predicate: Predicate| match predicate {
        Predicate::Holds(lock) => Predicate::Holds(flow.object(lock)),
        other => other,
    };
    let flag = || Values::fixed([0, 1]);
    Ok(match expr {
        Expr::Number(number) => (Expr::Number(*number), Values::fixed([*number])),
        Expr::Cell(cell) => (Expr::Cell(flow.cell(*cell)), flow.shown(*cell)?),
        Expr::Element { first, len, index } => {
            let (index, values) = image(flow, index)?;
            flow.check_index(*first, *len, &values)?;
            let element = Expr::Element { first: flow.base(*first), len: *len, index: Box::new(index) };
            (element, flow.shown(*first)?)
        }
        Expr::Len { first, count, index: Some(index) } => {
            let (index, values) = image(flow, index)?;
            let mut queues = (first.0..first.0 + count).map(ObjectId);
            if !values.is_fixed() || queues.any(|queue| flow.object(queue) != queue) {
                return Err(Asymmetry);
            }
            (Expr::Len { first: *first, count: *count, index: Some(Box::new(index)) }, Values::Any)
        }
        Expr::Len { first, count, index: None } => {
            (Expr::Len { first: flow.object(*first), count: *count, index: None }, Values::Any)
        }
        Expr::Neg(operand) => {
            let (operand, values) = image(flow, operand)?;
            let negated = |value: i64| value.checked_neg().ok_or(ArithmeticError::Overflow);
            (Expr::Neg(Box::new(operand)), values.convert(negated)?)
        }
        Expr::Not(operand) => (Expr::Not(Box::new(truth(flow, operand)?)), flag()),
        Expr::Binary(both @ (Binary::And | Binary::Or), left, right) => {
            let (left, right) = (truth(flow, left)?, truth(flow, right)?);
            (Expr::Binary(*both, Box::new(left), Box::new(right)), flag())
        }
        Expr::Binary(binary, left, right) => image_of_binary(flow, *binary, left, right)?,
        Expr::In(operand, entries) => {
            let (operand, values) = image(flow, operand)?;
            let mut ranges = Vec::with_capacity(entries.len());
            for (low, high) in entries {
                let high = high.as_ref().map(|high| fixed(flow, high)).transpose()?;
                ranges.push((fixed(flow, low)?, high));
            }
            if !values.is_fixed() {
                let ranges = number_ranges(&ranges)?;
                values.keep(|value| ranges.iter().any(|&(low, high)| (low..=high).contains(&value)))?;
            }
            (Expr::In(Box::new(operand), ranges), flag())
        }
        Expr::Thread(thread, predicate) => (Expr::Thread(flow.thread(*thread), named(*predicate)), flag()),
        Expr::Count(group, predicate) => (Expr::Count(*group, named(*predicate)), Values::Any),
    })
}

/// Turns an expression whose value stays what it is.
fn fixed(flow: &Flow<'_>, expr: &Expr) -> Result<Expr, Asymmetry> {
    let (image, values) = image(flow, expr)?;
    if values.is_fixed() { Ok(image) } else { Err(Asymmetry) }
}

/// Reads ranges that are written in numbers.
fn number_ranges(ranges: &[(Expr, Option<Expr>)]) -> Result<Vec<(i64, i64)>, Asymmetry> {
    let number = |expr: &Expr| match expr {
        Expr::Number(number) => Ok(*number),
        _ => Err(Asymmetry),
    };
    let range =
        |(low, high): &(Expr, Option<Expr>)| Ok((number(low)?, number(high.as_ref().unwrap_or(low))?));
    ranges.iter().map(range).collect()
}

/// Lets a number become what it becomes as one of these values.
fn follow_number(number: &mut i64, values: &Values) -> Values {
    let becomes = values.image(*number);
    Values::one(std::mem::replace(number, becomes), becomes)
}

fn image_of_binary(
    flow: &Flow<'_>,
    operator: Binary,
    left: &Expr,
    right: &Expr,
) -> Result<(Expr, Values), Asymmetry> {
    let (mut left, mut left_values) = image(flow, left)?;
    let (mut right, mut right_values) = image(flow, right)?;
    if matches!(operator, Binary::Eq | Binary::Ne) {
        // What is compared with a number is compared with what that becomes.
        match (&mut left, &mut right) {
            (Expr::Number(number), _) => left_values = follow_number(number, &right_values),
            (_, Expr::Number(number)) => right_values = follow_number(number, &left_values),
            _ => {}
        }
    }
    let instr = match operator {
        Binary::Add => Instr::Add,
        Binary::Sub => Instr::Sub,
        Binary::Mul => Instr::Mul,
        Binary::Div => Instr::Div,
        Binary::Mod => Instr::Mod,
        Binary::Eq => Instr::Eq,
        Binary::Ne => Instr::Ne,
        Binary::Lt => Instr::Lt,
        Binary::Le => Instr::Le,
        Binary::Gt => Instr::Gt,
        Binary::Ge => Instr::Ge,
        Binary::And | Binary::Or => unreachable!("they are asked for their truth"),
    };
    let compute = |a, b| binary(instr, a, b).expect("the instruction is binary");
    let values = Values::combine(&left_values, &right_values, compute)?;
    Ok((Expr::Binary(operator, Box::new(left), Box::new(right)), values))
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
        Expr::In(operand, entries) => {
            let mut bounds = entries.iter().flat_map(|(low, high)| std::iter::once(low).chain(high));
            has_value(operand) && bounds.all(has_value)
        }
        Expr::Element { .. } | Expr::Neg(_) => false,
    }
}
