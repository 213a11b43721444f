//! Why a text cannot be asked about.

use std::fmt;

use super::result::THREADS;
use crate::asm;
use crate::verify::claims::Misclaim;
use crate::vm::TooLarge;

/// Why a text cannot be asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It does not assemble, alone or with a client, or does not know a name that options give.
    Assembly(asm::Failure),
    /// A line that begins with `; lock:` says nothing known.
    Claim(Misclaim),
    /// It is no lock, for this reason.
    NoLock(String),
    /// A single state would not fit into memory.
    TooLarge(TooLarge),
}

impl Refused {
    /// Says, where a lock does not assemble for so many threads although it does for its own number, what to do.
    pub(super) fn with_threads(mut self, threads: u32) -> Refused {
        if let Refused::Assembly(asm::Failure::Diagnostics(diagnostics)) = &mut self
            && let Some(first) = diagnostics.errors.first_mut()
        {
            first.help.push(format!(
                "this is with {THREADS} = {threads}; a comment `; lock: for 2 threads` says that the lock is for \
                 two"
            ));
        }
        self
    }
}

impl From<asm::Failure> for Refused {
    fn from(failure: asm::Failure) -> Refused {
        Refused::Assembly(failure)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Assembly(asm::Failure::Diagnostics(diagnostics)) => {
                f.write_str(diagnostics.render(false).trim_end())
            }
            Refused::Assembly(asm::Failure::UnknownDefine(name)) => {
                write!(f, "the lock has no constant `{name}`")
            }
            Refused::Assembly(asm::Failure::UnknownReplacement(path)) => {
                write!(f, "the lock includes no file `{path}`")
            }
            Refused::Claim(misclaim) => misclaim.fmt(f),
            Refused::NoLock(why) => write!(f, "not a lock: {why}"),
            Refused::TooLarge(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}
