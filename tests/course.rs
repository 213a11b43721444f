//! The course: its tour shows what it says, and nothing of the catalogue is left out.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::root;

/// The rows of the catalogue: what the articles describe, and the claims that were checked.
const ROWS: [(char, u32); 2] = [('S', 107), ('C', 13)];

/// Rows that are about a command rather than a program: the tour shows them.
const SHOWN_BY_A_COMMAND: &[&str] = &[
    "S1", "S3", "S4", "S5", "S6", "S9", "S15", "S20", "S21", "S23", "S25", "S26", "S36", "S43", "S45", "S54",
    "S58", "S60", "S64", "S65", "S67", "S68", "S80", "S82", "S88", "S89", "S91", "S104", "S106",
];

fn tour() -> String {
    fs::read_to_string(root().join("src/cli/examples/commands.md")).expect("the tour is there")
}

/// The rows that a text serves: `Rows: S1, S2`, up to the line that names the article.
fn rows(text: &str) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    let mut inside = false;
    for line in text.lines() {
        let line = line.trim_start_matches(';').trim();
        let list = line.strip_prefix("Rows:");
        inside = list.is_some() || inside && !line.is_empty() && !line.starts_with("Article");
        if inside {
            let words = list.unwrap_or(line).split(',').map(str::trim).filter(|word| !word.is_empty());
            rows.extend(words.map(str::to_owned));
        }
    }
    rows
}

fn rows_of_programs(folder: &Path, rows_found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the programs are there") {
        let path = entry.expect("the programs can be listed").path();
        if path.is_dir() {
            rows_of_programs(&path, rows_found);
        } else if path.extension().is_some_and(|extension| extension == "rvm") {
            rows_found.extend(rows(&fs::read_to_string(&path).expect("the program can be read")));
        }
    }
}

#[test]
fn every_row_of_the_catalogue_has_something_to_run() {
    let all: BTreeSet<String> =
        ROWS.iter().flat_map(|&(kind, last)| (1..=last).map(move |row| format!("{kind}{row}"))).collect();
    let mut found = rows(&tour());
    rows_of_programs(&root().join("programs"), &mut found);
    let missing: Vec<_> = all.difference(&found).collect();
    let unknown: Vec<_> = found.difference(&all).collect();
    assert!(missing.is_empty(), "nothing serves {missing:?}");
    assert!(unknown.is_empty(), "the catalogue has no rows {unknown:?}");
}

#[test]
fn rows_about_a_command_are_in_the_tour() {
    let shown = rows(&tour());
    let missing: Vec<_> = SHOWN_BY_A_COMMAND.iter().filter(|&&row| !shown.contains(row)).collect();
    assert!(missing.is_empty(), "the tour does not show {missing:?}");
}

#[test]
fn the_rust_code_of_the_tour_is_a_test() {
    let library = fs::read_to_string(root().join("tests/library.rs")).expect("the test is there");
    let (_, code) = library.split_once("\n\n").expect("a comment stands at its head");
    assert!(
        tour().contains(&format!("```rust\n{code}```\n")),
        "the tour shows other code than tests/library.rs"
    );
}
