//! Why a schedule does not fit a program, in words.

use super::execution::End;
use super::text::action_text;
use crate::program::{Addr, Program, ThreadId};
use crate::vm::{Action, Actor, Blocked, Choice, Choices};

/// The most threads or choices that a message lists before it only counts the rest.
const LISTED: usize = 8;

/// A step that cannot be executed where the schedule has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// Which step, from 1.
    pub step: u64,
    /// What the schedule has there.
    pub action: Action,
    /// The instruction its thread is at; `None` before its start and after its end.
    pub at: Option<Addr>,
    /// Why it cannot be executed.
    pub reason: Reason,
    /// Who could have been chosen instead; between two decisions the running thread alone.
    pub enabled: Vec<Actor>,
}

/// Why a step cannot be executed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The execution has come to its end before.
    Ended(End),
    /// The thread has not been started yet.
    NotStarted,
    /// The thread has finished.
    Finished,
    /// The thread waits for something.
    Blocked(Blocked),
    /// This thread has not come to a switch point, and goes on.
    NoSwitchPoint(ThreadId),
    /// Nothing is buffered, or nothing for the element that is named.
    NothingBuffered,
    /// The element whose store goes to memory has to be named.
    ElementMissing,
    /// The oldest entry of the only buffer is for this cell, not for the one named.
    NotTheOldest(u32),
    /// The step has these successors, and the schedule names none of them.
    ChoiceMissing(Choices),
    /// The schedule names a choice that is none of these.
    ChoiceImpossible(Choices),
    /// The schedule is longer than what can be followed step by step.
    TooLong,
}

impl Misfit {
    /// Returns one sentence that says at which step, why, and who was enabled there.
    pub fn message(&self, program: &Program) -> String {
        let text = action_text(program, self.action);
        let why = self.why(program);
        let enabled = match self.reason {
            Reason::TooLong | Reason::NoSwitchPoint(_) => String::new(),
            _ => format!("; {}", enabled_text(program, &self.enabled)),
        };
        format!("step {} (`{text}`): {why}{enabled}", self.step)
    }

    fn why(&self, program: &Program) -> String {
        let thread = thread_text(program, self.action.actor.thread());
        let place = self.at.map_or_else(String::new, |at| {
            format!("`{}` (line {})", program.instruction_text(at), program.line(at).number)
        });
        match &self.reason {
            Reason::Ended(end) => format!("the execution has already ended {}", end_text(program, *end)),
            Reason::NotStarted => format!("{thread} has not been started"),
            Reason::Finished => format!("{thread} has finished"),
            Reason::Blocked(blocked) => {
                format!("{thread} is blocked at {place}: it waits for {}", waits_for(program, blocked))
            }
            Reason::NoSwitchPoint(running) => format!(
                "there is no switch point here: {} goes on with its next step",
                thread_text(program, *running)
            ),
            Reason::NothingBuffered => match self.action.actor {
                Actor::Buffer(_, Some(cell)) => {
                    format!("{thread} has no store to `{}` in its buffer", program.memory_name(cell))
                }
                _ => format!("the store buffer of {thread} is empty"),
            },
            Reason::ElementMissing => {
                format!("{thread} has stores to several variables in its buffers: name the one that is meant")
            }
            Reason::NotTheOldest(cell) => {
                format!("the oldest store in the buffer of {thread} is to `{}`", program.memory_name(*cell))
            }
            Reason::ChoiceMissing(choices) => {
                format!("{place} has several successors: write {}", self.choices_text(choices))
            }
            Reason::ChoiceImpossible(Choices::Only) => {
                format!("{thread} is at {place}, which has nothing to choose from: write `{}`", {
                    self.action.actor.thread()
                })
            }
            Reason::ChoiceImpossible(choices) => {
                format!("{place} does not have this successor: write {}", self.choices_text(choices))
            }
            Reason::TooLong => {
                format!("only the first {} steps of a schedule can be followed", self.step - 1)
            }
        }
    }

