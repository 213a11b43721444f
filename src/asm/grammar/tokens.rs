//! The tokens of a line as nom's input, and the parsers of single tokens.
//!
//! Every parser of a single token that fails says what it wanted at its place. The furthest place where
//! anything was wanted is where a line goes wrong, and all that was wanted there is what was expected:
//! combinators may try and drop alternatives as they like, and the message is still about the right token.

use std::cell::RefCell;
use std::iter::Enumerate;
use std::slice::Iter;

use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult, Input, Needed};

use super::super::ast::{Name, Spanned};
use super::super::diagnostic::Diagnostic;
use super::super::lexer::{Kind, Symbol, Token, shorten};
use super::super::suggest::suggest;
use crate::program::{Op, Span};

/// How deep parentheses, brackets and prefix operators may nest.
const MAX_DEPTH: u32 = 64;
/// How many operators one expression may have: what reads an expression recurses over it, and a chain of
/// operators is as deep as it is long.
const MAX_OPERATORS: u32 = 500;

/// What a parser returns.
pub(super) type Parsed<'a, T> = IResult<Tokens<'a>, T, Problem>;

/// The tokens that are still to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens<'a> {
    /// The tokens.
    pub rest: &'a [Token<'a>],
    line: &'a LineState,
    depth: u32,
    operators: u32,
}

/// What one line has in common.
#[derive(Debug)]
pub(super) struct LineState {
    /// The place behind the last token.
    end: Span,
    furthest: RefCell<Furthest>,
}

/// The furthest place where a token was wanted and another one stood.
#[derive(Default, Debug)]
struct Furthest {
    /// How many tokens were left there; `None` before the first failure.
    left: Option<usize>,
    wanted: Vec<Wanted>,
}

