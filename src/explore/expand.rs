//! The one expansion: the successors of a node, as every search sees them.
//!
//! Between two decisions one thread runs alone, and what lies between no other thread can see. The expansion
//! follows such a run to its end in one go, except that it stops where the run branches (`CHOOSE`, `NOTIFY`),
//! where it is about to fault, where it has turned out never to end, and where it is very long: there it
//! arrives at a node of mode [`Mode::Running`]. With a [`Reduction`] only some of a decision's actors are
//! expanded, runs go on past decisions that can wait, and what is dead where they arrive is forgotten.

use super::independence::Situation;
use super::reduction::Reduction;
use super::store::Mode;
use super::symmetry::{Moved, Representer};
use super::{fusion, stubborn};
use crate::program::{Addr, ThreadId};
use crate::vm::{Action, Actor, After, Choice, Choices, Machine, State, Stop, Touched};

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
    /// How the state has become its representative; `None` where nothing has changed places.
    pub moved: Option<Moved<'s>>,
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
    reducer: Option<Reducer<'m, 'p>>,
    /// The actors of the node expanded last; empty for running nodes.
    pub actors: Vec<Actor>,
    /// Which of them are expanded first; the others only where all that come first end the execution.
    selected: Vec<bool>,
    /// Whether the node is expanded as if there were no reduction.
    whole: bool,
    scratch: State,
    mark: State,
    /// What was touched since the trace began.
    trace: Option<Vec<Touched>>,
}

/// A reduction at work.
#[derive(Debug)]
struct Reducer<'m, 'p> {
    reduction: &'m Reduction,
    /// That of the node.
    situation: Situation<'m, 'p>,
    /// That of the states behind it.
    aside: Situation<'m, 'p>,
    representer: Option<Representer<'m, 'p>>,
}

impl<'m, 'p> Expander<'m, 'p> {
    /// Makes an expander, with or without reductions.
    pub fn new(machine: &'m Machine<'p>, reduction: Option<&'m Reduction>) -> Expander<'m, 'p> {
        let reducer = reduction.map(|reduction| Reducer {
            reduction,
            situation: Situation::new(machine, &reduction.independence),
            aside: Situation::new(machine, &reduction.independence),
            representer: reduction
                .symmetry
                .as_ref()
                .map(|symmetry| Representer::new(machine, symmetry, reduction.dead.as_ref())),
        });
        Expander {
            machine,
            reducer,
            actors: Vec::new(),
            selected: Vec::new(),
            whole: false,
            scratch: machine.initial(),
            mark: machine.initial(),
            trace: None,
        }
    }

    /// Returns the machine.
    pub fn machine(&self) -> &'m Machine<'p> {
        self.machine
    }

    /// Begins to note what runs touch behind their first step.
    pub(super) fn begin_trace(&mut self) {
        self.trace = Some(Vec::new());
    }

    /// Returns what was touched since the trace began, in order.
    pub(super) fn end_trace(&mut self) -> Vec<Touched> {
        self.trace.take().unwrap_or_default()
    }

    /// Returns the state in which the search begins.
    pub fn initial(&mut self) -> State {
        self.scratch = self.machine.initial();
        self.forget(Arrival::Node(Mode::Decision));
        self.scratch.clone()
    }

    /// Lists a decision's actors in [`Self::actors`]; call it before [`Self::expand`]. A node that is expanded
    /// whole has the edges that it has without reductions.
    pub fn prepare(&mut self, state: &State, mode: Mode, whole: bool) {
        self.whole = whole;
        match mode {
            Mode::Decision => self.machine.actors(state, &mut self.actors),
            Mode::Running(_) => self.actors.clear(),
        }
        match &mut self.reducer {
            Some(reducer) if reducer.reduction.wanted.stubborn && !whole => {
                stubborn::select(&mut reducer.situation, state, &self.actors, &mut self.selected);
            }
            _ => {
                self.selected.clear();
                self.selected.resize(self.actors.len(), true);
            }
        }
    }

