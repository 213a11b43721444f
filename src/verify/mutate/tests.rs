//! Mutants of small programs, mistake by mistake, and what becomes of them.

use super::*;
use crate::asm::{NoFiles, assemble};
use crate::check::{Monitor, Request, Unwatched};

fn program(text: &str) -> Program {
    assemble("it.rvm", text, &Options::default(), &NoFiles)
        .unwrap_or_else(|failure| panic!("{failure:?}\n{text}"))
}

/// Returns the mutants with this mistake, each as its changes: `3 - LOCK m`.
fn changes(text: &str, operator: Operator) -> Vec<Vec<String>> {
    let mutants = mutants(&program(text), &Options::default());
    let of_operator = mutants.into_iter().filter(|(mutant, _)| mutant.operator == operator);
    let lines = |(mutant, _): (Mutant, Program)| {
        let change = |change: &Change| {
            let number = change.line.number;
            let removed = change.removed.iter().map(move |code| format!("{number} - {code}"));
            removed
                .chain(change.added.iter().map(move |code| format!("{number} + {code}")))
                .collect::<Vec<_>>()
        };
        mutant.changes.iter().flat_map(change).collect()
    };
    of_operator.map(lines).collect()
}

fn surveyed(text: &str, threads: usize) -> Survey {
    let program = program(text);
    let options = Options::default();
    let monitor = || -> Box<dyn Monitor> { Box::new(Unwatched) };
    let request = Request::new(program.models);
    survey(&program, &Setup { options: &options, request, threads, monitor: &monitor })
        .expect("its states are small")
}

fn fate_of(survey: &Survey, says: &str) -> Fate {
    let trial = survey.trials.iter().find(|trial| trial.mutant.says == says);
    trial.unwrap_or_else(|| panic!("no mutant says {says}: {survey:#?}")).fate.clone()
}

const LOCKED: &str =
    concat!("mutex n\n", include_str!("../../../tests/common/locked.rvm"), "expect finally x == 2\n");

#[test]
fn locks_are_removed_moved_and_exchanged() {
    assert_eq!(changes(LOCKED, Operator::LockRemoved), [["5 - LOCK m", "10 - UNLOCK m"]]);
    assert_eq!(changes(LOCKED, Operator::TakenLate), [["5 - LOCK m", "6 + LOCK m"]]);
    let early = [["5 + UNLOCK m", "10 - UNLOCK m"], ["9 + UNLOCK m", "10 - UNLOCK m"]];
    assert_eq!(changes(LOCKED, Operator::ReleasedEarly), early);
    let other = [["5 - LOCK m", "5 + LOCK n", "10 - UNLOCK m", "10 + UNLOCK n"]];
    assert_eq!(changes(LOCKED, Operator::OtherLock), other);
    assert_eq!(changes(LOCKED, Operator::Dropped), [["10 - UNLOCK m"]]);
    let weak = "rwlock w\nthread t\n    WRLOCK w\n    UNLOCK w\nend\n";
    assert_eq!(changes(weak, Operator::LockWeakened), [["3 - WRLOCK w", "3 + RDLOCK w"]]);
}

#[test]
fn an_index_on_the_stack_is_dropped_with_its_instruction() {
    let text = "mutex m[2]\nthread t[2]\n    SELF\n    LOCK m[]\n    SELF\n    UNLOCK m[]\nend\n";
    let removed = [["4 - LOCK m[]", "4 + POP", "6 - UNLOCK m[]", "6 + POP"]];
    assert_eq!(changes(text, Operator::LockRemoved), removed);
    assert_eq!(changes(text, Operator::Dropped), [["6 - UNLOCK m[]", "6 + POP"]]);
}

#[test]
fn a_lock_that_is_tried_for_is_always_got() {
    let text = "mutex m\nthread t\n  again: TRYLOCK m\n    JZ again\n    UNLOCK m\nend\n";
    let removed = [["3 - TRYLOCK m", "3 + PUSH 1", "5 - UNLOCK m"]];
    assert_eq!(changes(text, Operator::LockRemoved), removed);
    assert_eq!(changes(text, Operator::CheckedOnce), [["4 - JZ again", "4 + POP"]]);
}

const WAITING: &str = "\
mutex m
condition c on m
shared ready
thread waiter[2]
    LOCK m
  check:
    LOAD ready
    JNZ go
    WAIT c
    JMP check
  go:
    UNLOCK m
end
thread waker
    LOCK m
    PUSH 1
    STORE ready
    NOTIFYALL c
    UNLOCK m
end
expect no deadlock
";

#[test]
fn waits_are_checked_once_and_wake_ups_forgotten() {
    assert_eq!(changes(WAITING, Operator::CheckedOnce), [["10 - JMP check"]]);
    assert_eq!(changes(WAITING, Operator::NotifiesOne), [["18 - NOTIFYALL c", "18 + NOTIFY c"]]);
    let dropped = changes(WAITING, Operator::Dropped);
    for line in ["9 - WAIT c", "18 - NOTIFYALL c", "12 - UNLOCK m", "19 - UNLOCK m"] {
        assert!(dropped.contains(&vec![line.to_owned()]), "{line}: {dropped:?}");
    }
    let survey = surveyed(WAITING, 1);
    assert!(
        matches!(fate_of(&survey, "`NOTIFYALL c` wakes only one waiter"), Fate::Noticed(_, Notice::Expectation(text)) if text == "expect no deadlock")
    );
    // Nobody can come between a notification and the check, so an `if` does here; and no expectation sees it.
    let once = "after `WAIT c` the condition is not checked again: an `if` for a `while`";
    assert!(matches!(fate_of(&survey, once), Fate::Same));
}

