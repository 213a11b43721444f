//! Why a claim does not pass, as a value that prints itself.

use std::fmt;

/// Why a claim does not pass. It prints the whole report, with `{}` and with `{:?}`: that is what `unwrap`,
/// `?` in a test and a property test show.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    kind: FailureKind,
    message: String,
    schedule: Option<String>,
}

/// What sort of failure it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FailureKind {
    /// Some execution does not do what was claimed, or none does what one should.
    Fails,
    /// A limit cut the search before anything wrong was found.
    Inconclusive,
    /// The program, or the text of the claim, does not assemble.
    NotAssembled,
    /// The schedule is none of this program.
    Misfit,
    /// The test asks for something that is not there: a file, a constant, an observed variable.
    Usage,
}

impl Failure {
    pub(super) fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into(), schedule: None }
    }

    pub(super) fn with_schedule(mut self, schedule: Option<String>) -> Failure {
        self.schedule = schedule;
        self
    }

    /// Returns what sort of failure it is.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Returns the schedule that refutes the claim, as [`Subject::replay`](super::Subject::replay) takes it;
    /// `None` where no single execution does: an outcome that is missing has none.
    pub fn schedule(&self) -> Option<&str> {
        self.schedule.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Panics with a failure, where the caller of the caller stands.
#[track_caller]
pub(super) fn loud<T>(result: Result<T, Failure>) -> T {
    match result {
        Ok(value) => value,
        Err(failure) => panic!("{failure}"),
    }
}
