//! Effects read backwards: which nodes may come before a node.
//!
//! What a lookup of a step has read, and what the step has changed, say what a node before another must have
//! been: the fields read held what they held when the step was learned, the others are what they are now. Only
//! a field that was written without being read may have held anything that it ever held. What is found so need
//! not be reachable; but if it is a node of the sweep, the step leads from it to where it was asked for.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::effects::{Effects, Leaf, Step};
use super::fields::{FieldId, Fields};
use super::key::Key;

/// An edge, read backwards.
#[derive(Debug)]
struct Back<K> {
    edge: u32,
    /// The bits that it leaves as they are, and what it makes of the others.
    keep: K,
    set: K,
    /// The bits that are read, and what they hold before.
    reads: K,
    held: K,
    /// The fields that are written without being read.
    blind: Vec<FieldId>,
}

/// What the actors of one machine do, backwards.
#[derive(Debug)]
pub struct Inverse<'s, K> {
    fields: &'s Fields,
    slots: usize,
    threads: Vec<FieldId>,
    /// By slot and by the number of the thread's block afterwards.
    edges: HashMap<(usize, u32), Vec<Back<K>>, FixedState>,
}

impl<'s, K: Key> Inverse<'s, K> {
    /// Reads all effects backwards.
    pub fn new(fields: &'s Fields, effects: &Effects<K>) -> Inverse<'s, K> {
        let slots = effects.slots();
        let threads = (0..slots).map(|slot| fields.of_thread(effects.thread(slot))).collect();
        let mut inverse = Inverse { fields, slots, threads, edges: HashMap::default() };
        effects.for_each_leaf(|slot, read, leaf| {
            for edge in leaf.first..leaf.first + leaf.nodes {
                inverse.add(slot, read, leaf, edge, effects);
            }
        });
        // A node is asked for the first step that leads on, in the order of slots and of a slot's edges.
        inverse.edges.values_mut().for_each(|edges| edges.sort_by_key(|back| back.edge));
        inverse
    }

    fn add(&mut self, slot: usize, read: &[(FieldId, u32)], leaf: &Leaf, edge: u32, effects: &Effects<K>) {
        let fields = self.fields;
        let ones = |field: FieldId| {
            let (shift, bits) = fields.place(field);
            if bits == 0 { K::default() } else { K::ones(bits) << shift }
        };
        let held = |&(field, number): &(FieldId, u32)| {
            let (shift, bits) = fields.place(field);
            if bits == 0 { K::default() } else { K::of(u64::from(number)) << shift }
        };
        let step: &Step = effects.step(edge);
        let (keep, set) = effects.masks(leaf)[(edge - leaf.first) as usize];
        let own = self.threads[slot];
        let is_own = |&&(field, _): &&(FieldId, u32)| field == own;
        let after = step.changes.iter().chain(read).find(is_own).expect("a thread's own block is read").1;
        let is_read = |field: FieldId| read.iter().any(|&(other, _)| other == field);
        let changed = step.changes.iter().map(|&(field, _)| field);
        self.edges.entry((slot, after)).or_default().push(Back {
            edge,
            keep,
            set,
            reads: read.iter().fold(K::default(), |all, &(field, _)| all | ones(field)),
            held: read.iter().fold(K::default(), |all, entry| all | held(entry)),
            blind: changed.filter(|&field| !is_read(field) && ones(field) != K::default()).collect(),
        });
    }

    /// Calls `found` with every key that may come before this one, and the edge between them.
    pub fn for_each_before(&self, key: K, mut found: impl FnMut(K, u32)) {
        for slot in 0..self.slots {
            let after = self.fields.read(key, self.threads[slot]);
            for back in self.edges.get(&(slot, after)).into_iter().flatten() {
                let leads_here = key & !back.keep == back.set;
                if leads_here && key & back.reads & back.keep == back.held & back.keep {
                    self.fill_in(key & back.keep | back.held, &back.blind, slot, back.edge, &mut found);
                }
            }
        }
    }

    /// Gives the fields that were not read everything that they may have held.
    fn fill_in(&self, key: K, blind: &[FieldId], slot: usize, edge: u32, found: &mut impl FnMut(K, u32)) {
        let Some((&field, others)) = blind.split_first() else { return found(key, edge) };
        let shift = self.fields.place(field).0;
        for number in 0..self.fields.count(field) {
            // The actors of a slot act in decisions, and a thread's in the midst of its own run.
            if field > 0 || number == 0 || number as usize == slot + 1 {
                self.fill_in(key | K::of(u64::from(number)) << shift, others, slot, edge, found);
            }
        }
    }
}
