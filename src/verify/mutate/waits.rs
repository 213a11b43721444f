//! What goes wrong with waiting and waking: conditions checked once, wake-ups that are missing or too few;
//! and every other synchronizing instruction that can be forgotten.

use super::draft::{Code, Draft, Edits, Item, instruction};
use super::locks::nothing;
use super::{Operator, Proposal};
use crate::program::{ObjectSort, Op};

/// Proposes mutants of everything that waits, wakes, or orders.
pub(super) fn proposals(draft: &Draft<'_>) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for body in &draft.bodies {
        for (at, code) in body.iter().enumerate().filter_map(|(at, item)| Some((at, item.code()?))) {
            proposals.extend(dropped(draft, code));
            if code.op == Op::NotifyAll {
                let edits = Edits::default().replace(code.at, vec![instruction(Op::Notify, &code.operand)]);
                let says = format!("`{}` wakes only one waiter", code.text());
                proposals.push(Proposal::new(Operator::NotifiesOne, says, edits));
            }
            if code.op == Op::Wait && draft.sort(code) == Some(ObjectSort::Condition) {
                proposals.extend(if_for_while(body, at, code));
            }
            if is_jump(code) {
                proposals.extend(spins_once(draft, body, at, code));
            }
        }
    }
    proposals
}

fn dropped(draft: &Draft<'_>, code: &Code) -> Option<Proposal> {
    let is_forgettable = match code.op {
        Op::Unlock | Op::Acquire | Op::Release | Op::Wait | Op::Notify | Op::NotifyAll => true,
        Op::Set | Op::Clear | Op::Fence | Op::Start | Op::Join | Op::Yield => true,
        Op::Call => draft.effect(code) == Some(0),
        _ => false,
    };
    is_forgettable.then(|| {
        let edits = Edits::default().replace(code.at, nothing(code));
        Proposal::new(Operator::Dropped, format!("`{}` is missing", code.text()), edits)
    })
}

fn is_jump(code: &Code) -> bool {
    matches!(code.op, Op::Jmp | Op::Jz | Op::Jnz)
}

/// Returns what stands in place of a jump that is not made.
fn unjumped(jump: &Code) -> Vec<String> {
    if jump.op == Op::Jmp { Vec::new() } else { vec!["POP".to_owned()] }
}

/// Returns where a label stands in a body.
fn place(body: &[Item], label: &str) -> Option<usize> {
    body.iter().position(|item| matches!(item, Item::Label(name) if name == label))
}

/// Drops the jump by which the check around a `WAIT` is made again.
fn if_for_while(body: &[Item], wait: usize, code: &Code) -> Option<Proposal> {
    let behind = body[wait + 1..].iter().filter_map(Item::code);
    let jump = behind.into_iter().find(|code| is_jump(code) || matches!(code.op, Op::Ret | Op::Halt))?;
    place(body, &jump.operand).filter(|&target| is_jump(jump) && target <= wait)?;
    let edits = Edits::default().replace(jump.at, unjumped(jump));
    let says = format!("after `{}` the condition is not checked again: an `if` for a `while`", code.text());
    Some(Proposal::new(Operator::CheckedOnce, says, edits))
}

/// Drops the jump back of a loop that only looks at what others write, or tries to take something.
fn spins_once(draft: &Draft<'_>, body: &[Item], at: usize, jump: &Code) -> Option<Proposal> {
    let target = place(body, &jump.operand).filter(|&target| target <= at)?;
    let inside = || body[target..at].iter().filter_map(Item::code);
    let tries =
        |code: &Code| matches!(code.op, Op::Cas | Op::Xchg | Op::TryLock | Op::TryAcquire | Op::IsSet);
    let looks = |code: &Code| tries(code) || code.op == Op::Load && draft.is_shared(code);
    let acts = |code: &Code| match code.op {
        Op::Store => draft.is_shared(code) || !inside().any(tries),
        Op::Yield | Op::Fence | Op::Len | Op::Load => false,
        _ => draft.is_visible(code) && !tries(code),
    };
    if !inside().any(looks) || inside().any(acts) {
        return None;
    }
    let edits = Edits::default().replace(jump.at, unjumped(jump));
    let says = format!("the loop of `{}` is passed through once", jump.text());
    Some(Proposal::new(Operator::CheckedOnce, says, edits))
}
