//! Assertions over every schedule: what passes, what fails, and what a failure tells.

mod common;

use std::panic::{self, Location};
use std::time::Duration;

use common::{CLIENT, DEADLOCK, ENDLESS, LOCKED, STORE_BUFFERING, file, folder, racevm};
use racevm::testing::{self, Ended, FailureKind, MemoryModel, Subject, SwitchModel};

const LOST_UPDATE: &str = "\
const N = 1
shared x = 0
thread inc[2]
    LOAD x
    PUSH N
    ADD
    STORE x
end
";

const TEST_AND_SET: &str = "\
atomic taken = 0
proc acquire
  again:
    PUSH 1
    XCHG taken
    JNZ again
end
proc release
    PUSH 0
    STORE taken
end
";

const NO_LOCK: &str = "proc acquire\n NOP\nend\nproc release\n NOP\nend\n";

/// What an assertion says of the lost update.
const EXACTLY_TWO: &str = "\
expected  x in exactly {2}
found     also 1
in        program.rvm, switch every, memory sc

program: 2 distinct outcomes: the schedule decides (order-dependent)
Searched every schedule: 32 states, 46 transitions.
Models: switch every, memory sc. Number of schedules: 70.
Threads: A inc[0], B inc[1].

  outcome  schedules          probability  witness
  x = 1           68  97.1 %  7/8 = 0.875  A3 B4 A1@10ba
  x = 2            2   2.9 %  1/8 = 0.125  A4 B4@10ba

Data races: two threads about to access one variable, nothing orders them
  x: B inc[1] at LOAD x (line 4) against A inc[0] at STORE x (line 7)
      A3@10ba
  x: A inc[0] at STORE x (line 7) against B inc[1] at STORE x (line 7)
      A3 B3@10ba

How that comes about
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

--- program.rvm, to be saved under that name ---
const N = 1
shared x = 0
thread inc[2]
    LOAD x
    PUSH N
    ADD
    STORE x
end
---

Replay it: racevm replay program.rvm 'A3 B4 A1@10ba'
As a test: racevm::testing::program(TEXT).replay(\"A3 B4 A1@10ba\").assert_outcome(1);
";

fn text(program: &str) -> Subject {
    testing::program(program)
}

#[test]
fn outcomes_are_a_set() {
    let found = text(LOST_UPDATE).explore();
    found.outcomes().assert_exactly([1, 2]);
    found.outcomes().assert_exactly(1..=2);
    found.outcomes().assert_exactly(vec![vec![2], vec![1]]);
    found.outcomes().assert_possibly(1);
    found.outcomes().assert_never(3);
    found.outcomes().assert_always(|row| row[0] <= 2);
    assert_eq!(found.outcomes().rows().unwrap(), [[1], [2]]);
    for wrong in [vec![1], vec![2], vec![], vec![1, 2, 3], vec![3]] {
        let failure = found.outcomes().exactly(wrong).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Fails);
    }
    assert!(found.outcomes().never(1).is_err());
    assert!(found.outcomes().possibly(3).is_err());
    assert!(found.outcomes().always(|row| row[0] == 2).is_err());
}

#[test]
fn outcomes_are_cut_down_to_variables_and_elements() {
    let found = text("shared x = 7\nshared a[2] = {1, 2}\nthread t\n PUSH 5\n PRINT\nend").explore();
    found.outcomes().assert_exactly([(7, 1, 2)]);
    found.outcomes_of(["a"]).assert_exactly([[1, 2]]);
    found.outcomes_of(["a[1]", "x"]).assert_exactly([(2, 7)]);
    found.outputs().assert_exactly([[5]]);
    let failure = found.outcomes_of(["y"]).exactly([0]).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Usage);
    assert!(failure.to_string().contains("which shows x, a"), "{failure}");
    let failure = found.outcomes_of(["a"]).never(1).unwrap_err();
    assert_eq!(failure.to_string(), "a row of a has 2 numbers, and 1 has 1");
    assert!(found.outcomes_of(["a[2]"]).rows().is_err());
}

#[test]
fn locals_are_outcomes_once_they_are_observed() {
    let local = "thread t\n local r\n CHOOSE 0..1\n STORE r\nend";
    text(local).observe("t.r").explore().outcomes().assert_exactly([0, 1]);
}

