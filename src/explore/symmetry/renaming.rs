//! What a symmetry makes of what was found: of values, threads, cells and schedules.

use super::automorphism::Automorphism;
use super::group::SymmetryGroup;
use crate::program::{Addr, Cell, ThreadId};
use crate::schedule::Schedule;
use crate::vm::{Action, Actor, Choice, Machine};

/// A symmetry as what it makes of results.
#[derive(Clone, Copy, Debug)]
pub struct Renaming<'g, 'm, 'p> {
    machine: &'m Machine<'p>,
    group: &'g SymmetryGroup,
    element: usize,
}

impl<'g, 'm, 'p> Renaming<'g, 'm, 'p> {
    pub(super) fn of_element(machine: &'m Machine<'p>, group: &'g SymmetryGroup, element: usize) -> Self {
        Renaming { machine, group, element }
    }

    fn automorphism(&self) -> &'g Automorphism {
        self.group.get(self.element)
    }

    /// Returns the thread whose place a thread takes.
    pub fn thread(&self, thread: ThreadId) -> ThreadId {
        self.automorphism().key.threads[thread.index()]
    }

    /// Returns the memory cell whose place a cell takes.
    pub fn memory_cell(&self, cell: u32) -> u32 {
        self.automorphism().cells[cell as usize].0
    }

    /// Returns the values that cells have where these were their values. They must be all that is observed, or
    /// the cells of an `outcomes` claim.
    pub fn values(&self, cells: &[Cell], values: &[i64]) -> Vec<i64> {
        self.group.image_of_values(self.machine, self.element, cells, values)
    }

    /// Lists the claims whose place a claim takes, by their numbers among those that apply: more than one where a
    /// claim stands several times.
    pub fn claims(&self, claim: usize) -> impl Iterator<Item = usize> {
        let image = self.automorphism().claims[claim];
        // Where nothing changes its place, a claim becomes the first of those that are the same.
        let same = self.group.get(0).claims.iter().enumerate();
        same.filter(move |&(_, &first)| first == image).map(|(index, _)| index)
    }

    /// Returns what becomes of printed values.
    pub fn output(&self, values: &[i64]) -> Vec<i64> {
        values.iter().map(|&value| self.automorphism().output.image(value)).collect()
    }

    /// Returns what becomes of an execution from the initial state.
    pub fn schedule(&self, schedule: &Schedule) -> Schedule {
        let automorphism = self.automorphism();
        let mut state = self.machine.initial();
        let mut actions = Vec::with_capacity(schedule.actions.len());
        for &action in &schedule.actions {
            let site = self.machine.pc(&state, action.actor.thread());
            actions.push(renamed(automorphism, action, site));
            // Behind a stop nothing comes.
            let _ = self.machine.step(&mut state, action);
        }
        Schedule { actions }.renamed(&automorphism.key.threads)
    }
}

/// Returns a step, at this address, with its choice and cell renamed, but not its threads.
pub(super) fn renamed(automorphism: &Automorphism, action: Action, site: Option<Addr>) -> Action {
    let actor = match action.actor {
        Actor::Buffer(thread, Some(cell)) => Actor::Buffer(thread, Some(automorphism.cells[cell as usize].0)),
        other => other,
    };
    let map = site.and_then(|site| automorphism.key.choices.get(&site));
    let choice = match (action.choice, map) {
        (Choice::Value(value), Some(map)) => Choice::Value(map.image(value)),
        (other, _) => other,
    };
    Action { actor, choice }
}
