//! The exit codes, one test each, and what a script sees beside them.

mod common;

use common::{DEADLOCK, file, folder, racevm, racevm_with};

const LOST_UPDATE: &str = "programs/lost_update.rvm";

#[test]
fn as_expected_is_0() {
    let run = racevm(&["explore", LOST_UPDATE]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(racevm(&["check", LOST_UPDATE]).code, 0);
    assert_eq!(racevm(&["run", LOST_UPDATE]).code, 0);
    assert_eq!(racevm(&["replay", LOST_UPDATE, "A3 B4 A1"]).code, 0);
    assert_eq!(racevm(&["dis", LOST_UPDATE]).code, 0);
    assert_eq!(racevm(&["graph", LOST_UPDATE]).code, 0);
    assert_eq!(racevm(&["--help"]).code, 0);
    assert_eq!(racevm(&["--version"]).code, 0);
}

#[test]
fn not_as_expected_is_1() {
    for command in ["explore", "check", "run"] {
        let run = racevm_with(&[command, "-"], DEADLOCK);
        assert_eq!(run.code, 1, "{command}: a deadlock that nothing expects\n{}", run.stdout);
    }
    let expected = format!("{DEADLOCK}expect deadlock\n");
    for command in ["explore", "check", "run"] {
        assert_eq!(racevm_with(&[command, "-"], &expected).code, 0, "{command}: an expected deadlock");
    }
    let fault = "thread t\n    PUSH 0\n    ASSERT \"never\"\nend\n";
    assert_eq!(racevm_with(&["explore", "-"], fault).code, 1);
    assert_eq!(racevm_with(&["explore", "-"], &format!("{fault}expect fault \"never\"\n")).code, 0);
    let wrong = "shared x\nthread t\n    PUSH 1\n    STORE x\nend\nexpect outcomes x = {2}\n";
    assert_eq!(racevm_with(&["explore", "-"], wrong).code, 1);
}

#[test]
fn wrong_usage_is_2() {
    let folder = folder("wrong_usage_is_2");
    let latin = file(&folder, "latin.rvm", b"; ok\nthread t ; \xe9\n    NOP\nend\n");
    let empty = folder.join("empty");
    std::fs::create_dir(&empty).expect("the folder can be made");
    let empty = empty.to_str().expect("the path is UTF-8");
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage"),
        (&["explode"], "unrecognized subcommand"),
        (&["explore"], "<FILE>"),
        (&["explore", LOST_UPDATE, "--fast"], "--fast"),
        (&["explore", LOST_UPDATE, "--switch", "never"], "unknown switch model `never`"),
        (&["explore", LOST_UPDATE, "--max-memory", "much"], "`much` is no size"),
        (&["explore", LOST_UPDATE, "--time-limit", "soon"], "`soon` is no duration"),
        (&["explore", LOST_UPDATE, "-D", "N"], "NAME=VALUE"),
        (&["explore", LOST_UPDATE, "-D", "NOPE=1"], "no constant `NOPE`"),
        (&["explore", LOST_UPDATE, "--replace", "a.rvm=b.rvm"], "`a.rvm`"),
        (&["explore", "nowhere/at_all.rvm"], "no such file"),
        (&["explore", "programs"], "is a folder"),
        (&["explore", &latin], "not UTF-8: line 2, column 12 (byte 16)"),
        (&["check", LOST_UPDATE, "nowhere.rvm"], "no such file"),
        #[cfg(unix)]
        (&["explore", "/dev/zero"], "more than 32 MiB"),
        (&["check", empty], "no program"),
        (&["run", LOST_UPDATE, "--strategy", "lucky"], "unknown strategy `lucky`"),
        (&["examples", "no_such_example_anywhere"], "no example"),
    ];
    for (arguments, message) in cases {
        let run = racevm(arguments);
        assert_eq!(run.code, 2, "{arguments:?}\n{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(message), "{arguments:?} does not say {message}:\n{}", run.stderr);
    }
}

#[test]
fn what_does_not_assemble_is_3() {
    let text = "thread t\n    LAOD x\nend\n";
    for command in ["explore", "check", "run", "dis", "graph", "fmt"] {
        let run = racevm_with(&[command, "-"], text);
        assert_eq!(run.code, 3, "{command}");
        assert_eq!(run.stdout.is_empty(), command != "check", "{command} has no result\n{}", run.stdout);
        assert!(
            run.stderr.contains("LOAD"),
            "{command} does not say what may have been meant:\n{}",
            run.stderr
        );
    }
    let run = racevm_with(&["explore", "--json", "-"], text);
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
    assert!(run.stdout.contains("\"schema\": \"racevm/1\""), "{}", run.stdout);
    assert!(run.stdout.contains("\"line\": 2"), "{}", run.stdout);
}

#[test]
fn a_search_that_was_cut_is_4_and_never_says_no() {
    for limit in [["--max-states", "5"], ["--time-limit", "0s"], ["--max-memory", "1"]] {
        let expects =
            "shared x\nthread t[2]\n    LOAD x\n    PUSH 1\n    ADD\n    STORE x\nend\nexpect no deadlock\n";
        let run = racevm_with(&["explore", "-", limit[0], limit[1]], expects);
        if run.code == 0 {
            // A limit that is looked at only now and then may let a small search through.
            assert_ne!(limit[0], "--max-states");
            continue;
        }
        assert_eq!(run.code, 4, "{limit:?}\n{}", run.stdout);
        let text = run.stdout.replace("expect no deadlock", "");
        assert!(!text.to_lowercase().contains("no deadlock"), "{limit:?}\n{text}");
        assert!(!text.contains("confluent"), "{limit:?}\n{text}");
    }
}

#[test]
fn what_is_wrong_already_is_1_even_when_the_search_was_cut() {
    let run = racevm_with(&["explore", "-", "--max-states", "4"], "thread t\n    PUSH 0\n    ASSERT\nend\n");
    assert_eq!(run.code, 1, "{}", run.stdout);
}

#[test]
fn a_schedule_that_does_not_fit_is_5() {
    let cases = [
        ("A4 B5", "step 9"),
        ("A4 C1", "C"),
        ("A4 B4 A", "step 9"),
        ("A=3", "A"),
        ("A3@0000", "@0000"),
        ("hello", "no schedule"),
        ("A99999999999999999999", "step 5"),
    ];
    for (schedule, message) in cases {
        let run = racevm(&["replay", LOST_UPDATE, schedule]);
        assert_eq!(run.code, 5, "{schedule}\n{}", run.stdout);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains(message), "{schedule} does not say {message}:\n{}", run.stderr);
    }
}

#[test]
fn of_several_programs_the_worst_decides() {
    let folder = folder("of_several_programs_the_worst_decides");
    let wrong = file(&folder, "wrong.rvm", DEADLOCK);
    let broken = file(&folder, "broken.rvm", "thread t\n    WHAT\nend\n");
    assert_eq!(racevm(&["check", LOST_UPDATE, &wrong]).code, 1);
    assert_eq!(racevm(&["check", LOST_UPDATE, &wrong, "--max-states", "12"]).code, 1);
    assert_eq!(racevm(&["check", LOST_UPDATE, "--max-states", "5"]).code, 4);
    assert_eq!(racevm(&["check", LOST_UPDATE, &wrong, &broken]).code, 3);
    assert_eq!(racevm(&["check", LOST_UPDATE, &wrong, &broken, "nowhere.rvm"]).code, 2);
}
