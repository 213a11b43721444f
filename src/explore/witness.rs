//! Witnesses: for each goal a schedule with the fewest context switches and, among those, the fewest steps.
//!
//! Dijkstra's algorithm over pairs of a node and the thread that stepped last, with the cost (context
//! switches, steps) ordered lexicographically. A switch is a step of another thread than the last to step; a
//! store buffer's step is nobody's, and does not count as one. The first time a goal is settled its cost is
//! least, which is the proof that the schedule is minimal. Costs are small numbers, so the queue is a list a
//! cost, each first in, first out: ties are broken by the order of the expansion, and two searches agree.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::expand::Expander;
use super::search::{EdgeActor, Head, Space};
use super::store::NodeId;
use crate::program::ThreadId;
use crate::schedule::Schedule;
use crate::vm::{Action, Actor, Choice, State};

/// What a witness search looks for.
pub trait Goals {
    /// Returns how many goals there are; they are numbered from 0.
    fn count(&self) -> usize;
    /// Returns how many of them can be found; the search ends when it has found so many.
    fn findable(&self) -> usize;
    /// Appends the goals that a node shows. Called once for each node that is settled.
    fn at_node(&mut self, node: NodeId, state: &State, found: &mut Vec<usize>);
    /// Appends the goals that an end shows.
    fn at_sink(&mut self, sink: u32, found: &mut Vec<usize>);
}

/// The last thread to step is part of a pair; nobody has at the start.
const NOBODY: u32 = u32::MAX;

/// A node or sink, and who stepped last.
type Pair = (Place, u32);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Place {
    Node(NodeId),
    Sink(u32),
}

/// The pair before, and which edge out of its node leads here.
type Parent = Option<(Pair, u32)>;

type Queue = BTreeMap<(u32, u64), Vec<(Pair, Parent)>>;

/// Finds a minimal witness for each goal; `None` where the space does not show it.
pub fn find(space: &Space<'_, '_>, goals: &mut dyn Goals) -> Vec<Option<Schedule>> {
    let mut witnesses: Vec<Option<Schedule>> = vec![None; goals.count()];
    let mut missing = goals.findable();
    let mut settled: HashMap<Pair, Parent, foldhash::fast::FixedState> = HashMap::default();
    let mut seen = vec![false; space.len()];
    let mut state = space.machine.initial();
    let mut queue: Queue = BTreeMap::new();
    queue.insert((0, 0), vec![((Place::Node(0), NOBODY), None)]);
    let mut found = Vec::new();
    while missing > 0
        && let Some((cost, pairs)) = queue.pop_first()
    {
        for (pair, parent) in pairs {
            let Entry::Vacant(vacant) = settled.entry(pair) else { continue };
            vacant.insert(parent);
            found.clear();
            match pair.0 {
                Place::Node(node) => {
                    if !std::mem::replace(&mut seen[node as usize], true) {
                        space.store.load(node, &mut state);
                        goals.at_node(node, &state, &mut found);
                    }
                    relax(space, node, pair, cost, &mut queue);
                }
                Place::Sink(sink) => goals.at_sink(sink, &mut found),
            }
            for &goal in &found {
                if witnesses[goal].is_none() {
                    witnesses[goal] = Some(read_off(space, &settled, pair));
                    missing -= 1;
                }
            }
        }
    }
    witnesses
}

fn relax(space: &Space<'_, '_>, node: NodeId, pair: Pair, cost: (u32, u64), queue: &mut Queue) {
    for (index, edge) in space.edges(node).enumerate() {
        let (last, switched) = match edge.actor {
            EdgeActor::Thread(ThreadId(thread)) => (thread, pair.1 != NOBODY && pair.1 != thread),
            EdgeActor::Buffer(_) => (pair.1, false),
        };
        let head = match edge.head {
            Head::Node(node) => Place::Node(node),
            Head::Sink(sink) => Place::Sink(sink),
        };
        let cost = (cost.0 + u32::from(switched), cost.1 + u64::from(edge.steps));
        queue.entry(cost).or_default().push(((head, last), Some((pair, index as u32))));
    }
}

fn read_off(
    space: &Space<'_, '_>,
    settled: &HashMap<Pair, Parent, foldhash::fast::FixedState>,
    end: Pair,
) -> Schedule {
    let mut edges = Vec::new();
    let mut pair = end;
    while let Some((before, index)) = settled[&pair] {
        let Place::Node(node) = before.0 else { unreachable!("no edge leads out of a sink") };
        edges.push((node, index));
        pair = before;
    }
    edges.reverse();
    schedule_of(space, &edges)
}

/// Returns the steps of a path: nodes, each with the index of the edge that the path leaves it by.
pub fn schedule_of(space: &Space<'_, '_>, path: &[(NodeId, u32)]) -> Schedule {
    let mut scratch = Scratch::new(space);
    let mut schedule = Schedule::default();
    for &(node, index) in path {
        scratch.append_run(space, node, index, &mut schedule);
    }
    schedule
}

/// Returns the steps of one edge: the one with this index out of a node.
pub fn edge_run(space: &Space<'_, '_>, node: NodeId, index: u32) -> Schedule {
    schedule_of(space, &[(node, index)])
}

/// What is needed to take an edge's steps from the expansion again.
struct Scratch<'m, 'p> {
    expander: Expander<'m, 'p>,
    state: State,
}

impl<'m, 'p> Scratch<'m, 'p> {
    fn new(space: &Space<'m, 'p>) -> Scratch<'m, 'p> {
        Scratch { expander: Expander::new(space.machine), state: space.machine.initial() }
    }

    /// Appends the steps of an edge.
    fn append_run(&mut self, space: &Space<'m, 'p>, node: NodeId, wanted: u32, schedule: &mut Schedule) {
        let Scratch { expander, state } = self;
        let mode = space.store.load(node, state);
        expander.prepare(state, mode);
        let (mut index, mut taken) = (0, None);
        expander.expand(state, mode, &mut |successor| {
            if index == wanted {
                taken = Some((successor.actor, successor.choice, successor.steps));
            }
            index += 1;
            taken.is_none()
        });
        let (actor, choice, steps) = taken.expect("the path follows edges of the space");
        schedule.actions.push(Action { actor, choice });
        let rest = Action { actor: Actor::Thread(actor.thread()), choice: Choice::Only };
        schedule.actions.extend(std::iter::repeat_n(rest, steps as usize - 1));
    }
}
