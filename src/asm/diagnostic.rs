//! Diagnostics: what is wrong with a program's text, where, why, and what to do about it.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::program::{Source, Span};

use super::limits;

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

impl Diagnostics {
    /// Puts errors in order and keeps the first hundred.
    pub(super) fn new(sources: Vec<Source>, mut errors: Vec<Diagnostic>) -> Diagnostics {
        errors.sort_by(|a, b| (a.span, a.code).cmp(&(b.span, b.code)));
        errors.dedup();
        errors.truncate(limits::DIAGNOSTICS);
        Diagnostics { sources, errors }
    }

    /// Returns line and column of an error, both from 1 and the column in characters.
    pub fn line_column(&self, error: &Diagnostic) -> (u32, u32) {
        self.sources[error.span.source as usize].line_column(error.span.start)
    }

    /// Prints all errors as rustc does: what, where, why and what to do, the text in between.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for error in &self.errors {
            text.push_str(&renderer.render(&[self.report(error)]));
            text.push_str("\n\n");
        }
        let errors = if self.errors.len() == 1 { "error" } else { "errors" };
        text.push_str(&format!("{} {errors}\n", self.errors.len()));
        text
    }

    fn report<'a>(&'a self, error: &'a Diagnostic) -> Group<'a> {
        let title = Level::ERROR.primary_title(error.message.as_str()).id(error.code);
        let mut group = title.element(self.snippet(error, error.span.source));
        let mut others: Vec<u32> = error.related.iter().map(|(span, _)| span.source).collect();
        others.retain(|&source| source != error.span.source);
        others.dedup();
        group = group.elements(others.into_iter().map(|source| self.snippet(error, source)));
        group.elements(error.help.iter().map(|help| Level::HELP.message(help.as_str())))
    }

    /// Marks the places of one error in one source, of which it takes the lines from the first to the last
    /// place alone.
    fn snippet<'a>(&'a self, error: &'a Diagnostic, source: u32) -> Snippet<'a, Annotation<'a>> {
        let Source { name, text } = &self.sources[source as usize];
        let primary = (AnnotationKind::Primary, error.span, &error.label);
        let related = error.related.iter().map(|(span, label)| (AnnotationKind::Context, *span, label));
        let here = std::iter::once(primary).chain(related).filter(|(_, span, _)| span.source == source);
        let places: Vec<(AnnotationKind, Range<usize>, &String)> =
            here.map(|(kind, span, label)| (kind, within(text, span), label)).collect();
        let first = places.iter().map(|(_, range, _)| range.start).min().unwrap_or(0);
        let last = places.iter().map(|(_, range, _)| range.end).max().unwrap_or(0);
        let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
        let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
        let number = text[..start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        let annotations = places.into_iter().map(|(kind, range, label)| {
            let annotation = kind.span(range.start - start..range.end - start);
            if label.is_empty() { annotation } else { annotation.label(label.as_str()) }
        });
        Snippet::source(&text[start..end]).path(name.as_str()).line_start(number).annotations(annotations)
    }
}

/// Returns a place as a range that lies within the text and on its characters' bounds.
fn within(text: &str, span: Span) -> Range<usize> {
    let start = boundary(text, span.start as usize);
    start..boundary(text, span.end as usize).max(start)
}

/// Returns the last bound of a character that is not behind `offset`.
fn boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
