//! How the command behaves towards a person, a pipe and a terminal.

mod common;

use std::io::Read;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use common::{DEADLOCK, ENDLESS, Run, command, file, folder, racevm, racevm_with, root};

const LOST_UPDATE: &str = "programs/lost_update.rvm";

#[test]
fn a_typo_in_a_file_name_is_answered_with_the_name_that_was_meant() {
    let run = racevm(&["explore", "programs/lost_updat.rvm"]);
    assert!(run.stderr.contains("did you mean `programs/lost_update.rvm`?"), "{}", run.stderr);
    let run = racevm(&["explore", "programs/lost_update"]);
    assert!(run.stderr.contains("did you mean `programs/lost_update.rvm`?"), "{}", run.stderr);
    let run = racevm(&["explore", "lost_update"]);
    assert!(run.stderr.contains("racevm examples lost_update"), "{}", run.stderr);
    let run = racevm(&["examples", "lost_updat"]);
    assert!(run.stderr.contains("did you mean `lost_update`?"), "{}", run.stderr);
}

#[test]
fn output_is_the_same_bytes_every_time() {
    for arguments in [
        &["explore", LOST_UPDATE][..],
        &["check", "programs/counters", LOST_UPDATE],
        &["run", LOST_UPDATE, "--seed", "7", "--runs", "1000"],
        &["run", LOST_UPDATE, "--seed", "7", "--strategy", "pct:2", "--json"],
        &["graph", LOST_UPDATE],
        &["replay", LOST_UPDATE, "A3 B4 A1", "--json"],
    ] {
        let (first, second) = (racevm(arguments), racevm(arguments));
        assert_eq!(first.stdout, second.stdout, "{arguments:?}");
        assert_ne!(first.stdout, "", "{arguments:?}");
    }
    let seeds = ["1", "2"].map(|seed| racevm(&["run", LOST_UPDATE, "--seed", seed]).stdout);
    assert_ne!(seeds[0], seeds[1]);
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let is_coloured = |run: &Run| run.stdout.contains('\x1b');
    assert!(!is_coloured(&racevm(&["explore", LOST_UPDATE])));
    assert!(!is_coloured(&racevm(&["explore", LOST_UPDATE, "--color", "never"])));
    assert!(is_coloured(&racevm(&["explore", LOST_UPDATE, "--color", "always"])));
    assert!(is_coloured(&racevm(&["--color=always", "check", LOST_UPDATE])));
    assert!(!is_coloured(&racevm(&["explore", LOST_UPDATE, "--color", "always", "--json"])));
    let broken = racevm_with(&["explore", "-"], "thread t\n    WHAT\nend\n");
    assert!(!broken.stderr.contains('\x1b'));
}

