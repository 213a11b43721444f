//! Counts on smaller graphs against those on the whole graph: the same numbers of schedules and traces, the same
//! probabilities, and witnesses that cost as little.

use std::cell::RefCell;
use std::collections::BTreeMap;

use num_bigint::BigUint;
use num_rational::BigRational;
use num_traits::One;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use racevm::check::{
    Count, Counting, Cut, Exploration, Judged, Monitor, Outcome, Probability, Progress, Reached, Request,
    counted_by_sweep, explore, explored,
};
use racevm::explore::{Limits, Reduction, Reductions, Unwatched};
use racevm::program::{Claim, Models, Program};
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

/// Compares all that is counted, and what witnesses cost, of two searches of one program.
pub fn agree_in_full(program: &Program, found: &Exploration, whole: &Exploration, text: &str) {
    assert_eq!(found.schedules, whole.schedules, "{text}");
    assert_eq!(found.traces, whole.traces, "{text}");
    agree(&ends(program, found), &ends(program, whole), text);
    assert!(found.search.minimal_witnesses, "{text}");
    let races = |found: &Exploration| -> Vec<(u32, (usize, usize))> {
        found.races.iter().map(|race| (race.cell, cost(&race.witness))).collect()
    };
    assert_eq!(races(found), races(whole), "{text}");
    let verdicts = |found: &Exploration| -> Vec<_> {
        // Where dead values are forgotten, more states belong to a set that cannot be left.
        let is_livelock = |judged: &Judged| matches!(judged.expectation.claim, Claim::Livelock(_));
        let witness = |judged: &Judged| judged.witness.as_ref().filter(|_| !is_livelock(judged)).map(cost);
        found.expectations.iter().map(|judged| (judged.verdict, witness(judged))).collect()
    };
    assert_eq!(verdicts(found), verdicts(whole), "{text}");
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
        let reduction = Reduction::new(&machine, wanted).expect("the program is small").for_counts();
        if reduction.symmetry().is_none() && symmetry {
            continue;
        }
        let found = explored(&machine, Some(&reduction), &limits, Counting::Traces, &mut Unwatched);
        agree_in_full(program, &found, &whole, &format!("{wanted:?} under {models}:\n{text}"));
        if !dead {
            let sizes = |found: &Exploration| (found.search.states, found.search.transitions);
            assert_eq!(sizes(&found), sizes(&whole), "{wanted:?} under {models}:\n{text}");
            assert!(!found.search.reduced);
            kept = found.search.kept.expect("it says how many states were kept");
        }
    }
    compare_swept(&machine, &whole, text);
    Some((whole.search.states, kept))
}

