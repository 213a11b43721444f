//! Counting traces: classes of schedules that differ only in the order of steps that do not touch each other
//! (Mazurkiewicz, "Concurrent Program Schemes and their Interpretations", DAIMI PB-78, 1977).
//!
//! With sleep sets (Godefroid, LNCS 1032, 1996, chapter 5) a search without visited set completes exactly one
//! execution of each trace. What it does below a node depends on the node and its sleep set alone, so the
//! executions are counted by dynamic programming over pairs of both: the number of times the search comes to
//! a pair is the sum over the pairs it comes from.
//!
//! Up to symmetry an edge that changes places renames the actors that sleep behind it. Which trace is counted by
//! which of its executions depends on the order in which actors are tried, how many there are does not; so it
//! does not matter that the order of the states that a node stands for is that of the node, renamed.
//!
//! A step that is a fault ends the execution, so it may not change places with anything: what happened before
//! it is part of the trace. Steps of one thread and of its store buffers keep their order.

use std::collections::BTreeMap;

use num_bigint::BigUint;

use super::components::Components;
use crate::explore::{Edge, EdgeActor, Head, Kind, NodeId, Reduction, Sink, Space};
use crate::program::ThreadId;
use crate::vm::{Actor, Footprint, State};

/// Numbers of classes of equivalent schedules, by how they end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Traces {
    /// Those that end in a final state.
    pub finals: BigUint,
    /// Those that end in a deadlock.
    pub deadlocks: BigUint,
    /// Those that end in a fault.
    pub faults: BigUint,
}

/// Actors that need not be taken, because what follows has been counted in another order.
type Asleep = Vec<Actor>;

/// What can be done at a node: an actor, what its step touches, whether it is a fault, and where it leads.
struct Move {
    actor: Actor,
    footprint: Footprint,
    is_fault: bool,
    edges: Vec<Edge>,
}

impl Move {
    fn may_swap_with(&self, other: &Move) -> bool {
        self.actor.thread() != other.actor.thread()
            && !self.is_fault
            && !other.is_fault
            && !self.footprint.conflicts_with(&other.footprint)
    }
}

/// Counts the traces of a space that was explored completely, without reductions but those that keep every
/// schedule. `None` where loops may make them infinite, and where a decision does not follow every step: there
/// swapping two steps can lead out of the schedules.
pub fn count_traces(space: &Space<'_, '_>, components: &Components) -> Option<Traces> {
    let steps_decide = space.machine.decides_after_every_step();
    let keeps_schedules = space.reduction.is_none_or(Reduction::keeps_schedules);
    if !steps_decide || components.any_cyclic() || space.cut.is_some() || !keeps_schedules {
        return None;
    }
    let mut traces = Traces::default();
    let mut arrived: Vec<BTreeMap<Asleep, BigUint>> = vec![BTreeMap::new(); space.len()];
    arrived[0].insert(Asleep::new(), BigUint::from(1_u32));
    let mut state = space.machine.initial();
    for &node in components.members.iter().rev() {
        let pairs = std::mem::take(&mut arrived[node as usize]);
        match space.kinds[node as usize] {
            Kind::Final => traces.finals += pairs.values().sum::<BigUint>(),
            Kind::Deadlock => traces.deadlocks += pairs.values().sum::<BigUint>(),
            _ => {
                space.store.load(node, &mut state);
                let moves = moves(space, node, &state);
                for (asleep, ways) in pairs {
                    go_on(space, &moves, asleep, &ways, &mut arrived, &mut traces);
                }
            }
        }
    }
    Some(traces)
}

fn moves(space: &Space<'_, '_>, node: NodeId, state: &State) -> Vec<Move> {
    let mut actors = Vec::new();
    space.machine.actors(state, &mut actors);
    let mut edges = space.edges(node).peekable();
    let mut moves = Vec::with_capacity(actors.len());
    for actor in actors {
        let mut of_actor = Vec::new();
        let mut first: Option<EdgeActor> = None;
        while let Some(edge) = edges.next_if(|edge| first.is_none_or(|first| edge.actor == first)) {
            first = Some(edge.actor);
            of_actor.push(edge);
        }
        let is_fault =
            |edge: &Edge| matches!(edge.head, Head::Sink(sink) if space.sinks[sink as usize] != Sink::Assume);
        let is_fault = of_actor.iter().any(is_fault);
        let footprint = space.machine.footprint(state, actor);
        moves.push(Move { actor, footprint, is_fault, edges: of_actor });
    }
    moves
}

/// Takes every move that is not asleep, in order; those taken sleep behind the later ones until a step that
/// they may not change places with wakes them.
fn go_on(
    space: &Space<'_, '_>,
    moves: &[Move],
    mut asleep: Asleep,
    ways: &BigUint,
    arrived: &mut [BTreeMap<Asleep, BigUint>],
    traces: &mut Traces,
) {
    for taken in moves {
        if asleep.contains(&taken.actor) {
            continue;
        }
        let sleeps_on = |other: &&Move| asleep.contains(&other.actor) && taken.may_swap_with(other);
        let behind: Asleep = moves.iter().filter(sleeps_on).map(|other| other.actor).collect();
        for &edge in &taken.edges {
            match edge.head {
                Head::Node(node) => {
                    let behind = space.places(edge).map_or(behind.clone(), |places| renamed(&behind, places));
                    *arrived[node as usize].entry(behind).or_default() += ways;
                }
                Head::Sink(sink) if space.sinks[sink as usize] != Sink::Assume => traces.faults += ways,
                Head::Sink(_) => {}
            }
        }
        asleep.push(taken.actor);
    }
}

/// Gives actors the names that their threads have behind an edge.
fn renamed(asleep: &[Actor], places: &[ThreadId]) -> Asleep {
    let rename = |&actor: &Actor| match actor {
        Actor::Thread(thread) => Actor::Thread(places[thread.index()]),
        Actor::Buffer(thread, cell) => Actor::Buffer(places[thread.index()], cell),
    };
    let mut renamed: Asleep = asleep.iter().map(rename).collect();
    renamed.sort_unstable();
    renamed
}
