//! Strategies for [`proptest`]: arbitrary programs, arbitrary placements of locks in a program, and
//! arbitrary clients of an object.
//!
//! What they draw always assembles, and still does while it shrinks: fewer threads first, then fewer
//! instructions, then smaller values. Since an exploration is exhaustive, a property is a function of the
//! program alone, and shrinking never loses a failure to a lucky schedule. A value prints itself, with `{}` and
//! with `{:?}`, as the `.rvm` file that can be saved and run.
//!
//! ```
//! use proptest::test_runner::{TestCaseError, TestRunner};
//! use racevm::testing::strategies::{Tuning, programs};
//!
//! // Is every program of two threads deterministic? It is not, and this is the smallest that shows it.
//! let mut runner = TestRunner::deterministic();
//! let tuning = Tuning { threads: 2..=2, ..Tuning::plain() };
//! let result = runner.run(&programs(tuning), |draft| {
//!     let outcomes = draft.subject().explore().outcomes().rows()?;
//!     if outcomes.len() > 1 { Err(TestCaseError::fail("it depends on the schedule")) } else { Ok(()) }
//! });
//! let smallest = result.unwrap_err().to_string();
//! assert!(smallest.contains("PUSH  1\n    STORE x"), "{smallest}");
//! ```

mod clients;
mod draft;
mod expr;
mod generate;
mod placements;
mod shrink;
mod stmt;
mod tuning;

pub use clients::{Client, Clients, Object, clients};
pub use draft::Draft;
pub use generate::{Programs, programs};
pub use placements::{LockPlacements, Placement, lock_placements};
pub use shrink::{Shrink, Shrinking};
pub use tuning::{Locking, Tuning};
