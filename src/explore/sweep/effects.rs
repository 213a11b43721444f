//! Effects: what a thread's step does, found out once and looked up from then on.
//!
//! What a step does depends on the thread's own block and on the few fields that it reads. So the first time
//! it is met, the expansion executes it and notes which fields it touched; from then on a lookup by the
//! numbers of these fields, one after another, answers what the execution would. A million states often need
//! no more than some thousand executions. (Harmony memoizes steps likewise; LTSmin calls such an effect a
//! transition of a partitioned next-state function: Blom, van de Pol, Weber, CAV 2010. Here the fields are
//! found while executing, so nothing has to be declared.)
//!
//! SOUND: a lookup follows the same fields in the same order as the execution that it stands for, because
//! which field a step touches next is decided by what it has read so far. Whatever a step changes counts as
//! read. The footprint of every instruction that is met is noted before it is executed, and that of the one
//! before which a run ends, where that decides whether it ends.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::chains::Chains;
use super::fields::{Bits, FieldId, Fields};
use super::key::Key;
use super::moves::Ranks;
use super::tables::{Table, Tables};
use crate::program::{Addr, MemoryModel, ThreadId};
use crate::vm::{Access, Action, Machine};

/// Values of a field beyond this many are looked up in a table of their own.
pub(super) const DENSE: u32 = 1 << 12;

/// Where a lookup stands: 0 is unknown, an odd number a leaf, an even one a branch.
pub(super) type Place = u32;

/// A field that a lookup asks for, and where each of its numbers leads.
#[derive(Debug)]
pub(super) struct Branch {
    pub field: FieldId,
    /// Where the field is in a key, kept here so that a lookup need not ask for it.
    pub bits: Bits,
    pub children: Vec<Place>,
}

/// Where lookups of a slot begin: what the thread's block is.
#[derive(Debug)]
pub(super) struct Root {
    pub field: FieldId,
    /// Where the field is in a key.
    pub bits: Bits,
    /// Where each block leads.
    pub blocks: Vec<Place>,
    /// Where the chain of each head leads.
    pub ways: Vec<Way>,
}

/// A chain, as lookups see it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Way {
    /// Where its last block leads.
    pub place: Place,
    /// How many blocks it has.
    pub blocks: u32,
    /// The same as a table.
    pub table: Table,
}

impl Root {
    fn new(fields: &Fields, field: FieldId) -> Root {
        Root { field, bits: fields.bits_of(field), blocks: Vec::new(), ways: Vec::new() }
    }
}

/// Everything that one actor can do, where it was learned.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// The first of its edges; those to decisions come first, then those to running nodes, then ends.
    pub first: u32,
    /// How many edges lead to decisions.
    pub decisions: u32,
    /// How many edges lead to nodes.
    pub nodes: u32,
    /// How many edges there are; none when the actor is not enabled.
    pub total: u32,
    /// True when one of them is a fault.
    pub faults: bool,
    /// True when nothing else sees the step, which is the only one: see [`chains`](super::chains).
    pub is_private: bool,
    /// True when one of them can never be taken again; false for what was learned since leaves were last marked.
    pub advances: bool,
    /// True when one of them leads nearer to an end, by the ranks that leaves were last marked by.
    pub approaches: bool,
    /// The access that is about to happen, by number; 0 when there is none that can race.
    pub access: u32,
    /// The slot, as a set of slots, where these are told apart.
    pub slot: u64,
    /// The fields that it reads or writes, as a set of fields; those of 64 and more share an element with others.
    pub touches: u64,
    /// The fields among them that it writes.
    pub writes: u64,
}

impl Leaf {
    /// Returns true when nothing that one of two effects changes is read or changed by the other.
    #[inline(always)]
    pub fn is_independent_of(&self, other: &Leaf) -> bool {
        other.writes & self.touches | other.touches & self.writes == 0
    }
}

/// What is known of an edge, beside where it leads.
#[derive(Clone, Debug)]
pub struct Step {
    /// The first step.
    pub action: Action,
    /// How many steps it takes.
    pub steps: u32,
    /// The end that it leads to.
    pub sink: Option<u32>,
    /// The fields that it changes, each with its number afterwards.
    pub changes: Vec<(FieldId, u32)>,
    /// What it makes of threads' blocks: the field, its number before and after. The block of the thread itself
    /// is always there.
    pub moves: Vec<(FieldId, u32, u32)>,
}

impl Step {
    /// Returns what it makes of a field, if it changes it.
    fn to(&self, field: FieldId) -> Option<u32> {
        self.changes.iter().find(|change| change.0 == field).map(|change| change.1)
    }
}

