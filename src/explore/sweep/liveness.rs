//! Whether an end can be reached from every state of a sweep; where not, there is a livelock.
//!
//! A livelock is a set of states that cannot be left and in which nothing ends (a bottom strongly connected
//! component). Let the rank of a state be the sum, over the threads, of how many moves a thread's block is away
//! from one that some end was met with, at the least. There is no livelock if every state can do one of these:
//! end in one step; take an edge that can never be taken again, because it takes a thread's block to where
//! there is no way back from; or come, by an edge or by some random walk, to a state that can do one of the
//! first two, or to one of a smaller rank. A lookup answers that for nearly every state, and a short walk for the
//! others. Where some walk fails, the exact search decides: from each state random walks look for states that
//! are known not to lie in a livelock, and what they do not settle is settled successor by successor, until no
//! more can be. (The walks' draws are seeded by the state they begin at.)
//!
//! SOUND: whatever a step changes in a thread's block is a move of that block, and all moves that were ever
//! made are known. If a move leads from one strongly connected component of a thread's moves to another, no
//! sequence of steps brings the block back, so the edge cannot lie on a cycle, and a state that it leaves lies
//! in no set that cannot be left. Now suppose there is a livelock. What its states lead to lies in it, so no
//! state in it comes to one that ends or that takes an edge for the last time; so each of them comes to one of a
//! smaller rank, which lies in it too; but one of them has the smallest.
//!
//! Most of that is done before the sweep and on its way: what [walks ahead](super::scout) have learned makes ranks,
//! and expansion notes the few nodes whose lookup says nothing by these. Ranks by some of all moves and some of all
//! ends will do, as long as they are the same for all nodes; whether what should never happen again can happen after
//! all is known in the end, and where it can, or where too many nodes are left, all are looked at by the ranks of what
//! is known then.
//!
//! SOUND: the same holds for [boxes](super::chains), whose rank is that of their heads. Every state leads to the
//! corner of its box, so of the boxes in a livelock too each leads to one of a smaller rank, if a lookup may begin at
//! the corner. It may: along a chain no rank grows. From a block with a private step nothing else leads, so its rank
//! is one more than the next one's where that move is known, and the highest of all where it is not. (No thread
//! stands before a private step at an end.) So what has a smaller rank than the corner has a smaller one than the
//! heads.
//!
//! PERF: walking the log backwards until nothing changed took 44 s for the 4,165,553 states of twelve
//! philosophers, whose only end is one deadlock, and random walks without ranks 3 s; see `benches/search`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Sweep;
use super::effects::Leaf;
use super::key::Key;
use super::moves::{Order, Ranks};
use super::visited::SHARD_BITS;
use super::workers::share;

/// How many walks begin at a node until one comes nearer to an end.
const WALKS: u64 = 16;

/// How many nodes a worker looks at before it takes others.
const PIECE: usize = 1 << 14;

/// A walk that has come so far gives up.
const LONGEST_WALK: usize = 1 << 12;

/// Of so many nodes one may be doubtful; if more are, all are looked at in the end.
const DOUBTFUL: usize = 16;

/// So many may be in any case.
const FEW: usize = 1 << 10;

impl<K: Key> Sweep<'_, '_, K> {
    /// Notes nodes of the batch of which it is not known that they come nearer to an end.
    pub(super) fn doubt(&mut self, nodes: &[usize]) {
        let (first, most) = (self.first, FEW + self.nodes() / DOUBTFUL);
        let Some(doubtful) = &mut self.doubtful else { return };
        doubtful.extend(nodes.iter().map(|node| first + node));
        if doubtful.len() > most {
            self.doubtful = None;
        }
    }

    /// Returns true when every node comes nearer to an end as was foreseen when it was expanded; else nothing is
    /// known. What could never happen again must still be so, in this order of all moves.
    pub(super) fn all_as_foreseen(&self, order: &Order) -> bool {
        let (Some(ranks), Some(doubtful)) = (&self.stage.effects.foreseen, &self.doubtful) else {
            return false;
        };
        let mut key = Vec::new();
        self.stage.effects.advance_in(order)
            && doubtful.iter().all(|&node| {
                self.read_nodes(node, 1, &mut key).is_ok()
                    && self.comes_nearer(self.stage.mixer.unmix(key[0]), ranks)
            })
    }

