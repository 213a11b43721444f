//! Verdicts: whether what was found is what the program expects. A search that was cut never says that
//! something does not happen.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::collect::{Violation, set_contains};
use super::result::{Exploration, Judged, Summary, Unexpected, Verdict};
use crate::graph::Count;
use crate::program::{CellRange, Claim, Expectation, OutcomeSet, ScheduleCount};
use crate::schedule::Schedule;

/// The most values that a reason lists.
const LISTED: usize = 6;

/// A verdict with its reason and witness.
struct Finding {
    verdict: Verdict,
    reason: String,
    witness: Option<Schedule>,
}

impl Finding {
    fn new(verdict: Verdict, reason: impl Into<String>, witness: Option<Schedule>) -> Finding {
        Finding { verdict, reason: reason.into(), witness }
    }
}

/// What was found for one expectation.
pub(super) struct Met<'c> {
    pub expectation: &'c Expectation,
    pub violation: Option<Violation>,
    /// A final state in which `possibly` holds can be reached.
    pub satisfied: bool,
    /// The tuples of an `outcomes` claim that can be reached.
    pub tuples: Cow<'c, BTreeSet<Vec<i64>>>,
    pub witness: Option<Schedule>,
}

/// Judges one expectation.
pub(super) fn judge(found: &Exploration, met: Met<'_>) -> Judged {
    let Met { expectation, violation, satisfied, tuples, witness } = met;
    let complete = found.search.cut.is_none();
    let of_states = |wrong: &str, place: &str| {
        let what = match violation {
            None => {
                return Finding::new(if complete { Verdict::Holds } else { Verdict::Unknown }, "", None);
            }
            Some(Violation::Wrong) => wrong,
            Some(Violation::NoValue) => {
                "has no value (a division by zero, an index out of range, an overflow)"
            }
        };
        Finding::new(Verdict::Fails, format!("it {what} in {place}"), witness.clone())
    };
    let (reachable, last) = ("a state that can be reached", "a final state");
    let finding = match &expectation.claim {
        Claim::Always(_) => of_states("is false", reachable),
        Claim::Never(_) => of_states("is true", reachable),
        Claim::Finally(_) => of_states("is false", last),
        Claim::Possibly(_) if violation.is_some() => of_states("is false", last),
        Claim::Possibly(_) if satisfied => Finding::new(Verdict::Holds, "", witness),
        Claim::Possibly(_) => absent(complete, "it holds in no final state"),
        Claim::Outcomes { set, .. } => outcomes(complete, &tuples, set, witness),
        Claim::Deadlock(wanted) => {
            let witnesses = found.deadlocks.iter().map(|deadlock| &deadlock.reached.witness);
            existence(complete, *wanted, "deadlock", witnesses)
        }
        Claim::Race(wanted, cells) => {
            let on =
                |cell: u32| cells.is_none_or(|CellRange { base, len }| (base..base + len).contains(&cell));
            let races = found.races.iter().filter(|race| on(race.cell)).map(|race| &race.witness);
            existence(complete, *wanted, "data race", races)
        }
        Claim::Livelock(wanted) => {
            existence(complete, *wanted, "livelock", found.livelocks.iter().map(|livelock| &livelock.witness))
        }
        Claim::Fault(wanted, text) => {
            let matches = |message: &str| text.as_ref().is_none_or(|text| message.contains(text));
            let faults = found.faults.iter().filter(|fault| matches(&fault.message));
            existence(complete, *wanted, "fault", faults.map(|fault| &fault.reached.witness))
        }
        Claim::Schedules(expected) => schedules(found.schedules.as_ref(), expected),
    };
    let Finding { verdict, reason, witness } = finding;
    Judged { expectation: expectation.clone(), verdict, reason, witness }
}

fn absent(complete: bool, reason: &str) -> Finding {
    if complete {
        Finding::new(Verdict::Fails, reason, None)
    } else {
        Finding::new(Verdict::Unknown, "", None)
    }
}

/// Judges that something can happen, or cannot. The witness is the shortest of those there are.
fn existence<'w>(
    complete: bool,
    wanted: bool,
    what: &str,
    witnesses: impl Iterator<Item = &'w Schedule>,
) -> Finding {
    let shortest = witnesses.min_by_key(|witness| (witness.switches(), witness.actions.len())).cloned();
    match (wanted, shortest) {
        (true, Some(witness)) => Finding::new(Verdict::Holds, "", Some(witness)),
        (true, None) => absent(complete, &format!("no {what} can be reached")),
        (false, Some(witness)) => {
            Finding::new(Verdict::Fails, format!("a {what} can be reached"), Some(witness))
        }
        (false, None) => Finding::new(if complete { Verdict::Holds } else { Verdict::Unknown }, "", None),
    }
}