#[test]
fn constants_models_and_files_make_the_program() {
    text(LOST_UPDATE).define("N", 5).explore().outcomes().assert_exactly([5, 10]);
    text(LOST_UPDATE).switch(SwitchModel::Gil).explore().outcomes().assert_exactly([2]);
    text(STORE_BUFFERING).explore().outcomes().assert_exactly([(0, 1), (1, 0), (1, 1)]);
    let weak = text(STORE_BUFFERING).memory(MemoryModel::Tso).explore();
    weak.outcomes().assert_exactly([(0, 0), (0, 1), (1, 0), (1, 1)]);
    let locked = text(CLIENT).with_file("lock.rvm", TEST_AND_SET);
    locked.explore().outcomes_of(["x"]).assert_exactly([2]);
    let open = locked.with_file("none.rvm", NO_LOCK).replace("lock.rvm", "none.rvm");
    open.explore().outcomes_of(["x"]).assert_exactly([1, 2]);
}

#[test]
fn a_claim_holds_under_every_model_or_not_at_all() {
    let all = text(STORE_BUFFERING).memories(MemoryModel::ALL).switches(SwitchModel::ALL).explore();
    assert_eq!(all.explorations().len(), 9);
    let failure = all.outcomes().never((0, 0)).unwrap_err();
    assert!(failure.to_string().contains("switch every, memory tso"), "{failure}");
    assert!(failure.to_string().contains(".memory(MemoryModel::Tso).replay("), "{failure}");
    text(STORE_BUFFERING).memory(MemoryModel::Sc).explore().outcomes().assert_never((0, 0));
}

#[test]
fn files_are_read_from_the_folder_of_the_package() {
    let subject = testing::file("programs/lost_update.rvm");
    subject.explore().assert_expectations();
    let missing = testing::file("programs/lost_updat.rvm").try_explore().unwrap_err();
    assert_eq!(missing.kind(), FailureKind::Usage);
    assert_eq!(missing.to_string(), "cannot read `programs/lost_updat.rvm`: no such file");
}

#[test]
fn freedom_from_what_goes_wrong() {
    let fine = text(CLIENT).with_file("lock.rvm", TEST_AND_SET).explore();
    fine.assert_deadlock_free().assert_race_free().assert_fault_free().assert_livelock_free();
    let failure = text(DEADLOCK).explore().deadlock_free().unwrap_err();
    assert!(failure.to_string().contains("left at LOCK b") || failure.to_string().contains("A at LOCK b"));
    let failure = text(LOST_UPDATE).explore().race_free().unwrap_err();
    assert!(failure.to_string().contains("Data races"), "{failure}");
    let faulty = "shared x\nthread t\n PUSH 1\n LOAD x\n DIV\n POP\nend";
    let failure = text(faulty).explore().fault_free().unwrap_err();
    assert!(failure.to_string().contains(".assert_fault(\"division by zero\")"), "{failure}");
    let spinning = "shared x\nthread t\n again:\n LOAD x\n JZ again\nend";
    let failure = text(spinning).explore().livelock_free().unwrap_err();
    assert!(failure.to_string().contains("a livelock can be reached"), "{failure}");
}

#[test]
fn claims_are_written_as_in_the_language() {
    let found = text(LOST_UPDATE).explore();
    found.assert_always("x <= 2").assert_never("x == 3").assert_holds("possibly x == 1");
    found.assert_holds("schedules = 70").assert_holds("no deadlock").assert_holds("race on x");
    found.assert_holds("under gil outcomes x = {2}");
    assert_eq!(found.holds("under gil outcomes x = {1}").unwrap_err().kind(), FailureKind::Fails);
    assert_eq!(found.holds("possibly x == 3").unwrap_err().schedule(), None);
    let failure = found.always("x <").unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotAssembled);
    assert!(failure.to_string().contains("expect always x <"), "{failure}");
}

#[test]
fn a_state_that_breaks_an_invariant_is_pinned_by_the_line_that_is_printed() {
    let found = text(LOST_UPDATE).explore();
    let failure = found.always("x != 1").unwrap_err();
    let schedule = failure.schedule().expect("a state is reached by a schedule");
    let call = format!(".replay(\"{schedule}\").assert_holds(\"not (x != 1)\");");
    assert!(failure.to_string().contains(&call), "{failure}");
    text(LOST_UPDATE).replay(schedule).assert_holds("not (x != 1)");
}

