//! The examples of the language reference: programs that hold what they expect, and errors as they are named.

use racevm::asm::{self, Failure, NoFiles, Options};
use racevm::check::{self, Request, Summary, Unwatched};
use racevm::program::TABLE;

const REFERENCE: &str = include_str!("../src/reference.md");

/// A block of code: the line it begins on, the words behind the fence, and its text.
struct Block {
    line: usize,
    info: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in REFERENCE.lines().enumerate() {
        match (open.as_mut(), line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block { line: number + 1, info: info.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn every_program_of_the_reference_holds_what_it_expects() {
    let blocks = blocks();
    let programs: Vec<&Block> = blocks.iter().filter(|block| block.info == "rvm").collect();
    assert!(programs.len() >= 5);
    for block in programs {
        let program = asm::assemble("reference", &block.text, &Options::default(), &NoFiles)
            .unwrap_or_else(|failure| panic!("line {}: {failure:?}", block.line));
        assert!(!program.expectations.is_empty(), "line {}: nothing is expected", block.line);
        for models in program.combinations(program.models) {
            let exploration = check::explore(&program, &Request::new(models), &mut Unwatched)
                .unwrap_or_else(|error| panic!("line {}: {error}", block.line));
            let failed: Vec<_> =
                exploration.expectations.iter().filter(|judged| !judged.reason.is_empty()).collect();
            assert_eq!(
                exploration.summary(),
                Summary::Holds,
                "line {} under {models}: {failed:#?}",
                block.line
            );
        }
        let formatted = asm::format("reference", &block.text).expect("it assembles, so it can be printed");
        assert_eq!(formatted, block.text, "line {}: not in canonical layout", block.line);
    }
}

#[test]
fn every_error_of_the_reference_is_the_one_it_names() {
    for block in blocks() {
        let Some(code) = block.info.strip_prefix("rvm ") else { continue };
        match asm::assemble("reference", &block.text, &Options::default(), &NoFiles) {
            Err(Failure::Diagnostics(diagnostics)) => {
                let codes: Vec<&str> = diagnostics.errors.iter().map(|error| error.code).collect();
                assert_eq!(codes, [code], "line {}", block.line);
            }
            other => panic!("line {}: {other:?}", block.line),
        }
    }
}

#[test]
fn every_instruction_and_every_code_is_in_the_reference() {
    for spec in TABLE {
        assert!(REFERENCE.contains(&format!("`{}", spec.mnemonic)), "{} is missing", spec.mnemonic);
    }
    for (code, meaning) in asm::codes() {
        assert!(REFERENCE.contains(&format!("| `{code}` | {meaning} |")), "| `{code}` | {meaning} |");
    }
}
