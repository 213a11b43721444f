//! One edge of the search: a step of one thread with what follows unseen by the others, and the calls and
//! returns on the way.
//!
//! SOUND: a history is linearizable if one is in which some calls were made later, or returned earlier, and
//! everything else is the same: the fewer calls overlap, the fewer orders fit. So of the executions that differ
//! in nothing else it is enough to look at the one in which each call is made just before its operation's first
//! visible step, and returns with its last. Hence
//!
//! - a thread that has stepped goes on with steps that touch nothing of anybody else's (they commute with all
//!   that the others do), and so returns as early as it can; under `tso` and `pso` a `STORE` into its own
//!   buffer is such a step, because its way to memory is a step of its own;
//! - it stops before the next `CALL` of the client, so that others may do something before that;
//! - behind the `CALL` it goes on through the first step that others can see, if that is possible; if not, the
//!   call is made and pending.
//!
//! Whether threads wait for ever, or run for ever, or fault, does not depend on where in between such steps
//! stand. Under `gil` and `await`, and inside `atomic` blocks, a run goes on to its next switch point anyway.

use super::model::Numbered;
use super::referee::Event;
use crate::explore::Mode;
use crate::program::{Instr, MemoryModel, Operand, Place, SwitchModel, ThreadId};
use crate::vm::{Action, Actor, After, Choice, Choices, Fault, Machine, State, Stop};

/// An edge has at most so many steps: a loop without visible steps is broken into edges of this length.
const LONGEST_RUN: u32 = 1 << 10;

/// What an edge leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrival {
    /// A state in which somebody goes on.
    Node(Mode),
    /// An execution that does not count.
    Dropped,
    /// A fault.
    Fault(Fault),
}

/// Takes edges of one client.
pub(super) struct Walker<'a, 'p> {
    machine: &'a Machine<'p>,
    calls: &'a [Numbered],
    /// By address, the number of the client's call that stands there.
    sites: Vec<Option<u32>>,
    /// The state that the edge taken last leads to; at a fault, the state before.
    pub state: State,
    /// The calls and returns on it.
    pub events: Vec<Event>,
    /// The number of its steps.
    pub steps: u32,
}

impl<'a, 'p> Walker<'a, 'p> {
    /// Makes a walker of a client with these calls.
    pub fn new(machine: &'a Machine<'p>, calls: &'a [Numbered]) -> Walker<'a, 'p> {
        let program = machine.program();
        let body = &program.groups[0].body;
        let mut sites = vec![None; program.code.len()];
        let addresses = body.entry.index()..body.end.index();
        let is_call = |&at: &usize| matches!(program.code[at], Instr::Call(_));
        for (number, at) in addresses.filter(is_call).enumerate() {
            sites[at] = Some(number as u32);
        }
        Walker { machine, calls, sites, state: machine.initial(), events: Vec::new(), steps: 0 }
    }

    /// Goes to where the search begins: every thread before its first call. Returns how many steps each thread
    /// makes on the way.
    pub fn start(&mut self) -> Vec<usize> {
        self.state = self.machine.initial();
        let mut steps = vec![0; self.machine.program().threads.len()];
        if self.machine.models().switch != SwitchModel::Every {
            return steps;
        }
        for thread in self.machine.program().thread_ids() {
            let action = Action { actor: Actor::Thread(thread), choice: Choice::Only };
            while self.is_unseen(thread) {
                self.machine.step(&mut self.state, action).expect("a client's own steps do not fail");
                steps[thread.index()] += 1;
            }
        }
        steps
    }

    /// Takes an edge.
    pub fn run(&mut self, from: &State, actor: Actor, choice: Choice) -> Arrival {
        self.state.clone_from(from);
        self.events.clear();
        self.steps = 1;
        let Actor::Thread(thread) = actor else {
            self.machine
                .step(&mut self.state, Action { actor, choice })
                .expect("a buffer's step does not fail");
            return Arrival::Node(Mode::Decision);
        };
        let mut after = match self.step(thread, choice) {
            Ok(after) => after,
            Err(Stop::Assume) => return Arrival::Dropped,
            Err(Stop::Fault(fault)) => return Arrival::Fault(fault),
        };
        let mut has_just_called = matches!(self.events[..], [Event::Call { .. }]);
        loop {
            let here = Arrival::Node(if after == After::SameThread {
                Mode::Running(thread)
            } else {
                Mode::Decision
            });
            if after != After::SameThread && !self.is_unseen(thread) {
                let goes_in = has_just_called && self.machine.is_enabled(&self.state, thread);
                if !goes_in {
                    return here;
                }
                has_just_called = false;
            }
            let choices = self.machine.choices(&self.state, Actor::Thread(thread));
            if choices != Choices::Only || self.steps == LONGEST_RUN {
                return here;
            }
            match self.step(thread, Choice::Only) {
                Ok(next) => after = next,
                Err(_) => return here,
            }
            self.steps += 1;
        }
    }

    /// Executes a step of a thread, and notes whether it calls or returns.
    fn step(&mut self, thread: ThreadId, choice: Choice) -> Result<After, Stop> {
        let machine = self.machine;
        let pc = machine.pc(&self.state, thread).expect("a thread that steps is running");
        let depth = machine.depth(&self.state, thread);
        let site = if depth == 0 { pc } else { machine.call_site(&self.state, thread, 0) };
        let action = Action { actor: Actor::Thread(thread), choice };
        let after = machine.step(&mut self.state, action)?;
        let Some(call) = self.sites[site.index()] else { return Ok(after) };
        if depth == 0 {
            self.events.push(Event::Call { thread: thread.index(), call });
        }
        let is_halted = machine.program().instr(pc) == Instr::Halt;
        if machine.depth(&self.state, thread) == 0 && !is_halted {
            let results = self.calls[call as usize].results;
            let values = (0..results).rev().map(|below| machine.peek(&self.state, thread, below)).collect();
            self.events.push(Event::Return { thread: thread.index(), values });
        }
        Ok(after)
    }

    /// Returns true when the thread can go on with a step that no other thread can see.
    fn is_unseen(&self, thread: ThreadId) -> bool {
        let machine = self.machine;
        let Some(pc) = machine.pc(&self.state, thread) else { return false };
        let is_call_of_the_client = self.sites[pc.index()].is_some();
        !is_call_of_the_client
            && is_unseen(machine.program().instr(pc), machine.models().memory)
            && machine.is_enabled(&self.state, thread)
    }
}

/// Returns true for instructions that touch nothing but the thread's own.
fn is_unseen(instr: Instr, memory: MemoryModel) -> bool {
    match instr {
        Instr::Store(Place::Memory(_) | Place::MemoryAt { .. }) => memory != MemoryModel::Sc,
        Instr::Print => false,
        _ => match instr.operand() {
            Operand::Place(place) => matches!(place, Place::Local(_) | Place::LocalAt { .. }),
            Operand::Target(_) | Operand::Threads(_) => false,
            _ => true,
        },
    }
}
