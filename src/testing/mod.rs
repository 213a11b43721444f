//! What a `#[test]` calls: assertions that hold over every schedule of a program, or say by which one they
//! break.
//!
//! ```
//! use racevm::testing::{self, MemoryModel};
//!
//! let found = testing::program(
//!     "
//!     shared x = 0
//!     thread inc[2]
//!         PUSH 1
//!         XADD x
//!         POP
//!     end
//!     ",
//! )
//! .memories(MemoryModel::ALL)
//! .explore();
//!
//! found.outcomes().assert_exactly([2]);
//! found.assert_always("x in {0..2}").assert_deadlock_free().assert_race_free();
//! ```
//!
//! [`program`] or [`file()`] begins; the methods of [`Subject`] say which constants, which other files, which
//! models and how far; [`Subject::explore`] visits every state, and [`Explored`] is asked. Every question
//! comes twice: `deadlock_free` answers with a `Result`, so that a property test can use `?`, and
//! `assert_deadlock_free` panics where the assertion stands. The message says what was claimed, shows every
//! outcome with its probability, tells how the witness comes about step by step, and ends in the line that
//! replays it: with `racevm replay` in a shell, or with [`Subject::replay`] as a test.
//!
//! With several models a claim has to hold under each of them. A search that a limit has cut never passes: it
//! fails with [`FailureKind::Inconclusive`].
//!
//! The chapter [`guide`] builds a lock that way, from the first attempt to one that holds. With the feature
//! `proptest` the module `strategies` draws arbitrary programs, placements of locks, and clients of an object.

mod again;
mod claims;
mod explored;
mod failure;
mod files;
mod locks;
mod outcomes;
mod replayed;
mod subject;
mod trust;

#[cfg(feature = "proptest")]
pub mod strategies;

pub use explored::Explored;
pub use failure::{Failure, FailureKind};
pub use locks::{assert_lock, lock_right};
pub use outcomes::{Outcomes, Row};
pub use replayed::{Ended, Replayed};
pub use subject::{DEFAULT_MEMORY, Subject, file, program};

pub use crate::program::{MemoryModel, SwitchModel};

pub(crate) use again::{again, flags};
pub(crate) use files::{Files, bytes, decode, plain};
pub(crate) use locks::replaying;

#[doc = include_str!("guide.md")]
pub mod guide {}
