//! The report of random executions: how often each result came up, beside how often it should.

use serde::Serialize;

use super::json::{self, Map, PlaceJson, ProbabilityJson, SCHEMA, ValueJson};
use super::layout::document;
use super::names::{self, wrap};
use super::number::{grouped, percent, plural, probability};
use super::palette::Page;
use super::table::table;
use super::timeline::COLUMNS;
use crate::check::{Exploration, Probability, Reached};
use crate::program::{Addr, Models, Program};
use crate::schedule::{Class, StrategyName, Tallied, Tally, runs_needed};
use crate::vm::Machine;

/// The confidences for which the number of runs is given.
const CONFIDENCES: [f64; 3] = [0.5, 0.95, 0.99];

/// Writes what random executions ended in. With the exploration of the same program, the exact probabilities
/// stand beside, for the strategies that have them: `random`, and `uniform`, whose probability is the share of
/// schedules.
pub fn sampled(
    machine: &Machine<'_>,
    tally: &Tally,
    exploration: Option<&Exploration>,
    page: &Page<'_>,
) -> String {
    let (program, palette) = (machine.program(), page.palette);
    let sampling = &tally.sampling;
    let results = plural(tally.results.len() as u64, "different result");
    let head = format!("{}: {results} in {}", program.name, plural(tally.runs, "run"));
    let mut text = format!("{}\n", palette.strong(head));
    if !page.quiet {
        let models = format!("switch {}, memory {}", machine.models().switch, machine.models().memory);
        let line = format!(
            "Strategy {}, seed {}, {} altogether ({models}).",
            sampling.strategy,
            sampling.seed,
            plural(tally.steps, "step")
        );
        text.push_str(&wrap(&line, COLUMNS, ""));
    }
    if tally.cut {
        let asked = grouped(&sampling.runs.to_string());
        text.push_str(&format!("{}: {asked} runs were asked for.\n", palette.warn("Stopped early")));
    }
    if tally.results.is_empty() {
        return text;
    }
    text.push('\n');
    let rows = rows(program, tally, exploration);
    text.push_str(&table(&rows, &[1, 2, 4, 5, 6], palette));
    if !page.quiet {
        text.push_str(&notes(tally, exploration));
        text.push_str(&firsts(program, tally, page));
    }
    text
}

fn rows(program: &Program, tally: &Tally, exploration: Option<&Exploration>) -> Vec<Vec<String>> {
    let head = ["result", "runs", "share", "exact", "50 %", "95 %", "99 %", ""];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for result in &tally.results {
        let exact = exact(program, tally, exploration, &result.class);
        let share = result.count as f64 / tally.runs as f64;
        let chance = exact.as_ref().map_or(share, |exact| exact.value);
        let mut row = vec![
            title(program, &result.class),
            grouped(&result.count.to_string()),
            percent(share, result.count < tally.runs),
            exact.as_ref().map(probability).unwrap_or_default(),
        ];
        row.extend(CONFIDENCES.map(|confidence| {
            runs_needed(chance, confidence).map_or_else(|| "?".to_owned(), |runs| grouped(&runs.to_string()))
        }));
        row.push(String::new());
        rows.push(row);
    }
    if rows.iter().skip(1).all(|row| row[3].is_empty()) {
        rows[0][3].clear();
    }
    rows
}

fn notes(tally: &Tally, exploration: Option<&Exploration>) -> String {
    let basis = match (tally.sampling.strategy, exploration) {
        (StrategyName::Random | StrategyName::Uniform, Some(_)) => {
            "from the exact probability where it is known"
        }
        _ => "estimated from the share",
    };
    let mut text = String::from("\n");
    text.push_str(&wrap(
        &format!(
            "50 %, 95 %, 99 %: so many runs see the result at least once with this probability, {basis}."
        ),
        COLUMNS,
        "",
    ));
    let missed = exploration.map_or(0, |found| {
        let seen = |class: &dyn Fn(&Class) -> bool| tally.results.iter().any(|result| class(&result.class));
        let outcomes = found.outcomes.iter().filter(|outcome| {
            !seen(&|class| {
                matches!(class, Class::Outcome { values, output }
                    if *values == outcome.values && *output == outcome.output)
            })
        });
        let deadlocks = found.deadlocks.iter().filter(|deadlock| {
            !seen(&|class| {
                matches!(class, Class::Deadlock { values, blocked }
                    if *values == deadlock.values && *blocked == deadlock.blocked)
            })
        });
        outcomes.count() + deadlocks.count()
    });
    if missed > 0 {
        let results = plural(missed as u64, "possible result");
        text.push_str(&format!("{results} did not come up: `racevm explore` shows them all.\n"));
    }
    if tally.results.iter().any(|result| result.class == Class::Unfinished) {
        let limit = plural(tally.limit, "step");
        text.push_str(&format!(
            "Unfinished: the run was given up after {limit} (the first may have more).\n"
        ));
    }
    text
}

fn firsts(program: &Program, tally: &Tally, page: &Page<'_>) -> String {
    let mut text = format!("\n{}\n", page.palette.strong("The first run of each"));
    for result in &tally.results {
        let title = title(program, &result.class);
        text.push_str(&wrap(
            &format!(
                "{title}: run {}, {}",
                grouped(&(result.first + 1).to_string()),
                plural(result.steps, "step")
            ),
            COLUMNS,
            "  ",
        ));
        let schedule = result.schedule.as_ref().map(|schedule| schedule.to_text(program));
        text.push_str(&match schedule {
            Some(schedule) if schedule.len() <= 400 || page.verbose => {
                format!("      {}\n", page.replay_line(&schedule))
            }
            Some(_) => "      (a long schedule: -v or --json shows it)\n".to_owned(),
            None => format!("      (not recorded: seed {}, run {})\n", tally.sampling.seed, result.first + 1),
        });
    }
    text
}

