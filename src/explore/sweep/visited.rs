//! The visited set of a sweep: an exact set of mixed keys in less room than the keys themselves take.
//!
//! A mixed key is cut into the number of a shard, a home bucket in it, and the rest; only the rest is stored,
//! with how many buckets it lies from home (quotienting: Knuth, TAOCP 3, exercise 6.4-13; Cleary, "Compact
//! Hash Tables Using Bidirectional Linear Probing", IEEE TC 33(9), 1984. Cleary marks runs of slots by bits;
//! storing the distance instead is simpler and costs half a byte). So two keys are taken for one only if they
//! are the same. A slot has as many bytes as the rest needs: 2 for most programs. A table grows by itself,
//! shard by shard, because slot and place tell the key.
//!
//! PERF: a bucket is one cache line, or two for wide keys, and all its slots are compared at once, which the
//! compiler turns into vector instructions. Open addressing slot by slot took 48 ns for each of the 37 million
//! edges of four threads that increment three times; see `benches/search` for what buckets take. Buckets of a
//! group of keys are touched before the first is compared, so that their cache misses overlap.
//!
//! Nothing here knows what a key stands for.

use super::bucket::{Bucket, Bytes2, Bytes3, Bytes4, Bytes5, Bytes6, Bytes8, Wide8, Wide12, Wide16};
use super::key::Key;
use super::sieve::Sieve;

/// The number of shards is 2 to this.
pub const SHARD_BITS: u32 = 8;

/// The number of shards. Each belongs to one worker at a time.
pub const SHARDS: usize = 1 << SHARD_BITS;

/// The bits of a slot that hold the distance from home, plus one so that no slot in use is zero.
const DISTANCE_BITS: u32 = 4;

/// The farthest a key lies from home; beyond that the shard grows.
const FARTHEST: u64 = (1 << DISTANCE_BITS) - 2;

/// How many keys are looked at ahead.
const AHEAD: usize = 16;

/// The buckets of a shard, of whatever width it needs.
pub trait Table<K>: Send + Sync + std::fmt::Debug {
    /// Adds keys and appends those that were not there to `new`; returns how many keys it got through before
    /// one found no room.
    fn insert_all(&mut self, shape: Shape, keys: &[K], new: &mut Vec<K>) -> usize;
    /// Adds keys that are not there; false when one of them found no room.
    fn move_in(&mut self, shape: Shape, keys: &[K]) -> bool;
    /// Returns the slot of a key, if it is there.
    fn slot_of(&self, shape: Shape, key: K) -> Option<usize>;
    /// Returns the key in a slot, without the number of the shard.
    fn key_at(&self, shape: Shape, slot: usize) -> Option<K>;
    /// Appends all keys, each as [`Self::key_at`] returns it.
    fn keys_into(&self, shape: Shape, keys: &mut Vec<K>);
    /// Returns how many slots there are.
    fn slots(&self) -> usize;
    /// Returns how many bytes are held.
    fn memory(&self) -> usize;
}

/// How the keys of a shard are cut.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The bits of a key that are not its shard's number.
    bits: u32,
    /// The number of buckets is 2 to this.
    log: u32,
}

impl Shape {
    /// Where a key begins to look, and what it leaves in a slot at home.
    #[inline(always)]
    fn place<K: Key>(self, key: K) -> (usize, K) {
        let own = key & K::ones(self.bits);
        let rest_bits = self.bits - self.log;
        let home = if self.log == 0 { 0 } else { (own >> rest_bits).low() as usize };
        (home, (own & K::ones(rest_bits)) << DISTANCE_BITS | K::of(1))
    }

    /// The key that left this entry in this bucket, where the last one has this number. No entry ends in distance
    /// bits that are all zero.
    #[inline(always)]
    fn key<K: Key>(self, at: usize, entry: K, last: usize) -> K {
        let distance = (entry & K::ones(DISTANCE_BITS)).low() as usize - 1;
        let home = at.wrapping_sub(distance) & last;
        K::of(home as u64) << (self.bits - self.log) | entry >> DISTANCE_BITS
    }
}

impl<K: Key, B: Bucket<K> + Send + Sync + std::fmt::Debug> Table<K> for Vec<B> {
    fn insert_all(&mut self, shape: Shape, keys: &[K], new: &mut Vec<K>) -> usize {
        let mut done = 0;
        for group in keys.chunks(AHEAD) {
            let touched = group.iter().fold(0, |all, &key| all ^ self[shape.place(key).0].touch());
            std::hint::black_box(touched);
            for &key in group {
                let (home, entry) = shape.place(key);
                match insert(self, home, entry) {
                    Met::Known => {}
                    Met::New => new.push(key),
                    Met::Crowded => return done,
                }
                done += 1;
            }
        }
        done
    }

