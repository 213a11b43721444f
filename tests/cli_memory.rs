//! What the command line does at its limit on memory: it keeps to it, and says what it has not proved.
#![cfg(target_os = "linux")]

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Threads that increment four times each: 63 million states of four threads, some 600,000 of three.
fn program(threads: u32) -> String {
    let increment = "    LOAD  x\n    PUSH  1\n    ADD\n    STORE x\n";
    format!("shared x = 0\n\nthread inc[{threads}]\n{}end\n", increment.repeat(4))
}

/// What came of one run: its exit code, its output, and the most memory it held, in MiB.
fn explore(name: &str, threads: u32, arguments: &[&str]) -> (Option<i32>, serde_json::Value, f64) {
    let file = format!("{}/{name}.rvm", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, program(threads)).expect("the folder for tests can be written to");
    let mut child = Command::new(env!("CARGO_BIN_EXE_racevm"))
        .args(["explore", &file, "--json"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command runs");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0.0_f64;
    let code = loop {
        // The most it ever held, as the system keeps it; a process that has ended says nothing.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes =
            line.and_then(|line| line.trim().trim_end_matches("kB").trim_end().parse::<f64>().ok());
        most = most.max(kibibytes.unwrap_or(0.0) / 1024.0);
        if let Some(status) = child.try_wait().expect("the command can be waited for") {
            break status.code();
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut text = String::new();
    child.stdout.take().expect("it was piped").read_to_string(&mut text).expect("the output is text");
    (code, serde_json::from_str(&text).expect("the output is JSON"), most)
}

#[test]
fn the_limit_on_memory_is_kept_and_what_is_not_proved_is_not_said() {
    for arguments in [&["--no-reduction"] as &[&str], &["--count"], &["--reduce", "fusion"]] {
        let (code, found, most) = explore("cut", 4, &[arguments, &["--max-memory", "40M"]].concat());
        assert!(most <= 44.0, "{arguments:?} held {most} MiB");
        assert_eq!(code, Some(4), "{arguments:?}");
        assert_eq!(found["complete"], false, "{arguments:?}");
        assert_eq!(found["cut"], "memory", "{arguments:?}");
        assert_eq!(found["schedules"], serde_json::Value::Null, "{arguments:?}");
        let states = found["states"].as_u64().expect("a number");
        assert!(states > 50_000, "{arguments:?}: {states} states are less than fit");
    }
}

#[test]
fn a_limit_that_the_process_itself_passes_proves_nothing() {
    let (code, found, _) = explore("start", 4, &["--max-memory", "1M"]);
    assert_eq!(code, Some(4));
    assert_eq!(found["complete"], false);
    assert_eq!(found["cut"], "memory");
}

/// Three threads have a third of the memory that their graph needs.
const TIGHT: [&str; 3] = ["--no-reduction", "--max-memory", "13M"];

#[test]
fn on_disk_a_search_ends_that_finds_no_room_in_memory() {
    let (_, whole, held) = explore("whole", 3, &["--no-reduction"]);
    let (code, cut, _) = explore("stopped", 3, &TIGHT);
    assert_eq!((code, &cut["complete"]), (Some(4), &serde_json::json!(false)));
    let folder = format!("{}/disk", env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&folder).expect("the folder for tests can be written to");
    let disk = [&TIGHT[..], &["--beyond-memory", "disk", "--disk", &folder]].concat();
    let (code, found, most) = explore("disk", 3, &disk);
    assert_eq!(code, Some(0));
    assert!(most <= 14.5 && most < held, "held {most} of {held} MiB");
    for key in ["states", "transitions", "complete", "deadlocks", "faults"] {
        assert_eq!(found[key], whole[key], "{key}");
    }
    let values = |found: &serde_json::Value| -> Vec<serde_json::Value> {
        found["outcomes"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|outcome| outcome["values"].clone())
            .collect()
    };
    assert_eq!(values(&found), values(&whole));
    assert_eq!(found["races"].as_array().map(Vec::len), whole["races"].as_array().map(Vec::len));
    assert_eq!(std::fs::read_dir(&folder).expect("it is there").count(), 0, "nothing is left on disk");
}

#[test]
fn a_disk_that_is_not_there_is_wrong_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_racevm"))
        .args(["explore", "programs/lost_update.rvm", "--beyond-memory", "disk", "--disk", "no/such/folder"])
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no/such/folder"));
}

#[test]
fn a_search_that_forgets_says_so_and_never_that_it_is_complete() {
    let (code, found, most) = explore("lossy", 3, &[&TIGHT[..], &["--beyond-memory", "lossy"]].concat());
    assert_eq!(code, Some(4));
    assert!(most <= 14.5, "held {most} MiB");
    assert_eq!((&found["complete"], &found["search"]), (&false.into(), &"bounded".into()));
    let lossy = &found["lossy"];
    let missed = lossy["missed"].as_f64().expect("a number");
    assert!(missed > 0.0 && missed < 1.0, "{missed}");
    assert!(lossy["states"].as_u64() > Some(100_000), "{lossy}");
    assert_eq!(found["outcomes"].as_array().map(Vec::len), Some(11), "all totals from 2 to 12");
}
