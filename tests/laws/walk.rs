//! The least cost of everything a program can do, by single steps of the machine and without the library's
//! search: every state is looked at again whenever a cheaper way to it turns up, until none does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use racevm::program::{Claim, ThreadId};
use racevm::schedule::Schedule;
use racevm::vm::{Action, Actor, After, Machine, State, Stop};

/// Context switches, then steps.
pub type Cost = (usize, usize);

/// What can be reached.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Goal {
    /// Observed values and output of a final state.
    Final(Vec<i64>, Vec<i64>),
    /// Observed values and blocked threads of a deadlock, with their addresses.
    Deadlock(Vec<i64>, Vec<(u32, u32)>),
    /// Message, thread and line of a fault.
    Fault(String, u32, u32),
    /// Cell and lines of a data race.
    Race(u32, u32, u32),
    /// The expectation with this index is decided.
    Decided(usize),
}

/// A state, and the thread that goes on without a decision.
pub type Point = (State, Option<ThreadId>);

/// The same, and the last thread to step.
type Visit = (State, Option<ThreadId>, Option<ThreadId>);

/// The least cost of each goal.
pub struct Walk<'m, 'p> {
    machine: &'m Machine<'p>,
    best: BTreeMap<Visit, Cost>,
    queue: VecDeque<Visit>,
    pub goals: BTreeMap<Goal, Cost>,
}

impl<'m, 'p> Walk<'m, 'p> {
    /// Walks; `None` when there are more states than `limit`.
    pub fn new(machine: &'m Machine<'p>, limit: usize) -> Option<Walk<'m, 'p>> {
        let mut walk =
            Walk { machine, best: BTreeMap::new(), queue: VecDeque::new(), goals: BTreeMap::new() };
        walk.reach((machine.initial(), None, None), (0, 0));
        while let Some(point) = walk.queue.pop_front() {
            let cost = walk.best[&point];
            walk.leave(&point, cost);
            if walk.best.len() > limit {
                return None;
            }
        }
        Some(walk)
    }

    fn reach(&mut self, point: Visit, cost: Cost) {
        if self.best.get(&point).is_none_or(|&known| cost < known) {
            self.best.insert(point.clone(), cost);
            self.queue.push_back(point);
        }
    }

    fn meet(&mut self, goal: Goal, cost: Cost) {
        let known = self.goals.entry(goal).or_insert(cost);
        *known = cost.min(*known);
    }

    fn leave(&mut self, (state, running, last): &Visit, cost: Cost) {
        let mut actors = Vec::new();
        match running {
            Some(thread) => actors.push(Actor::Thread(*thread)),
            None => self.machine.actors(state, &mut actors),
        }
        if running.is_none() {
            self.decision(state, &actors, cost);
        }
        for &actor in &actors {
            for choice in self.machine.choices(state, actor).iter() {
                self.step((state, *running, *last), Action { actor, choice }, cost);
            }
        }
    }

    fn step(&mut self, from: (&State, Option<ThreadId>, Option<ThreadId>), action: Action, cost: Cost) {
        let (before, running, last) = from;
        let mut state = before.clone();
        let (thread, switched) = match action.actor {
            Actor::Thread(thread) => (Some(thread), last.is_some_and(|last| last != thread)),
            Actor::Buffer(..) => (last, false),
        };
        let cost = (cost.0 + usize::from(switched), cost.1 + 1);
        let (machine, id) = (self.machine, action.actor.thread());
        let at = machine.pc(before, id);
        match machine.step(&mut state, action) {
            Ok(After::Decision | After::Blocked) => self.reach((state, None, thread), cost),
            Ok(After::SameThread) => self.reach((state, thread, thread), cost),
            Err(Stop::Assume) => {}
            Err(Stop::Fault(fault)) => {
                let program = machine.program();
                let line = program.line(at.expect("it is running")).number;
                self.meet(Goal::Fault(fault.message(program).to_owned(), id.0, line), cost);
                if running.is_some() {
                    // The state before a fault is a state where an execution ends.
                    self.decide(before, false, (cost.0, cost.1 - 1));
                }
            }
        }
    }

