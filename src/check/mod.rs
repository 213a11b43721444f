//! Verdicts: what a search found, and whether that is what the program expects.

mod result;

pub use result::{
    Count, Cut, Deadlock, Exploration, FaultReport, Judged, Livelock, Outcome, Probability, Race, Reached,
    SearchSummary, Summary, Traces, Unexpected, Verdict,
};
