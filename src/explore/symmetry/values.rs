//! What a place may hold, and what each value becomes where threads change places.

use std::collections::BTreeMap;

use crate::program::ArithmeticError;

/// More values than this that all stay what they are count as any values.
const LISTED: usize = 24;

/// More values than this are not followed.
const MOST: usize = 256;

/// More pairs of values that all stay what they are than this are not computed one by one.
const PAIRED: usize = 512;

/// What was found shows that a change of places is no symmetry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asymmetry;

/// The values that a place may hold, each with what it becomes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Values {
    /// Any value, and each stays what it is.
    Any,
    /// These.
    Listed(BTreeMap<i64, i64>),
}

impl Values {
    /// No value at all: nothing comes here, as far as is known.
    pub fn none() -> Values {
        Values::Listed(BTreeMap::new())
    }

    /// These values, which stay what they are.
    pub fn fixed(values: impl IntoIterator<Item = i64>) -> Values {
        Values::Listed(values.into_iter().map(|value| (value, value)).collect())
    }

    /// One value, and what it becomes.
    pub fn one(value: i64, becomes: i64) -> Values {
        Values::Listed(BTreeMap::from([(value, becomes)]))
    }

    /// The values from 0 up to a number, which stay what they are.
    pub fn below(end: u32) -> Values {
        if end as usize <= LISTED { Values::fixed(0..i64::from(end)) } else { Values::Any }
    }

    /// Returns true when each value stays what it is.
    pub fn is_fixed(&self) -> bool {
        match self {
            Values::Any => true,
            Values::Listed(pairs) => pairs.iter().all(|(value, becomes)| value == becomes),
        }
    }

    /// Returns the values that become others, in order, each with what it becomes.
    pub fn moved(&self) -> Vec<(i64, i64)> {
        match self {
            Values::Any => Vec::new(),
            Values::Listed(pairs) => {
                pairs.iter().map(|(&value, &becomes)| (value, becomes)).filter(|(a, b)| a != b).collect()
            }
        }
    }

    /// Returns what a value becomes; one that does not come here stays what it is.
    pub fn image(&self, value: i64) -> i64 {
        match self {
            Values::Any => value,
            Values::Listed(pairs) => pairs.get(&value).copied().unwrap_or(value),
        }
    }

    /// Adds one value with what it becomes; returns true when it is new.
    pub fn add(&mut self, value: i64, becomes: i64) -> Result<bool, Asymmetry> {
        let Values::Listed(pairs) = self else {
            return if value == becomes { Ok(false) } else { Err(Asymmetry) };
        };
        match pairs.get(&value) {
            Some(&known) if known == becomes => Ok(false),
            Some(_) => Err(Asymmetry),
            None if pairs.values().any(|&taken| taken == becomes) => Err(Asymmetry),
            None => {
                pairs.insert(value, becomes);
                let len = pairs.len();
                if len > LISTED && self.is_fixed() {
                    *self = Values::Any;
                } else if len > MOST {
                    return Err(Asymmetry);
                }
                Ok(true)
            }
        }
    }

    /// Adds what another place may hold; returns true when something is new.
    pub fn join(&mut self, other: &Values) -> Result<bool, Asymmetry> {
        match other {
            Values::Any if !self.is_fixed() => Err(Asymmetry),
            Values::Any => Ok(std::mem::replace(self, Values::Any) != Values::Any),
            Values::Listed(pairs) => {
                let mut changed = false;
                for (&value, &becomes) in pairs {
                    changed |= self.add(value, becomes)?;
                }
                Ok(changed)
            }
        }
    }

