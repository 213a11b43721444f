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
mod search;
#[cfg(test)]
mod tests;
mod transfer;
mod values;

pub use copies::Copies;
pub(super) use copies::Places;
pub use renaming::Renaming;
pub use represent::Moved;
pub(super) use represent::Representer;

use group::SymmetryGroup;

use crate::program::{Addr, ThreadId};
use crate::schedule::Schedule;
use crate::vm::{Action, Machine};

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
        let group = search::find_group(machine, copies.as_ref());
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
