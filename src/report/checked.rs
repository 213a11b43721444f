//! The report of `check`: a line for each program, and what fails below it.

use serde::Serialize;

use super::explored;
use super::json::{self, ErrorJson, ExploredJson, SCHEMA};
use super::layout::document;
use super::names::{self, wrap};
use super::number::plural;
use super::palette::Page;
use super::timeline::COLUMNS;
use crate::asm::Diagnostics;
use crate::check::{Exploration, Reached, Summary, Unexpected, Verdict};
use crate::program::Program;

/// What became of one file.
#[derive(Clone, Debug)]
pub enum Checked<'a> {
    /// It was explored under each combination of models that it names.
    Explored {
        /// The file as the person named it.
        file: &'a str,
        /// The program.
        program: &'a Program,
        /// One exploration for each combination.
        explorations: &'a [Exploration],
    },
    /// It does not assemble.
    Refused {
        /// The file as the person named it.
        file: &'a str,
        /// Why.
        diagnostics: &'a Diagnostics,
    },
    /// It could not be read or explored.
    Failed {
        /// The file as the person named it.
        file: &'a str,
        /// Why.
        message: String,
    },
}

/// Writes one line for a file, and below it what fails. [`Page::again`] has no models here: where they are not
/// the program's own, they are added to it. With [`Page::quiet`] a program that is as it should be is silent.
pub fn checked(checked: &Checked<'_>, page: &Page<'_>) -> String {
    let palette = page.palette;
    match checked {
        Checked::Explored { file, program, explorations } => explored_line(file, program, explorations, page),
        Checked::Refused { file, diagnostics } => {
            let errors = plural(diagnostics.errors.len() as u64, "error");
            format!("{}  {file}: does not assemble, {errors}\n", palette.bad("ERROR  "))
        }
        Checked::Failed { file, message } => {
            format!("{}  {file}: {}\n", palette.bad("ERROR  "), message.trim_end())
        }
    }
}

/// Returns the sum of several explorations: what fails is never hidden by what could not be decided.
fn sum(explorations: &[Exploration]) -> Summary {
    let of = |summary| explorations.iter().any(|exploration| exploration.summary() == summary);
    if of(Summary::Fails) {
        Summary::Fails
    } else if of(Summary::Inconclusive) {
        Summary::Inconclusive
    } else {
        Summary::Holds
    }
}

fn explored_line(file: &str, program: &Program, explorations: &[Exploration], page: &Page<'_>) -> String {
    let palette = page.palette;
    let summary = sum(explorations);
    let word = match summary {
        Summary::Holds if page.quiet => return String::new(),
        Summary::Holds => palette.good("ok     "),
        Summary::Fails => palette.bad("FAILS  "),
        Summary::Inconclusive => palette.warn("unknown"),
    };
    let states: u64 = explorations.iter().map(|exploration| exploration.search.states).sum();
    let judged: usize = explorations.iter().map(|exploration| exploration.expectations.len()).sum();
    let mut sizes = vec![plural(states, "state"), plural(judged as u64, "expectation")];
    if explorations.len() > 1 {
        sizes.push(format!("{} models", explorations.len()));
    }
    let mut text = format!("{word}  {file}  {}\n", palette.faint(sizes.join(", ")));
    for exploration in explorations {
        text.push_str(&details(program, exploration, page));
    }
    text
}

fn details(program: &Program, found: &Exploration, page: &Page<'_>) -> String {
    let palette = page.palette;
    let is_holding = found.summary() == Summary::Holds;
    if is_holding && !page.verbose {
        return String::new();
    }
    let mut text = wrap(&format!("{}: {}", found.models, explored::verdict(found)), COLUMNS, "  ");
    let mut again = page.again.to_owned();
    if found.models.switch != program.models.switch {
        again.push_str(&format!(" --switch {}", found.models.switch));
    }
    if found.models.memory != program.models.memory {
        again.push_str(&format!(" --memory {}", found.models.memory));
    }
    let page = Page { again: &again, ..*page };
    for judged in &found.expectations {
        if judged.verdict == Verdict::Holds && !page.verbose {
            continue;
        }
        let line = |schedule: &str| page.replay_line(schedule);
        text.push_str(&explored::expectation(program, judged, palette, line));
    }
    for unexpected in found.unexpected() {
        let (what, reached): (String, &Reached) = match unexpected {
            Unexpected::Deadlock(index) => {
                let deadlock = &found.deadlocks[index];
                let at: Vec<String> = deadlock
                    .blocked
                    .iter()
                    .map(|&(id, at)| format!("{id} at {}", names::instruction(program, at)))
                    .collect();
                (format!("deadlock: {}", at.join(", ")), &deadlock.reached)
            }
            Unexpected::Fault(index) => {
                let fault = &found.faults[index];
                let thread = names::thread(program, fault.thread);
                let at = names::instruction(program, fault.at);
                (format!("fault: {thread} at {at}: {}", fault.message), &fault.reached)
            }
        };
        text.push_str(&wrap(&what, COLUMNS, "  "));
        text.push_str(&format!("    {}\n", page.replay_line(&reached.witness.to_text(program))));
    }
    text
}

#[derive(Serialize)]
struct CheckedJson {
    schema: &'static str,
    programs: Vec<ProgramJson>,
}

#[derive(Serialize)]
struct ProgramJson {
    file: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    explorations: Option<Vec<ExploredJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ErrorJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Writes what became of many files as one document.
pub fn checked_json(all: &[Checked<'_>]) -> String {
    let program = |one: &Checked<'_>| match one {
        Checked::Explored { file, program, explorations } => {
            let documents = explorations.iter().map(|found| json::explored(program, found)).collect();
            let verdict = match sum(explorations) {
                Summary::Holds => "holds",
                Summary::Fails => "fails",
                Summary::Inconclusive => "unknown",
            };
            let file = (*file).to_owned();
            ProgramJson { file, verdict, explorations: Some(documents), errors: None, message: None }
        }
        Checked::Refused { file, diagnostics } => ProgramJson {
            file: (*file).to_owned(),
            verdict: "error",
            explorations: None,
            errors: Some(json::errors(diagnostics)),
            message: None,
        },
        Checked::Failed { file, message } => ProgramJson {
            file: (*file).to_owned(),
            verdict: "error",
            explorations: None,
            errors: None,
            message: Some(message.clone()),
        },
    };
    document(&CheckedJson { schema: SCHEMA, programs: all.iter().map(program).collect() })
}
