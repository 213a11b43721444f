//! Executing exactly what a schedule says.
//!
//! A step changes at most one cell, so an execution of n steps costs O(n) whatever the size of memory; only
//! the question whom a step on a synchronization object unblocked looks at every thread, where they are few.

use std::collections::VecDeque;

use super::execution::{Effect, End, ExecutedStep, Execution, Standing, StepAccess, Switch, Write};
use super::misfit::{Misfit, Reason};
use super::text::ParsedSchedule;
use crate::program::{Addr, Cell, Instr, MemoryModel, ObjectId, ObjectKind, Operand, ThreadId};
use crate::vm::{AccessKind, Action, Actor, After, Choice, Choices, Machine, State, Stop, accessed};

/// The most steps that are followed: beyond it nobody reads them, and their list would fill memory.
pub const MAX_STEPS: usize = 4_000_000;

/// Executes a schedule from the initial state.
///
/// # Errors
///
/// Says which step cannot be executed where the schedule has it, and why.
pub fn replay(machine: &Machine<'_>, schedule: &ParsedSchedule) -> Result<Execution, Misfit> {
    let mut replayer = Replayer::new(machine);
    for run in &schedule.runs {
        for _ in 0..run.count {
            replayer.advance(run.action)?;
        }
    }
    let end = replayer.end();
    Ok(Execution { steps: replayer.steps, end, state: replayer.state })
}

/// In programs of more threads than this nobody is told whom a step unblocks: nobody would read it, and to
/// ask everybody at every step would take long.
const ASKED_THREADS: usize = 256;

struct Replayer<'m, 'p> {
    machine: &'m Machine<'p>,
    state: State,
    steps: Vec<ExecutedStep>,
    /// The thread that goes on without a decision.
    running: Option<ThreadId>,
    /// The last thread to step.
    last: Option<ThreadId>,
    /// How a step ended the execution.
    stopped: Option<End>,
    /// For each thread, the cells and instructions of the stores in its buffer, by age.
    stores: Vec<VecDeque<(u32, Addr)>>,
    /// The threads that are blocked.
    blocked: Vec<bool>,
}

impl<'m, 'p> Replayer<'m, 'p> {
    fn new(machine: &'m Machine<'p>) -> Self {
        let state = machine.initial();
        let threads = machine.program().threads.len();
        let mut replayer = Replayer {
            machine,
            state,
            steps: Vec::new(),
            running: None,
            last: None,
            stopped: None,
            stores: vec![VecDeque::new(); threads],
            blocked: vec![false; threads],
        };
        replayer.unblocked();
        replayer
    }

    /// Says how the execution has ended so far.
    fn end(&self) -> End {
        let mut actors = Vec::new();
        match (self.stopped, self.running) {
            (Some(end), _) => end,
            (None, Some(_)) => End::Open,
            (None, None) => {
                self.machine.actors(&self.state, &mut actors);
                match actors.is_empty() {
                    false => End::Open,
                    true if self.machine.is_final(&self.state) => End::Final,
                    true => End::Deadlock,
                }
            }
        }
    }

    fn advance(&mut self, wanted: Action) -> Result<(), Misfit> {
        let action = self.admit(wanted).map_err(|reason| self.misfit(wanted, reason))?;
        let decided = self.running.is_none();
        let switch = self.switch(action.actor);
        let thread = action.actor.thread();
        let mut step = match action.actor {
            Actor::Thread(id) => {
                self.last = Some(id);
                self.thread_step(id, action.choice)
            }
            Actor::Buffer(id, _) => self.flush(id, action),
        };
        step.decided = decided;
        step.switch = switch;
        let is_over = self.stopped.is_none() && self.machine.is_finished(&self.state, thread);
        if !step.effects.is_empty() || is_over || matches!(action.actor, Actor::Buffer(..)) {
            let unblocked = self.unblocked();
            if !unblocked.is_empty() {
                step.effects.push(Effect::Unblocked(unblocked));
            }
        } else {
            self.blocked[thread.index()] = matches!(step.standing, Standing::Blocked(..));
        }
        self.steps.push(step);
        Ok(())
    }