    /// Returns true when every node comes nearer to an end, so that none is part of a livelock; else nothing is
    /// known. Leaves have to be marked.
    pub(super) fn all_come_nearer(&self, ranks: &Ranks) -> bool {
        let workers = self.workers_for(self.nodes());
        let failed = AtomicBool::new(false);
        share(workers, self.pieces_of_levels(PIECE), Vec::new, |keys, nodes| {
            if !failed.load(Ordering::Relaxed)
                && (self.read_nodes(nodes.start, nodes.len(), keys).is_err()
                    || !keys.iter().all(|&mixed| self.comes_nearer(self.stage.mixer.unmix(mixed), ranks)))
            {
                failed.store(true, Ordering::Relaxed);
            }
        });
        !failed.into_inner()
    }

    #[inline(always)]
    fn comes_nearer(&self, key: K, ranks: &Ranks) -> bool {
        self.is_settled_by(key, Leaf::comes_nearer)
            || (0..WALKS).any(|walk| self.walk_comes_nearer(key, walk, ranks))
    }

    fn walk_comes_nearer(&self, start: K, walk: u64, ranks: &Ranks) -> bool {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(start.low().wrapping_add(walk));
        let rank = self.rank(start, ranks);
        let mut key = start;
        for _ in 0..LONGEST_WALK {
            if self.is_settled(key) || self.rank(key, ranks) < rank {
                return true;
            }
            key = self.step_from(key, &mut random);
        }
        false
    }

    /// How far a node's threads are from an end, all together.
    fn rank(&self, key: K, ranks: &Ranks) -> u64 {
        let fields = &self.stage.fields;
        fields.of_threads().map(|field| ranks.of(field, fields.read(key, field))).sum()
    }

    /// Returns true when no node is part of a livelock. Leaves have to be marked.
    pub(super) fn all_alive(&self) -> bool {
        let alive = Flags::new(self);
        let workers = self.workers_for(self.nodes());
        let left = Mutex::new(Vec::new());
        share(workers, self.shards.iter().enumerate(), Vec::new, |path, (number, shard)| {
            let top = K::of(number as u64) << (self.stage.mixer.bits - SHARD_BITS);
            for slot in 0..shard.slots() {
                if alive.has((number, slot)) {
                    continue;
                }
                if let Some(mixed) = shard.key_at(slot).map(|key| key | top)
                    && !self.is_settled(self.stage.mixer.unmix(mixed))
                    && !self.finds_alive(mixed, &alive, path)
                {
                    left.lock().expect("no worker panics while it adds nodes").push(mixed);
                }
            }
        });
        let mut left = left.into_inner().expect("no worker panics while it adds nodes");
        loop {
            let before = left.len();
            left.retain(|&mixed| !self.becomes_alive(mixed, &alive));
            if left.is_empty() || left.len() == before {
                return left.is_empty();
            }
        }
    }

    /// Returns true when an end lies right behind a node or some edge out of it can never be taken again.
    #[inline(always)]
    fn is_settled(&self, key: K) -> bool {
        self.is_settled_by(key, |leaf| leaf.advances)
    }

    /// Returns true when an end lies right behind a node or some actor there is good enough.
    #[inline(always)]
    fn is_settled_by(&self, key: K, is_good: impl Fn(&Leaf) -> bool) -> bool {
        let stage = &self.stage;
        let mut is_end = true;
        for slot in stage.slots_of(key) {
            let (leaf, _) = stage.effects.find(key, slot).expect("the node has been expanded");
            if is_good(leaf) || leaf.total > leaf.nodes {
                return true;
            }
            is_end &= leaf.total == 0;
        }
        is_end
    }

    /// Walks from a node until it meets a settled one; then all nodes on the way are. False when the walk has
    /// become too long.
    fn finds_alive(&self, start: K, alive: &Flags, path: &mut Vec<(usize, usize)>) -> bool {
        path.clear();
        let mut random = Xoshiro256PlusPlus::seed_from_u64(start.low());
        let mut mixed = start;
        loop {
            let key = self.stage.mixer.unmix(mixed);
            if self.is_settled(key) {
                break;
            }
            let flag = self.flag(mixed);
            if alive.has(flag) {
                break;
            }
            path.push(flag);
            if path.len() == LONGEST_WALK {
                return false;
            }
            mixed = self.stage.mixer.mix(self.step_from(key, &mut random));
        }
        path.iter().for_each(|&flag| alive.set(flag));
        true
    }

