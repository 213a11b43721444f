//! Faults: the ways in which a modelled program goes wrong.

use crate::program::{ArithmeticError, Program, TextId};

/// Why an execution ended in a fault. The state stays as it was before the instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)]
pub enum Fault {
    Assertion(Option<TextId>),
    Overflow,
    DivisionByZero,
    IndexOutOfRange,
    ShiftOutOfRange,
    UnlockNotHeld,
    WaitWithoutLock,
    ReleasePastMaximum,
    StartedTwice,
    JoinNotStarted,
    OutputFull,
}

impl Fault {
    /// Returns the message of the language page.
    pub fn message(self, program: &Program) -> &str {
        match self {
            Fault::Assertion(Some(text)) => &program.texts[text.index()],
            Fault::Assertion(None) => "assertion failed",
            Fault::Overflow => "overflow",
            Fault::DivisionByZero => "division by zero",
            Fault::IndexOutOfRange => "index out of range",
            Fault::ShiftOutOfRange => "shift count out of range",
            Fault::UnlockNotHeld => "unlock of a lock that is not held",
            Fault::WaitWithoutLock => "wait without holding the lock",
            Fault::ReleasePastMaximum => "release past the maximum",
            Fault::StartedTwice => "thread started twice",
            Fault::JoinNotStarted => "join of a thread that was not started",
            Fault::OutputFull => "more than 64 values printed",
        }
    }
}

impl From<ArithmeticError> for Fault {
    fn from(error: ArithmeticError) -> Fault {
        match error {
            ArithmeticError::Overflow => Fault::Overflow,
            ArithmeticError::DivisionByZero => Fault::DivisionByZero,
            ArithmeticError::ShiftOutOfRange => Fault::ShiftOutOfRange,
        }
    }
}
