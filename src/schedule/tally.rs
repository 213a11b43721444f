//! What many random executions ended in, and how often.

use std::collections::BTreeMap;

use super::Schedule;
use super::pct::Pct;
use super::quantum::Quantum;
use super::random::Random;
use super::round_robin::RoundRobin;
use super::sampler::{Ending, MAX_RECORDED, RunEnd, Sampler};
use super::strategy::{Strategy, StrategyName};
use crate::program::{Addr, Line, ThreadId};
use crate::vm::{Fault, Machine, State};

/// The limit of the first run where none is given; it says what is long for the others.
const FIRST_LIMIT: u64 = 200_000_000;

/// The least limit of the other runs.
const LEAST_LIMIT: u64 = 1_000_000;

/// By how much the other runs may be longer than the first.
const LONGER: u64 = 100;

/// The number of the run that measures a program for [`Pct`]; no other has it.
const MEASURING_RUN: u64 = u64::MAX;

/// What is to be sampled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sampling {
    /// The strategy.
    pub strategy: StrategyName,
    /// The seed from which everything random follows.
    pub seed: u64,
    /// How many runs.
    pub runs: u64,
    /// The most steps of one run. Without it the first run may have 200 million; if it ends, the others may
    /// be a hundred times as long as it was, and a million steps in any case.
    pub limit: Option<u64>,
}

/// The results of many runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// What was asked for.
    pub sampling: Sampling,
    /// How many runs came to their end, or to the limit of steps.
    pub runs: u64,
    /// How many steps they had altogether.
    pub steps: u64,
    /// The limit of steps of all runs but the first.
    pub limit: u64,
    /// True when the sampling was given up before all runs were done.
    pub cut: bool,
    /// What they ended in, ordered by class.
    pub results: Vec<Tallied>,
}

/// One class of results.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tallied {
    /// What the runs ended in.
    pub class: Class,
    /// How many runs.
    pub count: u64,
    /// The number of the first of them, from 0.
    pub first: u64,
    /// How many steps that one had.
    pub steps: u64,
    /// Its schedule; `None` for a run that did not finish, and where all schedules together would be longer
    /// than [`MAX_RECORDED`]: the seed and the number of the run stand for it then.
    pub schedule: Option<Schedule>,
}

/// What a run ended in, as far as runs are told apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// A final state.
    Outcome {
        /// For each entry of [`Program::observed`](crate::program::Program::observed), its values.
        values: Vec<Vec<i64>>,
        /// The output.
        output: Vec<i64>,
    },
    /// A deadlock.
    Deadlock {
        /// The observed values.
        values: Vec<Vec<i64>>,
        /// The started threads that have not finished, each with the instruction it is blocked at.
        blocked: Vec<(ThreadId, Addr)>,
    },
    /// A fault.
    Fault {
        /// The line of the instruction.
        line: Line,
        /// The thread.
        thread: ThreadId,
        /// The instruction.
        at: Addr,
        /// What went wrong.
        fault: Fault,
    },
    /// A failed ASSUME: these runs do not count.
    Assume,
    /// The limit of steps was reached.
    Unfinished,
}

impl Class {
    fn of(machine: &Machine<'_>, state: &State, ending: Ending) -> Class {
        let program = machine.program();
        match ending {
            Ending::Final => {
                Class::Outcome { values: observed(machine, state), output: machine.output(state).to_vec() }
            }
            Ending::Deadlock => {
                let blocked = program.thread_ids().filter_map(|id| Some((id, machine.pc(state, id)?)));
                Class::Deadlock { values: observed(machine, state), blocked: blocked.collect() }
            }
            Ending::Fault(thread, at, fault) => Class::Fault { line: program.line(at), thread, at, fault },
            Ending::Assume => Class::Assume,
            Ending::Unfinished => Class::Unfinished,
        }
    }
}

fn observed(machine: &Machine<'_>, state: &State) -> Vec<Vec<i64>> {
    let entries = machine.program().observed.iter();
    entries.map(|entry| entry.cells.iter().map(|&cell| machine.value(state, cell)).collect()).collect()
}

