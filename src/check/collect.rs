//! The observer that collects what a search finds.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};

use super::eval::evaluate;
use crate::explore::{Kind, NodeId, Observer};
use crate::program::{Addr, Cell, Claim, Expectation, Expr, Line, OutcomeSet, Program, ThreadId};
use crate::vm::{Access, Actor, Machine, State};

/// What distinguishes an outcome: the observed values, flat, and the output.
pub(super) type OutcomeKey = (Vec<i64>, Vec<i64>);

/// What distinguishes a deadlock: the observed values, flat, and the blocked threads.
pub(super) type DeadlockKey = (Vec<i64>, Vec<(ThreadId, Addr)>);

/// What distinguishes a data race: the cell and the two lines, in order.
pub(super) type RaceKey = (u32, [Line; 2]);

/// What an entry of an ordered map takes beside the values of its key.
const ENTRY: usize = 128;

type NodeClasses = HashMap<NodeId, usize, foldhash::fast::FixedState>;

/// Everything found, while it is being found.
pub(super) struct Collector<'m, 'p> {
    pub machine: &'m Machine<'p>,
    /// Outcomes, numbered in order of appearance.
    pub outcomes: BTreeMap<OutcomeKey, usize>,
    /// Deadlocks, numbered in order of appearance.
    pub deadlocks: BTreeMap<DeadlockKey, usize>,
    /// The outcome of each final state.
    pub final_nodes: NodeClasses,
    /// The deadlock of each deadlocked state.
    pub deadlock_nodes: NodeClasses,
    /// The races.
    pub races: BTreeSet<RaceKey>,
    /// Cell and instructions of races that were seen, so that most are recognized without their lines.
    seen_races: HashSet<(u32, Addr, Addr), foldhash::fast::FixedState>,
    /// What each expectation has met.
    pub watches: Vec<Watch>,
}

/// What an expectation that applies has met so far.
pub(super) struct Watch {
    pub expectation: Expectation,
    /// How the first state breaks the claim that does.
    pub violation: Option<Violation>,
    /// A final state in which `possibly` holds was met.
    pub satisfied: bool,
    /// The tuples of an `outcomes` claim that were met.
    pub tuples: BTreeSet<Vec<i64>>,
}

/// How a state breaks a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Violation {
    /// The claim is wrong there.
    Wrong,
    /// Its expression has no value there.
    NoValue,
}

impl<'m, 'p> Collector<'m, 'p> {
    pub fn new(machine: &'m Machine<'p>) -> Collector<'m, 'p> {
        let applies = |expectation: &&Expectation| expectation.applies(machine.models());
        let watch = |expectation: &Expectation| Watch {
            expectation: expectation.clone(),
            violation: None,
            satisfied: false,
            tuples: BTreeSet::new(),
        };
        Collector {
            machine,
            outcomes: BTreeMap::new(),
            deadlocks: BTreeMap::new(),
            final_nodes: HashMap::default(),
            deadlock_nodes: HashMap::default(),
            races: BTreeSet::new(),
            seen_races: HashSet::default(),
            watches: machine.program().expectations.iter().filter(applies).map(watch).collect(),
        }
    }

    /// Adds a final state and returns the number of its outcome.
    pub fn add_final(&mut self, state: &State) -> usize {
        let key = (observed(self.machine, state), self.machine.output(state).to_vec());
        let next = self.outcomes.len();
        *self.outcomes.entry(key).or_insert(next)
    }

    /// Adds a deadlocked state and returns the number of its deadlock.
    pub fn add_deadlock(&mut self, state: &State) -> usize {
        let key = (observed(self.machine, state), blocked_at(self.machine, state));
        let next = self.deadlocks.len();
        *self.deadlocks.entry(key).or_insert(next)
    }

    /// Holds a state against the claims of the expectations.
    pub fn add_to_watches(&mut self, state: &State, kind: Kind) {
        let machine = self.machine;
        for watch in &mut self.watches {
            let claim = &watch.expectation.claim;
            watch.violation = watch.violation.or_else(|| violation(machine, state, kind, claim));
            if kind == Kind::Final {
                watch.meet_final(machine, state);
            }
        }
    }

    /// Returns how many bytes are held, nearly: what one outcome takes, the others take too.
    pub fn memory(&self) -> usize {
        let outcome =
            self.outcomes.keys().next().map_or(0, |(values, output)| (values.len() + output.len()) * 8);
        let deadlock =
            self.deadlocks.keys().next().map_or(0, |(values, blocked)| (values.len() + blocked.len()) * 8);
        let tuples: usize = self.watches.iter().map(|watch| watch.tuples.len()).sum();
        self.outcomes.len() * (outcome + ENTRY)
            + self.deadlocks.len() * (deadlock + ENTRY)
            + tuples * (outcome + ENTRY)
            + self.races.len() * ENTRY
            + self.final_nodes.allocation_size()
            + self.deadlock_nodes.allocation_size()
            + self.seen_races.allocation_size()
    }