    /// Returns the step that the schedule means, its choice normalized, if it can be executed now.
    fn admit(&self, wanted: Action) -> Result<Action, Reason> {
        if let Some(end) = self.stopped {
            return Err(Reason::Ended(end));
        }
        if self.steps.len() == MAX_STEPS {
            return Err(Reason::TooLong);
        }
        if let Some(running) = self.running
            && wanted.actor != Actor::Thread(running)
        {
            return Err(Reason::NoSwitchPoint(running));
        }
        match wanted.actor {
            Actor::Thread(id) => self.admit_thread(id, wanted.choice),
            Actor::Buffer(id, cell) => self.admit_flush(id, cell),
        }
        .map_err(|reason| match self.end() {
            End::Open => reason,
            end => Reason::Ended(end),
        })
    }

    fn admit_thread(&self, id: ThreadId, choice: Choice) -> Result<Action, Reason> {
        let machine = self.machine;
        if !machine.is_started(&self.state, id) {
            return Err(Reason::NotStarted);
        }
        if machine.is_finished(&self.state, id) {
            return Err(Reason::Finished);
        }
        if let Some(blocked) = machine.blocked(&self.state, id) {
            return Err(Reason::Blocked(blocked));
        }
        let actor = Actor::Thread(id);
        let choices = machine.choices(&self.state, actor);
        let choice = match (&choices, choice) {
            (Choices::Only, Choice::Only) => Choice::Only,
            (Choices::Only, named) if self.only_choice(id) == Some(named) => Choice::Only,
            (Choices::Values(range), Choice::Value(value)) if (range.low..=range.high).contains(&value) => {
                choice
            }
            (Choices::Waiters(waiters), Choice::Waiter(waiter)) if waiters.contains(&waiter) => choice,
            (Choices::Values(_) | Choices::Waiters(_), Choice::Only) => {
                return Err(Reason::ChoiceMissing(choices));
            }
            _ => return Err(Reason::ChoiceImpossible(choices)),
        };
        Ok(Action { actor, choice })
    }

    /// Returns the choice that a schedule may name although there is no other.
    fn only_choice(&self, id: ThreadId) -> Option<Choice> {
        match self.machine.program().instr(self.machine.pc(&self.state, id)?) {
            Instr::Choose(range) => Some(Choice::Value(range.low)),
            Instr::Notify(target) => {
                let object = self.machine.object(&self.state, id, target)?;
                self.machine.waiting_at(&self.state, object).first().map(|&waiter| Choice::Waiter(waiter))
            }
            _ => None,
        }
    }

    /// Under `tso` the oldest entry may be named although it need not; under `pso` the name may be left out
    /// where only one element is buffered.
    fn admit_flush(&self, id: ThreadId, cell: Option<u32>) -> Result<Action, Reason> {
        let mut ready = Vec::new();
        self.machine.ready_buffers(&self.state, id, &mut ready);
        let by_cell = self.machine.models().memory == MemoryModel::Pso;
        let oldest = self.stores[id.index()].front().map(|&(cell, _)| cell);
        let actor = match (cell, ready.as_slice()) {
            (_, []) => return Err(Reason::NothingBuffered),
            (None, &[only]) => only,
            (None, _) => return Err(Reason::ElementMissing),
            (Some(_), _) if by_cell => {
                let wanted = Actor::Buffer(id, cell);
                ready.contains(&wanted).then_some(wanted).ok_or(Reason::NothingBuffered)?
            }
            (named, &[only, ..]) if named == oldest => only,
            _ => return Err(oldest.map_or(Reason::NothingBuffered, Reason::NotTheOldest)),
        };
        Ok(Action { actor, choice: Choice::Only })
    }

    fn misfit(&self, action: Action, reason: Reason) -> Misfit {
        let mut enabled = Vec::new();
        match (self.stopped, self.running) {
            (Some(_), _) => {}
            (None, Some(running)) => enabled.push(Actor::Thread(running)),
            (None, None) => self.machine.actors(&self.state, &mut enabled),
        }
        let at = self.machine.pc(&self.state, action.actor.thread());
        Misfit { step: self.steps.len() as u64 + 1, action, at, reason, enabled }
    }

    fn switch(&self, next: Actor) -> Switch {
        match (self.last, next) {
            (Some(last), Actor::Thread(thread)) if last != thread => {
                let could_go_on = self.machine.is_enabled(&self.state, last) && !self.has_yielded(last);
                if could_go_on { Switch::Preemption } else { Switch::Switch }
            }
            _ => Switch::Same,
        }
    }

    /// Returns true when the thread's last step was a `YIELD`: it gave way of its own accord.
    fn has_yielded(&self, id: ThreadId) -> bool {
        let own = |step: &&ExecutedStep| step.action.actor == Actor::Thread(id);
        let last = self.steps.iter().rev().find(own);
        last.is_some_and(|step| self.machine.program().instr(step.addr) == Instr::Yield)
    }

