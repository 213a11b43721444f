//! The uniform random walk: at every decision each actor with the same probability.
//!
//! This is the random scheduler of which an outcome's probability speaks, so that its histogram approaches
//! the exact probabilities.

use super::draw::Draw;
use super::ready::Ready;
use super::strategy::{Decision, Strategy};
use crate::vm::{Actor, Machine};

/// Chooses uniformly among the enabled threads and the store buffers that hold something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Strategy for Random {
    fn is_blind(&self) -> bool {
        true
    }

    fn begin(&mut self, _: &Machine<'_>, _: &mut Draw) {}

    #[inline]
    fn pass(&mut self, ready: &Ready, ahead: &mut [u32], most: u64, draw: &mut Draw) -> u64 {
        let Some(threads) = ready.free_threads().filter(|threads| !threads.is_empty()) else { return 0 };
        let mut rest = most;
        while rest > 0 {
            let kept = draw.digits(threads.len() as u64);
            let mut digits = *kept;
            let round = rest.min(u64::from(digits.left));
            let mut left = round;
            while left > 0 {
                let ahead = &mut ahead[threads[digits.peek() as usize].index()];
                if *ahead == 0 {
                    break;
                }
                *ahead -= 1;
                digits.take();
                left -= 1;
            }
            *kept = digits;
            rest -= round - left;
            if left > 0 {
                break;
            }
        }
        most - rest
    }

    #[inline]
    fn choose(&mut self, decision: &Decision<'_, '_>, draw: &mut Draw) -> Actor {
        decision.actor(draw.index(decision.ready.len()))
    }
}
