//! The JSON documents of `explore`, `replay` and of programs that do not assemble, field by field as the
//! interface page has them. What is added to it: `cut` says what cut a search, `reduced` whether a reduction
//! was used, `kept` how many states were kept where like threads made fewer do, `minimal_witnesses` whether
//! witnesses were proved minimal, `uncounted` and `traces_uncounted` what there was no memory to count, `reason`
//! why an expectation fails,
//! `vacuous` what a pass says nothing about,
//! `error` stands by probabilities that are not exact, `file` by lines of included files, `thread` by the
//! accesses of a race, `flush` and `choice` by the steps that are one or have one, and a failed `ASSUME` ends
//! an execution as `open`, with a message.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::layout::document;
use super::names;
use super::vacuous::{VacuityJson, vacuity_json};
use crate::asm::Diagnostics;
use crate::check::{
    Count, Deadlock, Exploration, FaultReport, Judged, Livelock, Outcome, Probability, Race, Traces, Verdict,
};
use crate::program::{Addr, Line, Program, ThreadId};
use crate::schedule::{End, ExecutedStep, Execution, Schedule};
use crate::verify::vacuity::Vacuity;
use crate::vm::{Actor, Choice, Machine};

/// The version of all documents.
pub(super) const SCHEMA: &str = "racevm/1";

/// An object whose keys are not known before; they keep their order.
pub(super) struct Map<T>(pub Vec<(String, T)>);

impl<T: Serialize> Serialize for Map<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ValueJson {
    Scalar(i64),
    Array(Vec<i64>),
}

#[derive(Serialize)]
pub(super) struct ExploredJson {
    schema: &'static str,
    program: String,
    switch: &'static str,
    memory: &'static str,
    search: &'static str,
    complete: bool,
    states: u64,
    transitions: u64,
    elapsed_ms: f64,
    schedules: Option<String>,
    traces: Option<TracesJson>,
    outcomes: Vec<OutcomeJson>,
    deadlocks: Vec<DeadlockJson>,
    faults: Vec<FaultJson>,
    livelocks: Vec<LivelockJson>,
    races: Vec<RaceJson>,
    expectations: Vec<ExpectationJson>,
    cut: Option<&'static str>,
    reduced: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<u64>,
    minimal_witnesses: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    vacuous: Option<VacuityJson>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    uncounted: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    traces_uncounted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lossy: Option<LossyJson>,
}

/// How a search went on without keeping states.
#[derive(Serialize)]
struct LossyJson {
    states: u64,
    bits: u64,
    hashes: u32,
    missed: f64,
    left_out: u64,
    cut: Option<&'static str>,
}

#[derive(Serialize)]
struct TracesJson {
    r#final: String,
    deadlock: String,
    fault: String,
}

#[derive(Serialize)]
pub(super) struct ProbabilityJson {
    exact: Option<String>,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<f64>,
}

#[derive(Serialize)]
struct OutcomeJson {
    values: Map<ValueJson>,
    output: Vec<i64>,
    schedules: Option<String>,
    probability: Option<ProbabilityJson>,
    witness: String,
}

#[derive(Serialize)]
struct DeadlockJson {
    values: Map<ValueJson>,
    blocked: Vec<PlaceJson>,
    schedules: Option<String>,
    probability: Option<ProbabilityJson>,
    witness: String,
}

#[derive(Serialize)]
struct FaultJson {
    message: String,
    thread: String,
    name: String,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    schedules: Option<String>,
    probability: Option<ProbabilityJson>,
    witness: String,
}

#[derive(Serialize)]
struct LivelockJson {
    values: Map<ValueJson>,
    witness: String,
}

#[derive(Serialize)]
struct RaceJson {
    variable: String,
    accesses: [PlaceJson; 2],
    witness: String,
}

#[derive(Serialize)]
struct ExpectationJson {
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    text: String,
    verdict: &'static str,
    witness: Option<String>,
    reason: Option<String>,
}

/// An instruction of a thread.
#[derive(Serialize)]
pub(super) struct PlaceJson {
    thread: String,
    name: String,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    instruction: String,
}

#[derive(Serialize)]
struct ReplayedJson {
    schema: &'static str,
    program: String,
    switch: &'static str,
    memory: &'static str,
    schedule: String,
    steps: Vec<StepJson>,
    end: EndJson,
}