/// What the actors of one machine do, as far as it has been met.
#[derive(Debug)]
pub struct Effects<K> {
    pub(super) threads: usize,
    pub(super) roots: Vec<Root>,
    pub(super) branches: Vec<Branch>,
    /// How many bytes branches and steps hold apart from themselves.
    pub(super) apart: usize,
    pub(super) sparse: HashMap<(u32, u32), Place, FixedState>,
    pub(super) tables: Tables,
    pub(super) leaves: Vec<Leaf>,
    /// What an edge keeps of a key and what it sets.
    pub(super) masks: Vec<(K, K)>,
    pub(super) steps: Vec<Step>,
    pub(super) accesses: HashMap<(u32, Addr), u32, FixedState>,
    /// The accesses, by number less one.
    pub access_list: Vec<(Access, Addr)>,
    /// Which blocks lie on one chain.
    pub chains: Chains,
    /// The ranks by which leaves are marked ahead of the search.
    pub foreseen: Option<Ranks>,
}

impl<K: Key> Effects<K> {
    /// Knows nothing yet. There is a slot for each thread and, where stores are buffered, another for each
    /// thread's buffers.
    pub fn new(machine: &Machine<'_>, fields: &Fields) -> Effects<K> {
        let threads = machine.program().threads.len();
        let buffered = machine.models().memory != MemoryModel::Sc;
        Effects {
            threads,
            roots: (0..if buffered { 2 * threads } else { threads })
                .map(|slot| Root::new(fields, fields.of_thread(ThreadId((slot % threads) as u32))))
                .collect(),
            branches: Vec::new(),
            apart: 0,
            sparse: HashMap::default(),
            tables: Tables::default(),
            leaves: Vec::new(),
            masks: Vec::new(),
            steps: Vec::new(),
            accesses: HashMap::default(),
            access_list: Vec::new(),
            chains: Chains::default(),
            foreseen: None,
        }
    }

    /// Returns the number of slots.
    pub fn slots(&self) -> usize {
        self.roots.len()
    }

    /// Returns the thread of a slot.
    pub fn thread(&self, slot: usize) -> ThreadId {
        ThreadId((slot % self.threads) as u32)
    }

    /// Looks up what a slot's actors do at the corner of a node, and how many blocks the chain there has; `None` where
    /// that was not met yet.
    #[inline(always)]
    pub fn find(&self, key: K, slot: usize) -> Option<(&Leaf, u32)> {
        let root = &self.roots[slot];
        let way = root.ways.get(root.bits.of(key) as usize)?;
        let leaf = match self.tables.leaf(&way.table, key) {
            Some(leaf) => leaf,
            None => self.descend(way.place, |branch| branch.bits.of(key))?,
        };
        Some((&self.leaves[leaf], way.blocks))
    }

    /// Looks up what a slot's actors do at a state whose fields are numbered so.
    pub fn find_by_row(&self, row: &[u32], slot: usize) -> Option<&Leaf> {
        let root = &self.roots[slot];
        let place = *root.blocks.get(row[root.field] as usize)?;
        self.descend(place, |branch| row[branch.field]).map(|leaf| &self.leaves[leaf])
    }

    /// Goes from branch to branch; returns the number of the leaf that this leads to, where it is known.
    #[inline(always)]
    pub(super) fn descend(&self, mut place: Place, number: impl Fn(&Branch) -> u32) -> Option<usize> {
        while place & 1 == 0 {
            let branch = self.branches.get((place >> 1).checked_sub(1)? as usize)?;
            place = self.child(place, branch, number(branch));
        }
        Some((place >> 1) as usize)
    }

    /// Leads a chain of so many blocks on from its last one, which is known; `None` where it ends there.
    pub fn lead_on(&mut self, slot: usize, from: u32, len: u32) -> Option<u32> {
        let (field, step) = (self.roots[slot].field, self.private_step(slot, from)?);
        let to = step.to(field)?;
        self.chains.lead_on(field, from, to, len).then_some(to)
    }

    /// Returns the private step from a block of a slot's thread, if its step is known to be one.
    fn private_step(&self, slot: usize, block: u32) -> Option<&Step> {
        let place = *self.roots[slot].blocks.get(block as usize)?;
        let leaf = (place & 1 == 1).then(|| &self.leaves[(place >> 1) as usize])?;
        leaf.is_private.then(|| self.step(leaf.first))
    }

    /// Keeps the chain of a head: its last block, which is known, and how many blocks it has.
    pub fn keep_way(&mut self, slot: usize, head: u32, end: u32, blocks: u32) {
        let root = &mut self.roots[slot];
        if root.ways.len() <= head as usize {
            root.ways.resize(head as usize + 1, Way::default());
        }
        let way = &mut root.ways[head as usize];
        (way.place, way.blocks) = (root.blocks[end as usize], blocks);
        self.tabulate(slot, head as usize);
    }

    /// Calls `visit` with the steps along the chain of a head.
    pub fn for_each_on_chain(&self, slot: usize, head: u32, mut visit: impl FnMut(u32, &Step)) {
        let (field, mut at) = (self.roots[slot].field, head);
        while let Some(step) = self.private_step(slot, at) {
            let Some(to) = step.to(field).filter(|&to| self.chains.before(field, to) == Some(at)) else {
                return;
            };
            visit(to, step);
            at = to;
        }
    }

