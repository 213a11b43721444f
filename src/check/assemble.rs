//! A result, put together from what a search has found.

use hashbrown::HashMap;

use super::collect::{Collector, RaceKey};
use super::judge;
use super::orbits::{Orbits, by_observed};
use super::result::{Deadlock, Exploration, FaultReport, Livelock, Outcome, Race, Reached, SearchSummary};
use crate::explore::{Sink, Symmetry};
use crate::graph::{Counts, Traces};
use crate::program::{Addr, ThreadId};
use crate::schedule::Schedule;
use crate::vm::Machine;

/// For each race, the accesses that its witness shows.
pub(super) type Accesses = HashMap<RaceKey, [(ThreadId, Addr); 2], foldhash::fast::FixedState>;

/// Where the goals of each kind begin: outcomes, deadlocks, sinks, races, livelocks, watches.
pub(super) struct Numbering {
    pub deadlocks: usize,
    pub sinks: usize,
    pub races: usize,
    pub livelocks: usize,
    pub watches: usize,
    pub end: usize,
}

impl Numbering {
    /// Numbers the goals of a search.
    pub fn new(collector: &Collector<'_, '_>, sink_count: usize, livelock_count: usize) -> Numbering {
        let deadlocks = collector.outcomes.len();
        let sinks = deadlocks + collector.deadlocks.len();
        let races = sinks + sink_count;
        let livelocks = races + collector.races.len();
        let watches = livelocks + livelock_count;
        Numbering { deadlocks, sinks, races, livelocks, watches, end: watches + collector.watches.len() }
    }
}

/// What a search has found.
pub(super) struct Findings<'a, 'm, 'p> {
    pub machine: &'m Machine<'p>,
    pub search: SearchSummary,
    pub collector: &'a Collector<'m, 'p>,
    pub sinks: &'a [Sink],
    /// What stands for one another in what was found.
    pub symmetry: Option<&'a Symmetry>,
    /// For each livelock the observed values where its witness ends, flat, and its number of states.
    pub livelocks: Vec<(Vec<i64>, u64)>,
    pub accesses: Accesses,
    /// A witness for each goal, as [`Numbering`] numbers them.
    pub witnesses: Vec<Option<Schedule>>,
    pub counts: Option<Counts>,
    pub traces: Option<Traces>,
}

impl Findings<'_, '_, '_> {
    /// Puts the pieces of a result together, each list in its order.
    pub fn assemble(self) -> Exploration {
        let orbits = Orbits::new(self.machine, self.symmetry);
        let mut exploration = Exploration {
            models: self.machine.models(),
            search: self.search.clone(),
            schedules: self.counts.as_ref().map(|counts| counts.schedules.clone()),
            traces: self.traces.clone(),
            outcomes: self.outcomes(&orbits),
            deadlocks: self.deadlocks(&orbits),
            faults: self.faults(&orbits),
            livelocks: self.livelocks(),
            races: self.races(&orbits),
            expectations: Vec::new(),
        };
        let witnesses = &self.witnesses[self.numbering().watches..];
        let met = orbits.of_watches(&self.collector.watches, witnesses).into_iter();
        exploration.expectations = met.map(|met| judge::judge(&exploration, met)).collect();
        exploration
    }

    fn numbering(&self) -> Numbering {
        Numbering::new(self.collector, self.sinks.len(), self.livelocks.len())
    }

    /// What is known of the class of ends, and of the goal, with this number: both are numbered alike.
    fn reached(&self, goal: usize) -> Reached {
        Reached {
            schedules: self.counts.as_ref().map(|counts| counts.classes[goal].clone()),
            probability: self.counts.as_ref().and_then(|counts| counts.probabilities.get(goal).cloned()),
            witness: self.witness(goal),
        }
    }

    fn witness(&self, goal: usize) -> Schedule {
        self.witnesses[goal].clone().expect("what the search found, the search for witnesses finds again")
    }

    fn outcomes(&self, orbits: &Orbits<'_, '_, '_>) -> Vec<Outcome> {
        let outcome = |((values, output), &class): (&(Vec<i64>, Vec<i64>), &usize)| Outcome {
            values: self.by_observed(values),
            output: output.clone(),
            reached: self.reached(class),
        };
        orbits.of_outcomes(self.collector.outcomes.iter().map(outcome).collect())
    }

    fn deadlocks(&self, orbits: &Orbits<'_, '_, '_>) -> Vec<Deadlock> {
        let first = self.numbering().deadlocks;
        let deadlocks = self.collector.deadlocks.iter();
        let found = deadlocks.map(|((values, blocked), &class)| Deadlock {
            values: self.by_observed(values),
            blocked: blocked.clone(),
            reached: self.reached(first + class),
        });
        orbits.of_deadlocks(found.collect())
    }

    fn faults(&self, orbits: &Orbits<'_, '_, '_>) -> Vec<FaultReport> {
        let program = self.machine.program();
        let first = self.numbering().sinks;
        let fault = |(index, sink): (usize, &Sink)| match *sink {
            Sink::Assume => None,
            Sink::Fault { fault, thread, at } => Some(FaultReport {
                message: fault.message(program).to_owned(),
                thread,
                at,
                reached: self.reached(first + index),
            }),
        };
        let mut faults = orbits.of_faults(self.sinks.iter().enumerate().filter_map(fault).collect());
        faults.sort_by(|a, b| {
            let key = |fault: &FaultReport| (program.line(fault.at), fault.thread);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        faults
    }

    fn livelocks(&self) -> Vec<Livelock> {
        let first = self.numbering().livelocks;
        let livelock = |(index, (values, states)): (usize, &(Vec<i64>, u64))| Livelock {
            values: self.by_observed(values),
            states: *states,
            witness: self.witness(first + index),
        };
        let mut found: Vec<Livelock> = self.livelocks.iter().enumerate().map(livelock).collect();
        found.sort_by(|a, b| a.values.cmp(&b.values).then_with(|| a.witness.cmp(&b.witness)));
        found
    }

    fn races(&self, orbits: &Orbits<'_, '_, '_>) -> Vec<Race> {
        let first = self.numbering().races;
        let races = self.collector.races.iter().enumerate();
        let race = |(index, key): (usize, &RaceKey)| Race {
            cell: key.0,
            accesses: self.accesses[key],
            witness: self.witness(first + index),
        };
        orbits.of_races(races.map(race).collect())
    }

    fn by_observed(&self, flat: &[i64]) -> Vec<Vec<i64>> {
        by_observed(&self.machine.program().observed, flat)
    }
}
