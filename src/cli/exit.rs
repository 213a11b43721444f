//! How a command ends: its exit code, and the ways in which it cannot do its work.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::asm::Diagnostics;
use crate::check::Summary;
use crate::report::Asked;

/// The exit codes. The order is that of precedence where one command looks at several programs: the worst
/// that happened to any of them decides, and a limit that was reached never hides a failure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Exit {
    /// Everything expected holds, and the search was complete.
    Success,
    /// A limit stopped the work before anything wrong was found.
    Inconclusive,
    /// Something expected does not hold.
    Fails,
    /// The program does not assemble.
    NotAssembled,
    /// The schedule does not fit the program.
    Misfit,
    /// Wrong usage, or a file that cannot be read.
    Usage,
}

impl Exit {
    /// Returns the number that the shell sees.
    fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Fails => 1,
            Exit::Usage => 2,
            Exit::NotAssembled => 3,
            Exit::Inconclusive => 4,
            Exit::Misfit => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl From<Summary> for Exit {
    fn from(summary: Summary) -> Exit {
        match summary {
            Summary::Holds => Exit::Success,
            Summary::Fails => Exit::Fails,
            Summary::Inconclusive => Exit::Inconclusive,
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// A flag, an argument or a file is wrong; with lines of help.
    Usage(String, Vec<String>),
    /// The program's text is wrong.
    Diagnostics(Box<Diagnostics>),
    /// A bound of racevm itself is passed.
    Limit(String),
    /// The schedule does not fit the program.
    Misfit(String),
}

impl Failure {
    /// Makes a usage error without help.
    pub fn usage(message: impl fmt::Display) -> Failure {
        Failure::Usage(message.to_string(), Vec::new())
    }

    /// Returns it in words; what diagnostics say is in [`Diagnostics::render`].
    pub fn message(&self) -> String {
        match self {
            Failure::Usage(message, _) | Failure::Limit(message) | Failure::Misfit(message) => {
                message.clone()
            }
            Failure::Diagnostics(_) => "it does not assemble".to_owned(),
        }
    }

    /// Returns what a document says of a file that could not be worked on.
    pub fn asked<'a, F>(&'a self, file: &'a str) -> Asked<'a, F> {
        match self {
            Failure::Diagnostics(diagnostics) => Asked::Refused { file, diagnostics },
            _ => Asked::Failed { file, message: self.message() },
        }
    }

    /// Returns the exit code that reports it.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Usage(..) => Exit::Usage,
            Failure::Diagnostics(_) => Exit::NotAssembled,
            Failure::Limit(_) => Exit::Inconclusive,
            Failure::Misfit(_) => Exit::Misfit,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::usage(format!("cannot write the results: {error}"))
    }
}