    /// A decision state, or one in which nothing can go on.
    fn decision(&mut self, state: &State, actors: &[Actor], cost: Cost) {
        let machine = self.machine;
        let program = machine.program();
        let is_final = machine.is_final(state);
        let observed = || program.observed.iter().flat_map(|observed| &observed.cells);
        let values = || observed().map(|&cell| machine.value(state, cell)).collect::<Vec<i64>>();
        let line = |id| program.line(machine.pc(state, id).expect("it is enabled")).number;
        if is_final {
            self.meet(Goal::Final(values(), machine.output(state).to_vec()), cost);
        } else if actors.is_empty() {
            let blocked = program.thread_ids().filter_map(|id| Some((id.0, machine.pc(state, id)?.0)));
            self.meet(Goal::Deadlock(values(), blocked.collect()), cost);
        }
        let accesses: Vec<_> = actors
            .iter()
            .filter_map(|actor| match *actor {
                Actor::Thread(id) => Some((id, machine.shared_access(state, id)?)),
                Actor::Buffer(..) => None,
            })
            .collect();
        for (index, &(a, first)) in accesses.iter().enumerate() {
            for &(b, second) in &accesses[index + 1..] {
                if first.cell == second.cell && first.races_with(second) {
                    let (one, other) = (line(a).min(line(b)), line(a).max(line(b)));
                    self.meet(Goal::Race(first.cell, one, other), cost);
                }
            }
        }
        self.decide(state, is_final, cost);
    }

    /// Notes which expectations a state decides.
    fn decide(&mut self, state: &State, is_final: bool, cost: Cost) {
        for (index, expectation) in self.machine.program().expectations.iter().enumerate() {
            let value = |expr| racevm::check::evaluate(self.machine, state, expr);
            let decided = match &expectation.claim {
                Claim::Always(expr) => value(expr).is_none_or(|value| value == 0),
                Claim::Never(expr) => value(expr).is_none_or(|value| value != 0),
                Claim::Finally(expr) => is_final && value(expr).is_none_or(|value| value == 0),
                Claim::Possibly(expr) => is_final && value(expr).is_some_and(|value| value != 0),
                _ => false,
            };
            if decided {
                self.meet(Goal::Decided(index), cost);
            }
        }
    }

    /// The least cost of a point of this set, whoever stepped last.
    pub fn least(&self, points: &BTreeSet<Point>) -> Option<Cost> {
        let costs =
            self.best.iter().filter(|((state, running, _), _)| points.contains(&(state.clone(), *running)));
        costs.map(|(_, &cost)| cost).min()
    }

    /// Every point behind what a schedule leads to, itself among them; `None` when an execution can end there.
    pub fn behind(&self, schedule: &Schedule) -> Option<BTreeSet<Point>> {
        let mut state = self.machine.initial();
        let mut running = None;
        for &action in &schedule.actions {
            let after = self.machine.step(&mut state, action).expect("the schedule has been replayed");
            running = (after == After::SameThread).then(|| action.actor.thread());
        }
        let mut seen = BTreeSet::from([(state.clone(), running)]);
        let mut open = vec![(state, running)];
        while let Some((state, running)) = open.pop() {
            let mut actors = Vec::new();
            match running {
                Some(thread) => actors.push(Actor::Thread(thread)),
                None => self.machine.actors(&state, &mut actors),
            }
            if actors.is_empty() {
                return None;
            }
            for actor in actors {
                for choice in self.machine.choices(&state, actor).iter() {
                    let mut next = state.clone();
                    let after = self.machine.step(&mut next, Action { actor, choice }).ok()?;
                    let next = (next, (after == After::SameThread).then(|| actor.thread()));
                    if seen.insert(next.clone()) {
                        open.push(next);
                    }
                }
            }
        }
        Some(seen)
    }
}
