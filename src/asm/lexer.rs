//! Text to tokens, one line at a time.
//!
//! A line is cut into words, numbers, strings and symbols; which words are keywords is the grammar's
//! business. White space is dropped, the comment is kept apart, and what can be no token is reported here.

use std::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while1};
use nom::character::complete::{char, satisfy};
use nom::combinator::{map, recognize, value};
use nom::sequence::{delimited, pair};
use nom::{IResult, Parser};

use super::ast::Spanned;
use super::diagnostic::Diagnostic;
use crate::program::Span;

/// The most errors that one line is told of: a line of garbage needs no more.
const MAX_ERRORS: usize = 8;

/// A token with its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind<'a> {
    /// A name, keyword or mnemonic.
    Word(&'a str),
    /// A number as written, known to be well formed.
    Number(&'a str),
    /// A string without its quotes.
    Text(&'a str),
    /// An operator or bracket.
    Symbol(Symbol),
}

macro_rules! symbols {
    ($($name:ident $text:literal)*) => {
        /// Operators and brackets.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum Symbol {
            $($name,)*
        }

        impl Symbol {
            /// Returns the symbol as it is written.
            pub(super) fn text(self) -> &'static str {
                match self {
                    $(Symbol::$name => $text,)*
                }
            }
        }
    };
}

symbols! {
    Dots ".." Dot "." Comma "," Colon ":" Equal "==" Assign "=" NotEqual "!=" LessEqual "<=" Less "<"
    GreaterEqual ">=" Greater ">" Plus "+" Minus "-" Star "*" Slash "/" Percent "%"
    Open "(" Close ")" OpenIndex "[" CloseIndex "]" OpenSet "{" CloseSet "}"
}

/// One line, cut into tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct LexedLine<'a> {
    /// The whole line without its line end.
    pub span: Span,
    /// Its tokens.
    pub tokens: Vec<Token<'a>>,
    /// Its comment with the `;`, trailing white space removed.
    pub comment: Option<Spanned<String>>,
    /// What could not be read.
    pub errors: Vec<Diagnostic>,
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Word(text) | Kind::Number(text) => f.write_str(text),
            Kind::Text(text) => write!(f, "\"{text}\""),
            Kind::Symbol(symbol) => f.write_str(symbol.text()),
        }
    }
}

/// Cuts a text into lines of tokens. A byte order mark at its start is skipped; lines end with `\n` or
/// `\r\n`. The text must be shorter than 4 GiB, or places in it have no number.
pub(super) fn lines(source: u32, text: &str) -> impl Iterator<Item = LexedLine<'_>> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut start = text.len() - body.len();
    body.split_inclusive('\n').map(move |whole| {
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let lexed = Lexer { source, start: start as u32, line }.run();
        start += whole.len();
        lexed
    })
}

impl LexedLine<'_> {
    fn report(&mut self, error: Diagnostic) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        }
    }
}

/// One line on its way.
#[derive(Clone, Copy)]
struct Lexer<'a> {
    source: u32,
    start: u32,
    line: &'a str,
}

impl<'a> Lexer<'a> {
    fn run(self) -> LexedLine<'a> {
        let mut lexed = LexedLine {
            span: self.span(self.line, ""),
            tokens: Vec::new(),
            comment: None,
            errors: Vec::new(),
        };
        let mut rest = skip_space(self.line);
        while !rest.is_empty() {
            if rest.starts_with(';') {
                let comment = rest.trim_end();
                let after = &rest[comment.len()..];
                let span = self.span(rest, after);
                lexed.comment = Some(Spanned { value: comment.to_owned(), span });
                break;
            }
            let after = match token(rest) {
                Ok((after, kind)) => {
                    let span = self.span(rest, after);
                    match malformed_number(kind, span) {
                        Some(error) => lexed.report(error),
                        None => lexed.tokens.push(Token { kind, span }),
                    }
                    after
                }
                Err(_) => {
                    let after = skip_unreadable(rest);
                    lexed.report(unreadable(rest, self.span(rest, after)));
                    after
                }
            };
            rest = skip_space(after);
        }
        lexed
    }

    /// The stretch between two rests of the line.
    fn span(self, from: &str, to: &str) -> Span {
        let at = |rest: &str| self.start + (self.line.len() - rest.len()) as u32;
        Span { source: self.source, start: at(from), end: at(to) }
    }
}

