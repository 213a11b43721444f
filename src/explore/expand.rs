//! The one expansion: the successors of a node, as every search sees them.
//!
//! Between two decisions one thread runs alone, and what lies between no other thread can see. The expansion
//! follows such a run to its end in one go, except that it stops where the run branches (`CHOOSE`, `NOTIFY`),
//! where it is about to fault, where it has turned out never to end, and where it is very long: there it
//! arrives at a node of mode [`Mode::Running`]. With [`Fusion`] a run goes on past decisions that can wait.

use super::fusion::Fusion;
use super::store::Mode;
use crate::program::{Addr, ThreadId};
use crate::vm::{Action, Actor, After, Choice, Choices, Machine, State, Stop};

/// A run is looked at for cycles from this many steps on, which spares ordinary runs the copies and finds a
/// thread that does nothing for ever after a few steps.
const CYCLES_FROM: u32 = 4;

/// A run is broken into nodes of this many steps, so that limits are looked at in between.
const LONGEST_RUN: u32 = 1 << 14;

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
    fusion: Option<&'m Fusion>,
    /// The actors of the node expanded last; empty for running nodes.
    pub actors: Vec<Actor>,
    scratch: State,
    mark: State,
}

impl<'m, 'p> Expander<'m, 'p> {
    /// Makes an expander, with or without fusion.
    pub fn new(machine: &'m Machine<'p>, fusion: Option<&'m Fusion>) -> Expander<'m, 'p> {
        Expander { machine, fusion, actors: Vec::new(), scratch: machine.initial(), mark: machine.initial() }
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
        let pc = self.machine.pc(&self.scratch, actor.thread());
        match (self.machine.step(&mut self.scratch, Action { actor, choice }), actor) {
            (Ok(after), Actor::Thread(thread)) => self.follow(thread, after),
            (Ok(_), Actor::Buffer(..)) => (1, Arrival::Node(Mode::Decision)),
            (Err(stop), _) => {
                (1, Arrival::Stop(actor.thread(), pc.expect("a thread that stops is running"), stop))
            }
        }
    }

    /// Goes on with a thread that has made one step, until a decision or a running node.
    fn follow(&mut self, thread: ThreadId, mut after: After) -> (u32, Arrival) {
        let actor = Actor::Thread(thread);
        let (mut steps, mut next_mark) = (1, CYCLES_FROM);
        loop {
            let here = (steps, Arrival::Node(mode_after(after, thread)));
            if after == After::Decision && !self.goes_on(thread) {
                return here;
            }
            if self.machine.choices(&self.scratch, actor) != Choices::Only || steps == LONGEST_RUN {
                return here;
            }
            // Brent's cycle detection: a mark at every power of two finds any cycle within three times its
            // length and the way to it.
            if steps == next_mark {
                self.mark.clone_from(&self.scratch);
                next_mark *= 2;
            } else if steps > CYCLES_FROM && self.scratch == self.mark {
                let (more, after) = self.go_to_least(actor);
                return (steps + more, Arrival::Node(mode_after(after, thread)));
            }
            let pc = self.machine.pc(&self.scratch, thread).expect("a thread that goes on is running");
            match self.machine.step(&mut self.scratch, Action { actor, choice: Choice::Only }) {
                Ok(next) => after = next,
                Err(Stop::Assume) if after == After::SameThread => {
                    return (steps + 1, Arrival::Stop(thread, pc, Stop::Assume));
                }
                Err(_) => return here,
            }
            steps += 1;
        }
    }

    /// Returns true when fusion takes the thread's next step although a decision is due.
    fn goes_on(&self, thread: ThreadId) -> bool {
        self.fusion.is_some_and(|fusion| fusion.is_private(self.machine, &self.scratch, thread))
    }

    /// From a state on a cycle without choices, goes on to the state that stands for the cycle: the least of
    /// those in which a decision can be made or, where there is none, the least. Returns the number of steps
    /// and what comes after the last.
    fn go_to_least(&mut self, actor: Actor) -> (u32, After) {
        let mut best: Option<((bool, State), u32, After)> = None;
        let mut state = self.scratch.clone();
        let mut steps = 0;
        loop {
            let after = self.machine.step(&mut state, Action { actor, choice: Choice::Only });
            let after = after.expect("a cycle ends nowhere the second time round either");
            steps += 1;
            let rank = (after == After::SameThread, state.clone());
            let is_back = state == self.scratch;
            if best.as_ref().is_none_or(|(least, ..)| rank < *least) {
                best = Some((rank, steps, after));
            }
            if is_back {
                let ((_, least), steps, after) = best.expect("a cycle has at least one state");
                self.scratch = least;
                return (steps, after);
            }
        }
    }
}

fn mode_after(after: After, thread: ThreadId) -> Mode {
    match after {
        After::Decision => Mode::Decision,
        After::SameThread => Mode::Running(thread),
    }
}
