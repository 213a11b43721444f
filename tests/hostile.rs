//! Hostile texts: whatever bytes the assembler and the printer are given, they answer, soon.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use racevm::asm::{self, Failure, NoFiles, Options, assemble};
use racevm::check::{Limits, Request, Unwatched, explore};
use racevm::schedule::parse;

/// Far more than any of these texts takes, on a machine that has other things to do.
const SOON: Duration = Duration::from_secs(120);

/// Gives a text to the assembler and to the printer; true when it is a program.
fn survives(text: &str) -> bool {
    let start = Instant::now();
    let assembled = assemble("hostile.rvm", text, &Options::default(), &NoFiles);
    match &assembled {
        Ok(_) => {}
        Err(Failure::Diagnostics(diagnostics)) => {
            assert!(!diagnostics.errors.is_empty(), "a failure says why");
            for error in &diagnostics.errors {
                let (line, column) = diagnostics.line_column(error);
                assert!(line as usize <= text.split('\n').count() + 1 && column as usize <= text.len() + 1);
            }
            assert!(!diagnostics.render(false).is_empty());
        }
        Err(other) => panic!("nothing was defined or replaced: {other:?}"),
    }
    match asm::format("hostile.rvm", text) {
        Ok(printed) => {
            let again = asm::format("hostile.rvm", &printed);
            assert_eq!(again.as_ref(), Ok(&printed), "printing twice changes something");
        }
        Err(_) => assert!(assembled.is_err(), "what assembles can be printed"),
    }
    assert!(start.elapsed() < SOON, "{:?} for {} bytes", start.elapsed(), text.len());
    assembled.is_ok()
}

fn law<S: Strategy>(cases: u32, strategy: S, holds: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |value| {
        holds(value);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

fn programs_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of programs can be read") {
        let path = entry.expect("its entries can be read").path();
        if path.is_dir() {
            programs_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rvm") {
            found.push(path);
        }
    }
}

/// The texts of the programs folder, in order.
fn corpus() -> Vec<String> {
    let mut paths = Vec::new();
    programs_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("programs"), &mut paths);
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| fs::read_to_string(path).expect("programs can be read")).collect()
}

#[test]
fn arbitrary_bytes() {
    law(1_500, vec(any::<u8>(), 0..400), |bytes| {
        survives(&String::from_utf8_lossy(&bytes));
    });
}

#[test]
fn arbitrary_characters_that_mean_something() {
    let pieces = [
        "thread ",
        "proc ",
        "end",
        "\n",
        "\n",
        "\n",
        " ",
        ";",
        "\"",
        "\\",
        ":",
        "[",
        "]",
        "[]",
        "{",
        "}",
        "(",
        ")",
        ",",
        "..",
        ".",
        "=",
        "==",
        "+",
        "-",
        "*",
        "/",
        "%",
        "!",
        "<",
        ">=",
        "0",
        "1",
        "0x",
        "0xf",
        "_",
        "1_000",
        "99999999999999999999",
        "9223372036854775808",
        "x",
        "a",
        "m",
        "T",
        "in ",
        "not ",
        "and ",
        "or ",
        "at ",
        "done",
        "holds ",
        "count",
        "len",
        "atomic",
        "atomic\n",
        "shared ",
        "local ",
        "const ",
        "mutex ",
        "condition ",
        " on ",
        "queue ",
        " max ",
        "barrier ",
        "include ",
        "observe ",
        "switch ",
        "memory ",
        "gil",
        "tso",
        "expect ",
        "under ",
        "always ",
        "outcomes ",
        "possibly ",
        "race on ",
        "schedules ",
        "fault ",
        "no ",
        "deadlock",
        "deferred",
        "LOAD ",
        "STORE ",
        "PUSH ",
        "JMP ",
        "JZ ",
        "CALL ",
        "CHOOSE ",
        "ASSERT ",
        "LOCK ",
        "WAIT ",
        "START ",
        "ADD",
        "RET",
        "\r\n",
        "\t",
        "\u{0}",
        "\u{feff}",
        "ä",
        "\u{202e}",
        "💥",
        "\u{2028}",
    ];
    law(10_000, vec(select(pieces.to_vec()), 0..60), |words| {
        survives(&words.concat());
    });
}

