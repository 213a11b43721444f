//! Counting: in how many schedules, and with what probability, each end is reached.
//!
//! Dynamic programming over the graph, forwards: the number of ways to a node is the sum over the edges into
//! it of the ways to their tails. Components are taken in topological order; ways that pass through a cycle
//! are infinitely many. Probabilities go the same way, see [`probability`] for cycles.

use hashbrown::HashMap;
use num_bigint::BigUint;

use super::components::Components;
use super::number::{Count, Probability};
use super::probability;
use crate::explore::{EdgeActor, Head, NodeId, Space};

/// The ends to count: final states, deadlocks and faults, sorted into classes.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// How many classes there are.
    pub classes: usize,
    /// The class of each final state and deadlock.
    pub of_node: HashMap<NodeId, usize, foldhash::fast::FixedState>,
    /// The class of each sink; `None` for failed `ASSUME`s.
    pub of_sink: Vec<Option<usize>>,
}

/// What counting found.
#[derive(Clone, PartialEq, Debug)]
pub struct Counts {
    /// The number of schedules: infinite where executions without end are possible.
    pub schedules: Count,
    /// For each class of ends, its schedules.
    pub classes: Vec<Count>,
    /// For each class of ends, its probability; empty where that was not asked for.
    pub probabilities: Vec<Probability>,
}

impl Ends {
    pub(super) fn class(&self, head: Head) -> Option<usize> {
        match head {
            Head::Node(node) => self.of_node.get(&node).copied(),
            Head::Sink(sink) => self.of_sink[sink as usize],
        }
    }
}

/// Counts the schedules of a space that was explored completely, and computes the probabilities if asked to.
pub fn count(
    space: &Space<'_, '_>,
    components: &Components,
    ends: &Ends,
    with_probabilities: bool,
) -> Counts {
    let ways = ways(space, components, ends);
    let mut schedules = if components.any_cyclic() { Count::Infinite } else { Count::zero() };
    for class in &ways {
        schedules += class;
    }
    let probabilities =
        if with_probabilities { probability::of_classes(space, components, ends) } else { Vec::new() };
    Counts { schedules, classes: ways, probabilities }
}

/// Counts the paths to each class of ends.
fn ways(space: &Space<'_, '_>, components: &Components, ends: &Ends) -> Vec<Count> {
    let mut classes = vec![Count::zero(); ends.classes];
    let mut ways: Vec<Count> = vec![Count::zero(); space.len()];
    ways[0] = Count::Finite(BigUint::from(1_u32));
    for component in (0..components.len() as u32).rev() {
        let nodes = components.nodes(component);
        if components.cyclic[component as usize] {
            for &node in nodes {
                ways[node as usize] = Count::Infinite;
            }
        }
        for &node in nodes {
            let here = std::mem::replace(&mut ways[node as usize], Count::zero());
            if let Some(class) = ends.class(Head::Node(node)) {
                classes[class] += &here;
            }
            for edge in space.edges(node) {
                match edge.head {
                    Head::Node(head) if components.of[head as usize] != component => {
                        ways[head as usize] += &here
                    }
                    Head::Node(_) => {}
                    Head::Sink(_) => {
                        if let Some(class) = ends.class(edge.head) {
                            classes[class] += &here;
                        }
                    }
                }
            }
        }
    }
    classes
}

/// Calls `visit` with the head of each edge out of a node and the number by which the random scheduler
/// divides the node's probability on it: the number of actors, times the number of the step's successors.
pub(super) fn for_each_share(space: &Space<'_, '_>, node: NodeId, mut visit: impl FnMut(Head, u64)) {
    let actors = runs(space, node).count() as u64;
    for (_, choices) in runs(space, node) {
        let divisor = actors * choices.len() as u64;
        for head in choices {
            visit(head, divisor);
        }
    }
}

/// Groups the edges out of a node by the actor they begin with.
fn runs<'s>(space: &'s Space<'_, '_>, node: NodeId) -> impl Iterator<Item = (EdgeActor, Vec<Head>)> + 's {
    let mut edges = space.edges(node).peekable();
    std::iter::from_fn(move || {
        let first = edges.next()?;
        let mut heads = vec![first.head];
        while let Some(edge) = edges.next_if(|edge| edge.actor == first.actor) {
            heads.push(edge.head);
        }
        Some((first.actor, heads))
    })
}
