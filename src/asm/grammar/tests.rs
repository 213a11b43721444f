//! Every form of the language is read, every code is shown, and no text whatever brings the parser down.

use proptest::prelude::*;

use super::{SYNTAX_CODES, parse};
use crate::asm::ast::{
    ClaimText, Const, ConstKind, ConstOp, Expr, ExprKind, IndexText, Line, OperandText, PredicateText,
    ScheduleText, SetEntry, Statement,
};
use crate::asm::limits;
use crate::program::{Binary, MemoryModel, Source, SwitchModel, TABLE};

/// Reads one line that must be right.
fn statement(text: &str) -> Statement {
    let (mut lines, errors) = parse(0, text);
    assert_eq!(errors, [], "{text}");
    assert_eq!(lines.len(), 1, "{text}");
    lines.remove(0).statement.expect(text).value
}

/// Shows an expression with all its parentheses.
fn show(expr: &Expr) -> String {
    let index = |index: &Option<Box<Expr>>| {
        index.as_ref().map_or(String::new(), |index| format!("[{}]", show(index)))
    };
    match &expr.value {
        ExprKind::Number(number) => number.to_string(),
        ExprKind::Value { name, index: at, local } => {
            let local =
                local.as_ref().map_or(String::new(), |(name, at)| format!(".{}{}", name.value, index(at)));
            format!("{}{}{local}", name.value, index(at))
        }
        ExprKind::Len { name, index: at } => format!("len({}{})", name.value, index(at)),
        ExprKind::Neg(operand) => format!("(-{})", show(operand)),
        ExprKind::Not(operand) => format!("(not {})", show(operand)),
        ExprKind::Binary(binary, left, right) => format!("({} {binary:?} {})", show(left), show(right)),
        ExprKind::In(operand, set, negated) => {
            let entry = |(low, high): &(Expr, Option<Expr>)| match high {
                Some(high) => format!("{}..{}", show(low), show(high)),
                None => show(low),
            };
            let entries: Vec<String> = set.iter().map(entry).collect();
            format!("({}{} in {{{}}})", show(operand), if *negated { " not" } else { "" }, entries.join(", "))
        }
        ExprKind::Thread(claim) => {
            let at = claim.index.as_ref().map_or(String::new(), |at| format!("[{}]", show_const(at)));
            format!("<{}{at} {}>", claim.thread.value, show_predicate(&claim.predicate))
        }
        ExprKind::Count(claim) => {
            format!("count({} {})", claim.thread.value, show_predicate(&claim.predicate))
        }
    }
}

fn show_predicate(predicate: &PredicateText) -> String {
    match predicate {
        PredicateText::At(label) => format!("at {}", label.value),
        PredicateText::Within(from, to) => format!("in {}..{}", from.value, to.value),
        PredicateText::Done => "done".to_owned(),
        PredicateText::Holds(object) => {
            let at = object.index.as_ref().map_or(String::new(), |at| format!("[{}]", show_const(at)));
            format!("holds {}{at}", object.name.value)
        }
    }
}

fn show_const(constant: &Const) -> String {
    match &constant.value {
        ConstKind::Number(number) => number.to_string(),
        ConstKind::Name(name) => name.clone(),
        ConstKind::Neg(operand) => format!("(-{})", show_const(operand)),
        ConstKind::Binary(op, left, right) => {
            let sign = match op {
                ConstOp::Add => '+',
                ConstOp::Sub => '-',
                ConstOp::Mul => '*',
                ConstOp::Div => '/',
                ConstOp::Mod => '%',
            };
            format!("({}{sign}{})", show_const(left), show_const(right))
        }
    }
}

fn claim(text: &str) -> ClaimText {
    match statement(text) {
        Statement::Expect(expect) => expect.claim,
        other => panic!("{other:?}"),
    }
}

