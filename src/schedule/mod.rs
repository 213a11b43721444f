//! Schedules: the sequence of steps of one execution.

use crate::vm::Action;

/// The steps of one execution from the initial state, every one of them, whoever decided it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Schedule {
    /// The steps in order.
    pub actions: Vec<Action>,
}
