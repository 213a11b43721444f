//! What `check` found as SARIF 2.1.0 (OASIS, 2020), for editors and code hosts that show results beside the
//! code: a result for each finding and each error of a text, with its place; the schedule that shows it is a
//! code flow with a thread flow for each thread, the steps numbered in the order of their execution.

use std::collections::BTreeMap;

use serde::Serialize;

use super::asked::Asked;
use super::checked::{Checked, Explored};
use super::findings::{self, Finding, Rule};
use super::{mutants, names, story, timeline};
use crate::asm::{Diagnostic, Diagnostics, codes};
use crate::check::Exploration;
use crate::program::{Cell, Line, Program, Span, ThreadId};
use crate::schedule::{End, Execution, ParsedSchedule, Schedule, replay};
use crate::vm::Machine;

/// Where the schema of such documents is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    results: Vec<Finished>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<RuleJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleJson {
    id: &'static str,
    short_description: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    locations: [Location; 1],
}

/// A result as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finished {
    rule_id: &'static str,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    code_flows: Vec<CodeFlow>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeFlow {
    message: Message,
    thread_flows: Vec<ThreadFlow>,
}

#[derive(Serialize)]
struct ThreadFlow {
    id: String,
    locations: Vec<FlowLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FlowLocation {
    execution_order: usize,
    location: Location,
    /// What a step changes: the name of the variable, and its value afterwards.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    state: BTreeMap<String, Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

impl Message {
    fn new(text: impl Into<String>) -> Message {
        Message { text: text.into() }
    }
}

/// Writes what became of many files as one document.
pub fn checked_sarif(all: &[Checked<'_>]) -> String {
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    for checked in all {
        match checked {
            Asked::Found(explored) => {
                for found in explored.explorations {
                    let findings = findings::findings(explored, found);
                    results.extend(findings.iter().map(|finding| result(explored, found, finding)));
                }
                results.extend(remarks(explored));
            }
            Asked::Refused { diagnostics, .. } => {
                results.extend(diagnostics.errors.iter().map(|error| refusal(diagnostics, error)));
            }
            Asked::Failed { file, message } => notifications.push(Notification {
                level: "error",
                message: Message::new(message.trim_end()),
                locations: [Location::whole(file)],
            }),
        }
    }
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver { name: "racevm", version: env!("CARGO_PKG_VERSION"), rules: rules(&results) },
            },
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: notifications.is_empty(),
                tool_execution_notifications: notifications,
            }],
            results,
        }],
    };
    let text = serde_json::to_string_pretty(&log);
    text.expect("the values of the document are numbers, texts and lists of them") + "\n"
}

/// Returns every rule of an exploration, and of the errors of texts those that there are.
fn rules(results: &[Finished]) -> Vec<RuleJson> {
    let rule = |id, text: &str, level| RuleJson {
        id,
        short_description: Message::new(text),
        default_configuration: Configuration { level },
    };
    let found = Rule::ALL.iter().map(|&kind| rule(kind.id(), kind.describe(), level(kind).1));
    let errors = codes().filter(|(code, _)| results.iter().any(|result| result.rule_id == *code));
    found.chain(errors.map(|(code, text)| rule(code, text, "error"))).collect()
}

/// Returns kind and level. What could not be decided is `open`, and has no level then.
fn level(rule: Rule) -> (&'static str, &'static str) {
    match rule {
        Rule::Expectation | Rule::Deadlock | Rule::Fault => ("fail", "error"),
        Rule::Undecided => ("open", "none"),
        Rule::Vacuous => ("fail", "warning"),
        Rule::Survivor => ("fail", "note"),
    }
}

fn result(explored: &Explored<'_>, found: &Exploration, finding: &Finding<'_>) -> Finished {
    let (kind, level) = level(finding.rule);
    let flow = finding.witness.and_then(|witness| code_flow(explored, found, witness));
    Finished {
        rule_id: finding.rule.id(),
        kind,
        level,
        message: Message::new(&finding.message),
        locations: [Location::line(explored.program, finding.line)],
        related_locations: Vec::new(),
        code_flows: flow.into_iter().collect(),
    }
}

/// Returns what is no failure, but worth a look: what is vacuous, and what nothing notices.
fn remarks(explored: &Explored<'_>) -> Vec<Finished> {
    let program = explored.program;
    let vacuous = explored.vacuity.into_iter().flat_map(|vacuity| &vacuity.remarks).map(|remark| {
        let level = if remark.kind.is_warning() { "warning" } else { "note" };
        (Rule::Vacuous, level, remark.line, format!("Vacuous: {}.", remark.says))
    });
    let survivors = explored.mutants.map(|survey| mutants::survivors(program, survey));
    let survivors = survivors.into_iter().flatten().map(|(line, text)| (Rule::Survivor, "note", line, text));
    let remark = |(rule, level, line, text): (Rule, &'static str, Line, String)| Finished {
        rule_id: rule.id(),
        kind: "fail",
        level,
        message: Message::new(text),
        locations: [Location::line(program, line)],
        related_locations: Vec::new(),
        code_flows: Vec::new(),
    };
    vacuous.chain(survivors).map(remark).collect()
}

