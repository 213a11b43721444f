//! Fusion: steps that no other thread can see are taken together with the step before them.
//!
//! Under `switch every` a decision follows each step, although most steps touch nothing but the thread's own
//! stack and locals. With fusion a thread that has stepped goes on while its next step is *private*: it reads
//! and writes nothing that another thread reads or writes, it is enabled whatever the others do, it has one
//! successor, and it neither faults nor fails an `ASSUME`. (Godefroid, "Partial-Order Methods", LNCS 1032,
//! 1996, chapter 4: such a step alone is a persistent set. Holzmann's statement merging, SPIN 1999, does the
//! same with a static rule.)
//!
//! SOUND: let a thread's next step p be private in a state s. Every step q of another thread that is enabled
//! in s stays enabled after p and commutes with p, and p stays enabled after q; so does whatever follows q
//! without p, by induction on its length, because no such step touches what p touches. An end of an execution
//! that can be reached from s without p would need the thread to be blocked or finished at p, which it is not,
//! or a fault or failed `ASSUME` of another thread; both can be reached after p as well, by the same steps of
//! the others. So outcomes, deadlocks and faults survive, and p need never be delayed. A data race is a pair
//! of steps that are not private, both about to be taken: the same argument, with the state in which they are
//! in place of the end. Livelocks survive because what can be reached from s can be reached from s after p.
//! A private step that faults or fails is not taken: the decision is made before it. A cycle of private steps
//! would put the other threads off for ever, so a decision is made at one of its states (the proviso C3 of
//! Holzmann and Peled 1994, in its simplest form). Schedules and probabilities do *not* survive: they are
//! counted without fusion.
//!
//! What is claimed of every reachable state survives only where private steps change nothing that the claim
//! looks at: memory that other threads use, queues and locks, but no locals, positions or private variables.
//!
//! A witness has no more context switches than without fusion: moving private steps up to the step before
//! them takes switches away, and adds none.

use crate::program::{
    Addr, Cell, Claim, Expr, Instr, MemoryModel, Operand, Place, Predicate, Program, SwitchModel, ThreadId,
};
use crate::vm::{Machine, State, accessed, cells_accessed};

/// Which steps of a program are private.
#[derive(Clone, Debug)]
pub struct Fusion {
    /// For each memory cell, the only thread that can access it; `None` where there are several.
    owner: Vec<Option<ThreadId>>,
}

impl Fusion {
    /// Prepares fusion for a machine; `None` where it takes nothing away (the other switch models fuse by
    /// themselves) or where an expectation looks at what private steps change.
    pub fn new(machine: &Machine<'_>) -> Option<Fusion> {
        let program = machine.program();
        let models = machine.models();
        let owner = owners(program, models.memory);
        let applies = program.expectations.iter().filter(|expectation| expectation.applies(models));
        let blind = |claim: &Claim| match claim {
            Claim::Always(expr) | Claim::Never(expr) => survives(expr, &owner),
            _ => true,
        };
        (models.switch == SwitchModel::Every && applies.map(|e| &e.claim).all(blind))
            .then_some(Fusion { owner })
    }

    /// Returns true when the thread's next step is private, unless it faults or fails an `ASSUME`. A step in an
    /// `atomic` block is not, because what follows it in the block is part of it.
    pub fn is_private(&self, machine: &Machine<'_>, state: &State, thread: ThreadId) -> bool {
        let Some(pc) = machine.pc(state, thread) else { return false };
        let program = machine.program();
        let in_block = |addr: Addr| program.places[addr.index()].block.is_some();
        let calls = 0..machine.depth(state, thread);
        if in_block(pc) || calls.into_iter().any(|level| in_block(machine.call_site(state, thread, level))) {
            return false;
        }
        let instr = program.instr(pc);
        if let Some((place, _)) = accessed(instr) {
            return match place {
                Place::Local(_) | Place::LocalAt { .. } => machine.is_enabled(state, thread),
                Place::Memory(cell) => self.owner[cell as usize] == Some(thread),
                Place::MemoryAt { base, len } => self.owner[base as usize..(base + len) as usize]
                    .iter()
                    .all(|&owner| owner == Some(thread)),
            };
        }
        match instr {
            Instr::Choose(_) | Instr::Print => false,
            Instr::Fence => machine.is_enabled(state, thread),
            _ => !synchronizes(instr),
        }
    }
}

fn synchronizes(instr: Instr) -> bool {
    matches!(instr.operand(), Operand::Target(_) | Operand::Threads(_))
}

/// Finds the cells that only one thread can access. With store buffers there are none: a store that only its
/// thread can see still goes through the buffer, and others' flushes are decisions.
fn owners(program: &Program, memory: MemoryModel) -> Vec<Option<ThreadId>> {
    let mut users: Vec<(u32, Option<ThreadId>)> = vec![(0, None); program.memory.len()];
    if memory != MemoryModel::Sc {
        return vec![None; program.memory.len()];
    }
    for group in &program.groups {
        for (cell, used) in cells_accessed(program, &group.body, |_| true).into_iter().enumerate() {
            if used {
                users[cell].0 += group.copies;
                users[cell].1 = Some(group.first);
            }
        }
    }
    users.into_iter().map(|(count, user)| user.filter(|_| count == 1)).collect()
}

/// Returns true when no private step changes what an expression looks at.
fn survives(expr: &Expr, owner: &[Option<ThreadId>]) -> bool {
    let shared = |first: &Cell, len: u32| match *first {
        Cell::Memory(base) => owner[base as usize..(base + len) as usize].iter().all(Option::is_none),
        Cell::Local(..) => false,
    };
    match expr {
        Expr::Number(_) => true,
        Expr::Cell(cell) => shared(cell, 1),
        Expr::Element { first, len, index } => shared(first, *len) && survives(index, owner),
        Expr::Len { index, .. } => index.as_ref().is_none_or(|index| survives(index, owner)),
        Expr::Neg(operand) | Expr::Not(operand) => survives(operand, owner),
        Expr::Binary(_, left, right) => survives(left, owner) && survives(right, owner),
        Expr::In(operand, entries) => {
            let entry = |(low, high): &(Expr, Option<Expr>)| {
                survives(low, owner) && high.as_ref().is_none_or(|high| survives(high, owner))
            };
            survives(operand, owner) && entries.iter().all(entry)
        }
        Expr::Thread(_, predicate) | Expr::Count(_, predicate) => matches!(predicate, Predicate::Holds(_)),
    }
}
