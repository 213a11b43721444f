//! Forgetting dead values, for searches that expand by themselves: see [`dead`](super::dead).

use super::dead::Dead;
use crate::vm::{Machine, State};

/// Forgets the dead locals and places on the stack in the states of one machine.
#[derive(Debug)]
pub struct Forgetter<'m, 'p> {
    machine: &'m Machine<'p>,
    dead: Dead,
}

impl<'m, 'p> Forgetter<'m, 'p> {
    /// Finds out what is dead where. What the program observes, or expects something of, never is.
    pub fn new(machine: &'m Machine<'p>) -> Forgetter<'m, 'p> {
        Forgetter { machine, dead: Dead::new(machine) }
    }

    /// Sets the dead locals and places on the stack in a state to zero.
    pub fn forget(&self, state: &mut State) {
        self.dead.forget_locals(self.machine, state);
    }
}