fn title(program: &Program, class: &Class) -> String {
    match class {
        Class::Outcome { values, output } => names::outcome(program, values, output),
        Class::Deadlock { values, blocked } => {
            let at = |&(id, at): &(_, Addr)| format!("{id} at {}", names::instruction(program, at));
            let shown: Vec<String> = blocked.iter().take(3).map(at).collect();
            let more = blocked.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let values = names::values(program, values);
            let with = if values.is_empty() { String::new() } else { format!("; {values}") };
            format!("deadlock: {}{more}{with}", shown.join(", "))
        }
        Class::Fault { thread, at, fault, .. } => {
            format!("fault: {thread} at {}: {}", names::instruction(program, *at), fault.message(program))
        }
        Class::Assume => "(failed ASSUME: does not count)".to_owned(),
        Class::Unfinished => "unfinished".to_owned(),
    }
}

/// Returns the exact probability of a class, where the strategy has one and the exploration computed it.
fn exact(
    program: &Program,
    tally: &Tally,
    exploration: Option<&Exploration>,
    class: &Class,
) -> Option<Probability> {
    let found = exploration?;
    let reached: &Reached = match class {
        Class::Outcome { values, output } => {
            let is_it =
                |outcome: &&crate::check::Outcome| outcome.values == *values && outcome.output == *output;
            &found.outcomes.iter().find(is_it)?.reached
        }
        Class::Deadlock { values, blocked } => {
            let is_it = |dead: &&crate::check::Deadlock| dead.values == *values && dead.blocked == *blocked;
            &found.deadlocks.iter().find(is_it)?.reached
        }
        Class::Fault { line, thread, fault, .. } => {
            let message = fault.message(program);
            let is_it = |report: &&crate::check::FaultReport| {
                report.thread == *thread && program.line(report.at) == *line && report.message == message
            };
            &found.faults.iter().find(is_it)?.reached
        }
        Class::Assume | Class::Unfinished => return None,
    };
    match tally.sampling.strategy {
        StrategyName::Random => reached.probability.clone(),
        StrategyName::Uniform => {
            let part = reached.schedules.as_ref()?.finite()?.clone();
            let whole = found.schedules.as_ref()?.finite()?.clone();
            let is_some = whole > num_bigint::BigUint::ZERO;
            is_some.then(|| Probability::exactly(num_rational::BigRational::new(part.into(), whole.into())))
        }
        _ => None,
    }
}

#[derive(Serialize)]
struct SampledJson {
    schema: &'static str,
    program: String,
    switch: &'static str,
    memory: &'static str,
    strategy: String,
    seed: u64,
    runs: u64,
    steps: u64,
    complete: bool,
    results: Vec<ResultJson>,
}

#[derive(Serialize)]
struct ResultJson {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Map<ValueJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Vec<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<Vec<PlaceJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<PlaceJson>,
    count: u64,
    share: f64,
    probability: Option<ProbabilityJson>,
    first: u64,
    steps: u64,
    schedule: Option<String>,
    runs_needed: RunsJson,
}

#[derive(Serialize)]
struct RunsJson {
    #[serde(rename = "50")]
    half: Option<u64>,
    #[serde(rename = "95")]
    most: Option<u64>,
    #[serde(rename = "99")]
    nearly_all: Option<u64>,
}

/// Writes what random executions ended in as a document; runs are numbered from 1.
pub fn sampled_json(
    program: &Program,
    models: Models,
    tally: &Tally,
    exploration: Option<&Exploration>,
) -> String {
    let result = |result: &Tallied| result_json(program, tally, exploration, result);
    document(&SampledJson {
        schema: SCHEMA,
        program: program.name.clone(),
        switch: models.switch.word(),
        memory: models.memory.word(),
        strategy: tally.sampling.strategy.to_string(),
        seed: tally.sampling.seed,
        runs: tally.runs,
        steps: tally.steps,
        complete: !tally.cut,
        results: tally.results.iter().map(result).collect(),
    })
}

fn result_json(
    program: &Program,
    tally: &Tally,
    exploration: Option<&Exploration>,
    result: &Tallied,
) -> ResultJson {
    let exact = exact(program, tally, exploration, &result.class);
    let share = result.count as f64 / tally.runs as f64;
    let chance = exact.as_ref().map_or(share, |exact| exact.value);
    let [half, most, nearly_all] = CONFIDENCES.map(|confidence| runs_needed(chance, confidence));
    let mut json = ResultJson {
        kind: "unfinished",
        values: None,
        output: None,
        blocked: None,
        message: None,
        place: None,
        count: result.count,
        share,
        probability: exact.as_ref().map(json::probability),
        first: result.first + 1,
        steps: result.steps,
        schedule: result.schedule.as_ref().map(|schedule| schedule.to_text(program)),
        runs_needed: RunsJson { half, most, nearly_all },
    };
    match &result.class {
        Class::Outcome { values, output } => {
            json.kind = "final";
            json.values = Some(json::values(program, values));
            json.output = Some(output.clone());
        }
        Class::Deadlock { values, blocked } => {
            json.kind = "deadlock";
            json.values = Some(json::values(program, values));
            json.blocked = Some(json::places(program, blocked));
        }
        Class::Fault { thread, at, fault, .. } => {
            json.kind = "fault";
            json.message = Some(fault.message(program).to_owned());
            json.place = Some(json::place(program, *thread, *at));
        }
        Class::Assume => json.kind = "assume",
        Class::Unfinished => {}
    }
    json
}
