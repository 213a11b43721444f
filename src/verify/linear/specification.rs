//! What an object should do: a sequential specification.

use std::hash::Hash;

/// A sequential specification: a state, and what each operation does to it when nothing else is going on.
///
/// ```
/// use racevm::verify::linear::{Answer, Call, Operation, Specification, Suite};
/// use racevm::check::Unwatched;
///
/// /// A dispenser of tickets.
/// struct Tickets;
///
/// impl Specification for Tickets {
///     type State = i64;
///
///     fn name(&self) -> String {
///         "ticket dispenser".to_owned()
///     }
///
///     fn operations(&self) -> Vec<Operation> {
///         vec![Operation::new("take").leaves([1])]
///     }
///
///     fn initial(&self) -> i64 {
///         0
///     }
///
///     fn apply(&self, state: &mut i64, _: &Call<'_>) -> Answer {
///         *state += 1;
///         Answer::Returns(vec![*state - 1])
///     }
/// }
///
/// let text = "
///     shared next = 0
///     proc take
///         LOAD  next
///         DUP
///         PUSH  1
///         ADD
///         STORE next
///     end
/// ";
/// let report = Suite::new("tickets.rvm", text, Tickets).run(&mut Unwatched).expect("it is an object");
/// let failure = report.models[0].failure.as_ref().expect("two may get the same ticket");
/// assert_eq!(failure.client, "take | take");
/// ```
pub trait Specification {
    /// What the object remembers between operations.
    type State: Clone + Eq + Hash;

    /// Returns what such an object is called, in a sentence: `queue`.
    fn name(&self) -> String;

    /// Returns the operations; an object may have only some of them.
    fn operations(&self) -> Vec<Operation>;

    /// Returns the state in which an object begins.
    fn initial(&self) -> Self::State;

    /// Applies an operation. Where the answer is [`Answer::Waits`], the state is not looked at.
    fn apply(&self, state: &mut Self::State, call: &Call<'_>) -> Answer;

    /// Returns true when the values that an operation left are those it should leave. Objects that say *empty*
    /// in different ways are why this is a question of its own.
    fn agrees(&self, call: &Call<'_>, expected: &[i64], returned: &[i64]) -> bool {
        let _ = call;
        expected == returned
    }
}

/// One operation of a specification. An object's proc of this name takes the arguments from the operand stack,
/// the last on top, and leaves its results there, the last on top.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// The name of the proc.
    pub name: String,
    /// Other names that the proc may have.
    pub aliases: Vec<String>,
    /// What clients pass, one entry an argument.
    pub arguments: Vec<Argument>,
    /// How many values it may leave; the object's proc decides for one of these.
    pub results: Vec<usize>,
}

/// What clients pass as one argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Argument {
    /// A value that nobody else passes: 1, 2, 3, … in order of threads and calls. That is enough for an object
    /// that only passes such values on (P. Wolper, "Expressing Interesting Properties of Programs in
    /// Propositional Temporal Logic", POPL 1986); one that computes with them needs [`Argument::OneOf`].
    Fresh,
    /// Each of these values, in clients of its own.
    OneOf(Vec<i64>),
}

/// One call of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Call<'a> {
    /// The name of the operation in the specification, whatever name the proc has.
    pub operation: &'a str,
    /// Its arguments.
    pub arguments: &'a [i64],
    /// How many values the object's proc leaves.
    pub results: usize,
}

/// What an operation does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It returns these values: as many as [`Call::results`] says.
    Returns(Vec<i64>),
    /// It does not return until the object's state is another.
    Waits,
}

impl Operation {
    /// Makes an operation without arguments and results.
    pub fn new(name: impl Into<String>) -> Operation {
        Operation { name: name.into(), aliases: Vec::new(), arguments: Vec::new(), results: vec![0] }
    }

    /// Adds names that the proc may have instead.
    pub fn or(mut self, aliases: &[&str]) -> Operation {
        self.aliases.extend(aliases.iter().map(|&alias| alias.to_owned()));
        self
    }

    /// Adds an argument.
    pub fn takes(mut self, argument: Argument) -> Operation {
        self.arguments.push(argument);
        self
    }

    /// Says how many values it may leave.
    pub fn leaves(mut self, results: impl IntoIterator<Item = usize>) -> Operation {
        self.results = results.into_iter().collect();
        self
    }
}
