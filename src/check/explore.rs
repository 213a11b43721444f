//! One exploration from program to result.

use std::time::Duration;

use super::collect::Collector;
use super::goals;
use super::judge;
use super::result::{Deadlock, Exploration, FaultReport, Livelock, Outcome, Race, Reached, SearchSummary};
use crate::explore::{Cut, Limits, Monitor, Reduction, Reductions, Sink, Space, Witnesses, find_witnesses};
use crate::graph::{Components, Counts, Ends, Traces, count, count_traces};
use crate::program::{Claim, Models, Observed, Program};
use crate::schedule::Schedule;
use crate::vm::{DEFAULT_BUFFER, Machine, TooLarge};

/// Counts and probabilities are given unasked for up to this many nodes.
const COUNTED_UNASKED: usize = 300_000;

/// What is to be explored, and how far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// The models.
    pub models: Models,
    /// The size of a store buffer, at least 1.
    pub buffer: u32,
    /// Counts and probabilities are wanted whatever they cost.
    pub count: bool,
    /// Only verdicts are wanted: nothing is counted that no expectation speaks of.
    pub verdicts_only: bool,
    /// Reductions may be used where the whole graph is not small and no counts are wanted.
    pub reduce: bool,
    /// These reductions are to be used, whatever the size of the graph; nothing is counted then.
    pub reductions: Option<Reductions>,
    /// How far the search may go.
    pub limits: Limits,
}

impl Request {
    /// Asks for a search without limits, with counts where they are cheap.
    pub fn new(models: Models) -> Request {
        Request {
            models,
            buffer: DEFAULT_BUFFER,
            count: false,
            verdicts_only: false,
            reduce: true,
            reductions: None,
            limits: Limits::default(),
        }
    }
}

/// Explores a program under its models. The result's `elapsed` is zero, because nothing here reads a clock.
///
/// # Errors
///
/// Says so when a single state would not fit into memory.
pub fn explore(
    program: &Program,
    request: &Request,
    monitor: &mut dyn Monitor,
) -> Result<Exploration, TooLarge> {
    let machine = Machine::new(program, request.models, request.buffer)?;
    let counting = counting(request, program);
    if let Some(wanted) = request.reductions {
        let reduction = Reduction::new(&machine, wanted);
        return Ok(explored(&machine, reduction.as_ref(), &request.limits, counting, monitor));
    }
    let small = COUNTED_UNASKED as u64;
    let worth_reducing = request.reduce
        && matches!(counting, Counting::Nothing | Counting::WhereSmall)
        && request.limits.max_states.is_none_or(|limit| limit > small);
    let wanted = if worth_reducing { Reductions::ALL } else { Reductions::NONE };
    let reduction = Reduction::new(&machine, wanted);
    let Some(reduction) = &reduction else {
        return Ok(explored(&machine, None, &request.limits, counting, monitor));
    };
    let (space, collector) =
        search(&machine, None, &Limits { max_states: Some(small), ..request.limits }, monitor);
    if space.cut == Some(Cut::States) {
        drop((space, collector));
        return Ok(explored(&machine, Some(reduction), &request.limits, counting, monitor));
    }
    Ok(conclude(&space, &collector, counting))
}

/// What is counted. A search that was cut or reduced never counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counting {
    /// Nothing.
    Nothing,
    /// Schedules, whatever that costs.
    Schedules,
    /// Schedules and probabilities, where the whole graph is small enough for that to be cheap.
    WhereSmall,
    /// Schedules and probabilities, whatever that costs.
    Probabilities,
    /// Classes of equivalent schedules too.
    Traces,
}

/// Returns what the person and the expectations want counted.
fn counting(request: &Request, program: &Program) -> Counting {
    let expected = program.expectations.iter().any(|expectation| {
        expectation.applies(request.models) && matches!(expectation.claim, Claim::Schedules(_))
    });
    match (request.count, request.verdicts_only, expected) {
        (true, _, _) => Counting::Traces,
        (false, true, true) => Counting::Schedules,
        (false, true, false) => Counting::Nothing,
        (false, false, true) => Counting::Probabilities,
        (false, false, false) => Counting::WhereSmall,
    }
}

