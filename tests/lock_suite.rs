//! The locks in `programs/locks`: each is what its file says, and what the suite says of them is held against
//! other ways to find it out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use racevm::asm::{self, NoFiles, Options, assemble};
use racevm::check::{Request, Unwatched, Verdict, explore};
use racevm::explore::Reductions;
use racevm::program::{MemoryModel, Models, SwitchModel};
use racevm::schedule::{self, End, replay};
use racevm::verify::lock::{Bypass, Client, How, Property, Refused, Remedy, Report, Size, Suite};
use racevm::vm::{DEFAULT_BUFFER, Machine};

/// The locks of the suite, each with the beginning of its broken siblings' names.
const FAMILIES: [(&str, &str); 15] = [
    ("test_and_set", "test_and_set_"),
    ("test_test_and_set", "test_"),
    ("ticket", "ticket_"),
    ("peterson", "peterson_"),
    ("dekker", "dekker_"),
    ("bakery", "bakery_"),
    ("filter", "filter_"),
    ("szymanski", "szymanski_"),
    ("lamport_fast", "lamport_"),
    ("mcs", "mcs_"),
    ("clh", "clh_"),
    ("futex", "futex_"),
    ("semaphore", "semaphore_"),
    ("readers_writer", "readers_"),
    ("reentrant", "reentrant_"),
];

/// The texts of all shipped locks by name.
fn locks() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs/locks");
    let entries = fs::read_dir(folder).expect("the locks are there");
    let paths = entries.map(|entry| entry.expect("the locks can be listed").path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a lock can be read"))
    };
    paths.map(read).collect()
}

fn lock(name: &str) -> String {
    locks().remove(name).unwrap_or_else(|| panic!("there is no lock {name}"))
}

fn report(name: &str, text: &str) -> Report {
    Suite::new(name, text).run(&mut Unwatched).unwrap_or_else(|refused| panic!("{name}: {refused}"))
}

/// The text without what it says of itself, so that nothing is expected to fail.
fn without_claims(text: &str) -> String {
    let is_kept =
        |line: &&str| !line.starts_with("; lock:") || line.contains(" for ") || line.ends_with(" reentrant");
    text.lines().filter(is_kept).map(|line| format!("{line}\n")).collect()
}

fn models(memory: MemoryModel) -> Models {
    Models { switch: SwitchModel::Every, memory }
}

/// Executes every witness of a report from its text, and looks whether it shows what is said.
fn witnesses_show_it(report: &Report) {
    for failure in report.models.iter().flat_map(|model| model.failures().map(|(_, failure)| failure)) {
        let program = &failure.program;
        let machine = Machine::new(program, failure.models, DEFAULT_BUFFER).expect("its states are small");
        let text = failure.witness.to_text(program);
        let parsed = schedule::parse(&text, program).expect("a printed schedule can be read");
        let execution =
            replay(&machine, &parsed).unwrap_or_else(|misfit| panic!("{}: {misfit:?}", report.name));
        let counter = |id| machine.shared_access(&execution.state, id).is_some();
        let shown = match &failure.how {
            How::BothInside => program.thread_ids().filter(|&id| counter(id)).count() >= 2,
            How::LostUpdate => execution.end == End::Final,
            How::HalfWritten | How::Fault(_) => matches!(execution.end, End::Fault(_)),
            How::Deadlock(_) => execution.end == End::Deadlock,
            How::Livelock(_) => execution.end == End::Open,
            How::Expectation(_) => true,
        };
        assert!(shown, "{}: {text} does not show {:?}", report.name, failure.how);
    }
}

#[test]
fn every_shipped_lock_is_what_its_file_says() {
    let locks = locks();
    let half = locks.len() / 2;
    let check = |part: Vec<(&String, &String)>| {
        for (name, text) in part {
            let report = report(name, text);
            assert!(report.is_as_claimed(), "{name}: {:?}", report.deviations);
            witnesses_show_it(&report);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| check(locks.iter().take(half).collect()));
        check(locks.iter().skip(half).collect());
    });
}

