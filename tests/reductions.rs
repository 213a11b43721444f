//! How much reductions take away, where others' figures or mathematics say how much there is to take, and that
//! everything of the corpus survives them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use num_bigint::BigUint;
use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Count, Exploration, Request, Unwatched, Verdict, explore};
use racevm::explore::{Limits, Reductions};
use racevm::program::Program;

mod common;

fn assembled(text: &str) -> Program {
    assemble("model.rvm", text, &Options::default(), &NoFiles).expect("the model assembles")
}

fn reduced(program: &Program, wanted: Reductions) -> Exploration {
    let request = Request { reductions: Some(wanted), ..Request::new(program.models) };
    explore(program, &request, &mut Unwatched).expect("small states")
}

/// `threads` threads, each `each` times `x += 1`, written out.
fn increments(threads: u32, each: usize) -> Program {
    let body = "LOAD x\nPUSH 1\nADD\nSTORE x\n".repeat(each);
    assembled(&format!("shared x = 0\nthread T[{threads}]\n{body}end\n"))
}

#[test]
fn independent_stores_take_one_state_a_thread() {
    for threads in 1..=12_u32 {
        let text = format!("shared a[{threads}]\nthread T[{threads}]\nPUSH 1\nSELF\nSTORE a[]\nend\n");
        let found = reduced(&assembled(&text), Reductions::ALL);
        assert_eq!(found.search.states, u64::from(threads) + 1);
        assert_eq!(found.outcomes.len(), 1);
    }
}

#[test]
fn increments_take_fewer_states_than_fused_strides() {
    // Harmony's figures for the same models.
    let fused = Reductions { symmetry: false, ..Reductions::ALL };
    assert!(reduced(&increments(3, 5), fused).search.states <= 173_637);
    let found = reduced(&increments(4, 3), Reductions::ALL);
    assert!(found.search.states <= 393_559 / 10, "{}", found.search.states);
    let values: Vec<i64> = found.outcomes.iter().map(|outcome| outcome.values[0][0]).collect();
    assert_eq!(values, (2..=12).collect::<Vec<i64>>());
}

#[test]
fn a_waiting_thread_keeps_nothing_dead() {
    let program = assembled(
        "switch gil\nmemory tso\nshared x\nmutex m\ncondition c on m\nthread A[2]\nLOCK m\nPUSH 1\nSTORE x\n\
         UNLOCK m\nend\nthread B\nPUSH 2\nLOCK m\nWAIT c\nUNLOCK m\nend\n",
    );
    let dead = Reductions { dead: true, ..Reductions::NONE };
    // A run that ends in the WAIT and one that is broken before it lead to one state.
    let whole = reduced(&program, Reductions::NONE).search.states;
    assert!(reduced(&program, dead).search.states <= whole);
}

#[test]
fn a_critical_section_that_everybody_keeps_is_one_step() {
    let body = "LOCK m\nLOAD x\nPUSH 1\nADD\nSTORE x\nUNLOCK m\n".repeat(3);
    let program = assembled(&format!("shared x\nmutex m\nthread T[4]\n{body}end\n"));
    let without_symmetry = Reductions { symmetry: false, ..Reductions::ALL };
    assert_eq!(reduced(&program, without_symmetry).search.states, 4_u64.pow(4));
    // How many threads have done so many sections, whoever they are: multisets of 4 out of 4.
    assert_eq!(reduced(&program, Reductions::ALL).search.states, 35);
}

#[test]
fn deadlocks_and_faults_of_copies_are_given_back_in_full() {
    let program = assembled(
        "mutex m\nmutex n\nshared x\nthread T[3]\nTRYLOCK m\nJZ other\nLOCK n\nHALT\nother:\nLOCK n\n\
         LOCK m\nend\nthread F[2]\nLOAD x\nASSERT \"x\"\nend\n",
    );
    let whole = Request { reduce: false, ..Request::new(program.models) };
    let whole = explore(&program, &whole, &mut Unwatched).expect("small states");
    let found = reduced(&program, Reductions::ALL);
    assert!(found.search.states < whole.search.states / 10, "{} states", found.search.states);
    assert_eq!(deadlocks(&found), deadlocks(&whole));
    assert_eq!(faults(&found), faults(&whole));
    assert_eq!(faults(&found).len(), 2);
}

