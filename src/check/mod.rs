//! Verdicts: what a search found, and whether that is what the program expects.
//!
//! [`explore()`] is the way in: it runs the search with an observer that collects what is found, counts, looks
//! for witnesses and judges the expectations.

mod assemble;
mod collect;
mod counting;
mod eval;
mod explore;
mod goals;
mod judge;
mod lossy;
mod orbits;
mod result;
mod swept;

pub use counting::Counting;
pub use eval::evaluate;
pub use explore::{Beyond, Request, explore, explore_beyond, explored};
pub use result::{
    Deadlock, Exploration, FaultReport, Judged, Livelock, Outcome, Race, Reached, SearchSummary, Summary,
    Unexpected, Verdict,
};
pub use swept::{counted_by_sweep, explored_by_sweep};

pub use crate::explore::{Cut, Limits, Lossy, Monitor, Progress, Unwatched};
pub use crate::graph::{Count, Probability, Traces};
