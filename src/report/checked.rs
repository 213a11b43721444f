//! The report of `check`: a line for each program, and what fails below it.

use serde::Serialize;

use super::asked::{self, Asked, Unanswered};
use super::explored;
use super::json::{self, ErrorJson, ExploredJson, SCHEMA};
use super::layout::document;
use super::mutants::{self, SurveyJson};
use super::names::{self, wrap};
use super::number::plural;
use super::palette::Page;
use super::timeline::COLUMNS;
use super::vacuous::{self, VacuityJson};
use crate::check::{Exploration, Reached, Summary, Unexpected, Verdict};
use crate::program::{Models, Program};
use crate::verify::mutate::Survey;
use crate::verify::vacuity::Vacuity;
use crate::vm::Machine;

/// What became of one file: whether it was explored under each combination of models that it names.
pub type Checked<'a> = Asked<'a, Explored<'a>>;

/// A program, and what was found of it.
#[derive(Clone, Debug)]
pub struct Explored<'a> {
    /// The file as the person named it.
    pub file: &'a str,
    /// The program.
    pub program: &'a Program,
    /// One exploration for each combination of models.
    pub explorations: &'a [Exploration],
    /// The size of a store buffer.
    pub buffer: u32,
    /// The command that replays a schedule under the program's own models, without the schedule itself.
    pub again: String,
    /// What became of its mutants, where they were asked for.
    pub mutants: Option<&'a Survey>,
    /// What a pass of it says nothing about, where that was looked for.
    pub vacuity: Option<&'a Vacuity>,
}

impl Explored<'_> {
    /// Returns the command that replays a schedule under these models.
    pub(super) fn again(&self, models: Models) -> String {
        let mut again = self.again.clone();
        if models.switch != self.program.models.switch {
            again.push_str(&format!(" --switch {}", models.switch));
        }
        if models.memory != self.program.models.memory {
            again.push_str(&format!(" --memory {}", models.memory));
        }
        again
    }

    /// Returns the machine that was explored; that it was, shows that it is not too large.
    pub(super) fn machine(&self, models: Models) -> Option<Machine<'_>> {
        Machine::new(self.program, models, self.buffer).ok()
    }
}

/// Writes one line for a file, and below it what fails. [`Page::again`] is not looked at: each file has its
/// own. With [`Page::quiet`] a program that is as it should be is silent.
pub fn checked(checked: &Checked<'_>, page: &Page<'_>) -> String {
    let palette = page.palette;
    match checked {
        Asked::Found(explored) => explored_line(explored, page),
        Asked::Refused { file, diagnostics } => {
            let errors = plural(diagnostics.errors.len() as u64, "error");
            format!("{}  {file}: does not assemble, {errors}\n", palette.bad("ERROR  "))
        }
        Asked::Failed { file, message } => {
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

fn explored_line(explored: &Explored<'_>, page: &Page<'_>) -> String {
    let palette = page.palette;
    let Explored { file, explorations, .. } = *explored;
    let summary = sum(explorations);
    let word = match summary {
        Summary::Holds if page.quiet && explored.mutants.is_none() => return String::new(),
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
        text.push_str(&details(explored, exploration, page));
    }
    if let Some(vacuity) = explored.vacuity.filter(|_| !page.quiet) {
        text.push_str(&vacuous::remarks(explored.program, vacuity, page));
    }
    if let Some(survey) = explored.mutants {
        text.push_str(&mutants::mutants(explored.program, survey, page));
    }
    text
}

fn details(of: &Explored<'_>, found: &Exploration, page: &Page<'_>) -> String {
    let (program, palette) = (of.program, page.palette);
    let is_holding = found.summary() == Summary::Holds;
    if is_holding && !page.verbose {
        return String::new();
    }
    let mut text = wrap(&format!("{}: {}", found.models, explored::verdict(found)), COLUMNS, "  ");
    let again = of.again(found.models);
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

#[derive(Serialize, Default)]
struct ProgramJson {
    file: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    explorations: Option<Vec<ExploredJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vacuous: Option<VacuityJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutants: Option<SurveyJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ErrorJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Writes what became of many files as one document.
pub fn checked_json(all: &[Checked<'_>]) -> String {
    let program = |one: &Checked<'_>| match one.found() {
        Ok(Explored { file, program, explorations, mutants, vacuity, .. }) => ProgramJson {
            file: (*file).to_owned(),
            verdict: asked::verdict(sum(explorations)),
            explorations: Some(explorations.iter().map(|found| json::explored(program, found)).collect()),
            vacuous: vacuity.map(|vacuity| vacuous::vacuity_json(program, vacuity)),
            mutants: mutants.map(|survey| mutants::survey_json(program, survey)),
            ..ProgramJson::default()
        },
        Err(Unanswered { file, errors, message }) => {
            ProgramJson { file, verdict: "error", errors, message, ..ProgramJson::default() }
        }
    };
    document(&CheckedJson { schema: SCHEMA, programs: all.iter().map(program).collect() })
}
