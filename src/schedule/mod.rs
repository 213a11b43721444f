//! Schedules: the sequence of steps of one execution, their text, executions that follow one, and strategies
//! that make them up.

mod draw;
mod execution;
mod hash;
mod misfit;
mod pct;
mod quantum;
mod random;
mod ready;
mod replay;
mod round_robin;
mod sampler;
mod strategy;
mod tally;
mod text;
mod weights;

pub use draw::Draw;
pub use execution::{Effect, End, ExecutedStep, Execution, Standing, StepAccess, Switch, Write};
pub use hash::program_hash;
pub use misfit::{Misfit, Reason};
pub use pct::Pct;
pub use quantum::Quantum;
pub use random::Random;
pub use ready::Ready;
pub use replay::{MAX_STEPS, replay};
pub use round_robin::RoundRobin;
pub use sampler::{Ending, MAX_RECORDED, RunEnd, Sampler};
pub use strategy::{Decision, Drawn, Strategy, StrategyName};
pub use tally::{Class, Sampling, Tallied, Tally, runs_needed, sample, sample_with};
pub use text::{ParsedSchedule, Run, ScheduleError, parse};

use crate::program::ThreadId;
use crate::vm::{Action, Actor, Choice};

/// The steps of one execution from the initial state, every one of them, whoever decided it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Schedule {
    /// The steps in order.
    pub actions: Vec<Action>,
}

impl Schedule {
    /// Returns the schedule with its threads renamed: `renaming` says which each becomes.
    pub fn renamed(&self, renaming: &[ThreadId]) -> Schedule {
        let name = |thread: ThreadId| renaming[thread.index()];
        let rename = |action: &Action| Action {
            actor: match action.actor {
                Actor::Thread(thread) => Actor::Thread(name(thread)),
                Actor::Buffer(thread, cell) => Actor::Buffer(name(thread), cell),
            },
            choice: match action.choice {
                Choice::Waiter(thread) => Choice::Waiter(name(thread)),
                other => other,
            },
        };
        Schedule { actions: self.actions.iter().map(rename).collect() }
    }

    /// Returns the number of context switches: steps of another thread than the last to step. A store
    /// buffer's step is nobody's, and does not count as one.
    pub fn switches(&self) -> usize {
        let threads = self.actions.iter().filter_map(|action| match action.actor {
            Actor::Thread(thread) => Some(thread),
            Actor::Buffer(..) => None,
        });
        threads.clone().zip(threads.skip(1)).filter(|(before, after)| before != after).count()
    }
}

#[cfg(test)]
mod tests;
