//! Tries every mutant of a program.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use super::behaviour::{self, Difference, Shared};
use super::{Mutant, mutants};
use crate::asm::Options;
use crate::check::{Cut, Exploration, Limits, Monitor, Request, Summary, Unexpected, Verdict, explore};
use crate::program::{Models, Program};
use crate::vm::TooLarge;

/// So many states are searched first: most mutants are noticed there.
const FIRST: u64 = 2_000;

/// A mutant may have so many times the states of its program, and [`SPARE`] more, before it is undecided.
const TIMES: u64 = 10;

/// See [`TIMES`].
const SPARE: u64 = 10_000;

/// How mutants are tried.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// What the program was assembled with.
    pub options: &'a Options,
    /// How the program is explored; its models are those without `under`.
    pub request: Request,
    /// How many mutants are tried at the same time; at least 1.
    pub threads: usize,
    /// Makes the monitor of each exploration.
    pub monitor: &'a (dyn Fn() -> Box<dyn Monitor> + Sync),
}

/// What became of every mutant.
#[derive(Clone, PartialEq, Debug)]
pub struct Survey {
    /// The mutants in order of place.
    pub trials: Vec<Trial>,
}

/// What became of one mutant.
#[derive(Clone, PartialEq, Debug)]
pub struct Trial {
    /// The mutant.
    pub mutant: Mutant,
    /// What became of it.
    pub fate: Fate,
}

/// Whether a mutant was noticed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It was, under these models, by this.
    Noticed(Models, Notice),
    /// Nothing noticed it, although it differs from the program.
    Survived(Difference),
    /// It cannot be told from the program.
    Same,
    /// A limit cut its search under these models after so many states; `None` where a single one is too large.
    Undecided(Models, Option<(Cut, u64)>),
}

/// What noticed a mutant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The expectation with this text does not hold.
    Expectation(String),
    /// A deadlock can be reached that none expects.
    Deadlock,
    /// A fault with this message can be reached that none expects.
    Fault(String),
}

impl Survey {
    /// Returns how many mutants were noticed.
    pub fn noticed(&self) -> usize {
        self.trials.iter().filter(|trial| matches!(trial.fate, Fate::Noticed(..))).count()
    }

    /// Returns how many were not, although they differ from the program.
    pub fn survived(&self) -> usize {
        self.trials.iter().filter(|trial| matches!(trial.fate, Fate::Survived(_))).count()
    }

    /// Returns how many cannot be told from the program.
    pub fn same(&self) -> usize {
        self.trials.iter().filter(|trial| trial.fate == Fate::Same).count()
    }

    /// Returns how many could not be decided.
    pub fn undecided(&self) -> usize {
        self.trials.iter().filter(|trial| matches!(trial.fate, Fate::Undecided(..))).count()
    }

    /// Returns which part of the mutants that could be noticed was, in percent rounded down; `None` without any.
    pub fn score(&self) -> Option<usize> {
        let all = self.noticed() + self.survived();
        (self.noticed() * 100).checked_div(all)
    }
}

/// Tries every mutant of a program that is as it expects of itself.
///
/// # Errors
///
/// Says so when a single state of the program would not fit into memory.
pub fn survey(program: &Program, setup: &Setup<'_>) -> Result<Survey, TooLarge> {
    let mut baselines = Vec::new();
    for models in program.combinations(setup.request.models) {
        let request = Request { models, verdicts_only: true, ..setup.request };
        let found = explore(program, &request, &mut *(setup.monitor)())?;
        let most = found.search.states.saturating_mul(TIMES).saturating_add(SPARE);
        let max_states = Some(setup.request.limits.max_states.map_or(most, |limit| limit.min(most)));
        let request = Request { limits: Limits { max_states, ..request.limits }, ..request };
        baselines.push(Baseline { request, found, shared: OnceLock::new() });
    }
    let mutants = mutants(program, setup.options);
    let fates = Mutex::new(vec![None; mutants.len()]);
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((_, mutant)) = mutants.get(index) else { break };
            let fate = fate(program, mutant, &baselines, setup);
            fates.lock().expect("no other thread panics")[index] = Some(fate);
        }
    };
    std::thread::scope(|scope| {
        (0..setup.threads.clamp(1, mutants.len().max(1))).for_each(|_| drop(scope.spawn(work)));
    });
    let fates = fates.into_inner().expect("no thread has panicked");
    let trials = mutants
        .into_iter()
        .zip(fates)
        .map(|((mutant, _), fate)| Trial { mutant, fate: fate.expect("every mutant was tried") });
    Ok(Survey { trials: trials.collect() })
}

/// What the program itself does under one combination of models.
struct Baseline {
    request: Request,
    found: Exploration,
    /// Its shared states, once they are wanted.
    shared: OnceLock<Option<Shared>>,
}

fn fate(program: &Program, mutant: &Program, baselines: &[Baseline], setup: &Setup<'_>) -> Fate {
    let mut undecided = None;
    let mut survived: Option<Difference> = None;
    for baseline in baselines {
        let models = baseline.request.models;
        match try_under(mutant, baseline, setup) {
            Err(_) => undecided = undecided.or(Some(Fate::Undecided(models, None))),
            Ok(found) => {
                if let Some(notice) = notice(&found) {
                    return Fate::Noticed(models, notice);
                }
                if let Some(cut) = found.search.cut {
                    let cut = Some((cut, found.search.states));
                    undecided = undecided.or(Some(Fate::Undecided(models, cut)));
                } else {
                    let difference = behaviour::difference(program, &baseline.found, mutant, &found);
                    survived = survived.into_iter().chain(difference).min();
                }
            }
        }
    }
    if let Some(undecided) = undecided {
        return undecided;
    }
    if let Some(difference) = survived {
        return Fate::Survived(difference);
    }
    let is_same = baselines.iter().all(|baseline| has_same_states(program, mutant, baseline, setup));
    if is_same { Fate::Same } else { Fate::Survived(Difference::States) }
}

/// Explores a mutant: first a little, then as far as it may.
fn try_under(mutant: &Program, baseline: &Baseline, setup: &Setup<'_>) -> Result<Exploration, TooLarge> {
    let request = baseline.request;
    let first =
        Limits { max_states: request.limits.max_states.map(|most| most.min(FIRST)), ..request.limits };
    let found = explore(mutant, &Request { limits: first, ..request }, &mut *(setup.monitor)())?;
    if found.search.cut == Some(Cut::States) && found.summary() != Summary::Fails {
        return explore(mutant, &request, &mut *(setup.monitor)());
    }
    Ok(found)
}

fn notice(found: &Exploration) -> Option<Notice> {
    let failed = found.expectations.iter().find(|judged| judged.verdict == Verdict::Fails);
    if let Some(judged) = failed {
        return Some(Notice::Expectation(judged.expectation.text.clone()));
    }
    found.unexpected().first().map(|unexpected| match *unexpected {
        Unexpected::Deadlock(_) => Notice::Deadlock,
        Unexpected::Fault(index) => Notice::Fault(found.faults[index].message.clone()),
    })
}

fn has_same_states(program: &Program, mutant: &Program, baseline: &Baseline, setup: &Setup<'_>) -> bool {
    let states = |program| behaviour::shared_states(program, &baseline.request, &mut *(setup.monitor)());
    let own = baseline.shared.get_or_init(|| states(program));
    own.as_ref().is_some_and(|own| states(mutant).as_ref() == Some(own))
}