#[test]
fn reports_fit_into_80_columns() {
    for arguments in [
        &["explore", LOST_UPDATE][..],
        &["explore", "programs/deadlock/abba.rvm"],
        &["explore", "programs/counters/two_loops.rvm"],
        &["check", "programs/deadlock"],
        &["run", LOST_UPDATE],
        &["replay", LOST_UPDATE, "A3 B4 A1"],
        &["examples"],
        &["--help"],
        &["run", "--help"],
        &["replay", "--help"],
        &["fmt", "--help"],
        &["check", "--help"],
    ] {
        let run = racevm(arguments);
        for line in run.stdout.lines() {
            // Schedules and expectations are printed whole, so that they can be copied.
            let is_copied = line.contains("racevm replay") || line.contains('@') || line.contains("expect ");
            assert!(is_copied || line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
}

#[test]
fn help_fits_on_one_screen() {
    for name in ["explore", "check", "run", "replay", "dis", "fmt", "graph", "examples"] {
        let help = racevm(&[name, "--help"]).stdout;
        assert_eq!(help, racevm(&[name, "-h"]).stdout, "{name} has two kinds of help");
        assert!(help.lines().count() <= 50, "{name}: {} lines\n{help}", help.lines().count());
        assert!(help.contains("Examples:"), "{name} has no examples");
    }
    assert!(racevm(&["--help"]).stdout.lines().count() <= 40);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [&["explore", LOST_UPDATE][..], &["examples"], &["--help"], &["graph", LOST_UPDATE]] {
        let mut child = command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the command ends");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn a_dash_is_standard_input() {
    let text = std::fs::read_to_string(root().join(LOST_UPDATE)).expect("the program is there");
    for arguments in [&["explore", "-", "--json"][..], &["dis", "-"], &["check", "-"]] {
        assert_eq!(racevm_with(arguments, &text).code, 0, "{arguments:?}");
    }
    let run = racevm_with(&["explore", "-", "--json"], &text);
    assert!(run.stdout.contains("\"program\": \"stdin\""), "{}", run.stdout);
}

#[test]
#[cfg(unix)]
fn an_interrupt_ends_a_search_with_what_it_has() {
    let folder = folder("an_interrupt_ends_a_search");
    let path = file(&folder, "endless.rvm", ENDLESS);
    let mut child = command(&["explore", &path, "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    thread::sleep(Duration::from_millis(700));
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("there is a kill command").success());
    let mut stdout = String::new();
    child.stdout.take().expect("the output is a pipe").read_to_string(&mut stdout).expect("it is UTF-8");
    let status = child.wait().expect("the command ends");
    assert_eq!(status.code(), Some(4), "{stdout}");
    assert!(stdout.contains("\"complete\": false"), "{stdout}");
}

#[test]
fn a_time_limit_ends_a_search() {
    let folder = folder("a_time_limit_ends_a_search");
    let path = file(&folder, "endless.rvm", ENDLESS);
    let run = racevm(&["explore", &path, "--time-limit", "200ms"]);
    assert_eq!((run.code, run.stderr.as_str()), (4, ""));
    let run = racevm(&["run", &path, "--time-limit", "200ms", "--runs", "1000000"]);
    assert_eq!((run.code, run.stderr.as_str()), (4, ""));
}

#[test]
fn quiet_and_verbose_change_how_much_is_said() {
    let length = |flags: &[&str]| {
        racevm(&[&["explore", "programs/deadlock/abba.rvm"][..], flags].concat()).stdout.len()
    };
    assert!(length(&["-q"]) < length(&[]));
    assert!(length(&[]) <= length(&["-v"]));
}

#[test]
fn included_files_are_found_beside_the_including_one_and_can_be_replaced() {
    let folder = folder("included_files");
    let client = file(
        &folder,
        "client.rvm",
        "include \"locks/good.rvm\"\nshared x\nthread t[2]\n    CALL enter\n    LOAD x\n    PUSH 1\n    ADD\n    \
         STORE x\n    CALL leave\nend\nexpect outcomes x = {2}\n",
    );
    file(&folder, "locks/good.rvm", "mutex m\nproc enter\n    LOCK m\nend\nproc leave\n    UNLOCK m\nend\n");
    let bad = file(&folder, "bad.rvm", "proc enter\n    NOP\nend\nproc leave\n    NOP\nend\n");
    assert_eq!(racevm(&["explore", &client]).code, 0);
    assert_eq!(racevm(&["explore", &client, "--replace", &format!("locks/good.rvm={bad}")]).code, 1);
    assert_eq!(racevm(&["explore", &client, "--replace", &format!("good.rvm={bad}")]).code, 1);
    assert_eq!(racevm(&["explore", &client, "--replace", "good.rvm=bad.rvm"]).code, 1);
    // In a folder, a file without a thread is there to be included.
    let path = folder.to_str().expect("the path is UTF-8");
    let run = racevm(&["check", path]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert_eq!(racevm(&["check", &bad]).code, 3);
}

#[test]
fn flags_for_a_folder_reach_the_programs_that_know_them() {
    let folder = folder("flags_for_a_folder");
    let text = "const N = 1\nshared x\nthread t\n    PUSH N\n    STORE x\nend\nexpect outcomes x = {2}\n";
    file(&folder, "a.rvm", text);
    file(&folder, "b.rvm", "thread t\n    NOP\nend\n");
    let folder = folder.to_str().expect("the path is UTF-8");
    assert_eq!(racevm(&["check", folder]).code, 1);
    let run = racevm(&["check", folder, "-D", "N=2"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    for (flags, message) in [
        (["-D", "M=2"], "error: no program has a constant `M` to give a value to with -D\n"),
        (["--replace", "a=b"], "error: no program includes a file `a` that --replace"),
    ] {
        let run = racevm(&["check", folder, flags[0], flags[1]]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.starts_with(message), "{}", run.stderr);
    }
}

#[test]
fn a_failure_under_other_models_is_replayed_by_the_line_below_it() {
    let folder = folder("a_failure_under_other_models");
    let text = "shared x\nshared y\nthread a\n    PUSH 1\n    STORE x\n    LOAD y\n    PRINT\nend\n\
                thread b\n    PUSH 1\n    STORE y\n    LOAD x\n    PRINT\nend\n\
                expect under tso always x + y < 2\n";
    let path = file(&folder, "sb.rvm", text);
    let run = racevm(&["check", &path]);
    let line = run.stdout.lines().find_map(|line| line.trim().strip_prefix("racevm "));
    let (flags, schedule) = line.and_then(|line| line.split_once(" '")).expect("a command stands there");
    assert!(flags.contains("--memory tso"), "{flags}");
    let mut words: Vec<&str> = flags.split(' ').collect();
    words.push(schedule.trim_end_matches('\''));
    assert_eq!(racevm(&words).code, 0, "{words:?}");
    assert_ne!(racevm(&["replay", &path, words[words.len() - 1]]).code, 0, "it needs the flags");
}

#[test]
fn a_survivor_is_shown_as_a_diff_and_counted() {
    let text = "mutex m\nshared x\nthread t[2]\n    LOCK m\n    LOAD x\n    PUSH 1\n    ADD\n    STORE x\n    UNLOCK m\nend\n\
                expect possibly x == 2\n";
    let run = racevm_with(&["check", "-", "--mutants"], text);
    assert_eq!(run.code, 0, "a survivor is no failure\n{}", run.stdout);
    let expected = "  survived   line 4\n    `LOCK m` and its UNLOCK are missing: nothing notices; it has other outcomes.\n    \
                    4 - LOCK m\n    9 - UNLOCK m\n";
    assert!(run.stdout.contains(expected), "{}", run.stdout);
    let run = racevm_with(&["check", "-", "--mutants", "--json"], text);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let mutants = &found["programs"][0]["mutants"];
    let number = |key: &str| mutants[key].as_u64().expect("a number");
    let all = mutants["mutants"].as_array().expect("a list").len() as u64;
    assert_eq!(number("noticed") + number("survived") + number("same") + number("undecided"), all);
    let failing = text.replace("== 2", "== 3");
    let run = racevm_with(&["check", "-", "--mutants"], &failing);
    assert_eq!(run.code, 1);
    assert!(!run.stdout.contains("mutant"), "a program that fails is not tried\n{}", run.stdout);
}

#[test]
fn what_a_pass_says_nothing_about_is_said() {
    let text = "shared x\nshared limit = 3\nthread t\n    PUSH 1\n    STORE x\nend\n\
                expect always limit == 3\nexpect no deadlock\nexpect finally x == 1\n";
    let remark =
        "  vacuous  line 7  expect always limit == 3\n           nothing that it looks at is ever written\n";
    for command in ["check", "explore"] {
        let run = racevm_with(&[command, "-"], text);
        assert_eq!(run.code, 0, "a remark is no failure");
        assert!(run.stdout.contains(remark), "{}", run.stdout);
        assert!(!run.stdout.contains("no instruction can block"), "that is certain, and said with -v alone");
        let run = racevm_with(&[command, "-", "-v"], text);
        assert!(run.stdout.contains("no instruction can block"), "{}", run.stdout);
        assert!(!racevm_with(&[command, "-", "-q"], text).stdout.contains("vacuous"));
        let run = racevm_with(&[command, "-", "--json"], text);
        let found: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        let place = if command == "check" { &found["programs"][0] } else { &found };
        let remarks = place["vacuous"]["remarks"].as_array().expect("a list");
        let kinds: Vec<&serde_json::Value> = remarks.iter().map(|remark| &remark["kind"]).collect();
        assert_eq!(kinds, ["expectation", "certain"], "{command}");
    }
}

#[test]
fn no_program_of_the_course_passes_for_nothing() {
    let run = racevm(&["check", "programs"]);
    assert_eq!(run.code, 0);
    assert!(!run.stdout.contains("vacuous"), "{}", run.stdout);
}

#[test]
fn fmt_rewrites_what_is_not_in_layout() {
    let folder = folder("fmt_rewrites");
    let path = file(&folder, "a.rvm", "shared   x\nthread t\nload x ; why\npop\nend\n");
    let run = racevm(&["fmt", "--check", &path]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("a.rvm"));
    assert_eq!(racevm(&["fmt", &path]).code, 0);
    let formatted = std::fs::read_to_string(&path).expect("the file is there");
    assert!(formatted.contains("    LOAD x"), "{formatted}");
    assert!(formatted.contains("; why"), "{formatted}");
    assert_eq!(racevm(&["fmt", "--check", &path]).code, 0);
    assert_eq!(racevm_with(&["fmt", "-"], "thread t\nnop\nend\n").stdout, "thread t\n    NOP\nend\n");
}

#[test]
fn programs_are_in_layout() {
    let run = racevm(&["fmt", "--check", "programs"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn the_line_that_replays_a_deadlock_replays_it() {
    let folder = folder("the_line_that_replays");
    let path = file(&folder, "two words.rvm", DEADLOCK);
    let report = racevm(&["explore", &path]).stdout;
    let line = report.lines().find(|line| line.contains("racevm replay")).expect("a line says how to replay");
    let words: Vec<&str> = line.split('\'').collect();
    assert_eq!(words[1], path, "a path with a space is quoted");
    let run = racevm(&["replay", &path, words[3], "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("\"deadlock\""), "{}", run.stdout);
}