    /// Returns what an operation makes of two values. Where it faults for a pair, it must fault in the same way
    /// for what the pair becomes.
    pub fn combine(
        a: &Values,
        b: &Values,
        operation: impl Fn(i64, i64) -> Result<i64, ArithmeticError>,
    ) -> Result<Values, Asymmetry> {
        let is_fixed = a.is_fixed() && b.is_fixed();
        let (left, right) = match (a, b) {
            (Values::Listed(left), Values::Listed(right)) => (left, right),
            (Values::Listed(listed), _) | (_, Values::Listed(listed)) if listed.is_empty() => {
                return Ok(Values::none());
            }
            _ => return if is_fixed { Ok(Values::Any) } else { Err(Asymmetry) },
        };
        if is_fixed && left.len() * right.len() > PAIRED {
            return Ok(Values::Any);
        }
        let mut results = Values::none();
        for (&x, &x_becomes) in left {
            for (&y, &y_becomes) in right {
                match (operation(x, y), operation(x_becomes, y_becomes)) {
                    (Ok(result), Ok(becomes)) => drop(results.add(result, becomes)?),
                    (here, there) if here == there => {}
                    _ => return Err(Asymmetry),
                }
            }
        }
        Ok(results)
    }

    /// Returns what an operation on one value makes of it.
    pub fn convert(
        &self,
        operation: impl Fn(i64) -> Result<i64, ArithmeticError>,
    ) -> Result<Values, Asymmetry> {
        Values::combine(self, &Values::fixed([0]), |value, _| operation(value))
    }

    /// Makes sure that a question has the same answer for a value as for what it becomes.
    pub fn keep(&self, answer: impl Fn(i64) -> bool) -> Result<(), Asymmetry> {
        match self {
            Values::Any => Ok(()),
            Values::Listed(pairs) => {
                let same = pairs.iter().all(|(&value, &becomes)| answer(value) == answer(becomes));
                if same { Ok(()) } else { Err(Asymmetry) }
            }
        }
    }

    /// Makes sure that what the values become are the values again.
    pub fn check_closed(&self) -> Result<(), Asymmetry> {
        match self {
            Values::Any => Ok(()),
            Values::Listed(pairs) if pairs.values().all(|becomes| pairs.contains_key(becomes)) => Ok(()),
            Values::Listed(_) => Err(Asymmetry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Instr, binary};

    fn swapped() -> Values {
        Values::Listed(BTreeMap::from([(0, 1), (1, 0)]))
    }

    fn compute(instr: Instr, a: &Values, b: &Values) -> Result<Values, Asymmetry> {
        Values::combine(a, b, |a, b| binary(instr, a, b).expect("a binary operation"))
    }

    #[test]
    fn the_other_of_two_is_a_copy_again_and_their_order_is_no_symmetry() {
        assert_eq!(compute(Instr::Sub, &Values::fixed([1]), &swapped()), Ok(swapped()));
        assert_eq!(compute(Instr::Eq, &swapped(), &swapped()), Ok(Values::fixed([0, 1])));
        assert_eq!(compute(Instr::Lt, &swapped(), &swapped()), Err(Asymmetry));
        let behind = compute(Instr::Add, &swapped(), &Values::fixed([1])).expect("numbers from 1");
        assert_eq!(behind.moved(), [(1, 2), (2, 1)]);
    }

    #[test]
    fn a_fault_must_be_one_for_both() {
        assert_eq!(compute(Instr::Div, &Values::fixed([6]), &swapped()), Err(Asymmetry));
        assert_eq!(compute(Instr::Div, &swapped(), &Values::fixed([0])), Ok(Values::none()));
    }

    #[test]
    fn what_becomes_another_does_not_mix_with_what_stays() {
        assert_eq!(swapped().join(&Values::fixed([0])), Err(Asymmetry));
        assert_eq!(swapped().join(&Values::Any), Err(Asymmetry));
        let mut values = swapped();
        assert_eq!(values.join(&Values::fixed([-1])), Ok(true));
        assert_eq!(values.join(&Values::fixed([-1])), Ok(false));
        assert_eq!((values.image(0), values.image(-1), values.image(7)), (1, -1, 7));
    }

    #[test]
    fn many_values_that_stay_are_any_values() {
        let mut values = Values::none();
        for value in 0..100 {
            values.add(value, value).expect("each stays");
        }
        assert_eq!(values, Values::Any);
        assert_eq!(values.join(&Values::fixed([1000])), Ok(false));
    }
}