fn outcomes(
    complete: bool,
    tuples: &BTreeSet<Vec<i64>>,
    set: &OutcomeSet,
    witness: Option<Schedule>,
) -> Finding {
    let unexpected: Vec<&Vec<i64>> = tuples.iter().filter(|tuple| !set_contains(set, tuple)).collect();
    if !unexpected.is_empty() {
        return Finding::new(Verdict::Fails, format!("also reached: {}", listed(&unexpected)), witness);
    }
    if !complete {
        return Finding::new(Verdict::Unknown, "", None);
    }
    let missing = missing(tuples, set);
    if missing.is_empty() {
        return Finding::new(Verdict::Holds, "", None);
    }
    let missing: Vec<&Vec<i64>> = missing.iter().collect();
    Finding::new(Verdict::Fails, format!("never reached: {}", listed(&missing)), None)
}

/// Returns expected tuples that were not met, enough of them to list. A range of any size is no trouble:
/// among more values than were met there is one that was not.
fn missing(met: &BTreeSet<Vec<i64>>, set: &OutcomeSet) -> Vec<Vec<i64>> {
    let expected: Box<dyn Iterator<Item = Vec<i64>>> = match set {
        OutcomeSet::Scalars(ranges) => {
            Box::new(ranges.iter().flat_map(|&(low, high)| low..=high).map(|value| vec![value]))
        }
        OutcomeSet::Tuples(tuples) => Box::new(tuples.iter().cloned()),
    };
    let mut missing: Vec<Vec<i64>> = expected.filter(|tuple| !met.contains(tuple)).take(LISTED + 1).collect();
    missing.sort();
    missing.dedup();
    missing
}

fn listed(tuples: &[&Vec<i64>]) -> String {
    let text = |tuple: &&Vec<i64>| {
        let values: Vec<String> = tuple.iter().map(i64::to_string).collect();
        if values.len() == 1 { values.concat() } else { format!("({})", values.join(", ")) }
    };
    let mut list: Vec<String> = tuples.iter().take(LISTED).map(text).collect();
    if tuples.len() > LISTED {
        list.push("…".to_owned());
    }
    list.join(", ")
}

fn schedules(counted: Option<&Count>, expected: &ScheduleCount) -> Finding {
    let Some(counted) = counted else { return Finding::new(Verdict::Unknown, "", None) };
    let holds = match (counted, expected) {
        (Count::Finite(counted), ScheduleCount::Exactly(expected)) => counted == expected,
        (Count::Infinite, ScheduleCount::Infinite) => true,
        _ => false,
    };
    if holds {
        return Finding::new(Verdict::Holds, "", None);
    }
    let number = counted.finite().map_or_else(|| "infinitely many".to_owned(), ToString::to_string);
    Finding::new(Verdict::Fails, format!("there are {number}"), None)
}

impl Exploration {
    /// Returns the deadlocks and faults that no expectation names, each of which fails the program.
    pub fn unexpected(&self) -> Vec<Unexpected> {
        let claims = || self.expectations.iter().map(|judged| &judged.expectation.claim);
        let expects_deadlock = claims().any(|claim| *claim == Claim::Deadlock(true));
        let expects_fault = |message: &str| {
            claims().any(|claim| match claim {
                Claim::Fault(true, text) => text.as_ref().is_none_or(|text| message.contains(text)),
                _ => false,
            })
        };
        let deadlocks = (0..self.deadlocks.len()).filter(|_| !expects_deadlock).map(Unexpected::Deadlock);
        let faults = self.faults.iter().enumerate().filter(|(_, fault)| !expects_fault(&fault.message));
        deadlocks.chain(faults.map(|(index, _)| Unexpected::Fault(index))).collect()
    }

    /// Returns the sum of it all.
    pub fn summary(&self) -> Summary {
        let any = |verdict| self.expectations.iter().any(|judged| judged.verdict == verdict);
        if any(Verdict::Fails) || !self.unexpected().is_empty() {
            Summary::Fails
        } else if self.search.cut.is_some() || any(Verdict::Unknown) {
            Summary::Inconclusive
        } else {
            Summary::Holds
        }
    }
}
