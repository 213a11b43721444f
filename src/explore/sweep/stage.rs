//! What a sweep reads while it expands a batch, by as many workers as there are; nothing here changes then.

use std::ops::Range;

use super::chains::Size;
use super::claims::{Claims, Look};
use super::effects::{Effects, Leaf};
use super::fields::Fields;
use super::key::{Key, Mixer};
use super::log::Log;
use super::visited::{SHARD_BITS, SHARDS};
use crate::vm::{Access, Machine};

/// What is known while a batch is expanded.
#[derive(Debug)]
pub struct Stage<K> {
    pub fields: Fields,
    pub effects: Effects<K>,
    pub mixer: Mixer<K>,
    /// How many bits above a mixed key say which slots [`sleep`](super::sleep); none where none does.
    pub sleepers: u32,
    pub log: Log<K>,
    /// Which pairs of accesses need not be looked at again.
    pub pairs: Pairs,
    /// What claims over states look at, and what they have seen.
    pub claims: Claims<K>,
}

/// What comes out of the expansion of some nodes.
#[derive(Debug)]
pub struct Piece<K> {
    /// The mixed keys of the successors, by shard.
    pub heads: Vec<Vec<K>>,
    /// The nodes that have to be looked at one by one: something about them is new.
    pub aside: Vec<usize>,
    pub sums: Sums<K>,
    keys: Vec<K>,
}

/// What is counted where nodes are expanded.
#[derive(Debug, Default)]
pub struct Sums<K> {
    /// The heads that are running nodes, once for each edge.
    pub running: Vec<K>,
    /// The nodes of which it is not known that they come nearer to an end.
    pub doubtful: Vec<usize>,
    /// Edges to decisions, final states and deadlocks.
    pub transitions: u128,
    /// How many states more than nodes there are.
    pub surplus: u128,
}

impl<K: Key> Sums<K> {
    /// Counts the states of a node and the edges out of them.
    #[inline(always)]
    pub fn count(&mut self, size: Size) {
        self.transitions += size.transitions;
        self.surplus += u128::from(size.states - 1);
    }
}

impl<K: Key> Piece<K> {
    pub fn new() -> Piece<K> {
        Piece { heads: vec![Vec::new(); SHARDS], aside: Vec::new(), sums: Sums::default(), keys: Vec::new() }
    }

    pub fn clear(&mut self) {
        self.heads.iter_mut().for_each(Vec::clear);
        self.aside.clear();
        self.sums = Sums::default();
    }

    /// Returns how many edges were followed.
    pub fn followed(&self) -> u64 {
        self.heads.iter().map(|heads| heads.len() as u64).sum()
    }

    pub fn memory(&self) -> usize {
        let heads: usize = self.heads.iter().map(Vec::capacity).sum();
        (heads + self.keys.capacity() + self.sums.running.capacity()) * size_of::<K>()
            + (self.aside.capacity() + self.sums.doubtful.capacity()) * size_of::<usize>()
    }
}

/// Room for what the actors of one node do.
pub type Leaves<'s> = Vec<&'s Leaf>;

impl<K: Key> Stage<K> {
    /// Expands nodes of the log; those that show something new are put aside.
    pub fn expand(&self, nodes: Range<usize>, piece: &mut Piece<K>) {
        let mut keys = std::mem::take(&mut piece.keys);
        self.log.read_into(nodes.start, nodes.len(), &mut keys);
        let mut leaves = Vec::with_capacity(self.effects.slots());
        for (index, &word) in nodes.zip(&keys) {
            let key = self.mixer.unmix(word);
            if let Some(size) = self.familiar(key, &mut leaves) {
                piece.sums.count(size);
                if self.is_doubtful(&leaves) {
                    piece.sums.doubtful.push(index);
                }
                self.emit(word, key, &leaves, piece);
            } else {
                piece.aside.push(index);
            }
        }
        piece.keys = keys;
    }

    /// Returns true when leaves are marked and none says that a node whose actors do this comes nearer to an end.
    #[inline(always)]
    pub fn is_doubtful(&self, leaves: &[&Leaf]) -> bool {
        self.effects.foreseen.is_some()
            && !leaves.is_empty()
            && !leaves.iter().any(|leaf| leaf.comes_nearer())
    }