#[test]
fn every_family_has_broken_siblings() {
    let locks = locks();
    let mut known = BTreeSet::new();
    for (right, siblings) in FAMILIES {
        let breaks_under_sc =
            |text: &str| text.lines().any(|line| line.starts_with("; lock: fails under sc"));
        assert!(!breaks_under_sc(&locks[right]), "{right} is right without store buffers");
        let broken = locks.iter().filter(|(name, text)| name.starts_with(siblings) && breaks_under_sc(text));
        let broken: Vec<&String> = broken.map(|(name, _)| name).collect();
        assert!(broken.len() >= 2, "{right} has only {broken:?}");
        known.extend(broken.into_iter().cloned().chain([right.to_owned()]));
    }
    assert_eq!(known, locks.into_keys().collect());
}

#[test]
fn two_are_inside_together_exactly_when_the_counter_races() {
    let one_each: Client = "1,1".parse().expect("it is a client");
    for (name, text) in locks().iter().filter(|(name, _)| !name.starts_with("readers")) {
        let suite = Suite::new(name, text);
        let (text, _) = suite.client(&one_each, &NoFiles).expect("it is a lock");
        let text = format!("{text}expect never count(client in critical..leave) > 1\n");
        let program = assemble(name, &text, &Options::default(), &NoFiles).expect("it assembles");
        for memory in [MemoryModel::Sc, MemoryModel::Tso] {
            let request = Request { verdicts_only: true, ..Request::new(models(memory)) };
            let found = explore(&program, &request, &mut Unwatched).expect("its states are small");
            let verdict = |start: &str| {
                let of = |judged: &&racevm::check::Judged| judged.expectation.text.starts_with(start);
                found.expectations.iter().find(of).expect("the client expects it").verdict
            };
            assert_ne!(verdict("expect never"), Verdict::Unknown, "{name} under {memory}");
            assert_eq!(verdict("expect never"), verdict("expect no race"), "{name} under {memory}");
        }
    }
}

#[test]
fn what_repairs_a_lock_makes_it_right() {
    for name in ["peterson", "dekker", "bakery", "mcs", "test_and_set"] {
        let report = report(name, &lock(name));
        let repair = report.repair.expect("it is broken under pso, and its file speaks of fences");
        let Remedy::Fences { text, sets } = &repair.remedy else { panic!("{name} can be repaired") };
        assert!(sets.iter().all(|set| set.len() == sets[0].len()), "{name}");
        let repaired = Suite::new(name, without_claims(text)).run(&mut Unwatched).expect("it is a lock");
        assert!(repaired.models.iter().all(|model| model.is_right()), "{name}: {:?}", repaired.deviations);
    }
}

/// Puts a FENCE behind each of these lines.
fn fenced(text: &str, lines: &[u32]) -> String {
    let fence = |number: u32| if lines.contains(&number) { "    FENCE\n" } else { "" };
    text.lines().zip(1..).map(|(line, number)| format!("{line}\n{}", fence(number))).collect()
}

fn is_right(text: &str, memory: MemoryModel) -> bool {
    let suite = Suite::new("fenced", text).memories([memory]).sizes([Size { threads: 2, rounds: 2 }]);
    suite.run(&mut Unwatched).expect("it is a lock").models[0].is_right()
}