/// Explores a machine, with or without reductions.
pub fn explored(
    machine: &Machine<'_>,
    reduction: Option<&Reduction>,
    limits: &Limits,
    counting: Counting,
    monitor: &mut dyn Monitor,
) -> Exploration {
    let (space, collector) = search(machine, reduction, limits, monitor);
    conclude(&space, &collector, counting)
}

fn search<'m, 'p>(
    machine: &'m Machine<'p>,
    reduction: Option<&'m Reduction>,
    limits: &Limits,
    monitor: &mut dyn Monitor,
) -> (Space<'m, 'p>, Collector<'m, 'p>) {
    let mut collector = Collector::new(machine);
    let space = Space::explore_reduced(machine, reduction, limits, monitor, &mut collector);
    (space, collector)
}

/// Counts, finds witnesses and judges what a search found.
fn conclude(space: &Space<'_, '_>, collector: &Collector<'_, '_>, counting: Counting) -> Exploration {
    let components = Components::new(space);
    let livelocks = components.livelocks(space);
    let wanted = match counting {
        Counting::Nothing => false,
        Counting::WhereSmall => space.len() <= COUNTED_UNASKED,
        Counting::Schedules | Counting::Probabilities | Counting::Traces => true,
    };
    let counted = wanted && space.cut.is_none() && space.reduction.is_none();
    let with_probabilities = counting != Counting::Schedules;
    let counts = counted.then(|| count(space, &components, &ends(space, collector), with_probabilities));
    let traces = (counting == Counting::Traces).then(|| count_traces(space, &components)).flatten();
    let mut goals = goals::Search::new(space, collector, &components, &livelocks);
    let witnesses = find_witnesses(space, &mut goals);
    let assembler = Assembler { space, collector, goals: &goals, witnesses, counts, traces };
    assembler.assemble(&components, &livelocks)
}

/// Sorts the ends into classes: outcomes, then deadlocks, then sinks.
fn ends(space: &Space<'_, '_>, collector: &Collector<'_, '_>) -> Ends {
    let deadlocks = collector.outcomes.len();
    let sinks = deadlocks + collector.deadlocks.len();
    let mut of_node = collector.final_nodes.clone();
    of_node.extend(collector.deadlock_nodes.iter().map(|(&node, &class)| (node, deadlocks + class)));
    let of_sink =
        space.sinks.iter().enumerate().map(|(index, &sink)| (sink != Sink::Assume).then_some(sinks + index));
    Ends { classes: sinks + space.sinks.len(), of_node, of_sink: of_sink.collect() }
}

/// Puts the pieces of a result together, each list in its order.
struct Assembler<'a, 's, 'm, 'p> {
    space: &'s Space<'m, 'p>,
    collector: &'a Collector<'m, 'p>,
    goals: &'a goals::Search<'a, 's, 'm, 'p>,
    witnesses: Witnesses,
    counts: Option<Counts>,
    traces: Option<Traces>,
}

impl Assembler<'_, '_, '_, '_> {
    fn assemble(&self, components: &Components, livelocks: &[u32]) -> Exploration {
        let mut exploration = Exploration {
            models: self.space.machine.models(),
            search: SearchSummary {
                states: self.space.states(),
                transitions: self.space.transitions(),
                cut: self.space.cut,
                elapsed: Duration::ZERO,
                minimal_witnesses: self.space.cut.is_none()
                    && self.space.reduction.is_none()
                    && self.witnesses.minimal,
                reduced: self.space.reduction.is_some(),
            },
            schedules: self.counts.as_ref().map(|counts| counts.schedules.clone()),
            traces: self.traces.clone(),
            outcomes: self.outcomes(),
            deadlocks: self.deadlocks(),
            faults: self.faults(),
            livelocks: self.livelocks(components, livelocks),
            races: self.races(),
            expectations: Vec::new(),
        };
        let first = self.goals.numbering().watches;
        let watches = self.collector.watches.iter().zip(&self.witnesses.schedules[first..]);
        exploration.expectations =
            watches.map(|(watch, witness)| judge::judge(&exploration, watch, witness.clone())).collect();
        exploration
    }