    fn thread_step(&mut self, id: ThreadId, choice: Choice) -> ExecutedStep {
        let machine = self.machine;
        let action = Action { actor: Actor::Thread(id), choice };
        let addr = machine.pc(&self.state, id).expect("an enabled thread is running");
        let access = self.access(id, addr);
        let effects = self.effects(id, addr, choice);
        let result = machine.step(&mut self.state, action);
        self.running = (result == Ok(After::SameThread)).then_some(id);
        let mut step = self.blank(action, addr);
        match result {
            Ok(_) => {
                step.effects = effects;
                step.access = access;
                if let Some(StepAccess { cell: Cell::Memory(cell), write: Some(write), .. }) = access
                    && write.buffered
                {
                    self.stores[id.index()].push_back((cell, addr));
                }
            }
            Err(Stop::Fault(fault)) => self.stopped = Some(End::Fault(fault)),
            Err(Stop::Assume) => self.stopped = Some(End::Assume),
        }
        step
    }

    /// Says how the thread's next step accesses a variable, unless it is a fault.
    fn access(&self, id: ThreadId, addr: Addr) -> Option<StepAccess> {
        let machine = self.machine;
        let instr = machine.program().instr(addr);
        let (place, kind) = accessed(instr)?;
        let (is_memory, cell) = machine.cell(&self.state, id, place)?;
        let cell = if is_memory { Cell::Memory(cell) } else { Cell::Local(id, cell) };
        let old = machine.value(&self.state, cell);
        let forwarded = self.buffered(id, cell);
        let read = forwarded.unwrap_or(old);
        let below = usize::from(instr.takes_index());
        let operand = |depth| machine.peek(&self.state, id, below + depth);
        let stored = match instr {
            Instr::Store(_) | Instr::Xchg(_) => Some(operand(0)),
            Instr::Xadd(_) => read.checked_add(operand(0)),
            Instr::Cas(_) => (operand(1) == read).then(|| operand(0)),
            _ => None,
        };
        let is_store = kind == AccessKind::Write;
        let buffered = is_store && is_memory && machine.models().memory != MemoryModel::Sc;
        Some(StepAccess {
            cell,
            read: (!is_store).then_some(read),
            forwarded: !is_store && forwarded.is_some(),
            write: stored.map(|value| Write { value, old, buffered }),
        })
    }

    /// Returns what the thread's own buffer holds for a cell.
    fn buffered(&self, id: ThreadId, cell: Cell) -> Option<i64> {
        let Cell::Memory(cell) = cell else { return None };
        let entries = self.machine.buffered(&self.state, id);
        entries.iter().rev().find(|&&(buffered, _)| buffered == cell).map(|&(_, value)| value)
    }

    fn flush(&mut self, id: ThreadId, action: Action) -> ExecutedStep {
        let stores = &mut self.stores[id.index()];
        let at = match action.actor {
            Actor::Buffer(_, Some(wanted)) => stores.iter().position(|&(cell, _)| cell == wanted),
            _ => Some(0),
        };
        let entry = at.and_then(|at| stores.remove(at));
        let (cell, addr) = entry.expect("the list of stores follows the buffer");
        let old = self.machine.value(&self.state, Cell::Memory(cell));
        let after = self.machine.step(&mut self.state, action);
        assert_eq!(after, Ok(After::Decision), "a flush is followed by a decision");
        let value = self.machine.value(&self.state, Cell::Memory(cell));
        let write = Some(Write { value, old, buffered: false });
        let mut step = self.blank(action, addr);
        step.access = Some(StepAccess { cell: Cell::Memory(cell), read: None, forwarded: false, write });
        step
    }

    /// Makes a step of which nothing but the thread's standing is known yet.
    fn blank(&self, action: Action, addr: Addr) -> ExecutedStep {
        let id = action.actor.thread();
        let standing = match self.machine.pc(&self.state, id) {
            None => Standing::Finished,
            Some(next) => match self.machine.blocked(&self.state, id) {
                Some(blocked) => Standing::Blocked(next, blocked),
                None => Standing::Ready(next),
            },
        };
        let switch = Switch::Same;
        ExecutedStep { action, addr, decided: true, switch, access: None, effects: Vec::new(), standing }
    }

