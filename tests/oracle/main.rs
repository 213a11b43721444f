//! The library against the oracle: the same outcomes, deadlocks, faults and races, in the same numbers of
//! schedules and with the same probabilities, for thousands of random programs.

mod counts;
mod explorer;
mod generate;
mod interpreter;
mod reductions;
mod sweeps;
mod symmetric;
mod witnesses;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use num_rational::BigRational;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Count, Exploration, Reached, Request, Unwatched, explore};
use racevm::program::{MemoryModel, Models, Program, SwitchModel};

use explorer::{End, Explorer, Found};
use interpreter::Interpreter;

/// Programs with more decisions than this are left to the other tests.
const LIMIT: u64 = 20_000;

/// How many programs have to be compared.
const COMPARED: u32 = 2_500;

fn assembled(text: &str) -> Program {
    match assemble("random.rvm", text, &Options::default(), &NoFiles) {
        Ok(program) => program,
        Err(failure) => panic!("a random program does not assemble: {failure:?}\n{text}"),
    }
}

fn models() -> impl Strategy<Value = Models> {
    let switch = prop::sample::select(SwitchModel::ALL.to_vec());
    let memory = prop::sample::select(MemoryModel::ALL.to_vec());
    (switch, memory).prop_map(|(switch, memory)| Models { switch, memory })
}

/// What the library found, in the oracle's terms.
fn ends(program: &Program, found: &Exploration) -> BTreeMap<End, (u64, BigRational)> {
    let numbers = |reached: &Reached| {
        let Some(Count::Finite(schedules)) = &reached.schedules else { panic!("the program has no loops") };
        let probability = reached.probability.as_ref().and_then(|p| p.exact.clone());
        (u64::try_from(schedules).unwrap(), probability.expect("small graphs are exact"))
    };
    let outcomes = found.outcomes.iter().map(|outcome| {
        (End::Final(outcome.values.concat(), outcome.output.clone()), numbers(&outcome.reached))
    });
    let deadlocks = found.deadlocks.iter().map(|deadlock| {
        let blocked = deadlock.blocked.iter().map(|&(thread, at)| (thread.index(), at.index())).collect();
        (End::Deadlock(deadlock.values.concat(), blocked), numbers(&deadlock.reached))
    });
    let faults = found.faults.iter().map(|fault| {
        let end = End::Fault(fault.message.clone(), fault.thread.index(), program.line(fault.at).number);
        (end, numbers(&fault.reached))
    });
    outcomes.chain(deadlocks).chain(faults).collect()
}

fn races(program: &Program, found: &Exploration) -> BTreeSet<(u32, u32, u32)> {
    let key = |race: &racevm::check::Race| {
        let [a, b] = race.accesses.map(|(_, at)| program.line(at).number);
        (race.cell, a, b)
    };
    found.races.iter().map(key).collect()
}

/// Explores by plain recursion; `None` when that is too much.
fn oracle(program: &Program, models: Models) -> Option<Found> {
    let interpreter = Interpreter { program, models };
    let mut explorer = Explorer { interpreter, limit: LIMIT, found: Found::default() };
    explorer.run().then_some(explorer.found)
}

fn compare(text: &str, models: Models) -> bool {
    let program = assembled(text);
    let Some(expected) = oracle(&program, models) else { return false };
    let found = explore(&program, &Request::new(models), &mut Unwatched).expect("small states");
    assert_eq!(found.schedules, Some(Count::Finite(expected.schedules.into())), "schedules of\n{text}");
    assert_eq!(ends(&program, &found), expected.ends, "ends under {models} of\n{text}");
    assert_eq!(races(&program, &found), expected.races, "races under {models} of\n{text}");
    reductions::compare(&program, models, text);
    assert!(sweeps::compare(&program, models, text), "swept under {models}:\n{text}");
    true
}

#[test]
fn random_programs_agree_with_the_oracle() {
    let compared = RefCell::new(0);
    let mut runner = TestRunner::new(Config {
        cases: COMPARED * 3 / 2 * patience(),
        failure_persistence: None,
        ..Config::default()
    });
    let strategy = (generate::genes(), models());
    let result = runner.run(&strategy, |(genes, models)| {
        *compared.borrow_mut() += u32::from(compare(&genes.program(), models));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    assert!(*compared.borrow() >= COMPARED, "only {} programs were small enough", compared.borrow());
}

/// How many times as many programs as usual are drawn: a number in the environment.
fn patience() -> u32 {
    std::env::var("RACEVM_PATIENCE").map_or(1, |times| times.parse().expect("a number"))
}

#[test]
fn sweeps_see_the_whole_graph_of_programs_with_loops() {
    let compared = RefCell::new(0);
    let cases = 3_000 * patience();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&(reductions::looping_program(), models()), |(text, models)| {
        *compared.borrow_mut() += u32::from(sweeps::compare(&assembled(&text), models, &text));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    assert!(*compared.borrow() >= 1_500, "only {} programs were swept", compared.borrow());
}

#[test]
fn reductions_lose_nothing_of_programs_with_loops() {
    let sizes = RefCell::new(Vec::new());
    let cases = 1_500 * patience();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&(reductions::looping_program(), models()), |(text, models)| {
        sizes.borrow_mut().extend(reductions::compare(&assembled(&text), models, &text));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    let sizes = sizes.into_inner();
    let smaller = sizes.iter().filter(|(reduced, whole)| reduced < whole).count();
    assert!(sizes.len() > 1_000, "only {} programs were compared", sizes.len());
    assert!(
        smaller > sizes.len() * 2 / 5,
        "reductions took something away from {smaller} of {}",
        sizes.len()
    );
}
