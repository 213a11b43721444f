//! The visited set: every node ever reached, exactly, each once.
//!
//! A state's blocks (memory, objects, output, each thread) are interned one by one, and a node is the tuple
//! of their numbers with its mode: the collapse compression of Holzmann, "State Compression in SPIN" (SPIN
//! workshop 1997). Tuples are compared whole, so two states are never taken for one. Threads of one group
//! share an interner. A node costs 4 bytes a block, 4 for the mode and about 6 in the table.

use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::program::ThreadId;
use crate::vm::{Machine, State};

/// The number of a node: an index into the store, in order of discovery.
pub type NodeId = u32;

/// The most nodes a store holds; the numbers above name the sinks of edges.
pub const MAX_NODES: u64 = 1 << 31;

/// In what situation a node's state was reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// A scheduling decision is due, or nothing can go on.
    Decision,
    /// This thread goes on: its next step has several successors, or is a fault, or its run is long.
    Running(ThreadId),
}

impl Mode {
    pub(super) fn word(self) -> u32 {
        match self {
            Mode::Decision => 0,
            Mode::Running(thread) => thread.0 + 1,
        }
    }

    pub(super) fn from_word(word: u32) -> Mode {
        word.checked_sub(1).map_or(Mode::Decision, |thread| Mode::Running(ThreadId(thread)))
    }
}

/// Distinct slices of one length, numbered in order of appearance.
#[derive(Debug)]
pub(super) struct Interner {
    len: usize,
    words: Vec<i64>,
    table: HashTable<u32>,
}

impl Interner {
    /// Makes an interner of slices of this length.
    pub(super) fn new(len: usize) -> Interner {
        Interner { len, words: Vec::new(), table: HashTable::new() }
    }

    /// Returns how many distinct slices there are.
    pub(super) fn len(&self) -> u32 {
        self.table.len() as u32
    }

    pub(super) fn intern(&mut self, hasher: &FixedState, block: &[i64]) -> u32 {
        let Interner { len, words, table } = self;
        let at = |id: u32| &words[id as usize * *len..][..*len];
        let hash = hasher.hash_one(block);
        if let Some(&id) = table.find(hash, |&id| at(id) == block) {
            return id;
        }
        let id = u32::try_from(words.len() / *len).expect("a store of this size does not fit any memory");
        table.insert_unique(hash, id, |&id| hasher.hash_one(at(id)));
        words.extend_from_slice(block);
        id
    }

    pub(super) fn get(&self, id: u32) -> &[i64] {
        &self.words[id as usize * self.len..][..self.len]
    }

    pub(super) fn memory(&self) -> usize {
        self.words.capacity() * 8 + self.table.allocation_size()
    }
}

/// Makes room for so many more entries, and for an eighth of those that are there: a list that doubled would
/// take up to twice the memory that it needs.
pub(super) fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact((list.len() / 8).max(LEAST_ROOM).max(more));
    }
}

/// Room is made for this many entries at least.
const LEAST_ROOM: usize = 64;

/// The visited set.
#[derive(Debug)]
pub struct Store {
    blocks: Vec<Range<usize>>,
    /// Which interner each block uses.
    interner_of: Vec<usize>,
    interners: Vec<Interner>,
    /// Words of a key: the mode, then a number for each block.
    stride: usize,
    keys: Vec<u32>,
    table: HashTable<u32>,
    hasher: FixedState,
    key: Vec<u32>,
}