fn refusal(diagnostics: &Diagnostics, error: &Diagnostic) -> Finished {
    let mut text = error.message.clone();
    for help in &error.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    let related = error.related.iter().map(|(span, label)| Location::span(diagnostics, *span, label));
    Finished {
        rule_id: error.code,
        kind: "fail",
        level: "error",
        message: Message::new(text),
        locations: [Location::span(diagnostics, error.span, &error.label)],
        related_locations: related.collect(),
        code_flows: Vec::new(),
    }
}

fn code_flow(explored: &Explored<'_>, found: &Exploration, witness: &Schedule) -> Option<CodeFlow> {
    let machine = explored.machine(found.models)?;
    let execution = replay(&machine, &ParsedSchedule::from(witness)).ok()?;
    let program = explored.program;
    let mut flows: BTreeMap<ThreadId, Vec<FlowLocation>> = BTreeMap::new();
    for (order, (thread, location)) in steps(&machine, &execution).into_iter().enumerate() {
        flows.entry(thread).or_default().push(FlowLocation { execution_order: order + 1, ..location });
    }
    let thread_flows = flows
        .into_iter()
        .map(|(thread, locations)| ThreadFlow { id: names::thread(program, thread), locations });
    let thread_flows: Vec<ThreadFlow> = thread_flows.collect();
    let line = format!("{} '{}'", explored.again(found.models), witness.to_text(program));
    // A witness without a step shows the initial state, and there is no place to point at.
    (!thread_flows.is_empty()).then(|| CodeFlow { message: Message::new(line), thread_flows })
}

/// Returns the steps of an execution in order and, of a deadlock, where each thread is stuck.
fn steps(machine: &Machine<'_>, execution: &Execution) -> Vec<(ThreadId, FlowLocation)> {
    let program = machine.program();
    let story = story::tell(machine, execution);
    let texts = timeline::step_texts(machine, execution, &story);
    let at = |line: Line, text: String, state| FlowLocation {
        execution_order: 0,
        location: Location { message: Some(Message::new(text)), ..Location::line(program, line) },
        state,
    };
    let step = |(step, text): (&crate::schedule::ExecutedStep, String)| {
        let value =
            |(cell, _, new): (Cell, i64, i64)| (program.cell_name(cell), Message::new(new.to_string()));
        let state = step.change().map(value).into_iter().collect();
        (step.action.actor.thread(), at(program.line(step.addr), text, state))
    };
    let mut steps: Vec<_> = execution.steps.iter().zip(texts).map(step).collect();
    if execution.end == End::Deadlock {
        let stuck = program.thread_ids().filter_map(|id| {
            let pc = machine.pc(&execution.state, id)?;
            let blocked = machine.blocked(&execution.state, id)?;
            let waits = names::waits_for(program, id, &blocked);
            let text = format!("{}: blocked, waits for {waits}", program.instruction_text(pc));
            Some((id, at(program.line(pc), text, BTreeMap::new())))
        });
        steps.extend(stuck);
    }
    steps
}

impl Location {
    fn line(program: &Program, line: Line) -> Location {
        let region =
            Region { start_line: line.number.max(1), start_column: None, end_line: None, end_column: None };
        Location::at(&program.sources[line.source as usize].name, Some(region))
    }

    fn span(diagnostics: &Diagnostics, span: Span, label: &str) -> Location {
        let source = &diagnostics.sources[span.source as usize];
        let (start_line, start_column) = source.line_column(span.start);
        let (end_line, end_column) = source.line_column(span.end.max(span.start));
        let region = Region {
            start_line,
            start_column: Some(start_column),
            end_line: Some(end_line),
            end_column: Some(end_column),
        };
        let message = (!label.is_empty()).then(|| Message::new(label));
        Location { message, ..Location::at(&source.name, Some(region)) }
    }

    fn whole(file: &str) -> Location {
        Location::at(file, None)
    }

    fn at(file: &str, region: Option<Region>) -> Location {
        let artifact_location = Artifact { uri: uri(file) };
        Location { physical_location: Physical { artifact_location, region }, message: None }
    }
}

/// Writes a path as a URI reference: relative as it was given, or of the `file` scheme.
fn uri(path: &str) -> String {
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri() {
        assert_eq!(uri("programs/a b.rvm"), "programs/a%20b.rvm");
        assert_eq!(uri("/tmp/ü%.rvm"), "file:///tmp/%C3%BC%25.rvm");
    }
}
