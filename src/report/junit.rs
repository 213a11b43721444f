//! What `check` found as JUnit XML, for a CI server: a suite for each file, a case for each expectation under
//! each combination of models, and one more for what no expectation speaks of.
//!
//! The layout is that of the schema which Jenkins reads (`tests/schemas/junit-10.xsd`). A case fails when the
//! program does; one that could not be decided is an error, because a search that was cut is no success.

use std::time::Duration;

use super::asked::Asked;
use super::checked::{Checked, Explored};
use super::findings::{self, Finding, Rule};
use super::mutants;
use super::palette::{Page, Palette};
use super::replayed::replayed;
use super::vacuous;
use super::xml::Element;
use crate::check::Exploration;
use crate::schedule::{ParsedSchedule, Schedule, replay};

/// Writes what became of many files as one document.
pub fn checked_junit(all: &[Checked<'_>]) -> String {
    let suites: Vec<Suite> = all.iter().map(Suite::of).collect();
    let sum = |of: fn(&Suite) -> usize| suites.iter().map(of).sum::<usize>();
    let root = Element::new("testsuites")
        .attribute("name", "racevm")
        .attribute("time", seconds(suites.iter().map(|suite| suite.time).sum()))
        .attribute("tests", sum(|suite| suite.cases.len()))
        .attribute("failures", sum(Suite::failures))
        .attribute("errors", sum(Suite::errors));
    root.with(suites.iter().map(Suite::element)).document()
}

/// The cases of one file.
struct Suite {
    file: String,
    time: Duration,
    cases: Vec<Case>,
    /// What is no failure, but worth a look.
    remarks: String,
}

struct Case {
    name: String,
    time: Option<Duration>,
    problems: Vec<Problem>,
}

struct Problem {
    /// It is an error of the test, not a failure of what is tested.
    is_error: bool,
    kind: &'static str,
    message: String,
    text: String,
}

impl Suite {
    fn of(checked: &Checked<'_>) -> Suite {
        let failed = |file: &str, name: &str, problem: Problem| Suite {
            file: file.to_owned(),
            time: Duration::ZERO,
            cases: vec![Case { name: name.to_owned(), time: None, problems: vec![problem] }],
            remarks: String::new(),
        };
        match checked {
            Asked::Found(explored) => Suite {
                file: explored.file.to_owned(),
                time: explored.explorations.iter().map(|found| found.search.elapsed).sum(),
                cases: explored.explorations.iter().flat_map(|found| cases(explored, found)).collect(),
                remarks: remarks(explored),
            },
            Asked::Refused { file, diagnostics } => {
                let first = &diagnostics.errors[0];
                let (line, column) = diagnostics.line_column(first);
                let problem = Problem {
                    is_error: true,
                    kind: first.code,
                    message: format!("line {line}, column {column}: {}", first.message),
                    text: diagnostics.render(false),
                };
                failed(file, "it assembles", problem)
            }
            Asked::Failed { file, message } => {
                let message = message.trim_end().to_owned();
                let problem = Problem { is_error: true, kind: "unchecked", message, text: String::new() };
                failed(file, "it can be checked", problem)
            }
        }
    }

    fn failures(&self) -> usize {
        self.cases.iter().filter(|case| case.problems.iter().any(|problem| !problem.is_error)).count()
    }

    fn errors(&self) -> usize {
        self.cases.iter().filter(|case| case.problems.iter().any(|problem| problem.is_error)).count()
    }

    fn element(&self) -> Element {
        let case = |case: &Case| {
            let mut element =
                Element::new("testcase").attribute("name", &case.name).attribute("classname", &self.file);
            if let Some(time) = case.time {
                element = element.attribute("time", seconds(time));
            }
            element.with(case.problems.iter().map(|problem| {
                Element::new(if problem.is_error { "error" } else { "failure" })
                    .attribute("type", problem.kind)
                    .attribute("message", &problem.message)
                    .text(problem.text.clone())
            }))
        };
        Element::new("testsuite")
            .attribute("name", &self.file)
            .attribute("tests", self.cases.len())
            .attribute("failures", self.failures())
            .attribute("errors", self.errors())
            .attribute("skipped", 0)
            .attribute("time", seconds(self.time))
            .attribute("file", &self.file)
            .with(self.cases.iter().map(case))
            .with((!self.remarks.is_empty()).then(|| Element::new("system-out").text(self.remarks.clone())))
    }
}

/// Returns the cases of one exploration. The last of them stands for the search itself, and has its time.
fn cases(explored: &Explored<'_>, found: &Exploration) -> Vec<Case> {
    let problem = |finding: Finding<'_>| Problem {
        is_error: finding.rule == Rule::Undecided,
        kind: finding.rule.id(),
        text: finding.witness.map_or_else(String::new, |witness| shown(explored, found, witness)),
        message: finding.message,
    };
    let expectation = |judged| {
        let finding = findings::of_expectation(found, judged);
        let line = super::names::line(explored.program, judged.expectation.line);
        Case {
            name: format!("{} ({line}; {})", judged.expectation.text, found.models),
            time: None,
            problems: finding.into_iter().map(problem).collect(),
        }
    };
    let mut cases: Vec<Case> = found.expectations.iter().map(expectation).collect();
    cases.push(Case {
        name: format!("no deadlock or fault that nothing expects ({})", found.models),
        time: Some(found.search.elapsed),
        problems: findings::beyond(explored.program, found).into_iter().map(problem).collect(),
    });
    cases
}

/// Writes what a pass says nothing about, and the mutants that nothing notices.
fn remarks(explored: &Explored<'_>) -> String {
    let page = Page { palette: Palette::new(false), verbose: false, quiet: false, again: "" };
    let vacuous = explored.vacuity.map(|vacuity| vacuous::remarks(explored.program, vacuity, &page));
    let mutants = explored.mutants.map(|survey| mutants::mutants(explored.program, survey, &page));
    vacuous.unwrap_or_default() + &mutants.unwrap_or_default()
}

/// Writes how a schedule goes, and the line that replays it.
fn shown(explored: &Explored<'_>, found: &Exploration, witness: &Schedule) -> String {
    let again = explored.again(found.models);
    let page = Page { palette: Palette::new(false), verbose: false, quiet: false, again: &again };
    let line = page.replay_line(&witness.to_text(explored.program));
    let execution = explored
        .machine(found.models)
        .and_then(|machine| Some((replay(&machine, &ParsedSchedule::from(witness)).ok()?, machine)));
    let timeline = execution.map(|(execution, machine)| replayed(&machine, &execution, &page));
    format!("\n{line}\n\n{}", timeline.unwrap_or_default())
}

/// Writes a time in seconds.
fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}
