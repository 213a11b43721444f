//! One exploration from program to result.

use std::time::Duration;

use super::assemble::Findings;
use super::collect::{Collector, observed};
use super::counting::{Counting, counted, counting};
use super::goals;
use super::lossy::wandered;
use super::result::{Exploration, SearchSummary, Summary};
use super::swept::{self, Answer, Asked};
use crate::explore::{Cut, Limits, Monitor, Reduction, Reductions, Sink, Space, Spill, find_witnesses};
use crate::graph::{Components, Ends, count, count_traces};
use crate::program::{Models, Program};
use crate::vm::{DEFAULT_BUFFER, Machine, TooLarge};

/// Counts and probabilities are given unasked for up to this many nodes.
pub(super) const COUNTED_UNASKED: usize = 300_000;

/// What components take once they are there, bytes a node.
const COMPONENTS_BY_NODE: usize = 13;

/// A graph of up to this many nodes is explored with its edges at once.
const TINY: u64 = 5_000;

/// How many nodes of the reduced graph are tried, then how many of the whole one, one pair after the other. A sweep
/// goes through some fifty nodes while a search that reduces goes through one.
const TRIED: [(u64, u64); 3] = [(20_000, 1_000_000), (100_000, 5_000_000), (500_000, 25_000_000)];

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
    /// How many threads search, at least 1; results are the same with any.
    pub workers: usize,
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
            workers: 1,
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
    explore_beyond(program, request, Beyond::Stop, monitor)
}

/// What a search does where memory ends.
#[derive(Clone, Copy, Debug)]
pub enum Beyond<'d> {
    /// It stops.
    Stop,
    /// It goes on with its states on disk, exactly.
    Disk(Spill<'d>),
    /// It goes on without keeping states, so that some may be missed.
    Lossy,
}

/// What is to be done with a machine.
#[derive(Clone, Copy)]
pub(super) struct Task<'a, 'p> {
    pub machine: &'a Machine<'p>,
    pub request: &'a Request,
    pub counting: Counting,
    pub beyond: Beyond<'a>,
}

/// Explores as [`explore`] does, and goes on where memory ends.
///
/// # Errors
///
/// Says so when a single state would not fit into memory.
pub fn explore_beyond(
    program: &Program,
    request: &Request,
    beyond: Beyond<'_>,
    monitor: &mut dyn Monitor,
) -> Result<Exploration, TooLarge> {
    let machine = Machine::new(program, request.models, request.buffer)?;
    let counting = counting(request, program);
    let task = Task { machine: &machine, request, counting, beyond };
    if let Some(wanted) = request.reductions {
        let reduction = Reduction::new(&machine, wanted);
        let found = explored(&machine, reduction.as_ref(), &request.limits, Counting::Nothing, monitor);
        // These reductions and no others, unless it is wanted that the search goes on at all costs.
        return Ok(match beyond {
            Beyond::Stop => found,
            _ => or_without_edges(found, Task { counting: Counting::Nothing, ..task }, monitor),
        });
    }
    let most = |count: u64| Limits {
        max_states: Some(request.limits.max_states.map_or(count, |limit| limit.min(count))),
        ..request.limits
    };
    let is_beyond = |cut: Option<Cut>, count: u64| {
        cut == Some(Cut::States) && request.limits.max_states.is_none_or(|limit| limit > count)
    };
    let (space, collector) = search(&machine, None, &most(TINY), monitor);
    if !is_beyond(space.cut, TINY) {
        let found = conclude(&space, &collector, counting, &request.limits);
        drop((space, collector));
        return Ok(or_without_edges(found, task, monitor));
    }
    drop((space, collector));
    if counting.is_asked() {
        return Ok(counted(task, monitor));
    }
    let wanted = if request.reduce { Reductions::ALL } else { Reductions::NONE };
    let reduction = Reduction::new(&machine, wanted);
    // Where only verdicts are wanted nothing is gained by going on with the whole graph.
    if let Some(reduction) = &reduction
        && counting == Counting::Nothing
    {
        return Ok(reduced(task, reduction, monitor));
    }
    // What a reduction may find room for has no need to go beyond memory.
    let (limits, beyond_whole) = match reduction {
        Some(_) => (most(COUNTED_UNASKED as u64), Beyond::Stop),
        None => (request.limits, beyond),
    };
    let small = if counting == Counting::Nothing { 0 } else { COUNTED_UNASKED as u64 };
    let asked = Asked::by(request, small, counting);
    let is_for_reduction =
        |cut: Option<Cut>| cut == Some(Cut::Memory) || is_beyond(cut, COUNTED_UNASKED as u64);
    match (swept::explored(&machine, &limits, asked, beyond_whole, monitor).answer, &reduction) {
        (Answer::Whole(found), Some(reduction)) if is_for_reduction(found.search.cut) => {
            Ok(reduced(task, reduction, monitor))
        }
        (Answer::Whole(found), _) => Ok(*found),
        (Answer::Small, _) => {
            let found = explored(&machine, None, &request.limits, counting, monitor);
            Ok(or_without_edges(found, task, monitor))
        }
        (Answer::NotForSweeps, _) => {
            let found = explored(&machine, reduction.as_ref(), &request.limits, counting, monitor);
            Ok(or_lossily(found, task, monitor))
        }
    }
}

