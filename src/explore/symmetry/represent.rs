//! Turning states into their representatives.

use super::Symmetry;
use crate::explore::dead::Dead;
use crate::program::ThreadId;
use crate::vm::{Machine, State};

/// How a state has become its representative.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'r> {
    /// For each thread there, which thread it was.
    pub order: &'r [ThreadId],
    /// The element of the group that acted first.
    pub element: usize,
}

/// Finds representatives; keeps its scratch space between calls.
#[derive(Debug)]
pub(in crate::explore) struct Representer<'m, 'p> {
    machine: &'m Machine<'p>,
    symmetry: &'m Symmetry,
    dead: Option<&'m Dead>,
    order: Vec<ThreadId>,
    element: usize,
    contexts: Vec<usize>,
    least: Vec<usize>,
    sorting: Vec<ThreadId>,
    image: State,
    sorted: State,
    best: State,
}

impl<'m, 'p> Representer<'m, 'p> {
    /// Makes one for a machine; where dead values are forgotten, they are in representatives too.
    pub fn new(
        machine: &'m Machine<'p>,
        symmetry: &'m Symmetry,
        dead: Option<&'m Dead>,
    ) -> Representer<'m, 'p> {
        let initial = machine.initial();
        Representer {
            machine,
            symmetry,
            dead,
            order: Vec::new(),
            element: 0,
            contexts: Vec::new(),
            least: Vec::new(),
            sorting: Vec::new(),
            image: initial.clone(),
            sorted: initial.clone(),
            best: initial,
        }
    }

    /// Returns how the last state has become its representative.
    pub fn moved(&self) -> Moved<'_> {
        Moved { order: &self.order, element: self.element }
    }

    /// Turns a state into its representative; returns false when it is that already.
    pub fn represent(&mut self, state: &mut State) -> bool {
        match &self.symmetry.group {
            None => self.sort_copies(state),
            Some(_) => self.find_least(state),
        }
    }

    fn sort_copies(&mut self, state: &mut State) -> bool {
        let Some(copies) = &self.symmetry.copies else { return false };
        let moved = copies.find_order(self.machine, state, &mut self.order);
        if moved {
            self.machine.reorder(state, &self.order, &mut self.sorted);
            std::mem::swap(state, &mut self.sorted);
        }
        self.element = 0;
        moved
    }

    fn find_least(&mut self, state: &mut State) -> bool {
        let Representer { machine, symmetry, dead, contexts, least, sorting, image, sorted, best, .. } = self;
        let group = symmetry.group.as_ref().expect("there is a group");
        group.find_contexts(machine, state, contexts);
        group.find_least(contexts, least);
        let mut chosen = None;
        for &element in &*least {
            if element == 0 {
                image.clone_from(state);
            } else {
                group.apply(machine, element, contexts, state, image);
                if let Some(dead) = dead {
                    dead.forget_locals(machine, image);
                }
            }
            let moves = |copies: &super::Copies| copies.find_order(machine, image, sorting);
            if symmetry.copies.as_ref().is_some_and(moves) {
                machine.reorder(image, sorting, sorted);
                std::mem::swap(image, sorted);
            } else {
                sorting.clear();
                sorting.extend(machine.program().thread_ids());
            }
            if chosen.is_none() || *image < *best {
                std::mem::swap(image, best);
                chosen = Some(element);
                self.order.clear();
                self.order.extend(sorting.iter().map(|from| group.order(element)[from.index()]));
            }
        }
        self.element = chosen.expect("some symmetry puts the addresses into the least order");
        if *best == *state {
            return false;
        }
        std::mem::swap(state, best);
        true
    }
}
