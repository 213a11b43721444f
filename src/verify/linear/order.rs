//! Looks for an order of the calls of one history that fits: the search of J. Wing and C. Gong, "Testing and
//! verifying concurrent objects" (Journal of Parallel and Distributed Computing 17, 1993), with the
//! memoization of G. Lowe, "Testing for linearizability" (Concurrency and Computation 29, 2017): which calls
//! have been ordered, and the state that they lead to, decide what can follow.
//!
//! The [`referee`](super::referee) answers the same question for all histories at once; this search gives the
//! orders that a failure is explained by, and tests hold the two against each other.

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::history::{History, Interval};
use super::model::Model;

/// A place in an order: the index into [`History::calls`], and the values that the call returns there.
pub(super) type Placed = (usize, Vec<i64>);

/// Finds an order of a history's calls in which each returns what it returned, or `free`, if one is named,
/// returns `values`. Pending calls may be in it or not.
pub(super) fn find(
    model: &mut dyn Model,
    history: &History,
    free: Option<(usize, &[i64])>,
) -> Option<Vec<Placed>> {
    assert!(history.calls.len() <= 64, "a history has at most 64 calls");
    let mut search =
        Search { model, calls: &history.calls, free, seen: HashSet::default(), order: Vec::new() };
    search.extend(0, 0).then_some(search.order)
}

struct Search<'s> {
    model: &'s mut dyn Model,
    calls: &'s [Interval],
    free: Option<(usize, &'s [i64])>,
    /// Sets of ordered calls, with the state behind them, from which nothing was found.
    seen: HashSet<(u64, u32), FixedState>,
    order: Vec<Placed>,
}

impl Search<'_> {
    /// Goes on from the calls in `ordered`, which lead to `state`.
    fn extend(&mut self, ordered: u64, state: u32) -> bool {
        let left = |index: &usize| ordered >> index & 1 == 0;
        if (0..self.calls.len()).filter(left).all(|index| self.calls[index].returned.is_none()) {
            return true;
        }
        if !self.seen.insert((ordered, state)) {
            return false;
        }
        for index in (0..self.calls.len()).filter(left) {
            let is_first = (0..self.calls.len())
                .filter(left)
                .all(|other| !self.calls[other].precedes(&self.calls[index]));
            if !is_first {
                continue;
            }
            let call = self.calls[index].call;
            let Some((next, values)) = self.model.apply(state, call) else { continue };
            if !self.fits(index, call, &values) {
                continue;
            }
            self.order.push((index, values));
            if self.extend(ordered | 1 << index, next) {
                return true;
            }
            self.order.pop();
        }
        false
    }

    fn fits(&self, index: usize, call: u32, values: &[i64]) -> bool {
        match (&self.free, &self.calls[index].returned) {
            (Some((free, wanted)), _) if *free == index => values == *wanted,
            (_, Some((_, returned))) => self.model.agrees(call, values, returned),
            (_, None) => true,
        }
    }
}
