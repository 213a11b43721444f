//! What witnesses are looked for: everything that was found, and each expectation that a state decides.

use hashbrown::HashMap;

use super::assemble::{Accesses, Numbering};
use super::collect::{Collector, RaceKey, for_each_race, sorted_lines, violation};
use super::eval::evaluate;
use crate::explore::{Goals, Kind, NodeId, Space};
use crate::graph::Components;
use crate::program::Claim;
use crate::vm::{Actor, State};

/// The goals of one exploration, numbered: outcomes, deadlocks, sinks, races, livelocks, watches.
pub(super) struct Search<'c, 's, 'm, 'p> {
    space: &'s Space<'m, 'p>,
    collector: &'c Collector<'m, 'p>,
    components: &'c Components,
    /// The livelock that each component is, by component.
    livelocks: HashMap<u32, usize, foldhash::fast::FixedState>,
    races: Vec<RaceKey>,
    /// For each race, the accesses that its witness shows.
    pub accesses: Accesses,
    /// The watches still without a witness that some state can give.
    open_watches: Vec<usize>,
    /// For each livelock, the node of its witness.
    pub livelock_nodes: Vec<Option<NodeId>>,
    actors: Vec<Actor>,
}

impl<'c, 's, 'm, 'p> Search<'c, 's, 'm, 'p> {
    pub fn new(
        space: &'s Space<'m, 'p>,
        collector: &'c Collector<'m, 'p>,
        components: &'c Components,
        livelocks: &[u32],
    ) -> Search<'c, 's, 'm, 'p> {
        let watches = collector.watches.iter().enumerate();
        let open_watches =
            watches.filter(|(_, watch)| watch.violation.is_some() || watch.satisfied).map(|(index, _)| index);
        Search {
            space,
            collector,
            components,
            livelocks: livelocks.iter().enumerate().map(|(index, &component)| (component, index)).collect(),
            races: collector.races.iter().copied().collect(),
            accesses: Accesses::default(),
            open_watches: open_watches.collect(),
            livelock_nodes: vec![None; livelocks.len()],
            actors: Vec::new(),
        }
    }

    pub fn numbering(&self) -> Numbering {
        Numbering::new(self.collector, self.space.sinks.len(), self.livelocks.len())
    }

    fn meet_races(&mut self, state: &State, found: &mut Vec<usize>) {
        if self.accesses.len() == self.races.len() {
            return;
        }
        let machine = self.space.machine;
        let first = self.numbering().races;
        machine.actors(state, &mut self.actors);
        let Search { races, accesses, actors, .. } = self;
        for_each_race(machine, state, actors, |a, b, cell| {
            let key = (cell, sorted_lines(machine.program(), a.1, b.1));
            if !accesses.contains_key(&key)
                && let Ok(index) = races.binary_search(&key)
            {
                let mut pair = [a, b];
                pair.sort_by_key(|&(thread, at)| (machine.program().line(at), thread));
                accesses.insert(key, pair);
                found.push(first + index);
            }
            true
        });
    }

    fn meet_watches(&mut self, state: &State, kind: Kind, found: &mut Vec<usize>) {
        let (machine, watches) = (self.space.machine, &self.collector.watches);
        let first = self.numbering().watches;
        self.open_watches.retain(|&index| {
            let watch = &watches[index];
            let met = if watch.violation.is_some() {
                violation(machine, state, kind, &watch.expectation.claim) == watch.violation
            } else {
                matches!(&watch.expectation.claim, Claim::Possibly(expr)
                    if kind == Kind::Final && evaluate(machine, state, expr).is_some_and(|value| value != 0))
            };
            if met {
                found.push(first + index);
            }
            !met
        });
    }

    fn meet_livelock(&mut self, node: NodeId, found: &mut Vec<usize>) {
        let component = self.components.of[node as usize];
        if let Some(&index) = self.livelocks.get(&component) {
            self.livelock_nodes[index].get_or_insert(node);
            found.push(self.numbering().livelocks + index);
        }
    }
}

impl Goals for Search<'_, '_, '_, '_> {
    /// Failed `ASSUME`s, the first sink, are no goal; neither are watches that no state decides. They are
    /// numbered all the same, so the search for witnesses is told how many goals it can find.
    fn count(&self) -> usize {
        self.numbering().end
    }

    fn findable(&self) -> usize {
        self.numbering().watches - 1 + self.open_watches.len()
    }

    fn needs_state(&self) -> bool {
        self.accesses.len() < self.races.len() || !self.open_watches.is_empty()
    }

    fn at_node(&mut self, node: NodeId, state: Option<&State>, found: &mut Vec<usize>) {
        let kind = self.space.kinds[node as usize];
        match kind {
            Kind::Final => found.push(self.collector.final_nodes[&node]),
            Kind::Deadlock => found.push(self.numbering().deadlocks + self.collector.deadlock_nodes[&node]),
            _ => {}
        }
        self.meet_livelock(node, found);
        if let Some(state) = state {
            if kind == Kind::Decision {
                self.meet_races(state, found);
            }
            if !matches!(kind, Kind::Branch | Kind::Unexpanded) {
                self.meet_watches(state, kind, found);
            }
        }
    }

    fn at_sink(&mut self, sink: u32, found: &mut Vec<usize>) {
        if sink > 0 {
            found.push(self.numbering().sinks + sink as usize);
        }
    }
}
