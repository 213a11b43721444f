//! A specification at work: its states are numbered, and what an operation does is computed once.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::specification::{Answer, Call, Specification};

/// The calls of a client, numbered through all threads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Numbered {
    /// The call as clients write it.
    pub text: String,
    /// The operation's name in the specification.
    pub operation: String,
    /// The arguments.
    pub arguments: Vec<i64>,
    /// How many values the object's proc leaves.
    pub results: usize,
}

impl Numbered {
    pub fn call(&self) -> Call<'_> {
        Call { operation: &self.operation, arguments: &self.arguments, results: self.results }
    }
}

/// What a call does in a state: the next state and the values returned; `None` where it waits.
pub(super) type Effect = Option<(u32, Vec<i64>)>;

/// A specification with its states numbered, whatever their type: 0 is the first.
pub(super) trait Model {
    /// Applies the call with this number.
    fn apply(&mut self, state: u32, call: u32) -> Effect;

    /// Returns true when a call may return these values where it should return those.
    fn agrees(&self, call: u32, expected: &[i64], returned: &[i64]) -> bool;
}

/// The model of one client.
pub(super) struct Table<'s, S: Specification> {
    specification: &'s S,
    calls: &'s [Numbered],
    states: Vec<S::State>,
    numbers: HashMap<S::State, u32, FixedState>,
    effects: HashMap<(u32, u32), Effect, FixedState>,
}

impl<'s, S: Specification> Table<'s, S> {
    pub fn new(specification: &'s S, calls: &'s [Numbered]) -> Table<'s, S> {
        let mut table = Table {
            specification,
            calls,
            states: Vec::new(),
            numbers: HashMap::default(),
            effects: HashMap::default(),
        };
        table.number(specification.initial());
        table
    }

    fn number(&mut self, state: S::State) -> u32 {
        if let Some(&number) = self.numbers.get(&state) {
            return number;
        }
        let number = self.states.len() as u32;
        self.states.push(state.clone());
        self.numbers.insert(state, number);
        number
    }
}

impl<S: Specification> Model for Table<'_, S> {
    fn apply(&mut self, state: u32, call: u32) -> Effect {
        if let Some(effect) = self.effects.get(&(state, call)) {
            return effect.clone();
        }
        let mut next = self.states[state as usize].clone();
        let numbered = &self.calls[call as usize];
        let effect = match self.specification.apply(&mut next, &numbered.call()) {
            Answer::Waits => None,
            Answer::Returns(values) => {
                assert_eq!(
                    values.len(),
                    numbered.results,
                    "the specification of `{}` returns as many values as the proc leaves",
                    numbered.operation
                );
                Some((self.number(next), values))
            }
        };
        self.effects.insert((state, call), effect.clone());
        effect
    }

    fn agrees(&self, call: u32, expected: &[i64], returned: &[i64]) -> bool {
        self.specification.agrees(&self.calls[call as usize].call(), expected, returned)
    }
}
