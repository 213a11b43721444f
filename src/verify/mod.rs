//! Questions that take many explorations to answer: is this lock right for every client, is this object
//! linearizable, would anything notice if the program were wrong?
//!
//! Everything here generates programs or variants of programs, explores each with [`crate::check`], and sums
//! up. It knows nothing of files and prints nothing.

mod claims;
pub mod linear;
pub mod lock;
pub mod mutate;
pub mod vacuity;
