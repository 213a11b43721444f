//! The search of one client: every state of the program with what the referee knows there.
//!
//! The product is exact. What the referee knows is all that the past matters for, so two executions that lead
//! to one state of the program and one state of the referee have the same failures ahead of them. It is
//! searched breadth first until a call returns what it cannot return, an operation faults, or calls wait for
//! ever that may not; then, all of it known, for states from which no end can be reached. The way to what was
//! found is looked for again, level by level in context switches.

use std::collections::VecDeque;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::history::{History, Interval};
use super::model::Numbered;
use super::referee::{Event, KnownId, Referee};
use super::result::Wrong;
use super::walk::{Arrival, Walker};
use crate::explore::{Cut, Forgetter, Limits, Mode, Monitor, NodeId, Progress, Store};
use crate::program::ThreadId;
use crate::schedule::Schedule;
use crate::vm::{Action, Actor, Choice, Fault, Machine, State};

/// How many pairs are expanded between two looks at the limits.
const BETWEEN_LOOKS: u64 = 1 << 10;

/// A state of the program, and what the referee knows.
type Pair = (NodeId, KnownId);

/// What was found of one client.
pub(super) struct Searched {
    /// How many pairs were visited.
    pub states: u64,
    /// Why the search was cut.
    pub cut: Option<Cut>,
    /// What is wrong.
    pub found: Option<Found>,
}

/// Something wrong, and how it comes about.
pub(super) struct Found {
    pub wrong: Wrong,
    /// The thread that the last step is of, where a step is what is wrong.
    pub thread: Option<usize>,
    pub fault: Option<Fault>,
    /// What the referee knew before the last step, or knows at the end.
    pub known: KnownId,
    pub schedule: Schedule,
    /// The calls up to there, the one that cannot return so with what it returned.
    pub history: History,
}

/// What is wrong somewhere in the product.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Goal {
    /// A step, of this kind.
    Step(Wrong),
    /// One of these pairs.
    Pair(Wrong),
}

/// Where an edge leads.
enum Head {
    Pair(Pair),
    Dropped,
    Wrong(Wrong),
}

/// An edge: its first step, and how many steps it takes.
#[derive(Clone, Copy, Debug)]
struct Edge {
    actor: Actor,
    choice: Choice,
    steps: u32,
}

/// The search of one client.
pub(super) struct Search<'a, 'r, 'p> {
    machine: &'a Machine<'p>,
    referee: &'a mut Referee<'r>,
    calls: &'a [Numbered],
    walker: Walker<'a, 'p>,
    store: Store,
    forgetter: Forgetter<'a, 'p>,
    /// How many steps each thread makes before its first edge.
    start: Vec<usize>,
    first: Pair,
    state: State,
    actors: Vec<Actor>,
}