#[test]
fn claims_that_stand_twice_change_places_one_by_one() {
    let failures = |claims: [&str; 3]| {
        let expected: String = claims.iter().map(|claim| format!("expect {claim}\n")).collect();
        let program = assembled(&format!("shared last = -1\nthread T[2]\nSELF\nSTORE last\nend\n{expected}"));
        let by_symmetry = Reductions { symmetry: true, ..Reductions::NONE };
        let found = reduced(&program, by_symmetry);
        let whole = reduced(&program, Reductions::NONE);
        assert!(found.search.states < whole.search.states, "the copies change places");
        assert_eq!(found.outcomes.len(), 2);
        found.expectations.iter().map(|judged| judged.verdict).collect::<Vec<Verdict>>()
    };
    let (zero, one) = ("finally last != 0", "finally last != 1");
    assert_eq!(failures([zero, zero, one]), [Verdict::Fails; 3]);
    assert_eq!(failures([one, one, zero]), [Verdict::Fails; 3]);
}

#[test]
fn schedules_of_a_large_graph_of_copies_are_counted_up_to_symmetry() {
    let program = increments(7, 1);
    let request = Request { count: true, ..Request::new(program.models) };
    let found = explore(&program, &request, &mut Unwatched).expect("small states");
    let factorial = |n: u32| (1..=n).map(BigUint::from).product::<BigUint>();
    let all = Count::Finite(factorial(28) / factorial(4).pow(7));
    assert_eq!(found.schedules.as_ref(), Some(&all));
    let mut sum = Count::zero();
    for outcome in &found.outcomes {
        sum += outcome.reached.schedules.as_ref().expect("they were counted");
    }
    assert_eq!(sum, all);
    assert!(!found.search.reduced && found.search.minimal_witnesses && found.traces.is_some());
    let kept = found.search.kept.expect("it says how many states were kept");
    assert!(kept * 500 < found.search.states, "{kept} of {}", found.search.states);
}

fn programs_in(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the folder of programs can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.sort_unstable();
    for path in paths {
        if path.is_dir() {
            programs_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rvm") {
            found.push(path);
        }
    }
}

type Deadlocks = BTreeSet<(Vec<Vec<i64>>, Vec<(u32, u32)>)>;

fn deadlocks(found: &Exploration) -> Deadlocks {
    let blocked = |deadlock: &racevm::check::Deadlock| {
        deadlock.blocked.iter().map(|&(thread, at)| (thread.0, at.0)).collect()
    };
    found.deadlocks.iter().map(|deadlock| (deadlock.values.clone(), blocked(deadlock))).collect()
}

fn faults(found: &Exploration) -> BTreeSet<(String, u32, u32)> {
    found.faults.iter().map(|fault| (fault.message.clone(), fault.thread.0, fault.at.0)).collect()
}

#[test]
fn everything_survives_in_the_corpus() {
    let limits = Limits { max_states: Some(10_000), max_memory: None };
    let mut ratios = Vec::new();
    let mut paths = Vec::new();
    programs_in(&common::root().join("programs"), &mut paths);
    for path in paths {
        let program = match racevm::testing::file(&path).assemble() {
            Ok(program) => program,
            // Locks and objects are for others to include: they have no threads of their own.
            Err(failure) if failure.to_string().contains("E0506") => continue,
            Err(failure) => panic!("the corpus assembles:\n{failure}"),
        };
        for models in program.combinations(program.models) {
            let request = Request { reduce: false, verdicts_only: true, limits, ..Request::new(models) };
            let whole = explore(&program, &request, &mut Unwatched).expect("small states");
            if whole.search.cut.is_some() {
                continue;
            }
            let request = Request { reductions: Some(Reductions::ALL), ..Request::new(models) };
            let found = explore(&program, &request, &mut Unwatched).expect("small states");
            let outcomes = |found: &Exploration| -> Vec<(Vec<Vec<i64>>, Vec<i64>)> {
                found
                    .outcomes
                    .iter()
                    .map(|outcome| (outcome.values.clone(), outcome.output.clone()))
                    .collect()
            };
            let name = path.display();
            assert_eq!(outcomes(&found), outcomes(&whole), "{name}");
            assert_eq!(deadlocks(&found), deadlocks(&whole), "{name}");
            assert_eq!(faults(&found).len(), faults(&whole).len(), "{name}");
            assert_eq!(found.races.len(), whole.races.len(), "{name}");
            assert_eq!(found.livelocks.is_empty(), whole.livelocks.is_empty(), "{name}");
            for (reduced, judged) in found.expectations.iter().zip(&whole.expectations) {
                let uncounted = reduced.verdict == Verdict::Unknown;
                assert!(
                    uncounted || reduced.verdict == judged.verdict,
                    "{name}: {}",
                    judged.expectation.text
                );
            }
            if whole.search.states > 1_000 {
                ratios.push(whole.search.states / found.search.states);
            }
        }
    }
    ratios.sort_unstable();
    assert!(ratios.len() > 20, "only {} programs have more than a thousand states", ratios.len());
    assert!(
        ratios[ratios.len() / 2] >= 10,
        "the median program is reduced {} times",
        ratios[ratios.len() / 2]
    );
}