#[test]
fn the_smallest_sets_of_fences_are_those_that_trying_all_finds() {
    for name in ["peterson", "dekker"] {
        let text = without_claims(&lock(name));
        let suite = Suite::new(name, &text).fences(true).sizes([Size { threads: 2, rounds: 2 }]);
        let report = suite.run(&mut Unwatched).expect("it is a lock");
        let found = |memory| match &report.under(memory).and_then(|model| model.fences.as_ref()) {
            Some(repair) => match &repair.remedy {
                Remedy::Fences { sets, .. } => sets.clone(),
                other => panic!("{name} can be repaired: {other:?}"),
            },
            None => panic!("{name} is broken under {memory}"),
        };
        let first = text.lines().position(|line| line == "proc acquire").expect("it has one") as u32 + 1;
        let last = text.lines().count() as u32;
        let is_code = |line: &u32| {
            let text = text.lines().nth(*line as usize - 1).expect("it is a line");
            !text.is_empty() && text != "end"
        };
        let places: Vec<u32> = (first..last).filter(is_code).collect();
        let tso = found(MemoryModel::Tso);
        assert!(tso.iter().all(|set| set.len() == 1), "{name}: {tso:?}");
        let right: Vec<u32> = places
            .iter()
            .copied()
            .filter(|&line| is_right(&fenced(&text, &[line]), MemoryModel::Tso))
            .collect();
        assert!(tso.iter().all(|set| right.contains(&set[0])), "{name}: {tso:?} and {right:?}");
        // Every other line that works stands behind one of these, with nothing between that others could see.
        for line in &right {
            let before = tso.iter().map(|set| set[0]).filter(|place| place <= line).max();
            let between =
                (before.unwrap_or(0)..*line).skip(1).chain([*line]).filter(|at| Some(*at) != before);
            let is_plain = |at: u32| {
                let code = text.lines().nth(at as usize - 1).expect("it is a line").trim();
                ["PUSH", "LOAD  other", "SELF", "SUB"].iter().any(|start| code.starts_with(start))
            };
            assert!(before.is_some() && between.into_iter().all(is_plain), "{name}: line {line} works too");
        }
        let pso = found(MemoryModel::Pso);
        if pso[0].len() == 2 {
            assert!(
                places.iter().all(|&line| !is_right(&fenced(&text, &[line]), MemoryModel::Pso)),
                "{name}"
            );
        } else {
            let pairs = places.iter().flat_map(|&a| places.iter().map(move |&b| [a, b]));
            for pair in pairs.filter(|[a, b]| a < b) {
                assert!(!is_right(&fenced(&text, &pair), MemoryModel::Pso), "{name}: {pair:?}");
            }
        }
    }
}

#[test]
fn what_is_no_lock_is_refused() {
    let refused = |text: &str| Suite::new("mine", text).run(&mut Unwatched).expect_err("it is no lock");
    let acquire = "proc acquire\n    NOP\nend\n";
    let release = "proc release\n    NOP\nend\n";
    assert!(matches!(refused(acquire), Refused::NoLock(why) if why.contains("proc release")));
    let with_thread = format!("{acquire}{release}thread t\n    NOP\nend\n");
    assert!(matches!(refused(&with_thread), Refused::NoLock(why) if why.contains("`t`")));
    let leaves = format!("proc acquire\n    PUSH 1\nend\n{release}");
    assert!(matches!(refused(&leaves), Refused::NoLock(why) if why.contains("stack")));
    let claims = format!("; lock: is wonderful\n{acquire}{release}");
    assert!(matches!(refused(&claims), Refused::Claim(claim) if claim.line == 1));
    let broken = "proc acquire\n    JMP nowhere\nend\n";
    assert!(matches!(refused(broken), Refused::Assembly(asm::Failure::Diagnostics(_))));
}

#[test]
fn a_lock_that_lets_everybody_in_is_told_from_one_that_lets_nobody_in() {
    let none = "proc acquire\n    NOP\nend\nproc release\n    NOP\nend\n";
    let report = report("open", none);
    for model in &report.models {
        let failing: Vec<Property> = model.failures().map(|(property, _)| property).collect();
        assert_eq!(failing, [Property::Exclusion], "{}", model.memory);
    }
    let shut = "mutex m\nproc acquire\n    LOCK m\nend\nproc release\n    NOP\nend\n";
    let found = Suite::new("shut", shut).run(&mut Unwatched).expect("it is a lock");
    let failing: Vec<Property> = found.models[0].failures().map(|(property, _)| property).collect();
    assert_eq!(failing, [Property::Deadlock, Property::Progress]);
}

#[test]
fn names_that_the_lock_uses_are_left_to_it() {
    let text = "atomic counter = 0\natomic client = 0\nlocal left = 0\n\
                proc acquire\n  again:\n    PUSH 1\n    XCHG client\n    JNZ again\nend\n\
                proc release\n    PUSH 0\n    STORE client\nend\n";
    let found =
        Suite::new("names", text).memories([MemoryModel::Sc]).run(&mut Unwatched).expect("it is a lock");
    assert!(found.models[0].is_right());
}

#[test]
fn an_expectation_of_the_lock_is_judged_in_every_client() {
    let text = lock("test_and_set");
    let with = |claim: &str| {
        let text = format!("{}\nexpect {claim}\n", without_claims(&text));
        let suite = Suite::new("expects", text).memories([MemoryModel::Sc]);
        suite.run(&mut Unwatched).expect("it is a lock").models[0].verdict(Property::Expectation)
    };
    assert_eq!(with("always taken in {0, 1}"), Some(Verdict::Holds));
    assert_eq!(with("never taken == 1"), Some(Verdict::Fails));
}

