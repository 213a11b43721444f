//! Locks in a test: everything that the lock suite asks, or a report of what is wrong.

use super::again::{again, flags};
use super::explored::page;
use super::failure::{Failure, FailureKind, loud};
use super::files::Files;
use crate::asm;
use crate::check::Unwatched;
use crate::program::{Models, Program};
use crate::report;
use crate::verify::lock::{Client, Refused, Report, Suite};

/// Claims that a lock is what its text says: right for every client under every memory model, save for what
/// the text says of itself.
///
/// # Errors
///
/// Shows the table of what was found, and how what is wrong comes about; or says that the text is no lock, or
/// that a limit cut the search.
pub fn lock_right(suite: &Suite) -> Result<Report, Failure> {
    let report = suite.run_with(&Files::default(), &mut Unwatched).map_err(|refused| {
        let kind = match refused {
            Refused::Assembly(asm::Failure::Diagnostics(_)) => FailureKind::NotAssembled,
            Refused::TooLarge(_) => FailureKind::Inconclusive,
            _ => FailureKind::Usage,
        };
        Failure::new(kind, refused.to_string())
    })?;
    if report.is_as_claimed() {
        return Ok(report);
    }
    let kind = if report.is_open() { FailureKind::Inconclusive } else { FailureKind::Fails };
    let text = report::locked(&report, &page(""), &replaying(&report));
    Err(Failure::new(kind, text))
}

/// Asserts [`lock_right`], and returns what was found.
///
/// ```
/// use racevm::testing::assert_lock;
/// use racevm::verify::lock::{Property, Suite};
///
/// let semaphore = "
///     semaphore room = 1
///     proc acquire
///         ACQUIRE room
///     end
///     proc release
///         RELEASE room
///     end
/// ";
/// let report = assert_lock(&Suite::new("semaphore.rvm", semaphore));
/// assert!(report.models.iter().all(|model| model.is_right()));
/// ```
///
/// # Panics
///
/// When that is an error.
#[track_caller]
pub fn assert_lock(suite: &Suite) -> Report {
    loud(lock_right(suite))
}

/// Returns what makes the command that replays a schedule of one of a lock's clients.
pub(crate) fn replaying(report: &Report) -> impl Fn(&Client, &Program, Models) -> String + '_ {
    move |client, program, models| {
        let mut first = vec!["--client".to_owned(), client.to_string()];
        for (name, value) in &report.options.defines {
            first.extend(["-D".to_owned(), format!("{name}={value}")]);
        }
        let defines = report.defines(client.parts.len() as u32);
        let second = flags(&defines, &report.options.replacements, report.buffer, program, models);
        format!("{} | {}", again("lock", &report.name, &first), again("replay", "-", &second))
    }
}