    fn move_in(&mut self, shape: Shape, keys: &[K]) -> bool {
        let wrap = self.len() - 1;
        keys.iter().all(|&key| {
            let (home, entry) = shape.place(key);
            (0..=FARTHEST).any(|distance| {
                let bucket = &mut self[(home + distance as usize) & wrap];
                let used = bucket.used();
                if used < B::SLOTS {
                    bucket.set(used, entry.plus(distance));
                }
                used < B::SLOTS
            })
        })
    }

    fn slot_of(&self, shape: Shape, key: K) -> Option<usize> {
        let (home, entry) = shape.place(key);
        for distance in 0..=FARTHEST {
            let at = (home + distance as usize) & (self.len() - 1);
            let entry = entry.plus(distance);
            if let Some(slot) = self[at].position(entry) {
                return Some(at * B::SLOTS + slot);
            }
            if self[at].used() < B::SLOTS {
                return None;
            }
        }
        None
    }

    fn key_at(&self, shape: Shape, slot: usize) -> Option<K> {
        let at = slot / B::SLOTS;
        let entry = self[at].get(slot % B::SLOTS);
        (entry != K::default()).then(|| shape.key(at, entry, self.len() - 1))
    }

    fn keys_into(&self, shape: Shape, keys: &mut Vec<K>) {
        for (at, bucket) in self.iter().enumerate() {
            keys.extend((0..bucket.used()).map(|slot| shape.key(at, bucket.get(slot), self.len() - 1)));
        }
    }

    fn slots(&self) -> usize {
        self.len() * B::SLOTS
    }

    fn memory(&self) -> usize {
        size_of_val(self.as_slice())
    }
}

/// What became of a key.
enum Met {
    /// It was there.
    Known,
    /// It was added.
    New,
    /// There is no room near its home.
    Crowded,
}

#[inline(always)]
fn insert<K: Key, B: Bucket<K>>(buckets: &mut [B], home: usize, entry: K) -> Met {
    let wrap = buckets.len() - 1;
    for distance in 0..=FARTHEST {
        let bucket = &mut buckets[(home + distance as usize) & wrap];
        let entry = entry.plus(distance);
        if bucket.holds(entry) {
            return Met::Known;
        }
        let used = bucket.used();
        if used < B::SLOTS {
            bucket.set(used, entry);
            return Met::New;
        }
    }
    Met::Crowded
}

/// One part of a visited set.
#[derive(Debug)]
pub struct Shard<K> {
    shape: Shape,
    len: usize,
    table: Box<dyn Table<K>>,
    /// How far it may grow: the number of buckets is 2 to this at most.
    most_log: u32,
    /// How many keys it will probably have.
    expected: usize,
    /// Keys were left out, because it may not grow.
    full: bool,
}

/// A shard that will probably have so many times the keys that it has grows by two steps at once.
const WORTH_TWO_STEPS: usize = 3;

impl<K: Key> Shard<K> {
    /// Makes an empty shard for keys of so many bits in all.
    pub fn new(key_bits: u32) -> Shard<K> {
        Shard::with_shape(Shape { bits: key_bits - SHARD_BITS, log: 0 })
    }

    /// Makes an empty shard with room for so many keys.
    pub fn with_room(key_bits: u32, keys: usize) -> Shard<K> {
        let mut shard = Shard::new(key_bits);
        while shard.room() < keys {
            shard = Shard::with_shape(Shape { log: shard.shape.log + 1, ..shard.shape });
        }
        shard
    }

    fn with_shape(shape: Shape) -> Shard<K> {
        let table = K::table(shape.bits - shape.log + DISTANCE_BITS, 1 << shape.log);
        Shard { shape, len: 0, table, most_log: u32::MAX, expected: 0, full: false }
    }

    /// Returns what power of two the number of its buckets is.
    pub fn log(&self) -> u32 {
        self.shape.log
    }

    /// Says how far it may grow.
    pub fn may_grow_to(&mut self, log: u32) {
        self.most_log = log;
    }

    /// Says how many keys it will probably have.
    pub fn expect(&mut self, keys: usize) {
        self.expected = keys;
    }

    /// Returns true when keys were left out, because the shard may not grow.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Returns how many bytes it holds.
    pub fn memory(&self) -> usize {
        self.table.memory()
    }

