//! The text of a schedule, and the hash that marks it.

use proptest::prelude::*;

use super::super::{ParsedSchedule, Schedule, parse, program_hash};
use super::{LOST_UPDATE, program};
use crate::program::ThreadId;
use crate::vm::{Action, Actor, Choice};

const VARIED: &str = "
shared x
shared a[3]
atomic flag
local l
thread T[30]
    NOP
end
";

fn action() -> impl Strategy<Value = Action> {
    let thread = (0_u32..30).prop_map(ThreadId);
    let choice = prop_oneof![
        4 => Just(Choice::Only),
        1 => any::<i64>().prop_map(Choice::Value),
        1 => (0_u32..30).prop_map(|waiter| Choice::Waiter(ThreadId(waiter))),
    ];
    let step = (thread.clone(), choice).prop_map(|(id, choice)| Action { actor: Actor::Thread(id), choice });
    let flush = (thread, proptest::option::of(0_u32..5))
        .prop_map(|(id, cell)| Action { actor: Actor::Buffer(id, cell), choice: Choice::Only });
    prop_oneof![4 => step, 1 => flush]
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_it_was(steps in proptest::collection::vec((action(), 1_usize..4), 0..40)) {
        let program = program(VARIED);
        let actions = steps.into_iter().flat_map(|(action, count)| std::iter::repeat_n(action, count));
        let schedule = Schedule { actions: actions.collect() };
        let text = schedule.to_text(&program);
        let parsed = parse(&text, &program).expect("a printed schedule is a schedule");
        prop_assert!(parsed.fits(&program));
        let read = parsed.runs.iter().flat_map(|run| std::iter::repeat_n(run.action, run.count as usize));
        prop_assert_eq!(read.collect::<Vec<_>>(), schedule.actions);
    }

    #[test]
    fn no_text_whatever_is_too_much(text in ".{0,60}", near in "[A-C0-9=>~@ a\\[\\]x-]{0,30}") {
        let program = program(VARIED);
        let _ = parse(&text, &program);
        let _ = parse(&near, &program);
    }
}

fn counts(text: &str) -> Vec<(String, u64)> {
    let program = program(VARIED);
    let parsed = parse(text, &program).expect("the text is a schedule");
    let runs = parsed.runs.iter();
    runs.map(|run| (super::super::text::action_text(&program, run.action), run.count)).collect()
}

#[test]
fn runs_are_read_with_their_lengths() {
    let expected: Vec<(String, u64)> =
        [("A", 3), ("B", 1), ("AB", 12), ("A=-5", 1), ("A>C", 1), ("A~", 2), ("A~a[1]", 1), ("B~flag", 1)]
            .map(|(text, count)| (text.to_owned(), count))
            .to_vec();
    assert_eq!(counts(" A3 B\tAB12 A=-5 A>C A~2 A~a[1] B~flag "), expected);
    assert_eq!(counts(""), []);
    assert_eq!(counts("A999999999999"), [("A".to_owned(), 999_999_999_999)]);
    assert_eq!(counts("A99999999999999999999999999"), [("A".to_owned(), u64::MAX)]);
}

#[test]
fn what_is_no_schedule_is_refused_with_its_place() {
    let program = program(VARIED);
    for (text, message) in [
        ("A3 b4", "character 4: threads are named by capital letters, and `b` is none"),
        ("A3, B4", "character 3: `,` cannot stand here: steps are separated by spaces"),
        ("3A", "character 1: expected the letter of a thread, found `3`"),
        ("é", "character 1: expected the letter of a thread, found `é`"),
        ("A0", "character 2: a run has at least one step"),
        ("A=", "character 3: expected the number that CHOOSE takes"),
        ("A=9223372036854775808", "character 3: the number does not fit 64 bits"),
        ("A>", "character 3: expected the letter of a thread, found the end"),
        (
            "A>B2",
            "character 4: a run length cannot stand behind a choice: write the step once for each time it is made",
        ),
        ("A~l", "character 3: there is no shared or atomic variable `l`"),
        ("A~a", "character 4: `a` is an array: name the element, `a[0]`"),
        ("A~a[3]", "character 4: `a` has the elements 0 to 2"),
        ("A~a[", "character 5: expected an element of `a`, as `a[0]`"),
        ("A3@12", "character 4: behind `@` stand 4 to 16 hex digits of the program's hash"),
        ("A3@1234 B", "character 9: nothing may stand behind the program's hash"),
        (
            "AE",
            "character 1: there is no thread AE: the program has A (T[0]), B (T[1]), C (T[2]), D (T[3]), \
             E (T[4]), F (T[5]), G (T[6]), H (T[7]) and 22 more",
        ),
    ] {
        let error = parse(text, &program).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
    }
}

#[test]
fn the_mark_is_of_what_is_executed() {
    let hash = |text: &str| program_hash(&program(text));
    let same =
        "; a comment\nshared x\n\nthread inc[2]\n  load x ; here\n push 0x1\nlabel: ADD\n STORE x\nend\n
        expect outcomes x = {1, 2}\nswitch gil\nobserve x";
    assert_eq!(hash(LOST_UPDATE), hash(same));
    for (from, to) in
        [("x = 0", "x = 1"), ("[2]", "[3]"), ("PUSH 1", "PUSH 2"), ("ADD", "SUB"), ("shared", "atomic")]
    {
        assert_ne!(hash(LOST_UPDATE), hash(&LOST_UPDATE.replace(from, to)), "{from} -> {to}");
    }
    let block = LOST_UPDATE.replace("    PUSH 1\n", "    atomic\n    PUSH 1\n    end\n");
    assert_ne!(hash(LOST_UPDATE), hash(&block));
}

#[test]
fn a_mark_fits_by_as_many_digits_as_it_has() {
    let program = program(LOST_UPDATE);
    let digits = format!("{:016x}", program_hash(&program));
    let fits = |mark: &str| parse(&format!("A3@{mark}"), &program).expect("a mark").fits(&program);
    assert!(fits(&digits) && fits(&digits[..4]) && fits(&digits[..7].to_uppercase()));
    let other = if digits.starts_with('0') { "1" } else { "0" };
    assert!(!fits(&format!("{other}{}", &digits[1..4])));
    assert!(ParsedSchedule::default().fits(&program));
    let text = Schedule::default().to_text(&program);
    assert_eq!(text, format!("@{}", &digits[..4]));
}
