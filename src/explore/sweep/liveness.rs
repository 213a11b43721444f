//! Whether an end can be reached from every state of a sweep; where not, there is a livelock.
//!
//! Mostly the threads say so themselves: where no thread's block can ever return to what it was, no state
//! can, and every execution ends. Otherwise random walks look for ends: a walk that meets a node from which
//! an end can be reached shows the same of all nodes on its way, so the more is known the shorter walks are,
//! and each step mostly settles a node. (The walks' draws are seeded by the node they begin at.) What long
//! walks do not settle is settled exactly: a node can end if a successor can, until no more can.
//!
//! PERF: walking the log backwards until nothing changed, without random walks, took 44 s for the 4,165,553
//! states of twelve philosophers, whose only end is one deadlock; see `benches/search.rs`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Sweep;
use super::key::Key;
use super::visited::SHARD_BITS;
use super::workers::{WORTH_SHARING, share};

/// A walk that has come so far gives up.
const LONGEST_WALK: usize = 1 << 12;

impl<K: Key> Sweep<'_, '_, K> {
    /// Returns true when every step takes its thread's block to one that it never had before.
    ///
    /// SOUND: every step changes the block of the thread that takes it, and whatever else a step changes in
    /// another thread's block is among the moves too. If no thread's moves form a cycle, number each thread's
    /// blocks along its moves: every step raises the sum of these numbers over all threads.
    pub(super) fn is_acyclic(&self) -> bool {
        !self.stands_still && (0..self.stage.fields.len()).all(|field| !self.moves_in_a_cycle(field))
    }

    fn moves_in_a_cycle(&self, field: usize) -> bool {
        let moves = || self.moves.iter().filter(|&&(of, ..)| of == field).map(|&(_, from, to)| (from, to));
        let count = self.stage.fields.count(field) as usize;
        let (mut incoming, mut next) = (vec![0_u32; count], vec![Vec::new(); count]);
        for (from, to) in moves() {
            incoming[to as usize] += 1;
            next[from as usize].push(to);
        }
        // Kahn's algorithm: what is never without incoming moves lies on a cycle or behind one.
        let mut free: Vec<usize> = (0..count).filter(|&number| incoming[number] == 0).collect();
        let mut sorted = 0;
        while let Some(number) = free.pop() {
            sorted += 1;
            for &to in &next[number] {
                incoming[to as usize] -= 1;
                if incoming[to as usize] == 0 {
                    free.push(to as usize);
                }
            }
        }
        sorted < count
    }

    /// Returns true when an end can be reached from every node.
    pub(super) fn all_alive(&self) -> bool {
        let alive = Flags::new(self);
        let workers = if self.stage.log.len() < WORTH_SHARING { 1 } else { self.workers };
        let left = Mutex::new(Vec::new());
        share(workers, self.shards.iter().enumerate(), Vec::new, |path, (number, shard)| {
            let top = K::of(number as u64) << (self.stage.mixer.bits - SHARD_BITS);
            for slot in 0..shard.slots() {
                if alive.has((number, slot)) {
                    continue;
                }
                if let Some(mixed) = shard.key_at(slot).map(|key| key | top)
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

    /// Walks from a node until it meets one that can end; then all nodes on the way can. False when the walk
    /// has become too long.
    fn finds_alive(&self, start: K, alive: &Flags, path: &mut Vec<(usize, usize)>) -> bool {
        path.clear();
        let mut random = Xoshiro256PlusPlus::seed_from_u64(start.low());
        let mut mixed = start;
        while path.len() < LONGEST_WALK {
            let flag = self.flag(mixed);
            if alive.has(flag) {
                break;
            }
            path.push(flag);
            match self.step_from(mixed, &mut random) {
                Some(next) => mixed = next,
                None => break,
            }
        }
        let met = path.len() < LONGEST_WALK;
        if met {
            path.iter().for_each(|&flag| alive.set(flag));
        }
        met
    }

    /// Takes some edge out of a node; `None` where the actor that is chosen can end the execution or nobody
    /// can go on.
    fn step_from(&self, mixed: K, random: &mut impl Rng) -> Option<K> {
        let stage = &self.stage;
        let key = stage.mixer.unmix(mixed);
        let draw = random.next_u64();
        let slots = stage.slots_of(key);
        let first = (draw as u32 as usize) % slots.len();
        let turned = slots.clone().skip(first).chain(slots.take(first));
        let mut leaves =
            turned.map(|slot| stage.effects.find(key, slot).expect("the node has been expanded"));
        let leaf = leaves.find(|leaf| leaf.total > 0)?;
        let edge = ((draw >> 32) as usize) % leaf.total as usize;
        let &(keep, set) = stage.effects.masks(leaf).get(edge)?;
        Some(stage.mixer.mix(key & keep | set))
    }

    /// Returns true, from now on for good, when an end lies behind a node or a successor can end.
    fn becomes_alive(&self, mixed: K, alive: &Flags) -> bool {
        let stage = &self.stage;
        let own = self.flag(mixed);
        if alive.has(own) {
            return true;
        }
        let key = stage.mixer.unmix(mixed);
        let mut leaves = Vec::new();
        stage.look_up(key, &mut leaves);
        let lives = |&(keep, set): &(K, K)| alive.has(self.flag(stage.mixer.mix(key & keep | set)));
        let can_end = leaves.is_empty()
            || leaves.iter().any(|leaf| leaf.total > leaf.nodes)
            || leaves.iter().any(|leaf| stage.effects.masks(leaf).iter().any(lives));
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