/// Something that would have been right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// This very word or symbol.
    Exactly(&'static str),
    /// Something of this description.
    Some(&'static str),
    /// One of the operators; which ones need not be told.
    Operator,
}

/// Why a parser failed.
#[derive(Debug)]
pub(super) struct Problem(
    /// A finished diagnostic; without one the furthest place tells.
    pub Option<Box<Diagnostic>>,
);

impl<'a> ParseError<Tokens<'a>> for Problem {
    fn from_error_kind(_: Tokens<'a>, _: ErrorKind) -> Problem {
        Problem(None)
    }

    fn append(_: Tokens<'a>, _: ErrorKind, other: Problem) -> Problem {
        other
    }
}

impl LineState {
    /// Makes the state of a line that ends at a place.
    pub(super) fn new(end: Span) -> LineState {
        LineState { end, furthest: RefCell::default() }
    }

    /// Forgets what was wanted so far: what comes next is another question.
    pub(super) fn forget(&self) {
        *self.furthest.borrow_mut() = Furthest::default();
    }
}

impl<'a> Tokens<'a> {
    /// Makes the input of a line.
    pub(super) fn new(rest: &'a [Token<'a>], line: &'a LineState) -> Tokens<'a> {
        Tokens { rest, line, depth: 0, operators: 0 }
    }

    /// Returns the next token.
    pub(super) fn first(self) -> Option<Kind<'a>> {
        self.nth(0)
    }

    /// Returns a later token.
    pub(super) fn nth(self, index: usize) -> Option<Kind<'a>> {
        self.rest.get(index).map(|token| token.kind)
    }

    /// Returns the place of the next token, or of the end of the line.
    pub(super) fn here(self) -> Span {
        self.rest.first().map_or(self.line.end, |token| token.span)
    }

    /// Returns the place of all that was read until only `after` was left.
    pub(super) fn until(self, after: Tokens<'a>) -> Span {
        let read = &self.rest[..self.rest.len() - after.rest.len()];
        match (read.first(), read.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => self.here(),
        }
    }

    /// Fails because something else should stand here.
    pub(super) fn want<T>(self, wanted: Wanted) -> Parsed<'a, T> {
        let mut furthest = self.line.furthest.borrow_mut();
        let left = self.rest.len();
        if furthest.left.is_none_or(|before| left < before) {
            *furthest = Furthest { left: Some(left), wanted: Vec::new() };
        }
        if furthest.left == Some(left) && !furthest.wanted.contains(&wanted) {
            furthest.wanted.push(wanted);
        }
        Err(Err::Error(Problem(None)))
    }

    /// Fails for good, with a diagnostic of its own.
    pub(super) fn fail<T>(self, error: Diagnostic) -> Parsed<'a, T> {
        Err(Err::Failure(Problem(Some(Box::new(error)))))
    }

    /// Returns what a line that went wrong is told, `all` being all its tokens.
    pub(super) fn explain(self) -> Diagnostic {
        let furthest = self.line.furthest.borrow();
        let at = self.rest.len() - furthest.left.unwrap_or(self.rest.len()).min(self.rest.len());
        let here = self.take_from(at);
        let found = match here.first() {
            Some(kind) => format!("`{}`", shorten(&kind.to_string())),
            None => "the end of the line".to_owned(),
        };
        let wanted = listed(&furthest.wanted);
        let message = format!("expected {wanted}, found {found}");
        let error = Diagnostic::new("E0001", message, here.here(), "unexpected");
        let error =
            if here.rest.is_empty() { Diagnostic { label: "missing".to_owned(), ..error } } else { error };
        let Some(Kind::Word(word)) = here.first() else { return error };
        if let Some(word) = suggest(word, furthest.wanted.iter().filter_map(Wanted::word)) {
            error.help(format!("did you mean `{word}`?"))
        } else if Op::from_mnemonic(word).is_some() && reserved(word).is_some() {
            error.help("every instruction stands on a line of its own")
        } else {
            error
        }
    }

    /// Starts an expression of its own.
    pub(super) fn fresh(self) -> Tokens<'a> {
        Tokens { depth: 0, operators: 0, ..self }
    }

    /// Goes on behind an inner expression, counting its operators but no longer its depth.
    pub(super) fn leave(self, inner: Tokens<'a>) -> Tokens<'a> {
        Tokens { depth: self.depth, ..inner }
    }

    /// Goes one level deeper, if there is one.
    pub(super) fn enter(self) -> Result<Tokens<'a>, Err<Problem>> {
        if self.depth < MAX_DEPTH {
            return Ok(Tokens { depth: self.depth + 1, ..self });
        }
        let message = format!("this is nested more than {MAX_DEPTH} levels deep");
        Err(Err::Failure(Problem(Some(Box::new(Diagnostic::new("E0007", message, self.here(), ""))))))
    }

    /// Counts an operator, if there may be another.
    pub(super) fn count_operator(self) -> Result<Tokens<'a>, Err<Problem>> {
        if self.operators < MAX_OPERATORS {
            return Ok(Tokens { operators: self.operators + 1, ..self });
        }
        let message = format!("this expression has more than {MAX_OPERATORS} operators");
        let error = Diagnostic::new("E0007", message, self.here(), "").help("split it into several lines");
        Err(Err::Failure(Problem(Some(Box::new(error)))))
    }
}

impl Wanted {
    fn word(&self) -> Option<&'static str> {
        match self {
            Wanted::Exactly(word) => Some(word),
            Wanted::Some(_) | Wanted::Operator => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Wanted::Exactly(text) => format!("`{text}`"),
            Wanted::Some(text) => (*text).to_owned(),
            Wanted::Operator => "an operator".to_owned(),
        }
    }
}

