//! Whether a mutant that nothing noticed can be told from its program at all.
//!
//! Two programs are taken for the same when, under each combination of models, they have the same outcomes,
//! deadlocks, faults, data races and livelocks, and reach the same states of what threads share: variables,
//! locks, queues and all other objects, and the output. No expectation about these could tell them apart; one
//! about locals or positions of threads still might. The states are compared where both whole graphs have
//! been searched within [`COMPARED`] states, and otherwise the mutant counts as a survivor.

use std::collections::BTreeSet;

use crate::check::{Exploration, Limits, Monitor, Request};
use crate::explore::{Kind, NodeId, Observer, Space};
use crate::program::{ObjectId, ObjectKind, Program};
use crate::vm::{Actor, Machine, State};

/// The most states whose projections are compared.
const COMPARED: u64 = 100_000;

/// In what a mutant differs from its program: the first of these that is true.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Difference {
    /// It has other outcomes.
    Outcomes,
    /// It has other deadlocks, or faults.
    Ends,
    /// It can go on for ever, or no longer can.
    Livelocks,
    /// It has other data races.
    Races,
    /// Only states on the way differ, or were too many to be compared.
    States,
}

impl Difference {
    /// Says what differs.
    pub fn describe(self) -> &'static str {
        match self {
            Difference::Outcomes => "it has other outcomes",
            Difference::Ends => "it has other deadlocks or faults",
            Difference::Livelocks => "it differs in its livelocks",
            Difference::Races => "it has other data races",
            Difference::States => "all ends are the same, only states on the way may differ",
        }
    }
}

/// Compares what two explorations under the same models found.
pub(super) fn difference(
    program: &Program,
    found: &Exploration,
    other: &Program,
    of_other: &Exploration,
) -> Option<Difference> {
    let outcomes = |found: &Exploration| {
        let outcomes = found.outcomes.iter().map(|outcome| (outcome.values.clone(), outcome.output.clone()));
        outcomes.collect::<BTreeSet<_>>()
    };
    if outcomes(found) != outcomes(of_other) {
        return Some(Difference::Outcomes);
    }
    if ends(program, found) != ends(other, of_other) {
        return Some(Difference::Ends);
    }
    if found.livelocks.is_empty() != of_other.livelocks.is_empty() {
        return Some(Difference::Livelocks);
    }
    (races(program, found) != races(other, of_other)).then_some(Difference::Races)
}

/// Lists deadlocks and faults by what is said of them, because addresses differ between two programs.
fn ends(program: &Program, found: &Exploration) -> BTreeSet<String> {
    let deadlocks = found.deadlocks.iter().map(|deadlock| {
        let at = deadlock.blocked.iter().map(|&(id, at)| (id, program.instruction_text(at)));
        format!("{:?} {:?}", deadlock.values, at.collect::<Vec<_>>())
    });
    let faults = found
        .faults
        .iter()
        .map(|fault| format!("{} {} {}", fault.thread, program.instruction_text(fault.at), fault.message));
    deadlocks.chain(faults).collect()
}

fn races(program: &Program, found: &Exploration) -> BTreeSet<(u32, Vec<String>)> {
    let race = |race: &crate::check::Race| {
        let mut accesses = race.accesses.map(|(_, at)| program.instruction_text(at)).to_vec();
        accesses.sort();
        (race.cell, accesses)
    };
    found.races.iter().map(race).collect()
}

/// The states that can be reached, as far as threads share them.
pub(super) type Shared = BTreeSet<Vec<i64>>;

/// Collects the states of a program; `None` where they are too many, or a single one too large.
pub(super) fn shared_states(
    program: &Program,
    request: &Request,
    monitor: &mut dyn Monitor,
) -> Option<Shared> {
    let machine = Machine::new(program, request.models, request.buffer).ok()?;
    let limits = Limits { max_states: Some(COMPARED), ..request.limits };
    let mut projection = Projection { machine: &machine, seen: Shared::new() };
    let space = Space::explore(&machine, &limits, monitor, &mut projection);
    space.cut.is_none().then_some(projection.seen)
}

struct Projection<'m, 'p> {
    machine: &'m Machine<'p>,
    seen: Shared,
}

impl Observer for Projection<'_, '_> {
    fn state(&mut self, _: NodeId, state: &State, _: Kind, _: &[Actor]) {
        let (machine, program) = (self.machine, self.machine.program());
        let mut words: Vec<i64> = state.words()[..program.memory.len()].to_vec();
        for (index, object) in (0..).zip(&program.objects) {
            let id = ObjectId(index);
            let threads =
                |threads: Vec<crate::program::ThreadId>| threads.into_iter().map(|id| i64::from(id.0));
            match object.kind {
                ObjectKind::Mutex | ObjectKind::Rlock | ObjectKind::Rwlock => {
                    words.extend(threads(machine.holders(state, id)));
                }
                ObjectKind::Condition { .. } | ObjectKind::Barrier { .. } => {
                    words.extend(threads(machine.waiting_at(state, id)));
                }
                ObjectKind::Semaphore { .. } => words.push(machine.permits(state, id)),
                ObjectKind::Event { .. } => words.push(i64::from(machine.is_set(state, id))),
                ObjectKind::Queue { .. } => words.extend(machine.queue(state, id)),
            }
            // No thread and no value of a queue is confused with those of the next object.
            words.push(i64::MIN);
        }
        words.extend(machine.output(state));
        self.seen.insert(words);
    }
}
