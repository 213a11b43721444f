//! What the pages show is what a person gets: every session is executed, every program checked.
//!
//! `UPDATE_SESSIONS=1 cargo test --test readme` writes what the commands print now into the pages. The course
//! takes its sessions from there: `cargo run -- examples --course > programs/README.md` afterwards.

mod common;

use std::env;
use std::fs;

use common::{Run, racevm, racevm_with, root};

/// A fenced block: its words behind the fence, and its lines with their numbers from 0.
struct Block {
    info: String,
    start: usize,
    lines: Vec<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        match (open.as_mut(), line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block { info: info.to_owned(), start: number + 1, lines: Vec::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    blocks
}

/// Executes the commands of a session, and returns it with what they print now.
fn execute(session: &[String]) -> Vec<String> {
    let commands = session.iter().filter(|line| line.starts_with("$ "));
    let mut lines = Vec::new();
    for line in commands {
        lines.push(line.clone());
        let Some(run) = run(line.trim_start_matches("$ ")) else { continue };
        let printed = run.stdout + &run.stderr;
        lines.extend(printed.lines().map(|line| line.trim_end().to_owned()));
    }
    lines
}

/// Runs one line of a session; `None` for a command that a test cannot run inside itself.
fn run(line: &str) -> Option<Run> {
    if line == "cargo test" {
        let ci = fs::read_to_string(root().join(".ci/run")).expect("the checks are there");
        assert!(ci.contains("cargo test"), ".ci/run does not run the test command of the page");
        return None;
    }
    if let Some((print, command)) = line.split_once(" | ") {
        let text = match print.strip_prefix("printf ") {
            Some(quoted) => quoted.trim_matches('\'').replace("\\n", "\n"),
            None => run(print)?.stdout,
        };
        return Some(racevm_with(&words(command), &text));
    }
    Some(racevm(&words(line)))
}

/// Takes a line apart as a shell does, and the name of the command off.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part);
        } else {
            words.extend(part.split_whitespace());
        }
    }
    let start = match words[..] {
        ["racevm", ..] => 1,
        ["cargo", "run", "--release", "--", ..] => 4,
        _ => panic!("the page has a command that is not racevm's: {line}"),
    };
    words.split_off(start)
}

fn check_sessions(path: &str) {
    let file = root().join(path);
    let page = fs::read_to_string(&file).expect("the page is there");
    let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
    for block in blocks(&page).into_iter().rev().filter(|block| block.info == "console") {
        let now = execute(&block.lines);
        if env::var_os("UPDATE_SESSIONS").is_some() {
            lines.splice(block.start..block.start + block.lines.len(), now);
        } else {
            assert_eq!(block.lines.join("\n"), now.join("\n"), "{path}, line {}", block.start);
        }
    }
    if env::var_os("UPDATE_SESSIONS").is_some() {
        fs::write(&file, lines.join("\n") + "\n").expect("the page can be written");
    }
}

#[test]
fn the_sessions_of_the_readme_are_real() {
    check_sessions("README.md");
}

#[test]
fn the_sessions_of_the_course_are_real() {
    // The page is made from these; its sessions are executed there.
    check_sessions("src/cli/examples/preface.md");
    check_sessions("src/cli/examples/commands.md");
}

#[test]
fn the_programs_of_the_readme_hold_what_they_expect_and_are_in_layout() {
    let page = fs::read_to_string(root().join("README.md")).expect("the page is there");
    let programs: Vec<Block> = blocks(&page).into_iter().filter(|block| block.info == "rvm").collect();
    assert!(programs.len() >= 3);
    for block in programs {
        let text = block.lines.join("\n") + "\n";
        let run = racevm_with(&["check", "-"], &text);
        assert_eq!(run.code, 0, "line {}\n{}{}", block.start, run.stdout, run.stderr);
        assert_eq!(racevm_with(&["fmt", "-"], &text).stdout, text, "line {}", block.start);
    }
}

#[test]
fn the_rust_of_the_readme_is_a_test() {
    let page = fs::read_to_string(root().join("README.md")).expect("the page is there");
    let code: Vec<String> = blocks(&page)
        .into_iter()
        .filter(|block| block.info == "rust")
        .map(|block| block.lines.join("\n") + "\n")
        .collect();
    let test = fs::read_to_string(root().join("tests/readme_library.rs")).expect("the test is there");
    let (_, shown) = test.split_once("\n\n").expect("a comment stands at its head");
    assert_eq!(code, [shown]);
}

#[test]
fn files_that_the_readme_links_to_are_there() {
    let page = fs::read_to_string(root().join("README.md")).expect("the page is there");
    for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let is_here = target.starts_with("https://") || root().join(target).exists();
        assert!(is_here, "README.md links to {target}");
    }
}