#[derive(Serialize)]
struct StepJson {
    #[serde(flatten)]
    place: PlaceJson,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    flush: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<ChoiceJson>,
    changes: Map<[i64; 2]>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ChoiceJson {
    Value(i64),
    Waiter(String),
}

#[derive(Serialize)]
struct EndJson {
    kind: &'static str,
    values: Map<ValueJson>,
    output: Vec<i64>,
    message: Option<String>,
}

#[derive(Serialize)]
struct RefusedJson {
    schema: &'static str,
    errors: Vec<ErrorJson>,
}

#[derive(Serialize)]
pub(super) struct ErrorJson {
    line: u32,
    column: u32,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

/// Writes what an exploration found and, where that was looked for, what a pass of it says nothing about.
pub fn explored_json(program: &Program, exploration: &Exploration, vacuity: Option<&Vacuity>) -> String {
    let vacuous = vacuity.map(|vacuity| vacuity_json(program, vacuity));
    document(&ExploredJson { vacuous, ..explored(program, exploration) })
}

/// Writes an execution, step by step.
pub fn replayed_json(machine: &Machine<'_>, execution: &Execution) -> String {
    let program = machine.program();
    let (kind, message) = match execution.end {
        End::Final => ("final", None),
        End::Deadlock => ("deadlock", None),
        End::Fault(fault) => ("fault", Some(fault.message(program).to_owned())),
        End::Assume => ("open", Some("an ASSUME failed: this execution does not count".to_owned())),
        End::Open => ("open", None),
    };
    document(&ReplayedJson {
        schema: SCHEMA,
        program: program.name.clone(),
        switch: machine.models().switch.word(),
        memory: machine.models().memory.word(),
        schedule: execution.schedule().to_text(program),
        steps: execution.steps.iter().map(|executed| step(program, executed)).collect(),
        end: EndJson {
            kind,
            values: values(program, &names::observed(machine, &execution.state)),
            output: machine.output(&execution.state).to_vec(),
            message,
        },
    })
}

/// Writes why a program does not assemble.
pub fn errors_json(diagnostics: &Diagnostics) -> String {
    document(&RefusedJson { schema: SCHEMA, errors: errors(diagnostics) })
}

pub(super) fn errors(diagnostics: &Diagnostics) -> Vec<ErrorJson> {
    let error = |error| {
        let (line, column) = diagnostics.line_column(error);
        let crate::asm::Diagnostic { code, message, span, .. } = error;
        let source = &diagnostics.sources[span.source as usize];
        let file = (span.source > 0).then(|| source.name.clone());
        ErrorJson { line, column, code, message: message.clone(), file }
    };
    diagnostics.errors.iter().map(error).collect()
}

/// Returns the file of a line for a document, unless it is the program's own.
pub(super) fn places_file(program: &Program, line: Line) -> Option<String> {
    names::file(program, line).map(str::to_owned)
}

pub(super) fn explored(program: &Program, found: &Exploration) -> ExploredJson {
    let complete = found.search.cut.is_none();
    // A microsecond is more than enough of a time that no two runs share.
    let elapsed_ms = found.search.elapsed.as_micros() as f64 / 1000.0;
    ExploredJson {
        schema: SCHEMA,
        program: program.name.clone(),
        switch: found.models.switch.word(),
        memory: found.models.memory.word(),
        search: if complete { "exhaustive" } else { "bounded" },
        complete,
        states: found.search.states,
        transitions: found.search.transitions,
        elapsed_ms,
        schedules: schedules(found.schedules.as_ref()),
        traces: found.traces.as_ref().map(traces),
        outcomes: found.outcomes.iter().map(|outcome| outcome_json(program, outcome)).collect(),
        deadlocks: found.deadlocks.iter().map(|deadlock| deadlock_json(program, deadlock)).collect(),
        faults: found.faults.iter().map(|fault| fault_json(program, fault)).collect(),
        livelocks: found.livelocks.iter().map(|livelock| livelock_json(program, livelock)).collect(),
        races: found.races.iter().map(|race| race_json(program, race)).collect(),
        expectations: found.expectations.iter().map(|judged| expectation(program, judged)).collect(),
        cut: found.search.cut.map(names::cut_word),
        reduced: found.search.reduced,
        kept: found.search.kept,
        minimal_witnesses: found.search.minimal_witnesses,
        vacuous: None,
        uncounted: found.search.uncounted,
        traces_uncounted: found.search.traces_uncounted,
        lossy: found.search.lossy.map(|lossy| LossyJson {
            states: lossy.states,
            bits: lossy.bits,
            hashes: lossy.hashes,
            missed: lossy.missed,
            left_out: lossy.left_out,
            cut: lossy.cut.map(names::cut_word),
        }),
    }
}

fn outcome_json(program: &Program, outcome: &Outcome) -> OutcomeJson {
    OutcomeJson {
        values: values(program, &outcome.values),
        output: outcome.output.clone(),
        schedules: schedules(outcome.reached.schedules.as_ref()),
        probability: outcome.reached.probability.as_ref().map(probability),
        witness: outcome.reached.witness.to_text(program),
    }
}

fn deadlock_json(program: &Program, deadlock: &Deadlock) -> DeadlockJson {
    DeadlockJson {
        values: values(program, &deadlock.values),
        blocked: places(program, &deadlock.blocked),
        schedules: schedules(deadlock.reached.schedules.as_ref()),
        probability: deadlock.reached.probability.as_ref().map(probability),
        witness: deadlock.reached.witness.to_text(program),
    }
}

fn fault_json(program: &Program, fault: &FaultReport) -> FaultJson {
    let PlaceJson { thread, name, line, file, .. } = place(program, fault.thread, fault.at);
    FaultJson {
        message: fault.message.clone(),
        thread,
        name,
        line,
        file,
        schedules: schedules(fault.reached.schedules.as_ref()),
        probability: fault.reached.probability.as_ref().map(probability),
        witness: fault.reached.witness.to_text(program),
    }
}

fn livelock_json(program: &Program, livelock: &Livelock) -> LivelockJson {
    LivelockJson { values: values(program, &livelock.values), witness: livelock.witness.to_text(program) }
}

fn race_json(program: &Program, race: &Race) -> RaceJson {
    RaceJson {
        variable: program.memory_name(race.cell),
        accesses: race.accesses.map(|(thread, at)| place(program, thread, at)),
        witness: race.witness.to_text(program),
    }
}

fn expectation(program: &Program, judged: &Judged) -> ExpectationJson {
    let line = judged.expectation.line;
    ExpectationJson {
        line: line.number,
        file: places_file(program, line),
        text: judged.expectation.text.clone(),
        verdict: verdict(judged.verdict),
        witness: judged.witness.as_ref().map(|witness: &Schedule| witness.to_text(program)),
        reason: Some(judged.reason.clone()).filter(|reason| !reason.is_empty()),
    }
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::Unknown => "unknown",
    }
}

fn traces(traces: &Traces) -> TracesJson {
    TracesJson {
        r#final: traces.finals.to_string(),
        deadlock: traces.deadlocks.to_string(),
        fault: traces.faults.to_string(),
    }
}

pub(super) fn schedules(count: Option<&Count>) -> Option<String> {
    count.map(|count| match count {
        Count::Finite(number) => number.to_string(),
        Count::Infinite => "infinite".to_owned(),
    })
}

pub(super) fn probability(probability: &Probability) -> ProbabilityJson {
    let exact = probability.exact.as_ref().map(ToString::to_string);
    let error = exact.is_none().then_some(probability.error);
    ProbabilityJson { exact, value: probability.value, error }
}

/// Names observed values.
pub(super) fn values(program: &Program, values: &[Vec<i64>]) -> Map<ValueJson> {
    let entries = program.observed.iter().zip(values).map(|(observed, values)| {
        let value = match observed.is_array {
            true => ValueJson::Array(values.clone()),
            false => ValueJson::Scalar(values[0]),
        };
        (observed.name.clone(), value)
    });
    Map(entries.collect())
}

pub(super) fn places(program: &Program, threads: &[(ThreadId, Addr)]) -> Vec<PlaceJson> {
    threads.iter().map(|&(thread, at)| place(program, thread, at)).collect()
}

pub(super) fn place(program: &Program, thread: ThreadId, at: Addr) -> PlaceJson {
    let line = program.line(at);
    PlaceJson {
        thread: thread.letters(),
        name: program.thread_name(thread),
        line: line.number,
        file: places_file(program, line),
        instruction: program.instruction_text(at),
    }
}

fn step(program: &Program, step: &ExecutedStep) -> StepJson {
    let changes = step.change().map(|(cell, old, new)| (program.cell_name(cell), [old, new]));
    StepJson {
        place: place(program, step.action.actor.thread(), step.addr),
        flush: matches!(step.action.actor, Actor::Buffer(..)),
        choice: match step.action.choice {
            Choice::Only => None,
            Choice::Value(value) => Some(ChoiceJson::Value(value)),
            Choice::Waiter(waiter) => Some(ChoiceJson::Waiter(waiter.letters())),
        },
        changes: Map(changes.into_iter().collect()),
    }
}
