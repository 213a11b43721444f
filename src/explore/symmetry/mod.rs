//! Symmetry: threads, elements and values that can change places without a trace.
//!
//! Of the states that differ by such a change of places one is kept, the *representative*. (Emerson and Sistla,
//! "Symmetry and model checking", CAV 1993; Ip and Dill, "Better verification through symmetry", 1996; that the
//! representative is the least state of its orbit makes it exact: Clarke, Enders, Filkorn and Jha, 1996.) There
//! are two kinds:
//!
//! - [`Copies`] that never ask which they are. However many there are, sorting them is enough, and everything
//!   that is counted can be told from the representatives.
//! - A [`SymmetryGroup`] for the others: copies that use `SELF`, so that elements of arrays and values change
//!   places with them, and values that `CHOOSE` draws. Which changes of places are symmetries is told from the
//!   code ([`flow`]); of the states that the group makes of one the least is its representative.
//!
//! SOUND: a change of places is an automorphism of the decision graph that keeps the initial state and all that
//! is shown and asked for. So the quotient has an execution for each one of the whole graph, up to a change of
//! places at each step. Stubborn sets are chosen for representatives, which is as good as for any other state
//! of the orbit (Emerson, Jha and Peled, "Combining partial order and symmetry reductions", TACAS 1997). What is
//! dead in a state is dead, changed places with, in what becomes of the state; it is forgotten there again, so
//! that it does not tell states apart. Symmetries of the second kind do not touch copies of the first, except for
//! their own places, so first the group acts, and then copies are sorted.
//!
//! Results are given back in full: what names threads, elements and values (outcomes, faults, races, the blocked
//! threads of a deadlock) holds with every change of places, and [`check`](crate::check) adds those. Of livelocks
//! one of each orbit is shown. A witness is put together from steps of representatives; going back along it from
//! its end, the steps are renamed so that the execution they make ends in the very state that was found.

mod asked;
mod automorphism;
mod candidates;
mod copies;
mod flow;
mod group;
mod renaming;
mod represent;
#[cfg(test)]
mod tests;
mod transfer;
mod values;

pub use copies::Copies;
pub(super) use copies::Places;
pub use renaming::Renaming;
pub use represent::Moved;
pub(super) use represent::Representer;

use automorphism::Automorphism;
use candidates::{Candidate, MOST_COPIES};
use flow::{Context, Flow};
use group::{MOST_LISTED, SymmetryGroup};
use values::Asymmetry;

use crate::program::{Addr, Cell, GroupId, Range, ThreadId};
use crate::schedule::Schedule;
use crate::vm::{Action, Machine};

/// Exchanges of pairs of copies, or of values, are not looked for any further when so many were none.
const MOST_FAILURES: usize = 16;

/// What can change places in a program.
#[derive(Clone, Debug)]
pub struct Symmetry {
    copies: Option<Copies>,
    group: Option<SymmetryGroup>,
}

impl Symmetry {
    /// Looks for symmetries; `None` where there are none.
    pub(super) fn new(machine: &Machine<'_>) -> Option<Symmetry> {
        let copies = Copies::new(machine);
        let group = find_group(machine, copies.as_ref());
        (copies.is_some() || group.is_some()).then_some(Symmetry { copies, group })
    }

    /// Returns what is left of it where everything that is counted must be told from representatives: copies
    /// that never ask which they are.
    pub(super) fn of_copies(self) -> Option<Symmetry> {
        self.copies.map(|copies| Symmetry { copies: Some(copies), group: None })
    }

    /// Returns the copies that never ask which they are.
    pub fn copies(&self) -> Option<&Copies> {
        self.copies.as_ref()
    }

    /// Returns true when nothing but copies that never ask which they are change places.
    pub fn is_of_copies(&self) -> bool {
        self.group.is_none()
    }

    /// Returns the element that does what one does, and then another.
    pub(super) fn product(&self, first: usize, second: usize) -> usize {
        self.group.as_ref().map_or(0, |group| group.product(first, second))
    }

    /// Returns the steps of one edge with the threads renamed, and with what an element makes of choices and
    /// cells. Its first step is at `site`.
    pub(super) fn renamed(
        &self,
        steps: &Schedule,
        names: &[ThreadId],
        element: usize,
        site: Option<Addr>,
    ) -> Schedule {
        let steps = steps.renamed(names);
        match &self.group {
            Some(group) if element > 0 => {
                let rename = |&action: &Action| renaming::renamed(group.get(element), action, site);
                Schedule { actions: steps.actions.iter().map(rename).collect() }
            }
            _ => steps,
        }
    }

