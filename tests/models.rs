//! The models that racevm is measured on beside Spin: the graphs are those that Spin finds.

mod common;

use std::fs;

use common::{racevm, root};
use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Request, Unwatched, explore};

/// A model, a constant and its value, and what Spin 6.5.2 finds in the same model in Promela with that value:
/// states, and transitions without the one into the initial state. `benches/compare.sh` compares the large graphs.
const GRAPHS: &[(&str, &str, i64, u64, u64)] = &[
    ("filter_3_2", "ROUNDS", 1, 658_371, 1_949_574),
    ("buffer_4_4", "ITEMS", 1, 39_509, 128_362),
    ("stack_2_4", "ROUNDS", 2, 49_385, 95_520),
    ("filter", "ROUNDS", 1, 2_930, 8_037),
    ("filter", "ROUNDS", 3, 89_096, 259_119),
    ("bakery", "ROUNDS", 1, 59_082, 168_780),
    ("ticket", "ROUNDS", 1, 9_181, 29_760),
    ("mcs", "ROUNDS", 1, 3_592, 9_204),
    ("buffer", "ITEMS", 3, 37_915, 79_964),
];

#[test]
fn the_graphs_are_those_that_spin_finds() {
    for &(model, constant, value, states, transitions) in GRAPHS {
        let path = root().join("benches/models").join(model).with_extension("rvm");
        let text = fs::read_to_string(path).expect("the model is there");
        let options = Options { defines: vec![(constant.to_owned(), value)], ..Options::default() };
        let program = assemble(model, &text, &options, &NoFiles).expect("the model assembles");
        let request = Request { reduce: false, ..Request::new(program.models) };
        let search = explore(&program, &request, &mut Unwatched).expect("small states").search;
        assert_eq!((search.states, search.transitions), (states, transitions), "{model} {constant}={value}");
    }
}

#[test]
fn every_model_is_written_twice_and_laid_out() {
    let folder = root().join("benches/models");
    let mut programs = 0;
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_some_and(|extension| extension == "rvm") {
            programs += 1;
            assert!(path.with_extension("pml").exists(), "{} has no model in Promela", path.display());
        }
    }
    assert_eq!(programs, 11);
    let run = racevm(&["fmt", "--check", folder.to_str().expect("a path in UTF-8")]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}
