//! Orbits: what a search up to symmetry found, given back in full.
//!
//! A search up to symmetry finds an outcome, a deadlock, a fault or a race with threads, elements and values in
//! one order. They can change places, so it is there in every order, and by the same schedule renamed.

mod copies;

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::collect::Watch;
use super::judge::Met;
use super::result::{Deadlock, FaultReport, Outcome, Race};
use crate::explore::{Copies, Renaming, Symmetry};
use crate::program::{Addr, Cell, Claim, Observed, ThreadId};
use crate::schedule::Schedule;
use crate::vm::Machine;

/// What can change places in what was found.
pub(super) struct Orbits<'s, 'm, 'p> {
    machine: &'m Machine<'p>,
    /// Copies that never ask which they are.
    copies: Option<&'s Copies>,
    /// Threads that do ask, and values that are drawn. Nothing is counted then.
    renamings: Vec<Renaming<'s, 'm, 'p>>,
    observed: Vec<Cell>,
}

impl<'s, 'm, 'p> Orbits<'s, 'm, 'p> {
    pub fn new(machine: &'m Machine<'p>, symmetry: Option<&'s Symmetry>) -> Orbits<'s, 'm, 'p> {
        let observed = machine.program().observed.iter().flat_map(|observed| &observed.cells);
        Orbits {
            machine,
            copies: symmetry.and_then(Symmetry::copies),
            renamings: symmetry.map_or_else(Vec::new, |symmetry| symmetry.renamings(machine)),
            observed: observed.copied().collect(),
        }
    }

    /// Adds to each outcome what it becomes.
    pub fn of_outcomes(&self, found: Vec<Outcome>) -> Vec<Outcome> {
        let key = |outcome: &Outcome| (outcome.values.clone(), outcome.output.clone());
        self.close(found, key, |renaming, outcome| Outcome {
            values: self.values(renaming, &outcome.values),
            output: renaming.output(&outcome.output),
            reached: outcome.reached.clone(),
        })
    }

    /// Adds to each deadlock what it becomes.
    pub fn of_deadlocks(&self, found: Vec<Deadlock>) -> Vec<Deadlock> {
        let key = |deadlock: &Deadlock| (deadlock.values.clone(), deadlock.blocked.clone());
        let found = match self.copies {
            Some(copies) => copies::of_deadlocks(self.machine.program(), copies, found),
            None => found,
        };
        self.close(found, key, |renaming, deadlock| {
            let mut blocked: Vec<(ThreadId, Addr)> =
                deadlock.blocked.iter().map(|&(thread, at)| (renaming.thread(thread), at)).collect();
            blocked.sort_unstable();
            let values = self.values(renaming, &deadlock.values);
            Deadlock { values, blocked, reached: deadlock.reached.clone() }
        })
    }

    /// Adds to each fault what it becomes.
    pub fn of_faults(&self, found: Vec<FaultReport>) -> Vec<FaultReport> {
        let line = |fault: &FaultReport| self.machine.program().line(fault.at);
        let key = |fault: &FaultReport| (line(fault), fault.thread, fault.message.clone());
        let found = match self.copies {
            Some(copies) => copies::of_faults(self.machine.program(), copies, found),
            None => found,
        };
        self.close(found, key, |renaming, fault| FaultReport {
            thread: renaming.thread(fault.thread),
            ..fault.clone()
        })
    }

    /// Adds to each race what it becomes.
    pub fn of_races(&self, found: Vec<Race>) -> Vec<Race> {
        let line = |at: Addr| self.machine.program().line(at);
        let key = |race: &Race| (race.cell, race.accesses.map(|(_, at)| line(at)));
        self.close(found, key, |renaming, race| Race {
            cell: renaming.memory_cell(race.cell),
            accesses: race.accesses.map(|(thread, at)| (renaming.thread(thread), at)),
            witness: race.witness.clone(),
        })
    }

    /// Adds to what each expectation has met what those whose place it takes have met.
    pub fn of_watches<'c>(&self, watches: &'c [Watch], witnesses: &[Option<Schedule>]) -> Vec<Met<'c>> {
        let met = |(watch, witness): (&'c Watch, &Option<Schedule>)| Met {
            expectation: &watch.expectation,
            violation: watch.violation,
            satisfied: watch.satisfied,
            tuples: match &watch.expectation.claim {
                Claim::Outcomes { cells, .. } => self.of_tuples(cells, &watch.tuples),
                _ => Cow::Borrowed(&watch.tuples),
            },
            witness: witness.clone(),
        };
        let mut all: Vec<Met<'c>> = watches.iter().zip(witnesses).map(met).collect();
        for renaming in &self.renamings {
            for (index, watch) in watches.iter().enumerate() {
                let Some(witness) = &witnesses[index] else { continue };
                for other in renaming.claims(index) {
                    let other = &mut all[other];
                    let is_first_violation = watch.violation.is_some() && other.violation.is_none();
                    if is_first_violation || other.witness.is_none() {
                        other.violation = watch.violation;
                        other.satisfied = watch.satisfied;
                        other.witness = Some(renaming.schedule(witness));
                    }
                }
            }
        }
        all
    }

    fn of_tuples<'t>(&self, cells: &[Cell], found: &'t BTreeSet<Vec<i64>>) -> Cow<'t, BTreeSet<Vec<i64>>> {
        if self.renamings.is_empty() {
            return Cow::Borrowed(found);
        }
        let becomes = |renaming| found.iter().map(move |tuple| Renaming::values(renaming, cells, tuple));
        Cow::Owned(found.iter().cloned().chain(self.renamings.iter().flat_map(becomes)).collect())
    }

    /// Adds what each of the things found becomes, unless it was found itself, with its schedule renamed. They
    /// come in the order of their keys.
    fn close<T: Witnessed, K: Ord>(
        &self,
        found: Vec<T>,
        key: impl Fn(&T) -> K,
        becomes: impl Fn(&Renaming<'_, '_, '_>, &T) -> T,
    ) -> Vec<T> {
        if self.renamings.is_empty() {
            return found;
        }
        let mut all: BTreeMap<K, T> = BTreeMap::new();
        let mut others = Vec::new();
        for one in found {
            for renaming in &self.renamings {
                others.push((becomes(renaming, &one), renaming));
            }
            all.insert(key(&one), one);
        }
        for (mut one, renaming) in others {
            if let Entry::Vacant(entry) = all.entry(key(&one)) {
                let witness = one.witness();
                *witness = renaming.schedule(witness);
                entry.insert(one);
            }
        }
        all.into_values().collect()
    }

    fn values(&self, renaming: &Renaming<'_, '_, '_>, values: &[Vec<i64>]) -> Vec<Vec<i64>> {
        let flat = renaming.values(&self.observed, &values.concat());
        by_observed(&self.machine.program().observed, &flat)
    }
}

/// Cuts flat values into those of each observed entry.
pub(super) fn by_observed(observed: &[Observed], flat: &[i64]) -> Vec<Vec<i64>> {
    let mut rest = flat;
    let cut = |observed: &Observed| {
        let (values, behind) = rest.split_at(observed.cells.len());
        rest = behind;
        values.to_vec()
    };
    observed.iter().map(cut).collect()
}

/// Something found, with a schedule that shows it.
trait Witnessed {
    fn witness(&mut self) -> &mut Schedule;
}

impl Witnessed for Outcome {
    fn witness(&mut self) -> &mut Schedule {
        &mut self.reached.witness
    }
}

impl Witnessed for Deadlock {
    fn witness(&mut self) -> &mut Schedule {
        &mut self.reached.witness
    }
}

impl Witnessed for FaultReport {
    fn witness(&mut self) -> &mut Schedule {
        &mut self.reached.witness
    }
}

impl Witnessed for Race {
    fn witness(&mut self) -> &mut Schedule {
        &mut self.witness
    }
}
