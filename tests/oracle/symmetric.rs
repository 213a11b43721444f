//! Symmetry against the whole graph, for copies that know which they are: the same outcomes, deadlocks, faults,
//! races and verdicts, in as many schedules, and witnesses that lead there.

mod body;
mod cases;
mod expressions;
mod flaws;
mod names;
mod programs;
mod statements;

use std::cell::RefCell;

use proptest::test_runner::{Config, TestRunner};
use racevm::check::{Counting, Exploration, explored};
use racevm::explore::{Limits, Reduction, Reductions, Unwatched};
use racevm::program::{MemoryModel, Models, Program, SwitchModel};
use racevm::vm::{DEFAULT_BUFFER, Machine};

use crate::reductions::{Survives, never_says_no_when_cut};
use crate::{assembled, counts, patience, witnesses};

/// Larger graphs are left out; where there is patience, three times as large ones.
const MOST_STATES: u64 = 4_000;

/// Schedules of larger graphs are not counted: with loops that takes long.
const MOST_COUNTED: u64 = 800;

const SYMMETRY: Reductions = Reductions { symmetry: true, ..Reductions::NONE };

/// What was compared: a program under one combination of models.
#[derive(Clone, Copy, Debug)]
struct Compared {
    /// Whether nothing in the program tells its copies apart.
    is_symmetric: bool,
    /// How many states the whole graph has.
    whole: u64,
    /// How many of them symmetry alone keeps.
    kept: u64,
}

/// Symmetry by itself, with dead values forgotten, with others, which differ from program to program, and with
/// all of them.
fn combinations(text: &str) -> [Reductions; 4] {
    let seed = text.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let drawn =
        Reductions { fusion: seed & 1 != 0, stubborn: seed & 1 == 0, dead: seed & 2 != 0, ..SYMMETRY };
    [SYMMETRY, Reductions { dead: true, ..SYMMETRY }, drawn, Reductions::ALL]
}

/// Compares searches up to symmetry with one of the whole graph. Returns how many states that has, and how many
/// symmetry alone keeps; `None` where there are too many.
fn compare(program: &Program, models: Models, text: &str) -> Option<(u64, u64)> {
    let machine = Machine::new(program, models, DEFAULT_BUFFER).expect("small states");
    let most = MOST_STATES * u64::from(patience().min(3));
    let limits = Limits { max_states: Some(most), max_memory: None };
    let explore = |reduction: Option<&Reduction>, limits: Limits, counting| {
        explored(&machine, reduction, &limits, counting, &mut Unwatched)
    };
    let mut whole = explore(None, limits, Counting::Nothing);
    if whole.search.cut.is_some() {
        return None;
    }
    let is_counted = whole.search.states <= MOST_COUNTED;
    let counting = if is_counted { Counting::Traces } else { Counting::Nothing };
    if is_counted {
        whole = explore(None, limits, counting);
    }
    let expected = Survives::of(program, &whole);
    let mut kept = whole.search.states;
    for wanted in combinations(text) {
        let title = format!("{wanted:?} under {models}:\n{text}");
        let reduction = Reduction::new(&machine, wanted).expect("the program is small");
        let found = explore(Some(&reduction), Limits::default(), counting);
        assert_eq!(Survives::of(program, &found), expected, "{title}");
        assert_eq!(with_witnesses(&found), with_witnesses(&whole), "{title}");
        witnesses::replay_all(&machine, &found, &title);
        if is_counted && !wanted.fusion && !wanted.stubborn {
            let reduction = reduction.clone().for_counts();
            let found = explore(Some(&reduction), Limits::default(), counting);
            counts::agree_in_full(program, &found, &whole, &title);
        }
        if wanted == SYMMETRY || wanted == Reductions::ALL {
            never_says_no_when_cut(&machine, Some(&reduction), &whole, &title);
        }
        if wanted == SYMMETRY {
            kept = found.search.kept.unwrap_or(found.search.states);
        }
    }
    Some((whole.search.states, kept))
}

/// Says which verdicts have a witness.
fn with_witnesses(found: &Exploration) -> Vec<bool> {
    found.expectations.iter().map(|judged| judged.witness.is_some()).collect()
}

/// Compares a program under every combination of models that is small enough.
fn compare_models(text: &str, is_symmetric: bool) -> Vec<Compared> {
    let program = assembled(text);
    let under = |switch| {
        let models = MemoryModel::ALL.map(|memory| Models { switch, memory });
        // Where a graph is too large it is not smaller with store buffers.
        let sizes = models.into_iter().map_while(|models| compare(&program, models, text));
        sizes.map(|(whole, kept)| Compared { is_symmetric, whole, kept }).collect::<Vec<Compared>>()
    };
    [SwitchModel::Every, SwitchModel::Gil].into_iter().flat_map(under).collect()
}

/// Compares so many random programs.
fn compare_random(cases: u32) -> Vec<Compared> {
    let compared = RefCell::new(Vec::new());
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&programs::program(), |drawn| {
        compared.borrow_mut().extend(compare_models(&drawn.text, drawn.is_symmetric));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    compared.into_inner()
}

/// Returns how many graphs have fewer states with symmetry than without.
fn count_smaller<'c>(compared: impl IntoIterator<Item = &'c Compared>) -> usize {
    compared.into_iter().filter(|compared| compared.kept < compared.whole).count()
}

#[test]
fn symmetry_that_is_broken_in_one_place_is_seen_to_be() {
    for case in cases::CASES {
        let compared = compare_models(&case.whole(), true);
        assert!(!compared.is_empty(), "a small program is compared:\n{}", case.whole());
        assert_eq!(count_smaller(&compared), compared.len(), "symmetry is seen:\n{}", case.whole());
        for text in case.changed() {
            compare_models(&text, false);
        }
    }
}

#[test]
fn symmetry_loses_nothing_of_copies_that_know_which_they_are() {
    let compared = compare_random(400 * patience());
    assert!(compared.len() > 1_000, "only {} graphs were compared", compared.len());
    let is_telling = |compared: &&Compared| compared.is_symmetric && compared.whole > 50;
    let telling: Vec<&Compared> = compared.iter().filter(is_telling).collect();
    let smaller = count_smaller(telling.iter().copied());
    assert!(smaller * 4 > telling.len() * 3, "{smaller} of {} symmetric graphs are smaller", telling.len());
    let smaller = count_smaller(&compared);
    assert!(smaller * 2 > compared.len(), "{smaller} of {} graphs are smaller", compared.len());
}
