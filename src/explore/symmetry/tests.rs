//! Which symmetries are found, and that what looks like one and is none is not.

use super::Symmetry;
use crate::asm::{NoFiles, Options, assemble};
use crate::vm::{DEFAULT_BUFFER, Machine};

/// Returns how many symmetries there are beside those of copies that never ask which they are.
fn symmetries(text: &str) -> usize {
    let program = assemble("test.rvm", text, &Options::default(), &NoFiles).expect("the program assembles");
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
    let symmetry = Symmetry::new(&machine);
    symmetry.and_then(|symmetry| symmetry.group).map_or(1, |group| group.len())
}

/// Declarations, and the body of three copies.
fn three(declarations: &str, body: &str) -> usize {
    symmetries(&format!("{declarations}\nthread T[3]\n{body}\nend\n"))
}

#[test]
fn numbers_that_are_stored_compared_and_used_as_indices() {
    assert_eq!(three("shared a[3]", "PUSH 1\nSELF\nSTORE a[]"), 6);
    assert_eq!(three("shared owner = -1", "SELF\nSTORE owner\nLOAD owner\nSELF\nEQ\nASSERT"), 6);
    assert_eq!(three("shared tail = 0\nshared n[4]", "SELF\nPUSH 1\nADD\nDUP\nXCHG tail\nSTORE n[]"), 6);
    assert_eq!(three("queue q max 3\nshared x = -1", "SELF\nPUT q\nGET q\nSTORE x"), 6);
    assert_eq!(three("mutex m[3]\nshared n", "SELF\nLOCK m[]\nLOAD n\nPUSH 1\nADD\nSTORE n"), 6);
    assert_eq!(three("", "local me\nSELF\nSTORE me\nLOAD me\nPRINT"), 6);
}

#[test]
fn numbers_that_matter() {
    assert_eq!(three("shared x", "SELF\nPUSH 1\nLT\nSTORE x"), 2, "only copies 1 and 2 are alike");
    assert_eq!(three("shared x", "LOAD x\nSELF\nADD\nSTORE x"), 1);
    assert_eq!(three("shared owner = 0", "SELF\nSTORE owner"), 2, "copy 0 is the owner before it was");
    assert_eq!(three("shared a[3] = {1, 2, 1}", "SELF\nLOAD a[]\nPOP"), 2, "copies 0 and 2");
    assert_eq!(three("shared a[3]", "SELF\nLOAD a[]\nPOP\nLOAD a[1]\nPOP"), 2);
    assert_eq!(three("shared a[2]", "PUSH 1\nSELF\nSTORE a[]"), 2, "the last index is a fault");
    assert_eq!(three("shared x", "SELF\nJZ out\nNOP\nout:"), 2);
    assert_eq!(
        three("observe T[1].r", "local r\nSELF\nSTORE r"),
        1,
        "its value is shown before it is a number"
    );
    assert_eq!(three("shared x\nexpect never T[0] at l", "SELF\nSTORE x\nl:\nNOP"), 2);
    assert_eq!(three("shared a[3]\nexpect outcomes a[0] = {0, 1}", "PUSH 1\nSELF\nSTORE a[]"), 2);
}

#[test]
fn numbers_that_are_counted_on_for_ever_are_given_up() {
    assert_eq!(three("shared x = -1", "SELF\nagain:\nDUP\nSTORE x\nPUSH 5\nADD\nJMP again"), 1);
}

#[test]
fn rings_turn() {
    let both = "SELF\nLOCK fork[]\nSELF\nPUSH 1\nADD\nPUSH 3\nMOD\nLOCK fork[]";
    assert_eq!(three("mutex fork[3]", both), 3);
    let mirrored = "SELF\nLOCK fork[]\nPUSH 2\nSELF\nSUB\nLOCK fork[]";
    assert_eq!(three("mutex fork[3]", mirrored), 2, "the ring is read backwards");
    let of_two = "shared turn = -1\nshared want[2]\nthread T[2]\nPUSH 1\nSELF\nSTORE want[]\nPUSH 1\nSELF\nSUB\n\
                  DUP\nSTORE turn\nLOAD want[]\nPOP\nend\n";
    assert_eq!(symmetries(of_two), 2);
}

