//! The virtual machine: what a state is, who is enabled in it, and what one step does.
//!
//! Everything here is a pure function of a [`Program`](crate::program::Program), the
//! [`Models`](crate::program::Models) it is put under and a [`State`]; nothing chooses, remembers or prints.

mod core;
mod fault;
mod footprint;
mod inspect;
mod layout;
mod machine;
mod plain;
mod rename;
mod state;
mod step;
mod stretch;
mod sync;

pub use fault::Fault;
pub use footprint::{Footprint, Touched};
pub use inspect::{Access, AccessKind, Blocked, accessed, cells_accessed};
pub use layout::{Layout, MAX_OUTPUT, TooLarge};
pub use machine::{Action, Actor, Choice, Choices, DEFAULT_BUFFER, Machine};
pub use state::State;
pub use step::{After, Stop};
pub use stretch::Stretches;
