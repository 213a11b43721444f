//! What an exploration of one client says about the lock, and whether a report is what the file says.

use super::client::{Client, HALF_WRITTEN};
use super::prepared::Prepared;
use super::result::{Deviation, How, Property, Report};
use crate::check::{Exploration, Judged, Verdict};
use crate::program::{MemoryModel, Program};
use crate::schedule::{ParsedSchedule, Schedule, replay};

/// Lists what goes wrong in one exploration.
pub(super) fn failures(
    prepared: &Prepared,
    client: &Client,
    program: &Program,
    memory: MemoryModel,
    found: &Exploration,
) -> Vec<(Property, How, Schedule)> {
    let mut list = Vec::new();
    let own = prepared.own_expectations(program);
    let applying = program.expectations[..own].iter().filter(|one| one.applies(found.models)).count();
    let (of_lock, of_client) = found.expectations.split_at(applying);
    let failing = |judged: &&Judged| judged.verdict == Verdict::Fails;
    // The client's expectations: no race, once or twice, then the sum.
    let (sum, races) = of_client[..of_client.len() - 1].split_last().expect("a client expects its sum");
    let race = races.iter().find(failing).and_then(|judged| judged.witness.clone());
    let lost = Some(sum).filter(failing).and_then(|judged| judged.witness.clone());
    let half = found.faults.iter().find(|fault| fault.message == HALF_WRITTEN);
    let half = half.map(|fault| (How::HalfWritten, fault.reached.witness.clone()));
    let inside = race.map(|witness| (How::BothInside, witness));
    let lost = lost.map(|witness| (How::LostUpdate, witness));
    list.extend(inside.or(lost).or(half).map(|(how, witness)| (Property::Exclusion, how, witness)));
    for fault in found.faults.iter().filter(|fault| fault.message != HALF_WRITTEN) {
        list.push((Property::Fault, How::Fault(fault.message.clone()), fault.reached.witness.clone()));
    }
    for deadlock in &found.deadlocks {
        let is_alone = deadlock.blocked.len() == 1;
        list.push((Property::Deadlock, How::Deadlock(is_alone), deadlock.reached.witness.clone()));
    }
    for livelock in &found.livelocks {
        let is_alone = is_alone(prepared, program, memory, &livelock.witness);
        list.push((Property::Livelock, How::Livelock(is_alone), livelock.witness.clone()));
    }
    let alone: Vec<_> = list
        .iter()
        .filter(|(_, how, _)| matches!(how, How::Deadlock(true) | How::Livelock(true)))
        .map(|(_, how, witness)| (Property::Progress, how.clone(), witness.clone()))
        .collect();
    list.extend(alone);
    for judged in of_lock.iter().filter(failing) {
        let how = How::Expectation(judged.expectation.text.clone());
        list.push((Property::Expectation, how, judged.witness.clone().unwrap_or_default()));
    }
    if client.nested {
        list.iter_mut().for_each(|(property, ..)| *property = Property::Reentrancy);
    }
    list
}

/// Returns true when all threads but one have finished where a schedule ends.
fn is_alone(prepared: &Prepared, program: &Program, memory: MemoryModel, witness: &Schedule) -> bool {
    let machine = prepared.machine(program, memory);
    let end = replay(&machine, &ParsedSchedule::from(witness)).expect("a witness fits its program");
    let is_left = |id: &_| !machine.is_finished(&end.state, *id);
    program.thread_ids().filter(is_left).count() == 1
}

/// Compares what was found with what the file says.
pub(super) fn deviations(report: &Report) -> Vec<Deviation> {
    let mut list = Vec::new();
    let claims = &report.claims;
    for model in &report.models {
        let memory = model.memory;
        let claimed = |property| claims.fails.get(&memory).is_some_and(|fails| fails.contains(&property));
        for finding in &model.findings {
            let property = finding.property;
            list.extend(match (finding.verdict, claimed(property)) {
                (Verdict::Fails, false) => Some(Deviation::Fails(memory, property)),
                (Verdict::Holds, true) => Some(Deviation::Holds(memory, property)),
                (Verdict::Unknown, false) if model.stopped => None,
                (Verdict::Unknown, _) => Some(Deviation::Unknown(memory, property)),
                _ => None,
            });
        }
        for found in &model.bypass {
            let claim = claims.bypass.get(&found.threads);
            if claim.is_some_and(|claim| found.bound != Some(*claim)) {
                list.push(Deviation::Bypass(memory, found.threads, found.bound));
            }
        }
        if let Some(claim) = claims.fences.get(&memory) {
            let found = model.fences.as_ref().map_or(Some(0), |repair| repair.least());
            if found != *claim {
                list.push(Deviation::Fences(memory, found));
            }
        }
    }
    list
}