impl<'a, 'r, 'p> Search<'a, 'r, 'p> {
    /// Prepares the search of a client with these calls.
    pub fn new(
        machine: &'a Machine<'p>,
        referee: &'a mut Referee<'r>,
        calls: &'a [Numbered],
    ) -> Search<'a, 'r, 'p> {
        let mut walker = Walker::new(machine, calls);
        let start = walker.start();
        let forgetter = Forgetter::new(machine);
        forgetter.forget(&mut walker.state);
        let mut store = Store::new(machine);
        let state = walker.state.clone();
        let node = store.insert(Mode::Decision, &state, None, u64::MAX).expect("the store is empty");
        let first = (node, 0);
        Search { machine, referee, calls, walker, store, forgetter, start, first, state, actors: Vec::new() }
    }

    /// Searches until something is wrong, all is known, or a limit is reached.
    pub fn run(mut self, limits: &Limits, monitor: &mut dyn Monitor) -> Searched {
        let mut visited = Visited::new(self.first);
        let mut next = 0;
        let mut goal = None;
        while next < visited.pairs.len() && goal.is_none() {
            let is_full = limits.max_states.is_some_and(|most| visited.pairs.len() as u64 > most);
            let cut = match next as u64 % BETWEEN_LOOKS {
                _ if is_full => Some(Cut::States),
                0 => self.look(&visited, next, limits, monitor),
                _ => None,
            };
            if let Some(cut) = cut {
                return Searched { states: visited.pairs.len() as u64, cut: Some(cut), found: None };
            }
            goal = self.visit(next as u32, &mut visited);
            next += 1;
        }
        let mut targets: HashSet<Pair, FixedState> = HashSet::default();
        match goal {
            Some(Goal::Pair(_)) => targets.extend([visited.pairs[next - 1]]),
            Some(Goal::Step(_)) => {}
            None => {
                targets = self.livelocked(&visited);
                goal = (!targets.is_empty()).then_some(Goal::Pair(Wrong::Livelock));
            }
        }
        let states = visited.pairs.len() as u64;
        drop(visited);
        Searched { states, cut: None, found: goal.map(|goal| self.lead_to(goal, &targets)) }
    }

    /// Looks at the limits.
    fn look(
        &self,
        visited: &Visited,
        expanded: usize,
        limits: &Limits,
        monitor: &mut dyn Monitor,
    ) -> Option<Cut> {
        let states = visited.pairs.len() as u64;
        let memory = (self.store.memory() + visited.memory()) as u64;
        if limits.max_memory.is_some_and(|most| memory > most) {
            return Some(Cut::Memory);
        }
        let transitions = visited.edges.len() as u64;
        let frontier = states - expanded as u64;
        monitor.observe(&Progress { phase: "searching", states, transitions, frontier, memory, whole: None })
    }

    /// Visits a pair: adds its edges, and says what is wrong with it or one of them.
    fn visit(&mut self, at: u32, visited: &mut Visited) -> Option<Goal> {
        let pair = visited.pairs[at as usize];
        let mut goal = None;
        let is_end = self.expand(pair, &mut |_, head, is_event| match head {
            Head::Pair(to) => {
                visited.add(at, to, is_event);
                true
            }
            Head::Dropped => {
                visited.ends.push(at);
                true
            }
            Head::Wrong(wrong) => {
                goal = Some(Goal::Step(wrong));
                false
            }
        });
        if goal.is_none() && is_end {
            if self.referee.may_wait(pair.1) {
                visited.ends.push(at);
            } else {
                goal = Some(Goal::Pair(Wrong::Deadlock));
            }
        }
        goal
    }

    /// Calls `visit` with every edge out of a pair, where it leads, and whether something is called or returns
    /// on it, until that returns false. Returns true when there is none, because an execution ends here.
    fn expand(&mut self, pair: Pair, visit: &mut dyn FnMut(Edge, Head, bool) -> bool) -> bool {
        let mut state = std::mem::replace(&mut self.state, State::from_words(Box::default()));
        let mode = self.store.load(pair.0, &mut state);
        let mut actors = std::mem::take(&mut self.actors);
        match mode {
            Mode::Decision => self.machine.actors(&state, &mut actors),
            Mode::Running(thread) => {
                actors.clear();
                actors.push(Actor::Thread(thread));
            }
        }
        'edges: for &actor in &actors {
            for choice in self.machine.choices(&state, actor).iter() {
                let arrival = self.walker.run(&state, actor, choice);
                let edge = Edge { actor, choice, steps: self.walker.steps };
                let head = self.head(pair, &state, arrival);
                if !visit(edge, head, !self.walker.events.is_empty()) {
                    break 'edges;
                }
            }
        }
        let is_end = actors.is_empty();
        self.actors = actors;
        self.state = state;
        is_end
    }

    /// Says where the edge that the walker has just taken leads.
    fn head(&mut self, from: Pair, state: &State, arrival: Arrival) -> Head {
        let mut known = from.1;
        for event in &self.walker.events {
            match self.referee.step(known, event) {
                Some(next) => known = next,
                None => return Head::Wrong(Wrong::Order),
            }
        }
        match arrival {
            Arrival::Dropped => Head::Dropped,
            Arrival::Fault(_) => Head::Wrong(Wrong::Fault),
            Arrival::Node(mode) => {
                self.forgetter.forget(&mut self.walker.state);
                let node = self.store.insert(mode, &self.walker.state, Some((from.0, state)), u64::MAX);
                Head::Pair((node.expect("a store has room for any number of states"), known))
            }
        }
    }

    /// Returns the pairs from which nothing ends and nothing returns any more, although it should. Where no
    /// event is ahead, the referee knows the same for ever, so that one look says whether all may wait.
    fn livelocked(&mut self, visited: &Visited) -> HashSet<Pair, FixedState> {
        let into = visited.edges_into();
        let can_end = into.closure(visited.ends.iter().copied(), visited.pairs.len());
        let is_event_ahead = |&&(from, to, is_event): &&(u32, u32, bool)| {
            is_event && !can_end[from as usize] && !can_end[to as usize]
        };
        let before_events = visited.edges.iter().filter(is_event_ahead).map(|&(from, ..)| from);
        let has_event_ahead = into.closure(before_events, visited.pairs.len());
        let stays = |at: &usize| !can_end[*at] && !has_event_ahead[*at];
        let candidates = (0..visited.pairs.len()).filter(stays).map(|at| visited.pairs[at]);
        candidates.collect::<Vec<_>>().into_iter().filter(|pair| !self.referee.may_wait(pair.1)).collect()
    }

    /// Finds the way to a goal with the fewest context switches: all that can be reached with none, then with
    /// one, and so on; among those with as many, one with few edges.
    fn lead_to(&mut self, goal: Goal, targets: &HashSet<Pair, FixedState>) -> Found {
        let mut way = Way::new();
        let mut now = VecDeque::from([Open { pair: Some(self.first), last: None, parent: None, edge: None }]);
        let mut later = VecDeque::new();
        loop {
            let Some(open) = now.pop_front() else {
                assert!(!later.is_empty(), "what the search found can be reached");
                std::mem::swap(&mut now, &mut later);
                continue;
            };
            let Some(pair) = open.pair else { return self.retrace(&way.to(&open), goal) };
            if !way.seen.insert((pair, open.last)) {
                continue;
            }
            if matches!(goal, Goal::Pair(_)) && targets.contains(&pair) {
                return self.retrace(&way.to(&open), goal);
            }
            let parent = Some(way.entries.len() as u32);
            way.entries.push((open.parent, open.edge));
            self.expand(pair, &mut |edge, head, _| {
                let last = match edge.actor {
                    Actor::Thread(thread) => Some(thread),
                    Actor::Buffer(..) => open.last,
                };
                let pair = match head {
                    Head::Pair(pair) => Some(pair),
                    Head::Wrong(wrong) if goal == Goal::Step(wrong) => None,
                    Head::Wrong(..) | Head::Dropped => return true,
                };
                let is_switch = open.last.is_some() && last != open.last;
                let queue = if is_switch { &mut later } else { &mut now };
                queue.push_back(Open { pair, last, parent, edge: Some(edge) });
                true
            });
        }
    }

    /// Walks a way again, and notes what happens on it.
    fn retrace(&mut self, way: &[Edge], goal: Goal) -> Found {
        let mut schedule = Schedule::default();
        let mut start = self.start.clone();
        let mut history = History::default();
        let (mut known, mut thread, mut fault) = (0, None, None);
        self.walker.start();
        let mut state = self.walker.state.clone();
        for edge in way {
            let arrival = self.walker.run(&state, edge.actor, edge.choice);
            // Nobody sees these steps: they can as well stand where the thread begins.
            let begins = std::mem::take(&mut start[edge.actor.thread().index()]);
            let step = Action { actor: Actor::Thread(edge.actor.thread()), choice: Choice::Only };
            schedule.actions.extend(std::iter::repeat_n(step, begins));
            schedule.actions.push(Action { actor: edge.actor, choice: edge.choice });
            schedule.actions.extend(std::iter::repeat_n(step, edge.steps as usize - 1));
            for event in &self.walker.events {
                note(&mut history, event, self.calls);
                match self.referee.step(known, event) {
                    Some(next) => known = next,
                    None => break,
                }
            }
            if let Arrival::Fault(found) = arrival {
                fault = Some(found);
            }
            thread = Some(edge.actor.thread().index());
            state.clone_from(&self.walker.state);
        }
        let wrong = match goal {
            Goal::Step(wrong) => wrong,
            Goal::Pair(wrong) => {
                thread = None;
                wrong
            }
        };
        Found { wrong, thread, fault, known, schedule, history }
    }
}

