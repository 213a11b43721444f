//! The search for symmetries: one change of places after another is tried, and those that pass generate a group.

use super::Copies;
use super::asked;
use super::automorphism::Automorphism;
use super::candidates::{self, Candidate, MOST_COPIES};
use super::flow::{Context, Flow};
use super::group::{MOST_LISTED, SymmetryGroup};
use super::values::Asymmetry;
use crate::program::{Addr, Cell, GroupId, Range};
use crate::vm::Machine;

/// Exchanges of pairs of copies, or of values, are not looked for any further when so many were none.
const MOST_FAILURES: usize = 16;

/// Looks for symmetries of threads that ask which they are, and of values that are drawn.
pub(super) fn find_group(machine: &Machine<'_>, copies: Option<&Copies>) -> Option<SymmetryGroup> {
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
        left.retain(|&group| !self.move_copies(&[group]));
        while let Some(&first) = left.first() {
            // Groups of one size may change places together where they cannot do so alone.
            let alike = |group: &GroupId| copies_of(*group) == copies_of(first);
            let (together, others): (Vec<GroupId>, Vec<GroupId>) =
                left.iter().partition(|group| alike(group));
            if together.len() > 1 {
                self.move_copies(&together);
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

    /// Looks for symmetries that move the copies of some groups, all in the same way, and where these are none,
    /// their numbers too where `CHOOSE` draws one; returns false when there is none.
    fn move_copies(&mut self, groups: &[GroupId]) -> bool {
        let program = self.machine.program();
        let last = i64::from(program.groups[groups[0].index()].copies) - 1;
        let draws_a_copy = |range: &Range| (range.low, range.high) == (0, last);
        let drawn = candidates::choices(program).into_iter().find(|(range, _)| draws_a_copy(range));
        self.move_with(groups, &[]) || drawn.is_some_and(|(_, sites)| self.move_with(groups, &sites))
    }

    fn move_with(&mut self, groups: &[GroupId], sites: &[Addr]) -> bool {
        let program = self.machine.program();
        let copies = program.groups[groups[0].index()].copies;
        let exchange = |a, b| candidates::exchange(program, groups, sites, (a as u32, b as u32));
        self.exchange_pairs(copies as usize, exchange)
            || (copies > 2 && self.try_one(&candidates::rotation(program, groups, sites)).is_ok())
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
