//! The tally: how many states and transitions a sweep has found.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::disk::DiskError;
use super::key::Key;
use super::stage::Sums;
use super::{Sweep, Swept};
use crate::explore::limits::Cut;

impl<'m, 'p, K: Key> Sweep<'m, 'p, K> {
    /// Counts and hands over.
    pub(super) fn finish(self, cut: Option<Cut>) -> Swept<'m>
    where
        'p: 'm,
    {
        // What cannot be read back makes the counts smaller, and the sweep one that was cut.
        let (cut, (running, to_fault_ends, own_states)) = match self.counted() {
            Ok(counts) => (cut, counts),
            Err(DiskError) => (Some(cut.unwrap_or(Cut::Disk)), (0, 0, 0)),
        };
        let nodes = self.nodes() as u64;
        Swept {
            states: nodes + self.surplus - running + own_states,
            transitions: self.transitions + to_fault_ends,
            nodes,
            memory: self.memory() as u64,
            sinks: self.sinks.clone(),
            cut,
            graph: Box::new(self),
        }
    }

    /// Adds what was counted where nodes were expanded.
    pub(super) fn add_up(&mut self, sums: &Sums<K>) {
        self.add_sizes(sums.transitions, sums.surplus);
        self.doubt(&sums.doubtful);
        self.count_running(&sums.running);
    }

    /// Adds sizes of nodes that were expanded. Where there are too many states to be counted there are no chains.
    fn add_sizes(&mut self, transitions: u128, surplus: u128) {
        let sum = |known: u64, more: u128| u64::try_from(u128::from(known) + more);
        match (sum(self.transitions, transitions), sum(self.surplus, surplus)) {
            (Ok(transitions), Ok(surplus)) => (self.transitions, self.surplus) = (transitions, surplus),
            _ => self.stage.effects.chains.give_up(),
        }
    }

    /// Counts the running nodes, the edges to states before a fault in a run, and those of these states that
    /// are none of the others.
    fn counted(&self) -> Result<(u64, u64, u64), DiskError> {
        if self.stage.fields.count(0) == 1 {
            return Ok((0, 0, 0));
        }
        let mut ends = Vec::new();
        let mut key = Vec::new();
        for &node in self.fault_ends.iter().filter(|&&node| node < self.nodes()) {
            self.read_nodes(node, 1, &mut key)?;
            ends.push(key[0]);
        }
        let mut twins: HashMap<K, bool, FixedState> = HashMap::default();
        twins.extend(ends.iter().flat_map(|&mixed| self.twins(mixed)).map(|twin| (twin, false)));
        let mut running = 0;
        self.for_each_node(|mixed| {
            running += u64::from(self.mode(mixed) > 0);
            if let Some(there) = twins.get_mut(&mixed) {
                *there = true;
            }
        })?;
        let to_ends = ends.iter().map(|mixed| self.running.get(mixed).copied().unwrap_or(0)).sum();
        let own = ends.iter().filter(|&&mixed| !self.twins(mixed).any(|twin| twins[&twin])).count();
        Ok((running, to_ends, own as u64))
    }

    fn mode(&self, mixed: K) -> u32 {
        self.stage.fields.read(self.stage.mixer.unmix(mixed), 0)
    }

    /// The nodes that count the state before a fault in a run, if they are there: the decision in this state,
    /// and the same fault in the run of a thread further up.
    fn twins(&self, mixed: K) -> impl Iterator<Item = K> {
        let key = self.stage.mixer.unmix(mixed);
        let (shift, bits) = self.stage.fields.place(0);
        let twin = move |mode: u32| key & !(K::ones(bits) << shift) | K::of(u64::from(mode)) << shift;
        let faults = move |&mode: &u32| {
            let effect =
                mode.checked_sub(1).and_then(|slot| self.stage.effects.find(twin(mode), slot as usize));
            mode == 0 || effect.is_some_and(|(leaf, _)| leaf.faults)
        };
        (0..self.mode(mixed)).filter(faults).map(move |mode| self.stage.mixer.mix(twin(mode)))
    }
}
