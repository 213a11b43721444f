//! Every diagnostic as it is printed: `tests/diagnostics` has a program for each code, and next to it what
//! the assembler says.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Files, programs};
use crate::asm::{Failure, Options, assemble, codes};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

fn said(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("the case can be read");
    let name = path.strip_prefix(folder()).expect("it lies in the folder").to_string_lossy();
    match assemble(&name, &text, &Options::default(), &Files(folder())) {
        Err(Failure::Diagnostics(diagnostics)) => diagnostics.render(false),
        other => panic!("{name}: {:?}", other.map(|_| "no error")),
    }
}

/// With `BLESS` in the environment, writes what is said instead of comparing it.
#[test]
fn every_case_is_told_as_it_was() {
    let cases = programs(&folder());
    let cases = cases.iter().filter(|path| path.parent() == Some(&folder()));
    let mut changed = String::new();
    for path in cases {
        let said = said(path);
        let snapshot = path.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&snapshot, said).expect("the snapshot can be written");
        } else if fs::read_to_string(&snapshot).ok().as_ref() != Some(&said) {
            changed.push_str(&format!("{}:\n{said}\n", path.display()));
        }
    }
    assert!(changed.is_empty(), "{changed}");
}

#[test]
fn every_code_of_a_wrong_meaning_has_a_case() {
    // The codes of syntax are tested with the grammar, and the size of a text in the tests of bounds.
    let tested_elsewhere = |code: &str| code.starts_with("E00") || code == "E0402";
    let cases = programs(&folder());
    let names: Vec<String> =
        cases.iter().map(|path| path.file_name().expect("a file").to_string_lossy().to_uppercase()).collect();
    for (code, _) in codes().filter(|(code, _)| !tested_elsewhere(code)) {
        assert!(names.iter().any(|name| name.starts_with(code)), "{code} has no case");
    }
}
