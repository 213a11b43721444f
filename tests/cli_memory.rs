//! What the command line does at its limit on memory: it keeps to it, and says what it has not proved.
#![cfg(target_os = "linux")]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Threads that increment seven times each: 21 million states of three threads, in 1.4 million boxes.
fn program(threads: u32) -> String {
    let increment = "    LOAD  x\n    PUSH  1\n    ADD\n    STORE x\n";
    format!("shared x = 0\n\nthread inc[{threads}]\n{}end\n", increment.repeat(7))
}

/// What came of one run: its exit code, its output, and the most memory it held, in MiB.
fn explore(name: &str, threads: u32, arguments: &[&str]) -> (Option<i32>, serde_json::Value, f64) {
    let file = format!("{}/{name}.rvm", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, program(threads)).expect("the folder for tests can be written to");
    explore_file(&file, arguments)
}

fn explore_file(file: &str, arguments: &[&str]) -> (Option<i32>, serde_json::Value, f64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_racevm"))
        .args(["explore", file, "--json"])
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

/// Its threads spin, so that a sweep counts nothing.
#[test]
fn the_limit_is_kept_where_edges_are_tried_behind_a_sweep() {
    let limits = ["--count", "--max-memory", "64M"];
    let (code, found, most) = explore_file("benches/models/filter.rvm", &limits);
    assert!(most <= 64.0, "held {most} MiB");
    assert_eq!((code, &found["complete"], &found["uncounted"]), (Some(0), &true.into(), &true.into()));
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
fn a_disk_that_is_not_there_or_takes_no_files_is_wrong_usage() {
    for folder in ["no/such/folder", "/proc", "Cargo.toml"] {
        let output = Command::new(env!("CARGO_BIN_EXE_racevm"))
            .args(["explore", "programs/lost_update.rvm", "--beyond-memory", "disk", "--disk", folder])
            .output()
            .expect("the command runs");
        assert_eq!(output.status.code(), Some(2), "{folder}");
        assert!(output.stdout.is_empty(), "{folder}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("`{folder}`")), "{folder}");
    }
}

#[test]
fn a_disk_that_goes_away_ends_the_search_and_what_was_found_is_shown() {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (file, folder) = (temporary.join("removed.rvm"), temporary.join("removed"));
    std::fs::write(&file, program(4)).expect("the folder for tests can be written to");
    std::fs::create_dir_all(&folder).expect("the folder for tests can be written to");
    let mut child = Command::new(env!("CARGO_BIN_EXE_racevm"))
        .args(["explore", "--json", "--beyond-memory", "disk"])
        .args(TIGHT)
        .arg("--disk")
        .args([&folder, &file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let open = format!("/proc/{}/fd", child.id());
    let is_on_disk = || {
        let files = std::fs::read_dir(&open).into_iter().flatten().flatten();
        files.flat_map(|file| std::fs::read_link(file.path())).any(|path| path.starts_with(&folder))
    };
    while !is_on_disk() {
        assert!(child.try_wait().expect("the command can be waited for").is_none(), "it needs no disk");
        std::thread::sleep(Duration::from_millis(2));
    }
    // Files in it have no names, so that nothing keeps it.
    std::fs::remove_dir_all(&folder).expect("it can be removed");
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(output.status.code(), Some(4));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains(&format!("the disk at `{}`: ", folder.display())), "{complaint}");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the output is JSON");
    assert_eq!((&found["complete"], &found["cut"]), (&false.into(), &"disk".into()));
    // At least what finds room in memory, which is a little more or less each time.
    let (_, stopped, _) = explore("not_removed", 4, &TIGHT);
    let states = |found: &serde_json::Value| found["states"].as_u64().expect("a number");
    assert!(states(&found) > states(&stopped) / 2, "{} of {}", states(&found), states(&stopped));
    assert!(found["races"].as_array().is_some_and(|races| !races.is_empty()), "{}", found["races"]);
}

/// No sweep takes states of more than 128 bits.
#[test]
fn a_search_goes_on_that_has_states_too_wide_for_a_disk() {
    let limits = ["--no-reduction", "--max-memory", "20M", "--max-states", "300000"];
    let (code, found, most) = explore("wide", 50, &[&limits[..], &["--beyond-memory", "lossy"]].concat());
    assert!(most <= 22.0, "held {most} MiB");
    assert_eq!((code, &found["complete"], &found["cut"]), (Some(4), &false.into(), &"memory".into()));
    let lossy = &found["lossy"];
    assert_eq!((&lossy["states"], &lossy["cut"]), (&300_000.into(), &"states".into()));
    assert!(
        found["outcomes"].as_array().is_some_and(|outcomes| !outcomes.is_empty()),
        "depth first, it ends"
    );
}

/// A limit that the person gave is the only one there is.
#[test]
fn whatever_the_flags_a_search_that_is_to_go_on_does() {
    let limit = ["--max-memory", "13M"];
    for flags in [&[] as &[&str], &["--reduce", "fusion"], &["--count"]] {
        let (code, found, most) =
            explore("on", 3, &[&limit[..], flags, &["--beyond-memory", "lossy"]].concat());
        assert!(most <= 14.5, "{flags:?} held {most} MiB");
        if found["complete"] == true {
            assert_eq!(code, Some(0), "{flags:?}");
            continue;
        }
        assert_eq!((code, &found["cut"]), (Some(4), &"memory".into()), "{flags:?}");
        assert_eq!(found["lossy"]["cut"], serde_json::Value::Null, "{flags:?}");
        assert!(found["lossy"]["states"].as_u64() > Some(300_000), "{flags:?}: {}", found["lossy"]);
    }
    let disk = ["--reduce", "fusion", "--beyond-memory", "disk", "--disk", env!("CARGO_TARGET_TMPDIR")];
    let (code, found, _) = explore("reduced", 3, &[&["--max-memory", "16M"][..], &disk].concat());
    assert_eq!((code, &found["complete"]), (Some(0), &true.into()));
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
    let totals = found["outcomes"].as_array().map_or(0, Vec::len);
    assert!((10..=20).contains(&totals), "{totals} of the totals from 2 to 21");
}
