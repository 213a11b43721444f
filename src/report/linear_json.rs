//! What was found of objects as one JSON document.

use serde::Serialize;

use super::asked::{self, Asked, Unanswered};
use super::json::{ErrorJson, SCHEMA};
use super::layout::document;
use super::linear::{ReplayOf, what_is_wrong};
use super::names;
use crate::verify::linear::{Failure, ModelReport, Report};

/// An object, and what was found of it.
pub struct Object<'a> {
    /// What was found.
    pub report: &'a Report,
    /// The command that replays a schedule of a client.
    pub again: ReplayOf<'a>,
}

#[derive(Serialize)]
struct ObjectsJson {
    schema: &'static str,
    objects: Vec<ObjectJson>,
}

#[derive(Serialize, Default)]
struct ObjectJson {
    file: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    specification: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    further: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<ModelJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ErrorJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Serialize)]
struct ModelJson {
    memory: String,
    verdict: &'static str,
    as_claimed: bool,
    clients: u64,
    of_clients: u64,
    further: u64,
    of_further: u64,
    states: u64,
    cut: Option<&'static str>,
    failure: Option<FailureJson>,
}

#[derive(Serialize)]
struct FailureJson {
    wrong: &'static str,
    client: String,
    message: String,
    history: Vec<CallJson>,
    culprit: Option<usize>,
    allowed: Vec<AllowedJson>,
    witness: String,
    replay: String,
}

#[derive(Serialize)]
struct CallJson {
    thread: String,
    call: String,
    called: usize,
    returned: Option<usize>,
    values: Option<Vec<i64>>,
}

#[derive(Serialize)]
struct AllowedJson {
    values: Vec<i64>,
    order: Vec<usize>,
}

/// Writes what was found of objects.
pub fn linear_json(all: &[Asked<'_, Object<'_>>]) -> String {
    let objects = all.iter().map(|one| match one.found() {
        Ok(found) => object(found),
        Err(Unanswered { file, errors, message }) => {
            ObjectJson { file, verdict: "refused", errors, message, ..ObjectJson::default() }
        }
    });
    document(&ObjectsJson { schema: SCHEMA, objects: objects.collect() })
}

fn object(Object { report, again }: &Object<'_>) -> ObjectJson {
    ObjectJson {
        file: report.name.clone(),
        verdict: asked::verdict(report.summary()),
        specification: Some(report.specification.clone()),
        operations: Some(report.procedures.iter().map(|procedure| procedure.proc.clone()).collect()),
        sizes: Some(report.sizes.iter().map(ToString::to_string).collect()),
        further: report.further.map(|size| size.to_string()),
        models: Some(report.models.iter().map(|found| model(report, found, *again)).collect()),
        ..ObjectJson::default()
    }
}

fn model(report: &Report, found: &ModelReport, again: ReplayOf<'_>) -> ModelJson {
    let claimed = report.claims.fails.get(&found.memory);
    let as_claimed = match &found.failure {
        Some(failure) => claimed.is_some_and(|claimed| claimed.contains(&failure.wrong)),
        None => claimed.is_none() && found.cut.is_none(),
    };
    ModelJson {
        memory: found.memory.to_string(),
        verdict: match (&found.failure, found.cut) {
            (Some(_), _) => "fails",
            (None, Some(_)) => "unknown",
            (None, None) => "holds",
        },
        as_claimed,
        clients: found.clients,
        of_clients: found.of_clients,
        further: found.further,
        of_further: found.of_further,
        states: found.states,
        cut: found.cut.map(names::cut_word),
        failure: found.failure.as_ref().map(|failed| failure(report, failed, again)),
    }
}

fn failure(report: &Report, failure: &Failure, again: ReplayOf<'_>) -> FailureJson {
    let witness = failure.schedule.to_text(&failure.program);
    let replay = format!("{} '{witness}'", again(failure));
    let calls = failure.history.calls.iter().map(|interval| CallJson {
        thread: super::history::letter(interval.thread),
        call: interval.text.clone(),
        called: interval.called,
        returned: interval.returned.as_ref().map(|(at, _)| *at),
        values: interval.returned.as_ref().map(|(_, values)| values.clone()),
    });
    let allowed = failure.allowed.iter().map(|allowed| AllowedJson {
        values: allowed.values.clone(),
        order: allowed.order.iter().map(|(index, _)| *index).collect(),
    });
    FailureJson {
        wrong: failure.wrong.word(),
        client: failure.client.clone(),
        message: what_is_wrong(failure, &report.specification),
        history: calls.collect(),
        culprit: failure.culprit,
        allowed: allowed.collect(),
        witness,
        replay,
    }
}