#[test]
fn atomics_are_split() {
    let text = "shared x\nthread t\n    PUSH 1\n    XADD x\n    XCHG x\n    POP\nend\n";
    let split = changes(text, Operator::AtomicSplit);
    assert_eq!(split[0][1..], ["4 + LOAD x", "4 + SWAP", "4 + OVER", "4 + ADD", "4 + STORE x"]);
    assert_eq!(split[1][1..], ["5 + LOAD x", "5 + SWAP", "5 + STORE x"]);
    let text = "shared x\nthread t\n    atomic\n    LOAD x\n    STORE x\n    end\nend\n";
    let blocks = changes(text, Operator::BlockSplit);
    assert_eq!(blocks, [vec!["3 - atomic", "6 - end"], vec!["5 + end", "5 + atomic"]]);
}

#[test]
fn what_is_split_still_does_what_it_did_alone() {
    for (code, result) in [
        ("PUSH 3\n    PUSH 7\n    CAS x", (7, 1)),
        ("PUSH 4\n    PUSH 7\n    CAS x", (3, 0)),
        ("PUSH 4\n    XADD x", (7, 3)),
        ("PUSH 4\n    XCHG x", (4, 3)),
        ("PUSH 3\n    PUSH 7\n    PUSH 1\n    CAS a[]", (7, 1)),
        ("PUSH 4\n    PUSH 1\n    XADD a[]", (7, 3)),
        ("PUSH 4\n    PUSH 1\n    XCHG a[]", (4, 3)),
    ] {
        let text = format!(
            "atomic x = 3\natomic a[2] = 3\nshared r\nthread t\n    {code}\n    STORE r\nend\n\
             expect outcomes (x, r) = {{{0:?}}}\nexpect outcomes (a[1], r) = {{{0:?}}}\n",
            result
        );
        // One of the two expectations is about the other variable.
        let keeps = if code.contains("a[]") { "(x, r)" } else { "(a[1], r)" };
        let lines = text.lines().filter(|line| !line.contains(keeps)).collect::<Vec<_>>().join("\n");
        let survey = surveyed(&lines, 1);
        let splits = survey.trials.iter().filter(|trial| trial.mutant.operator == Operator::AtomicSplit);
        let fates: Vec<&Fate> = splits.map(|trial| &trial.fate).collect();
        assert_eq!(fates.len(), 1, "{code}");
        assert!(!matches!(fates[0], Fate::Noticed(..) | Fate::Undecided(..)), "{code}: {:?}", fates[0]);
    }
}

#[test]
fn neighbours_change_places_where_others_can_see_it() {
    let text =
        "shared x\nshared y\nthread t\n    PUSH 1\n    STORE x\n    PUSH 1\n    STORE y\n    NOP\nend\n";
    let swapped = changes(text, Operator::Swapped);
    assert_eq!(swapped, [["4 + PUSH 1", "4 + STORE y", "6 - PUSH 1", "7 - STORE y"]]);
}

#[test]
fn the_mistakes_that_matter_are_noticed() {
    let survey = surveyed(LOCKED, 1);
    let expected = "expect finally x == 2";
    for says in ["`LOCK m` and its UNLOCK are missing", "`LOCK m` comes behind `LOAD x`"] {
        let fate = fate_of(&survey, says);
        assert!(matches!(&fate, Fate::Noticed(_, Notice::Expectation(text)) if text == expected), "{fate:?}");
    }
    // The other lock excludes just as well, and shows only in who holds what.
    let other = fate_of(&survey, "`LOCK m` takes `n` instead, and gives that back");
    assert_eq!(other, Fate::Survived(Difference::States));
    let blind = LOCKED.replace("finally x == 2", "finally x > 0");
    let fate = fate_of(&surveyed(&blind, 1), "`LOCK m` and its UNLOCK are missing");
    assert_eq!(fate, Fate::Survived(Difference::Outcomes));
}

#[test]
fn a_fence_is_nothing_under_sc_and_something_under_tso() {
    let text = "\
shared x
shared y
thread p
    local r
    PUSH 1
    STORE x
    FENCE
    LOAD y
    STORE r
end
thread q
    local r
    PUSH 1
    STORE y
    FENCE
    LOAD x
    STORE r
end
expect finally p.r + q.r > 0
";
    let fences = |text: &str| {
        let survey = surveyed(text, 1);
        let fences = survey.trials.into_iter().filter(|trial| trial.mutant.says == "`FENCE` is missing");
        fences.map(|trial| trial.fate).collect::<Vec<Fate>>()
    };
    assert_eq!(fences(text), [Fate::Same, Fate::Same]);
    let weak = fences(&format!("{text}expect under tso finally p.r + q.r > 0\n"));
    assert!(weak.len() == 2 && weak.iter().all(|fate| matches!(fate, Fate::Noticed(..))), "{weak:?}");
}

#[test]
fn a_mutant_that_is_cut_is_undecided() {
    let program = program(LOCKED);
    let options = Options::default();
    let monitor = || -> Box<dyn Monitor> { Box::new(Unwatched) };
    let mut request = Request::new(program.models);
    request.limits.max_states = Some(10);
    let setup = Setup { options: &options, request, threads: 1, monitor: &monitor };
    let survey = survey(&program, &setup).expect("its states are small");
    assert_eq!(survey.undecided(), survey.trials.len());
    assert_eq!(survey.score(), None);
}

#[test]
fn threads_change_nothing() {
    assert_eq!(surveyed(WAITING, 1), surveyed(WAITING, 4));
}

#[test]
fn the_texts_of_a_mutant_assemble_to_it() {
    for (mutant, assembled) in mutants(&program(LOCKED), &Options::default()) {
        assert_eq!(program(&mutant.texts[0]).code, assembled.code, "{}", mutant.says);
        assert!(!mutant.changes.is_empty());
    }
}
