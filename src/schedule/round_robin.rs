//! Round robin: at every decision the next actor.
//!
//! The actors stand in a circle: each thread, and behind it its store buffer. Nothing is random but the
//! successors of `CHOOSE` and `NOTIFY`.

use super::draw::Draw;
use super::strategy::{Decision, Strategy};
use crate::program::ThreadId;
use crate::vm::{Actor, Machine};

/// Lets every thread do one step in turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundRobin {
    last: Option<Actor>,
}

impl Strategy for RoundRobin {
    fn is_blind(&self) -> bool {
        true
    }

    fn begin(&mut self, _: &Machine<'_>, _: &mut Draw) {
        self.last = None;
    }

    fn choose(&mut self, decision: &Decision<'_, '_>, _: &mut Draw) -> Actor {
        let Decision { machine, state, ready, .. } = *decision;
        let own_buffer = match self.last {
            Some(Actor::Thread(id)) => ready.first_buffer(machine, state, Some(id)),
            _ => None,
        };
        let behind: Option<ThreadId> = self.last.map(Actor::thread);
        let next = own_buffer
            .or_else(|| ready.next_thread(behind).map(Actor::Thread))
            .or_else(|| ready.first_buffer(machine, state, None));
        self.last = next;
        next.expect("somebody is ready when a decision is made")
    }
}
