//! What goes wrong with order: two neighbours that have changed places.
//!
//! Neighbours are two instructions, or two statements: stretches of instructions that leave the stack as they
//! found it, as `PUSH 1`, `STORE x` do. Only those are exchanged that both touch what other threads see.

use super::draft::{Code, Draft, Edits, Item};
use super::{Operator, Proposal};
use crate::program::Op;

/// Proposes mutants in which neighbours have changed places.
pub(super) fn proposals(draft: &Draft<'_>) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for body in &draft.bodies {
        for stretch in stretches(body) {
            let is_visible = |codes: &[&Code]| codes.iter().any(|code| draft.is_visible(code));
            for pair in stretch.windows(2) {
                if is_visible(&pair[..1]) && is_visible(&pair[1..]) {
                    proposals.push(swapped(&pair[..1], &pair[1..]));
                }
            }
            for pair in statements(draft, &stretch).windows(2) {
                if let [Some(a), Some(b)] = pair
                    && is_visible(a)
                    && is_visible(b)
                {
                    proposals.push(swapped(a, b));
                }
            }
        }
    }
    proposals
}

/// Cuts a body where control can come in or go out.
fn stretches(body: &[Item]) -> Vec<Vec<&Code>> {
    let goes_straight = |item: &Item| {
        item.code().is_some_and(|code| !matches!(code.op, Op::Jmp | Op::Jz | Op::Jnz | Op::Ret | Op::Halt))
    };
    let stretches = body.split(|item| !goes_straight(item));
    stretches.map(|stretch| stretch.iter().filter_map(Item::code).collect()).collect()
}

/// Cuts a stretch into statements; `None` for what works with values from before it.
fn statements<'b>(draft: &Draft<'_>, stretch: &[&'b Code]) -> Vec<Option<Vec<&'b Code>>> {
    let mut statements = Vec::new();
    let (mut height, mut is_whole) = (0, true);
    let mut statement: Vec<&Code> = Vec::new();
    for &code in stretch {
        let (pops, pushes) = effect(draft, code);
        statement.push(code);
        is_whole &= height >= pops;
        height = (height - pops).max(0) + pushes;
        if height == 0 {
            let statement = std::mem::take(&mut statement);
            statements.push(std::mem::replace(&mut is_whole, true).then_some(statement));
        }
    }
    statements
}

fn effect(draft: &Draft<'_>, code: &Code) -> (i32, i32) {
    if code.op == Op::Call {
        // A proc that takes or leaves values is like one that works with values from before.
        return if draft.effect(code) == Some(0) { (0, 0) } else { (i32::MAX, 0) };
    }
    let spec = code.op.spec();
    (i32::from(spec.pops) + i32::from(code.takes_index()), i32::from(spec.pushes))
}

/// Exchanges two neighbouring runs of instructions: the shorter one moves across the other.
fn swapped(a: &[&Code], b: &[&Code]) -> Proposal {
    let moves_down = a.len() < b.len();
    let mut edits = Edits::default();
    for code in if moves_down { a } else { b } {
        edits = edits.delete(code.at);
        edits = match moves_down {
            true => edits.after(b[b.len() - 1].at, code.text()),
            false => edits.before(a[0].at, code.text()),
        };
    }
    let said = |codes: &[&Code]| match codes {
        [only] => format!("`{}`", only.text()),
        _ => format!("`{} … {}`", codes[0].text(), codes[codes.len() - 1].text()),
    };
    Proposal::new(Operator::Swapped, format!("{} comes before {}", said(b), said(a)), edits)
}
