//! Random executions: one run after another, in place, with nothing kept but how it ended.
//!
//! A run is given by a seed and its number, so that any run can be executed again to record its schedule:
//! recording costs nothing where nobody asks for it. What a step does is the machine's affair, as everywhere;
//! who is enabled is kept up to date by [`Ready`].
//!
//! Where a decision follows every step and the strategy does not look at states, a thread's step and the hidden
//! ones behind it are executed at once ([`Stretches`]), and being chosen for one of those is only counted.
//!
//! PERF: `racevm run` of two threads that each count to 1,000,000 in a loop of twelve instructions, random walk,
//! `every` and `sc`, 240 million steps, one hyperthread of a busy 2.6 GHz machine, processor time: 7.3 ns a step.
//! It was 29 ns with one [`Machine::step`] for each choice, most of that the dispatch, which nothing can predict
//! when the thread is random; 11 ns with stretches, whose dispatch follows the code of one thread; 10 ns with
//! [`Strategy::pass`]; and the rest went when threads no longer arrived one by one where nothing can block them.
//! Draws are many to a random word, which saves the generator and not much else.
use super::Schedule;
use super::draw::Draw;
use super::ready::Ready;
use super::strategy::{Decision, Strategy};
use crate::program::{Addr, ThreadId};
use crate::vm::{Action, Actor, After, Choice, Choices, Fault, Machine, State, Stop, Stretches};

/// How many steps are executed between two looks at whether to go on.
const WATCH_EVERY: u64 = 1 << 20;

/// The most hidden steps that a thread may be ahead: without a bound, a loop without end would be executed to it.
const MOST_AHEAD: u32 = 1 << 12;

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
    stretches: Option<Stretches>,
    /// For each thread, how many steps have been executed that it has still to be chosen for. The last one before
    /// an instruction that may block is not counted here, but said to be owed: with it the thread arrives.
    ahead: Vec<u32>,
    owes: Vec<bool>,
}

impl<'m, 'p, S: Strategy> Sampler<'m, 'p, S> {
    /// Makes a sampler.
    pub fn new(machine: &'m Machine<'p>, strategy: S) -> Self {
        let initial = machine.initial();
        Sampler {
            machine,
            state: initial.clone(),
            initial,
            ready: Ready::new(machine),
            stretches: if strategy.is_blind() { Stretches::new(machine) } else { None },
            ahead: vec![0; machine.program().threads.len()],
            owes: vec![false; machine.program().threads.len()],
            strategy,
        }
    }

    /// Returns the state in which the last run ended. Where that was no final state and no deadlock, threads may
    /// be ahead in it by steps that no other can see.
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
        self.execute(Draw::new(seed, number), limit, None, watch)
    }

    /// Executes a run again and returns its schedule; `None` when it has more than [`MAX_RECORDED`] steps.
    pub fn record(&mut self, seed: u64, number: u64, limit: u64) -> Option<Schedule> {
        let mut actions = Vec::new();
        let end = self.execute(
            Draw::new(seed, number),
            limit.min(MAX_RECORDED + 1),
            Some(&mut actions),
            &mut |_| true,
        )?;
        (end.steps <= MAX_RECORDED).then_some(Schedule { actions })
    }

    fn execute(
        &mut self,
        mut draw: Draw,
        limit: u64,
        mut record: Option<&mut Vec<Action>>,
        watch: &mut dyn FnMut(u64) -> bool,
    ) -> Option<RunEnd> {
        self.state.words_mut().copy_from_slice(self.initial.words());
        self.ready.begin(self.machine, &self.state);
        self.ahead.fill(0);
        self.owes.fill(false);
        self.strategy.begin(self.machine, &mut draw);
        let mut steps = 0;
        let mut pause = WATCH_EVERY.min(limit);
        let mut running = None;
        loop {
            if record.is_none() && self.stretches.is_some() {
                let Sampler { strategy, ready, ahead, .. } = self;
                steps += strategy.pass(ready, ahead, pause - steps, &mut draw);
            }
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
                Actor::Thread(id) => self.thread_step(id, steps, &mut draw, &mut record),
                Actor::Buffer(..) => Ok(self.flush(actor, &mut record)),
            };
            steps += 1;
            match after {
                Ok(After::Decision | After::Blocked) => running = None,
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
        record: &mut Option<&mut Vec<Action>>,
    ) -> Result<After, Ending> {
        let machine = self.machine;
        let actor = Actor::Thread(id);
        if self.go_ahead(id) {
            if let Some(actions) = record {
                actions.push(Action { actor, choice: Choice::Only });
            }
            return Ok(After::Decision);
        }
        let addr = machine.pc(&self.state, id).expect("a thread that is ready is running");
        let traits = self.ready.traits(addr);
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
        if let Some(actions) = record {
            actions.push(Action { actor, choice });
        }
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

    /// Does a thread's step by counting it, if it has been executed, or by executing a stretch that begins with
    /// it, if there is one. Only when a thread has been chosen for every step of a stretch, it stands where it is
    /// filed as ready or not.
    #[inline]
    fn go_ahead(&mut self, id: ThreadId) -> bool {
        let Some(stretches) = &self.stretches else { return false };
        if self.ahead[id.index()] > 0 {
            self.ahead[id.index()] -= 1;
        } else if std::mem::take(&mut self.owes[id.index()]) {
            self.arrive(id);
        } else if let Some(hidden) = stretches.execute(self.machine, &mut self.state, id, MOST_AHEAD) {
            let at = self.machine.pc(&self.state, id).expect("a stretch ends before its thread has finished");
            if !self.ready.traits(at).waits() {
                self.ahead[id.index()] = hidden;
            } else if hidden > 0 {
                self.ahead[id.index()] = hidden - 1;
                self.owes[id.index()] = true;
            } else {
                self.arrive(id);
            }
        } else {
            return false;
        }
        true
    }

    /// Files a thread where it stands, having been chosen for every step that was executed.
    fn arrive(&mut self, id: ThreadId) {
        self.machine.leave_body(&mut self.state, id);
        self.ready.follow(self.machine, &self.state, id);
    }

    fn flush(&mut self, actor: Actor, record: &mut Option<&mut Vec<Action>>) -> After {
        let action = Action { actor, choice: Choice::Only };
        if let Some(actions) = record {
            actions.push(action);
        }
        let after = self.machine.step(&mut self.state, action).expect("a flush is no instruction");
        let id = actor.thread();
        self.ready.count_buffers(self.machine, &self.state, id);
        if self.ahead[id.index()] == 0 && !self.owes[id.index()] {
            self.arrive(id);
        }
        after
    }
}
