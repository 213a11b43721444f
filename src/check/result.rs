//! What an exploration found, as plain data. Every list is ordered, so that equal searches are equal values.

use std::time::Duration;

use crate::explore::{Cut, Lossy};
use crate::graph::{Count, Probability, Traces};
use crate::program::{Addr, Expectation, Models, ThreadId};
use crate::schedule::Schedule;

/// Everything that is known of a program under one combination of models.
#[derive(Clone, PartialEq, Debug)]
pub struct Exploration {
    /// The models it was explored under.
    pub models: Models,
    /// How the search went.
    pub search: SearchSummary,
    /// The number of schedules; `None` when they were not counted.
    pub schedules: Option<Count>,
    /// The numbers of traces by how they end; `None` when they were not counted.
    pub traces: Option<Traces>,
    /// Each distinct pair of observed values and output of a final state, ordered by them.
    pub outcomes: Vec<Outcome>,
    /// Each distinct pair of observed values and blocked instructions, ordered by them.
    pub deadlocks: Vec<Deadlock>,
    /// Each message, thread and line, ordered by line, thread and message.
    pub faults: Vec<FaultReport>,
    /// One entry for each set of states that cannot be left.
    pub livelocks: Vec<Livelock>,
    /// Each variable element and pair of lines, ordered by them.
    pub races: Vec<Race>,
    /// The verdict of each expectation that applies to these models, in order.
    pub expectations: Vec<Judged>,
}

/// How a search went.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchSummary {
    /// Decision states and states where an execution ends, each once.
    pub states: u64,
    /// Steps from decision to decision.
    pub transitions: u64,
    /// How many of the states were kept, where of those that differ in the order of like threads one was;
    /// `None` where `states` were.
    pub kept: Option<u64>,
    /// Why the search was cut; `None` when it was complete.
    pub cut: Option<Cut>,
    /// How long it took.
    pub elapsed: Duration,
    /// True when each witness has been proved to have the fewest context switches and, among those, the
    /// fewest steps.
    pub minimal_witnesses: bool,
    /// True when reductions left states out that show nothing new; `states` and `transitions` are then those
    /// of the reduced graph.
    pub reduced: bool,
    /// True when there was no memory left to count what was to be counted.
    pub uncounted: bool,
    /// True when schedules were counted, if there was memory for that, but there was none left for traces.
    pub traces_uncounted: bool,
    /// How the search went that went on, without keeping states, where memory ended.
    pub lossy: Option<Lossy>,
}

/// How often something happens, and a schedule that shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Reached {
    /// In how many schedules; `None` when they were not counted.
    pub schedules: Option<Count>,
    /// With what probability; `None` when that was not computed.
    pub probability: Option<Probability>,
    /// The witness.
    pub witness: Schedule,
}

/// One outcome.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// For each entry of [`Program::observed`](crate::program::Program::observed), its values.
    pub values: Vec<Vec<i64>>,
    /// The output.
    pub output: Vec<i64>,
    /// How often, and by which schedule.
    pub reached: Reached,
}

/// One deadlock.
#[derive(Clone, PartialEq, Debug)]
pub struct Deadlock {
    /// The observed values, as in [`Outcome::values`].
    pub values: Vec<Vec<i64>>,
    /// The started threads that have not finished, each with the instruction it is blocked at.
    pub blocked: Vec<(ThreadId, Addr)>,
    /// How often, and by which schedule.
    pub reached: Reached,
}

/// One fault.
#[derive(Clone, PartialEq, Debug)]
pub struct FaultReport {
    /// The message.
    pub message: String,
    /// The thread whose step it is.
    pub thread: ThreadId,
    /// The instruction (the first of them in the code, where one line holds several).
    pub at: Addr,
    /// How often, and by which schedule; its last step is the fault.
    pub reached: Reached,
}

/// One set of states that cannot be left, and in which nothing ends.
#[derive(Clone, PartialEq, Debug)]
pub struct Livelock {
    /// The observed values in the state to which the witness leads, as in [`Outcome::values`].
    pub values: Vec<Vec<i64>>,
    /// How many states the set has.
    pub states: u64,
    /// A schedule that leads into it.
    pub witness: Schedule,
}

/// One data race.
#[derive(Clone, PartialEq, Debug)]
pub struct Race {
    /// The memory cell.
    pub cell: u32,
    /// The two accesses, ordered by line: the threads of the witness and their instructions.
    pub accesses: [(ThreadId, Addr); 2],
    /// A schedule that leads to a state in which both are about to happen.
    pub witness: Schedule,
}

/// An expectation with its verdict.
#[derive(Clone, PartialEq, Debug)]
pub struct Judged {
    /// The expectation.
    pub expectation: Expectation,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why it fails, in a clause; empty unless it does.
    pub reason: String,
    /// A schedule that shows why it fails or, for `possibly`, `deadlock`, `race`, `livelock` and `fault`,
    /// that it holds.
    pub witness: Option<Schedule>,
}

/// Whether an expectation holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// The search was cut before that could be said.
    Unknown,
}

/// Something found that the program does not expect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unexpected {
    /// The deadlock with this index.
    Deadlock(usize),
    /// The fault with this index.
    Fault(usize),
}

/// The sum of it all, from which the exit code follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Summary {
    /// Everything expected holds, and the search was complete.
    Holds,
    /// Something expected does not hold, or something unexpected was found.
    Fails,
    /// The search was cut before anything wrong was found.
    Inconclusive,
}
