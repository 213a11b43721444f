//! What a scheduler is: a value that is asked at every decision.

use std::fmt;
use std::str::FromStr;

use super::Schedule;
use super::draw::Draw;
use super::ready::Ready;
use crate::vm::{Action, Actor, Choice, Choices, Machine, State};

/// What a strategy may look at when it decides.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a, 'p> {
    /// The program under its models.
    pub machine: &'a Machine<'p>,
    /// The state in which the decision is made; for a strategy that [is blind](Strategy::is_blind), threads
    /// may be ahead in it by steps that no other can see.
    pub state: &'a State,
    /// Who may be chosen; never empty.
    pub ready: &'a Ready,
    /// How many steps have been executed.
    pub steps: u64,
}

impl Decision<'_, '_> {
    /// Returns an actor by its number in [`Decision::ready`].
    pub fn actor(&self, number: usize) -> Actor {
        self.ready.actor(self.machine, self.state, number)
    }
}

/// A way of scheduling.
pub trait Strategy {
    /// Returns true when the strategy never looks at [`Decision::state`]: steps that no other thread can see
    /// may then be executed before they are chosen, which is several times as fast. The choices are the same.
    fn is_blind(&self) -> bool {
        false
    }

    /// Prepares for a new run.
    fn begin(&mut self, machine: &Machine<'_>, draw: &mut Draw);

    /// Chooses whose step comes next, among those that are ready.
    fn choose(&mut self, decision: &Decision<'_, '_>, draw: &mut Draw) -> Actor;

    /// Makes decisions for as long as they fall on threads that are ahead, but at most `most`, counts them down
    /// in `ahead`, and returns how many. They are those that [`Strategy::choose`] would make; this is for strategies
    /// that can make them faster.
    fn pass(&mut self, ready: &Ready, ahead: &mut [u32], most: u64, draw: &mut Draw) -> u64 {
        let _ = (ready, ahead, most, draw);
        0
    }

    /// Chooses the successor of a step that has several, whether a decision came before it or not; `steps`
    /// have been executed. Uniformly, unless a strategy has reasons.
    fn successor(&mut self, steps: u64, choices: &Choices, draw: &mut Draw) -> Choice {
        let _ = steps;
        match choices {
            Choices::Only => Choice::Only,
            Choices::Values(range) => {
                // A range of all 64-bit numbers has one value more than its count can say.
                let span = range.high.wrapping_sub(range.low) as u64;
                let offset = if span == u64::MAX { draw.word() } else { draw.below(span + 1) };
                Choice::Value(range.low.wrapping_add(offset as i64))
            }
            Choices::Waiters(waiters) => Choice::Waiter(waiters[draw.index(waiters.len())]),
        }
    }
}

/// The deepest bugs that can be asked for.
const MAX_DEPTH: u32 = 1_000;

/// The strategies by their names on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StrategyName {
    /// `random`: see [`Random`](super::Random).
    #[default]
    Random,
    /// `pct:D`: see [`Pct`](super::Pct).
    Pct(u32),
    /// `quantum:N`: see [`Quantum`](super::Quantum).
    Quantum(u64),
    /// `round-robin`: see [`RoundRobin`](super::RoundRobin).
    RoundRobin,
    /// `uniform`: schedules drawn by their exact number, see [`Drawn`].
    Uniform,
}

impl fmt::Display for StrategyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StrategyName::Random => f.write_str("random"),
            StrategyName::Pct(depth) => write!(f, "pct:{depth}"),
            StrategyName::Quantum(steps) => write!(f, "quantum:{steps}"),
            StrategyName::RoundRobin => f.write_str("round-robin"),
            StrategyName::Uniform => f.write_str("uniform"),
        }
    }
}

impl FromStr for StrategyName {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let positive = |number: &str, what: &str| {
            let found = number.parse::<u64>().ok().filter(|&number| number > 0);
            found.ok_or_else(|| format!("`{number}` is no {what}: a whole number from 1 on is"))
        };
        match word.split_once(':') {
            None if word == "random" => Ok(StrategyName::Random),
            None if word == "round-robin" => Ok(StrategyName::RoundRobin),
            None if word == "uniform" => Ok(StrategyName::Uniform),
            None if word == "pct" => Err("`pct` needs its depth, as in `pct:3`".to_owned()),
            None if word == "quantum" => Err("`quantum` needs its length, as in `quantum:100`".to_owned()),
            Some(("pct", depth)) => {
                let depth = positive(depth, "depth")?;
                let fits = u32::try_from(depth).ok().filter(|&depth| depth <= MAX_DEPTH);
                let too_large =
                    || format!("a depth of {depth} is too large: at most {MAX_DEPTH} is possible");
                fits.map(StrategyName::Pct).ok_or_else(too_large)
            }
            Some(("quantum", steps)) => positive(steps, "length").map(StrategyName::Quantum),
            _ => Err(format!("unknown strategy `{word}` (random, pct:D, quantum:N, round-robin or uniform)")),
        }
    }
}

/// Follows a schedule that is drawn whole at the start of each run.
#[derive(Clone, Debug)]
pub struct Drawn<F> {
    source: F,
    schedule: Schedule,
}

impl<F: FnMut(&mut dyn FnMut() -> u64) -> Schedule> Drawn<F> {
    /// Makes the strategy of a source, which turns random words into a schedule that fits the program.
    pub fn new(source: F) -> Drawn<F> {
        Drawn { source, schedule: Schedule::default() }
    }

    fn at(&self, steps: u64) -> Action {
        let action = usize::try_from(steps).ok().and_then(|step| self.schedule.actions.get(step));
        *action.expect("a drawn schedule leads to the end of an execution")
    }
}

impl<F: FnMut(&mut dyn FnMut() -> u64) -> Schedule> Strategy for Drawn<F> {
    fn is_blind(&self) -> bool {
        true
    }

    fn begin(&mut self, _: &Machine<'_>, draw: &mut Draw) {
        self.schedule = (self.source)(&mut || draw.word());
    }

    fn choose(&mut self, decision: &Decision<'_, '_>, _: &mut Draw) -> Actor {
        self.at(decision.steps).actor
    }

    fn successor(&mut self, steps: u64, _: &Choices, _: &mut Draw) -> Choice {
        self.at(steps).choice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [
            StrategyName::Random,
            StrategyName::Pct(3),
            StrategyName::Quantum(100),
            StrategyName::RoundRobin,
            StrategyName::Uniform,
        ] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
    }

    #[test]
    fn what_is_no_strategy_is_refused_with_what_would_be_one() {
        for (word, message) in [
            ("fair", "unknown strategy `fair` (random, pct:D, quantum:N, round-robin or uniform)"),
            ("random:3", "unknown strategy `random:3` (random, pct:D, quantum:N, round-robin or uniform)"),
            ("pct", "`pct` needs its depth, as in `pct:3`"),
            ("pct:0", "`0` is no depth: a whole number from 1 on is"),
            ("quantum:x", "`x` is no length: a whole number from 1 on is"),
            ("pct:99999999999", "a depth of 99999999999 is too large: at most 1000 is possible"),
        ] {
            assert_eq!(word.parse::<StrategyName>(), Err(message.to_owned()), "{word}");
        }
    }
}
