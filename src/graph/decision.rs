//! The decision graph as a petgraph graph, for whoever wants to ask it something new.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::explore::{Head, Kind, NodeId, Sink, Space};
use crate::schedule::Schedule;
use crate::vm::State;

/// A node of the decision graph.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GraphNode {
    /// What it is; an end of an execution that is no state of its own (a fault or a failed `ASSUME` right
    /// behind a decision) is a node too, see [`GraphNode::sink`].
    pub kind: Kind,
    /// The state; `None` for sinks.
    pub state: Option<State>,
    /// How executions end here; `None` for states.
    pub sink: Option<Sink>,
}

/// An edge of the decision graph: the steps from one decision to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GraphEdge {
    /// The steps.
    pub run: Schedule,
}

/// The decision graph of a program under its models.
#[derive(Clone, Debug)]
pub struct DecisionGraph {
    /// The graph; node 0 is the initial state.
    pub graph: DiGraph<GraphNode, GraphEdge>,
}

impl DecisionGraph {
    /// Copies a space into a petgraph graph. Every state is written out, which takes far more memory than the
    /// space itself: bound the search first.
    pub fn new(space: &Space<'_, '_>) -> DecisionGraph {
        let mut graph = DiGraph::with_capacity(space.len() + space.sinks.len(), 0);
        let mut state = space.machine.initial();
        for node in 0..space.len() as NodeId {
            space.store.load(node, &mut state);
            let kind = space.kinds[node as usize];
            graph.add_node(GraphNode { kind, state: Some(state.clone()), sink: None });
        }
        let sinks: Vec<NodeIndex> = space
            .sinks
            .iter()
            .map(|&sink| graph.add_node(GraphNode { kind: Kind::FaultEnd, state: None, sink: Some(sink) }))
            .collect();
        for node in 0..space.len() as NodeId {
            for (index, edge) in space.edges(node).enumerate() {
                let head = match edge.head {
                    Head::Node(head) => NodeIndex::new(head as usize),
                    Head::Sink(sink) => sinks[sink as usize],
                };
                let run = crate::explore::edge_run(space, node, index as u32);
                graph.add_edge(NodeIndex::new(node as usize), head, GraphEdge { run });
            }
        }
        graph.retain_nodes(|graph, node| {
            graph[node].sink.is_none()
                || graph.edges_directed(node, petgraph::Direction::Incoming).next().is_some()
        });
        DecisionGraph { graph }
    }

    /// Returns the strongly connected components, each a list of nodes, in reverse topological order.
    pub fn strongly_connected_components(&self) -> Vec<Vec<NodeIndex>> {
        kosaraju_scc(&self.graph)
    }
}
