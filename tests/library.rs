//! The library in a test, as programs/README.md shows it.

use racevm::testing;

#[test]
fn the_lock_makes_the_counter_right() {
    let found = testing::file("programs/fixes/increment_with_lock.rvm").explore();
    found.assert_race_free().assert_deadlock_free().assert_expectations();
    assert_eq!(found.outcomes().rows().unwrap().len(), 1);
}
