//! The edges of a space, in rows, a row a node.

use std::ops::Range;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::store::{NodeId, make_room};
use crate::program::ThreadId;

/// Where an edge leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Head {
    /// To a node.
    Node(NodeId),
    /// To the end of the execution: an index into [`Space::sinks`](super::Space::sinks).
    Sink(u32),
}

/// An edge as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// Where it leads.
    pub head: Head,
    /// What it begins with: equal exactly for edges out of one node that begin with the same actor.
    pub actor: EdgeActor,
    /// How many steps it takes.
    pub steps: u32,
    /// Which threads change places on it, for [`Space::places`](super::Space::places).
    pub places: u32,
}

/// The actor of an edge, as far as it matters after the search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EdgeActor {
    /// This thread's step.
    Thread(ThreadId),
    /// A store buffer; the number tells the buffers of one node apart.
    Buffer(u32),
}

/// What marks a head as a sink, and an actor as a buffer.
pub(super) const TOP: u32 = 1 << 31;

/// An edge to be stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewEdge {
    /// A node, or `TOP` with a sink.
    pub head: u32,
    /// A thread, or `TOP` with a buffer's ordinal.
    pub actor: u32,
    /// How many steps it takes.
    pub steps: u32,
    /// Which threads change places on it; 0 where none do.
    pub places: u32,
}

/// Edges one after another.
#[derive(Debug, Default)]
struct Columns {
    /// A node, or `TOP` with a sink.
    heads: Vec<u32>,
    /// A thread, or `TOP` with a buffer's ordinal.
    actors: Vec<u32>,
    /// Steps; empty while every edge is one step.
    steps: Vec<u32>,
    /// Places; empty while no thread changes its place.
    places: Vec<u32>,
}

impl Columns {
    fn push(&mut self, new: NewEdge) {
        if new.steps != 1 && self.steps.is_empty() {
            self.steps = vec![1; self.heads.len()];
        }
        if new.places != 0 && self.places.is_empty() {
            self.places = vec![0; self.heads.len()];
        }
        make_room(&mut self.heads, 1);
        self.heads.push(new.head);
        make_room(&mut self.actors, 1);
        self.actors.push(new.actor);
        if !self.steps.is_empty() || new.steps != 1 {
            make_room(&mut self.steps, 1);
            self.steps.push(new.steps);
        }
        if !self.places.is_empty() || new.places != 0 {
            make_room(&mut self.places, 1);
            self.places.push(new.places);
        }
    }

    fn truncate(&mut self, len: usize) {
        self.heads.truncate(len);
        self.actors.truncate(len);
        self.steps.truncate(len);
        self.places.truncate(len);
    }

    fn get(&self, at: usize) -> Edge {
        Edge {
            head: match self.heads[at] {
                head if head & TOP == 0 => Head::Node(head),
                head => Head::Sink(head & !TOP),
            },
            actor: match self.actors[at] {
                actor if actor & TOP == 0 => EdgeActor::Thread(ThreadId(actor)),
                actor => EdgeActor::Buffer(actor & !TOP),
            },
            steps: self.steps.get(at).copied().unwrap_or(1),
            places: self.places.get(at).copied().unwrap_or(0),
        }
    }

    fn memory(&self) -> usize {
        let columns = [&self.heads, &self.actors, &self.steps, &self.places];
        columns.map(Vec::capacity).into_iter().sum::<usize>() * 4
    }
}

/// Edges in rows, in the order of the expansion.
#[derive(Debug, Default)]
pub(super) struct Edges {
    /// Where each node's row begins.
    rows: Vec<u64>,
    columns: Columns,
    /// The rows of nodes that were expanded a second time, whole.
    again: Columns,
    again_rows: HashMap<NodeId, Range<usize>, FixedState>,
    /// The node whose second row is the last.
    open: Option<NodeId>,
}

impl Edges {
    /// Begins the row of the next node.
    pub fn begin(&mut self) {
        self.open = None;
        make_room(&mut self.rows, 1);
        self.rows.push(self.columns.heads.len() as u64);
    }

    /// Begins another row for a node, in place of the one that it has.
    pub fn begin_again(&mut self, node: NodeId) {
        let at = self.again.heads.len();
        self.open = Some(node);
        self.again_rows.insert(node, at..at);
    }

    /// Takes the row that was begun last away again: the node keeps the one that it had.
    pub fn abandon_again(&mut self) {
        let row = self.open.take().and_then(|node| self.again_rows.remove(&node));
        if let Some(row) = row {
            self.again.truncate(row.start);
        }
    }

    /// Adds an edge to the row that was begun last.
    pub fn push(&mut self, edge: NewEdge) {
        match self.open {
            None => self.columns.push(edge),
            Some(node) => {
                self.again.push(edge);
                let row = self.again_rows.get_mut(&node).expect("the row was begun");
                row.end = self.again.heads.len();
            }
        }
    }

    /// Returns true when a node has a second row.
    pub fn is_again(&self, node: NodeId) -> bool {
        self.again_rows.contains_key(&node)
    }

    /// Iterates over a node's row.
    pub fn of(&self, node: NodeId) -> impl DoubleEndedIterator<Item = Edge> + ExactSizeIterator + '_ {
        let at = |index: usize| self.rows.get(index).map_or(self.columns.heads.len(), |&at| at as usize);
        let (columns, row) = match self.again_rows.get(&node) {
            Some(row) => (&self.again, row.clone()),
            None => (&self.columns, at(node as usize)..at(node as usize + 1)),
        };
        row.map(|at| columns.get(at))
    }

    /// Returns how many edges were added.
    pub fn added(&self) -> usize {
        self.columns.heads.len() + self.again.heads.len()
    }

    /// Returns how many bytes are held.
    pub fn memory(&self) -> usize {
        let again_rows = self.again_rows.allocation_size();
        self.rows.capacity() * 8 + self.columns.memory() + self.again.memory() + again_rows
    }
}