#[test]
fn taking_turns_is_no_progress() {
    let text = "atomic turn = 0\n\
                proc acquire\n  wait:\n    LOAD turn\n    SELF\n    NE\n    JNZ wait\nend\n\
                proc release\n    PUSH 1\n    SELF\n    SUB\n    STORE turn\nend\n";
    let suite = Suite::new("turns", format!("; lock: for 2 threads\n{text}")).memories([MemoryModel::Sc]);
    let found = suite.run(&mut Unwatched).expect("it is a lock");
    let model = &found.models[0];
    assert_ne!(model.verdict(Property::Exclusion), Some(Verdict::Fails));
    let (_, failure) =
        model.failures().find(|(property, _)| *property == Property::Progress).expect("it fails");
    assert_eq!((failure.client.to_string().as_str(), &failure.how), ("0,1", &How::Livelock(true)));
}

#[test]
fn clients_show_the_same_with_and_without_reductions() {
    for (name, text) in locks() {
        for client in ["1,0", "0,1", "1,1"] {
            let client: Client = client.parse().expect("it is a client");
            let (_, program) = Suite::new(&name, &text).client(&client, &NoFiles).expect("it is a lock");
            for memory in [MemoryModel::Sc, MemoryModel::Tso] {
                let whole = Request { reduce: false, verdicts_only: true, ..Request::new(models(memory)) };
                let reduced = Request { reductions: Some(Reductions::ALL), ..whole };
                let [whole, reduced] = [whole, reduced].map(|request| {
                    let found = explore(&program, &request, &mut Unwatched).expect("its states are small");
                    let verdicts: Vec<Verdict> =
                        found.expectations.iter().map(|judged| judged.verdict).collect();
                    let values: Vec<_> = found.outcomes.into_iter().map(|outcome| outcome.values).collect();
                    let stuck: Vec<_> = found.deadlocks.into_iter().map(|stuck| stuck.blocked).collect();
                    (verdicts, values, stuck, found.livelocks.is_empty(), found.faults.len())
                });
                assert_eq!(whole, reduced, "{name} with {client} under {memory}");
            }
        }
    }
}

#[test]
fn waiting_begins_where_the_lock_says() {
    let bound = |text: &str| {
        let suite = Suite::new("mcs", text).memories([MemoryModel::Sc]).bypass(true);
        let found = suite.run(&mut Unwatched).expect("it is a lock");
        found.models[0].bypass[0].bound
    };
    let text = without_claims(&lock("mcs"));
    assert_eq!(bound(&text), Some(Bypass::AtMost(1)));
    // Before it joins the line a thread makes its node ready, and nobody waits for that.
    assert_eq!(bound(&text.replace("waiting", "joined")), Some(Bypass::Unbounded));
}

#[test]
fn a_list_of_initial_values_may_fit_one_number_of_threads_alone() {
    let text = "const THREADS = 2\natomic slot[THREADS] = {1, 0}\natomic tail = 0\nlocal mine = 0\n\
                proc acquire\n    PUSH 1\n    XADD tail\n    PUSH THREADS\n    MOD\n    STORE mine\n  waiting:\n    \
                LOAD mine\n    LOAD slot[]\n    JZ waiting\nend\n\
                proc release\n    PUSH 0\n    LOAD mine\n    STORE slot[]\n    PUSH 1\n    LOAD mine\n    PUSH 1\n    \
                ADD\n    PUSH THREADS\n    MOD\n    STORE slot[]\nend\n";
    let any = Suite::new("array", text).run(&mut Unwatched).expect_err("it has two slots");
    assert!(any.to_string().contains("; lock: for 2 threads"), "{any}");
    let two = Suite::new("array", format!("; lock: for 2 threads\n{text}")).bypass(true);
    let found = two.run(&mut Unwatched).expect("it is a lock");
    let tso = found.under(MemoryModel::Tso).expect("it was asked about");
    assert!(tso.is_right());
    assert_eq!(tso.bypass[0].bound, Some(Bypass::AtMost(1)));
}
