//! The numbers that counting gives: counts that may be infinite, and probabilities with their precision.

use std::ops::AddAssign;

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::ToPrimitive;

/// A number that may be infinite.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Count {
    /// So many.
    Finite(BigUint),
    /// No bound.
    Infinite,
}

impl Count {
    /// Zero.
    pub fn zero() -> Count {
        Count::Finite(BigUint::ZERO)
    }

    /// Returns the equal share of each of so many; it must be a whole number.
    pub fn share_of(&self, count: u64) -> Count {
        match self {
            Count::Finite(number) => Count::Finite(number / count),
            Count::Infinite => Count::Infinite,
        }
    }

    /// Returns the number; `None` when it is infinite.
    pub fn finite(&self) -> Option<&BigUint> {
        match self {
            Count::Finite(number) => Some(number),
            Count::Infinite => None,
        }
    }
}

impl AddAssign<&Count> for Count {
    fn add_assign(&mut self, other: &Count) {
        match (&mut *self, other) {
            (Count::Finite(sum), Count::Finite(more)) => *sum += more,
            _ => *self = Count::Infinite,
        }
    }
}

/// A probability under the random scheduler.
#[derive(Clone, PartialEq, Debug)]
pub struct Probability {
    /// The exact value, where it was computed.
    pub exact: Option<BigRational>,
    /// The exact value rounded to a double; where there is none, within [`error`](Self::error) of it.
    pub value: f64,
    /// A bound of the error of `value` where there is no exact value; 0 where there is.
    pub error: f64,
}

impl Probability {
    /// Makes a probability of its exact value.
    pub fn exactly(exact: BigRational) -> Probability {
        let value = exact.to_f64().expect("a fraction is a number");
        Probability { exact: Some(exact), value, error: 0.0 }
    }

    /// Returns the equal share of each of so many.
    pub fn share_of(&self, count: u64) -> Probability {
        match &self.exact {
            Some(exact) => Probability::exactly(exact / BigRational::from(BigInt::from(count))),
            None => Probability::about(self.value / count as f64, self.error / count as f64),
        }
    }

    /// Makes a probability of an approximation and a bound of its error.
    pub fn about(value: f64, error: f64) -> Probability {
        Probability { exact: None, value, error }
    }
}

impl AddAssign<&Probability> for Probability {
    fn add_assign(&mut self, other: &Probability) {
        *self = match (&self.exact, &other.exact) {
            (Some(exact), Some(more)) => Probability::exactly(exact + more),
            _ => Probability::about(self.value + other.value, self.error + other.error),
        };
    }
}
