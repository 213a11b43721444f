//! Counts on smaller graphs against those on the whole graph: the same numbers of schedules and traces, the same
//! probabilities, and witnesses that cost as little.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use racevm::check::{Count, Counting, Exploration, Probability, Reached, explored};
use racevm::explore::{Limits, Reduction, Reductions, Unwatched};
use racevm::program::{Models, Program};
use racevm::schedule::Schedule;
use racevm::vm::{DEFAULT_BUFFER, Machine};

use crate::explorer::End;
use crate::{generate, reductions};

/// How often something happens, and what the cheapest schedule costs: switches, then steps.
#[derive(Clone, PartialEq, Debug)]
struct Counted {
    schedules: Count,
    probability: Probability,
    cost: (usize, usize),
}

fn cost(witness: &Schedule) -> (usize, usize) {
    (witness.switches(), witness.actions.len())
}

fn counted(reached: &Reached) -> Counted {
    Counted {
        schedules: reached.schedules.clone().expect("schedules were counted"),
        probability: reached.probability.clone().expect("probabilities were computed"),
        cost: cost(&reached.witness),
    }
}

/// Every end that can be reached, with its numbers.
fn ends(program: &Program, found: &Exploration) -> BTreeMap<End, Counted> {
    let outcomes = found.outcomes.iter().map(|outcome| {
        (End::Final(outcome.values.concat(), outcome.output.clone()), counted(&outcome.reached))
    });
    let deadlocks = found.deadlocks.iter().map(|deadlock| {
        let blocked = deadlock.blocked.iter().map(|&(thread, at)| (thread.index(), at.index())).collect();
        (End::Deadlock(deadlock.values.concat(), blocked), counted(&deadlock.reached))
    });
    let faults = found.faults.iter().map(|fault| {
        let line = program.line(fault.at).number;
        (End::Fault(fault.message.clone(), fault.thread.index(), line), counted(&fault.reached))
    });
    outcomes.chain(deadlocks).chain(faults).collect()
}

/// Compares ends; probabilities that are not exact agree within their errors.
fn agree(smaller: &BTreeMap<End, Counted>, whole: &BTreeMap<End, Counted>, text: &str) {
    assert!(smaller.keys().eq(whole.keys()), "{smaller:?}\n{whole:?}\n{text}");
    for ((end, a), b) in smaller.iter().zip(whole.values()) {
        assert_eq!((&a.schedules, a.cost), (&b.schedules, b.cost), "{end:?} of\n{text}");
        let (a, b) = (&a.probability, &b.probability);
        if a.exact.is_some() && b.exact.is_some() {
            assert_eq!(a, b, "{end:?} of\n{text}");
        } else {
            assert!(
                (a.value - b.value).abs() <= a.error + b.error + 1e-12,
                "{end:?}: {a:?} {b:?} of\n{text}"
            );
        }
    }
}

/// Compares counts up to symmetry, without dead values, and both, with those on the whole graph. Returns how
/// many states the whole graph has and how many were kept up to symmetry; `None` where there are too many.
pub fn compare(program: &Program, models: Models, text: &str) -> Option<(u64, u64)> {
    let machine = Machine::new(program, models, DEFAULT_BUFFER).expect("small states");
    let limits = Limits { max_states: Some(6_000), max_memory: None };
    let whole = explored(&machine, None, &limits, Counting::Traces, &mut Unwatched);
    if whole.search.cut.is_some() {
        return None;
    }
    let mut kept = whole.search.states;
    for (symmetry, dead) in [(true, false), (false, true), (true, true)] {
        let wanted = Reductions { symmetry, dead, ..Reductions::NONE };
        let reduction = Reduction::new(&machine, wanted).expect("the program is small");
        if reduction.symmetry().is_none() && symmetry {
            continue;
        }
        let found = explored(&machine, Some(&reduction), &limits, Counting::Traces, &mut Unwatched);
        assert_eq!(found.schedules, whole.schedules, "{wanted:?} under {models}:\n{text}");
        assert_eq!(found.traces, whole.traces, "{wanted:?} under {models}:\n{text}");
        agree(&ends(program, &found), &ends(program, &whole), text);
        assert!(found.search.minimal_witnesses, "{wanted:?} under {models}:\n{text}");
        let races = |found: &Exploration| -> Vec<(u32, (usize, usize))> {
            found.races.iter().map(|race| (race.cell, cost(&race.witness))).collect()
        };
        assert_eq!(races(&found), races(&whole), "{wanted:?} under {models}:\n{text}");
        let verdicts = |found: &Exploration| -> Vec<_> {
            let witness = |witness: &Option<Schedule>| witness.as_ref().map(cost);
            found.expectations.iter().map(|judged| (judged.verdict, witness(&judged.witness))).collect()
        };
        assert_eq!(verdicts(&found), verdicts(&whole), "{wanted:?} under {models}:\n{text}");
        if !dead {
            let sizes = |found: &Exploration| (found.search.states, found.search.transitions);
            assert_eq!(sizes(&found), sizes(&whole), "{wanted:?} under {models}:\n{text}");
            assert!(!found.search.reduced);
            kept = found.search.kept.expect("it says how many states were kept");
        }
    }
    Some((whole.search.states, kept))
}

fn compare_all(programs: impl Strategy<Value = String>, cases: u32) -> Vec<(u64, u64)> {
    let sizes = RefCell::new(Vec::new());
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&(programs, crate::models()), |(text, models)| {
        sizes.borrow_mut().extend(compare(&crate::assembled(&text), models, &text));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    sizes.into_inner()
}

#[test]
fn counts_of_programs_with_copies_are_those_of_the_whole_graph() {
    let programs = generate::copies().prop_map(|genes| genes.program_of_copies());
    let sizes = compare_all(programs, 2_500 * crate::patience());
    let halved = sizes.iter().filter(|(whole, kept)| whole * 2 > kept * 3).count();
    assert!(sizes.len() > 1_500 && halved > 700, "{halved} of {} graphs were much smaller", sizes.len());
}

#[test]
fn counts_of_programs_with_loops_are_those_of_the_whole_graph() {
    let sizes = compare_all(reductions::looping_program(), 1_000 * crate::patience());
    let smaller = sizes.iter().filter(|(whole, kept)| kept < whole).count();
    assert!(smaller > 100, "{smaller} of {} graphs were smaller", sizes.len());
}