/// Adds a call or a return to a history.
fn note(history: &mut History, event: &Event, calls: &[Numbered]) {
    let at = history.length;
    history.length += 1;
    match event {
        Event::Call { thread, call } => history.calls.push(Interval {
            thread: *thread,
            call: *call,
            text: calls[*call as usize].text.clone(),
            called: at,
            returned: None,
        }),
        Event::Return { thread, values } => {
            let of_thread = history.calls.iter_mut().rev().find(|interval| interval.thread == *thread);
            of_thread.expect("a call comes before its return").returned = Some((at, values.clone()));
        }
    }
}

/// What the first search has visited.
struct Visited {
    pairs: Vec<Pair>,
    numbers: HashMap<Pair, u32, FixedState>,
    /// From, to, and whether something is called or returns on the way.
    edges: Vec<(u32, u32, bool)>,
    /// The pairs at which an execution ends, or is dropped.
    ends: Vec<u32>,
}

impl Visited {
    fn new(first: Pair) -> Visited {
        let numbers = HashMap::from_iter([(first, 0)]);
        Visited { pairs: vec![first], numbers, edges: Vec::new(), ends: Vec::new() }
    }

    fn add(&mut self, from: u32, to: Pair, is_event: bool) {
        let next = self.pairs.len() as u32;
        let number = *self.numbers.entry(to).or_insert(next);
        if number == next {
            self.pairs.push(to);
        }
        self.edges.push((from, number, is_event));
    }