#[test]
fn expectations_are_checked_under_the_models_they_name() {
    let with = |line: &str| text(&format!("{LOST_UPDATE}{line}\n")).explore().expectations();
    with("expect outcomes x = {1, 2}").unwrap();
    with("expect under gil outcomes x = {2}").unwrap();
    let failure = with("expect under gil outcomes x = {1}").unwrap_err();
    assert!(failure.to_string().contains("the expectation does not hold"), "{failure}");
    let failure = text(DEADLOCK).explore().expectations().unwrap_err();
    assert!(failure.to_string().contains("1 deadlock that the program does not expect"), "{failure}");
}

#[test]
fn mutants_are_noticed_by_enough_expectations() {
    let failure = text(LOCKED).explore().mutants_noticed().unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Fails);
    assert!(failure.to_string().contains("survived"), "{failure}");
    let survey = text(LOCKED).explore().survey().unwrap();
    assert!(survey.noticed() > 0 && survey.survived() > 0, "{failure}");
    let enough = text(LOCKED).expect("outcomes x = {2}").expect("no race");
    enough.explore().assert_mutants_noticed();
    enough.memories(MemoryModel::ALL).explore().assert_mutants_noticed();
    let wrong = text(LOST_UPDATE).expect("outcomes x = {2}").explore().mutants_noticed().unwrap_err();
    assert!(wrong.to_string().contains("the expectation does not hold"), "{wrong}");
}

#[test]
fn a_search_that_was_cut_never_passes() {
    let cut = text(ENDLESS).max_states(1_000).explore();
    let inconclusive = [
        cut.deadlock_free(),
        cut.fault_free(),
        cut.livelock_free(),
        cut.always("a >= 0"),
        cut.outcomes().exactly([(0, 0)]),
        cut.outcomes().never((0, 0)),
        cut.outcomes().possibly((0, 0)),
        cut.outcomes().always(|_| true),
        cut.outcomes().rows().map(drop),
    ];
    for (index, result) in inconclusive.into_iter().enumerate() {
        assert_eq!(result.unwrap_err().kind(), FailureKind::Inconclusive, "{index}");
    }
    let failure = cut.race_free().unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Fails, "what was found is found: {failure}");
    let late = text(ENDLESS).time_limit(Duration::from_millis(20)).explore();
    let failure = late.deadlock_free().unwrap_err();
    assert!(failure.to_string().contains("the limit on time cut it"), "{failure}");
    let small = text(ENDLESS).max_memory(1 << 20).explore();
    assert!(small.deadlock_free().unwrap_err().to_string().contains("the limit on memory cut it"));
}

#[test]
fn a_failure_shows_the_outcomes_the_timeline_and_how_to_replay() {
    let failure = text(LOST_UPDATE).explore().outcomes().exactly([2]).unwrap_err();
    assert_eq!(failure.schedule(), Some("A3 B4 A1@10ba"));
    assert_eq!(failure.to_string(), format!("{failure:?}"));
    assert_eq!(failure.to_string(), EXACTLY_TWO);
}

#[test]
fn the_command_that_is_printed_replays_the_program_that_is_printed() {
    let failure = text(STORE_BUFFERING).memory(MemoryModel::Pso).explore();
    let failure = failure.outcomes().never((0, 0)).unwrap_err().to_string();
    let (_, rest) = failure.split_once("--- program.rvm, to be saved under that name ---\n").unwrap();
    let (program, rest) = rest.split_once("\n---\n").unwrap();
    let command = rest.lines().find_map(|line| line.strip_prefix("Replay it: racevm replay ")).unwrap();
    let (flags, schedule) = command.split_once(" '").unwrap();
    let path = file(&folder("testing_command"), "program.rvm", program);
    let mut arguments = vec!["replay", schedule.trim_end_matches('\'')];
    arguments.extend(flags.split(' ').map(|word| if word == "program.rvm" { path.as_str() } else { word }));
    arguments.swap(1, 2);
    let run = racevm(&arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("Final state: p.r = 0, q.r = 0"), "{}", run.stdout);
}

