//! Is this object linearizable, for every client up to a size and under every memory model?
//!
//! An object is a text that declares its variables and a proc for each operation, and no thread. Arguments are
//! on the operand stack when an operation is called, the last on top, and its results are there when it
//! returns, the last on top; how many that are follows from the proc's effect on the stack. What the operations
//! should do is a [`Specification`], a state and a function, of this crate ([`Shipped`]) or a test's own.
//! [`Suite`] puts every client up to a size behind the object, threads that call operations one after another,
//! the smallest first, and explores each of them.
//!
//! An execution is right if its calls can be put into one order, each call somewhere between its beginning and
//! its end, in which the specification returns what was returned (M. Herlihy and J. Wing, "Linearizability: A
//! Correctness Condition for Concurrent Objects", TOPLAS 1990). Calls that have not returned may be in that
//! order or not. Time is that of the execution: a call begins with its `CALL`, and ends with the last step of
//! its proc, even if its stores are still in a store buffer. Calls that fault are wrong, and so are calls that
//! never return, unless the specification says that they [wait](Answer::Waits).
//!
//! The search is exact: a client that passes has no execution that fails, of any length. What is not claimed is
//! anything about larger clients. Clients pass values of their own (1, 2, 3, …) where the specification says
//! that it does not matter which ([`Argument::Fresh`]).

mod claims;
mod client;
mod enumerate;
mod explain;
mod history;
mod model;
mod object;
mod order;
mod referee;
mod result;
mod search;
mod shipped;
mod specification;
mod suite;
mod walk;

pub use claims::{Claims, Role, Roles};
pub use client::{Client, Made};
pub use enumerate::Size;
pub use history::{History, Interval};
pub use object::Procedure;
pub use result::{Allowed, Deviation, Failure, ModelReport, Report, Wrong};
pub use shipped::{Kind, Shipped};
pub use specification::{Answer, Argument, Call, Operation, Specification};
pub use suite::{Prepared, Refused, Suite};

pub use super::claims::Misclaim;

#[cfg(test)]
mod tests;