#[test]
fn claims_hold_for_what_changes_places() {
    let section = |claim: &str| {
        let body = "SELF\nLOCK m[]\nin:\nPUSH 1\nSELF\nSTORE a[]\nout:\nNOP";
        three(&format!("mutex m[3]\nshared a[3]\nexpect {claim}"), body)
    };
    assert_eq!(section("never T[0] in in..out and T[1] in in..out and T[2] in in..out"), 6);
    assert_eq!(section("never T[2] in in..out and T[1] in in..out"), 2);
    assert_eq!(section("finally a[0] + a[1] == 2"), 2);
    assert_eq!(section("finally a[0] == 1 and (a[1] == 1 and a[2] == 1)"), 6);
    assert_eq!(section("always a[0] / a[1] == 1 or a[1] / a[0] == 1"), 1, "the right side may have no value");
    assert_eq!(section("outcomes (a[0], a[1], a[2]) = {(0, 0, 1), (0, 1, 0), (1, 0, 0)}"), 6);
    assert_eq!(section("outcomes (a[0], a[1], a[2]) = {(0, 0, 1), (0, 1, 0)}"), 2);
    assert_eq!(section("always count(T holds m[0]) < 2"), 2);
    assert_eq!(section("always a[0] in {0, 1} and a[1] in {0, 1} and a[2] in {0..1}"), 2);
}

#[test]
fn claims_may_change_places_themselves() {
    let section = |claims: &[&str]| {
        let expected: String = claims.iter().map(|claim| format!("expect {claim}\n")).collect();
        let body = "SELF\nSTORE last\nl:\nPUSH 1\nSELF\nSTORE a[]";
        three(&format!("shared last = -1\nshared a[3]\n{expected}"), body)
    };
    assert_eq!(section(&["possibly last == 0", "possibly last == 1", "possibly last == 2"]), 6);
    assert_eq!(section(&["possibly last == 0", "possibly last == 1"]), 2);
    assert_eq!(section(&["possibly last == 0", "finally last == 1"]), 1);
    assert_eq!(section(&["never T[0] at l and T[1] at l", "never T[1] at l and T[2] at l"]), 2);
    let pairs =
        ["never T[0] at l and T[1] at l", "never T[1] at l and T[2] at l", "never T[2] at l and T[0] at l"];
    assert_eq!(section(&pairs), 6);
    assert_eq!(section(&["always last in {-1..2}", "finally a[last] == 1", "finally last != -1"]), 6);
    assert_eq!(section(&["finally a[last] == a[1]"]), 2);
    assert_eq!(section(&["always last < 3"]), 6);
    assert_eq!(section(&["always last < 1 or last > 1"]), 1, "each side is looked at by itself");
    assert_eq!(section(&["always -last <= 1"]), 6, "it is so for all of them");
}

#[test]
fn groups_that_meet_change_places_together() {
    let text = "shared box[3] = -1\nthread P[3]\nSELF\nDUP\nSTORE box[]\nend\n\
                thread C[3]\nSELF\nLOAD box[]\nSELF\nEQ\nPOP\nend\n";
    assert_eq!(symmetries(text), 6);
    let apart = "shared a[3]\nshared b[2]\nthread P[3]\nPUSH 1\nSELF\nSTORE a[]\nend\n\
                 thread C[2]\nPUSH 1\nSELF\nSTORE b[]\nend\n";
    assert_eq!(symmetries(apart), 12);
}

#[test]
fn threads_that_are_started_by_number() {
    let started = |by: &str| {
        symmetries(&format!(
            "shared a[2]\nthread M\n{by}\nend\nthread T[2] deferred\nPUSH 1\nSELF\nSTORE a[]\nend\n"
        ))
    };
    assert_eq!(started("START T"), 2);
    assert_eq!(started("PUSH 0\nSTART T[]\nPUSH 1\nSTART T[]"), 1);
    assert_eq!(started("CHOOSE 0..1\nSTART T[]"), 2, "the number that is drawn changes places with them");
    assert_eq!(started("START T\nPUSH 1\nJOIN T[]"), 1);
}

#[test]
fn values_that_are_drawn() {
    let drawn = |body: &str| symmetries(&format!("shared x = -1\nshared y = -1\nthread A\n{body}\nend\n"));
    assert_eq!(drawn("CHOOSE 0..2\nSTORE x\nCHOOSE 0..2\nLOAD x\nEQ\nSTORE y"), 6);
    assert_eq!(drawn("CHOOSE 0..2\nSTORE x\nCHOOSE 0..2\nLOAD x\nLT\nSTORE y"), 1);
    assert_eq!(drawn("CHOOSE 0..2\nSTORE x\nCHOOSE 0..2\nPUSH 1\nADD\nSTORE y"), 6, "all of them together");
    assert_eq!(drawn("CHOOSE 0..2\nPUSH 2\nEQ\nSTORE x"), 2);
}

#[test]
fn numbers_go_through_procs_and_the_stack() {
    let text = |constant: &str| {
        format!(
            "shared a[3]\nproc p\nDUP\nLOAD a[]\nPOP\nSTORE a[]\nend\n\
             thread T[3]\nPUSH 7\nSELF\nCALL p\n{constant}end\n"
        )
    };
    assert_eq!(symmetries(&text("")), 6);
    assert_eq!(symmetries(&text("PUSH 7\nPUSH 2\nCALL p\n")), 2, "copies 0 and 1");
}
