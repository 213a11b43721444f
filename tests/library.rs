//! The library in a test, as programs/README.md shows it.

use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Request, Summary, Unwatched, explore};

#[test]
fn the_lock_makes_the_counter_right() {
    let text = include_str!("../programs/fixes/increment_with_lock.rvm");
    let program = assemble("increment_with_lock.rvm", text, &Options::default(), &NoFiles).unwrap();
    let found = explore(&program, &Request::new(program.models), &mut Unwatched).unwrap();

    assert_eq!(found.summary(), Summary::Holds);
    assert_eq!(found.outcomes.len(), 1);
    assert!(found.races.is_empty() && found.deadlocks.is_empty());
}
