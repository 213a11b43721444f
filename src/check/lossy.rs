//! What a search that forgets adds to what is known.

use std::collections::BTreeMap;

use super::assemble::Accesses;
use super::collect::{Collector, Watch};
use super::result::Exploration;
use super::swept::{Found, add_races, summary};
use crate::explore::{Cut, Kind, Limits, Monitor, Sink, Wanderer, wander};
use crate::schedule::Schedule;
use crate::vm::{Actor, Machine, State};

/// Explores a machine by a search that forgets and nothing else, where memory ended and no sweep can be made.
pub(super) fn wandered(machine: &Machine<'_>, limits: &Limits, monitor: &mut dyn Monitor) -> Exploration {
    let collector = Collector::new(machine);
    let mut found = Found {
        machine,
        search: summary(Some(Cut::Memory)),
        outcomes: Vec::new(),
        deadlocks: Vec::new(),
        sink_ways: vec![None],
        races: BTreeMap::new(),
        watches: vec![None; collector.watches.len()],
        sinks: vec![Sink::Assume],
        counts: None,
        accesses: Accesses::default(),
        collector,
    };
    found.go_on(limits, monitor);
    found.assemble()
}

impl Found<'_, '_> {
    /// Goes on with a search that forgets. What it finds is added; that it was cut stays as it is.
    pub(super) fn go_on(&mut self, limits: &Limits, monitor: &mut dyn Monitor) {
        let mut sinks = std::mem::take(&mut self.sinks);
        let lossy = wander(self.machine, limits, monitor, &mut sinks, self);
        self.sinks = sinks;
        self.search.states = self.search.states.max(lossy.states);
        self.search.transitions = self.search.transitions.max(lossy.transitions);
        self.search.lossy = Some(lossy);
    }
}

impl Wanderer for Found<'_, '_> {
    fn state(&mut self, state: &State, kind: Kind, actors: &[Actor], way: &dyn Fn() -> Schedule) {
        match kind {
            Kind::Final if self.collector.add_final(state) == self.outcomes.len() => {
                self.outcomes.push(Some(way()));
            }
            Kind::Deadlock if self.collector.add_deadlock(state) == self.deadlocks.len() => {
                self.deadlocks.push(Some(way()));
            }
            Kind::Decision => {
                let races = &mut self.races;
                add_races(&mut self.collector, &mut self.accesses, state, actors, |key| {
                    races.insert(key, Some(way()));
                });
            }
            _ => {}
        }
        let shown = |watch: &Watch| (watch.violation.is_some(), watch.satisfied);
        let before: Vec<(bool, bool)> = self.collector.watches.iter().map(shown).collect();
        self.collector.add_to_watches(state, kind);
        let after = self.collector.watches.iter().map(shown).zip(before).zip(&mut self.watches);
        for ((now, before), witness) in after {
            let violated = now.0 && !before.0;
            if violated || (now.1 && !before.1 && !now.0) {
                *witness = Some(way());
            }
        }
    }

    fn sink(&mut self, sink: u32, way: &dyn Fn() -> Schedule) {
        let sink = sink as usize;
        if self.sink_ways.len() <= sink {
            self.sink_ways.resize(sink + 1, None);
        }
        self.sink_ways[sink].get_or_insert_with(way);
    }
}
