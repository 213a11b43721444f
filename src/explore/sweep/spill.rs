//! A sweep whose visited set and frontier are on disk: level by level, from the first node on.
//!
//! Nodes are expanded and attended to as in memory; the log holds the batch alone, and what it leads to goes
//! to the shelf. Nodes are numbered in the order of the shelf: by level, then by key.

use std::ops::Range;

use super::disk::{DiskError, Shelf, Spill};
use super::key::Key;
use super::log::Log;
use super::sieve::Sieve;
use super::{Setback, Sweep, TooWide, Visitor, Watched};
use crate::explore::limits::{Cut, Limits, Monitor};

/// The buffer takes one part in so many of the memory that is allowed.
const BUFFER_SHARE: u64 = 4;

/// How many nodes are read back at once.
const CHUNK: usize = 1 << 12;

/// Keys that are gathered where no limit says how many.
const BUFFER: usize = 1 << 24;

impl<'m, K: Key> Sweep<'m, '_, K> {
    /// Sweeps in memory, and on disk where there is one and memory ends.
    pub(super) fn run_to_end(
        &mut self,
        watched: &Watched<'m>,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        visitor: &mut dyn Visitor,
    ) -> Result<Option<Cut>, TooWide> {
        loop {
            let ended = match watched.spill {
                None => self.run(limits, monitor, visitor),
                Some(spill) => self.run_beyond(spill, watched, limits, monitor, visitor),
            };
            match ended {
                Ok(cut) => return Ok(cut),
                Err(Setback::TooWide) => return Err(TooWide),
                Err(Setback::Torn) => self.begin_anew(watched, visitor),
            }
        }
    }

    fn run_beyond(
        &mut self,
        spill: Spill<'m>,
        watched: &Watched<'m>,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        visitor: &mut dyn Visitor,
    ) -> Result<Option<Cut>, Setback> {
        let mut in_memory = 0;
        if spill.buffer.is_none() {
            let cut = self.run(limits, monitor, visitor)?;
            if cut != Some(Cut::Memory) {
                return Ok(cut);
            }
            in_memory = self.nodes();
            self.begin_anew(watched, visitor);
        }
        match self.run_on_disk(spill, limits, monitor, visitor)? {
            Ok(cut) => Ok(cut),
            Err(DiskError) if self.nodes() < in_memory => {
                // It failed before anything new was found.
                self.begin_anew(watched, visitor);
                let cut = self.run(limits, monitor, visitor)?;
                Ok(cut.map(|cut| if cut == Cut::Memory { Cut::Disk } else { cut }))
            }
            Err(DiskError) => Ok(Some(Cut::Disk)),
        }
    }

    /// Forgets all nodes, because they get other numbers elsewhere; what fields have held is known.
    fn begin_anew(&mut self, watched: &Watched<'m>, visitor: &mut dyn Visitor) {
        let fields = std::mem::replace(&mut self.stage.fields, super::fields::Fields::new(self.machine));
        let chains = std::mem::take(&mut self.stage.effects.chains);
        *self = Sweep::new(self.machine, watched);
        self.stage.fields = fields;
        self.stage.effects.chains = chains.anew();
        visitor.restart();
    }

    fn run_on_disk(
        &mut self,
        spill: Spill<'m>,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        visitor: &mut dyn Visitor,
    ) -> Result<Result<Option<Cut>, DiskError>, Setback> {
        self.keep_to(limits.max_memory);
        let first = self.first_key()?;
        let by_limit = |limit: u64| (limit / BUFFER_SHARE) as usize / size_of::<K>();
        let buffer = spill.buffer.unwrap_or(limits.max_memory.map_or(BUFFER, by_limit));
        let mut shelf = match Shelf::new(spill.disk, self.stage.mixer.bits, buffer) {
            Ok(shelf) => shelf,
            Err(error) => return Ok(Err(error)),
        };
        shelf.offer(std::iter::once(first));
        self.shelf = Some(shelf);
        // A shelf keeps nothing of a node but its key.
        self.stage.sleepers = 0;
        loop {
            self.first = self.nodes();
            if let Err(error) = self.shelf_mut().end_level() {
                return Ok(Err(error));
            }
            let most = limits.max_states.map_or(usize::MAX, |most| most as usize);
            let cut_by_states = self.nodes() > most;
            self.shelf_mut().truncate(most as u64);
            if self.nodes() == self.first {
                break;
            }
            self.begin_level(self.nodes());
            if cut_by_states {
                return Ok(Ok(Some(Cut::States)));
            }
            match self.expand_level(monitor, visitor)? {
                Ok(None) => {}
                other => return Ok(other),
            }
        }
        Ok(Ok(None))
    }

    fn expand_level(
        &mut self,
        monitor: &mut dyn Monitor,
        visitor: &mut dyn Visitor,
    ) -> Result<Result<Option<Cut>, DiskError>, Setback> {
        let mut keys = Vec::new();
        while self.first < self.nodes() {
            self.visitors = visitor.memory();
            if let Some(cut) = self.look(self.first, monitor) {
                return Ok(Ok(Some(cut)));
            }
            let count = self.batch(self.first).min(self.nodes() - self.first);
            if let Err(error) = self.read_nodes(self.first, count, &mut keys) {
                return Ok(Err(error));
            }
            self.stage.log = Log::new(self.stage.mixer.bits);
            self.stage.log.extend(&keys);
            self.look_ahead(0..count)?;
            if self.spent {
                return Ok(Ok(Some(Cut::Memory)));
            }
            self.expand_batch(0..count);
            self.attend(visitor)?;
            if self.spent {
                return Ok(Ok(Some(Cut::Memory)));
            }
            if let Some(error) = self.shelf_mut().error {
                return Ok(Err(error));
            }
            self.first += count;
        }
        Ok(Ok(None))
    }

    fn shelf_mut(&mut self) -> &mut Shelf<'m, K> {
        self.shelf.as_mut().expect("a sweep on disk has a shelf")
    }

    /// Returns how many nodes have been found, whether they are in memory or on disk.
    pub(super) fn nodes(&self) -> usize {
        self.shelf.as_ref().map_or(self.stage.log.len(), |shelf| shelf.nodes() as usize)
    }

    /// Replaces `keys` by the mixed keys of so many nodes from `first` on, all of one level where they are on
    /// disk.
    pub(super) fn read_nodes(&self, first: usize, count: usize, keys: &mut Vec<K>) -> Result<(), DiskError> {
        let Some(shelf) = &self.shelf else {
            self.stage.log.read_into(first, count, keys);
            let own = K::ones(self.stage.mixer.bits);
            keys.iter_mut().for_each(|key| *key = *key & own);
            return Ok(());
        };
        let level = self.levels.partition_point(|&start| start <= first) - 1;
        shelf.read_level(level, (first - self.levels[level]) as u64, count, keys)?;
        keys.iter_mut().for_each(|key| *key = self.stage.mixer.mix(*key));
        Ok(())
    }

    /// Returns all nodes in pieces of at most this many, each within one level.
    pub(super) fn pieces_of_levels(&self, size: usize) -> impl Iterator<Item = Range<usize>> {
        let ends = self.levels[1..].iter().copied().chain([self.nodes()]);
        let levels = self.levels.iter().zip(ends);
        levels.flat_map(move |(&start, end)| {
            (start..end).step_by(size).map(move |first| first..end.min(first + size))
        })
    }

    /// Calls `visit` with the mixed key of every node.
    pub(super) fn for_each_node(&self, mut visit: impl FnMut(K)) -> Result<(), DiskError> {
        let mut keys = Vec::new();
        for nodes in self.pieces_of_levels(CHUNK) {
            self.read_nodes(nodes.start, nodes.len(), &mut keys)?;
            keys.iter().for_each(|&mixed| visit(mixed));
        }
        Ok(())
    }

    /// Puts what a batch leads to on the shelf; false where there is none.
    pub(super) fn put_on_shelf(&mut self) -> bool {
        let Some(shelf) = &mut self.shelf else { return false };
        let mixer = self.stage.mixer;
        let mut sieve = Sieve::default();
        for shard in 0..self.shards.len() {
            let lists = self.pieces.iter().map(|piece| piece.heads[shard].as_slice());
            shelf.offer(sieve.passed(mixer.bits, lists).iter().map(|&mixed| mixer.unmix(mixed)));
        }
        true
    }
}
