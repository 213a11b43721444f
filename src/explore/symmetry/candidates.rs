//! Changes of places that are worth a look: two copies of a group exchanged, its copies moved on by one, two values
//! of a `CHOOSE` exchanged. What passes generates the group of all symmetries that are used.

use super::values::Values;
use crate::program::{Addr, GroupId, Instr, Program, Range, ThreadId};

/// The copies of a group with more of them do not change places.
pub(super) const MOST_COPIES: u32 = 64;

/// The values of a `CHOOSE` with more of them do not change places.
const MOST_VALUES: i64 = 8;

/// A change of places that may be a symmetry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Candidate {
    /// For each thread the one whose place it takes.
    pub threads: Vec<ThreadId>,
    /// Where `CHOOSE` draws values that become others.
    sites: Vec<Addr>,
    /// Those values, each with what it becomes.
    values: Vec<(i64, i64)>,
}

impl Candidate {
    /// Returns what a `CHOOSE` gives, and what each value becomes.
    pub fn chosen(&self, at: Addr, range: Range) -> Values {
        if self.sites.contains(&at) {
            let becomes = |value: i64| self.values.iter().find(|(moved, _)| *moved == value);
            let pair = |value| (value, becomes(value).map_or(value, |&(_, becomes)| becomes));
            return Values::Listed((range.low..=range.high).map(pair).collect());
        }
        match range.high.checked_sub(range.low) {
            Some(0..MOST_VALUES) => Values::fixed(range.low..=range.high),
            _ => Values::Any,
        }
    }
}

/// Nothing changes its place.
pub(super) fn unmoved(program: &Program) -> Candidate {
    moved(program, &[], &[], |copy| copy)
}

/// Two copies are exchanged, in each of the groups, and their numbers wherever one of these `CHOOSE`s draws them.
pub(super) fn exchange(
    program: &Program,
    groups: &[GroupId],
    sites: &[Addr],
    (a, b): (u32, u32),
) -> Candidate {
    moved(program, groups, sites, |copy| match copy {
        _ if copy == a => b,
        _ if copy == b => a,
        _ => copy,
    })
}

/// The copies of each of the groups, all of one size, are moved on by one, the last to the front, and their
/// numbers wherever one of these `CHOOSE`s draws them.
pub(super) fn rotation(program: &Program, groups: &[GroupId], sites: &[Addr]) -> Candidate {
    let copies = program.groups[groups[0].index()].copies;
    moved(program, groups, sites, |copy| (copy + 1) % copies)
}

/// Two values are exchanged wherever one of these `CHOOSE`s draws them.
pub(super) fn exchange_of_values(program: &Program, sites: &[Addr], (a, b): (i64, i64)) -> Candidate {
    Candidate { sites: sites.to_vec(), values: vec![(a, b), (b, a)], ..unmoved(program) }
}

/// Lists the places where `CHOOSE` draws from the same range, if that is small, range by range.
pub(super) fn choices(program: &Program) -> Vec<(Range, Vec<Addr>)> {
    let mut ranges: Vec<(Range, Vec<Addr>)> = Vec::new();
    for (index, instr) in program.code.iter().enumerate() {
        let Instr::Choose(range) = *instr else { continue };
        if !range.high.checked_sub(range.low).is_some_and(|width| (1..MOST_VALUES).contains(&width)) {
            continue;
        }
        let at = Addr(index as u32);
        match ranges.iter_mut().find(|(known, _)| *known == range) {
            Some((_, sites)) => sites.push(at),
            None => ranges.push((range, vec![at])),
        }
    }
    ranges
}

fn moved(program: &Program, groups: &[GroupId], sites: &[Addr], place: impl Fn(u32) -> u32) -> Candidate {
    let becomes = |thread: ThreadId| {
        let group = program.threads[thread.index()];
        let first = program.group(thread).first.0;
        if groups.contains(&group) { ThreadId(first + place(thread.0 - first)) } else { thread }
    };
    let copies = groups.first().map_or(0, |group| program.groups[group.index()].copies);
    Candidate {
        threads: program.thread_ids().map(becomes).collect(),
        sites: sites.to_vec(),
        values: (0..copies).map(|copy| (i64::from(copy), i64::from(place(copy)))).collect(),
    }
}