/// Explores a machine with reductions where these make its graph small, and by a sweep of the whole graph where
/// they do not; nothing is counted. Which it is is not known before: both are tried, further each time.
fn reduced(task: Task<'_, '_>, reduction: &Reduction, monitor: &mut dyn Monitor) -> Exploration {
    let task = Task { counting: Counting::Nothing, ..task };
    let Task { machine, request, .. } = task;
    let asked = Asked::by(request, 0, Counting::Nothing);
    for (small, whole) in TRIED {
        let limit = request.limits.max_states;
        let most = |count: u64| Limits { max_states: Some(count), ..request.limits };
        if limit.is_some_and(|limit| limit <= whole) {
            break;
        }
        let found = explored(machine, Some(reduction), &most(small), Counting::Nothing, monitor);
        if found.search.cut != Some(Cut::States) {
            return or_without_edges(found, task, monitor);
        }
        match swept::explored(machine, &most(whole), asked, Beyond::Stop, monitor).answer {
            Answer::Whole(found) if matches!(found.search.cut, Some(Cut::States | Cut::Memory)) => {}
            Answer::Whole(found) => return *found,
            Answer::Small | Answer::NotForSweeps => break,
        }
    }
    let found = explored(machine, Some(reduction), &request.limits, Counting::Nothing, monitor);
    or_without_edges(found, task, monitor)
}

/// The limits of a search that comes behind one that has filled its memory: not all that this one has freed is
/// given back to the system at once.
pub(super) fn behind_another(limits: &Limits) -> Limits {
    Limits { max_memory: limits.max_memory.map(|limit| limit / 2), ..*limits }
}

/// Where edges, or counts on them, found no room: what a sweep finds, which keeps none, if that says more.
pub(super) fn or_without_edges(
    found: Exploration,
    task: Task<'_, '_>,
    monitor: &mut dyn Monitor,
) -> Exploration {
    if found.search.cut != Some(Cut::Memory) && !found.search.uncounted {
        return found;
    }
    let Task { machine, request, counting, beyond } = task;
    let limits = behind_another(&request.limits);
    let asked = Asked::by(request, 0, counting);
    match swept::explored(machine, &limits, asked, beyond, monitor).answer {
        Answer::Whole(swept) if found.search.uncounted => {
            if swept.schedules.is_some() {
                *swept
            } else {
                found
            }
        }
        Answer::Whole(swept) => the_better(found, *swept),
        Answer::NotForSweeps => or_lossily(found, task, monitor),
        Answer::Small => found,
    }
}

/// Where memory ended and no sweep can go on: what a search finds that forgets, if that is wanted.
fn or_lossily(found: Exploration, task: Task<'_, '_>, monitor: &mut dyn Monitor) -> Exploration {
    let Task { machine, request, beyond, .. } = task;
    if found.search.cut != Some(Cut::Memory) || !matches!(beyond, Beyond::Lossy) {
        return found;
    }
    let limits = behind_another(&request.limits);
    the_better(found, wandered(machine, &limits, monitor))
}