/// A change of a text, at places given as parts of its length.
#[derive(Clone, Debug)]
enum Change {
    Delete(Index, Index),
    Double(Index, Index),
    Insert(Index, char),
    SwapLines(Index, Index),
    DeleteLine(Index),
    SwapWords(Index, Index),
    Splice(Index, Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let odd = prop_oneof![
        any::<char>(),
        select("()[]{},;:\"=-+*/%<>!._0 9xXaTm\n\t\0".chars().collect::<Vec<_>>())
    ];
    prop_oneof![
        (at(), at()).prop_map(|(a, b)| Change::Delete(a, b)),
        (at(), at()).prop_map(|(a, b)| Change::Double(a, b)),
        (at(), odd).prop_map(|(a, c)| Change::Insert(a, c)),
        (at(), at()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        at().prop_map(Change::DeleteLine),
        (at(), at()).prop_map(|(a, b)| Change::SwapWords(a, b)),
        (at(), at(), at()).prop_map(|(a, b, c)| Change::Splice(a, b, c)),
    ]
}

/// The range between two places that is at most 40 characters long.
fn range(text: &str, one: &Index, other: &Index) -> std::ops::Range<usize> {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let start = one.index(places.len());
    let end = (start + other.index(40)).min(places.len() - 1);
    places[start]..places[end]
}

fn swapped(parts: &mut [&str], one: &Index, other: &Index) {
    if !parts.is_empty() {
        parts.swap(one.index(parts.len()), other.index(parts.len()));
    }
}

impl Change {
    fn apply(&self, text: &str, corpus: &[String]) -> String {
        match self {
            Change::Delete(a, b) => {
                let range = range(text, a, b);
                text[..range.start].to_owned() + &text[range.end..]
            }
            Change::Double(a, b) => {
                let range = range(text, a, b);
                text[..range.end].to_owned() + &text[range.start..]
            }
            Change::Insert(a, c) => {
                let at = range(text, a, a).start;
                format!("{}{c}{}", &text[..at], &text[at..])
            }
            Change::SwapLines(a, b) => {
                let mut lines: Vec<&str> = text.split('\n').collect();
                swapped(&mut lines, a, b);
                lines.join("\n")
            }
            Change::DeleteLine(a) => {
                let mut lines: Vec<&str> = text.split('\n').collect();
                lines.remove(a.index(lines.len()));
                lines.join("\n")
            }
            Change::SwapWords(a, b) => {
                let mut words: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
                swapped(&mut words, a, b);
                words.concat()
            }
            Change::Splice(a, b, c) => {
                let other = &corpus[a.index(corpus.len())];
                let (here, there) = (range(text, b, b).start, range(other, c, c).start);
                text[..here].to_owned() + &other[there..]
            }
        }
    }
}

/// What still is a program after all that is explored a little way too.
#[test]
fn mutated_programs() {
    let corpus = corpus();
    let programs = std::cell::Cell::new(0);
    law(8_000, (any::<Index>(), vec(change(), 1..5)), |(program, changes)| {
        let original = corpus[program.index(corpus.len())].clone();
        let text = changes.iter().fold(original, |text, change| change.apply(&text, &corpus));
        if survives(&text) {
            programs.set(programs.get() + 1);
            let program =
                assemble("hostile.rvm", &text, &Options::default(), &NoFiles).expect("it assembled");
            let limits = Limits { max_states: Some(100), max_memory: Some(1 << 28) };
            let request = Request { limits, ..Request::new(program.models) };
            let _ = explore(&program, &request, &mut Unwatched);
        }
    });
    assert!(programs.get() > 100, "only {} were programs", programs.get());
}

#[test]
fn arbitrary_schedules() {
    let text = "shared x\nshared a[2]\nthread t[30]\nCHOOSE 0..1\nSTORE x\nend\n";
    let program = assemble("hostile.rvm", text, &Options::default(), &NoFiles).expect("it is a program");
    let pieces = [
        "A",
        "B",
        "AD",
        "AE",
        "ZZZZZZZZ",
        "a",
        "0",
        "1",
        "99999999999999999999",
        "=",
        "-",
        ">",
        "~",
        "x",
        "a[",
        "1]",
        "]",
        "@",
        "beef",
        " ",
        "\n",
        "ä",
        "💥",
        "\0",
    ];
    law(2_000, vec(select(pieces.to_vec()), 0..12), |words| {
        if let Err(error) = parse(&words.concat(), &program) {
            assert!(error.column <= words.concat().chars().count() + 1 && !error.message.is_empty());
        }
    });
    law(1_000, vec(any::<u8>(), 0..40), |bytes| {
        let _ = parse(&String::from_utf8_lossy(&bytes), &program);
    });
}

#[test]
fn deep_nesting() {
    const DEEP: usize = 20_000;
    let of = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(DEEP), close.repeat(DEEP))
    };
    for nested in [
        of("(", "1", ")"),
        of("-", "1", ""),
        of("- ", "1", ""),
        of("not ", "x", ""),
        of("(", "", ""),
        of("", "1", ")"),
        of("a[", "0", "]"),
        of("len(", "q", ")"),
        of("count(", "t done", ")"),
        of("1 + ", "1", ""),
        of("x and ", "x", ""),
        of("x in {", "1", "}"),
        of("(1 + ", "x", ") * 2"),
    ] {
        for head in
            ["const c = ", "shared v[", "expect always ", "expect possibly x == ", "expect outcomes x = {"]
        {
            survives(&format!("shared x\nshared a[2]\nqueue q max 1\n{head}{nested}\nthread t\nend\n"));
        }
        survives(&format!("shared x\nthread t\nPUSH {nested}\nSTORE x\nend\n"));
    }
    survives(&format!("thread t\n{}NOP\n{}end\n", "atomic\n".repeat(DEEP), "end\n".repeat(DEEP)));
    survives(&"atomic\n".repeat(DEEP));
    survives(&"end\n".repeat(DEEP));
    survives(&"thread t\n".repeat(DEEP));
}