    /// Lists the symmetries of those that do ask, each as what it makes of a schedule and of what is shown.
    pub fn renamings<'m, 'p>(&self, machine: &'m Machine<'p>) -> Vec<Renaming<'_, 'm, 'p>> {
        let elements = self.group.iter().flat_map(|group| (1..group.len()).map(move |one| (group, one)));
        elements.map(|(group, element)| Renaming::of_element(machine, group, element)).collect()
    }
}

/// Looks for symmetries of threads that ask which they are, and of values that are drawn.
fn find_group(machine: &Machine<'_>, copies: Option<&Copies>) -> Option<SymmetryGroup> {
    let program = machine.program();
    if 2 * (program.memory.len() + program.objects.len()) > MOST_LISTED {
        return None;
    }
    let shown = asked::shown_locals(machine);
    Search { machine, shown, contexts: Vec::new(), found: Vec::new() }.run(copies)
}

/// A search for symmetries.
struct Search<'m, 'p> {
    machine: &'m Machine<'p>,
    shown: Vec<Cell>,
    contexts: Vec<Context>,
    found: Vec<Automorphism>,
}

impl Search<'_, '_> {
    fn run(mut self, copies: Option<&Copies>) -> Option<SymmetryGroup> {
        let program = self.machine.program();
        let sorted = |group: GroupId| {
            let first = program.groups[group.index()].first;
            copies.is_some_and(|copies| copies.groups().iter().any(|sorted| sorted.contains(&first)))
        };
        let mut left: Vec<GroupId> = (0..program.groups.len() as u32).map(GroupId).collect();
        let copies_of = |group: GroupId| program.groups[group.index()].copies;
        left.retain(|&group| (2..=MOST_COPIES).contains(&copies_of(group)) && !sorted(group));
        left.retain(|&group| !self.move_threads(&[group]));
        while let Some(&first) = left.first() {
            // Groups of one size may change places together where they cannot do so alone.
            let alike = |group: &GroupId| copies_of(*group) == copies_of(first);
            let (together, others): (Vec<GroupId>, Vec<GroupId>) =
                left.iter().partition(|group| alike(group));
            if together.len() > 1 {
                self.move_threads(&together);
            }
            left = others;
        }
        for (range, sites) in candidates::choices(program) {
            let found = self.exchange_values(range, &sites);
            for &site in sites.iter().filter(|_| !found && sites.len() > 1) {
                self.exchange_values(range, &[site]);
            }
        }
        if self.found.is_empty() {
            return None;
        }
        let generators = std::mem::take(&mut self.found);
        self.try_one(&candidates::unmoved(program)).ok()?;
        let identity = self.found.pop()?;
        SymmetryGroup::generate(self.machine, self.contexts, identity, generators)
    }

    /// Looks for symmetries that move the copies of some groups, all in the same way; returns false when there is
    /// none.
    fn move_threads(&mut self, groups: &[GroupId]) -> bool {
        let program = self.machine.program();
        let copies = program.groups[groups[0].index()].copies;
        let exchange = |a, b| candidates::exchange(program, groups, (a as u32, b as u32));
        self.exchange_pairs(copies as usize, exchange)
            || (copies > 2 && self.try_one(&candidates::rotation(program, groups)).is_ok())
    }

    fn exchange_values(&mut self, range: Range, sites: &[Addr]) -> bool {
        let program = self.machine.program();
        let value = |index: usize| range.low + index as i64;
        let exchange = |a, b| candidates::exchange_of_values(program, sites, (value(a), value(b)));
        self.exchange_pairs((range.high - range.low + 1) as usize, exchange)
    }

    /// Looks for pairs, of so many things, that can be exchanged; returns false when there is none. Two that both
    /// can be exchanged with a third need not be looked at, and what has failed often will fail on.
    fn exchange_pairs(&mut self, count: usize, exchange: impl Fn(usize, usize) -> Candidate) -> bool {
        let mut classes: Vec<usize> = (0..count).collect();
        let (mut found, mut failed) = (false, 0);
        for b in 1..count {
            for a in 0..b {
                if classes[a] != a || classes[b] != b || failed == MOST_FAILURES {
                    continue;
                }
                if self.try_one(&exchange(a, b)).is_ok() {
                    classes[b] = a;
                    found = true;
                } else {
                    failed += 1;
                }
            }
        }
        found
    }

    fn try_one(&mut self, candidate: &Candidate) -> Result<(), Asymmetry> {
        let flow = Flow::follow(self.machine.program(), candidate)?;
        let claims = asked::claims(&flow, self.machine)?;
        self.found.push(Automorphism::new(&flow, &self.shown, claims)?);
        self.contexts = flow.frames.keys().cloned().collect();
        Ok(())
    }
}
