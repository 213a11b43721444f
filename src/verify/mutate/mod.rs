//! Mutants: the same program with one thing wrong, to see whether anything notices.
//!
//! A pass says that a program does what it expects of itself. How much that says depends on the expectations:
//! if they hold of a wrong program too, they say little. So a passing program is tried with the mistakes that
//! people make with locks, conditions and atomics, one at a time (DeMillo, Lipton and Sayward, "Hints on Test
//! Data Selection", IEEE Computer 1978; the operators are those that Bradbury, Cordy and Dingel collected for
//! concurrent Java, Mutation 2006, as far as a stack machine has them). Each mutant is explored in full; it is
//!
//! - *noticed* when an expectation fails, or a deadlock or fault can be reached that none expects;
//! - *the same* when it cannot be told from the program: see `verify::mutate::behaviour`;
//! - a *survivor* otherwise: either an expectation is missing, or the code is more careful than it has to be;
//! - *undecided* when a limit cut its search before anything was noticed.
//!
//! Expected numbers of schedules are left out: any change to the code changes them, which says nothing.

mod atomics;
mod behaviour;
mod draft;
mod locks;
mod order;
mod survey;
#[cfg(test)]
mod tests;
mod waits;

use std::cell::Cell;
use std::collections::HashSet;

use crate::asm::{self, Loaded, Loader, Options};
use crate::program::{BlockId, Claim, Instr, Program};

use draft::{Draft, Edits};

pub use behaviour::Difference;
pub use draft::Change;
pub use survey::{Fate, Notice, Setup, Survey, Trial, survey};

/// What is wrong with a mutant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operator {
    /// A lock, or a permit, is neither taken nor given back.
    LockRemoved,
    /// A lock is taken later than before.
    TakenLate,
    /// A lock is given back earlier than before.
    ReleasedEarly,
    /// Another lock is taken and given back.
    OtherLock,
    /// A write lock is a read lock.
    LockWeakened,
    /// What was checked before and after a wait is checked once.
    CheckedOnce,
    /// One instruction is missing.
    Dropped,
    /// `NOTIFY` stands for `NOTIFYALL`.
    NotifiesOne,
    /// Two neighbours have changed places.
    Swapped,
    /// An `atomic` block is none any more, or two.
    BlockSplit,
    /// A `CAS`, `XADD` or `XCHG` is done in pieces.
    AtomicSplit,
}

impl Operator {
    /// Returns its name, which stays the same from version to version.
    pub fn word(self) -> &'static str {
        match self {
            Operator::LockRemoved => "lock-removed",
            Operator::TakenLate => "taken-late",
            Operator::ReleasedEarly => "released-early",
            Operator::OtherLock => "other-lock",
            Operator::LockWeakened => "lock-weakened",
            Operator::CheckedOnce => "checked-once",
            Operator::Dropped => "dropped",
            Operator::NotifiesOne => "notifies-one",
            Operator::Swapped => "swapped",
            Operator::BlockSplit => "block-split",
            Operator::AtomicSplit => "atomic-split",
        }
    }
}

/// A program with one thing wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mutant {
    /// What is wrong.
    pub operator: Operator,
    /// The same in a sentence.
    pub says: String,
    /// Where its text differs from the program's, in order; never empty.
    pub changes: Vec<Change>,
    /// Its texts, in the order of [`Program::sources`].
    pub texts: Vec<String>,
}

/// A mutant before it is known whether it is a program.
struct Proposal {
    operator: Operator,
    says: String,
    edits: Edits,
}

impl Proposal {
    fn new(operator: Operator, says: String, edits: Edits) -> Proposal {
        Proposal { operator, says, edits }
    }
}

/// Returns the mutants of a program, in order of place, each with what it assembles to. What does not
/// assemble, or to the same code, is no mutant, nor is what another one
/// assembles to; `options` are those that the program was assembled with.
pub fn mutants(program: &Program, options: &Options) -> Vec<(Mutant, Program)> {
    let draft = Draft::new(program);
    let mut proposals = locks::proposals(&draft);
    proposals.extend(waits::proposals(&draft));
    proposals.extend(atomics::proposals(&draft));
    proposals.extend(order::proposals(&draft));
    let mut seen = HashSet::from([code(program)]);
    let mut mutants = Vec::new();
    for Proposal { operator, says, edits } in proposals {
        let (texts, changes) = edits.apply(&draft);
        let mutant = Mutant { operator, says, changes, texts };
        if let Some(assembled) = mutant.assemble(program, options)
            && seen.insert(code(&assembled))
        {
            mutants.push((mutant, assembled));
        }
    }
    mutants.sort_by(|(a, _): &(Mutant, Program), (b, _)| {
        (&a.changes, a.operator).cmp(&(&b.changes, b.operator))
    });
    mutants
}

/// Returns what the mistakes proposed here change of a program.
fn code(program: &Program) -> (Vec<Instr>, Vec<Option<BlockId>>, Vec<Option<BlockId>>) {
    let blocks = program.places.iter().map(|place| place.block).collect();
    (program.code.clone(), blocks, program.blocks.clone())
}

impl Mutant {
    /// Assembles the mutant of a program; `None` where it is no program.
    fn assemble(&self, program: &Program, options: &Options) -> Option<Program> {
        let name = &program.sources[0].name;
        let files = Included { program, texts: &self.texts, next: Cell::new(1) };
        let mut mutant = asm::assemble(name, &self.texts[0], options, &files).ok()?;
        mutant.expectations.retain(|expectation| !matches!(expectation.claim, Claim::Schedules(_)));
        Some(mutant)
    }
}

/// The included files of a program, with other texts. No mutant touches an `include`, so they are asked for in
/// the order in which the program's own were.
struct Included<'a> {
    program: &'a Program,
    texts: &'a [String],
    next: Cell<usize>,
}

impl Loader for Included<'_> {
    fn load(&self, _from: &str, _path: &str) -> Result<Loaded, String> {
        let index = self.next.replace(self.next.get() + 1);
        let text = self.texts.get(index).ok_or("the mutant includes more than the program")?;
        let name = self.program.sources[index].name.clone();
        Ok(Loaded { identity: format!("{index}"), name, text: text.clone() })
    }
}