    /// Adds mixed keys of this shard, given in lists; appends those that were not there to `new`, in order.
    /// Where it may not grow, what finds no room is left out.
    pub fn insert_all<'k>(
        &mut self,
        lists: impl Iterator<Item = &'k [K]> + Clone,
        new: &mut Vec<K>,
        sieve: &mut Sieve<K>,
    ) {
        self.insert_distinct(sieve.passed(self.shape.bits + SHARD_BITS, lists), new);
    }

    fn insert_distinct(&mut self, keys: &[K], new: &mut Vec<K>) {
        let mut rest = keys;
        while !rest.is_empty() {
            // Room for a whole chunk is made before it, so that a full shard is met between chunks only.
            let room = self.room();
            if room == 0 {
                if !self.grow() {
                    return;
                }
                continue;
            }
            let chunk = &rest[..room.min(rest.len())];
            let before = new.len();
            let done = self.table.insert_all(self.shape, chunk, new);
            self.len += new.len() - before;
            rest = &rest[done..];
            if done < chunk.len() && !self.grow() {
                return;
            }
        }
    }

    /// Returns the slot of a mixed key that is there; [`Self::slots`] says how many slots there are.
    pub fn slot_of(&self, key: K) -> Option<usize> {
        self.table.slot_of(self.shape, key)
    }

    /// Returns the key in a slot, without the number of the shard.
    pub fn key_at(&self, slot: usize) -> Option<K> {
        self.table.key_at(self.shape, slot)
    }

    /// Returns the number of slots.
    pub fn slots(&self) -> usize {
        self.table.slots()
    }

    /// How many keys may be added before the shard grows. It is kept five sixths full at most, unless it has
    /// a slot for every key there is.
    fn room(&self) -> usize {
        let slots = self.table.slots();
        let most = if slots >> self.shape.bits.min(63) > 0 { slots } else { slots / 6 * 5 };
        most.saturating_sub(self.len)
    }

    /// Makes the table twice as large, or four times; false where it may not grow.
    fn grow(&mut self) -> bool {
        if self.shape.log >= self.most_log {
            self.full = true;
            return false;
        }
        let mut keys = Vec::with_capacity(self.len);
        self.table.keys_into(self.shape, &mut keys);
        let steps = if self.expected / WORTH_TWO_STEPS > self.len { 2 } else { 1 };
        let most = self.most_log.min(self.shape.bits);
        let mut log = most.min(self.shape.log + steps);
        loop {
            assert!(log <= self.shape.bits, "a shard with a bucket for every key is never crowded");
            let mut grown = Shard::with_shape(Shape { log, ..self.shape });
            // What was there keeps its place, whatever that takes.
            if grown.table.move_in(grown.shape, &keys) {
                self.shape = grown.shape;
                self.table = grown.table;
                return true;
            }
            log += 1;
        }
    }
}

/// Makes so many buckets with so many bits a slot.
pub fn narrow_table(bits: u32, count: usize) -> Box<dyn Table<u64>> {
    match bits.div_ceil(8) {
        0..=2 => Box::new(vec![Bytes2::default(); count]),
        3 => Box::new(vec![Bytes3::default(); count]),
        4 => Box::new(vec![Bytes4::default(); count]),
        5 => Box::new(vec![Bytes5::default(); count]),
        6 => Box::new(vec![Bytes6::default(); count]),
        _ => Box::new(vec![Bytes8::default(); count]),
    }
}

/// Makes so many buckets with so many bits a slot, for wide keys.
pub fn wide_table(bits: u32, count: usize) -> Box<dyn Table<u128>> {
    match bits.div_ceil(8) {
        0..=8 => Box::new(vec![Wide8::default(); count]),
        9..=12 => Box::new(vec![Wide12::default(); count]),
        _ => Box::new(vec![Wide16::default(); count]),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn agrees_with_a_hash_set<K: Key>(bits: u32, keys: impl Iterator<Item = K>) {
        let mut shard = Shard::<K>::new(bits + SHARD_BITS);
        let mut expected = HashSet::new();
        let mut sieve = Sieve::default();
        let keys: Vec<K> = keys.map(|key| key & K::ones(bits)).collect();
        for batch in keys.chunks(1000) {
            let mut new = Vec::new();
            shard.insert_all([batch].into_iter(), &mut new, &mut sieve);
            let fresh: Vec<K> = batch.iter().copied().filter(|&key| expected.insert(key)).collect();
            assert_eq!(new, fresh);
        }
        assert_eq!(shard.len, expected.len());
        assert!(keys.iter().all(|&key| shard.slot_of(key).is_some()));
        let absent = (0..1000).map(|n| K::of(n * 7919) & K::ones(bits)).filter(|key| !expected.contains(key));
        assert!(absent.into_iter().all(|key| shard.slot_of(key).is_none()));
    }

    fn scrambled(count: u64) -> impl Iterator<Item = u64> {
        (0..count).map(|n| (n / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n >> 7)
    }

    #[test]
    fn it_is_an_exact_set() {
        for bits in [10, 13, 20, 31, 44, 56] {
            agrees_with_a_hash_set(bits, scrambled(20_000));
        }
        for bits in [20, 70, 120] {
            agrees_with_a_hash_set(bits, scrambled(20_000).map(|n| u128::from(n) << 50 | u128::from(n)));
        }
    }

    #[test]
    fn keys_that_crowd_one_home_make_it_grow() {
        agrees_with_a_hash_set(40, (0..3000_u64).map(|n| n << 22));
        agrees_with_a_hash_set(12, 0..4096_u64);
    }
}
