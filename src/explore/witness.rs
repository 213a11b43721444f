//! Witnesses: for each goal a schedule with the fewest context switches and, among those, the fewest steps.
//!
//! Dijkstra's algorithm over pairs of a node and the thread that stepped last, with the cost (context
//! switches, steps) ordered lexicographically. A switch is a step of another thread than the last to step; a
//! store buffer's step is nobody's, and does not count as one. Where threads change places on an edge, the last
//! thread moves with them: the pairs are then those of the whole graph up to symmetry, with the same costs, if
//! symmetry is all that reduces the space. The first time a goal is settled its cost is
//! least, which is the proof that the schedule is minimal. Costs are small numbers, so the queue is a list a
//! cost, each first in, first out: ties are broken by the order of the expansion, and two searches agree.
//!
//! A pair costs 4 bytes, for the pair before it, and 8 for each time it is in the queue. Where there are more
//! than [`MOST_PAIRS`], or they find no room, the last thread is left out of the search: witnesses then have the
//! fewest steps, and [`Witnesses::minimal`] is false.

use std::collections::BTreeMap;

use super::edges::{Edge, EdgeActor, Head};
use super::expand::Expander;
use super::reduction::Reduction;
use super::search::Space;
use super::store::NodeId;
use crate::program::{Addr, ThreadId};
use crate::schedule::Schedule;
use crate::vm::{Action, Actor, Choice, State};

/// The most pairs of a node and a thread that are searched: 256 MiB.
const MOST_PAIRS: u64 = 1 << 26;

/// What a pair takes, the queue included.
const PAIR_BYTES: u64 = 16;

/// What a witness search looks for.
pub trait Goals {
    /// Returns how many goals there are; they are numbered from 0.
    fn count(&self) -> usize;
    /// Returns how many of them can be found; the search ends when it has found so many.
    fn findable(&self) -> usize;
    /// Returns true while some goal can only be told from the state of a node.
    fn needs_state(&self) -> bool;
    /// Appends the goals that a node shows. Called once for each node that is settled; `state` is the node's
    /// where [`needs_state`](Self::needs_state) said so.
    fn at_node(&mut self, node: NodeId, state: Option<&State>, found: &mut Vec<usize>);
    /// Appends the goals that an end shows.
    fn at_sink(&mut self, sink: u32, found: &mut Vec<usize>);
}

/// What a witness search found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witnesses {
    /// A witness for each goal; `None` where the space does not show it.
    pub schedules: Vec<Option<Schedule>>,
    /// True when they are proved to have the fewest context switches, then the fewest steps.
    pub minimal: bool,
}

/// A pair that was not settled.
const OPEN: u32 = u32::MAX;

/// The pair before the first: no pair.
const START: u32 = u32::MAX - 1;

/// A node with the thread that stepped last, as a number; sinks are numbered behind all pairs of nodes.
type Pair = u32;

type Queue = BTreeMap<(u32, u64), Vec<(Pair, Pair)>>;

struct Search<'s, 'm, 'p> {
    space: &'s Space<'m, 'p>,
    /// How many last threads are told apart: 1 where they are left out, else nobody and each thread.
    lasts: u32,
    /// For each pair the one before it.
    before: Vec<u32>,
    queue: Queue,
}

/// Finds a witness for each goal. There is room for so many bytes.
pub fn find(space: &Space<'_, '_>, goals: &mut dyn Goals, room: u64) -> Witnesses {
    let threads = space.machine.program().threads.len() as u64;
    let pairs = space.len() as u64 * (threads + 1);
    let minimal = pairs <= MOST_PAIRS.min(room / PAIR_BYTES);
    let lasts = if minimal { threads as u32 + 1 } else { 1 };
    let before = vec![OPEN; space.len() * lasts as usize + space.sinks.len()];
    let mut search = Search { space, lasts, before, queue: BTreeMap::new() };
    Witnesses { schedules: search.run(goals), minimal }
}

