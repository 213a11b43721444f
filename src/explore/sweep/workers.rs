//! What workers share: the two phases of a batch, and the walk back.
//!
//! Workers take pieces of the batch, then shards of the visited set, as they come; a piece's place in the
//! batch and a shard's number decide where the results go, not the worker. Threads are started for each phase
//! of a large batch: that costs some ten microseconds where the phase takes milliseconds, and needs no
//! `unsafe` and no locks on the hot path.

use std::ops::Range;
use std::sync::Mutex;

use super::Sweep;
use super::key::Key;
use super::stage::Piece;
use super::visited::{Shard, Sieve};

/// Batches of fewer nodes are not worth a thread.
pub(super) const WORTH_SHARING: usize = 1 << 11;

/// Pieces of a shared batch, for each worker.
const PIECES: usize = 4;

impl<K: Key> Sweep<'_, '_, K> {
    /// Expands nodes and adds what they lead to.
    pub(super) fn expand_batch(&mut self, nodes: Range<usize>) {
        let workers = if nodes.len() < WORTH_SHARING { 1 } else { self.workers };
        let pieces = if workers == 1 { 1 } else { workers * PIECES };
        self.pieces.resize_with(pieces.max(self.pieces.len()), Piece::new);
        self.pieces.iter_mut().for_each(Piece::clear);
        let stage = &self.stage;
        let cut = |piece: usize| nodes.start + nodes.len() * piece / pieces;
        let work = self.pieces[..pieces].iter_mut().enumerate();
        share(workers, work, || (), |(), (number, piece)| stage.expand(cut(number)..cut(number + 1), piece));
        if !self.put_on_shelf(pieces) {
            self.add_heads(pieces, workers);
        }
        for piece in 0..pieces {
            self.transitions += self.pieces[piece].transitions;
            let running = std::mem::take(&mut self.pieces[piece].running);
            self.count_running(&running);
        }
    }

    /// Adds what so many pieces lead to to the visited set.
    fn add_heads(&mut self, pieces: usize, workers: usize) {
        let pieces = &self.pieces[..pieces];
        let work = self.shards.iter_mut().zip(&mut self.fresh).enumerate();
        share(workers, work, Sieve::default, |sieve, (number, (shard, new))| {
            shard.insert_all(pieces.iter().map(|piece| piece.heads[number].as_slice()), new, sieve);
        });
        for new in &mut self.fresh {
            self.stage.log.extend(new);
            new.clear();
        }
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