    /// Brings the list of blocked threads up to date and returns those that no longer are.
    fn unblocked(&mut self) -> Vec<ThreadId> {
        let mut unblocked = Vec::new();
        if self.blocked.len() > ASKED_THREADS {
            return unblocked;
        }
        for id in self.machine.program().thread_ids() {
            let is_enabled = self.machine.is_enabled(&self.state, id);
            let is_blocked = !is_enabled && self.machine.pc(&self.state, id).is_some();
            if std::mem::replace(&mut self.blocked[id.index()], is_blocked) && is_enabled {
                unblocked.push(id);
            }
        }
        unblocked
    }

    /// Says what the thread's next step will do beyond its thread and its variable, unless it is a fault.
    fn effects(&self, id: ThreadId, addr: Addr, choice: Choice) -> Vec<Effect> {
        let (machine, state) = (self.machine, &self.state);
        let instr = machine.program().instr(addr);
        match instr.operand() {
            Operand::Target(target) => machine
                .object(state, id, target)
                .map_or_else(Vec::new, |object| self.object_effects(id, instr, object, choice)),
            Operand::Threads(threads) => {
                let threads = machine.operand_threads(state, id, threads).map(Iterator::collect);
                let is_start = matches!(instr, Instr::Start(_));
                let effect = |all| if is_start { Effect::Started(all) } else { Effect::Joined(all) };
                threads.map(effect).into_iter().collect()
            }
            _ if instr == Instr::Print => vec![Effect::Printed(machine.peek(state, id, 0))],
            _ => Vec::new(),
        }
    }

    fn object_effects(&self, id: ThreadId, instr: Instr, object: ObjectId, choice: Choice) -> Vec<Effect> {
        let (machine, state) = (self.machine, &self.state);
        let kind = machine.program().objects[object.index()].kind;
        let tried = |succeeds, effect| vec![if succeeds { effect } else { Effect::Refused(object) }];
        let waiters = || machine.waiting_at(state, object);
        let woke = |all: Vec<ThreadId>| match all.is_empty() {
            true => Vec::new(),
            false => vec![Effect::Woke(object, all)],
        };
        match instr {
            Instr::Lock(_) | Instr::RdLock(_) | Instr::WrLock(_) | Instr::Acquire(_) => {
                vec![Effect::Took(object)]
            }
            Instr::Unlock(_) | Instr::Release(_) => vec![Effect::GaveBack(object)],
            Instr::TryLock(_) => {
                let holders = machine.holders(state, object);
                let again = kind == ObjectKind::Rlock && holders == [id];
                tried(holders.is_empty() || again, Effect::Took(object))
            }
            Instr::TryAcquire(_) => tried(machine.permits(state, object) > 0, Effect::Took(object)),
            Instr::Wait(_) => self.wait_effects(id, kind, object),
            Instr::Notify(_) => woke(match choice {
                Choice::Waiter(waiter) => vec![waiter],
                _ => waiters().into_iter().take(1).collect(),
            }),
            Instr::NotifyAll(_) => woke(waiters()),
            Instr::Set(_) => vec![Effect::SetTo(object, true)],
            Instr::Clear(_) => vec![Effect::SetTo(object, false)],
            Instr::Put(_) | Instr::TryPut(_) => {
                let value = machine.peek(state, id, usize::from(instr.takes_index()));
                let ObjectKind::Queue { max } = kind else { return Vec::new() };
                tried(machine.queue(state, object).len() < max as usize, Effect::Put(object, value))
            }
            Instr::Get(_) | Instr::TryGet(_) => {
                let oldest = machine.queue(state, object).first().copied();
                tried(oldest.is_some(), Effect::Got(object, oldest.unwrap_or(0)))
            }
            _ => Vec::new(),
        }
    }

    fn wait_effects(&self, id: ThreadId, kind: ObjectKind, object: ObjectId) -> Vec<Effect> {
        match kind {
            ObjectKind::Condition { lock } if self.machine.is_waiting(&self.state, id) => {
                vec![Effect::Took(lock)]
            }
            ObjectKind::Condition { lock } => vec![Effect::GaveBack(lock), Effect::Waits(object)],
            ObjectKind::Barrier { parties } => {
                let waiters = self.machine.waiting_at(&self.state, object);
                match waiters.len() as u32 + 1 < parties {
                    true => vec![Effect::Waits(object)],
                    false if waiters.is_empty() => vec![Effect::Passed(object)],
                    false => vec![Effect::Passed(object), Effect::Woke(object, waiters)],
                }
            }
            _ => vec![Effect::Passed(object)],
        }
    }
}
