//! The levels of a count over a sweep: what is known of them, and their nodes with numbers of so many words.

use hashbrown::HashTable;
use num_bigint::BigUint;

use super::key::Key;

/// What a node takes in the table of a level: four bytes and a tag, and as much again for empty places.
pub const PLACE_BYTES: u64 = 12;

/// What is known of a level before it is counted.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many nodes it has.
    pub nodes: u64,
    /// The largest number of edges out of one, at least 1.
    pub most: u64,
    /// The least common multiple of what the random scheduler divides by; the largest number if that is too large.
    pub shares: u64,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { nodes: 0, most: 1, shares: 1 }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Plan {
    /// Adds what is known of other nodes.
    pub fn add(&mut self, other: &Plan) {
        self.nodes += other.nodes;
        self.most = self.most.max(other.most);
        self.shares = self.shares.saturating_mul(other.shares / gcd(self.shares, other.shares));
    }
}

/// How many words a number of each sort has on a level.
#[derive(Clone, Copy, Debug)]
pub struct Width {
    /// The ways to a node.
    pub ways: usize,
    /// Its probability.
    pub mass: usize,
}

impl Width {
    /// Returns how many words that is together.
    pub fn words(self) -> usize {
        self.ways + self.mass
    }
}

/// The nodes of one level with their numbers.
pub struct Level<K> {
    keys: Vec<K>,
    /// For each node the ways to it, then its probability.
    words: Vec<u64>,
    width: Width,
    table: HashTable<u32>,
}

impl<K: Key> Level<K> {
    /// Makes a level with room for so many nodes, and no node yet.
    pub fn new(nodes: u64, width: Width) -> Level<K> {
        let nodes = nodes as usize;
        Level {
            keys: Vec::with_capacity(nodes),
            words: Vec::with_capacity(nodes * width.words()),
            width,
            table: HashTable::with_capacity(nodes),
        }
    }

    /// Returns the ways to a node and its probability, zeros where it was not met yet.
    #[inline]
    pub fn numbers(&mut self, mixed: K, key: K) -> (&mut [u64], &mut [u64]) {
        let Level { keys, words, width, table } = self;
        // The low bits of a mixed key choose the place, and a table wants its highest bits to differ too.
        let hash = |mixed: K| mixed.low().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let at = match table.find(hash(mixed), |&at| keys[at as usize] == key) {
            Some(&at) => at as usize,
            None => {
                let at = keys.len();
                keys.push(key);
                words.resize(words.len() + width.words(), 0);
                table.insert_unique(hash(mixed), at as u32, |_| {
                    unreachable!("a level has room for its nodes")
                });
                at
            }
        };
        words[at * width.words()..][..width.words()].split_at_mut(width.ways)
    }

    /// Returns how many nodes were met.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Iterates over the nodes: the key of each, the ways to it and its probability.
    pub fn nodes(&self) -> impl Iterator<Item = (K, &[u64], &[u64])> {
        let node = |(index, &key): (usize, &K)| {
            let numbers = &self.words[index * self.width.words()..][..self.width.words()];
            let (ways, mass) = numbers.split_at(self.width.ways);
            (key, ways, mass)
        };
        self.keys.iter().enumerate().map(node)
    }
}

/// The ways to the ends of one class on one level, and their probability.
#[derive(Default)]
pub struct Sum {
    ways: Vec<u64>,
    mass: Vec<u64>,
}

impl Sum {
    /// Adds the ways to one more, and its probability times a factor.
    pub fn add(&mut self, ways: &[u64], mass: &[u64], factor: u64) {
        // A level has no more than 2^64 nodes and edges, and the factor no more than 64 bits.
        self.ways.resize(self.ways.len().max(ways.len() + 1), 0);
        self.mass.resize(self.mass.len().max(mass.len() + 2), 0);
        add(&mut self.ways, ways, 1);
        add(&mut self.mass, mass, factor);
    }

    /// Returns the ways and the probability.
    pub fn numbers(&self) -> (BigUint, BigUint) {
        (number(&self.ways), number(&self.mass))
    }
}

fn number(words: &[u64]) -> BigUint {
    BigUint::new(words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]).collect())
}

/// Adds `more * factor` to a sum that has room for the result.
#[inline(always)]
pub fn add(sum: &mut [u64], more: &[u64], factor: u64) {
    let mut carry = 0_u128;
    let (low, high) = sum.split_at_mut(more.len());
    for (sum, &more) in low.iter_mut().zip(more) {
        carry += u128::from(more) * u128::from(factor) + u128::from(*sum);
        *sum = carry as u64;
        carry >>= 64;
    }
    for sum in high {
        if carry == 0 {
            return;
        }
        carry += u128::from(*sum);
        *sum = carry as u64;
        carry >>= 64;
    }
    assert!(carry == 0, "a level has words for its numbers");
}

/// Adds `more * factor`, times all of the others, to a sum that has room for the result.
#[inline(always)]
pub fn add_scaled(sum: &mut [u64], more: &[u64], factor: u64, others: &[u64]) {
    if others.is_empty() {
        return add(sum, more, factor);
    }
    let mut scaled = vec![0; sum.len()];
    add(&mut scaled, more, factor);
    for &other in others {
        let before = std::mem::replace(&mut scaled, vec![0; sum.len()]);
        add(&mut scaled, &before, other);
    }
    add(sum, &scaled, 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_go_as_far_as_they_have_to() {
        let mut sum = [u64::MAX, u64::MAX, 6];
        add(&mut sum, &[u64::MAX], u64::MAX);
        // 7 * 2^128 - 1 and (2^64 - 1)^2 more.
        assert_eq!(sum, [0, u64::MAX - 1, 7]);
        let mut scaled = [1, 0, 0];
        add_scaled(&mut scaled, &[1 << 63], 2, &[1 << 63, 6]);
        assert_eq!(scaled, [1, 0, 3]);
    }

    #[test]
    fn a_level_shares_by_what_all_its_nodes_divide_by() {
        let mut plan = Plan::default();
        for shares in [4, 6, 3] {
            plan.add(&Plan { nodes: 1, most: shares, shares });
        }
        assert_eq!((plan.nodes, plan.most, plan.shares), (3, 6, 12));
        plan.add(&Plan { nodes: 1, most: 1, shares: u64::MAX - 1 });
        assert_eq!(plan.shares, u64::MAX, "too large a number stays one");
        plan.add(&Plan { nodes: 1, most: 1, shares: 7 });
        assert_eq!(plan.shares, u64::MAX);
    }

    #[test]
    fn a_node_is_met_once() {
        let mut level = Level::<u64>::new(2, Width { ways: 1, mass: 2 });
        for (key, ways) in [(5, 1), (9, 10), (5, 100)] {
            add(level.numbers(key << 40, key).0, &[ways], 1);
        }
        let numbers: Vec<(u64, u64)> = level.nodes().map(|(key, ways, _)| (key, ways[0])).collect();
        assert_eq!((numbers, level.len()), (vec![(5, 101), (9, 10)], 2));
    }
}