fn token(input: &str) -> IResult<&str, Kind<'_>> {
    alt((map(word, Kind::Word), map(number, Kind::Number), map(text, Kind::Text), map(symbol, Kind::Symbol)))
        .parse(input)
}

fn word(input: &str) -> IResult<&str, &str> {
    recognize(pair(satisfy(|c| c.is_ascii_alphabetic() || c == '_'), take_while(is_word_char))).parse(input)
}

/// Everything that a person would take for one number, `12ab` too; [`malformed_number`] looks closer.
fn number(input: &str) -> IResult<&str, &str> {
    recognize(pair(satisfy(|c| c.is_ascii_digit()), take_while(is_word_char))).parse(input)
}

fn text(input: &str) -> IResult<&str, &str> {
    delimited(char('"'), take_till(|c| c == '"'), char('"')).parse(input)
}

fn symbol(input: &str) -> IResult<&str, Symbol> {
    let double = alt((
        value(Symbol::Dots, tag("..")),
        value(Symbol::Equal, tag("==")),
        value(Symbol::NotEqual, tag("!=")),
        value(Symbol::LessEqual, tag("<=")),
        value(Symbol::GreaterEqual, tag(">=")),
    ));
    let single = alt((
        value(Symbol::Dot, tag(".")),
        value(Symbol::Comma, tag(",")),
        value(Symbol::Colon, tag(":")),
        value(Symbol::Assign, tag("=")),
        value(Symbol::Less, tag("<")),
        value(Symbol::Greater, tag(">")),
        value(Symbol::Plus, tag("+")),
        value(Symbol::Minus, tag("-")),
        value(Symbol::Star, tag("*")),
        value(Symbol::Slash, tag("/")),
        value(Symbol::Percent, tag("%")),
    ));
    let bracket = alt((
        value(Symbol::Open, tag("(")),
        value(Symbol::Close, tag(")")),
        value(Symbol::OpenIndex, tag("[")),
        value(Symbol::CloseIndex, tag("]")),
        value(Symbol::OpenSet, tag("{")),
        value(Symbol::CloseSet, tag("}")),
    ));
    alt((double, single, bracket)).parse(input)
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_space(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn skip_space(input: &str) -> &str {
    input.trim_start_matches(is_space)
}

/// Skips what no token begins with, all of it at once so that a line of garbage is one error.
fn skip_unreadable(input: &str) -> &str {
    if input.starts_with('"') {
        return "";
    }
    let garbage = take_while1::<_, _, nom::error::Error<&str>>(|c: char| {
        !is_word_char(c)
            && !is_space(c)
            && c != ';'
            && c != '"'
            && symbol(c.encode_utf8(&mut [0; 4])).is_err()
    });
    garbage.map(|_| ()).parse(input).map_or("", |(rest, ())| rest)
}

fn malformed_number(kind: Kind<'_>, span: Span) -> Option<Diagnostic> {
    let Kind::Number(written) = kind else { return None };
    let (digits, radix) = match written.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (written, 10),
    };
    let grouped = digits.split('_').all(|group| !group.is_empty());
    if grouped && digits.chars().all(|c| c == '_' || c.is_digit(radix)) {
        return None;
    }
    let error = Diagnostic::new("E0004", format!("`{}` is not a number", shorten(written)), span, "");
    let other_letters = digits.is_empty() || !digits.chars().all(|c| c == '_' || c.is_digit(radix));
    Some(if other_letters {
        error.help("numbers are decimal (`42`) or hexadecimal (`0x2a`), and names do not begin with a digit")
    } else {
        error.help("`_` stands between two digits, as in `1_000`")
    })
}

fn unreadable(rest: &str, span: Span) -> Diagnostic {
    if rest.starts_with('"') {
        let error = Diagnostic::new("E0005", "this string is not closed", span, "`\"` missing");
        return error.help("a string ends on its own line and has no escapes");
    }
    let first = rest.chars().next().unwrap_or_default();
    let message = format!("`{}` has no meaning here", first.escape_debug());
    let error = Diagnostic::new("E0006", message, span, "");
    match first {
        '#' => error.help("a comment starts with `;`"),
        '!' => error.help("`not` negates, `!=` compares"),
        '&' => error.help("write `and` between truths"),
        '|' => error.help("write `or` between truths, and every instruction on a line of its own"),
        '\'' => error.help("strings stand in `\"…\"`"),
        _ => error,
    }
}

/// Shortens a word or string for a message.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
