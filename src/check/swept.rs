//! One exploration by a sweep: for graphs of millions of states, of which no edges are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use super::assemble::{Accesses, Findings, Numbering};
use super::collect::{Collector, RaceKey, for_each_race, sorted_lines};
use super::counting::Counting;
use super::explore::{Beyond, Request};
use super::result::{Exploration, SearchSummary};
use crate::explore::{
    Cut, DiskError, Kind, Limits, Look, Monitor, Sink, Swept, ToCount, Uncounted, Visitor, Watched, sweep,
};
use crate::graph::{Count, Counts, Probability};
use crate::program::{Cell, Claim, Expr, ObjectId, Predicate, Program, ThreadId};
use crate::schedule::Schedule;
use crate::vm::{Actor, Machine, State, Touched};

/// What a sweep made of a machine.
pub(super) enum Answer {
    /// Everything that was asked for.
    Whole(Box<Exploration>),
    /// The graph is complete and has no more nodes than were asked for: a search that keeps edges is cheap.
    Small,
    /// The nodes are too wide for a sweep, or some state can end nowhere, and which must be told from the
    /// edges.
    NotForSweeps,
}

impl Answer {
    fn whole(self) -> Option<Exploration> {
        match self {
            Answer::Whole(found) => Some(*found),
            Answer::Small | Answer::NotForSweeps => None,
        }
    }

    /// What ended in memory because a disk had failed was cut by the disk.
    fn without_a_disk(mut self) -> Answer {
        if let Answer::Whole(found) = &mut self
            && found.search.cut == Some(Cut::Memory)
        {
            found.search.cut = Some(Cut::Disk);
        }
        self
    }
}

/// What came of a sweep.
pub(super) struct Attempt {
    pub answer: Answer,
    /// How many bytes it held. They are freed, but not all of them given back to the system: many were taken by
    /// its workers, in small pieces.
    pub held: u64,
}

/// What is asked of a sweep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// How many threads search, at least 1.
    pub workers: usize,
    /// A graph of at most so many nodes is left to others.
    pub small: u64,
    /// What is to be counted, if that is asked for; traces are not.
    pub counting: Counting,
    /// Whether each state is to be kept by itself: their number is limited, or they are counted.
    pub singly: bool,
}

impl Asked {
    /// Asks for what a request does.
    pub fn by(request: &Request, small: u64, counting: Counting) -> Asked {
        let singly = request.limits.max_states.is_some() || counting.is_asked();
        Asked { workers: request.workers, small, counting, singly }
    }
}

/// Explores a machine by a sweep, and beyond its memory.
pub(super) fn explored(
    machine: &Machine<'_>,
    limits: &Limits,
    asked: Asked,
    beyond: Beyond<'_>,
    monitor: &mut dyn Monitor,
) -> Attempt {
    let mut finder = Finder::new(machine);
    let spill = match beyond {
        Beyond::Disk(spill) => Some(spill),
        Beyond::Stop | Beyond::Lossy => None,
    };
    let watched = Watched { claims: claimed(machine), workers: asked.workers, spill, singly: asked.singly };
    let Ok(mut swept) = sweep(machine, &watched, limits, monitor, &mut finder) else {
        return Attempt { answer: Answer::NotForSweeps, held: 0 };
    };
    let held = swept.memory;
    if swept.cut.is_none() && swept.states <= asked.small {
        return Attempt { answer: Answer::Small, held };
    }
    if swept.cut.is_none() {
        match swept.everything_can_end() {
            Some(true) => {}
            Some(false) => return Attempt { answer: Answer::NotForSweeps, held },
            // To look for livelocks takes memory that is not there.
            None => swept.cut = Some(Cut::Memory),
        }
    }
    let is_countable = swept.cut.is_none() && asked.counting.is_asked();
    let counted = is_countable.then(|| finder.count(&swept, asked.counting, monitor));
    if let Some(Err(Uncounted::Cut(cut))) = counted {
        swept.cut = Some(cut);
    }
    let cut = swept.cut;
    let concluded = finder.conclude(&swept);
    drop(swept);
    let Ok(mut found) = concluded else {
        // No way leads back over a disk that cannot be read; what finds room in memory has its witnesses.
        let again = explored(machine, limits, asked, Beyond::Stop, monitor);
        return Attempt { answer: again.answer.without_a_disk(), held: held.max(again.held) };
    };
    if cut == Some(Cut::Memory) && matches!(beyond, Beyond::Lossy) {
        found.go_on(limits, monitor);
    }
    found.search.uncounted = matches!(counted, Some(Err(Uncounted::Impossible)));
    let counts = counted.and_then(Result::ok);
    found.search.traces_uncounted =
        counts.is_some() && asked.counting == Counting::Traces && machine.decides_after_every_step();
    found.counts = counts;
    Attempt { answer: Answer::Whole(Box::new(found.assemble())), held }
}

