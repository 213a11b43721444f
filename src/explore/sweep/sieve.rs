//! The sieve: most of what a batch leads to twice never gets to the visited set.

use super::key::Key;

/// Takes most repetitions out of the keys of one batch, in room that the nearest cache holds.
///
/// PERF: two thirds of the edges of a level lead to nodes that another edge of the same level leads to. A
/// table of one key a place, the newest, catches most of them without a look at the shard.
#[derive(Debug, Default)]
pub struct Sieve<K> {
    places: Vec<K>,
    passed: Vec<K>,
}

impl<K: Key> Sieve<K> {
    /// Returns how many bytes it holds.
    pub fn memory(&self) -> usize {
        (self.places.capacity() + self.passed.capacity()) * size_of::<K>()
    }

    /// Returns the keys of one shard, less some of those that are there already.
    pub fn passed<'k>(&mut self, bits: u32, lists: impl Iterator<Item = &'k [K]> + Clone) -> &[K] {
        self.passed.clear();
        let count: usize = lists.clone().map(<[K]>::len).sum();
        let Some(&first) = lists.clone().flatten().next() else { return &self.passed };
        let size = (2 * count).next_power_of_two().clamp(16, 1 << 14);
        // No key of this shard is the complement of another: they agree in the bits of the shard.
        self.places.clear();
        self.places.resize(size, !first);
        self.passed.reserve(count);
        let mask = K::ones(bits);
        for &key in lists.flatten() {
            let place = &mut self.places[key.low() as usize & (size - 1)];
            if (*place ^ key) & mask != K::default() {
                *place = key;
                self.passed.push(key);
            }
        }
        &self.passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_new_is_held_back() {
        let mut sieve = Sieve::default();
        // What lies above the bits of a key makes no difference, and the first of like keys passes.
        let keys: Vec<u64> = vec![1, 2, 1 << 20 | 1, 3, 2, 17, 1];
        let passed = sieve.passed(16, [&keys[..4], &keys[4..]].into_iter());
        assert_eq!(passed, [1, 2, 3, 17, 1]);
        assert!(sieve.passed(16, [&[][..]].into_iter()).is_empty());
    }
}
