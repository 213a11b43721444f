//! Claims: what a file says of itself, in comments that begin with a mark. The program is the same with them and
//! without.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::program::MemoryModel;

/// A line of claims that says nothing known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misclaim {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub message: String,
}

/// Calls `add` with each claim of a text: what stands behind the mark.
///
/// # Errors
///
/// Says which line begins like a claim and is none.
pub(super) fn read(
    text: &str,
    mark: &str,
    mut add: impl FnMut(&str) -> Result<(), String>,
) -> Result<(), Misclaim> {
    for (index, line) in text.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix(';') else { continue };
        let Some(claim) = comment.trim_start_matches(';').trim_start().strip_prefix(mark) else {
            continue;
        };
        add(claim.trim()).map_err(|message| Misclaim { line: index as u32 + 1, message })?;
    }
    Ok(())
}

/// Adds what a claim says to fail: `tso, pso: exclusion, livelock`.
pub(super) fn add_failing<T>(
    claim: &str,
    fails: &mut BTreeMap<MemoryModel, BTreeSet<T>>,
) -> Result<(), String>
where
    T: FromStr<Err: fmt::Display> + Copy + Ord,
{
    let (models, what) =
        claim.split_once(':').ok_or("a colon and what fails should stand behind the models")?;
    let what: BTreeSet<T> = list(what)?.into_iter().collect();
    for model in list(models)? {
        fails.entry(model).or_default().extend(&what);
    }
    Ok(())
}

/// Reads a list with commas.
pub(super) fn list<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<Vec<T>, String> {
    text.split(',').map(|entry| entry.trim().parse().map_err(|error: T::Err| error.to_string())).collect()
}

impl fmt::Display for Misclaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}
