//! The lock suite as one JSON document.

use serde::Serialize;

use super::asked::{self, Asked, Unanswered};
use super::json::{self, ErrorJson, SCHEMA};
use super::layout::document;
use super::locks::{Again, what_goes_wrong};
use super::names;
use crate::verify::lock::{
    Bypass, BypassFound, Deviation, Failure, ModelReport, Property, Remedy, Repair, Report,
};

/// A lock, and what was found of it.
pub struct Lock<'a> {
    /// What was found.
    pub report: &'a Report,
    /// The command that replays a schedule of a client.
    pub again: Again<'a>,
}

#[derive(Serialize)]
struct LocksJson {
    schema: &'static str,
    locks: Vec<LockJson>,
}

#[derive(Serialize, Default)]
struct LockJson {
    file: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<ModelJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deviations: Option<Vec<DeviationJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repair: Option<RepairJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ErrorJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Serialize)]
struct ModelJson {
    memory: &'static str,
    complete: bool,
    clients: u64,
    states: u64,
    properties: Vec<PropertyJson>,
    bypass: Vec<BypassJson>,
    fences: Option<RepairJson>,
}

#[derive(Serialize)]
struct PropertyJson {
    property: &'static str,
    verdict: &'static str,
    failure: Option<FailureJson>,
}

#[derive(Serialize)]
struct FailureJson {
    client: String,
    what: String,
    witness: String,
    replay: String,
}

#[derive(Serialize)]
struct BypassJson {
    threads: u32,
    rounds: Option<u32>,
    bound: Option<BoundJson>,
    witness: Option<String>,
    cycle: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum BoundJson {
    Number(u32),
    Word(&'static str),
}

#[derive(Serialize)]
struct RepairJson {
    memories: Vec<&'static str>,
    verdict: &'static str,
    sets: Vec<Vec<u32>>,
    text: Option<String>,
}

#[derive(Serialize)]
struct DeviationJson {
    memory: &'static str,
    property: String,
    found: String,
}

/// Writes what became of many locks as one document.
pub fn locks_json(all: &[Asked<'_, Lock<'_>>]) -> String {
    let locks = all.iter().map(|one| match one.found() {
        Ok(found) => lock(found),
        Err(Unanswered { file, errors, message }) => {
            LockJson { file, verdict: "error", errors, message, ..LockJson::default() }
        }
    });
    document(&LocksJson { schema: SCHEMA, locks: locks.collect() })
}

fn lock(Lock { report, again }: &Lock<'_>) -> LockJson {
    LockJson {
        file: report.name.clone(),
        verdict: asked::verdict(report.summary()),
        sizes: Some(report.sizes.iter().map(ToString::to_string).collect()),
        models: Some(report.models.iter().map(|found| model(found, *again)).collect()),
        deviations: Some(report.deviations.iter().map(deviation).collect()),
        repair: report.repair.as_ref().map(repair),
        ..LockJson::default()
    }
}

fn model(found: &ModelReport, again: Again<'_>) -> ModelJson {
    let properties = found.findings.iter().map(|finding| PropertyJson {
        property: finding.property.word(),
        verdict: json::verdict(finding.verdict),
        failure: finding.failure.as_ref().map(|one| failure(one, again)),
    });
    ModelJson {
        memory: found.memory.word(),
        complete: found.cut.is_none(),
        clients: found.clients,
        states: found.states,
        properties: properties.collect(),
        bypass: found.bypass.iter().map(bypass).collect(),
        fences: found.fences.as_ref().map(repair),
    }
}

fn failure(failure: &Failure, again: Again<'_>) -> FailureJson {
    let Failure { client, program, models, how, witness } = failure;
    let witness = witness.to_text(program);
    FailureJson {
        client: client.to_string(),
        what: what_goes_wrong(how),
        replay: format!("{} '{witness}'", again(client, program, *models)),
        witness,
    }
}

fn bypass(found: &BypassFound) -> BypassJson {
    let shown = found.shown.as_ref();
    let cycle = shown.filter(|shown| !shown.cycle.actions.is_empty());
    BypassJson {
        threads: found.threads,
        rounds: found.rounds,
        bound: found.bound.map(bound),
        witness: shown.map(|shown| shown.witness.to_text(&shown.program)),
        cycle: cycle.map(|shown| shown.cycle.to_text(&shown.program)),
    }
}

fn bound(bound: Bypass) -> BoundJson {
    match bound {
        Bypass::AtMost(number) => BoundJson::Number(number),
        Bypass::Unbounded => BoundJson::Word("unbounded"),
    }
}

fn repair(repair: &Repair) -> RepairJson {
    let (verdict, sets, text) = match &repair.remedy {
        Remedy::Fences { sets, text } => ("repaired", sets.clone(), Some(text.clone())),
        Remedy::None(_) => ("none", Vec::new(), None),
        Remedy::Cut(cut) => (names::cut_word(*cut), Vec::new(), None),
    };
    RepairJson { memories: repair.memories.iter().map(|memory| memory.word()).collect(), verdict, sets, text }
}

fn deviation(deviation: &Deviation) -> DeviationJson {
    let of = |property: &Property, found: &str| (property.word().to_owned(), found.to_owned());
    let (memory, (property, found)) = match deviation {
        Deviation::Fails(memory, property) => (memory, of(property, "fails")),
        Deviation::Holds(memory, property) => (memory, of(property, "holds")),
        Deviation::Unknown(memory, property) => (memory, of(property, "unknown")),
        Deviation::Bypass(memory, threads, bound) => {
            let found = bound.map_or("unknown".to_owned(), |bound| bound.to_string());
            (memory, (format!("bypass with {threads} threads"), found))
        }
        Deviation::Fences(memory, least) => {
            let found = least.map_or("none".to_owned(), |least| least.to_string());
            (memory, ("fences".to_owned(), found))
        }
    };
    DeviationJson { memory: memory.word(), property, found }
}