impl Store {
    /// Makes an empty store for a machine's states.
    pub fn new(machine: &Machine<'_>) -> Store {
        let blocks = machine.layout().blocks().to_vec();
        let threads = &machine.program().threads;
        let shared = blocks.len() - threads.len();
        let of_group = |group: usize| shared + group;
        let interner_of: Vec<usize> =
            (0..shared).chain(threads.iter().map(|group| of_group(group.index()))).collect();
        let groups = machine.program().groups.len();
        let mut interners: Vec<Interner> = (0..shared + groups).map(|_| Interner::new(0)).collect();
        for (block, &interner) in blocks.iter().zip(&interner_of) {
            interners[interner].len = block.len();
        }
        let stride = blocks.len() + 1;
        Store {
            blocks,
            interner_of,
            interners,
            stride,
            keys: Vec::new(),
            table: HashTable::new(),
            hasher: FixedState::default(),
            key: vec![0; stride],
        }
    }

    /// Returns the number of nodes.
    pub fn len(&self) -> usize {
        self.keys.len() / self.stride
    }

    /// Returns true when there is no node.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns how many bytes the store holds.
    pub fn memory(&self) -> usize {
        self.keys.capacity() * 4
            + self.table.allocation_size()
            + self.interners.iter().map(Interner::memory).sum::<usize>()
    }

    /// Finds a node, or adds it unless there are `most` already: then the answer is `None`. `source` is the
    /// node that the state was reached from, with its state: blocks that are the same there are not looked up
    /// again.
    pub fn insert(
        &mut self,
        mode: Mode,
        state: &State,
        source: Option<(NodeId, &State)>,
        most: u64,
    ) -> Option<NodeId> {
        let hash = self.prepare(mode, state, source);
        let Store { keys, table, key, stride, hasher, .. } = self;
        let at = |id: u32| &keys[id as usize * *stride..][..*stride];
        if let Some(&id) = table.find(hash, |&id| at(id) == key.as_slice()) {
            return Some(id);
        }
        let len = (keys.len() / *stride) as u64;
        if len >= most {
            return None;
        }
        let id = len as NodeId;
        table.insert_unique(hash, id, |&id| hasher.hash_one(at(id)));
        make_room(keys, key.len());
        keys.extend_from_slice(key);
        Some(id)
    }

    /// Returns how many bytes more are held while the next node is added: where the table is full, its
    /// nodes go to one of twice the size.
    pub fn growth(&self) -> usize {
        if self.table.len() == self.table.capacity() { 2 * self.table.allocation_size() } else { 0 }
    }

    /// Finds the node of a mode whose state is that of another node.
    pub fn find_twin(&self, node: NodeId, mode: Mode) -> Option<NodeId> {
        let mut key = self.key_of(node).to_vec();
        key[0] = mode.word();
        let hash = self.hasher.hash_one(key.as_slice());
        self.table.find(hash, |&id| self.key_of(id) == key.as_slice()).copied()
    }

    /// Fills in a node's state and returns its mode.
    pub fn load(&self, node: NodeId, state: &mut State) -> Mode {
        let key = self.key_of(node);
        let words = state.words_mut();
        for ((block, &interner), &id) in self.blocks.iter().zip(&self.interner_of).zip(&key[1..]) {
            words[block.clone()].copy_from_slice(self.interners[interner].get(id));
        }
        Mode::from_word(key[0])
    }

    /// Returns a node's mode.
    pub fn mode(&self, node: NodeId) -> Mode {
        Mode::from_word(self.key_of(node)[0])
    }

    fn key_of(&self, node: NodeId) -> &[u32] {
        &self.keys[node as usize * self.stride..][..self.stride]
    }

    /// Computes the key of a state into `self.key` and returns its hash.
    fn prepare(&mut self, mode: Mode, state: &State, source: Option<(NodeId, &State)>) -> u64 {
        self.key[0] = mode.word();
        let words = state.words();
        for (index, block) in self.blocks.iter().enumerate() {
            let now = &words[block.clone()];
            self.key[index + 1] = match source {
                Some((node, before)) if before.words()[block.clone()] == *now => {
                    self.keys[node as usize * self.stride + index + 1]
                }
                _ => self.interners[self.interner_of[index]].intern(&self.hasher, now),
            };
        }
        self.hasher.hash_one(self.key.as_slice())
    }
}
