//! How large the whole graph is of which a search up to symmetry has kept the representatives.
//!
//! SOUND: a representative stands for the states of its orbit, whose edges are its own with the threads renamed.
//! States that are decisions have one representative. That of a running node names the thread that runs: among
//! copies that are alike it may name any, so of such nodes the one that names the first copy counts, for as many
//! nodes as there are copies to name in each state of the orbit.

use super::search::Space;
use super::store::{Mode, NodeId};
use super::symmetry::Copies;
use crate::program::ThreadId;
use crate::vm::State;

/// How large a graph is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sizes {
    /// Decision states and states where an execution ends, as [`Space::states`] counts them.
    pub states: u64,
    /// Edges that lead to such states.
    pub transitions: u64,
}

impl Space<'_, '_> {
    /// Returns how large the whole graph is, which only symmetry has reduced, or nothing; `None` where something
    /// else has, where the search was cut, or where the numbers do not fit into 64 bits.
    pub fn whole_sizes(&self) -> Option<Sizes> {
        let Some(reduction) = self.reduction else {
            return Some(Sizes { states: self.states(), transitions: self.transitions() });
        };
        let copies = reduction.symmetry().filter(|_| reduction.is_symmetry_alone())?.copies()?;
        if self.cut.is_some() {
            return None;
        }
        let mut state = self.machine.initial();
        let mut sizes = Sizes::default();
        for node in 0..self.len() as NodeId {
            let mode = self.store.load(node, &mut state);
            let orbit = copies.orbit(self.machine, &state)?;
            if self.is_state(node) {
                sizes.states = sizes.states.checked_add(orbit)?;
            }
            let named = match mode {
                Mode::Decision => 1,
                Mode::Running(thread) => self.named(copies, &state, node, thread),
            };
            let edges = self.transitions_from(node).checked_mul(named)?.checked_mul(orbit)?;
            sizes.transitions = sizes.transitions.checked_add(edges)?;
        }
        Some(sizes)
    }

    /// Returns how many copies a running node can name in a state of its orbit; none where another node stands
    /// for them.
    fn named(&self, copies: &Copies, state: &State, node: NodeId, thread: ThreadId) -> u64 {
        let mut others = copies.like_before(self.machine, state, thread);
        if others.any(|copy| self.store.find_twin(node, Mode::Running(copy)).is_some()) {
            return 0;
        }
        copies.count_alike(self.machine, state, thread)
    }
}
