//! What workers share: the two phases of a batch; and what is looked through once a sweep has ended.
//!
//! Workers take pieces of the batch, then wards of some shards of the visited set, as they come; a piece's place
//! in the batch and a shard's number decide where the results go, not the worker.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::Sweep;
use super::key::Key;
use super::log::Packed;
use super::sieve::Sieve;
use super::stage::Piece;
use super::visited::{SHARDS, Shard};

/// Batches of fewer nodes are not worth a second worker.
const WORTH_SHARING: usize = 1 << 11;

/// Pieces of a shared batch, and wards of shards, for each worker.
const PIECES: usize = 4;

/// A shared batch of fewer nodes is cut into one piece for each worker.
const WORTH_CUTTING: usize = 1 << 15;

/// Some shards that follow one another, with room for what they are given.
#[derive(Debug, Default)]
pub(super) struct Ward<K> {
    shards: Vec<Shard<K>>,
    /// The new nodes of a batch, by shard, and as the log keeps them.
    fresh: Vec<K>,
    packed: Packed,
    sieve: Sieve<K>,
}

impl<K: Key> Ward<K> {
    /// Adds what pieces lead to; the shards follow `first`.
    fn add(&mut self, first: usize, pieces: &[Piece<K>], width: usize) {
        self.packed.clear();
        for (index, shard) in self.shards.iter_mut().enumerate() {
            let lists = pieces.iter().map(|piece| piece.heads[first + index].as_slice());
            self.fresh.clear();
            shard.insert_all(lists, &mut self.fresh, &mut self.sieve);
            self.packed.extend(width, &self.fresh);
        }
    }

    pub fn memory(&self) -> usize {
        self.fresh.capacity() * size_of::<K>() + self.packed.memory() + self.sieve.memory()
    }
}

impl<K: Key> Sweep<'_, '_, K> {
    /// Returns how many workers are worth having for so many nodes.
    pub(super) fn workers_for(&self, nodes: usize) -> usize {
        if nodes < WORTH_SHARING { 1 } else { self.crew.size() }
    }

    /// Expands nodes and adds what they lead to.
    pub(super) fn expand_batch(&mut self, nodes: Range<usize>) {
        let workers = self.workers_for(nodes.len());
        let count = match workers {
            1 => 1,
            _ if nodes.len() < WORTH_CUTTING => workers,
            _ => workers * PIECES,
        };
        self.pieces.resize_with(count.max(self.pieces.len()), Piece::new);
        self.pieces.iter_mut().for_each(Piece::clear);
        let cut = |piece: usize| nodes.start + nodes.len() * piece / count;
        let mut pieces = std::mem::take(&mut self.pieces);
        let idle = pieces.split_off(count);
        let tasks: Vec<_> =
            pieces.into_iter().enumerate().map(|(at, piece)| (cut(at)..cut(at + 1), piece)).collect();
        let stage = self.stage.lend();
        self.pieces = self.crew.all(tasks, move |(nodes, mut piece)| {
            stage.expand(nodes, &mut piece);
            piece
        });
        if !self.put_on_shelf() {
            self.add_heads();
        }
        for piece in 0..count {
            self.followed += self.pieces[piece].followed();
            let sums = std::mem::take(&mut self.pieces[piece].sums);
            self.add_up(&sums);
        }
        self.pieces.extend(idle);
    }

    /// Adds what pieces lead to to the visited set.
    fn add_heads(&mut self) {
        let count = self.pieces.len().next_power_of_two().min(SHARDS);
        let each = SHARDS / count;
        self.wards.resize_with(count.max(self.wards.len()), Ward::default);
        let pieces = Arc::new(std::mem::take(&mut self.pieces));
        let mut shards = std::mem::take(&mut self.shards).into_iter();
        let idle = self.wards.split_off(count);
        let wards = std::mem::take(&mut self.wards).into_iter().enumerate();
        let tasks: Vec<_> = wards
            .map(|(at, ward)| (at * each, Ward { shards: shards.by_ref().take(each).collect(), ..ward }))
            .collect();
        let (lent, width) = (Arc::clone(&pieces), self.stage.log.width());
        self.wards = self.crew.all(tasks, move |(first, mut ward)| {
            ward.add(first, &lent, width);
            ward
        });
        self.pieces = Arc::into_inner(pieces).expect("nothing is lent between phases");
        for ward in &mut self.wards {
            self.shards.append(&mut ward.shards);
            self.stage.log.append(&ward.packed);
        }
        self.wards.extend(idle);
        self.spent |= self.shards.iter().any(Shard::is_full);
    }
}

/// Does some work by so many workers, each of which has some room of its own.
pub(super) fn share<T: Send, R>(
    workers: usize,
    work: impl Iterator<Item = T> + Send,
    room: impl Fn() -> R + Sync,
    act: impl Fn(&mut R, T) + Sync,
) {
    let queue = Mutex::new(work);
    let take = || queue.lock().expect("no worker panics while it takes work").next();
    let run = || {
        let mut room = room();
        while let Some(item) = take() {
            act(&mut room, item);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(run);
        }
        run();
    });
}
