//! The layout is shown on one program; that it keeps everything and is stable holds for all of them.

use proptest::prelude::*;

use super::format;
use crate::asm::ast::Line;
use crate::asm::grammar::parse;

fn tidy(text: &str) -> String {
    format("t.rvm", text).unwrap_or_else(|errors| panic!("{text}\n{:?}", errors.errors))
}

/// Returns labels, statements and comments in order, without places and without regard to line breaks
/// between a label and its instruction.
fn content(text: &str) -> Vec<String> {
    let (lines, errors) = parse(0, text);
    assert_eq!(errors, [], "{text}");
    let items = |line: Line| {
        let labels = line.labels.into_iter().map(|label| format!("{}:", label.value));
        let statement = line.statement.map(|it| without_places(&format!("{:?}", it.value)));
        let comment = line.comment.map(|comment| comment.value);
        labels.chain(statement).chain(comment).collect::<Vec<_>>()
    };
    lines.into_iter().flat_map(items).collect()
}

fn without_places(debug: &str) -> String {
    let mut parts = debug.split("Span { source: ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += part.split_once('}').map_or("", |(_, rest)| rest);
    }
    out
}

fn check(text: &str) {
    let once = tidy(text);
    assert_eq!(content(&once), content(text), "{text}\nbecame\n{once}");
    assert_eq!(tidy(&once), once, "{text}");
}

#[test]
fn a_program_gets_its_canonical_layout() {
    let untidy = "\u{feff}\n\n;head\r\nconst  N=0x1_F*-2   -1 ; c\n\n\n\tshared a [ 3 ]={1,-2 , N};d\nshared xyz ;longest\n\
        semaphore s=max-1 max 3\nqueue q[2]max 4\ncondition c  on m [1]\nthread  T [ 2 ]deferred\n; first\n\n\nlocal i=1\n\
        l1:l2: load   a[ ];read\nloop:\n push -N-1\n choose -1 .. N+1\natomic\nin: trylock m [N-1] ; try\n; note\nnotifyall c\nend ; block\n\
        assert \"a;  b\"\n add\njmp loop ; again\nend:;last\nend\nproc f\nret\nend\n\
        expect   under gil,pso always not -x+1==- y and(T at not or T[ 1 ] in not..in)\n\
        expect never x not   in{-1..2,3}or len ( q [ 0 ] )-1>=count (T holds m[2])\n\
        expect outcomes (x,T [1] . r)={(0,-1),( 1,1)}\nexpect no fault   \"t;  x\"\n expect schedules=1_000 ;n\n\n\n";
    let expected = "\
;head
const N = 0x1_F * -2 - 1  ; c

shared a[3] = {1, -2, N}  ;d
shared xyz                ;longest
semaphore s = max - 1 max 3
queue q[2] max 4
condition c on m[1]
thread T[2] deferred
    ; first

    local i = 1
  l1:
  l2:
    LOAD      a[]           ;read
  loop:
    PUSH      -N - 1
    CHOOSE    -1..N + 1
    atomic
      in:
        TRYLOCK   m[N - 1]  ; try
        ; note
        NOTIFYALL c
    end             ; block
    ASSERT    \"a;  b\"
    ADD
    JMP       loop  ; again
  end:              ;last
end
proc f
    RET
end
expect under gil, pso always not -x + 1 == -y and (T at not or T[1] in not..in)
expect never x not in {-1..2, 3} or len(q[0]) - 1 >= count(T holds m[2])
expect outcomes (x, T[1].r) = {(0, -1), (1, 1)}
expect no fault \"t;  x\"
expect schedules = 1_000  ;n
";
    let actual = tidy(untidy);
    assert_eq!(actual, expected, "\n{actual}");
    check(untidy);
}

#[test]
fn hostile_nesting_and_long_lines_do_not_blow_the_text_up() {
    let nested = "atomic\n".repeat(100_000);
    assert!(tidy(&nested).len() < 100 * nested.len());
    let wide = format!("shared a[9] = {{{}1}} ; c\n{}", "1, ".repeat(100_000), "shared x ; c\n".repeat(1000));
    assert!(tidy(&wide).len() < 2 * wide.len());
    check(&"end\n".repeat(100));
}

#[test]
fn a_text_that_is_too_large_is_refused() {
    let errors = format("big", &" ".repeat(crate::asm::limits::FILE_BYTES + 1)).unwrap_err();
    assert_eq!(errors.errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["E0402"]);
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", " ", "\t", "   "])
}

fn expression() -> impl Strategy<Value = String> {
    let leaves = vec![
        "1",
        "-2",
        "0x1_F",
        "x",
        "max",
        "always",
        "a[1]",
        "T.v",
        "T[0].a[i]",
        "len(q)",
        "len(q[2])",
        "count(T at len)",
        "T at not",
        "T[N] in in..or",
        "T done",
        "T not in a..b",
        "T holds m[1]",
    ];
    let leaf = prop::sample::select(leaves).prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "%", " and ", " or ", "==", "<", ">="]);
        prop_oneof![
            (inner.clone(), space(), operator, space(), inner.clone())
                .prop_map(|(a, s, op, t, b)| format!("({a}){s}{op}{t}({b})")),
            (inner.clone(), space()).prop_map(|(a, s)| format!("(-{s}({a}))")),
            (inner.clone(), space()).prop_map(|(a, s)| format!("({s}not ({a}))")),
            (inner.clone(), inner.clone(), space())
                .prop_map(|(a, b, s)| format!("(({a}) in{s}{{ 1,({b}){s}..{s}2}})")),
            (inner, space()).prop_map(|(a, s)| format!("a[{s}{a}]")),
        ]
    })
}

fn line() -> impl Strategy<Value = String> {
    let fixed = vec![
        "",
        "",
        "thread T",
        "thread T[2]deferred",
        "proc f",
        "end",
        "atomic",
        "l:",
        "a: b: load x",
        "in:ADD",
        "store a[]",
        "PUSH -1",
        "push N*-2",
        "choose -1 ..N-1",
        "assert",
        "assert \"; x\"",
        "jmp end",
        "shared x=-1",
        "atomic a[3]={1,-2, 3}",
        "semaphore s = - 1 max -max",
        "include \"f\"",
        "observe x ,T[1] .r",
        "expect outcomes x={-1 .. 2,3}",
        "expect outcomes(x,y)={(1,-1)}",
        "expect under gil , tso no race on x",
        "expect schedules=- 5",
        "memory  pso",
    ];
    let statement = prop_oneof![
        3 => prop::sample::select(fixed).prop_map(str::to_owned),
        1 => expression().prop_map(|expr| format!("expect always {expr}")),
        1 => expression().prop_map(|expr| format!("expect under await never {expr}")),
    ];
    let comment = prop::sample::select(vec!["", "", ";", "; c", ";; \"d\" é  "]);
    (space(), statement, space(), comment)
        .prop_map(|(s, statement, t, comment)| format!("{s}{statement}{t}{comment}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn printing_keeps_the_program_and_is_stable(
        lines in prop::collection::vec(line(), 0..30),
        ending in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        check(&lines.join(ending));
    }

    #[test]
    fn no_text_brings_the_printer_down(text in "(.|\n)*") {
        if let Ok(once) = format("t", &text) {
            prop_assert_eq!(tidy(&once), once);
        }
    }
}