/// Executes random runs. `watch` is told the number of runs that are done and of steps so far, from time to
/// time; when it returns false, the sampling ends with what it has.
///
/// # Panics
///
/// Panics for [`StrategyName::Uniform`], which needs the decision graph: see [`sample_with`] and
/// [`Drawn`](super::Drawn).
pub fn sample(machine: &Machine<'_>, sampling: &Sampling, watch: &mut dyn FnMut(u64, u64) -> bool) -> Tally {
    match sampling.strategy {
        StrategyName::Random => sample_with(machine, Random, sampling, watch),
        StrategyName::Quantum(length) => sample_with(machine, Quantum::new(length), sampling, watch),
        StrategyName::RoundRobin => sample_with(machine, RoundRobin::default(), sampling, watch),
        StrategyName::Pct(depth) => {
            let limit = sampling.limit.unwrap_or(FIRST_LIMIT);
            let mut measuring = Sampler::new(machine, Random);
            let end = measuring.run(sampling.seed, MEASURING_RUN, limit, &mut |steps| watch(0, steps));
            match end {
                Some(end) => sample_with(machine, Pct::new(depth, end.steps), sampling, watch),
                None => Counter::new(machine, *sampling).finish(true, |_, _| None),
            }
        }
        StrategyName::Uniform => panic!("the uniform strategy draws from the decision graph"),
    }
}

/// Executes random runs under a strategy, whatever name the sampling gives it. See [`sample`].
pub fn sample_with<S: Strategy>(
    machine: &Machine<'_>,
    strategy: S,
    sampling: &Sampling,
    watch: &mut dyn FnMut(u64, u64) -> bool,
) -> Tally {
    let mut sampler = Sampler::new(machine, strategy);
    let mut counter = Counter::new(machine, *sampling);
    let mut cut = false;
    let mut pause = 0;
    for number in 0..sampling.runs {
        let before = counter.steps;
        if before >= pause {
            if !watch(number, before) {
                cut = true;
                break;
            }
            pause = before + (1 << 20);
        }
        let limit = counter.limit(number);
        let end = sampler.run(sampling.seed, number, limit, &mut |steps| watch(number, before + steps));
        let Some(end) = end else {
            cut = true;
            break;
        };
        counter.add(number, end, sampler.state());
    }
    counter.finish(cut, |number, limit| sampler.record(sampling.seed, number, limit))
}

struct Counter<'m, 'p> {
    machine: &'m Machine<'p>,
    sampling: Sampling,
    runs: u64,
    steps: u64,
    first_limit: u64,
    /// The limit of all runs but the first.
    later_limit: u64,
    /// What was found, in order of appearance.
    found: Vec<Found>,
    by_class: BTreeMap<Class, usize>,
}

#[derive(Clone, Copy)]
struct Found {
    count: u64,
    first: u64,
    steps: u64,
}

impl<'m, 'p> Counter<'m, 'p> {
    fn new(machine: &'m Machine<'p>, sampling: Sampling) -> Self {
        let first_limit = sampling.limit.unwrap_or(FIRST_LIMIT);
        let later_limit = sampling.limit.unwrap_or(LEAST_LIMIT);
        let (found, by_class) = (Vec::new(), BTreeMap::new());
        Counter { machine, sampling, runs: 0, steps: 0, first_limit, later_limit, found, by_class }
    }

    fn limit(&self, number: u64) -> u64 {
        if number == 0 { self.first_limit } else { self.later_limit }
    }

    fn add(&mut self, number: u64, end: RunEnd, state: &State) {
        if number == 0 && self.sampling.limit.is_none() && end.ending != Ending::Unfinished {
            self.later_limit = end.steps.saturating_mul(LONGER).max(LEAST_LIMIT);
        }
        self.runs += 1;
        self.steps += end.steps;
        let class = Class::of(self.machine, state, end.ending);
        if let Some(&index) = self.by_class.get(&class) {
            self.found[index].count += 1;
        } else {
            self.by_class.insert(class, self.found.len());
            self.found.push(Found { count: 1, first: number, steps: end.steps });
        }
    }

    fn finish(self, cut: bool, mut record: impl FnMut(u64, u64) -> Option<Schedule>) -> Tally {
        let mut room = MAX_RECORDED;
        let results = self.by_class.into_iter().map(|(class, index)| {
            let Found { count, first, steps } = self.found[index];
            let limit = if first == 0 { self.first_limit } else { self.later_limit };
            let is_wanted = class != Class::Unfinished && steps <= room;
            let schedule = if is_wanted { record(first, limit) } else { None };
            room -= schedule.as_ref().map_or(0, |_| steps);
            Tallied { class, count, first, steps, schedule }
        });
        let results = results.collect();
        let Counter { sampling, runs, steps, later_limit: limit, .. } = self;
        Tally { sampling, runs, steps, limit, cut, results }
    }
}

/// Returns how many runs it takes to see something of this probability at least once with this confidence;
/// `None` when it is never seen, or not within 2^63 runs.
pub fn runs_needed(probability: f64, confidence: f64) -> Option<u64> {
    assert!((0.0..1.0).contains(&confidence), "a confidence lies between 0 and 1");
    if probability >= 1.0 {
        return Some(1);
    }
    let runs = ((-confidence).ln_1p() / (-probability).ln_1p()).ceil();
    (probability > 0.0 && runs < 2_f64.powi(63)).then_some((runs as u64).max(1))
}