/// Joins what was wanted: `a`, `b` or `c`. An operator is possible behind every value, and comes last.
fn listed(wanted: &[Wanted]) -> String {
    let (operators, others): (Vec<Wanted>, Vec<Wanted>) =
        wanted.iter().partition(|wanted| **wanted == Wanted::Operator);
    let texts: Vec<String> = others.iter().chain(&operators).map(Wanted::text).collect();
    match texts.split_last() {
        None => "something else".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

impl<'a> Input for Tokens<'a> {
    type Item = &'a Token<'a>;
    type Iter = Iter<'a, Token<'a>>;
    type IterIndices = Enumerate<Iter<'a, Token<'a>>>;

    fn input_len(&self) -> usize {
        self.rest.len()
    }

    fn take(&self, index: usize) -> Self {
        Tokens { rest: &self.rest[..index], ..*self }
    }

    fn take_from(&self, index: usize) -> Self {
        Tokens { rest: &self.rest[index..], ..*self }
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        (self.take_from(index), self.take(index))
    }

    fn position<P: Fn(Self::Item) -> bool>(&self, predicate: P) -> Option<usize> {
        self.rest.iter().position(predicate)
    }

    fn iter_elements(&self) -> Self::Iter {
        self.rest.iter()
    }

    fn iter_indices(&self) -> Self::IterIndices {
        self.rest.iter().enumerate()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        if count <= self.rest.len() { Ok(count) } else { Err(Needed::new(count - self.rest.len())) }
    }
}

/// Reads a symbol.
pub(super) fn symbol<'a>(wanted: Symbol) -> impl Fn(Tokens<'a>) -> Parsed<'a, Span> {
    move |input| match input.first() {
        Some(Kind::Symbol(found)) if found == wanted => Ok((input.take_from(1), input.here())),
        _ => input.want(Wanted::Exactly(wanted.text())),
    }
}

/// Reads a keyword.
pub(super) fn keyword<'a>(wanted: &'static str) -> impl Fn(Tokens<'a>) -> Parsed<'a, Span> {
    move |input| match input.first() {
        Some(Kind::Word(found)) if found == wanted => Ok((input.take_from(1), input.here())),
        _ => input.want(Wanted::Exactly(wanted)),
    }
}

/// Reads a keyword that is an operator.
pub(super) fn operator_word<'a>(wanted: &'static str) -> impl Fn(Tokens<'a>) -> Parsed<'a, Span> {
    move |input| match input.first() {
        Some(Kind::Word(found)) if found == wanted => Ok((input.take_from(1), input.here())),
        _ => input.want(Wanted::Operator),
    }
}

/// Reads any word: a label.
pub(super) fn label(input: Tokens<'_>) -> Parsed<'_, Name> {
    match input.first() {
        Some(Kind::Word(word)) => {
            Ok((input.take_from(1), Spanned { value: word.to_owned(), span: input.here() }))
        }
        _ => input.want(Wanted::Some("a label")),
    }
}

/// Reads a name: a word that is not reserved.
pub(super) fn name(input: Tokens<'_>) -> Parsed<'_, Name> {
    match input.first() {
        Some(Kind::Word(word)) => match reserved(word) {
            None => Ok((input.take_from(1), Spanned { value: word.to_owned(), span: input.here() })),
            Some(why) => {
                let message = format!("`{word}` cannot be a name");
                input.fail(
                    Diagnostic::new("E0008", message, input.here(), "a name is expected here").help(why),
                )
            }
        },
        _ => input.want(Wanted::Some("a name")),
    }
}

/// Reads a string.
pub(super) fn text(input: Tokens<'_>) -> Parsed<'_, Spanned<String>> {
    match input.first() {
        Some(Kind::Text(text)) => {
            Ok((input.take_from(1), Spanned { value: text.to_owned(), span: input.here() }))
        }
        _ => input.want(Wanted::Some("a string in quotes")),
    }
}

/// Reads the end of the line.
pub(super) fn end_of_line(input: Tokens<'_>) -> Parsed<'_, ()> {
    if input.rest.is_empty() { Ok((input, ())) } else { input.want(Wanted::Some("the end of the line")) }
}

/// Returns why a word cannot be a name, if it cannot.
pub(super) fn reserved(word: &str) -> Option<&'static str> {
    const WORDS: [&str; 10] = ["and", "or", "not", "in", "at", "done", "holds", "count", "len", "end"];
    if WORDS.contains(&word) {
        Some("`and or not in at done holds count len end` are reserved")
    } else if Op::from_mnemonic(word).is_some_and(|op| op.spec().mnemonic == word) {
        Some("mnemonics in capitals are reserved; in lower case it is a name")
    } else {
        None
    }
}
