//! What is counted, and on which graph.
//!
//! Schedules are counted on the whole graph while that is small. A larger one of a program with copies that
//! nothing can tell apart is searched up to symmetry, on which everything that is counted is the same number
//! (see [`Reduction`]); what names threads, [`orbits`](super::orbits) gives back in full, each with its share. So
//! are witnesses: the cost of reaching a state does not depend on which copy is which.

use super::explore::{COUNTED_UNASKED, Request, conclude, explored, search};
use super::result::Exploration;
use crate::explore::{Cut, Monitor, Reduction, Reductions};
use crate::program::{Claim, Program};
use crate::vm::Machine;

/// What counting takes, bytes a node: schedules; probabilities, one after the other; traces.
const SCHEDULES_BY_NODE: u64 = 64;
const PROBABILITIES_BY_NODE: u64 = 160;
const TRACES_BY_NODE: u64 = 400;

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

    /// Returns as much of this as so many nodes can be counted for in so many bytes.
    pub(super) fn within(self, nodes: usize, room: u64) -> Counting {
        let fits = |bytes: u64| nodes as u64 * bytes <= room;
        match self {
            Counting::Traces if fits(TRACES_BY_NODE) => Counting::Traces,
            Counting::Schedules if fits(SCHEDULES_BY_NODE) => Counting::Schedules,
            Counting::Traces | Counting::Probabilities if fits(PROBABILITIES_BY_NODE) => {
                Counting::Probabilities
            }
            Counting::WhereSmall if fits(PROBABILITIES_BY_NODE) => Counting::WhereSmall,
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

/// Explores a machine whose schedules are to be counted whatever that costs.
pub(super) fn counted(
    machine: &Machine<'_>,
    request: &Request,
    counting: Counting,
    monitor: &mut dyn Monitor,
) -> Exploration {
    let by_symmetry = request.reduce.then(|| counted_by_symmetry(machine, request, counting, monitor));
    by_symmetry.flatten().unwrap_or_else(|| explored(machine, None, &request.limits, counting, monitor))
}

/// Counts up to symmetry; `None` where nothing is symmetric, where the whole graph is small, where it has a
/// livelock, whose size must be told from the whole graph, and where so many states were allowed only.
fn counted_by_symmetry(
    machine: &Machine<'_>,
    request: &Request,
    counting: Counting,
    monitor: &mut dyn Monitor,
) -> Option<Exploration> {
    let reduction = Reduction::new(machine, Reductions { symmetry: true, ..Reductions::NONE })?;
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