    fn add_races(&mut self, state: &State, actors: &[Actor]) {
        let Collector { machine, races, seen_races, .. } = self;
        for_each_race(machine, state, actors, |(_, a), (_, b), cell| {
            let (first, second) = (a.min(b), a.max(b));
            if seen_races.insert((cell, first, second)) {
                races.insert((cell, sorted_lines(machine.program(), a, b)));
            }
            true
        });
    }
}

impl Observer for Collector<'_, '_> {
    fn state(&mut self, node: NodeId, state: &State, kind: Kind, actors: &[Actor]) {
        match kind {
            Kind::Final => {
                let class = self.add_final(state);
                self.final_nodes.insert(node, class);
            }
            Kind::Deadlock => {
                let class = self.add_deadlock(state);
                self.deadlock_nodes.insert(node, class);
            }
            Kind::Decision => self.add_races(state, actors),
            _ => {}
        }
        self.add_to_watches(state, kind);
    }

    fn memory(&self) -> usize {
        Collector::memory(self)
    }
}

impl Watch {
    fn meet_final(&mut self, machine: &Machine<'_>, state: &State) {
        match &self.expectation.claim {
            Claim::Possibly(expr) => {
                self.satisfied =
                    self.satisfied || evaluate(machine, state, expr).is_some_and(|value| value != 0);
            }
            Claim::Outcomes { cells, .. } => {
                let tuple: Vec<i64> = cells.iter().map(|&cell| machine.value(state, cell)).collect();
                if !self.tuples.contains(&tuple) {
                    self.tuples.insert(tuple);
                }
            }
            _ => {}
        }
    }
}

/// Returns how a state shows that a claim over states does not hold, if it does.
pub(super) fn violation(
    machine: &Machine<'_>,
    state: &State,
    kind: Kind,
    claim: &Claim,
) -> Option<Violation> {
    let is_final = kind == Kind::Final;
    let unless = |expr: &Expr, right: fn(i64) -> bool| match evaluate(machine, state, expr) {
        None => Some(Violation::NoValue),
        Some(value) => (!right(value)).then_some(Violation::Wrong),
    };
    match claim {
        Claim::Always(expr) => unless(expr, |value| value != 0),
        Claim::Never(expr) => unless(expr, |value| value == 0),
        Claim::Finally(expr) if is_final => unless(expr, |value| value != 0),
        Claim::Possibly(expr) if is_final => unless(expr, |_| true),
        Claim::Outcomes { cells, set } if is_final => {
            let values: Vec<i64> = cells.iter().map(|&cell| machine.value(state, cell)).collect();
            (!set_contains(set, &values)).then_some(Violation::Wrong)
        }
        _ => None,
    }
}

/// Returns true when the set of an `outcomes` claim contains a tuple.
pub(super) fn set_contains(set: &OutcomeSet, tuple: &[i64]) -> bool {
    match set {
        OutcomeSet::Scalars(ranges) => ranges.iter().any(|&(low, high)| (low..=high).contains(&tuple[0])),
        OutcomeSet::Tuples(tuples) => tuples.iter().any(|expected| expected == tuple),
    }
}

/// Returns the observed values of a state, flat.
pub(super) fn observed(machine: &Machine<'_>, state: &State) -> Vec<i64> {
    let cells = machine.program().observed.iter().flat_map(|observed| &observed.cells);
    cells.map(|&cell: &Cell| machine.value(state, cell)).collect()
}

/// Returns the started threads that have not finished, each with its instruction.
pub(super) fn blocked_at(machine: &Machine<'_>, state: &State) -> Vec<(ThreadId, Addr)> {
    machine.program().thread_ids().filter_map(|id| Some((id, machine.pc(state, id)?))).collect()
}

/// Returns the lines of two instructions, in order.
pub(super) fn sorted_lines(program: &Program, a: Addr, b: Addr) -> [Line; 2] {
    let mut lines = [program.line(a), program.line(b)];
    lines.sort_unstable();
    lines
}

/// Calls `visit` with each data race of a decision state: both threads with their instructions, and the cell;
/// until it returns false.
pub(super) fn for_each_race(
    machine: &Machine<'_>,
    state: &State,
    actors: &[Actor],
    mut visit: impl FnMut((ThreadId, Addr), (ThreadId, Addr), u32) -> bool,
) {
    let access = |actor: &Actor| match *actor {
        Actor::Thread(id) => Some((machine.shared_access(state, id)?, id, machine.pc(state, id)?)),
        Actor::Buffer(..) => None,
    };
    let mut accesses: Vec<(Access, ThreadId, Addr)> = actors.iter().filter_map(access).collect();
    if accesses.len() < 2 {
        return;
    }
    accesses.sort_unstable_by_key(|&(access, id, _)| (access.cell, id));
    for (index, &(a, thread_a, at_a)) in accesses.iter().enumerate() {
        let same_cell = accesses[index + 1..].iter().take_while(|(b, _, _)| b.cell == a.cell);
        for &(b, thread_b, at_b) in same_cell {
            if a.races_with(b) && !visit((thread_a, at_a), (thread_b, at_b), a.cell) {
                return;
            }
        }
    }
}
