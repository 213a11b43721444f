//! What was found of an object, as plain data.

use std::fmt;
use std::str::FromStr;

use super::claims::{Claims, Roles};
use super::enumerate::Size;
use super::history::History;
use super::object::Procedure;
use crate::check::Summary;
use crate::explore::Cut;
use crate::program::{MemoryModel, Models, Program};
use crate::schedule::Schedule;

/// What was found of one object.
#[derive(Clone, Debug)]
pub struct Report {
    /// The name of its file.
    pub name: String,
    /// What it should be, in a sentence: `queue`.
    pub specification: String,
    /// What the file says of itself.
    pub claims: Claims,
    /// Its operations.
    pub procedures: Vec<Procedure>,
    /// Which threads may call what; `None` where any may call anything.
    pub roles: Option<Roles>,
    /// The sizes of the clients.
    pub sizes: Vec<Size>,
    /// A larger size whose clients were explored too, as far as that was quick.
    pub further: Option<Size>,
    /// How many entries a store buffer has.
    pub buffer: u32,
    /// What was found under each memory model.
    pub models: Vec<ModelReport>,
}

/// What was found under one memory model.
#[derive(Clone, Debug)]
pub struct ModelReport {
    /// The memory model.
    pub memory: MemoryModel,
    /// How many clients were explored.
    pub clients: u64,
    /// How many there are in all.
    pub of_clients: u64,
    /// How many clients of [`Report::further`] were explored too.
    pub further: u64,
    /// How many of these there are in all.
    pub of_further: u64,
    /// Pairs of a state of the program and of what the referee knows that were visited, over all clients.
    pub states: u64,
    /// The smallest client that fails, and how; the clients behind it were not explored.
    pub failure: Option<Failure>,
    /// The first limit that was reached; the object is then not known to be right.
    pub cut: Option<Cut>,
}

/// What can be wrong with an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Wrong {
    /// The calls of some execution have no order that fits the specification and who returned before whom.
    Order,
    /// Calls that should return wait for ever.
    Deadlock,
    /// Calls that should return can run for ever, and can do nothing else.
    Livelock,
    /// An operation faults.
    Fault,
}

/// A client that fails.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What is wrong.
    pub wrong: Wrong,
    /// The client: `push(1) pop | pop`.
    pub client: String,
    /// The object with that client, as a program that keeps what the calls return.
    pub program: Program,
    /// The models it fails under.
    pub models: Models,
    /// The calls up to the failure.
    pub history: History,
    /// For [`Wrong::Order`], the call that returned what it could not return: an index into the history.
    pub culprit: Option<usize>,
    /// For [`Wrong::Order`], what it could have returned.
    pub allowed: Vec<Allowed>,
    /// For [`Wrong::Fault`], the message.
    pub fault: Option<String>,
    /// The schedule that leads there, with the fewest context switches.
    pub schedule: Schedule,
}

/// A value that the culprit could have returned, and an order in which it does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowed {
    /// The values.
    pub values: Vec<i64>,
    /// The calls in order: indices into the history, with what each returns.
    pub order: Vec<(usize, Vec<i64>)>,
}

/// Something that the file says of itself and that is not so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deviation {
    /// It fails in a way that it does not claim to fail in.
    Fails(MemoryModel, Wrong),
    /// It claims to fail, and nothing is wrong.
    Right(MemoryModel),
}

impl ModelReport {
    /// Returns true when every client of the sizes was explored, and none fails.
    pub fn is_right(&self) -> bool {
        self.failure.is_none() && self.cut.is_none()
    }
}

impl Report {
    /// Returns what was found under a memory model.
    pub fn under(&self, memory: MemoryModel) -> Option<&ModelReport> {
        self.models.iter().find(|model| model.memory == memory)
    }

    /// Returns what is not as the file says.
    pub fn deviations(&self) -> Vec<Deviation> {
        let deviation = |model: &ModelReport| {
            let claimed = self.claims.fails.get(&model.memory);
            match &model.failure {
                Some(failure) if claimed.is_some_and(|claimed| claimed.contains(&failure.wrong)) => None,
                Some(failure) => Some(Deviation::Fails(model.memory, failure.wrong)),
                None if claimed.is_some() && model.cut.is_none() => Some(Deviation::Right(model.memory)),
                None => None,
            }
        };
        self.models.iter().filter_map(deviation).collect()
    }

    /// Returns true when everything was explored, and is as the file says.
    pub fn is_as_claimed(&self) -> bool {
        self.deviations().is_empty() && !self.is_open()
    }

    /// Returns true when a limit kept something from being known.
    pub fn is_open(&self) -> bool {
        self.models.iter().any(|model| model.failure.is_none() && model.cut.is_some())
    }

    /// Returns the sum of it all.
    pub fn summary(&self) -> Summary {
        if !self.deviations().is_empty() {
            Summary::Fails
        } else if self.is_open() {
            Summary::Inconclusive
        } else {
            Summary::Holds
        }
    }
}

impl Wrong {
    /// All of them.
    pub const ALL: [Wrong; 4] = [Wrong::Order, Wrong::Deadlock, Wrong::Livelock, Wrong::Fault];

    /// Returns the word that names it in claims.
    pub fn word(self) -> &'static str {
        match self {
            Wrong::Order => "order",
            Wrong::Deadlock => "deadlock",
            Wrong::Livelock => "livelock",
            Wrong::Fault => "fault",
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Wrong {
    type Err = String;

    fn from_str(word: &str) -> Result<Wrong, String> {
        let known = Wrong::ALL.into_iter().find(|wrong| wrong.word() == word);
        known.ok_or_else(|| format!("`{word}` is none of order, deadlock, livelock, fault"))
    }
}