    /// Calls `visit` with every edge out of a node, or every edge that is needed, in a fixed order, until that
    /// returns false. Returns true when something that goes on was left out.
    pub fn expand(
        &mut self,
        state: &State,
        mode: Mode,
        visit: &mut dyn FnMut(Successor<'_>) -> bool,
    ) -> bool {
        if let Mode::Running(thread) = mode {
            self.expand_actor(state, Actor::Thread(thread), 0, visit);
            return false;
        }
        let mut goes_on = false;
        let mut visit_noting = |successor: Successor<'_>| {
            goes_on |= matches!(successor.arrival, Arrival::Node(_));
            visit(successor)
        };
        let mut left_out = false;
        for index in 0..self.actors.len() {
            let actor = self.actors[index];
            if !self.selected[index] && !self.stops(state, actor) {
                left_out = true;
            } else if !self.expand_actor(state, actor, index as u32, &mut visit_noting) {
                return left_out;
            }
        }
        if goes_on || !left_out {
            return left_out;
        }
        for index in 0..self.actors.len() {
            let actor = self.actors[index];
            let is_late = !self.selected[index] && !self.stops(state, actor);
            if is_late && !self.expand_actor(state, actor, index as u32, visit) {
                break;
            }
        }
        false
    }

    /// Returns true when an actor's step ends the execution.
    fn stops(&mut self, state: &State, actor: Actor) -> bool {
        self.reducer.as_mut().is_some_and(|Reducer { situation, .. }| {
            let process = situation.process(actor);
            situation.stops(state, process)
        })
    }

    /// Calls `visit` with the edges that begin with an actor's step, until that returns false.
    pub(super) fn expand_actor(
        &mut self,
        state: &State,
        actor: Actor,
        ordinal: u32,
        visit: &mut dyn FnMut(Successor<'_>) -> bool,
    ) -> bool {
        let choices = self.machine.choices(state, actor);
        for choice in choices.iter() {
            self.scratch.clone_from(state);
            let (steps, mut arrival) = self.run(actor, choice);
            self.forget(arrival);
            let is_moved = self.represent(&mut arrival);
            let representer = self.reducer.as_ref().and_then(|reducer| reducer.representer.as_ref());
            let moved = representer.filter(|_| is_moved).map(Representer::moved);
            let successor = Successor { actor, ordinal, choice, steps, state: &self.scratch, arrival, moved };
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
            if after != After::Decision {
                self.note(thread);
            }
            let here = (steps, Arrival::Node(mode_after(after, thread)));
            if after != After::SameThread && !self.goes_on(thread) {
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

    /// Notes what the thread's next step touches, which decides whether a decision comes before it.
    fn note(&mut self, thread: ThreadId) {
        if let Some(trace) = &mut self.trace {
            let footprint = self.machine.footprint(&self.scratch, Actor::Thread(thread));
            trace.extend(footprint.reads.into_iter().chain(footprint.writes));
        }
    }

    /// Returns true when fusion takes the thread's next step although a decision is due.
    fn goes_on(&mut self, thread: ThreadId) -> bool {
        match &mut self.reducer {
            Some(reducer) if reducer.reduction.wanted.fusion && !self.whole => {
                fusion::goes_on(&mut reducer.aside, &self.scratch, thread)
            }
            _ => false,
        }
    }

    /// Forgets what is dead where a run has arrived.
    fn forget(&mut self, arrival: Arrival) {
        if let (Some(Reducer { reduction, aside, .. }), Arrival::Node(_)) = (&mut self.reducer, arrival)
            && let Some(dead) = &reduction.dead
        {
            dead.forget(self.machine, aside, &mut self.scratch);
        }
    }

    /// Turns the state where a run has arrived into its representative; returns false when it is that already.
    fn represent(&mut self, arrival: &mut Arrival) -> bool {
        let Arrival::Node(mode) = arrival else { return false };
        let representer = self.reducer.as_mut().and_then(|reducer| reducer.representer.as_mut());
        let Some(representer) = representer else { return false };
        if !representer.represent(&mut self.scratch) {
            return false;
        }
        if let Mode::Running(thread) = mode {
            let place = representer.moved().order.iter().position(|from| from == thread);
            *thread = ThreadId(place.expect("an order has every thread") as u32);
        }
        true
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
        After::Decision | After::Blocked => Mode::Decision,
        After::SameThread => Mode::Running(thread),
    }
}
