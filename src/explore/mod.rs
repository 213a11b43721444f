//! The search: which states can be reached, by which steps.
//!
//! There is one expansion ([`Expander`]), which says what the edges out of a node are; everything that walks
//! the graph goes through it. The visited set holds whole states. Properties are met through an [`Observer`];
//! the search itself knows of none.

mod dead;
mod edges;
mod estimate;
mod expand;
mod forget;
mod fusion;
mod independence;
mod limits;
mod lossy;
mod proviso;
mod reduction;
mod search;
mod sizes;
mod store;
mod stubborn;
mod sweep;
mod symmetry;
mod witness;

pub use edges::{Edge, EdgeActor, Head};
pub use expand::{Arrival, Expander, Successor};
pub use forget::Forgetter;
pub use limits::{Cut, Limits, Monitor, Progress, Unwatched};
pub use lossy::{Lossy, Wanderer, wander};
pub use reduction::{Reduction, Reductions};
pub use search::{Kind, Observer, Sink, Space};
pub use sizes::Sizes;
pub use store::{Mode, NodeId, Store};
pub use sweep::{
    Disk, DiskError, Look, Spill, Swept, SweptCounts, ToCount, TooWide, Uncounted, Visitor, Watched, sweep,
};
pub use symmetry::{Copies, Moved, Renaming, Symmetry};
pub use witness::{Goals, Witnesses, edge_run, find as find_witnesses, schedule_of};