/// Of a search that memory ended and one behind it, the one that says more; but it says why both ended.
fn the_better(first: Exploration, behind: Exploration) -> Exploration {
    let said = |found: &Exploration| {
        let things = found.outcomes.len() + found.deadlocks.len() + found.faults.len() + found.races.len();
        (found.summary() == Summary::Fails, found.search.lossy.is_some(), things, found.search.states)
    };
    if behind.search.cut.is_none() || said(&behind) > said(&first) {
        return behind;
    }
    let search = SearchSummary { cut: behind.search.cut, lossy: behind.search.lossy, ..first.search };
    Exploration { search, ..first }
}

/// Explores a machine, with or without reductions. Counts need a search that was not cut and reductions that
/// [keep schedules](Reduction::keeps_schedules); where they are given and only symmetry reduces, states and
/// transitions are those of the whole graph.
pub fn explored(
    machine: &Machine<'_>,
    reduction: Option<&Reduction>,
    limits: &Limits,
    counting: Counting,
    monitor: &mut dyn Monitor,
) -> Exploration {
    let (space, collector) = search(machine, reduction, limits, monitor);
    conclude(&space, &collector, counting, limits)
}

pub(super) fn search<'m, 'p>(
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
pub(super) fn conclude(
    space: &Space<'_, '_>,
    collector: &Collector<'_, '_>,
    counting: Counting,
    limits: &Limits,
) -> Exploration {
    let room = || {
        let held = (space.memory() + collector.memory() + COMPONENTS_BY_NODE * space.len()) as u64;
        limits.max_memory.map_or(u64::MAX, |limit| limit.saturating_sub(held))
    };
    let components = Components::new(space);
    let livelocks = components.livelocks(space);
    let wanted = match counting {
        Counting::WhereSmall if space.len() > COUNTED_UNASKED => Counting::Nothing,
        _ => counting,
    };
    let keeps_schedules = space.reduction.is_none_or(Reduction::keeps_schedules);
    let is_countable = wanted != Counting::Nothing && space.cut.is_none() && keeps_schedules;
    let fitting = if is_countable { wanted.within(space.len(), room()) } else { Counting::Nothing };
    let with_probabilities = fitting != Counting::Schedules;
    let counts = (fitting != Counting::Nothing)
        .then(|| count(space, &components, &ends(space, collector), with_probabilities));
    let traces = (fitting == Counting::Traces).then(|| count_traces(space, &components)).flatten();
    let sizes = is_countable.then(|| space.whole_sizes()).flatten();
    let mut goals = goals::Search::new(space, collector, &components, &livelocks);
    let witnesses = find_witnesses(space, &mut goals, room());
    let livelocks = livelocks.iter().zip(&goals.livelock_nodes).map(|(&component, node)| {
        let mut state = space.machine.initial();
        space.store.load(node.expect("the search for witnesses reaches every node"), &mut state);
        (observed(space.machine, &state), components.nodes(component).len() as u64)
    });
    let livelocks = livelocks.collect();
    let search = SearchSummary {
        states: sizes.map_or_else(|| space.states(), |sizes| sizes.states),
        transitions: sizes.map_or_else(|| space.transitions(), |sizes| sizes.transitions),
        kept: sizes.filter(|_| space.reduction.is_some()).map(|_| space.states()),
        cut: space.cut,
        elapsed: Duration::ZERO,
        minimal_witnesses: space.cut.is_none() && keeps_schedules && witnesses.minimal,
        reduced: space.reduction.is_some() && sizes.is_none(),
        uncounted: is_countable && counts.is_none(),
        traces_uncounted: wanted == Counting::Traces
            && fitting == Counting::Probabilities
            && space.machine.decides_after_every_step()
            && !components.any_cyclic(),
        lossy: None,
    };
    let accesses = std::mem::take(&mut goals.accesses);
    let found = Findings {
        machine: space.machine,
        search,
        collector,
        sinks: &space.sinks,
        symmetry: space.reduction.and_then(Reduction::symmetry),
        livelocks,
        accesses,
        witnesses: witnesses.schedules,
        counts,
        traces,
    };
    found.assemble()
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
