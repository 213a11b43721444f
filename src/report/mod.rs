//! Reports: what was found, as text for people, as JSON, as DOT, as JUnit XML
//! and SARIF for CI.
//!
//! Nothing here searches or judges; the only thing that is executed is a witness, for its timeline. This is
//! the only layer that knows serde. Every function returns a text that ends in a line break; the same values
//! give the same bytes, the elapsed time in JSON aside.

mod asked;
mod checked;
mod clients;
mod explored;
mod findings;
mod flow;
mod graph;
mod history;
mod json;
mod junit;
mod layout;
mod linear;
mod linear_json;
mod locks;
mod locks_json;
mod mutants;
mod names;
mod number;
mod palette;
mod replayed;
mod sampled;
mod sarif;
mod story;
mod table;
mod timeline;
mod vacuous;
mod xml;

#[cfg(test)]
mod tests;

pub use asked::Asked;
pub use checked::{Checked, Explored, checked, checked_json};
pub use clients::clients_head;
pub use explored::{evidence, explored};
pub use graph::{EdgeView, GraphView, NodeView, graph_dot, graph_json};
pub use json::{errors_json, explored_json, replayed_json};
pub use junit::checked_junit;
pub use linear::{ReplayOf, linear, linear_details, linear_line};
pub use linear_json::{Object, linear_json};
pub use locks::{Again, lock_details, lock_line, locked};
pub use locks_json::{Lock, locks_json};
pub use mutants::mutants;
pub use palette::{Page, Palette};
pub use replayed::replayed;
pub use sampled::{sampled, sampled_json};
pub use sarif::checked_sarif;
pub use vacuous::vacuous;
