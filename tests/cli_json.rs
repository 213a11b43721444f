//! The documents that scripts read: their keys, the order of the keys, and the types of the values.

mod common;

use common::{DEADLOCK, racevm, racevm_with};
use serde_json::Value;

const LOST_UPDATE: &str = "programs/lost_update.rvm";

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Asserts that these keys of the document itself stand there in this order.
fn assert_order(text: &str, keys: &[&str]) {
    let places: Vec<usize> = keys
        .iter()
        .map(|key| text.find(&format!("\n  \"{key}\":")).unwrap_or_else(|| panic!("no {key} in\n{text}")))
        .collect();
    assert!(places.is_sorted(), "{keys:?} are not in order in\n{text}");
}

#[test]
fn explore_prints_what_the_interface_promises() {
    let text = racevm(&["explore", LOST_UPDATE, "--json", "--count"]).stdout;
    assert_order(
        &text,
        &[
            "schema",
            "program",
            "switch",
            "memory",
            "search",
            "complete",
            "states",
            "transitions",
            "elapsed_ms",
            "schedules",
            "traces",
            "outcomes",
            "deadlocks",
            "faults",
            "livelocks",
            "races",
            "expectations",
        ],
    );
    let found = document(&text);
    assert_eq!(found["schema"], "racevm/1");
    assert_eq!(found["program"], "lost_update");
    assert_eq!((&found["switch"], &found["memory"]), (&"every".into(), &"sc".into()));
    assert_eq!((&found["search"], &found["complete"]), (&"exhaustive".into(), &true.into()));
    assert_eq!((&found["states"], &found["transitions"]), (&32.into(), &46.into()));
    assert!(found["elapsed_ms"].is_number());
    assert_eq!(found["schedules"], "70");
    let lost = &found["outcomes"][0];
    assert_eq!(lost["values"]["x"], 1);
    assert_eq!(lost["output"], Value::Array(Vec::new()));
    assert_eq!(lost["schedules"], "68");
    assert_eq!(lost["probability"]["exact"], "7/8");
    assert_eq!(lost["probability"]["value"], 0.875);
    let witness = lost["witness"].as_str().expect("a witness is a text");
    assert!(witness.starts_with("A3 B4 A1@"), "{witness}");
    assert_eq!(found["races"][0]["variable"], "x");
    assert_eq!(found["races"][0]["accesses"].as_array().map(Vec::len), Some(2));
    assert_eq!(found["expectations"][0]["verdict"], "holds");
}

#[test]
fn a_cut_search_is_bounded_and_leaves_open_what_it_does_not_know() {
    let text =
        "shared x\nthread t[2]\n    LOAD x\n    POP\nend\nexpect no deadlock\nexpect possibly x == 1\n";
    let found = document(&racevm_with(&["explore", "-", "--json", "--max-states", "3"], text).stdout);
    assert_eq!((&found["search"], &found["complete"]), (&"bounded".into(), &false.into()));
    assert_eq!((&found["schedules"], &found["traces"]), (&Value::Null, &Value::Null));
    for index in 0..2 {
        assert_eq!(found["expectations"][index]["verdict"], "unknown");
    }
}

#[test]
fn a_deadlock_names_its_threads_and_is_replayed_from_its_witness() {
    let found = document(&racevm_with(&["explore", "-", "--json"], DEADLOCK).stdout);
    let deadlock = &found["deadlocks"][0];
    let blocked = &deadlock["blocked"][0];
    assert_eq!((&blocked["thread"], &blocked["name"]), (&"A".into(), &"left".into()));
    assert_eq!((&blocked["line"], &blocked["instruction"]), (&5.into(), &"LOCK b".into()));
    assert_eq!((&deadlock["schedules"], &deadlock["probability"]["exact"]), (&"2".into(), &"1/2".into()));

    let witness = deadlock["witness"].as_str().expect("a witness is a text");
    let text = racevm_with(&["replay", "-", witness, "--json"], DEADLOCK).stdout;
    assert_order(&text, &["schema", "program", "steps", "end"]);
    let replayed = document(&text);
    assert_eq!(replayed["end"]["kind"], "deadlock");
    assert_eq!(replayed["steps"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_step_names_its_thread_its_instruction_and_what_it_changes() {
    let replayed = document(&racevm(&["replay", LOST_UPDATE, "A4", "--json"]).stdout);
    let step = &replayed["steps"][3];
    assert_eq!((&step["thread"], &step["name"]), (&"A".into(), &"inc[0]".into()));
    assert_eq!(step["instruction"], "STORE x");
    assert_eq!(step["changes"]["x"], Value::from(vec![0, 1]));
    let end = &replayed["end"];
    assert_eq!(
        (&end["kind"], &end["values"]["x"], &end["message"]),
        (&"open".into(), &1.into(), &Value::Null)
    );
}

#[test]
fn values_are_written_exactly() {
    let text = format!("shared x = {}\nthread t\n    NOP\nend\n", i64::MAX);
    let printed = racevm_with(&["explore", "-", "--json"], &text).stdout;
    assert!(printed.contains("{\"x\": 9223372036854775807}"), "{printed}");
}

#[test]
fn every_document_is_one_document() {
    for arguments in [
        &["check", "programs/deadlock", "--json"][..],
        &["run", LOST_UPDATE, "--json"],
        &["graph", LOST_UPDATE, "--json"],
        &["graph", LOST_UPDATE, "--format", "json"],
    ] {
        let found = document(&racevm(arguments).stdout);
        assert_eq!(found["schema"], "racevm/1", "{arguments:?}");
    }
    let broken = "thread t\n    LOAD x\nend\n";
    let found = document(&racevm_with(&["explore", "-", "--json"], broken).stdout);
    assert_eq!(found["errors"][0]["line"], 2);
    assert_eq!(found["errors"][0]["column"], 10);
    assert_eq!(found["errors"][0]["code"], "E0101");
    assert!(found["errors"][0]["message"].is_string());
}
