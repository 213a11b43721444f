//! Reports as people see them, text for text.

use serde_json::Value;

use super::*;
use crate::asm::{Failure, NoFiles, Options, assemble};
use crate::check::{Exploration, Limits, Request, Unwatched, explore};
use crate::program::{MemoryModel, Models, Program};
use crate::schedule::{Sampling, StrategyName, parse, replay, sample};
use crate::vm::{DEFAULT_BUFFER, Machine};

const LOST_UPDATE: &str = "\
shared x = 0

thread inc[2]
    LOAD  x
    PUSH  1
    ADD
    STORE x
end

expect outcomes x = {1, 2}
";

const ABBA: &str = "\
mutex a
mutex b

thread p
    LOCK a
    LOCK b
    UNLOCK b
    UNLOCK a
end

thread q
    LOCK b
    LOCK a
    UNLOCK a
    UNLOCK b
end
";

const STORE_BUFFERING: &str = concat!("memory tso\n", include_str!("../../tests/common/store_buffering.rvm"));

const CHECK_THEN_ACT: &str = "\
shared made = 0

thread user[2]
    LOAD made
    JNZ end
    LOAD made
    POP
    PUSH 1
    STORE made
    SELF
    PRINT
end:
end
";

fn program(name: &str, text: &str) -> Program {
    match assemble(name, text, &Options::default(), &NoFiles) {
        Ok(program) => program,
        Err(Failure::Diagnostics(diagnostics)) => panic!("{}", diagnostics.render(false)),
        Err(other) => panic!("{other:?}"),
    }
}

fn page() -> Page<'static> {
    Page { palette: Palette::new(false), verbose: false, quiet: false, again: "racevm replay it.rvm" }
}

fn exploring<T>(text: &str, limits: Limits, report: impl FnOnce(&Machine<'_>, &Exploration) -> T) -> T {
    let program = program("it.rvm", text);
    let request = Request { limits, ..Request::new(program.models) };
    let found = explore(&program, &request, &mut Unwatched).expect("a small program");
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("a small program");
    report(&machine, &found)
}

fn replaying(text: &str, schedule: &str) -> String {
    let program = program("it.rvm", text);
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("a small program");
    let schedule = parse(schedule, &program).expect("a schedule");
    let execution = replay(&machine, &schedule).expect("a schedule that fits");
    replayed(&machine, &execution, &page())
}

/// Schedules end in a mark that depends on the program; texts are compared without it.
fn unmarked(text: &str) -> String {
    let mut parts = text.split('@');
    let mut unmarked = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| unmarked.push_str(&part[4..]));
    unmarked
}

#[test]
fn a_lost_update_is_explained_on_one_page() {
    let text = exploring(LOST_UPDATE, Limits::default(), |machine, found| explored(machine, found, &page()));
    let expected = "\
it: 2 distinct outcomes: the schedule decides (order-dependent)
OK: the expectation holds
Searched every schedule: 32 states, 46 transitions.
Models: switch every, memory sc. Number of schedules: 70.
Threads: A inc[0], B inc[1].

  outcome  schedules          probability  witness
  x = 1           68  97.1 %  7/8 = 0.875  A3 B4 A1
  x = 2            2   2.9 %  1/8 = 0.125  A4 B4

Data races: two threads about to access one variable, nothing orders them
  x: B inc[1] at LOAD x (line 4) against A inc[0] at STORE x (line 7)
      A3
  x: A inc[0] at STORE x (line 7) against B inc[1] at STORE x (line 7)
      A3 B3

Expectations
  holds    line 10  expect outcomes x = {1, 2}

There is no deadlock, fault or livelock.
Witnesses are minimal: fewest context switches, then fewest steps.

How x = 1 comes about
  Lost update: A inc[0] read x = 0 (line 4) before B wrote x = 1, and then wrote
  x = 1 over it (line 7): B's update is lost.

  line  A inc[0]        B inc[1]     │ x
                                     │ 0
     4  LOAD x → 0                   │
     5  PUSH 1                       │
     6  ADD                          │
  ━━ A is preempted: it could have gone on ━━━━━━━━━━━━━
     4                  LOAD x → 0   │
     5                  PUSH 1       │
     6                  ADD          │
     7  x = 0 is stale  STORE x ← 1  │ 1
  ── B has finished ────────────────────────────────────
     7  STORE x ← 1 !                │ 1

  ! computed from a value that another thread had overwritten by then

  68 of 70 schedules end in x = 1, and no instruction fails in any of them.
  Replay it: racevm replay it.rvm 'A3 B4 A1'
";
    assert_eq!(unmarked(&text), expected);
}

