//! Diagnostics: what is wrong with a program's text, where, why, and what to do about it.

use crate::program::{Source, Span};

/// One error in a program's text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// `E0104`; every code has its paragraph in the language reference.
    pub code: &'static str,
    /// One sentence in lower case, without a full stop.
    pub message: String,
    /// The place, with a label to be printed under it.
    pub span: Span,
    /// The label under the place; may be empty.
    pub label: String,
    /// Other places that explain it, each with its label.
    pub related: Vec<(Span, String)>,
    /// What to do, or why it is so; each is printed as a `help:` or `note:` line.
    pub help: Vec<String>,
}

/// Everything that is wrong with a program's text, in order of place, with the sources it points into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostics {
    /// The sources that spans point into.
    pub sources: Vec<Source>,
    /// The errors, never empty, sorted by source and place.
    pub errors: Vec<Diagnostic>,
}

impl Diagnostic {
    /// Makes an error without related places and help.
    pub fn new(
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            span,
            label: label.into(),
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Adds another place that explains the error.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Diagnostic {
        self.related.push((span, label.into()));
        self
    }

    /// Adds a line of help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }
}