#[test]
fn expressions_have_the_precedence_of_python() {
    let table = [
        ("1 + 2 * 3 - 4", "((1 Add (2 Mul 3)) Sub 4)"),
        ("a - b - c", "((a Sub b) Sub c)"),
        ("-a * b", "((-a) Mul b)"),
        ("-(3) * - -b % 2", "(((-3) Mul (-(-b))) Mod 2)"),
        ("a or b and not c == d", "(a Or (b And (not (c Eq d))))"),
        ("not a in {1, 2..N + 1, -3}", "(not (a in {1, 2..(N Add 1), -3}))"),
        ("a not in {}", "(a not in {})"),
        ("not not a", "(not (not a))"),
        ("a + 1 < b or (a or b) and c", "(((a Add 1) Lt b) Or ((a Or b) And c))"),
        ("a[i + 1] != T.v", "(a[(i Add 1)] Ne T.v)"),
        ("T[0].a[x == 1] >= len(q[2]) - len(p)", "(T[0].a[(x Eq 1)] Ge (len(q[2]) Sub len(p)))"),
        ("T at end and T[N - 1] in in..or", "(<T at end> And <T[(N-1)] in in..or>)"),
        ("T done or U[1] holds m[2]", "(<T done> Or <U[1] holds m[2]>)"),
        ("T not in a..b", "(not <T in a..b>)"),
        ("count(T at LOAD) <= 1", "(count(T at LOAD) Le 1)"),
        (
            "count(T in a..b) + count(T done) == count(T holds m)",
            "((count(T in a..b) Add count(T done)) Eq count(T holds m))",
        ),
        ("lock > wait", "(lock Gt wait)"),
        ("x == -9223372036854775808", "(x Eq -9223372036854775808)"),
        ("0x7fff_ffff_ffff_ffff / 1_000", "(9223372036854775807 Div 1000)"),
    ];
    for (text, shown) in table {
        match claim(&format!("expect always {text}")) {
            ClaimText::Always(expr) => assert_eq!(show(&expr), shown, "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_declaration_is_read() {
    let lines = [
        "const N = 3",
        "const max = -N * 2 - (1 + 0x1f) % 7",
        "shared x",
        "shared x = 0",
        "shared a[4] = 0",
        "shared a[N] = {1, 2, 3}",
        "atomic x = 1",
        "atomic a[2]",
        "local i = 0",
        "local a[2] = {1, -1}",
        "mutex m",
        "mutex lock",
        "mutex fork[5]",
        "rlock r",
        "rwlock w[2]",
        "semaphore s = 2",
        "semaphore s = max max max",
        "semaphore s[3] = {1, 2, 3} max 3",
        "condition c on m",
        "condition c[3] on m[1]",
        "event e",
        "event e = 1",
        "event e[2] = {0, 1}",
        "barrier b = 3",
        "barrier b[2] = {2, 3}",
        "queue q max 10",
        "queue q[2] max N * 2",
        "thread T",
        "thread deferred",
        "thread T[K] deferred",
        "thread T deferred",
        "proc f",
        "end",
        "atomic",
        "include \"ticket.rvm\"",
        "switch every",
        "switch gil",
        "switch await",
        "memory sc",
        "memory tso",
        "memory pso",
        "observe x",
        "observe x, a, a[2], T.r, T[1].r, T[1].a[0]",
    ];
    for line in lines {
        statement(line);
    }
    assert_eq!(statement("atomic ; a block"), Statement::AtomicBlock);
    assert_eq!(statement("memory pso"), Statement::Memory(MemoryModel::Pso));
    match statement("thread T[K] deferred") {
        Statement::Thread { name, copies: Some(copies), deferred: true } => {
            assert_eq!((name.value.as_str(), show_const(&copies).as_str()), ("T", "K"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_instruction_is_read_in_any_case() {
    use crate::program::OperandKind;
    for spec in TABLE {
        let operands: &[&str] = match spec.operand {
            OperandKind::Nothing => &[""],
            OperandKind::Number => &["1", "-N * 2"],
            OperandKind::Place | OperandKind::Target | OperandKind::Threads => {
                &["x", "x[]", "x[ ]", "x[N - 1]"]
            }
            OperandKind::Addr => &["l", "end", "LOAD", "and"],
            OperandKind::ProcId => &["f"],
            OperandKind::Range => &["0..3", "-1..N + 1"],
            OperandKind::Text => &["", "\"x; y\""],
        };
        for operand in operands {
            for mnemonic in [spec.mnemonic.to_owned(), spec.mnemonic.to_lowercase()] {
                match statement(&format!("\t{mnemonic}  {operand} ; why")) {
                    Statement::Instruction(instruction) => {
                        assert_eq!(instruction.op.value, spec.op);
                        assert_eq!(instruction.operand.is_none(), operand.is_empty());
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    let Statement::Instruction(load) = statement("LOAD a[]") else { panic!() };
    let operand = load.operand.map(|operand| operand.value);
    assert!(matches!(operand, Some(OperandText::Name { index: Some(IndexText::Stack), .. })));
}

#[test]
fn every_expectation_is_read() {
    let lines = [
        "expect always x == 1",
        "expect never x == 1",
        "expect finally x",
        "expect possibly x",
        "expect deadlock",
        "expect no deadlock",
        "expect race",
        "expect no race",
        "expect race on x",
        "expect no race on a[2]",
        "expect livelock",
        "expect no livelock",
        "expect fault",
        "expect no fault \"a; b\"",
        "expect fault \"text\"",
        "expect outcomes x = {}",
        "expect outcomes T.v = {2..10, 12}",
        "expect outcomes (x) = {(1), 2}",
        "expect outcomes (x, a[1]) = {(0, 1), (1, -N)}",
        "expect schedules = 70",
        "expect schedules = infinite",
        "expect schedules = N * 2",
        "expect under gil no race",
        "expect under pso deadlock",
        "expect under await, pso outcomes x = {2}",
        "expect under tso, every schedules = 0x10",
    ];
    for line in lines {
        statement(line);
    }
    let Statement::Expect(expect) = statement("expect under tso, gil no fault") else { panic!() };
    assert_eq!((expect.switch, expect.memory), (Some(SwitchModel::Gil), Some(MemoryModel::Tso)));
    assert_eq!(expect.claim, ClaimText::Fault(false, None));
    let huge = "107_507_208_733_336_176_461_620";
    let digits = ScheduleText::Digits(huge.replace('_', ""));
    assert_eq!(claim(&format!("expect schedules = {huge}")), ClaimText::Schedules(digits));
    let ClaimText::Outcomes { tuple: true, vars, set } = claim("expect outcomes (x, y) = {(0, 1), (1, 0)}")
    else {
        panic!()
    };
    assert_eq!((vars.len(), set.value.len()), (2, 2));
    let ClaimText::Outcomes { tuple: false, set, .. } = claim("expect outcomes x = {1, 2..4}") else {
        panic!()
    };
    assert!(
        matches!(set.value[0].value, SetEntry::Value(_)) && matches!(set.value[1].value, SetEntry::Range(..))
    );
}

#[test]
fn lines_keep_labels_comments_and_places() {
    let text =
        "\u{feff}; head\r\n\r\nend: in:LOAD: load x;c \t\r\nlocal s = 1 ; \"a; b\"\n  assert \"a;b\";d";
    let (lines, errors) = parse(3, text);
    assert_eq!(errors, []);
    let written = |line: &Line| text[line.span.start as usize..line.span.end as usize].to_owned();
    assert_eq!(
        lines.iter().map(written).collect::<Vec<_>>(),
        ["; head", "", "end: in:LOAD: load x;c \t", "local s = 1 ; \"a; b\"", "  assert \"a;b\";d"]
    );
    let comments: Vec<_> = lines.iter().map(|line| line.comment.as_ref().map(|c| c.value.as_str())).collect();
    assert_eq!(comments, [Some("; head"), None, Some(";c"), Some("; \"a; b\""), Some(";d")]);
    let labels: Vec<_> = lines[2].labels.iter().map(|label| label.value.as_str()).collect();
    assert_eq!(labels, ["end", "in", "LOAD"]);
    let span = lines[2].statement.as_ref().map(|statement| statement.span).unwrap_or_default();
    assert_eq!((&text[span.start as usize..span.end as usize], span.source), ("load x", 3));
    assert_eq!(parse(0, ""), (vec![], vec![]));
}

/// Shows errors as `line:column-column code message | label | help`.
fn told(text: &str) -> String {
    let (lines, errors) = parse(0, text);
    let source = Source { name: String::new(), text: text.to_owned() };
    let mut out = String::new();
    for error in errors {
        let (line, start) = source.line_column(error.span.start);
        let (_, end) = source.line_column(error.span.end);
        let help: String = error.help.iter().map(|help| format!(" | {help}")).collect();
        out += &format!("{line}:{start}-{end} {} {} ({}){help}\n", error.code, error.message, error.label);
    }
    assert_eq!(lines.len(), text.split_inclusive('\n').count());
    out
}

#[test]
fn what_is_wrong_is_said_where_and_why() {
    let expected = include_str!("tests.txt");
    let sources = expected.split("\n\n").filter_map(|block| block.lines().next());
    let mut actual = String::new();
    for source in sources {
        actual += &format!("{source}\n{}\n", told(source));
    }
    assert!(actual == expected, "the messages are now:\n{actual}");
    for (code, _) in SYNTAX_CODES {
        // E0016 needs many errors, and has a test of its own.
        assert!(expected.contains(code) || *code == "E0016", "{code} is not shown");
    }
}

#[test]
fn a_broken_line_opens_and_closes_its_body_all_the_same() {
    let (lines, errors) = parse(0, "thread T[2 deferred\nproc f é\nend 3\nshared x = \nLOAD\n");
    let statements: Vec<_> = lines.iter().map(|line| line.statement.as_ref().map(|it| &it.value)).collect();
    assert_eq!(errors.len(), 5);
    assert!(matches!(
        statements[..],
        [Some(Statement::Thread { .. }), Some(Statement::Proc { .. }), Some(Statement::End), None, None]
    ));
}

#[test]
fn a_file_of_errors_is_not_read_to_its_end() {
    let (_, errors) = parse(0, &"nonsense\n".repeat(1000));
    assert_eq!(errors.len(), limits::DIAGNOSTICS);
    assert_eq!(errors.last().map(|error| error.code), Some("E0016"));
    let (_, errors) = parse(0, &"$ ".repeat(1_000_000));
    assert!(errors.len() < 20);
}

#[test]
fn depth_and_length_have_bounds_and_one_less_is_read() {
    let nest =
        |open: &str, close: &str, n: usize| format!("expect always {}x{}", open.repeat(n), close.repeat(n));
    for (open, close) in
        [("(", ")"), ("not ", ""), ("-", ""), ("a[", "]"), ("(x == (x in {", "}))"), ("len(q[", "])")]
    {
        let most = if open.len() > 8 { 20 } else { 60 };
        assert_eq!(parse(0, &nest(open, close, most)).1, [], "{open}");
        for n in [66, 1000, 100_000] {
            let (_, errors) = parse(0, &nest(open, close, n));
            assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["E0007"], "{open}");
        }
    }
    for operator in [" + ", " * ", " or ", " and ", " - -"] {
        let chain = |n: usize| format!("expect never x{}", format!("{operator}x").repeat(n));
        let fits = if operator == " - -" { 250 } else { 500 };
        assert_eq!(parse(0, &chain(fits)).1, []);
        assert_eq!(parse(0, &chain(fits + 1)).1[0].code, "E0007");
        assert_eq!(parse(0, &chain(100_000)).1[0].code, "E0007");
    }
    let long = format!("shared a[9] = {{{}}}", "-1, ".repeat(100_000) + "1");
    assert_eq!(parse(0, &long).1, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_brings_the_parser_down(text in "\\PC*|(.|\n)*") {
        parse(0, &text);
    }

    #[test]
    fn no_line_of_tokens_brings_the_parser_down(tokens in prop::collection::vec(
        prop::sample::select(vec![
            "expect", "under", "gil", ",", "always", "not", "in", "at", "done", "holds", "count", "len", "(", ")",
            "[", "]", "{", "}", "-", "+", "*", "==", "=", "<", "..", ".", ":", "x", "T", "1", "0x1F", "99999999999999999999",
            "\"s\"", "\"", ";", "\n", "LOAD", "push", "thread", "end", "shared", "atomic", "semaphore", "max", "on",
            "outcomes", "schedules", "infinite", "no", "race", "fault", "and", "or", "1_", "é",
        ]), 0..40)) {
        let text = tokens.join(" ");
        let (lines, errors) = parse(0, &text);
        prop_assert_eq!(lines.len(), text.split_inclusive('\n').count());
        for error in errors {
            prop_assert!(error.span.start <= error.span.end && error.span.end as usize <= text.len());
        }
    }
}

#[test]
fn binary_operators_read_like_their_constants() {
    let ClaimText::Always(expr) = claim("expect always a % b == 0") else { panic!() };
    let ExprKind::Binary(Binary::Eq, left, _) = expr.value else { panic!() };
    assert!(matches!(left.value, ExprKind::Binary(Binary::Mod, ..)));
}