#[test]
fn a_deadlock_says_who_holds_what_and_who_waits_for_whom() {
    let expected = "\
it: 2 steps, 1 context switch
Deadlock: A p holds a and waits for b, which B holds. B q holds b and waits for
a, which A holds.

  line  A p              B q
     5  LOCK a
  ━━ A is preempted: it could have gone on ━━━━━━━━━━━━━
    12                   LOCK b
  ━━ nobody can go on ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     6  LOCK b: blocked
    13                   LOCK a: blocked

Deadlock: (nothing is observed)
";
    assert_eq!(replaying(ABBA, "A1 B1"), expected);
    let text = exploring(ABBA, Limits::default(), |machine, found| explored(machine, found, &page()));
    assert!(
        text.starts_with("it: 1 outcome; also 1 deadlock: the schedule decides\nFAILS: 1 deadlock that"),
        "{text}"
    );
}

#[test]
fn a_store_that_is_still_buffered_is_what_explains_store_buffering() {
    let text = replaying(STORE_BUFFERING, "A2 B2 A2 B2 A~ B~");
    assert!(
        text.contains("A p read y = 0 (line 10) while B's store of y = 1 (line 17) was still in"),
        "{text}"
    );
    assert!(text.contains("~ x ← 1 to memory"), "{text}");
    assert!(text.ends_with("Final state: p.r = 0, q.r = 0\n"), "{text}");
}

#[test]
fn a_check_that_no_longer_holds_is_told() {
    // The second look decides nothing: what A acts on is still what it saw first.
    let text = replaying(CHECK_THEN_ACT, "A2 B8 A6");
    let expected = "Check, then act: A user[0] saw made = 0 (line 4); before it acted on that, B set\n\
                    made = 1; A acted all the same (line 9).\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_search_that_was_cut_never_says_no() {
    for limit in 1..30 {
        for text in [LOST_UPDATE.replace("expect", "; expect"), ABBA.to_owned()] {
            let limits = Limits { max_states: Some(limit), max_memory: None };
            exploring(&text, limits, |machine, found| {
                let text = explored(machine, found, &page());
                let is_cut = found.search.cut.is_some();
                let says_no = text
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| ["no", "none", "never", "nothing"].contains(&word));
                let races_say_nothing = !found.races.is_empty() || !found.livelocks.is_empty();
                assert!(!is_cut || !says_no || races_say_nothing, "{text}");
                let json: Value =
                    serde_json::from_str(&explored_json(machine.program(), found, None)).expect("JSON");
                assert_eq!(json["complete"], !is_cut);
                assert_eq!(json["search"], if is_cut { "bounded" } else { "exhaustive" });
            });
        }
    }
}

#[test]
fn the_document_of_an_exploration_is_that_of_the_interface_page() {
    let text = exploring(LOST_UPDATE, Limits::default(), |machine, found| {
        explored_json(machine.program(), found, None)
    });
    let expected = r#"{
  "schema": "racevm/1",
  "program": "it",
  "switch": "every",
  "memory": "sc",
  "search": "exhaustive",
  "complete": true,
  "states": 32,
  "transitions": 46,
  "elapsed_ms": 0.0,
  "schedules": "70",
  "traces": null,
  "outcomes": [
    {"values": {"x": 1}, "output": [], "schedules": "68", "probability": {"exact": "7/8", "value": 0.875}, "witness": "A3 B4 A1"},
    {"values": {"x": 2}, "output": [], "schedules": "2", "probability": {"exact": "1/8", "value": 0.125}, "witness": "A4 B4"}
  ],
  "deadlocks": [],
  "faults": [],
  "livelocks": [],
  "races": [
    {"variable": "x", "accesses": [{"thread": "B", "name": "inc[1]", "line": 4, "instruction": "LOAD x"}, {"thread": "A", "name": "inc[0]", "line": 7, "instruction": "STORE x"}], "witness": "A3"},
    {"variable": "x", "accesses": [{"thread": "A", "name": "inc[0]", "line": 7, "instruction": "STORE x"}, {"thread": "B", "name": "inc[1]", "line": 7, "instruction": "STORE x"}], "witness": "A3 B3"}
  ],
  "expectations": [
    {"line": 10, "text": "expect outcomes x = {1, 2}", "verdict": "holds", "witness": null, "reason": null}
  ],
  "cut": null,
  "reduced": false,
  "minimal_witnesses": true
}
"#;
    assert_eq!(unmarked(&text), expected);
}

