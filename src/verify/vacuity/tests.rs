//! What a pass says nothing about, case by case; and that what does say something is left alone.

use super::*;
use crate::asm::{NoFiles, Options, assemble};
use crate::check::Unwatched;

fn program(text: &str) -> Program {
    assemble("it.rvm", text, &Options::default(), &NoFiles)
        .unwrap_or_else(|failure| panic!("{failure:?}\n{text}"))
}

fn looked_at(text: &str) -> Vacuity {
    let program = program(text);
    vacuity(&program, &Request::new(program.models), &mut Unwatched).expect("its states are small")
}

/// Returns the remarks as `kind: what is said`.
fn remarks(text: &str) -> Vec<String> {
    looked_at(text).remarks.iter().map(|remark| format!("{}: {}", remark.kind.word(), remark.says)).collect()
}

const CODE: &str = "\
mutex m
shared x
shared still = 4
atomic flag
queue q max 2
thread t[2]
    local r
    LOCK m
  inside:
    LOAD x
    PUSH 1
    ADD
    STORE x
    UNLOCK m
    LOAD flag
    JZ over
    PUSH 0
    ASSERT \"flag is set\"
  cold:
    NOP
    NOP
  over:
    NOP
end
";

/// Returns what is said of one expectation.
fn of(expectation: &str) -> Vec<String> {
    let remarks = looked_at(&format!("{CODE}expect {expectation}\n")).remarks;
    let own = remarks.into_iter().filter(|remark| !matches!(remark.kind, Kind::Code | Kind::Assert));
    own.map(|remark| format!("{}: {}", remark.kind.word(), remark.says)).collect()
}

#[test]
fn expectations_that_say_something_are_left_alone() {
    for expectation in [
        "always x <= 2",
        "finally x == 2",
        "never t[0] at inside and t[1] at inside",
        "never count(t at inside) > 1",
        "always x < 2 or not t[0] at inside",
        "outcomes x = {2}",
        "possibly x == 2",
        "no deadlock",
        "no race",
        "no fault \"flag is\"",
        "schedules = 1",
    ] {
        assert_eq!(of(expectation), Vec::<String>::new(), "{expectation}");
    }
}

#[test]
fn expectations_that_no_execution_could_break_are_told() {
    let unwritten = "expectation: nothing that it looks at is ever written";
    let whatever = |truth: bool| format!("expectation: it is {truth} whatever the values are");
    let cases: [(&str, String); 14] = [
        ("always still == 4", unwritten.to_owned()),
        ("finally t[1].r == 0", unwritten.to_owned()),
        ("outcomes still = {4}", unwritten.to_owned()),
        ("always x == x", whatever(true)),
        ("always x >= x", whatever(true)),
        ("never x < x", whatever(false)),
        ("always len(q) <= 2", whatever(true)),
        ("never count(t at inside) > 2", whatever(false)),
        ("always t[0] done or 1 + count(t done) > 0", whatever(true)),
        ("never not len(q) >= 0", whatever(false)),
        ("possibly count(t done) >= 0", whatever(true)),
        ("no race on flag", "certain: accesses to an `atomic` variable are no data race".to_owned()),
        (
            "no race on still",
            "certain: no two threads access the same element, one of them writing".to_owned(),
        ),
        ("no fault \"flag ist\"", "expectation: no instruction has such a message".to_owned()),
    ];
    for (expectation, says) in cases {
        assert_eq!(of(expectation), [says], "{expectation}");
    }
    assert_eq!(of("no livelock"), ["certain: there is no loop"]);
    assert_eq!(
        remarks("thread t\n    NOP\nend\nexpect no deadlock\n"),
        ["certain: no instruction can block"]
    );
}

#[test]
fn a_part_that_plays_no_part_is_told_with_its_reason() {
    let never = "part: it holds whatever `t[1] at inside` is (`t[0] at cold` is never true)";
    assert_eq!(of("never t[0] at cold and t[1] at inside"), [never]);
    assert_eq!(
        of("always x <= 2 or x == 3"),
        ["part: it holds whatever `x == 3` is (`x <= 2` is always true, `x == 3` is never true)"]
    );
    let both = "part: it holds whatever `x > 2` or `x < 0` is (`x > 2` is never true, `x < 0` is never true)";
    assert_eq!(of("never x > 2 and x < 0"), [both]);
    // A condition on the program's constants switches the claim on and off.
    for claim in [
        "always N > 3 or x <= 2",
        "always N < 3 or x <= 2",
        "never N == 2 and x > 2",
        "never N == 3 and x > 2",
    ] {
        let remarks = looked_at(&format!("const N = 2\n{CODE}expect {claim}\n")).remarks;
        assert!(remarks.iter().all(|remark| matches!(remark.kind, Kind::Code | Kind::Assert)), "{claim}");
    }
}

#[test]
fn finals_that_never_come_leave_nothing_to_break() {
    let text = "shared x\nmutex m\nthread t\n    LOCK m\n    PUSH 1\n    STORE x\n    LOCK m\nend\n\
                expect deadlock\nexpect finally x == 7\n";
    assert!(remarks(text).contains(&"expectation: no execution comes to a final state".to_owned()));
}

#[test]
fn code_that_no_schedule_executes_is_told() {
    assert_eq!(
        remarks(CODE),
        [
            "code: no schedule executes `t` from here to line 21, with the label `cold`",
            "assert: no schedule executes `ASSERT \"flag is set\"`",
        ]
    );
    let blocked = "mutex m\nthread t\n    LOCK m\n    LOCK m\n    UNLOCK m\nend\nexpect deadlock\n";
    assert_eq!(remarks(blocked), ["code: no schedule executes `t` from here to line 5"]);
}

#[test]
fn what_one_combination_of_models_executes_is_executed() {
    let text = "\
shared x
shared y
shared seen
thread p
    PUSH 1
    STORE x
    LOAD y
    JNZ over
    PUSH 1
    STORE seen
  over:
    NOP
end
thread q
    PUSH 1
    STORE y
    LOAD x
    JNZ out
    LOAD seen
    JZ out
    NOP
  out:
    NOP
end
";
    let strong = remarks(text);
    assert_eq!(strong.len(), 1, "under sc not both read 0 in this order: {strong:?}");
    let weak = format!("{text}expect under tso possibly x == 1\n");
    assert_eq!(remarks(&weak), Vec::<String>::new());
}

#[test]
fn runs_of_several_steps_are_executed_as_a_whole() {
    for switch in ["switch gil", "switch await"] {
        let text = format!(
            "{switch}\nshared x\nthread t[2]\n    CHOOSE 0..2\n    STORE x\n    YIELD\n    LOAD x\n    POP\nend\n"
        );
        assert_eq!(remarks(&text), Vec::<String>::new(), "{switch}");
    }
    let block =
        "shared x\nthread t[2]\n    atomic\n    LOAD x\n    PUSH 1\n    ADD\n    STORE x\n    end\nend\n";
    assert_eq!(remarks(block), Vec::<String>::new());
    let fault = "thread t\n    PUSH 0\n    ASSERT\n    NOP\nend\nexpect fault\n";
    assert_eq!(remarks(fault), ["code: no schedule executes `NOP` in `t`"]);
}

#[test]
fn what_was_not_looked_at_is_not_called_vacuous() {
    let program = program(&format!("{CODE}expect never t[0] at cold and t[1] at inside\n"));
    let mut request = Request::new(program.models);
    request.limits.max_states = Some(5);
    let found = vacuity(&program, &request, &mut Unwatched).expect("its states are small");
    assert_eq!(found, Vacuity { remarks: Vec::new(), not_known: vec![program.models] });
}
