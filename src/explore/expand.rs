//! The one expansion: the successors of a node, as every search sees them.
//!
//! Between two decisions one thread runs alone, and what lies between no other thread can see. The expansion
//! follows such a run to its end in one go, except that it stops where the run branches (`CHOOSE`, `NOTIFY`),
//! where it is about to fault, where it has turned out never to end, and where it is very long: there it
//! arrives at a node of mode [`Mode::Running`].

use super::store::Mode;
use crate::program::{Addr, ThreadId};
use crate::vm::{Action, Actor, After, Choice, Choices, Machine, State, Stop};

/// A run is looked at for cycles from this many steps on, which spares ordinary runs the copies.
const CYCLES_FROM: u32 = 64;

/// A run is broken into nodes of this many steps, so that limits are looked at in between.
const LONGEST_RUN: u32 = 1 << 18;

/// One edge out of a node.
#[derive(Clone, Copy, Debug)]
pub struct Successor<'s> {
    /// Whose step it begins with.
    pub actor: Actor,
    /// The actor's place in [`Machine::actors`], 0 from a running node.
    pub ordinal: u32,
    /// Which successor of the first step.
    pub choice: Choice,
    /// How many steps it takes.
    pub steps: u32,
    /// Where it leads; at a stop, the state before the last step.
    pub state: &'s State,
    /// What is there.
    pub arrival: Arrival,
}

/// What an edge leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// A node.
    Node(Mode),
    /// The end of the execution, at this thread's instruction.
    Stop(ThreadId, Addr, Stop),
}

/// Expands nodes of one machine; keeps its scratch space between calls.
#[derive(Debug)]
pub struct Expander<'m, 'p> {
    machine: &'m Machine<'p>,
    /// The actors of the node expanded last; empty for running nodes.
    pub actors: Vec<Actor>,
    scratch: State,
    mark: State,
}

impl<'m, 'p> Expander<'m, 'p> {
    /// Makes an expander.
    pub fn new(machine: &'m Machine<'p>) -> Expander<'m, 'p> {
        Expander { machine, actors: Vec::new(), scratch: machine.initial(), mark: machine.initial() }
    }

    /// Lists a decision's actors in [`Self::actors`]; call it before [`Self::expand`].
    pub fn prepare(&mut self, state: &State, mode: Mode) {
        match mode {
            Mode::Decision => self.machine.actors(state, &mut self.actors),
            Mode::Running(_) => self.actors.clear(),
        }
    }

    /// Calls `visit` with every edge out of a node, in a fixed order, until that returns false.
    pub fn expand(&mut self, state: &State, mode: Mode, visit: &mut dyn FnMut(Successor<'_>) -> bool) {
        if let Mode::Running(thread) = mode {
            self.expand_actor(state, Actor::Thread(thread), 0, visit);
            return;
        }
        for index in 0..self.actors.len() {
            if !self.expand_actor(state, self.actors[index], index as u32, visit) {
                return;
            }
        }
    }

    fn expand_actor(
        &mut self,
        state: &State,
        actor: Actor,
        ordinal: u32,
        visit: &mut dyn FnMut(Successor<'_>) -> bool,
    ) -> bool {
        let choices = self.machine.choices(state, actor);
        for choice in choices.iter() {
            self.scratch.clone_from(state);
            let (steps, arrival) = self.run(actor, choice);
            let successor = Successor { actor, ordinal, choice, steps, state: &self.scratch, arrival };
            if !visit(successor) {
                return false;
            }
        }
        true
    }

    /// Executes a step in the scratch state, and what follows without a decision.
    fn run(&mut self, actor: Actor, choice: Choice) -> (u32, Arrival) {
        let thread = actor.thread();
        let pc = self.machine.pc(&self.scratch, thread);
        match self.machine.step(&mut self.scratch, Action { actor, choice }) {
            Ok(After::Decision) => (1, Arrival::Node(Mode::Decision)),
            Ok(After::SameThread) => self.follow(thread),
            Err(stop) => (1, Arrival::Stop(thread, pc.expect("a thread that stops is running"), stop)),
        }
    }

    /// Goes on with a thread that has made one step, until a decision or a running node.
    fn follow(&mut self, thread: ThreadId) -> (u32, Arrival) {
        let actor = Actor::Thread(thread);
        let running = Arrival::Node(Mode::Running(thread));
        let (mut steps, mut next_mark) = (1, CYCLES_FROM);
        loop {
            if self.machine.choices(&self.scratch, actor) != Choices::Only || steps == LONGEST_RUN {
                return (steps, running);
            }
            let pc = self.machine.pc(&self.scratch, thread).expect("a thread that goes on is running");
            match self.machine.step(&mut self.scratch, Action { actor, choice: Choice::Only }) {
                Ok(After::Decision) => return (steps + 1, Arrival::Node(Mode::Decision)),
                Ok(After::SameThread) => {}
                Err(Stop::Fault(_)) => return (steps, running),
                Err(Stop::Assume) => return (steps + 1, Arrival::Stop(thread, pc, Stop::Assume)),
            }
            steps += 1;
            // Brent's cycle detection: a mark at every power of two finds any cycle within three times its
            // length and the way to it.
            if steps == next_mark {
                self.mark.clone_from(&self.scratch);
                next_mark *= 2;
            } else if steps > CYCLES_FROM && self.scratch == self.mark {
                return (steps + self.go_to_least(actor), running);
            }
        }
    }

    /// From a state on a cycle without decisions and choices, goes on to the least state of the cycle, which
    /// stands for it; returns the number of steps.
    fn go_to_least(&mut self, actor: Actor) -> u32 {
        let mut least = self.scratch.clone();
        let (mut steps, mut steps_to_least) = (0, 0);
        let mut state = self.scratch.clone();
        loop {
            let after = self.machine.step(&mut state, Action { actor, choice: Choice::Only });
            assert_eq!(
                after,
                Ok(After::SameThread),
                "a cycle without decisions has none the second time round"
            );
            steps += 1;
            if state == self.scratch {
                self.scratch = least;
                return steps_to_least;
            }
            if state < least {
                least.clone_from(&state);
                steps_to_least = steps;
            }
        }
    }
}
