//! Random executions: one run after another, in place, with nothing kept but how it ended.
//!
//! A run is given by a seed and its number, so that any run can be executed again to record its schedule:
//! recording costs nothing where nobody asks for it. The step is [`Machine::step`], as everywhere; who is
//! enabled is kept up to date by [`Ready`].
//!
//! PERF: two threads that each count to 1,000,000 in a loop of ten instructions, random walk, `every` and
//! `sc`, on one hyperthread of a busy 2.6 GHz machine: 28 ns a step of processor time. It was 35 ns before
//! the step dispatched on the instruction only once, and 30 ns while the step was handed over as an
//! [`Action`], which was read back from memory before all of it had been written. What remains is mostly the
//! dispatch, which nothing can predict when the thread is random.

use super::Schedule;
use super::draw::Draw;
use super::ready::Ready;
use super::strategy::{Decision, Strategy};
use crate::program::{Addr, ThreadId};
use crate::vm::{Action, Actor, After, Choice, Choices, Fault, Machine, State, Stop};

/// How many steps are executed between two looks at whether to go on.
const WATCH_EVERY: u64 = 1 << 20;

/// The most steps that recorded schedules may have.
pub const MAX_RECORDED: u64 = super::replay::MAX_STEPS as u64;

/// How a run went. The state it ended in is [`Sampler::state`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunEnd {
    /// How many steps it had; the step that was a fault or a failed ASSUME counts.
    pub steps: u64,
    /// How it ended.
    pub ending: Ending,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// In a final state.
    Final,
    /// In a deadlock.
    Deadlock,
    /// This thread's instruction was a fault.
    Fault(ThreadId, Addr, Fault),
    /// An ASSUME failed: the run does not count.
    Assume,
    /// Not at all, within the limit of steps.
    Unfinished,
}

/// Executes runs of one program under one strategy.
#[derive(Debug)]
pub struct Sampler<'m, 'p, S> {
    machine: &'m Machine<'p>,
    strategy: S,
    initial: State,
    state: State,
    ready: Ready,
}

impl<'m, 'p, S: Strategy> Sampler<'m, 'p, S> {
    /// Makes a sampler.
    pub fn new(machine: &'m Machine<'p>, strategy: S) -> Self {
        let initial = machine.initial();
        Sampler { machine, strategy, state: initial.clone(), initial, ready: Ready::new(machine) }
    }

    /// Returns the state in which the last run ended.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Executes a run of at most `limit` steps. `watch` is told the number of steps from time to time; when
    /// it returns false, the run is given up and the result is `None`.
    pub fn run(
        &mut self,
        seed: u64,
        number: u64,
        limit: u64,
        watch: &mut dyn FnMut(u64) -> bool,
    ) -> Option<RunEnd> {
        self.execute(Draw::new(seed, number), limit, |_| {}, watch)
    }

    /// Executes a run again and returns its schedule; `None` when it has more than [`MAX_RECORDED`] steps.
    pub fn record(&mut self, seed: u64, number: u64, limit: u64) -> Option<Schedule> {
        let mut actions = Vec::new();
        let end = self.execute(
            Draw::new(seed, number),
            limit.min(MAX_RECORDED + 1),
            |action| actions.push(action),
            &mut |_| true,
        )?;
        (end.steps <= MAX_RECORDED).then_some(Schedule { actions })
    }

    fn execute(
        &mut self,
        mut draw: Draw,
        limit: u64,
        mut see: impl FnMut(Action),
        watch: &mut dyn FnMut(u64) -> bool,
    ) -> Option<RunEnd> {
        self.state.words_mut().copy_from_slice(self.initial.words());
        self.ready.begin(self.machine, &self.state);
        self.strategy.begin(self.machine, &mut draw);
        let mut steps = 0;
        let mut pause = WATCH_EVERY.min(limit);
        let mut running = None;
        loop {
            let actor = match running {
                Some(id) => Actor::Thread(id),
                None if self.ready.is_empty() => {
                    let is_final = self.machine.is_final(&self.state);
                    let ending = if is_final { Ending::Final } else { Ending::Deadlock };
                    return Some(RunEnd { steps, ending });
                }
                None => {
                    let Sampler { machine, state, ready, .. } = self;
                    self.strategy.choose(&Decision { machine, state, ready, steps }, &mut draw)
                }
            };
            if steps == pause {
                if steps == limit {
                    return Some(RunEnd { steps, ending: Ending::Unfinished });
                }
                if !watch(steps) {
                    return None;
                }
                pause = (steps + WATCH_EVERY).min(limit);
            }
            let after = match actor {
                Actor::Thread(id) => self.thread_step(id, steps, &mut draw, &mut see),
                Actor::Buffer(..) => Ok(self.flush(actor, &mut see)),
            };
            steps += 1;
            match after {
                Ok(After::Decision) => running = None,
                Ok(After::SameThread) => running = Some(actor.thread()),
                Err(ending) => return Some(RunEnd { steps, ending }),
            }
        }
    }

    #[inline]
    fn thread_step(
        &mut self,
        id: ThreadId,
        steps: u64,
        draw: &mut Draw,
        see: &mut impl FnMut(Action),
    ) -> Result<After, Ending> {
        let machine = self.machine;
        let addr = machine.pc(&self.state, id).expect("a thread that is ready is running");
        let traits = self.ready.traits(addr);
        let actor = Actor::Thread(id);
        let choice = if traits.chooses() {
            match machine.choices(&self.state, actor) {
                Choices::Only => Choice::Only,
                choices => self.strategy.successor(steps, &choices, draw),
            }
        } else {
            Choice::Only
        };
        if traits.touches() {
            self.ready.prepare(machine, &self.state, id, machine.program().instr(addr));
        }
        see(Action { actor, choice });
        let after = machine.step_thread(&mut self.state, id, choice).map_err(|stop| match stop {
            Stop::Fault(fault) => Ending::Fault(id, addr, fault),
            Stop::Assume => Ending::Assume,
        })?;
        if traits.touches() {
            self.ready.settle(machine, &self.state, id);
        } else {
            self.ready.follow(machine, &self.state, id);
        }
        Ok(after)
    }

    fn flush(&mut self, actor: Actor, see: &mut impl FnMut(Action)) -> After {
        let action = Action { actor, choice: Choice::Only };
        see(action);
        let after = self.machine.step(&mut self.state, action).expect("a flush is no instruction");
        self.ready.flushed(self.machine, &self.state, actor.thread());
        after
    }
}
