//! What goes wrong with locks and permits: not taken, taken late, given back early, the wrong one.

use super::draft::{Code, Draft, Edits, Item, instruction};
use super::{Operator, Proposal};
use crate::program::{ObjectSort, Op};

/// A lock taken, and where that body gives it back: up to the next place that takes the same one.
struct Section<'b> {
    body: &'b [Item],
    take: usize,
    gives: Vec<usize>,
}

/// Proposes mutants of everything that is taken and given back.
pub(super) fn proposals(draft: &Draft<'_>) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for body in &draft.bodies {
        for take in 0..body.len() {
            let Some(code) = body[take].code().filter(|code| gives(code.op).is_some()) else { continue };
            let section = Section::new(body, take, code);
            if !section.gives.is_empty() {
                proposals.push(section.removed());
                proposals.extend(section.taken_late(draft));
                proposals.extend(section.released_early(draft));
                proposals.extend(section.other(draft));
            }
            if code.op == Op::WrLock {
                let edits = Edits::default().replace(code.at, vec![instruction(Op::RdLock, &code.operand)]);
                let says = format!("`{}` takes the lock for reading only", code.text());
                proposals.push(Proposal::new(Operator::LockWeakened, says, edits));
            }
        }
    }
    proposals
}

/// Returns what gives back what an operation takes.
fn gives(op: Op) -> Option<Op> {
    match op {
        Op::Lock | Op::TryLock | Op::RdLock | Op::WrLock => Some(Op::Unlock),
        Op::Acquire | Op::TryAcquire => Some(Op::Release),
        _ => None,
    }
}

impl<'b> Section<'b> {
    fn new(body: &'b [Item], take: usize, code: &Code) -> Section<'b> {
        let behind = || (take + 1..body.len()).filter_map(|at| Some((at, body[at].code()?)));
        let is_same = |other: &Code| other.operand == code.operand;
        let mut next_take = behind().filter(|(_, other)| is_same(other) && gives(other.op) == gives(code.op));
        let end = next_take.next().map_or(body.len(), |(at, _)| at);
        let given =
            behind().filter(|(at, other)| *at < end && is_same(other) && Some(other.op) == gives(code.op));
        Section { body, take, gives: given.map(|(at, _)| at).collect() }
    }

    fn code(&self, at: usize) -> &'b Code {
        self.body[at].code().expect("a section begins and ends with instructions")
    }

    fn removed(&self) -> Proposal {
        let take = self.code(self.take);
        let instead = match take.op {
            // A try that always comes away with something.
            Op::TryLock | Op::TryAcquire if take.takes_index() => vec!["POP".to_owned(), "PUSH 1".to_owned()],
            Op::TryLock | Op::TryAcquire => vec!["PUSH 1".to_owned()],
            _ => nothing(take),
        };
        let mut edits = Edits::default().replace(take.at, instead);
        for &give in &self.gives {
            edits = edits.replace(self.code(give).at, nothing(self.code(give)));
        }
        let given = self.code(self.gives[0]).op.spec().mnemonic;
        let says = format!("`{}` and its {given} are missing", take.text());
        Proposal::new(Operator::LockRemoved, says, edits)
    }

    /// Moves what takes behind the first visible instruction of the section.
    fn taken_late(&self, draft: &Draft<'_>) -> Option<Proposal> {
        let take = self.code(self.take);
        if take.takes_index() || take.op.spec().pushes > 0 {
            return None;
        }
        let straight = self.body[self.take + 1..self.gives[0]].iter().map_while(plain);
        let first = straight.into_iter().find(|code| draft.is_visible(code))?;
        let edits = Edits::default().delete(take.at).after(first.at, take.text());
        let says = format!("`{}` comes behind `{}`", take.text(), first.text());
        Some(Proposal::new(Operator::TakenLate, says, edits))
    }

    /// Moves what gives back right behind what takes, and before the last visible instruction.
    fn released_early(&self, draft: &Draft<'_>) -> Vec<Proposal> {
        let take = self.code(self.take);
        let mut proposals = Vec::new();
        if take.takes_index() || take.op.spec().pushes > 0 {
            return proposals;
        }
        let give = self.code(self.gives[0]).text();
        let between = &self.body[self.take + 1..self.gives[0]];
        if between.iter().any(|item| item.code().is_some_and(|code| draft.is_visible(code))) {
            let mut edits = Edits::default().after(take.at, give.clone());
            for &at in &self.gives {
                edits = edits.delete(self.code(at).at);
            }
            let says = format!("`{give}` comes right behind `{}`", take.text());
            proposals.push(Proposal::new(Operator::ReleasedEarly, says, edits));
        }
        for &at in &self.gives {
            let straight = self.body[self.take + 1..at].iter().rev().map_while(plain);
            if let Some(last) = straight.into_iter().find(|code| draft.is_visible(code)) {
                let edits = Edits::default().delete(self.code(at).at).before(last.at, give.clone());
                let says = format!("`{give}` comes before `{}`", last.text());
                proposals.push(Proposal::new(Operator::ReleasedEarly, says, edits));
            }
        }
        proposals
    }

    /// Takes and gives back the next object of the same sort instead.
    fn other(&self, draft: &Draft<'_>) -> Option<Proposal> {
        let take = self.code(self.take);
        let sort = draft.sort(take).filter(|_| !take.takes_index())?;
        let names = objects(draft, sort);
        let at = names.iter().position(|name| *name == take.operand)?;
        let other = names.get((at + 1) % names.len()).filter(|other| **other != take.operand)?;
        let mut edits = Edits::default().replace(take.at, vec![instruction(take.op, other)]);
        for &give in &self.gives {
            let give = self.code(give);
            edits = edits.replace(give.at, vec![instruction(give.op, other)]);
        }
        let says = format!("`{}` takes `{other}` instead, and gives that back", take.text());
        Some(Proposal::new(Operator::OtherLock, says, edits))
    }
}

/// Lists the objects of a sort as operands name them.
fn objects(draft: &Draft<'_>, sort: ObjectSort) -> Vec<String> {
    let program = draft.program;
    let groups =
        program.object_groups.iter().filter(|group| program.objects[group.base.index()].kind.sort() == sort);
    let names = groups.flat_map(|group| {
        (0..group.len).map(|index| match group.is_array {
            true => format!("{}[{index}]", group.name),
            false => group.name.clone(),
        })
    });
    names.collect()
}

/// Returns an instruction that control passes straight through.
fn plain(item: &Item) -> Option<&Code> {
    item.code().filter(|code| !matches!(code.op, Op::Jmp | Op::Jz | Op::Jnz | Op::Ret | Op::Halt))
}

/// Returns what keeps the stack as it is where an instruction is missing that leaves nothing on it.
pub(super) fn nothing(code: &Code) -> Vec<String> {
    if code.takes_index() { vec!["POP".to_owned()] } else { Vec::new() }
}
