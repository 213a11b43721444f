//! The decision graph: its components, its counts and probabilities, and its form as a petgraph graph.

mod components;
mod count;
mod decision;
mod heaviest;
mod number;
mod probability;
mod traces;
mod uniform;

pub use components::Components;
pub use count::{Counts, Ends, count};
pub use decision::{DecisionGraph, GraphEdge, GraphNode};
pub use heaviest::{Heaviest, WeightedEdge, heaviest};
pub use number::{Count, Probability};
pub use traces::{Traces, count_traces};
pub use uniform::Drawer;
