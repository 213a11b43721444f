//! The uniform random walk: at every decision each actor with the same probability.
//!
//! This is the random scheduler of which an outcome's probability speaks, so that its histogram approaches
//! the exact probabilities.

use super::draw::Draw;
use super::strategy::{Decision, Strategy};
use crate::vm::{Actor, Machine};

/// Chooses uniformly among the enabled threads and the store buffers that hold something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Strategy for Random {
    fn begin(&mut self, _: &Machine<'_>, _: &mut Draw) {}

    #[inline]
    fn choose(&mut self, decision: &Decision<'_, '_>, draw: &mut Draw) -> Actor {
        decision.actor(draw.index(decision.ready.len()))
    }
}