#[test]
fn huge_numbers() {
    for number in [
        "9223372036854775807".to_owned(),
        "9223372036854775808".to_owned(),
        "-9223372036854775808".to_owned(),
        "4294967296".to_owned(),
        "2147483648".to_owned(),
        "0x7fffffffffffffff".to_owned(),
        "0xffffffffffffffff".to_owned(),
        "9223372036854775807 + 1".to_owned(),
        "-9223372036854775807 - 2".to_owned(),
        "(-9223372036854775807 - 1) / -1".to_owned(),
        "1 / 0".to_owned(),
        "1_".to_owned(),
        "9".repeat(500_000),
        format!("0x{}", "f".repeat(500_000)),
        format!("1{}", "_0".repeat(200_000)),
    ] {
        for line in [
            "const c = N",
            "shared v[N]",
            "shared v = N",
            "shared v[2] = {N, N}",
            "local v[N]",
            "mutex l[N]",
            "semaphore l = N",
            "semaphore l = 1 max N",
            "barrier l = N",
            "queue l max N",
            "queue l[N] max N",
            "event l = N",
            "thread u[N]\nend",
            "thread u[N] deferred\nend",
            "proc g\nPUSH N\nPOP\nend",
            "expect always x < N",
            "expect outcomes x = {N..N}",
            "expect outcomes x = {0..N}",
            "expect schedules = N",
            "observe a[N]",
            "expect always a[N] == 0",
            "expect always t[N] done",
            "thread u\nCHOOSE 0..N\nPOP\nend",
            "thread u\nCHOOSE N..N\nPOP\nend",
            "thread u\nLOAD a[N]\nend",
        ] {
            let line = line.replace('N', &number);
            survives(&format!("shared x\nshared a[2]\n{line}\nthread t\nNOP\nend\n"));
        }
    }
}

#[test]
fn lines_of_a_megabyte() {
    const LONG: usize = 1 << 20;
    let long = |piece: &str| piece.repeat(LONG / piece.len());
    for line in [
        long("x"),
        long(" "),
        long("\t"),
        long(";"),
        long("\""),
        long("("),
        long("1 + ") + "1",
        long("a, ") + "a",
        long("0"),
        long("{"),
        long("x:"),
        long("PUSH 1 "),
        long("ä"),
        long("💥"),
        long("\0"),
        long("\r"),
        long("-"),
        long("l: "),
        long(". "),
        long("not "),
    ] {
        for head in ["", "expect always "] {
            survives(&format!("{head}{line}\nthread u\nend\n"));
        }
    }
}

#[test]
fn many_of_everything() {
    const MANY: usize = 20_000;
    let many = |line: &dyn Fn(usize) -> String| (0..MANY).map(line).collect::<String>();
    let labels = many(&|index| format!("l{index}:\n"));
    let jumps = many(&|index| format!("JMP l{}\n", MANY - 1 - index));
    assert!(survives(&format!("thread t\n{labels}{jumps}end\n")));
    assert!(survives(&format!("thread t\n{}end\n", many(&|index| format!("l{index}: PUSH {index}\nPOP\n")))));
    survives(&format!("thread t\n{}end\n", many(&|_| "l:\n".to_owned())));
    survives(&format!("thread t\n{}end\n", many(&|index| format!("JMP missing{index}\n"))));
    survives(&format!("thread t\n{}end\n", many(&|_| "PUSH 1\n".to_owned())));
    survives(&format!("thread t\n{}end\n", many(&|_| "POP\n".to_owned())));
    survives(&many(&|index| format!("shared x{index}\n")));
    survives(&many(&|_| "shared x\n".to_owned()));
    survives(&many(&|index| format!("const c{} = c{index} + 1\n", index + 1)));
    survives(&many(&|index| format!("const c{index} = c{} + 1\n", index + 1)));
    survives(&many(&|index| format!("thread t{index}\nend\n")));
    survives(&many(&|index| format!("proc p{index}\nCALL p{}\nend\n", index + 1)));
    survives(&many(&|index| format!("proc p{index}\nCALL p{}\nCALL p{}\nend\n", index + 1, index + 1)));
    survives(&many(&|index| format!("mutex m{index}\n")));
    survives(&many(&|_| "expect no deadlock\n".to_owned()));
    survives(&many(&|index| format!("expect always x{index} == 0\n")));
    survives(&many(&|_| "observe x\n".to_owned()));
    survives(&many(&|index| format!("include \"{index}.rvm\"\n")));
    survives(&format!("shared a[{MANY}] = {{{}0}}\nthread t\nend\n", "0, ".repeat(MANY - 1)));
    survives(&format!("shared x\nexpect outcomes x = {{{}0}}\nthread t\nend\n", "1, ".repeat(MANY)));
}
