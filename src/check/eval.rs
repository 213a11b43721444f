//! Expressions over a state. The parser bounds their depth, so evaluation may recurse.

use crate::program::{Binary, Cell, Expr, ObjectId, ThreadId, floor_div, floor_mod};
use crate::vm::{Machine, State};

/// Computes an expression in a state; `None` when it has no value there: a division by zero, an index out of
/// range, or a result of more than 64 bits. `and` and `or` look at their right side only where that matters.
pub fn evaluate(machine: &Machine<'_>, state: &State, expr: &Expr) -> Option<i64> {
    let value = |expr: &Expr| evaluate(machine, state, expr);
    match expr {
        Expr::Number(number) => Some(*number),
        Expr::Cell(cell) => Some(machine.value(state, *cell)),
        Expr::Element { first, len, index } => {
            let index = u32::try_from(value(index)?).ok().filter(|index| index < len)?;
            let cell = match *first {
                Cell::Memory(base) => Cell::Memory(base + index),
                Cell::Local(thread, base) => Cell::Local(thread, base + index),
            };
            Some(machine.value(state, cell))
        }
        Expr::Len { first, count, index } => {
            let index = match index {
                Some(index) => u32::try_from(value(index)?).ok().filter(|index| index < count)?,
                None => 0,
            };
            Some(machine.queue(state, ObjectId(first.0 + index)).len() as i64)
        }
        Expr::Neg(operand) => value(operand)?.checked_neg(),
        Expr::Not(operand) => Some(i64::from(value(operand)? == 0)),
        Expr::Binary(Binary::And, left, right) => Some(i64::from(value(left)? != 0 && value(right)? != 0)),
        Expr::Binary(Binary::Or, left, right) => Some(i64::from(value(left)? != 0 || value(right)? != 0)),
        Expr::Binary(binary, left, right) => compute(*binary, value(left)?, value(right)?),
        Expr::In(operand, entries) => {
            let operand = value(operand)?;
            let mut found = false;
            for (low, high) in entries {
                let low = value(low)?;
                let high = high.as_ref().map_or(Some(low), value)?;
                found |= (low..=high).contains(&operand);
            }
            Some(i64::from(found))
        }
        Expr::Thread(thread, predicate) => Some(i64::from(machine.satisfies(state, *thread, *predicate))),
        Expr::Count(group, predicate) => {
            let group = &machine.program().groups[group.index()];
            let copies = (0..group.copies).map(|copy| ThreadId(group.first.0 + copy));
            Some(copies.filter(|&thread| machine.satisfies(state, thread, *predicate)).count() as i64)
        }
    }
}

fn compute(binary: Binary, a: i64, b: i64) -> Option<i64> {
    match binary {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::Div => floor_div(a, b).ok(),
        Binary::Mod => floor_mod(a, b).ok(),
        Binary::Eq => Some(i64::from(a == b)),
        Binary::Ne => Some(i64::from(a != b)),
        Binary::Lt => Some(i64::from(a < b)),
        Binary::Le => Some(i64::from(a <= b)),
        Binary::Gt => Some(i64::from(a > b)),
        Binary::Ge => Some(i64::from(a >= b)),
        Binary::And | Binary::Or => unreachable!("handled where the right side is still an expression"),
    }
}
