//! The programs inside the binary, and the page that leads through them.

mod common;

use std::fs;

use common::{racevm, racevm_with, root};

#[test]
fn examples_are_the_files_of_programs() {
    for name in ["lost_update", "programs/lost_update.rvm", "deadlock/abba", "abba"] {
        let file = if name.contains("abba") { "deadlock/abba" } else { "lost_update" };
        let text =
            fs::read_to_string(root().join(format!("programs/{file}.rvm"))).expect("the program is there");
        assert_eq!(racevm(&["examples", name]).stdout, text, "{name}");
    }
}

#[test]
fn an_example_can_be_explored_without_a_file() {
    let text = racevm(&["examples", "lost_update"]).stdout;
    assert_eq!(racevm_with(&["explore", "-"], &text).code, 0);
}

#[test]
fn the_list_names_every_program() {
    let list = racevm(&["examples"]).stdout;
    for name in ["lost_update", "two_loops", "abba"] {
        assert!(list.contains(name), "{name} is not in the list");
    }
    let chapter = racevm(&["examples", "deadlock"]).stdout;
    assert!(chapter.contains("abba") && !chapter.contains("two_loops"), "{chapter}");
}

#[test]
fn the_page_of_programs_is_up_to_date() {
    let page = fs::read_to_string(root().join("programs/README.md")).unwrap_or_default();
    let course = racevm(&["examples", "--course"]).stdout;
    assert!(page == course, "out of date: racevm examples --course > programs/README.md");
}

#[test]
fn every_program_holds_what_it_expects() {
    let run = racevm(&["check", "programs"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}
