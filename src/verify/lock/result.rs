//! What the suite found, as plain data.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::claims::Claims;
use super::client::{Client, Size};
use super::fences::Repair;
use crate::asm::Options;
use crate::check::{Cut, Summary, Verdict};
use crate::program::{MemoryModel, Models, Program};
use crate::schedule::Schedule;

/// What is asked of a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Property {
    /// Mutual exclusion: no two threads are in the critical section together, and whoever enters sees what
    /// was written there before.
    Exclusion,
    /// No instruction is a fault.
    Fault,
    /// No state is reachable in which everybody who has not finished is blocked.
    Deadlock,
    /// From every reachable state the client can come to its end: nobody has to spin for ever.
    Livelock,
    /// Whoever is alone gets in and out again: no state of a deadlock or livelock is reachable in which every
    /// other thread has finished, after however many rounds.
    Progress,
    /// All of the above where a thread takes the lock again while it holds it.
    Reentrancy,
    /// What the lock's file itself expects.
    Expectation,
}

/// Everything that is known of one lock.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// The file's name, as it was given.
    pub name: String,
    /// What the file says of itself.
    pub claims: Claims,
    /// The sizes of the clients.
    pub sizes: Vec<Size>,
    /// The entries of a store buffer.
    pub buffer: u32,
    /// The constants and includes that were changed.
    pub options: Options,
    /// The lock declares how many threads there are, and was given another number for each client.
    pub knows_threads: bool,
    /// What was found under each memory model that was asked about.
    pub models: Vec<ModelReport>,
    /// Where that is not what the file says; empty when everything is as claimed.
    pub deviations: Vec<Deviation>,
    /// The repair under all of these models together, where fences were asked for and needed.
    pub repair: Option<Repair>,
}

/// What was found under one memory model.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelReport {
    /// The model.
    pub memory: MemoryModel,
    /// How many clients were explored.
    pub clients: u64,
    /// How many states were visited in all.
    pub states: u64,
    /// Each property that was looked at, in order.
    pub findings: Vec<Finding>,
    /// How often others can go first, for each number of threads, where that was asked for.
    pub bypass: Vec<BypassFound>,
    /// What repairs the lock, where that was asked for and needed.
    pub fences: Option<Repair>,
    /// True when the clients that take the lock most often were not explored, because smaller ones fail; what
    /// did not fail there is unknown.
    pub stopped: bool,
    /// Why a search was cut, if one was.
    pub cut: Option<Cut>,
}

/// Whether a property holds.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// The property.
    pub property: Property,
    /// Whether it holds for every client; unknown where a search was cut, or ended at another failure.
    pub verdict: Verdict,
    /// How it fails, in the smallest client that shows it.
    pub failure: Option<Failure>,
}

/// One way in which a lock fails.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The client that shows it.
    pub client: Client,
    /// Lock and client as one program.
    pub program: Arc<Program>,
    /// The models it ran under.
    pub models: Models,
    /// What goes wrong.
    pub how: How,
    /// A schedule that shows it.
    pub witness: Schedule,
}

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum How {
    /// Two threads are in the critical section together.
    BothInside,
    /// A write made in the critical section is overwritten by a thread that came later and did not see it.
    LostUpdate,
    /// A reader sees one of two writes made together, and not the other.
    HalfWritten,
    /// A fault with this message.
    Fault(String),
    /// Everybody left is blocked; true when that is one thread alone.
    Deadlock(bool),
    /// Nothing that can still happen ends; true when one thread is left alone.
    Livelock(bool),
    /// This expectation of the lock's file does not hold.
    Expectation(String),
}

/// How often others can enter while one thread waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Bypass {
    /// At most so often, and not less: some execution shows it.
    AtMost(u32),
    /// As often as they like: there is a cycle in which they enter and the thread waits.
    Unbounded,
}

/// What was found of overtaking.
#[derive(Clone, Debug)]
pub struct BypassFound {
    /// The number of threads.
    pub threads: u32,
    /// For clients that take the lock for ever `None`; otherwise how many rounds the others were given,
    /// because the lock's own variables grow without bound.
    pub rounds: Option<u32>,
    /// The number; `None` when the search was cut.
    pub bound: Option<Bypass>,
    /// An execution that shows it.
    pub shown: Option<Overtaking>,
}

/// An execution in which a thread is overtaken.
#[derive(Clone, Debug)]
pub struct Overtaking {
    /// The client that shows it.
    pub client: Client,
    /// Lock and client as one program.
    pub program: Arc<Program>,
    /// The models it ran under.
    pub models: Models,
    /// Who waits, by `SELF`.
    pub victim: u32,
    /// The schedule up to where it ends, or up to where the cycle begins.
    pub witness: Schedule,
    /// Once round the cycle, where overtaking is unbounded.
    pub cycle: Schedule,
}