impl Search<'_, '_, '_> {
    fn run(&mut self, goals: &mut dyn Goals) -> Vec<Option<Schedule>> {
        let mut witnesses: Vec<Option<Schedule>> = vec![None; goals.count()];
        let mut missing = goals.findable();
        let mut seen = vec![false; self.space.len()];
        let mut state = self.space.machine.initial();
        self.queue.insert((0, 0), vec![(0, START)]);
        let mut found = Vec::new();
        while missing > 0
            && let Some((cost, pairs)) = self.queue.pop_first()
        {
            for (pair, before) in pairs {
                if self.before[pair as usize] != OPEN {
                    continue;
                }
                self.before[pair as usize] = before;
                found.clear();
                match self.place(pair) {
                    Head::Node(node) => {
                        if !std::mem::replace(&mut seen[node as usize], true) {
                            let needed = goals.needs_state();
                            if needed {
                                self.space.store.load(node, &mut state);
                            }
                            goals.at_node(node, needed.then_some(&state), &mut found);
                        }
                        self.relax(pair, node, cost);
                    }
                    Head::Sink(sink) => goals.at_sink(sink, &mut found),
                }
                for &goal in &found {
                    if witnesses[goal].is_none() {
                        witnesses[goal] = Some(self.read_off(pair));
                        missing -= 1;
                    }
                }
            }
        }
        witnesses
    }

    fn place(&self, pair: Pair) -> Head {
        let sinks = self.space.len() as u64 * u64::from(self.lasts);
        match u64::from(pair).checked_sub(sinks) {
            Some(sink) => Head::Sink(sink as u32),
            None => Head::Node(pair / self.lasts),
        }
    }

    /// Returns the pair that an edge leads to, and whether it is a context switch.
    fn follow(&self, pair: Pair, edge: Edge) -> (Pair, bool) {
        let last = pair % self.lasts;
        let (mut next, switched) = match edge.actor {
            EdgeActor::Thread(ThreadId(thread)) if self.lasts > 1 => {
                (thread + 1, last != 0 && last != thread + 1)
            }
            _ => (last, false),
        };
        if let Some(places) = self.space.places(edge)
            && let Some(thread) = next.checked_sub(1)
        {
            next = places[thread as usize].0 + 1;
        }
        let head = match edge.head {
            Head::Node(node) => node * self.lasts + next,
            Head::Sink(sink) => self.space.len() as u32 * self.lasts + sink,
        };
        (head, switched)
    }

    fn relax(&mut self, pair: Pair, node: NodeId, cost: (u32, u64)) {
        let space = self.space;
        for edge in space.edges(node) {
            let (next, switched) = self.follow(pair, edge);
            if self.before[next as usize] == OPEN {
                let cost = (cost.0 + u32::from(switched), cost.1 + u64::from(edge.steps));
                self.queue.entry(cost).or_default().push((next, pair));
            }
        }
    }

    /// Goes back from a settled pair to the start. Of the edges between two pairs the cheapest is the one
    /// that settled the second; equally cheap ones are equally good.
    fn read_off(&self, end: Pair) -> Schedule {
        let mut path = Vec::new();
        let mut pair = end;
        while self.before[pair as usize] != START {
            let before = self.before[pair as usize];
            let node = before / self.lasts;
            let edges = self.space.edges(node).enumerate();
            let leading = edges.filter(|&(_, edge)| self.follow(before, edge).0 == pair);
            let cost = |edge: Edge| (self.follow(before, edge).1, edge.steps);
            let (index, _) = leading.min_by_key(|&(_, edge)| cost(edge)).expect("an edge led here");
            path.push((node, index as u32));
            pair = before;
        }
        path.reverse();
        schedule_of(self.space, &path)
    }
}

/// Returns the steps of a path: nodes, each with the index of the edge that the path leaves it by. Where threads
/// change places on the way, the steps are renamed so that they lead to the very state at the path's end.
pub fn schedule_of(space: &Space<'_, '_>, path: &[(NodeId, u32)]) -> Schedule {
    let mut scratch = Scratch::new(space);
    let mut runs = Vec::with_capacity(path.len());
    for &(node, index) in path {
        runs.push(scratch.run(space, node, index));
    }
    if let Some(symmetry) = space.reduction.and_then(Reduction::symmetry) {
        let mut names: Vec<ThreadId> = space.machine.program().thread_ids().collect();
        let mut element = 0;
        for run in runs.iter_mut().rev() {
            if let Some(order) = &run.order {
                let mut before = names.clone();
                for (place, from) in order.iter().enumerate() {
                    before[from.index()] = names[place];
                }
                names = before;
                element = symmetry.product(run.element, element);
            }
            run.schedule = symmetry.renamed(&run.schedule, &names, element, run.site);
        }
    }
    Schedule { actions: runs.into_iter().flat_map(|run| run.schedule.actions).collect() }
}

/// Returns the steps of one edge: the one with this index out of a node.
pub fn edge_run(space: &Space<'_, '_>, node: NodeId, index: u32) -> Schedule {
    Scratch::new(space).run(space, node, index).schedule
}

/// The steps of an edge, and how its end has become a representative.
struct EdgeSteps {
    schedule: Schedule,
    /// Where the first step is.
    site: Option<Addr>,
    /// The order of the threads behind it, if that is another.
    order: Option<Vec<ThreadId>>,
    /// What the group made of its end before the threads were sorted.
    element: usize,
}

/// What is needed to take an edge's steps from the expansion again.
struct Scratch<'m, 'p> {
    expander: Expander<'m, 'p>,
    state: State,
}

impl<'m, 'p> Scratch<'m, 'p> {
    fn new(space: &Space<'m, 'p>) -> Scratch<'m, 'p> {
        Scratch { expander: Expander::new(space.machine, space.reduction), state: space.machine.initial() }
    }

    fn run(&mut self, space: &Space<'m, 'p>, node: NodeId, wanted: u32) -> EdgeSteps {
        let Scratch { expander, state } = self;
        let mode = space.store.load(node, state);
        expander.prepare(state, mode, space.is_whole(node));
        let (mut index, mut taken) = (0, None);
        expander.expand(state, mode, &mut |successor| {
            if index == wanted {
                let moved = successor.moved.map(|moved| (moved.order.to_vec(), moved.element));
                taken = Some((successor.actor, successor.choice, successor.steps, moved));
            }
            index += 1;
            taken.is_none()
        });
        let (actor, choice, steps, moved) = taken.expect("the path follows edges of the space");
        let rest = Action { actor: Actor::Thread(actor.thread()), choice: Choice::Only };
        let first = std::iter::once(Action { actor, choice });
        let actions = first.chain(std::iter::repeat_n(rest, steps as usize - 1)).collect();
        let site = space.machine.pc(state, actor.thread());
        let (order, element) = moved.map_or((None, 0), |(order, element)| (Some(order), element));
        EdgeSteps { schedule: Schedule { actions }, site, order, element }
    }
}