/// How a search went that has seen nothing, and what cut it.
pub(super) fn summary(cut: Option<Cut>) -> SearchSummary {
    SearchSummary {
        states: 0,
        transitions: 0,
        kept: None,
        cut,
        elapsed: Duration::ZERO,
        minimal_witnesses: false,
        reduced: false,
        uncounted: false,
        traces_uncounted: false,
        lossy: None,
    }
}

/// Explores a machine by a sweep whatever its size, and beyond its memory; `None` where its nodes are too wide or
/// some state can end nowhere. Witnesses have the fewest steps that other threads
/// can see, and nothing is counted.
///
/// On disk are the visited set and the frontier: from the beginning where the spill has a buffer of its own, else
/// from where memory ends. Where steps lead in cycles, livelocks are not looked for then, and the search counts as
/// cut.
pub fn explored_by_sweep(
    machine: &Machine<'_>,
    limits: &Limits,
    workers: usize,
    beyond: Beyond<'_>,
    monitor: &mut dyn Monitor,
) -> Option<Exploration> {
    let asked = Asked { workers, small: 0, counting: Counting::Nothing, singly: limits.max_states.is_some() };
    explored(machine, limits, asked, beyond, monitor).answer.whole()
}

/// Explores a machine by a sweep as [`explored_by_sweep`] does, and counts what is asked for, but for traces, unless
/// steps lead in cycles or there is no memory for it.
pub fn counted_by_sweep(
    machine: &Machine<'_>,
    limits: &Limits,
    workers: usize,
    counting: Counting,
    monitor: &mut dyn Monitor,
) -> Option<Exploration> {
    let asked = Asked { workers, small: 0, counting, singly: true };
    explored(machine, limits, asked, Beyond::Stop, monitor).answer.whole()
}

/// The observer of a sweep: collects what is found and the node where each thing was found first, which by
/// the order of a sweep is one of the nearest.
struct Finder<'m, 'p> {
    machine: &'m Machine<'p>,
    collector: Collector<'m, 'p>,
    outcomes: Vec<u64>,
    deadlocks: Vec<u64>,
    races: BTreeMap<RaceKey, u64>,
    accesses: Accesses,
    /// For each watch where it was violated, and where it was satisfied.
    watches: Vec<[Option<u64>; 2]>,
}

impl<'m, 'p> Finder<'m, 'p> {
    fn new(machine: &'m Machine<'p>) -> Finder<'m, 'p> {
        let collector = Collector::new(machine);
        Finder {
            machine,
            watches: vec![[None; 2]; collector.watches.len()],
            collector,
            outcomes: Vec::new(),
            deadlocks: Vec::new(),
            races: BTreeMap::new(),
            accesses: Accesses::default(),
        }
    }

    fn add_races(&mut self, node: u64, state: &State, actors: &[Actor]) {
        let Finder { collector, races, accesses, .. } = self;
        add_races(collector, accesses, state, actors, |key| {
            races.insert(key, node);
        });
    }

    /// Counts over a complete sweep.
    fn count(
        &mut self,
        swept: &Swept<'_>,
        counting: Counting,
        monitor: &mut dyn Monitor,
    ) -> Result<Counts, Uncounted> {
        let numbering = Numbering::new(&self.collector, swept.sinks.len(), 0);
        let wanted = ToCount {
            with_probabilities: counting != Counting::Schedules,
            classes: numbering.races,
            first_sink: numbering.sinks,
        };
        let (machine, collector) = (self.machine, &mut self.collector);
        let tally = swept.count(wanted, monitor, &mut |state| match machine.is_final(state) {
            true => collector.add_final(state),
            false => numbering.deadlocks + collector.add_deadlock(state),
        })?;
        Ok(Counts {
            schedules: Count::Finite(tally.schedules.iter().sum()),
            classes: tally.schedules.into_iter().map(Count::Finite).collect(),
            probabilities: tally.probabilities.into_iter().map(Probability::exactly).collect(),
        })
    }

