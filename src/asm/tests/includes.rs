//! Includes, replacements and constants from the command line.

use super::{codes_of, program};
use crate::asm::{Failure, Loaded, Loader, NoFiles, Options, assemble};

/// Files in memory: names and texts.
struct Texts(&'static [(&'static str, &'static str)]);

impl Loader for Texts {
    fn load(&self, _from: &str, path: &str) -> Result<Loaded, String> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        let (name, text) = found.ok_or("no such file")?;
        Ok(Loaded { name: (*name).to_owned(), identity: (*name).to_owned(), text: (*text).to_owned() })
    }
}

const LOCKS: Texts = Texts(&[
    ("locks/ticket.rvm", "mutex m\nproc enter\n    LOCK m\nend\n"),
    ("mcs.rvm", "rlock m\nproc enter\n    LOCK m\n    NOP\nend\n"),
    ("body.rvm", "    PUSH 1\n    POP\n"),
    ("itself.rvm", "include \"test.rvm\"\n"),
]);

const CLIENT: &str = "include \"locks/ticket.rvm\"\nthread t\n    CALL enter\nend\n";

fn replacing(path: &str, other: &str) -> Options {
    Options { replacements: vec![(path.to_owned(), other.to_owned())], ..Options::default() }
}

fn defining(defines: &[(&str, i64)]) -> Options {
    let defines = defines.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    Options { defines, ..Options::default() }
}

#[test]
fn included_text_stands_in_place_of_its_include() {
    let program = assemble("a/test.rvm", CLIENT, &Options::default(), &LOCKS).expect("it assembles");
    assert_eq!(program.name, "test");
    assert_eq!(program.sources[1].name, "locks/ticket.rvm");
    let first = program.line(program.procs[0].body.entry);
    assert_eq!((first.source, first.number), (1, 3));
    let text = "thread t\n    include \"body.rvm\"\nend\n";
    let program = assemble("-", text, &Options::default(), &LOCKS).expect("it assembles");
    assert_eq!(program.name, "stdin");
    assert_eq!(program.code.len(), 3);
}

#[test]
fn a_replacement_is_named_by_the_path_or_its_last_part() {
    for path in ["locks/ticket.rvm", "ticket.rvm"] {
        let program = assemble("test.rvm", CLIENT, &replacing(path, "mcs.rvm"), &LOCKS);
        assert_eq!(program.expect("it assembles").procs[0].body.end.0, 2, "{path}");
    }
    let failure = assemble("test.rvm", CLIENT, &replacing("other.rvm", "mcs.rvm"), &LOCKS);
    assert!(matches!(failure, Err(Failure::UnknownReplacement(path)) if path == "other.rvm"));
}

#[test]
fn a_file_that_includes_itself_through_another_is_refused() {
    let texts = Texts(&[("itself.rvm", "include \"test.rvm\"\n"), ("test.rvm", "")]);
    assert_eq!(codes_of("include \"itself.rvm\"\n", &Options::default(), &texts), ["E0602"]);
    assert_eq!(codes_of("include \"itself.rvm\"\n", &Options::default(), &NoFiles), ["E0601"]);
}

#[test]
fn what_a_missing_file_may_declare_is_not_missed() {
    let text = "include \"gone.rvm\"\nthread t\n    LOCK m\n    CALL enter\nend\nexpect always x == N\n";
    assert_eq!(codes_of(text, &Options::default(), &LOCKS), ["E0601"]);
    // A line that cannot be read is wrong whatever stands in the file.
    let text = text.replace("always", "allways");
    assert_eq!(codes_of(&text, &Options::default(), &LOCKS).len(), 2);
}

#[test]
fn a_constant_from_outside_replaces_its_value() {
    let text = "const N = 1 / 0\nconst M = N + 1\nthread t[M]\nend\n";
    let program = assemble("test.rvm", text, &defining(&[("N", 1), ("N", 4)]), &NoFiles);
    assert_eq!(program.expect("it assembles").threads.len(), 5);
    let failure = assemble("test.rvm", text, &defining(&[("N", 1), ("t", 4)]), &NoFiles);
    assert!(matches!(failure, Err(Failure::UnknownDefine(name)) if name == "t"));
}

#[test]
fn a_long_chain_of_constants_is_computed() {
    let mut text = String::from("thread t[C0]\nend\n");
    for number in 0..50_000 {
        text.push_str(&format!("const C{number} = C{}\n", number + 1));
    }
    text.push_str("const C50000 = 7\n");
    assert_eq!(program(&text).threads.len(), 7);
}

#[test]
fn the_comment_block_at_the_head_is_the_description() {
    let text = "\n;; Two threads.\n;   Indented.\n;\n; Last.\n\n; not this\nthread t\nend\n";
    assert_eq!(program(text).description, "Two threads.\n  Indented.\n\nLast.");
    assert_eq!(program("thread t ; no description\nend\n").description, "");
}