#[test]
fn the_document_of_an_execution_has_every_step() {
    let program = program("it.rvm", LOST_UPDATE);
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("a small program");
    let schedule = parse("A4 B1", &program).expect("a schedule");
    let execution = replay(&machine, &schedule).expect("a schedule that fits");
    let json: Value = serde_json::from_str(&replayed_json(&machine, &execution)).expect("JSON");
    assert_eq!(json["steps"].as_array().map(Vec::len), Some(5));
    assert_eq!(
        json["steps"][3],
        serde_json::json!({"thread": "A", "name": "inc[0]", "line": 7, "instruction": "STORE x", "changes": {"x": [0, 1]}})
    );
    assert_eq!(
        json["end"],
        serde_json::json!({"kind": "open", "values": {"x": 1}, "output": [], "message": null})
    );
}

#[test]
fn a_program_that_does_not_assemble_has_a_document() {
    let Err(Failure::Diagnostics(diagnostics)) =
        assemble("it.rvm", "thread t\n    LOAD y\nend\n", &Options::default(), &NoFiles)
    else {
        panic!("an unknown name is an error");
    };
    let json: Value = serde_json::from_str(&errors_json(&diagnostics)).expect("JSON");
    assert_eq!((&json["errors"][0]["line"], &json["errors"][0]["column"]), (&2.into(), &10.into()));
    assert_eq!(json["schema"], "racevm/1");
}

#[test]
fn a_check_is_a_line_and_what_fails_stands_below() {
    let line = |text: &str| {
        exploring(text, Limits::default(), |machine, found| {
            let explorations = std::slice::from_ref(found);
            let one = Asked::Found(Explored {
                file: "it.rvm",
                program: machine.program(),
                explorations,
                buffer: DEFAULT_BUFFER,
                again: "racevm replay it.rvm".to_owned(),
                mutants: None,
                vacuity: None,
            });
            checked(&one, &page())
        })
    };
    assert_eq!(line(LOST_UPDATE), "ok       it.rvm  32 states, 1 expectation\n");
    let failing = LOST_UPDATE.replace("{1, 2}", "{2}");
    let expected = "\
FAILS    it.rvm  32 states, 1 expectation
  every, sc: the expectation does not hold
  FAILS    line 10  expect outcomes x = {2}
           also reached: 1
           racevm replay it.rvm 'A3 B4 A1'
";
    assert_eq!(unmarked(&line(&failing)), expected);
}

#[test]
fn random_runs_stand_beside_what_is_exact() {
    let text = exploring(LOST_UPDATE, Limits::default(), |machine, found| {
        let sampling = Sampling { strategy: StrategyName::Random, seed: 1, runs: 2_000, limit: None };
        let tally = sample(machine, &sampling, &mut |_, _| true);
        sampled(machine, &tally, Some(found), &page())
    });
    assert!(text.starts_with("it: 2 different results in 2,000 runs\nStrategy random, seed 1,"), "{text}");
    assert!(text.contains("7/8 = 0.875     1     2     3\n"), "{text}");
    assert!(text.contains("1/8 = 0.125     6    23    35\n"), "{text}");
}

#[test]
fn a_graph_is_quoted_for_dot() {
    let node = |kind, label: &str| NodeView { kind, label: label.to_owned(), component: 0 };
    let view = GraphView {
        program: "it".to_owned(),
        models: Models { memory: MemoryModel::Tso, ..Models::default() },
        nodes: vec![node("decision", "x = 0\nA: \"LOAD\""), node("final", "x = 1")],
        edges: vec![EdgeView { from: 0, to: 1, label: "A1".to_owned() }],
        cut: false,
    };
    let expected = r#"// 2 nodes, 1 edges
digraph "it" {
  label="it (every, tso)";
  rankdir=TB;
  node [shape=box, style="rounded,filled", fillcolor=white, fontname=monospace];
  edge [fontname=monospace];
  n0 [label="x = 0\nA: \"LOAD\"", penwidth=2];
  n1 [label="x = 1", fillcolor=palegreen, peripheries=2];
  n0 -> n1 [label="A1"];
}
"#;
    assert_eq!(graph_dot(&view), expected);
    let json: Value = serde_json::from_str(&graph_json(&view)).expect("JSON");
    assert_eq!(json["edges"][0], serde_json::json!({"from": 0, "to": 1, "label": "A1"}));
}