    /// What is known of the class of ends, and of the goal, with this number: both are numbered alike.
    fn reached(&self, goal: usize) -> Reached {
        Reached {
            schedules: self.counts.as_ref().map(|counts| counts.classes[goal].clone()),
            probability: self.counts.as_ref().and_then(|counts| counts.probabilities.get(goal).cloned()),
            witness: self.witness(goal),
        }
    }

    fn witness(&self, goal: usize) -> Schedule {
        self.witnesses.schedules[goal]
            .clone()
            .expect("what the search found, the search for witnesses finds again")
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let outcome = |((values, output), &class): (&(Vec<i64>, Vec<i64>), &usize)| Outcome {
            values: self.by_observed(values),
            output: output.clone(),
            reached: self.reached(class),
        };
        self.collector.outcomes.iter().map(outcome).collect()
    }

    fn deadlocks(&self) -> Vec<Deadlock> {
        let first = self.goals.numbering().deadlocks;
        let deadlocks = self.collector.deadlocks.iter();
        deadlocks
            .map(|((values, blocked), &class)| Deadlock {
                values: self.by_observed(values),
                blocked: blocked.clone(),
                reached: self.reached(first + class),
            })
            .collect()
    }

    fn faults(&self) -> Vec<FaultReport> {
        let program = self.space.machine.program();
        let first = self.goals.numbering().sinks;
        let fault = |(index, sink): (usize, &Sink)| match *sink {
            Sink::Assume => None,
            Sink::Fault { fault, thread, at } => Some(FaultReport {
                message: fault.message(program).to_owned(),
                thread,
                at,
                reached: self.reached(first + index),
            }),
        };
        let mut faults: Vec<FaultReport> = self.space.sinks.iter().enumerate().filter_map(fault).collect();
        faults.sort_by(|a, b| {
            let key = |fault: &FaultReport| (program.line(fault.at), fault.thread);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        faults
    }

    fn livelocks(&self, components: &Components, livelocks: &[u32]) -> Vec<Livelock> {
        let first = self.goals.numbering().livelocks;
        let mut state = self.space.machine.initial();
        let mut found = Vec::new();
        for (index, &component) in livelocks.iter().enumerate() {
            let node = self.goals.livelock_nodes[index].expect("the search for witnesses reaches every node");
            self.space.store.load(node, &mut state);
            found.push(Livelock {
                values: self.by_observed(&super::collect::observed(self.space.machine, &state)),
                states: components.nodes(component).len() as u64,
                witness: self.witness(first + index),
            });
        }
        found.sort_by(|a, b| a.values.cmp(&b.values).then_with(|| a.witness.cmp(&b.witness)));
        found
    }

    fn races(&self) -> Vec<Race> {
        let first = self.goals.numbering().races;
        let races = self.collector.races.iter().enumerate();
        races
            .map(|(index, key)| Race {
                cell: key.0,
                accesses: self.goals.accesses[key],
                witness: self.witness(first + index),
            })
            .collect()
    }

    /// Cuts flat values into those of each observed entry.
    fn by_observed(&self, flat: &[i64]) -> Vec<Vec<i64>> {
        let mut rest = flat;
        let cut = |observed: &Observed| {
            let (values, behind) = rest.split_at(observed.cells.len());
            rest = behind;
            values.to_vec()
        };
        self.space.machine.program().observed.iter().map(cut).collect()
    }
}