#[test]
fn a_schedule_pins_an_execution() {
    let lost = text(LOST_UPDATE).replay("A3 B4 A1");
    assert_eq!(lost.ended(), Ended::Final(vec![1]));
    lost.assert_outcome(1).assert_holds("x == 1 and inc[0] done");
    assert!(lost.timeline().contains("inc[0]"));
    let failure = lost.outcome(2).unwrap_err();
    assert!(
        failure.to_string().starts_with("expected  the outcome 2\nfound     the outcome 1\n"),
        "{failure}"
    );
    assert!(lost.deadlock().is_err() && lost.fault("").is_err() && lost.holds("x == 2").is_err());
    let open = text(LOST_UPDATE).replay("A3 B1");
    assert_eq!(open.ended(), Ended::Open);
    open.assert_holds("x == 0");
    assert_eq!(text(DEADLOCK).replay("A B").assert_deadlock().ended(), Ended::Deadlock);
}

#[test]
fn a_schedule_of_another_program_is_refused() {
    let refused = |schedule: &str, part: &str| {
        let failure = text(LOST_UPDATE).try_replay(schedule).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Misfit);
        assert!(failure.to_string().contains(part), "{failure}");
    };
    refused("A3 B4 A1@0000", "`program.rvm` has changed: the schedule was made for @0000");
    refused("A5", "step 5 (`A`): A (inc[0]) has finished; enabled there: B (inc[1])");
    refused("A3 C", "is no schedule of `program.rvm`");
    let many = text(LOST_UPDATE).memories(MemoryModel::ALL).try_replay("A").unwrap_err();
    assert_eq!(many.kind(), FailureKind::Usage);
}

#[test]
fn what_does_not_assemble_is_shown_with_its_place() {
    let failure = text("thread t\n LOAD y\nend").try_explore().unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotAssembled);
    assert!(failure.to_string().contains("program.rvm:2:7"), "{failure}");
    let failure = text(LOST_UPDATE).define("M", 1).try_explore().unwrap_err();
    assert!(failure.to_string().contains("no constant `M`"), "{failure}");
    let failure = text(CLIENT).try_explore().unwrap_err();
    assert!(failure.to_string().contains("lock.rvm"), "{failure}");
    let failure =
        text(CLIENT).with_file("lock.rvm", NO_LOCK).replace("locks.rvm", "x.rvm").try_explore().unwrap_err();
    assert!(failure.to_string().contains("includes no file `locks.rvm`"), "{failure}");
}

/// Takes what a chain of assertions leads on to.
fn ignore<T>(_: &T) {}

#[test]
fn an_assertion_panics_where_it_stands() {
    let found = text(LOST_UPDATE).explore();
    let subject = text(LOST_UPDATE);
    let replayed = subject.replay("A4");
    let assertions: Vec<(u32, Box<dyn Fn() + '_>)> = vec![
        (line!(), Box::new(|| found.outcomes().assert_exactly([2]))),
        (line!(), Box::new(|| found.outcomes().assert_never(1))),
        (line!(), Box::new(|| found.outcomes().assert_possibly(5))),
        (line!(), Box::new(|| found.outcomes().assert_always(|_| false))),
        (line!(), Box::new(|| ignore(found.assert_race_free()))),
        (line!(), Box::new(|| ignore(found.assert_always("x == 0")))),
        (line!(), Box::new(|| ignore(found.assert_never("x == 1")))),
        (line!(), Box::new(|| ignore(found.assert_holds("deadlock")))),
        (line!(), Box::new(|| ignore(&subject.replay("A9")))),
        (line!(), Box::new(|| ignore(replayed.assert_deadlock()))),
        (line!(), Box::new(|| ignore(&testing::program("thread").explore()))),
    ];
    let before = panic::take_hook();
    let (sender, places) = std::sync::mpsc::channel();
    let thread = std::thread::current().id();
    panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == thread {
            let place = info.location().map(|place: &Location<'_>| (place.file().to_owned(), place.line()));
            let _ = sender.send(place);
        } else {
            before(info);
        }
    }));
    let mut wrong = Vec::new();
    for (line, assertion) in &assertions {
        let panicked = panic::catch_unwind(panic::AssertUnwindSafe(assertion)).is_err();
        let place = places.try_recv().ok().flatten();
        if !panicked || place != Some((file!().to_owned(), *line)) {
            wrong.push((*line, place));
        }
    }
    let _ = panic::take_hook();
    assert!(wrong.is_empty(), "{wrong:?}");
}