    fn conclude(self, swept: &Swept<'_>) -> Result<Found<'m, 'p>, DiskError> {
        let numbering = Numbering::new(&self.collector, swept.sinks.len(), 0);
        let sink_ends: Vec<(u64, Schedule)> =
            (1..swept.sinks.len() as u32).map(|sink| swept.sink_witness(sink)).collect();
        // Goals that a node shows, each with what is appended to the way there.
        let mut goals: Vec<(usize, u64, Schedule)> = Vec::new();
        let plain = |first: usize, nodes: &[u64]| {
            let numbered = nodes.iter().enumerate();
            numbered.map(|(index, &node)| (first + index, node, Schedule::default())).collect::<Vec<_>>()
        };
        goals.extend(plain(0, &self.outcomes));
        goals.extend(plain(numbering.deadlocks, &self.deadlocks));
        let sinks = sink_ends.into_iter().enumerate();
        goals.extend(sinks.map(|(index, (node, last))| (numbering.sinks + 1 + index, node, last)));
        goals.extend(plain(numbering.races, &self.races.values().copied().collect::<Vec<u64>>()));
        for (index, &[violated, satisfied]) in self.watches.iter().enumerate() {
            let node = violated.or(satisfied);
            goals.extend(node.map(|node| (numbering.watches + index, node, Schedule::default())));
        }
        let ways = swept.witnesses(&goals.iter().map(|&(_, node, _)| node).collect::<Vec<u64>>())?;
        let mut witnesses = vec![None; numbering.end];
        for ((goal, _, last), mut way) in goals.into_iter().zip(ways) {
            way.actions.extend(last.actions);
            witnesses[goal] = Some(way);
        }
        let search =
            SearchSummary { states: swept.states, transitions: swept.transitions, ..summary(swept.cut) };
        let races = numbering.races..numbering.livelocks;
        let race_keys = self.collector.races.iter().copied();
        Ok(Found {
            machine: self.machine,
            search,
            outcomes: witnesses[..numbering.deadlocks].to_vec(),
            deadlocks: witnesses[numbering.deadlocks..numbering.sinks].to_vec(),
            sink_ways: witnesses[numbering.sinks..numbering.races].to_vec(),
            races: race_keys.zip(witnesses[races].iter().cloned()).collect(),
            watches: witnesses[numbering.watches..].to_vec(),
            sinks: swept.sinks.clone(),
            counts: None,
            accesses: self.accesses,
            collector: self.collector,
        })
    }
}

/// What has been found, each thing with a witness.
pub(super) struct Found<'m, 'p> {
    pub machine: &'m Machine<'p>,
    pub search: SearchSummary,
    pub collector: Collector<'m, 'p>,
    pub sinks: Vec<Sink>,
    pub counts: Option<Counts>,
    pub accesses: Accesses,
    pub outcomes: Vec<Option<Schedule>>,
    pub deadlocks: Vec<Option<Schedule>>,
    pub sink_ways: Vec<Option<Schedule>>,
    pub races: BTreeMap<RaceKey, Option<Schedule>>,
    /// For each watch the state that violates it or, where none does, one that satisfies it.
    pub watches: Vec<Option<Schedule>>,
}

impl Found<'_, '_> {
    /// Puts the result together.
    pub fn assemble(self) -> Exploration {
        let races = self.races.into_values();
        let first = self.outcomes.into_iter().chain(self.deadlocks).chain(self.sink_ways);
        let found = Findings {
            machine: self.machine,
            search: self.search,
            collector: &self.collector,
            sinks: &self.sinks,
            symmetry: None,
            livelocks: Vec::new(),
            accesses: self.accesses,
            witnesses: first.chain(races).chain(self.watches).collect(),
            counts: self.counts,
            traces: None,
        };
        found.assemble()
    }
}

