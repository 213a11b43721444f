//! Is this lock right, for every client up to a size and under every memory model?
//!
//! A lock is a text that declares its variables, `proc acquire` and `proc release`, and no thread. [`Suite`]
//! puts clients behind it, programs whose threads take the lock and give it back around a plain
//! read-modify-write of a counter, explores each of them, and says which of the properties in [`Property`] hold.
//! What the file claims of itself ([`Claims`]) is compared with what was found.
//!
//! How each property is asked for:
//!
//! - *Exclusion*: two threads that are in the critical section together can always be brought to where both are
//!   about to access the counter, because whoever has just entered is about to read it and whoever is on its
//!   way through can go on to its write. So the counter has a data race exactly when exclusion is broken. A
//!   write that leaves the store buffer after the lock has been given back shows in the counter's final value.
//! - *Deadlock*, *livelock* and *fault* are the language's own.
//! - *Progress*: the clients include those in which some threads take the lock less often than others, or not
//!   at all. A state in which one thread is left, and cannot finish, shows that it does not get in although it
//!   is alone; and if there is none, each thread gets in from every state in which the others are outside.
//! - *Reentrancy*: each round takes the lock a second time inside the first.
//!
//! Starvation is not asked for: without an assumption of fairness every lock that spins starves somebody. How
//! often others can overtake is: see [`Bypass`].

mod bypass;
mod claims;
mod client;
mod fences;
mod judge;
mod places;
mod prepared;
mod refused;
mod result;
mod suite;

pub use bypass::ROUNDS;
pub use claims::Claims;
pub use client::{Client, FOREVER, HALF_WRITTEN, Kinds, Names, Part, Role, Size};
pub use fences::{Remedy, Repair};
pub use prepared::Prepared;
pub use refused::Refused;
pub use result::{
    Bypass, BypassFound, Deviation, Failure, Finding, How, ModelReport, Overtaking, Property, Report,
};
pub use suite::{DEFAULT_SIZES, Suite};

pub use super::claims::Misclaim;
