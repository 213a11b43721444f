//! Histories: the calls of one execution, when they were made and when they returned.

/// The calls of one execution up to some moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// The calls, in the order in which they were made.
    pub calls: Vec<Interval>,
    /// How many calls and returns there are: times are below it.
    pub length: usize,
}

/// One call of a history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interval {
    /// The index of the thread.
    pub thread: usize,
    /// The number of the call among all calls of the client, thread by thread.
    pub call: u32,
    /// What it is: `enqueue(1)`.
    pub text: String,
    /// When it was made: its place among all calls and returns.
    pub called: usize,
    /// When it returned, and the values; `None` while it is pending.
    pub returned: Option<(usize, Vec<i64>)>,
}

impl Interval {
    /// Returns true when the call returned before another one was made.
    pub fn precedes(&self, other: &Interval) -> bool {
        self.returned.as_ref().is_some_and(|(at, _)| *at < other.called)
    }
}