    /// Takes some edge out of a node that is not settled, and so has edges, all of them to nodes.
    fn step_from(&self, key: K, random: &mut impl Rng) -> K {
        let stage = &self.stage;
        let draw = random.next_u64();
        let slots = stage.slots_of(key);
        let first = (draw as u32 as usize) % slots.len();
        let turned = slots.clone().skip(first).chain(slots.take(first));
        let leaves = turned.map(|slot| stage.effects.find(key, slot).expect("the node has been expanded").0);
        let leaf = leaves.into_iter().find(|leaf| leaf.total > 0).expect("a node without edges is settled");
        let (keep, set) = stage.effects.masks(leaf)[((draw >> 32) as usize) % leaf.nodes as usize];
        key & keep | set
    }

    /// Returns true, from now on for good, when a successor of a node is settled.
    fn becomes_alive(&self, mixed: K, alive: &Flags) -> bool {
        let stage = &self.stage;
        let own = self.flag(mixed);
        if alive.has(own) {
            return true;
        }
        let key = stage.mixer.unmix(mixed);
        let mut leaves = Vec::new();
        stage.look_up(key, &mut leaves);
        let lives = |&(keep, set): &(K, K)| {
            let head = key & keep | set;
            self.is_settled(head) || alive.has(self.flag(stage.mixer.mix(head)))
        };
        let can_end = leaves.iter().any(|leaf| stage.effects.masks(leaf).iter().any(lives));
        if can_end {
            alive.set(own);
        }
        can_end
    }

    /// Where the flag of a node is.
    #[inline(always)]
    fn flag(&self, mixed: K) -> (usize, usize) {
        let shard = self.stage.shard(mixed);
        (shard, self.shards[shard].slot_of(mixed).expect("every node of the graph has been visited"))
    }
}

/// A flag for each slot of the visited set; set once, by whichever worker.
struct Flags(Vec<Vec<AtomicU64>>);

impl Flags {
    fn new<K: Key>(sweep: &Sweep<'_, '_, K>) -> Flags {
        let of_shard = |slots: usize| (0..slots.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Flags(sweep.shards.iter().map(|shard| of_shard(shard.slots())).collect())
    }

    #[inline(always)]
    fn has(&self, (shard, slot): (usize, usize)) -> bool {
        self.0[shard][slot / 64].load(Ordering::Relaxed) >> (slot % 64) & 1 == 1
    }

    #[inline(always)]
    fn set(&self, (shard, slot): (usize, usize)) {
        self.0[shard][slot / 64].fetch_or(1 << (slot % 64), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Graph, Nothing, Watched};
    use super::*;
    use crate::asm::{NoFiles, Options, assemble};
    use crate::explore::limits::{Limits, Unwatched};
    use crate::vm::{DEFAULT_BUFFER, Machine};

    /// One choice of a million makes `x` 1, and then the last loop has no end; for all that walks see, the thread
    /// goes through it once. They see that another thread spins.
    fn rarely_stuck() -> String {
        let draw = "LOAD j\nCHOOSE 0..9\nPUSH 7\nEQ\nAND\nSTORE j\n".repeat(6);
        format!(
            "shared x = 0\nshared y = 0\nshared z = 0\nlocal j = 1\n\
             thread a\n{draw}LOAD j\nSTORE x\nPUSH 0\nSTORE j\nagain: LOAD y\nPOP\nLOAD x\nJNZ again\nend\n\
             thread b\nwaits: LOAD z\nJZ waits\nend\nthread c\nPUSH 1\nSTORE z\nend\n"
        )
    }

    #[test]
    fn what_walks_took_for_final_hides_no_livelock() {
        let text = rarely_stuck();
        let program = assemble("t.rvm", &text, &Options::default(), &NoFiles).expect("it assembles");
        let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
        for singly in [false, true] {
            let watched = Watched { workers: 1, singly, ..Watched::default() };
            let mut sweep = Sweep::<u64>::new(&machine, &watched);
            let cut = sweep.run_to_end(&watched, &Limits::default(), &mut Unwatched, &mut Nothing);
            assert_eq!(cut, Ok(None));
            let effects = &sweep.stage.effects;
            assert!(effects.foreseen.is_some() && sweep.doubtful.is_some());
            assert!(!effects.advance_in(&effects.moves().order()), "walks have not seen the way back");
            assert_eq!(sweep.everything_can_end(), Some(false));
        }
    }
}