/// Compares counts over a sweep with those on edges. Where the blocks of threads move in cycles there are none.
fn compare_swept(machine: &Machine<'_>, whole: &Exploration, text: &str) {
    let limits = Limits::default();
    for (workers, counting) in [(1, Counting::Traces), (3, Counting::Probabilities)] {
        let swept = counted_by_sweep(machine, &limits, workers, counting, &mut Unwatched);
        let Some(swept) = swept.filter(|swept| swept.schedules.is_some()) else {
            let has_loop = ["_spin:", "_try:", "_ever:", "_wait:"].iter().any(|label| text.contains(label));
            assert!(has_loop, "a sweep counts:\n{text}");
            continue;
        };
        assert_eq!(swept.schedules, whole.schedules, "{text}");
        let numbers = |found: &Exploration| -> BTreeMap<End, (Count, Probability)> {
            let ends = ends(machine.program(), found).into_iter();
            ends.map(|(end, counted)| (end, (counted.schedules, counted.probability))).collect()
        };
        assert_eq!(numbers(&swept), numbers(whole), "{text}");
        assert_eq!((swept.traces, swept.search.uncounted), (None, false));
        assert_eq!(swept.search.traces_uncounted, counting == Counting::Traces && whole.traces.is_some());
    }
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

/// `threads` threads, each `each` times `x += 1`, written out.
fn increments(threads: u32, each: usize) -> Program {
    let body = "LOAD x\nPUSH 1\nADD\nSTORE x\n".repeat(each);
    crate::assembled(&format!("shared x = 0\nthread T[{threads}]\n{body}end\n"))
}

#[test]
fn numbers_of_many_words_are_exact() {
    for (threads, each) in [(2, 14), (3, 4)] {
        let program = increments(threads, each);
        let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
        let (limits, wanted) = (Limits::default(), Counting::Probabilities);
        let swept = counted_by_sweep(&machine, &limits, 2, wanted, &mut Unwatched).expect("it is swept");
        let factorial = |n: u32| (1..=n).map(BigUint::from).product::<BigUint>();
        let steps = 4 * each as u32;
        let all = factorial(threads * steps) / factorial(steps).pow(threads);
        assert!(all.bits() > 64);
        assert_eq!(swept.schedules, Some(Count::Finite(all)));
        let exact = |outcome: &Outcome| outcome.reached.probability.as_ref().and_then(|p| p.exact.clone());
        let sum: BigRational = swept.outcomes.iter().filter_map(exact).sum();
        assert_eq!(sum, BigRational::one());
    }
}

#[test]
fn a_sweep_counts_as_far_as_memory_goes() {
    let program = increments(3, 3);
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
    let by = |max_memory: u64| {
        let limits = Limits { max_states: None, max_memory: Some(max_memory) };
        counted_by_sweep(&machine, &limits, 2, Counting::Probabilities, &mut Unwatched).expect("it is swept")
    };
    let all = by(1 << 30);
    let (mut uncounted, mut counted) = (0, 0);
    for limit in (1..64).map(|step| step * 50_000) {
        let found = by(limit);
        match &found.schedules {
            Some(_) => {
                assert_eq!(found.schedules, all.schedules);
                let numbers = |found: &Exploration| -> Vec<_> {
                    let reached = found.outcomes.iter().map(|outcome| outcome.reached.clone());
                    reached.map(|reached| (reached.schedules, reached.probability)).collect()
                };
                assert_eq!(numbers(&found), numbers(&all));
                counted += 1;
            }
            None => {
                assert_eq!(found.search.uncounted, found.search.cut.is_none(), "{limit} bytes");
                uncounted += u32::from(found.search.uncounted);
            }
        }
    }
    assert!(counted > 0 && uncounted > 0, "{counted} counted, {uncounted} not");
}

/// Has no time left once it has been asked so often while something is counted.
struct Impatient {
    patience: usize,
    asked: Vec<Progress>,
}

impl Impatient {
    fn new(patience: usize) -> Impatient {
        Impatient { patience, asked: Vec::new() }
    }
}

impl Monitor for Impatient {
    fn observe(&mut self, progress: &Progress) -> Option<Cut> {
        self.asked.extend((progress.phase == "counting").then_some(*progress));
        (self.asked.len() > self.patience).then_some(Cut::Time)
    }
}

#[test]
fn a_count_ends_where_time_does_and_the_search_before_it_is_shown() {
    let program = increments(3, 4);
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
    let by = |patience: usize| {
        let (mut monitor, wanted) = (Impatient::new(patience), Counting::Probabilities);
        let found = counted_by_sweep(&machine, &Limits::default(), 2, wanted, &mut monitor);
        (found.expect("it is swept"), monitor.asked)
    };
    let (all, asked) = by(usize::MAX);
    assert!(all.search.cut.is_none() && all.schedules.is_some());
    assert!(asked.iter().all(|at| at.states == all.search.states && at.frontier <= at.states));
    let most = asked.windows(2).map(|pair| pair[0].frontier.saturating_sub(pair[1].frontier)).max();
    assert!(most < Some(all.search.states / 4), "{most:?} of {} states between two looks", all.search.states);
    assert_eq!(
        asked.iter().filter(|at| at.frontier == at.states).count(),
        2,
        "all are looked at, then counted"
    );
    let shown = |found: &Exploration| -> Vec<_> {
        let outcomes = found.outcomes.iter();
        let outcomes = outcomes.map(|outcome| (outcome.values.concat(), outcome.reached.witness.clone()));
        outcomes.chain(found.races.iter().map(|race| (Vec::new(), race.witness.clone()))).collect()
    };
    for patience in [0, 1, asked.len() / 2, asked.len() - 1] {
        let (cut, again) = by(patience);
        assert_eq!(again, asked[..=patience]);
        assert_eq!((cut.search.cut, cut.search.uncounted), (Some(Cut::Time), false));
        assert_eq!((cut.search.states, cut.search.transitions), (all.search.states, all.search.transitions));
        assert_eq!(shown(&cut), shown(&all));
        assert!(cut.schedules.is_none());
        assert!(cut.outcomes.iter().all(|outcome| outcome.reached.schedules.is_none()));
    }
}

#[test]
fn where_time_ends_a_count_nothing_else_is_tried() {
    let program = increments(3, 3);
    let limits = Limits { max_states: None, max_memory: Some(16 << 20) };
    let request = Request { count: true, reduce: false, limits, ..Request::new(program.models) };
    let mut monitor = Impatient::new(0);
    let found = explore(&program, &request, &mut monitor).expect("small states");
    assert_eq!((found.search.cut, monitor.asked.len()), (Some(Cut::Time), 1));
    assert_eq!((found.outcomes.len(), found.schedules), (8, None));
}

/// Notes the most that each of several searches held, one after the other.
#[derive(Default)]
struct Searches {
    held: Vec<u64>,
    states: u64,
}

impl Monitor for Searches {
    fn observe(&mut self, progress: &Progress) -> Option<Cut> {
        if self.held.is_empty() || progress.states < self.states {
            self.held.push(0);
        }
        self.states = progress.states;
        let held = self.held.last_mut().expect("there is one");
        *held = progress.memory.max(*held);
        None
    }
}

#[test]
fn edges_behind_a_sweep_have_the_room_that_it_leaves() {
    // Where threads spin a sweep counts nothing.
    let spin = |at: usize| format!("  spin{at}:\n    LOAD x\n    JZ spin{at}\n    LOAD x\n    STORE y\n");
    let spins: String = (0..3).map(spin).collect();
    let choose = "    CHOOSE 0..5\n    STORE t\n";
    let setter = "thread b\n    PUSH 1\n    STORE x\nend\n";
    let text = format!("shared x\nshared y\nlocal t = 0\nthread a[3]\n{choose}{spins}end\n{setter}");
    let program = crate::assembled(&text);
    let mut behind = 0;
    for limit in (8..24).map(|mebibytes| mebibytes << 20) {
        let limits = Limits { max_states: None, max_memory: Some(limit) };
        let request = Request { count: true, reduce: false, limits, ..Request::new(program.models) };
        let mut searches = Searches::default();
        let found = explore(&program, &request, &mut searches).expect("small states");
        let &[_, swept, edged] = &searches.held[..] else { continue };
        assert!(found.search.uncounted, "{:?}", found.search);
        assert!(swept + edged <= limit, "{swept} and {edged} of {limit} bytes");
        behind += u32::from(swept > limit / 4);
    }
    assert!(behind > 5, "{behind} searches came behind a large one");
}

fn counted_within(program: &Program, reduce: bool, max_memory: u64) -> Exploration {
    let limits = Limits { max_states: None, max_memory: Some(max_memory) };
    let request = Request { count: true, reduce, limits, ..Request::new(program.models) };
    explore(program, &request, &mut Unwatched).expect("small states")
}

#[test]
fn where_edges_find_no_room_a_sweep_counts() {
    let program = increments(3, 3);
    let kept = counted_within(&program, false, 1 << 30);
    let swept = counted_within(&program, false, 16 << 20);
    assert!(kept.search.minimal_witnesses && kept.traces.is_some() && !kept.search.traces_uncounted);
    assert!(swept.traces.is_none() && swept.search.traces_uncounted && !swept.search.uncounted);
    assert_eq!((swept.schedules, swept.search.states), (kept.schedules, kept.search.states));
}

#[test]
fn where_a_sweep_cannot_count_what_nobody_reads_is_forgotten() {
    let chooses = |name: &str| {
        format!("thread {name}\n    CHOOSE 0..99\n    STORE t\n  spin:\n    LOAD x\n    JZ spin\nend\n")
    };
    let text = format!(
        "shared x\nlocal t = 0\n{}{}thread c\n    PUSH 1\n    STORE x\nend\n",
        chooses("a"),
        chooses("b")
    );
    let program = crate::assembled(&text);
    let found = counted_within(&program, true, 12 << 20);
    assert_eq!((found.search.cut, found.schedules), (None, Some(Count::Infinite)));
    assert!(found.search.reduced && found.search.states < 1_000, "{:?}", found.search);
    let probability = found.outcomes[0].reached.probability.as_ref().and_then(|p| p.exact.clone());
    assert_eq!(probability, Some(BigRational::one()));
    let uncounted = counted_within(&program, false, 12 << 20);
    assert!(uncounted.search.uncounted && uncounted.search.states > 100_000, "{:?}", uncounted.search);
}
