//! Witnesses: each is printed, parsed back and replayed, and leads exactly where it says.

use std::collections::BTreeSet;

use racevm::check::{Exploration, Judged, evaluate};
use racevm::program::{Addr, Claim, OutcomeSet, ThreadId};
use racevm::schedule::{End, Execution, Schedule, parse, replay};
use racevm::vm::{Action, Actor, After, Machine, State};

/// Replays every witness of what was found, and panics where one leads elsewhere.
pub fn replay_all(machine: &Machine<'_>, found: &Exploration, text: &str) {
    let witnesses = Witnesses { machine, text };
    for outcome in &found.outcomes {
        let replayed = witnesses.run(&outcome.reached.witness);
        assert_eq!(replayed.end, End::Final, "{text}");
        assert_eq!(witnesses.observed(&replayed.state), outcome.values.concat(), "{text}");
        assert_eq!(machine.output(&replayed.state), outcome.output, "{text}");
    }
    for deadlock in &found.deadlocks {
        let replayed = witnesses.run(&deadlock.reached.witness);
        assert_eq!(replayed.end, End::Deadlock, "{text}");
        assert_eq!(witnesses.observed(&replayed.state), deadlock.values.concat(), "{text}");
        assert_eq!(witnesses.unfinished(&replayed.state), deadlock.blocked, "{text}");
    }
    for fault in &found.faults {
        let replayed = witnesses.run(&fault.reached.witness);
        let End::Fault(what) = replayed.end else { panic!("{:?} is no fault:\n{text}", replayed.end) };
        let last = replayed.steps.last().expect("a fault is a step");
        let program = machine.program();
        assert_eq!(what.message(program), fault.message, "{text}");
        assert_eq!(last.action.actor, Actor::Thread(fault.thread), "{text}");
        assert_eq!(program.line(last.addr), program.line(fault.at), "{text}");
    }
    for race in &found.races {
        let state = witnesses.run(&race.witness).state;
        for (thread, at) in race.accesses {
            assert_eq!(machine.pc(&state, thread), Some(at), "{text}");
            assert!(machine.is_enabled(&state, thread), "{text}");
        }
        assert!(witnesses.races(&state, race.accesses.map(|(thread, _)| thread), race.cell), "{text}");
    }
    for livelock in &found.livelocks {
        let state = witnesses.run(&livelock.witness).state;
        assert_eq!(witnesses.observed(&state), livelock.values.concat(), "{text}");
        assert!(witnesses.never_ends_behind(&livelock.witness), "{text}");
    }
    found.expectations.iter().for_each(|judged| witnesses.decide(judged));
}

struct Witnesses<'a, 'm> {
    machine: &'a Machine<'m>,
    text: &'a str,
}

impl Witnesses<'_, '_> {
    fn run(&self, schedule: &Schedule) -> Execution {
        let written = schedule.to_text(self.machine.program());
        let parsed = parse(&written, self.machine.program()).expect("a printed schedule can be read");
        replay(self.machine, &parsed)
            .unwrap_or_else(|misfit| panic!("{misfit:?} of {written}:\n{}", self.text))
    }

    fn observed(&self, state: &State) -> Vec<i64> {
        let cells = self.machine.program().observed.iter().flat_map(|observed| &observed.cells);
        cells.map(|&cell| self.machine.value(state, cell)).collect()
    }

    fn unfinished(&self, state: &State) -> Vec<(ThreadId, Addr)> {
        let threads = self.machine.program().thread_ids();
        threads.filter_map(|id| Some((id, self.machine.pc(state, id)?))).collect()
    }

    /// Returns true when two threads are about to race on a cell.
    fn races(&self, state: &State, threads: [ThreadId; 2], cell: u32) -> bool {
        let access = |id| self.machine.shared_access(state, id).filter(|access| access.cell == cell);
        let [a, b] = threads;
        a != b && access(a).zip(access(b)).is_some_and(|(a, b)| a.races_with(b))
    }

    /// An expectation's witness shows why it fails or, where it asks for something to happen, that it does.
    fn decide(&self, judged: &Judged) {
        let Some(witness) = &judged.witness else { return };
        let Execution { end, state, .. } = self.run(witness);
        let machine = self.machine;
        let is_final = end == End::Final;
        let value = |expr| evaluate(machine, &state, expr);
        let is_shown = match &judged.expectation.claim {
            Claim::Always(expr) => value(expr).is_none_or(|value| value == 0),
            Claim::Never(expr) => value(expr).is_none_or(|value| value != 0),
            Claim::Finally(expr) => is_final && value(expr).is_none_or(|value| value == 0),
            Claim::Possibly(expr) => is_final && value(expr).is_none_or(|value| value != 0),
            Claim::Outcomes { cells, set } => {
                let tuple: Vec<i64> = cells.iter().map(|&cell| machine.value(&state, cell)).collect();
                let expected = match set {
                    OutcomeSet::Scalars(ranges) => {
                        ranges.iter().any(|&(low, high)| (low..=high).contains(&tuple[0]))
                    }
                    OutcomeSet::Tuples(tuples) => tuples.contains(&tuple),
                };
                is_final && !expected
            }
            Claim::Deadlock(_) => end == End::Deadlock,
            Claim::Race(_, on) => {
                let mut pairs = machine.program().thread_ids().flat_map(|a| {
                    let behind = machine.program().thread_ids().skip(a.index() + 1);
                    behind.map(move |b| [a, b])
                });
                pairs.any(|[a, b]| {
                    machine.shared_access(&state, a).is_some_and(|access| {
                        on.is_none_or(|on| (on.base..on.base + on.len).contains(&access.cell))
                            && self.races(&state, [a, b], access.cell)
                    })
                })
            }
            Claim::Livelock(_) => self.never_ends_behind(witness),
            Claim::Fault(_, expected) => match end {
                End::Fault(fault) => {
                    let message = fault.message(machine.program());
                    expected.as_ref().is_none_or(|expected| message.contains(expected.as_str()))
                }
                _ => false,
            },
            Claim::Schedules(_) => false,
        };
        assert!(is_shown, "the witness of `{}` does not show it:\n{}", judged.expectation.text, self.text);
    }

    /// Returns true when no execution ends behind what a schedule leads to.
    fn never_ends_behind(&self, schedule: &Schedule) -> bool {
        let mut state = self.machine.initial();
        let mut running = None;
        for &action in &schedule.actions {
            let after = self.machine.step(&mut state, action).expect("the schedule has been replayed");
            running = (after == After::SameThread).then(|| action.actor.thread());
        }
        let mut seen = BTreeSet::from([(state.clone(), running)]);
        let mut open = vec![(state, running)];
        let mut actors = Vec::new();
        while let Some((state, running)) = open.pop() {
            match running {
                Some(thread) => actors = vec![Actor::Thread(thread)],
                None => self.machine.actors(&state, &mut actors),
            }
            if actors.is_empty() {
                return false;
            }
            for &actor in &actors {
                for choice in self.machine.choices(&state, actor).iter() {
                    let mut next = state.clone();
                    let Ok(after) = self.machine.step(&mut next, Action { actor, choice }) else {
                        return false;
                    };
                    let next = (next, (after == After::SameThread).then(|| actor.thread()));
                    if seen.insert(next.clone()) {
                        open.push(next);
                    }
                }
            }
        }
        true
    }
}