    /// Returns the steps of a slot's thread from the head of a chain to this block on it.
    pub fn steps_to(&self, slot: usize, block: u32) -> Vec<&Step> {
        let field = self.roots[slot].field;
        let before = std::iter::successors(Some(block), |&at| self.chains.before(field, at)).skip(1);
        let mut steps: Vec<&Step> = before.filter_map(|at| self.private_step(slot, at)).collect();
        steps.reverse();
        steps
    }

    #[inline(always)]
    pub(super) fn child(&self, place: Place, branch: &Branch, number: u32) -> Place {
        let child = match branch.children.get(number as usize) {
            None if number >= DENSE => self.sparse.get(&(place, number)),
            child => child,
        };
        child.copied().unwrap_or(0)
    }

    /// Returns what the edges of a leaf that lead to nodes keep of a key and set.
    #[inline(always)]
    pub fn masks(&self, leaf: &Leaf) -> &[(K, K)] {
        &self.masks[leaf.first as usize..(leaf.first + leaf.nodes) as usize]
    }

    /// Calls `visit` for every leaf with its slot and what a lookup reads on the way to it.
    pub fn for_each_leaf(&self, mut visit: impl FnMut(usize, &[(FieldId, u32)], &Leaf)) {
        let mut sparse: HashMap<Place, Vec<(u32, Place)>, FixedState> = HashMap::default();
        for (&(place, number), &child) in &self.sparse {
            sparse.entry(place).or_default().push((number, child));
        }
        let mut read = Vec::new();
        for (slot, root) in self.roots.iter().enumerate() {
            for (head, way) in root.ways.iter().enumerate().filter(|(_, way)| way.place > 0) {
                read.push((root.field, head as u32));
                self.visit_place(way.place, slot, &sparse, &mut read, &mut visit);
                read.pop();
            }
        }
    }

    fn visit_place(
        &self,
        place: Place,
        slot: usize,
        sparse: &HashMap<Place, Vec<(u32, Place)>, FixedState>,
        read: &mut Vec<(FieldId, u32)>,
        visit: &mut impl FnMut(usize, &[(FieldId, u32)], &Leaf),
    ) {
        if place & 1 == 1 {
            return visit(slot, read, &self.leaves[(place >> 1) as usize]);
        }
        let branch = &self.branches[(place >> 1) as usize - 1];
        let dense = branch.children.iter().enumerate().map(|(number, &child)| (number as u32, child));
        let others = sparse.get(&place).into_iter().flatten().copied();
        for (number, child) in dense.chain(others).filter(|&(_, child)| child > 0) {
            read.push((branch.field, number));
            self.visit_place(child, slot, sparse, read, visit);
            read.pop();
        }
    }

    /// Returns an edge.
    pub fn step(&self, edge: u32) -> &Step {
        &self.steps[edge as usize]
    }

    /// Makes the masks anew for the places that fields have now.
    pub fn fit(&mut self, fields: &Fields) {
        self.masks = self.steps.iter().map(|step| mask(fields, step)).collect();
        self.branches.iter_mut().for_each(|branch| branch.bits = fields.bits_of(branch.field));
        self.roots.iter_mut().for_each(|root| root.bits = fields.bits_of(root.field));
        self.tabulate_all();
    }

    /// Returns how many effects are known.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Takes away the edges to nodes of all effects learned since there were so many: nothing has followed them.
    pub fn close_from(&mut self, known: usize) {
        for leaf in &mut self.leaves[known..] {
            (leaf.decisions, leaf.nodes) = (0, 0);
        }
    }

    /// Returns how many bytes are held, nearly.
    pub fn memory(&self) -> usize {
        self.roots
            .iter()
            .map(|root| root.blocks.capacity() * 4 + root.ways.capacity() * size_of::<Way>())
            .sum::<usize>()
            + self.chains.memory()
            + self.apart
            + self.branches.capacity() * size_of::<Branch>()
            + self.sparse.allocation_size()
            + self.tables.memory()
            + self.leaves.capacity() * size_of::<Leaf>()
            + self.masks.capacity() * size_of::<(K, K)>()
            + self.steps.capacity() * size_of::<Step>()
    }
}

impl Branch {
    pub fn new(fields: &Fields, field: FieldId) -> Branch {
        Branch { field, bits: fields.bits_of(field), children: Vec::new() }
    }
}

/// Says where a number leads.
pub(super) fn set(children: &mut Vec<Place>, number: usize, child: Place) {
    if children.len() <= number {
        children.resize(number + 1, 0);
    }
    children[number] = child;
}

/// What an edge keeps of a key and what it sets.
pub(super) fn mask<K: Key>(fields: &Fields, step: &Step) -> (K, K) {
    let changes = step.changes.iter().filter(|&&(field, _)| fields.place(field).1 > 0);
    changes.fold((!K::default(), K::default()), |(keep, set), &(field, number)| {
        let (shift, bits) = fields.place(field);
        (keep & !(K::ones(bits) << shift), set | K::of(u64::from(number)) << shift)
    })
}
