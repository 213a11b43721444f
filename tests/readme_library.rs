//! The library in a test, as README.md shows it.

use racevm::testing::{self, MemoryModel};

#[test]
fn nobody_is_in_the_critical_section_with_another() {
    let found = testing::file("programs/mutual_exclusion/ticket_with_a_fence.rvm")
        .memories(MemoryModel::ALL)
        .explore();
    found.assert_deadlock_free().assert_livelock_free().assert_race_free().assert_expectations();
}