    /// Looks up what the actors of a node do, and how large it is; `None` where something about the node is new.
    #[inline(always)]
    fn familiar<'s>(&'s self, key: K, leaves: &mut Leaves<'s>) -> Option<Size> {
        let size = self.gather(key, leaves)?;
        if self.mode(key) > 0 {
            return leaves.first().is_some_and(|leaf| !leaf.faults).then_some(size);
        }
        let accesses = leaves.iter().filter(|leaf| leaf.access > 0).count();
        let is_familiar = !leaves.is_empty()
            && !size.overflows
            && (accesses < 2 || self.pairs.knows_all(leaves))
            && self.claims.know(&self.fields, key);
        is_familiar.then_some(size)
    }

    /// Looks up what the actors of a node can do, and how large it is; `None` where something was not met yet.
    #[inline(always)]
    fn gather<'s>(&'s self, key: K, leaves: &mut Leaves<'s>) -> Option<Size> {
        leaves.clear();
        let mut size = Size::ONE;
        for slot in self.slots_of(key) {
            let (leaf, blocks) = self.effects.find(key, slot)?;
            size.add(blocks, leaf.decisions);
            if leaf.total > 0 {
                leaves.push(leaf);
            }
        }
        Some(size)
    }

    #[inline(always)]
    fn mode(&self, key: K) -> u32 {
        if self.fields.count(0) > 1 { self.fields.read(key, 0) } else { 0 }
    }

    /// Returns the slots whose actors may be chosen at a node.
    #[inline(always)]
    pub fn slots_of(&self, key: K) -> Range<usize> {
        let mode = self.mode(key);
        if mode > 0 { mode as usize - 1..mode as usize } else { 0..self.effects.slots() }
    }

    /// Looks up what the actors of a node do that has been expanded, and how large it is.
    #[inline(always)]
    pub fn look_up<'s>(&'s self, key: K, leaves: &mut Leaves<'s>) -> Size {
        self.gather(key, leaves).expect("the node has been expanded")
    }

    /// Returns the shard of a mixed key.
    #[inline(always)]
    pub fn shard(&self, mixed: K) -> usize {
        (mixed >> (self.mixer.bits - SHARD_BITS)).low() as usize & (SHARDS - 1)
    }
}

/// Pairs of accesses, of which those that race have to be reported once.
#[derive(Debug, Default)]
pub struct Pairs {
    /// The table has room for accesses with numbers from 1 to less than this; others are never known.
    size: usize,
    /// For each pair in both orders, whether there is nothing to report any more.
    known: Vec<bool>,
}

/// More accesses than this are not kept in a square table.
const MOST_ACCESSES: usize = 1 << 12;

impl Pairs {
    #[inline(always)]
    fn knows(&self, a: u32, b: u32) -> bool {
        self.place(a as usize, b as usize).is_some_and(|place| self.known[place])
    }

    /// Where a pair is in the table; `None` where it has no room for one of the two.
    #[inline(always)]
    fn place(&self, a: usize, b: usize) -> Option<usize> {
        (a < self.size && b < self.size).then_some(a * self.size + b)
    }

    #[inline(always)]
    fn knows_all(&self, leaves: &[&Leaf]) -> bool {
        leaves.iter().enumerate().all(|(index, a)| {
            a.access == 0 || leaves[..index].iter().all(|b| b.access == 0 || self.knows(a.access, b.access))
        })
    }

    /// Makes room for new accesses; pairs that do not race are known.
    pub fn fit(&mut self, accesses: &[(Access, crate::program::Addr)]) {
        if accesses.len() < self.size || accesses.len() >= MOST_ACCESSES {
            return;
        }
        let size = (accesses.len() + 1).next_power_of_two().max(16);
        let mut known = vec![false; size * size];
        for (a, (first, _)) in accesses.iter().enumerate() {
            for (b, (second, _)) in accesses.iter().enumerate() {
                let was = self.knows(a as u32 + 1, b as u32 + 1);
                known[(a + 1) * size + b + 1] = was || !first.races_with(*second);
            }
        }
        *self = Pairs { size, known };
    }

    /// Marks all pairs of a node's accesses as reported.
    pub fn settle(&mut self, leaves: &[Leaf]) {
        let numbers: Vec<usize> = leaves.iter().map(|leaf| leaf.access as usize).filter(|&n| n > 0).collect();
        for &a in &numbers {
            for &b in &numbers {
                let is_pair = a != b || numbers.iter().filter(|&&number| number == a).count() > 1;
                if let Some(place) = self.place(a, b).filter(|_| is_pair) {
                    self.known[place] = true;
                }
            }
        }
    }
}

impl<K: Key> Stage<K> {
    /// Knows nothing but the first node.
    pub fn new(machine: &Machine<'_>, looks: &[Look]) -> Stage<K> {
        let fields = Fields::new(machine);
        let mixer = Mixer::new(fields.key_bits());
        let claims = Claims::new(looks, &fields);
        let log = Log::new(mixer.bits);
        Stage {
            effects: Effects::new(machine, &fields),
            sleepers: 0,
            mixer,
            log,
            pairs: Pairs::default(),
            claims,
            fields,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Addr;
    use crate::vm::AccessKind;

    #[test]
    fn accesses_beyond_the_table_are_always_looked_at() {
        let read = |cell| (Access { cell, kind: AccessKind::Read }, Addr(cell));
        let mut accesses: Vec<_> = (0..MOST_ACCESSES as u32 - 1).map(read).collect();
        let mut pairs = Pairs::default();
        pairs.fit(&accesses);
        assert!(pairs.knows(2, 900), "two reads do not race");
        let size = pairs.size as u32;
        accesses.extend((0..2000).map(|cell| read(size + cell)));
        pairs.fit(&accesses);
        assert!(!pairs.knows(1, size + 900) && !pairs.knows(size + 900, 1));
    }
}