    fn choices_text(&self, choices: &Choices) -> String {
        let letters = self.action.actor.thread();
        match choices {
            Choices::Only => format!("`{letters}`"),
            Choices::Values(range) if range.high.wrapping_sub(range.low) as u64 >= LISTED as u64 => {
                format!("`{letters}={}` … `{letters}={}`", range.low, range.high)
            }
            Choices::Values(range) => {
                let all: Vec<String> =
                    (range.low..=range.high).map(|value| format!("`{letters}={value}`")).collect();
                all.join(" or ")
            }
            Choices::Waiters(waiters) => {
                let all: Vec<String> =
                    waiters.iter().take(LISTED).map(|waiter| format!("`{letters}>{waiter}`")).collect();
                let more = if waiters.len() > LISTED { " or another waiter" } else { "" };
                format!("{}{more}", all.join(" or "))
            }
        }
    }
}

/// Says where an execution has ended.
fn end_text(program: &Program, end: End) -> String {
    match end {
        End::Final => "in a final state".to_owned(),
        End::Deadlock => "in a deadlock".to_owned(),
        End::Fault(fault) => format!("in a fault ({})", fault.message(program)),
        End::Assume => "at a failed ASSUME".to_owned(),
        End::Open => "where the schedule stops".to_owned(),
    }
}

fn enabled_text(program: &Program, enabled: &[Actor]) -> String {
    if enabled.is_empty() {
        return "nothing is enabled there".to_owned();
    }
    let names: Vec<String> = enabled
        .iter()
        .take(LISTED)
        .map(|&actor| match actor {
            Actor::Thread(thread) => thread_text(program, thread),
            Actor::Buffer(..) => {
                let flush = Action { actor, choice: Choice::Only };
                format!("{} (a store buffer)", action_text(program, flush))
            }
        })
        .collect();
    format!("enabled there: {}", with_rest(&names, enabled.len()))
}

/// Returns `A (inc[0])`.
fn thread_text(program: &Program, thread: ThreadId) -> String {
    format!("{thread} ({})", program.thread_name(thread))
}

/// Returns `A (inc[0]), B (inc[1])`, with the number of those that are too many to list.
pub(super) fn thread_list(program: &Program, threads: &[ThreadId]) -> String {
    let names: Vec<String> =
        threads.iter().take(LISTED).map(|&thread| thread_text(program, thread)).collect();
    with_rest(&names, threads.len())
}

fn with_rest(names: &[String], len: usize) -> String {
    let rest = len - names.len();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}

fn waits_for(program: &Program, blocked: &Blocked) -> String {
    let held = |threads: &[ThreadId]| match threads {
        [] => String::new(),
        _ => format!(", held by {}", thread_list(program, threads)),
    };
    match blocked {
        Blocked::Lock(lock, holders) => format!("`{}`{}", program.object_name(*lock), held(holders)),
        Blocked::Notification(condition) => {
            format!("a notification of `{}`", program.object_name(*condition))
        }
        Blocked::Relock(_, lock, holders) => format!("`{}`{}", program.object_name(*lock), held(holders)),
        Blocked::Permit(semaphore) => format!("a permit of `{}`", program.object_name(*semaphore)),
        Blocked::Event(event) => format!("`{}` to be set", program.object_name(*event)),
        Blocked::Barrier(barrier, 1) => format!("one more thread at `{}`", program.object_name(*barrier)),
        Blocked::Barrier(barrier, more) => {
            format!("{more} more threads at `{}`", program.object_name(*barrier))
        }
        Blocked::Room(queue) => format!("room in `{}`", program.object_name(*queue)),
        Blocked::Value(queue) => format!("a value in `{}`", program.object_name(*queue)),
        Blocked::End(threads) => format!("the end of {}", thread_list(program, threads)),
        Blocked::Buffer => "its own store buffers".to_owned(),
    }
}
