//! The proviso: no step that can be taken is put off for ever.
//!
//! On a cycle of the reduced graph a stubborn set may leave out the same process in every state (the ignoring
//! problem). Ends do not mind, but faults, races, livelocks and expectations over states would be lost. The
//! condition here is the weakest of those in use (Valmari, "A stubborn attack on state explosion", CAV 1990;
//! Valmari and Hansen 2017, condition S): from every state a state can be reached in which nothing is left
//! out. A process that is left out on the way there is still about to take the same step, because the steps
//! taken do not touch it. The condition is looked at when everything has been searched, not on the way: then
//! only cycles that cannot be left are concerned, one state of each is expanded whole, and the search goes on.
//!
//! COST: time and memory linear in the edges, as often as something is left out for ever: seldom twice.

use super::edges::Head;
use super::search::{Kind, Space};
use super::store::NodeId;

/// Returns states to be expanded whole, so that every state can reach one where nothing is left out.
pub(super) fn left_out_for_ever(space: &Space<'_, '_>) -> Vec<NodeId> {
    if !space.is_any_partial() {
        return Vec::new();
    }
    let (starts, sources) = reversed(space);
    let mut safe = vec![false; space.len()];
    let mut work = Vec::new();
    for node in 0..space.len() as NodeId {
        let whole = !matches!(space.kinds[node as usize], Kind::Branch | Kind::FaultEnd);
        if whole && !space.is_partial(node) {
            spread(&starts, &sources, &mut safe, node, &mut work);
        }
    }
    let mut chosen = Vec::new();
    for node in (0..space.len() as NodeId).rev() {
        if !safe[node as usize] && space.is_partial(node) {
            chosen.push(node);
            spread(&starts, &sources, &mut safe, node, &mut work);
        }
    }
    chosen
}

/// Marks all nodes that a node can be reached from.
fn spread(starts: &[u32], sources: &[NodeId], safe: &mut [bool], node: NodeId, work: &mut Vec<NodeId>) {
    if std::mem::replace(&mut safe[node as usize], true) {
        return;
    }
    work.push(node);
    while let Some(node) = work.pop() {
        for &source in &sources[starts[node as usize] as usize..starts[node as usize + 1] as usize] {
            if !std::mem::replace(&mut safe[source as usize], true) {
                work.push(source);
            }
        }
    }
}

/// Turns the edges between nodes round: for each node, the nodes that lead to it.
fn reversed(space: &Space<'_, '_>) -> (Vec<u32>, Vec<NodeId>) {
    let nodes = || 0..space.len() as NodeId;
    let heads = |node: NodeId| {
        space.edges(node).filter_map(|edge| match edge.head {
            Head::Node(head) => Some(head as usize),
            Head::Sink(_) => None,
        })
    };
    let mut starts = vec![0_u32; space.len() + 1];
    for head in nodes().flat_map(heads) {
        starts[head + 1] += 1;
    }
    for index in 0..space.len() {
        starts[index + 1] += starts[index];
    }
    let mut free = starts.clone();
    let mut sources = vec![0; starts[space.len()] as usize];
    for node in nodes() {
        for head in heads(node) {
            sources[free[head] as usize] = node;
            free[head] += 1;
        }
    }
    (starts, sources)
}