    fn memory(&self) -> usize {
        self.pairs.capacity() * size_of::<Pair>()
            + self.numbers.allocation_size()
            + self.edges.capacity() * size_of::<(u32, u32, bool)>()
    }

    /// Sorts the edges by where they lead.
    fn edges_into(&self) -> Into {
        let mut rows = vec![0_u32; self.pairs.len() + 1];
        for &(_, to, _) in &self.edges {
            rows[to as usize + 1] += 1;
        }
        for at in 1..rows.len() {
            rows[at] += rows[at - 1];
        }
        let mut place = rows.clone();
        let mut tails = vec![0; self.edges.len()];
        for &(from, to, _) in &self.edges {
            tails[place[to as usize] as usize] = from;
            place[to as usize] += 1;
        }
        Into { rows, tails }
    }
}

/// Edges in rows by where they lead.
struct Into {
    rows: Vec<u32>,
    tails: Vec<u32>,
}

impl Into {
    /// Returns which pairs one of these can be reached from.
    fn closure(&self, from: impl Iterator<Item = u32>, pairs: usize) -> Vec<bool> {
        let mut reached = vec![false; pairs];
        let mut open: Vec<u32> = from.collect();
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut reached[at as usize], true) {
                continue;
            }
            let row = self.rows[at as usize] as usize..self.rows[at as usize + 1] as usize;
            open.extend(self.tails[row].iter().filter(|&&tail| !reached[tail as usize]));
        }
        reached
    }
}

/// What is to be visited on the way to a goal; without a pair it is the goal.
struct Open {
    pair: Option<Pair>,
    last: Option<ThreadId>,
    parent: Option<u32>,
    edge: Option<Edge>,
}

/// What has been visited on the way to a goal.
struct Way {
    seen: HashSet<(Pair, Option<ThreadId>), FixedState>,
    entries: Vec<(Option<u32>, Option<Edge>)>,
}

impl Way {
    fn new() -> Way {
        Way { seen: HashSet::default(), entries: Vec::new() }
    }

    /// Returns the edges that lead to an entry.
    fn to(&self, open: &Open) -> Vec<Edge> {
        let mut edges: Vec<Edge> = open.edge.into_iter().collect();
        let mut parent = open.parent;
        while let Some(at) = parent {
            let (next, edge) = self.entries[at as usize];
            edges.extend(edge);
            parent = next;
        }
        edges.reverse();
        edges
    }
}
