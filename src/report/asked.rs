//! What became of a file among others that were asked about the same.

use super::json::{self, ErrorJson};
use crate::asm::Diagnostics;
use crate::check::Summary;

/// What became of one file.
#[derive(Clone, Debug)]
pub enum Asked<'a, F> {
    /// This was found of it.
    Found(F),
    /// It does not assemble.
    Refused {
        /// The file as the person named it.
        file: &'a str,
        /// Why.
        diagnostics: &'a Diagnostics,
    },
    /// It could not be read or explored, or is nothing of which this can be asked.
    Failed {
        /// The file as the person named it.
        file: &'a str,
        /// Why.
        message: String,
    },
}

/// Why nothing was found of a file: its errors where it does not assemble, else a message.
pub(super) struct Unanswered {
    pub file: String,
    pub errors: Option<Vec<ErrorJson>>,
    pub message: Option<String>,
}

impl<F> Asked<'_, F> {
    /// Returns what was found, or why nothing was, for a document.
    pub(super) fn found(&self) -> Result<&F, Unanswered> {
        let (file, errors, message) = match self {
            Asked::Found(found) => return Ok(found),
            Asked::Refused { file, diagnostics } => (file, Some(json::errors(diagnostics)), None),
            Asked::Failed { file, message } => (file, None, Some(message.clone())),
        };
        Err(Unanswered { file: (*file).to_owned(), errors, message })
    }
}

/// Returns the word for a sum in documents.
pub(super) fn verdict(summary: Summary) -> &'static str {
    match summary {
        Summary::Holds => "holds",
        Summary::Fails => "fails",
        Summary::Inconclusive => "unknown",
    }
}
