//! `racevm linear`: the objects that come with racevm are what they say, and failures are explained.

mod common;

use std::fs;

use common::{file, folder, racevm, racevm_with, root};
use serde_json::Value;

fn json(arguments: &[&str]) -> Value {
    let run = racevm(&[arguments, &["--json"]].concat());
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr))
}

#[test]
fn the_objects_that_come_with_racevm_are_what_they_say() {
    let run = racevm(&["linear", "programs/objects"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let files = fs::read_dir(root().join("programs/objects")).expect("the objects are there").count();
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("ok ")).count(), files);
}

#[test]
fn every_failure_can_be_replayed() {
    let found = json(&["linear", "programs/objects"]);
    let mut replayed = 0;
    for object in found["objects"].as_array().unwrap() {
        let path = object["file"].as_str().unwrap();
        for model in object["models"].as_array().unwrap() {
            let failure = &model["failure"];
            if failure.is_null() {
                continue;
            }
            let (memory, witness) = (model["memory"].as_str().unwrap(), failure["witness"].as_str().unwrap());
            let client = racevm(&["linear", path, "--client", failure["client"].as_str().unwrap()]);
            assert_eq!(client.code, 0, "{}", client.stderr);
            let replay = ["replay", "-", witness, "--memory", memory, "--json"];
            let run = racevm_with(&replay, &client.stdout);
            assert_eq!(run.code, 0, "{path}: {}", run.stderr);
            replayed += 1;
        }
    }
    assert!(replayed > 20, "{replayed}");
}

#[test]
fn a_failure_shows_what_could_have_been_returned() {
    let run = racevm(&["linear", "programs/objects/counter_racy.rvm", "--memory", "sc"]);
    assert_eq!(run.code, 0);
    for line in [
        "OK: programs/objects/counter_racy.rvm: as its file says",
        "├ increment ┤",
        "read returned 1, and no order of the calls explains that.",
        "A counter could return there:",
        "  read = 2 in the order B increment; A increment; B read = 2",
        "  racevm linear programs/objects/counter_racy.rvm --client 'increment | increment read' | \
         racevm replay - ",
    ] {
        assert!(run.stdout.contains(line), "{line}\n{}", run.stdout);
    }
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 80 || line.contains("racevm")),
        "{}",
        run.stdout
    );
}

#[test]
fn claims_that_do_not_hold_fail() {
    let folder = folder("claims_that_do_not_hold_fail");
    let racy = fs::read_to_string(root().join("programs/objects/counter_racy.rvm")).unwrap();
    let silent = file(&folder, "silent.rvm", racy.replace("; object: fails", "; it fails"));
    let run = racevm(&["linear", &silent]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stdout.starts_with("FAILS: "), "{}", run.stdout);
    let other = file(&folder, "other.rvm", racy.replace("order", "deadlock"));
    let run = racevm(&["linear", &other]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("does not say that it fails under sc in this way: order"), "{}", run.stdout);
    let right = fs::read_to_string(root().join("programs/objects/counter_atomic.rvm")).unwrap();
    let modest = file(&folder, "modest.rvm", format!("; object: fails under pso: order\n{right}"));
    let run = racevm(&["linear", &modest]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("says that it fails under pso, and it does not"), "{}", run.stdout);
    let cut = racevm(&["linear", "programs/objects/counter_atomic.rvm", "--max-states", "1"]);
    assert_eq!(cut.code, 4, "{}", cut.stdout);
    assert!(cut.stdout.starts_with("INCONCLUSIVE: "), "{}", cut.stdout);
}

#[test]
fn what_is_no_object_is_wrong_usage() {
    let cases: [(&[&str], &str); 5] = [
        (&["programs/lost_update.rvm"], "what should it be?"),
        (&["programs/lost_update.rvm", "--spec", "queue"], "a thread of its own"),
        (&["programs/counters"], "none of these files says what it is"),
        (&["programs/objects/counter_racy.rvm", "--spec", "heap"], "none of counter, register"),
        (&["programs/objects/counter_racy.rvm", "--client", "push(1)"], "increment, read"),
    ];
    for (arguments, message) in cases {
        let run = racevm(&[&["linear"], arguments].concat());
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.stderr.contains(message), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn objects_are_passed_over_by_check() {
    let run = racevm(&["check", "programs/objects", "programs/lost_update.rvm"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(!run.stdout.contains("objects"), "{}", run.stdout);
}