/// Adds the races of a state, with the accesses that show them, and calls `found` for those that are new.
pub(super) fn add_races(
    collector: &mut Collector<'_, '_>,
    accesses: &mut Accesses,
    state: &State,
    actors: &[Actor],
    mut found: impl FnMut(RaceKey),
) {
    let machine = collector.machine;
    for_each_race(machine, state, actors, |a, b, cell| {
        let key = (cell, sorted_lines(machine.program(), a.1, b.1));
        if collector.races.insert(key) {
            let mut pair = [a, b];
            pair.sort_by_key(|&(thread, at)| (machine.program().line(at), thread));
            accesses.insert(key, pair);
            found(key);
        }
        true
    });
}

impl Visitor for Finder<'_, '_> {
    fn state(&mut self, node: u64, state: &State, kind: Kind, actors: &[Actor]) {
        match kind {
            Kind::Final if self.collector.add_final(state) == self.outcomes.len() => self.outcomes.push(node),
            Kind::Deadlock if self.collector.add_deadlock(state) == self.deadlocks.len() => {
                self.deadlocks.push(node);
            }
            Kind::Decision => self.add_races(node, state, actors),
            _ => {}
        }
        self.collector.add_to_watches(state, kind);
        for (watch, [violated, satisfied]) in self.collector.watches.iter().zip(&mut self.watches) {
            if watch.violation.is_some() {
                violated.get_or_insert(node);
            }
            if watch.satisfied {
                satisfied.get_or_insert(node);
            }
        }
    }

    fn memory(&self) -> usize {
        self.collector.memory() + (self.outcomes.len() + self.deadlocks.len()) * 8
    }

    fn restart(&mut self) {
        *self = Finder::new(self.machine);
    }
}

/// What the claims over all states look at.
fn claimed(machine: &Machine<'_>) -> Vec<Look> {
    let mut looks = Vec::new();
    let expectations = &machine.program().expectations;
    for expectation in expectations.iter().filter(|expectation| expectation.applies(machine.models())) {
        if let Claim::Always(expr) | Claim::Never(expr) = &expectation.claim {
            add_claimed(machine.program(), expr, &mut looks);
        }
    }
    looks
}

fn add_claimed(program: &Program, expr: &Expr, looks: &mut Vec<Look>) {
    let mut add = |first: &Cell, len: u32| match *first {
        Cell::Memory(base) => looks.extend((base..base + len).map(|cell| Look::Shared(Touched::Cell(cell)))),
        Cell::Local(thread, base) => looks.extend((base..base + len).map(|cell| Look::Local(thread, cell))),
    };
    match expr {
        Expr::Number(_) => {}
        Expr::Cell(cell) => add(cell, 1),
        Expr::Element { first, len, index } => {
            add(first, *len);
            add_claimed(program, index, looks);
        }
        Expr::Len { first, count, index } => {
            let objects = (first.0..first.0 + count).map(|object| Touched::Object(ObjectId(object)));
            looks.extend(objects.map(Look::Shared));
            index.iter().for_each(|index| add_claimed(program, index, looks));
        }
        Expr::Neg(operand) | Expr::Not(operand) => add_claimed(program, operand, looks),
        Expr::Binary(_, left, right) => {
            add_claimed(program, left, looks);
            add_claimed(program, right, looks);
        }
        Expr::In(operand, entries) => {
            add_claimed(program, operand, looks);
            for (low, high) in entries {
                add_claimed(program, low, looks);
                high.iter().for_each(|high| add_claimed(program, high, looks));
            }
        }
        Expr::Thread(thread, predicate) => add_predicate([*thread], *predicate, looks),
        Expr::Count(group, predicate) => {
            let group = &program.groups[group.index()];
            let copies = (group.first.0..group.first.0 + group.copies).map(ThreadId);
            add_predicate(copies, *predicate, looks);
        }
    }
}

fn add_predicate(threads: impl IntoIterator<Item = ThreadId>, predicate: Predicate, looks: &mut Vec<Look>) {
    match predicate {
        Predicate::Holds(object) => looks.push(Look::Shared(Touched::Object(object))),
        Predicate::Done | Predicate::At(_) | Predicate::Within(..) => {
            looks.extend(threads.into_iter().map(|thread| Look::Thread(thread, predicate)));
        }
    }
}
