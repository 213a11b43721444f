//! How a value shrinks: to the smallest of its neighbours that still fails, again and again.
//!
//! A value lists its neighbours, each one reduction away and smaller by a measure that has no infinite descent;
//! the most drastic are tried first. What has been tried is not tried again. Unlike the shrinking that proptest
//! derives from the draws, this can take a statement out of the loop it stands in, or a lock off what it guards.

use std::collections::BTreeSet;
use std::fmt;

use proptest::strategy::ValueTree;

/// A value that can be made smaller: what the strategies here draw.
pub trait Shrink: Clone + fmt::Display {
    /// What is to become smaller, the most important first.
    type Size: Ord;

    /// Returns how large the value is.
    fn size(&self) -> Self::Size;

    /// Returns values that are one reduction away, in any order; those that are not smaller are left out.
    fn neighbours(&self) -> Vec<Self>;
}

/// A drawn value with everything that its shrinking needs.
#[derive(Clone, Debug)]
pub struct Shrinking<T> {
    /// The smallest value known to fail.
    best: T,
    /// Its neighbours that have not been tried, the largest first; `None` before they are needed.
    neighbours: Option<Vec<T>>,
    /// The neighbour that is being tried.
    tried: Option<T>,
    /// The text of everything that has been tried.
    seen: BTreeSet<String>,
}

impl<T: Shrink> Shrinking<T> {
    pub(super) fn new(value: T) -> Shrinking<T> {
        Shrinking { best: value, neighbours: None, tried: None, seen: BTreeSet::new() }
    }

    /// Goes on to the next neighbour.
    fn advance(&mut self) -> bool {
        let best = &self.best;
        let neighbours = self.neighbours.get_or_insert_with(|| {
            let size = best.size();
            let mut smaller: Vec<T> = best.neighbours();
            smaller.retain(|neighbour| neighbour.size() < size);
            // The sort is stable and the list is read from its end, so of equals the first is tried first.
            smaller.reverse();
            smaller.sort_by_key(|neighbour| std::cmp::Reverse(neighbour.size()));
            smaller
        });
        while let Some(neighbour) = neighbours.pop() {
            if self.seen.insert(neighbour.to_string()) {
                self.tried = Some(neighbour);
                return true;
            }
        }
        false
    }
}

impl<T: Shrink + fmt::Debug> ValueTree for Shrinking<T> {
    type Value = T;

    fn current(&self) -> T {
        self.tried.as_ref().unwrap_or(&self.best).clone()
    }

    /// The current value fails: it is the best so far, and its neighbours are tried.
    fn simplify(&mut self) -> bool {
        if let Some(tried) = self.tried.take() {
            self.best = tried;
            self.neighbours = None;
        }
        self.advance()
    }

    /// The current value passes: another neighbour of the best is tried, which is current again after the last.
    fn complicate(&mut self) -> bool {
        self.tried.take().is_some() && self.advance()
    }
}
