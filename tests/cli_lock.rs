//! `racevm lock`: exit codes, JSON, and what its output is good for.

mod common;

use common::{racevm, racevm_with};
use serde_json::Value;

const PETERSON: &str = "programs/locks/peterson.rvm";
const OPEN: &str = "proc acquire\n    NOP\nend\nproc release\n    NOP\nend\n";

#[test]
fn exit_codes_are_those_of_all_commands() {
    assert_eq!(racevm(&["lock", PETERSON]).code, 0);
    assert_eq!(racevm_with(&["lock", "-"], OPEN).code, 1);
    assert_eq!(racevm(&["lock", "no_such_file.rvm"]).code, 2);
    assert_eq!(racevm(&["lock", "programs/lost_update.rvm"]).code, 2);
    assert_eq!(racevm_with(&["lock", "-"], "proc acquire\n    JMP nowhere\nend\n").code, 3);
    assert_eq!(racevm(&["lock", "--max-states", "3", "programs/locks/semaphore.rvm"]).code, 4);
}

#[test]
fn a_witness_is_replayed_by_the_line_that_is_printed() {
    let run = racevm_with(&["lock", "--json", "-"], OPEN);
    assert_eq!(run.code, 1);
    let found: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
    let failure = &found["locks"][0]["models"][0]["properties"][0]["failure"];
    let (client, witness) = (failure["client"].as_str().unwrap(), failure["witness"].as_str().unwrap());
    let program = racevm_with(&["lock", "--client", client, "-"], OPEN);
    assert_eq!(program.code, 0, "{}", program.stderr);
    let replayed = racevm_with(&["replay", "-", witness], &program.stdout);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert!(failure["replay"].as_str().unwrap().contains("--client"), "{failure}");
}

#[test]
fn a_repaired_lock_is_right_and_well_laid_out() {
    let run = racevm(&["lock", "--repair", PETERSON]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let claims = |line: &&str| !line.starts_with("; lock: fails") && !line.starts_with("; lock: fences");
    let text: String = run.stdout.lines().filter(claims).map(|line| format!("{line}\n")).collect();
    assert_eq!(racevm_with(&["lock", "-"], &text).code, 0);
    assert_eq!(racevm_with(&["fmt", "--check", "-"], &run.stdout).code, 0, "{}", run.stdout);
}

#[test]
fn a_lock_is_what_an_ordinary_program_includes() {
    let program = "include \"programs/locks/ticket.rvm\"\nshared x = 0\n\
                   thread t[THREADS]\n    CALL acquire\n    LOAD x\n    PUSH 1\n    ADD\n    STORE x\n    \
                   CALL release\nend\nexpect outcomes x = {2}\n";
    assert_eq!(racevm_with(&["check", "-"], program).code, 0);
    let replaced = racevm_with(
        &["check", "--replace", "ticket.rvm=programs/locks/ticket_in_two_steps.rvm", "-"],
        program,
    );
    assert_eq!(replaced.code, 1, "{}{}", replaced.stdout, replaced.stderr);
}

#[test]
fn smaller_questions_are_answered_as_they_are_asked() {
    let run = racevm(&["lock", "--size", "2x1", "--memory", "sc", "--bypass", "-v", PETERSON]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert!(run.stdout.contains("Others enter once while"), "{}", run.stdout);
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 80 || line.contains("racevm ")),
        "{}",
        run.stdout
    );
}
