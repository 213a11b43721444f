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
    /// Puts errors in order and keeps the first of them, as many as anyone reads.
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
        let primary = Mark { kind: AnnotationKind::Primary, span: error.span, label: &error.label };
        let related = error.related.iter().map(|(span, label)| Mark {
            kind: AnnotationKind::Context,
            span: *span,
            label,
        });
        let mut marks: Vec<Mark<'_>> = std::iter::once(primary).chain(related).collect();
        marks.sort_by_key(|mark| mark.span);
        let mut neighbours: Vec<&[Mark<'_>]> = marks.chunk_by(Mark::is_near).collect();
        // The place of the error heads the report; a stable sort leaves the others in order.
        neighbours.sort_by_key(|marks| !marks.iter().any(|mark| mark.kind == AnnotationKind::Primary));
        let mut group = Group::with_title(title);
        for marks in neighbours {
            group = group.element(self.snippet(marks));
        }
        group.elements(error.help.iter().map(|help| Level::HELP.message(help.as_str())))
    }

    /// Marks neighbouring places, and takes only the lines from the first to the last of them.
    fn snippet<'a>(&'a self, marks: &[Mark<'a>]) -> Snippet<'a, Annotation<'a>> {
        let Source { name, text } = &self.sources[marks[0].span.source as usize];
        let ranges: Vec<Range<usize>> = marks.iter().map(|mark| within(text, mark.span)).collect();
        let first = ranges.iter().map(|range| range.start).min().unwrap_or(0);
        let last = ranges.iter().map(|range| range.end).max().unwrap_or(0);
        let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
        let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
        let number = text[..start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        let annotations = marks.iter().zip(ranges).map(|(mark, range)| {
            let annotation = mark.kind.span(range.start - start..range.end - start);
            if mark.label.is_empty() { annotation } else { annotation.label(mark.label) }
        });
        Snippet::source(&text[start..end]).path(name.as_str()).line_start(number).annotations(annotations)
    }
}

/// A place to mark, with what stands under it.
struct Mark<'a> {
    kind: AnnotationKind,
    span: Span,
    label: &'a str,
}

impl Mark<'_> {
    /// Returns whether two places can stand in one snippet. The printer reads all the text between them.
    fn is_near(&self, next: &Mark<'_>) -> bool {
        self.span.source == next.span.source && next.span.start.saturating_sub(self.span.end) < FAR
    }
}

/// Places so many bytes apart are printed one after the other.
const FAR: u32 = 1 << 16;

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
