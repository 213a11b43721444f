//! What is counted, and on which graph.
//!
//! Schedules are counted on the whole graph while that is small. A larger one of a program with copies that
//! nothing can tell apart is searched up to symmetry, on which everything that is counted is the same number
//! (see [`Reduction`]); what names threads, [`orbits`](super::orbits) gives back in full, each with its share. So
//! are witnesses: the cost of reaching a state does not depend on which copy is which. Where edges find no room,
//! a sweep counts; and where that finds none, a search that forgets what nobody will read, whose graph has other
//! sizes but the same numbers.

use super::explore::{
    COUNTED_UNASKED, Request, Task, behind_another, conclude, explored, or_without_edges, search,
};
use super::result::Exploration;
use super::swept::{self, Answer, Asked, Attempt};
use crate::explore::{Cut, Limits, Monitor, Reduction, Reductions};
use crate::program::{Claim, Program};

/// What counting takes, bytes a node: schedules; probabilities, one after the other; traces.
const SCHEDULES_BY_NODE: u64 = 64;
const PROBABILITIES_BY_NODE: u64 = 160;
const TRACES_BY_NODE: u64 = 400;

/// What a node takes that is kept with its edges, and what comes after a search with edges.
const EDGES_BY_NODE: u64 = 120;

/// What is counted. A search that was cut never counts.
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

impl Counting {
    /// Returns true when something is to be counted whatever that costs.
    pub(super) fn is_asked(self) -> bool {
        !matches!(self, Counting::Nothing | Counting::WhereSmall)
    }

    /// Returns what all of it takes.
    fn bytes_by_node(self) -> u64 {
        match self {
            Counting::Nothing => 0,
            Counting::Schedules => SCHEDULES_BY_NODE,
            Counting::WhereSmall | Counting::Probabilities => PROBABILITIES_BY_NODE,
            Counting::Traces => TRACES_BY_NODE,
        }
    }

    /// Returns as much of this as so many nodes can be counted for in so many bytes.
    pub(super) fn within(self, nodes: usize, room: u64) -> Counting {
        let fits = |counting: Counting| nodes as u64 * counting.bytes_by_node() <= room;
        match self {
            counting if fits(counting) => counting,
            Counting::Traces if fits(Counting::Probabilities) => Counting::Probabilities,
            _ => Counting::Nothing,
        }
    }
}

/// Returns what the person and the expectations want counted.
pub(super) fn counting(request: &Request, program: &Program) -> Counting {
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

/// Explores a machine whose schedules are to be counted whatever that costs, and whose graph is not tiny.
pub(super) fn counted(task: Task<'_, '_>, monitor: &mut dyn Monitor) -> Exploration {
    let Task { machine, request, counting, .. } = task;
    let by_symmetry = request.reduce.then(|| counted_by_symmetry(task, monitor));
    let found = match by_symmetry.flatten() {
        Some(found) => or_without_edges(found, task, monitor),
        None => counted_whole(task, monitor),
    };
    let lacks_memory = found.search.cut == Some(Cut::Memory) || found.search.uncounted;
    if !request.reduce || !lacks_memory {
        return found;
    }
    let forgetting = Reductions { symmetry: true, dead: true, ..Reductions::NONE };
    let reduction = Reduction::new(machine, forgetting).map(Reduction::for_counts);
    let limits = behind_another(&request.limits);
    let smaller = reduction.map(|reduction| explored(machine, Some(&reduction), &limits, counting, monitor));
    smaller.filter(|found| found.schedules.is_some()).unwrap_or(found)
}

/// Counts on the whole graph. Edges are kept where they and everything that is to be counted find room; if not,
/// a sweep counts what it can, and tells so after a small part of the time. What it held may still be taken then,
/// so that edges have the rest; what edges held is given back, since it was taken in few large pieces.
fn counted_whole(task: Task<'_, '_>, monitor: &mut dyn Monitor) -> Exploration {
    let Task { machine, request, counting, beyond } = task;
    let with_edges =
        |limits: &Limits, monitor: &mut dyn Monitor| explored(machine, None, limits, counting, monitor);
    let Some(limit) = request.limits.max_memory else { return with_edges(&request.limits, monitor) };
    let small = limit / (EDGES_BY_NODE + counting.bytes_by_node());
    let asked = Asked::by(request, small, counting);
    let Attempt { answer, held } = swept::explored(machine, &request.limits, asked, beyond, monitor);
    let beside = Limits { max_memory: Some(limit.saturating_sub(held)), ..request.limits };
    match answer {
        Answer::Whole(found) if found.search.uncounted => {
            // Where steps lead in cycles, or many numbers are large, edges may do what a sweep does not.
            let edged = with_edges(&beside, monitor);
            let is_told_to_stop = matches!(edged.search.cut, Some(Cut::Time | Cut::Interrupt));
            if edged.schedules.is_some() || is_told_to_stop { edged } else { *found }
        }
        Answer::Whole(found) => *found,
        // A sweep as small as that leaves next to nothing behind.
        Answer::Small => or_without_edges(with_edges(&request.limits, monitor), task, monitor),
        Answer::NotForSweeps => or_without_edges(with_edges(&beside, monitor), task, monitor),
    }
}

/// Counts up to symmetry; `None` where nothing is symmetric, where the whole graph is small, where it has a
/// livelock, whose size must be told from the whole graph, and where so many states were allowed only.
fn counted_by_symmetry(task: Task<'_, '_>, monitor: &mut dyn Monitor) -> Option<Exploration> {
    let Task { machine, request, counting, .. } = task;
    let symmetry = Reductions { symmetry: true, ..Reductions::NONE };
    let reduction = Reduction::new(machine, symmetry)?.for_counts();
    reduction.symmetry()?;
    let (space, collector) = search(machine, Some(&reduction), &request.limits, monitor);
    match space.cut {
        None if space.whole_sizes()?.states <= COUNTED_UNASKED as u64 => return None,
        Some(Cut::States) => return None,
        _ => {}
    }
    let found = conclude(&space, &collector, counting, &request.limits);
    (found.search.cut.is_some() || found.livelocks.is_empty()).then_some(found)
}
