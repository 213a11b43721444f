//! Time slices: each thread runs for N instructions, then the next enabled thread, in turn.
//!
//! A slice ends at the first decision after its N instructions, or earlier when the thread is blocked or has
//! finished. The first slice has a random length from 1 to N, as a timer does not start with the program;
//! everything after it follows. A thread that is switched out leaves its store buffers empty, as an operating
//! system does.

use super::draw::Draw;
use super::strategy::{Decision, Strategy};
use crate::program::ThreadId;
use crate::vm::{Actor, Machine};

/// Lets every thread run for a number of instructions in turn.
#[derive(Clone, Copy, Debug)]
pub struct Quantum {
    length: u64,
    thread: Option<ThreadId>,
    /// The number of steps at which the slice is over.
    until: u64,
}

impl Quantum {
    /// Makes slices of so many instructions, at least 1.
    pub fn new(length: u64) -> Quantum {
        assert!(length > 0, "a slice has at least one instruction");
        Quantum { length, thread: None, until: 0 }
    }
}

impl Strategy for Quantum {
    fn is_blind(&self) -> bool {
        true
    }

    fn begin(&mut self, _: &Machine<'_>, draw: &mut Draw) {
        self.thread = None;
        // The slice that the first thread finds begun.
        self.until = 1 + draw.below(self.length);
    }

    fn choose(&mut self, decision: &Decision<'_, '_>, _: &mut Draw) -> Actor {
        let Decision { machine, state, ready, steps } = *decision;
        if let Some(id) = self.thread {
            if steps < self.until && ready.is_enabled(id) {
                return Actor::Thread(id);
            }
            if let Some(buffer) = ready.first_buffer(machine, state, Some(id)) {
                return buffer;
            }
            self.until = steps.saturating_add(self.length);
        }
        self.thread = ready.next_thread(self.thread);
        let thread = self.thread.map(Actor::Thread);
        thread
            .or_else(|| ready.first_buffer(machine, state, None))
            .expect("somebody is ready when a decision is made")
    }
}