/// Something that is not as the lock's file says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deviation {
    /// It fails, and the file does not say so.
    Fails(MemoryModel, Property),
    /// It is said to fail, and holds.
    Holds(MemoryModel, Property),
    /// A limit cut the search before that could be said.
    Unknown(MemoryModel, Property),
    /// Others can go first another number of times than the file says: what was found, for this many threads.
    Bypass(MemoryModel, u32, Option<Bypass>),
    /// Another number of fences repairs it than the file says: what was found, `None` for no number.
    Fences(MemoryModel, Option<u32>),
}

impl Property {
    /// All of them, in the order of reports.
    pub const ALL: [Property; 7] = [
        Property::Exclusion,
        Property::Fault,
        Property::Deadlock,
        Property::Livelock,
        Property::Progress,
        Property::Reentrancy,
        Property::Expectation,
    ];

    /// Returns the word that names it in claims, tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Property::Exclusion => "exclusion",
            Property::Fault => "fault",
            Property::Deadlock => "deadlock",
            Property::Livelock => "livelock",
            Property::Progress => "progress",
            Property::Reentrancy => "reentrancy",
            Property::Expectation => "expectation",
        }
    }
}

impl Report {
    /// Returns true when everything is as the file says.
    pub fn is_as_claimed(&self) -> bool {
        self.deviations.is_empty()
    }

    /// Returns true when nothing is other than the file says, but a limit left something open.
    pub fn is_open(&self) -> bool {
        let is_open = |deviation: &Deviation| {
            matches!(deviation, Deviation::Unknown(..) | Deviation::Bypass(_, _, None))
        };
        !self.deviations.is_empty() && self.deviations.iter().all(is_open)
    }

    /// Returns the sum of it all.
    pub fn summary(&self) -> Summary {
        if self.is_as_claimed() {
            Summary::Holds
        } else if self.is_open() {
            Summary::Inconclusive
        } else {
            Summary::Fails
        }
    }

    /// Returns the values that constants have in clients of so many threads.
    pub fn defines(&self, threads: u32) -> Vec<(String, i64)> {
        defines(&self.options, threads, self.knows_threads)
    }

    /// Returns what was found under a model, if it was asked about.
    pub fn under(&self, memory: MemoryModel) -> Option<&ModelReport> {
        self.models.iter().find(|model| model.memory == memory)
    }
}

/// The constant that holds the number of threads, where a lock declares it.
pub(super) const THREADS: &str = "THREADS";

/// Returns the values that constants have in clients of so many threads.
pub(super) fn defines(options: &Options, threads: u32, knows_threads: bool) -> Vec<(String, i64)> {
    let own = knows_threads.then(|| (THREADS.to_owned(), i64::from(threads)));
    let given = options.defines.iter().filter(|(name, _)| name != THREADS).cloned();
    given.chain(own).collect()
}

impl ModelReport {
    /// Returns whether a property holds.
    pub fn verdict(&self, property: Property) -> Option<Verdict> {
        self.finding(property).map(|finding| finding.verdict)
    }

    /// Returns what was found of a property.
    pub fn finding(&self, property: Property) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.property == property)
    }

    /// Returns true when every property holds.
    pub fn is_right(&self) -> bool {
        self.findings.iter().all(|finding| finding.verdict == Verdict::Holds)
    }

    /// Iterates over what fails.
    pub fn failures(&self) -> impl Iterator<Item = (Property, &Failure)> {
        self.findings.iter().filter_map(|finding| Some((finding.property, finding.failure.as_ref()?)))
    }
}

impl PartialEq for Failure {
    fn eq(&self, other: &Failure) -> bool {
        let key = |failure: &Failure| (failure.models, failure.how.clone(), failure.witness.clone());
        self.client == other.client && key(self) == key(other)
    }
}

impl PartialEq for BypassFound {
    fn eq(&self, other: &BypassFound) -> bool {
        let key = |found: &BypassFound| (found.threads, found.rounds, found.bound);
        let steps = |found: &BypassFound| {
            found.shown.as_ref().map(|shown| (shown.witness.clone(), shown.cycle.clone()))
        };
        key(self) == key(other) && steps(self) == steps(other)
    }
}

impl FromStr for Property {
    type Err = String;

    fn from_str(word: &str) -> Result<Property, String> {
        let found = Property::ALL.into_iter().find(|property| property.word() == word);
        found.ok_or_else(|| {
            let words: Vec<&str> = Property::ALL.iter().map(|property| property.word()).collect();
            format!("nothing that is called `{word}` can fail ({})", words.join(", "))
        })
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Bypass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bypass::AtMost(bound) => write!(f, "{bound}"),
            Bypass::Unbounded => f.write_str("unbounded"),
        }
    }
}
