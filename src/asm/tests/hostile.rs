//! No input makes the assembler panic, hang or overflow its stack, and what it accepts is closed.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::asm::{Failure, NoFiles, Options, assemble, listing};
use crate::program::{Instr, Models, Program, SwitchModel};

/// Lines that are right somewhere.
const LINES: &[&str] = &[
    "const N = 3",
    "const M = N * 2",
    "const N = M",
    "shared x = 0",
    "shared a[3] = {1, 2, 3}",
    "shared a[N]",
    "atomic y = 1",
    "local l",
    "local k[2] = 5",
    "mutex m",
    "mutex fork[N]",
    "rlock r",
    "rwlock w",
    "semaphore s = 1",
    "semaphore s = 2 max 2",
    "condition c on m",
    "event e",
    "barrier b = 2",
    "queue q max 2",
    "queue p[2] max 1",
    "thread t",
    "thread u[2]",
    "thread d deferred",
    "proc f",
    "proc g",
    "end",
    "end",
    "end",
    "atomic",
    "switch gil",
    "memory tso",
    "observe x, a, t.l",
    "observe u[1].k",
    "top:",
    "out: NOP",
    "PUSH 1",
    "PUSH N",
    "POP",
    "DUP",
    "SWAP",
    "LOAD x",
    "STORE x",
    "LOAD a[]",
    "STORE a[1]",
    "LOAD l",
    "STORE k[]",
    "ADD",
    "NEG",
    "JMP top",
    "JZ out",
    "JNZ top",
    "CALL f",
    "CALL g",
    "RET",
    "HALT",
    "SELF",
    "CAS y",
    "XADD a[]",
    "FENCE",
    "LOCK m",
    "UNLOCK fork[]",
    "TRYLOCK m",
    "RDLOCK w",
    "ACQUIRE s",
    "WAIT c",
    "WAIT e",
    "WAIT b",
    "NOTIFY c",
    "PUT q",
    "TRYGET p[]",
    "LEN q",
    "START d",
    "JOIN u[]",
    "YIELD",
    "CHOOSE 0..2",
    "ASSERT \"no\"",
    "ASSUME",
    "PRINT",
    "expect always x == N",
    "expect never t at top and u[0] in top..out",
    "expect finally count(u done) == 2 or t holds m",
    "expect outcomes (x, a[0]) = {(1, 2)}",
    "expect no race on a",
    "expect deadlock",
    "expect schedules = 70",
    "expect under gil possibly a[x] in {1, 2..N}",
    "include \"x.rvm\"",
    "",
    "; comment",
];

/// Checks that every number in a program is within its table.
fn is_closed(program: &Program) {
    assert_eq!(program.code.len(), program.places.len());
    assert_eq!(
        program.threads.len(),
        program.groups.iter().map(|group| group.copies as usize).sum::<usize>()
    );
    for instr in &program.code {
        if let Instr::Jmp(target) | Instr::Jz(target) | Instr::Jnz(target) = instr {
            assert!(target.index() < program.code.len());
        }
    }
    for group in &program.groups {
        let places = &program.places[group.body.entry.index()..=group.body.end.index()];
        let heights = places.iter().filter_map(|place| place.height);
        heights.for_each(|height| assert!((0..=program.max_stack as i32).contains(&height)));
    }
    for variable in &program.variables {
        assert_eq!(variable.init.len(), variable.len as usize);
    }
    for switch in SwitchModel::ALL {
        assert!(!listing(program, Models { switch, ..Models::default() }).is_empty());
    }
}

/// Assembles a text, right or wrong, and prints what comes of it.
fn try_out(text: &str) {
    match assemble("test.rvm", text, &Options::default(), &NoFiles) {
        Ok(program) => is_closed(&program),
        Err(Failure::Diagnostics(diagnostics)) => {
            assert!(!diagnostics.errors.is_empty());
            assert!(!diagnostics.render(true).is_empty());
        }
        Err(other) => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn lines_in_any_order(lines in vec(select(LINES), 0..40)) {
        try_out(&lines.join("\n"));
    }

    #[test]
    fn bodies_of_lines_in_any_order(head in vec(select(LINES), 0..6), body in vec(select(&LINES[33..78]), 0..12)) {
        let head = head.join("\n");
        try_out(&format!("shared x\nshared a[3]\nlocal l\n{head}\nend\nend\nthread z\ntop:\n{}\nout:\nend", body.join("\n")));
    }

    #[test]
    fn any_characters(text in "\\PC{0,80}") {
        try_out(&text);
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..200)) {
        try_out(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn words_of_the_language_in_any_order(words in vec(select(LINES), 1..4), cut in 0..30_usize) {
        let text = words.join(" ");
        let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
        try_out(&format!("thread t\n{}\n{}\nend", &text[cut..], &text[..cut]));
    }
}

#[test]
fn long_and_deep_texts_are_told_off_in_time() {
    let many = |line: &str| line.repeat(20_000);
    try_out(&many("thread t\n"));
    try_out(&many("atomic\n"));
    try_out(&many("end\n"));
    try_out(&many("const N = N + N\n"));
    try_out(&format!("thread t\n{}", many("LOAD counter\nPOP\n")));
    try_out(&format!("thread t\n{}end", many("l: JMP l\n")));
    try_out(&format!("const C = {}1\nthread t\nend", many("1+")));
    try_out(&format!("const C = {}1{}\nthread t\nend", many("("), many(")")));
    try_out(&format!("thread t\nend\nexpect always {}x", many("not ")));
    try_out(&format!("thread t\nend\nexpect always {}1", many("- ")));
    try_out(&format!("thread t\nend\nobserve {}x", many("x, ")));
    let numbered = |form: fn(u32) -> String| (0..20_000).map(form).collect::<String>();
    try_out(&numbered(|number| format!("thread t{number}\nlocal v\nLOAD w{number}\nPOP\nend\n")));
    try_out(&numbered(|number| format!("proc p{number}\nCALL p{}\nend\n", number + 1)));
    try_out(&numbered(|number| format!("proc p{number}\nCALL p{}\nCALL p{0}\nend\n", number / 2)));
    try_out(&format!(
        "thread t\nCALL p0\nend\n{}proc p20000\nend",
        numbered(|number| { format!("proc p{number}\nCALL p{}\nCALL p{0}\nend\n", number + 1) })
    ));
    try_out(&numbered(|number| format!("thread t{number}\nlocal a[100000]\nend\n")));
    try_out(&format!("shared a[20000] = {{{}1}}\nthread t\nend", many("1, ")));
    let far_apart = numbered(|number| format!("const x{number} = 1\n"));
    try_out(&format!(
        "{far_apart}{}{far_apart}",
        many("; a comment in between, to make it long\n").repeat(3)
    ));
    try_out(&format!("shared x{}y\nthread t\nLOAD x ; {0}\nSTORE z ; {0}\nend", many("long ")));
    try_out(&many("\u{301}\u{202e}\t\"").repeat(3));
}
