//! The search: which states can be reached, by which steps.
//!
//! There is one expansion ([`Expander`]), which says what the edges out of a node are; everything that walks
//! the graph goes through it. The visited set holds whole states. Properties are met through an [`Observer`];
//! the search itself knows of none.

mod expand;
mod fusion;
mod limits;
mod search;
mod store;
mod witness;

pub use expand::{Arrival, Expander, Successor};
pub use fusion::Fusion;
pub use limits::{Cut, Limits, Monitor, Progress, Unwatched};
pub use search::{Edge, EdgeActor, Head, Kind, Observer, Sink, Space};
pub use store::{Mode, NodeId, Store};
pub use witness::{Goals, Witnesses, edge_run, find as find_witnesses, schedule_of};
