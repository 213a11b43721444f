//! The budget of a sweep: how it keeps to the memory that it is allowed.
//!
//! What is held is looked at before each batch, and nothing that grows while a batch is expanded grows beyond
//! the budget: batches are as large as the budget allows; mixed keys fill all shards evenly, so shards are
//! allowed to grow together or not at all, which does not depend on who fills which first; and new keys are
//! made only where there is room for the tables that they need. What finds no room ends the sweep. What was
//! found until then is whole: a node that is in the log is in the visited set.

use super::claims::Claims;
use super::disk::Shelf;
use super::key::Key;
use super::stage::Piece;
use super::visited::{SHARDS, Shard};
use super::workers::Ward;
use super::{BATCH, Sweep};
use crate::explore::limits::{Cut, Monitor, Progress};

/// A batch and what it leads to take one part in so many of the budget.
const BATCH_SHARE: u64 = 32;

/// No batch is smaller, whatever the budget.
const LEAST_BATCH: u64 = 1 << 8;

/// A key that a batch leads to is held so many times at most: among the successors, in a list that doubles as
/// it grows, and among the new nodes of its shard.
const COPIES: u64 = 4;

/// What claims have seen takes one part in so many of the budget at most.
const CLAIMS_SHARE: u64 = 16;

/// No table has more buckets than 2 to this.
const MOST_LOG: u32 = 48;

impl<K: Key> Sweep<'_, '_, K> {
    /// Keeps to so many bytes from now on.
    pub(super) fn keep_to(&mut self, limit: Option<u64>) {
        self.limit = limit;
        if let Some(limit) = limit {
            self.stage.claims.most = Claims::<K>::most_within(limit / CLAIMS_SHARE);
        }
    }

    /// Says how far the search has come, up to this node; an answer cuts it.
    pub(super) fn look(&self, next: usize, monitor: &mut dyn Monitor) -> Option<Cut> {
        let progress = Progress {
            phase: "searching",
            states: self.nodes() as u64 + self.surplus,
            transitions: self.transitions,
            frontier: (self.nodes() - next) as u64,
            memory: self.memory() as u64,
            whole: self.whole.map(|whole| self.states_in(whole)),
        };
        if !self.has_room_for(0) {
            return Some(Cut::Memory);
        }
        monitor.observe(&progress)
    }

    /// Returns how many states so many nodes will have, if these are like the ones known.
    fn states_in(&self, nodes: u64) -> u64 {
        let each = 1.0 + self.surplus as f64 / self.nodes().max(1) as f64;
        (nodes as f64 * each) as u64
    }

    /// Returns how many bytes are held, nearly.
    pub(super) fn memory(&self) -> usize {
        self.stage.log.memory()
            + self.with_flags(self.shards.iter().map(Shard::memory).sum())
            + self.visitors
            + self.shelf.as_ref().map_or(0, Shelf::memory)
            + self.stage.effects.memory()
            + self.stage.fields.memory()
            + self.pieces.iter().map(Piece::memory).sum::<usize>()
            + self.wards.iter().map(Ward::memory).sum::<usize>()
            + self.running.allocation_size()
            + self.stage.claims.memory()
            + self.doubtful.as_ref().map_or(0, |nodes| nodes.capacity() * size_of::<usize>())
    }

    /// Returns true when so many bytes more can be held.
    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        self.limit.is_none_or(|limit| (self.memory() + bytes) as u64 <= limit)
    }

    /// Returns how many nodes the next batch may have, when so many have been expanded.
    pub(super) fn batch(&self, expanded: usize) -> usize {
        let Some(limit) = self.limit else { return BATCH };
        let edges = self.followed / expanded.max(1) as u64 + 2;
        let each = edges * COPIES * size_of::<K>() as u64;
        (limit / BATCH_SHARE / each).clamp(LEAST_BATCH, BATCH as u64) as usize
    }

    /// Says how far shards may grow during the next batch.
    pub(super) fn ration(&mut self) {
        let Some(limit) = self.limit else { return };
        let tables: usize = self.shards.iter().map(Shard::memory).sum();
        let others = self.memory() - self.with_flags(tables);
        let bucket = self.shards[0].memory() >> self.shards[0].log();
        let mut most = self.shards.iter().map(Shard::log).max().unwrap_or(0);
        while most < MOST_LOG && (others + self.with_flags((SHARDS * bucket) << (most + 1))) as u64 <= limit {
            most += 1;
        }
        self.shards.iter_mut().for_each(|shard| shard.may_grow_to(most));
    }

    /// What tables take, with a flag a slot on top: the search for livelocks needs one.
    pub(super) fn with_flags(&self, tables: usize) -> usize {
        tables + tables / 16
    }

    /// Counts edges to running nodes.
    pub(super) fn count_running(&mut self, keys: &[K]) {
        for &mixed in keys {
            let full = self.running.len() == self.running.capacity();
            if full && !self.has_room_for(2 * self.running.allocation_size()) {
                self.spent = true;
                return;
            }
            *self.running.entry(mixed).or_default() += 1;
        }
    }
}
