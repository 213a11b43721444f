//! The canonical layout of a program.
//!
//! The printer moves white space and line breaks and nothing else: it prints the tokens of the text, so
//! numbers, parentheses and strings stay as they were written, and every comment stays. Mnemonics are put
//! into capitals, a label gets a line of its own, and blank lines in a row become one. Printing what was
//! printed changes nothing.

use super::ast::{Line, Spanned, Statement};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::grammar;
use super::lexer::{self, Kind, Symbol, Token};
use super::limits;
use crate::program::{Source, Span};

/// Spaces by which a body is indented.
const INDENT: usize = 4;
/// Deeper blocks are not indented further: a hostile text must not grow with the square of its length.
const MAX_DEPTH: usize = 16;
/// Longer lines do not push the comments around them to the right, for the same reason.
const MAX_CODE: usize = 60;
/// Spaces before a comment behind code.
const COMMENT_GAP: usize = 2;

/// Returns a program's text in its canonical layout: declarations at the margin, bodies and blocks indented
/// by four, labels on lines of their own, operands and comments aligned, tokens spaced evenly.
///
/// # Errors
///
/// Returns the syntax errors of a text that cannot be parsed, or E0402 for one that is too large. Names and
/// meanings are not looked at.
///
/// ```
/// let tidy = racevm::asm::format("x.rvm", "thread t\n l: load   x ; read\nend").unwrap();
/// assert_eq!(tidy, "thread t\n  l:\n    LOAD x  ; read\nend\n");
/// ```
pub fn format(name: &str, text: &str) -> Result<String, Diagnostics> {
    if text.len() > limits::FILE_BYTES {
        let message = format!("the program has more than {} MiB", limits::FILE_BYTES >> 20);
        let error = Diagnostic::new("E0402", message, Span::default(), "");
        // The bytes of the text are not worth keeping.
        let source = Source { name: name.to_owned(), text: String::new() };
        return Err(Diagnostics::new(vec![source], vec![error]));
    }
    let (lines, errors) = grammar::parse(0, text);
    if !errors.is_empty() {
        let source = Source { name: name.to_owned(), text: text.to_owned() };
        return Err(Diagnostics::new(vec![source], errors));
    }
    let mut layout = Layout { widths: operand_columns(&lines), ..Layout::default() };
    for (line, lexed) in lines.iter().zip(lexer::lines(0, text)) {
        layout.line(line, &lexed.tokens);
    }
    Ok(render(&layout.rows))
}

/// A printed line on its way; without code and comment it is blank.
#[derive(Default)]
struct Row {
    indent: usize,
    code: String,
    comment: Option<String>,
}

#[derive(Default)]
struct Layout {
    rows: Vec<Row>,
    /// How many blocks are open.
    depth: usize,
    /// How many bodies have begun.
    body: usize,
    /// For each body the width of its mnemonics.
    widths: Vec<usize>,
}

/// Returns for each body, and first for what stands before them, the width of the longest mnemonic that has
/// an operand.
fn operand_columns(lines: &[Line]) -> Vec<usize> {
    let mut columns = vec![0];
    for statement in lines.iter().filter_map(|line| line.statement.as_ref()) {
        match &statement.value {
            Statement::Thread { .. } | Statement::Proc { .. } => columns.push(0),
            Statement::Instruction(instruction) if instruction.operand.is_some() => {
                let width = instruction.op.value.spec().mnemonic.len();
                if let Some(column) = columns.last_mut() {
                    *column = width.max(*column);
                }
            }
            _ => {}
        }
    }
    columns
}

impl Layout {
    fn line(&mut self, line: &Line, tokens: &[Token<'_>]) {
        let comment = line.comment.as_ref().map(|comment| comment.value.clone());
        let label_indent = self.indent().saturating_sub(INDENT / 2);
        for label in &line.labels {
            self.rows.push(Row { indent: label_indent, code: format!("{}:", label.value), comment: None });
        }
        match (&line.statement, self.rows.last_mut()) {
            (Some(statement), _) => {
                let first = tokens.partition_point(|token| token.span.start < statement.span.start);
                self.statement(statement, &tokens[first..], comment);
            }
            (None, Some(label)) if !line.labels.is_empty() => label.comment = comment,
            (None, _) if comment.is_some() => {
                self.rows.push(Row { indent: self.indent(), code: String::new(), comment });
            }
            (None, Some(last)) if !last.is_blank() => self.rows.push(Row::default()),
            (None, _) => {}
        }
    }

    fn statement(&mut self, statement: &Spanned<Statement>, tokens: &[Token<'_>], comment: Option<String>) {
        if statement.value == Statement::End {
            self.depth = self.depth.saturating_sub(1);
        }
        let indent = self.indent();
        match statement.value {
            Statement::Thread { .. } | Statement::Proc { .. } => {
                self.body += 1;
                self.depth += 1;
            }
            Statement::AtomicBlock => self.depth += 1,
            _ => {}
        }
        let code = match &statement.value {
            Statement::Instruction(instruction) => {
                let mnemonic = instruction.op.value.spec().mnemonic;
                let width = self.widths.get(self.body).copied().unwrap_or(0);
                match tokens {
                    [_, operand @ ..] if !operand.is_empty() => {
                        format!("{mnemonic:width$} {}", spaced(operand, 0))
                    }
                    _ => mnemonic.to_owned(),
                }
            }
            Statement::Expect(_) => spaced(tokens, expect_words(tokens)),
            _ => spaced(tokens, 1),
        };
        self.rows.push(Row { indent, code, comment });
    }

    fn indent(&self) -> usize {
        self.depth.min(MAX_DEPTH) * INDENT
    }
}

impl Row {
    fn is_blank(&self) -> bool {
        self.code.is_empty() && self.comment.is_none()
    }

    fn is_code(&self) -> bool {
        !self.code.is_empty()
    }

    /// Returns true when the comments of neighbouring rows are aligned: code of one body, or of none.
    fn aligns_with(&self, next: &Row) -> bool {
        self.is_code() && next.is_code() && (self.indent == 0) == (next.indent == 0)
    }

    fn width(&self) -> usize {
        self.indent + self.code.chars().count()
    }
}

/// Returns how many tokens of an expectation come before what it is about: `expect under gil always`.
fn expect_words(tokens: &[Token<'_>]) -> usize {
    let kind = |at: usize| tokens.get(at).map(|token| token.kind);
    let mut words = 1;
    if kind(words) == Some(Kind::Word("under")) {
        words += 2;
        while kind(words) == Some(Kind::Symbol(Symbol::Comma)) {
            words += 2;
        }
    }
    words + 1
}

/// What the printer has to know about the token before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// The beginning, or a token that holds on to what follows it: `(`, `.`, a minus sign.
    Tight,
    /// `len` or `count`, which hold on to a parenthesis.
    Function,
    /// Any other token.
    Loose,
}

/// What the grammar wants next, as far as the printer has to know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A value, so that a `-` is a sign and `not` is no label.
    Operand,
    /// A label, which may be any word.
    Label,
    /// Something between or behind values.
    Operator,
}

/// Joins tokens with the spaces between them; the first `words` of them come before the first value.
fn spaced(tokens: &[Token<'_>], words: usize) -> String {
    let mut out = String::new();
    let mut before = Before::Tight;
    let mut next = Next::Operand;
    for (at, token) in tokens.iter().enumerate() {
        let in_label_range = |at: Option<usize>| {
            at.and_then(|at| tokens.get(at)).is_some_and(|token| token.kind == Kind::Symbol(Symbol::Dots))
        };
        let beside_dots = in_label_range(at.checked_sub(1)) || in_label_range(Some(at + 1));
        if before != Before::Tight && wants_space(before, token.kind) {
            out.push(' ');
        }
        out.push_str(&token.kind.to_string());
        before = holds(token.kind, next);
        if at >= words {
            next = follow(token.kind, next, beside_dots);
        }
    }
    out
}

/// Returns true when a space comes before a token that does not follow a tight one.
fn wants_space(before: Before, kind: Kind<'_>) -> bool {
    use Symbol::{Close, CloseIndex, CloseSet, Colon, Comma, Dot, Dots, Open, OpenIndex};
    match kind {
        Kind::Symbol(Comma | Close | CloseIndex | CloseSet | Colon | Dot | Dots | OpenIndex) => false,
        Kind::Symbol(Open) => before != Before::Function,
        _ => true,
    }
}

fn holds(kind: Kind<'_>, next: Next) -> Before {
    use Symbol::{Dot, Dots, Minus, Open, OpenIndex, OpenSet};
    match kind {
        Kind::Symbol(Open | OpenIndex | OpenSet | Dot | Dots) => Before::Tight,
        Kind::Symbol(Minus) if next == Next::Operand => Before::Tight,
        Kind::Word("len" | "count") => Before::Function,
        _ => Before::Loose,
    }
}

/// Returns what is wanted behind a token, given what was wanted before it.
fn follow(kind: Kind<'_>, next: Next, beside_dots: bool) -> Next {
    match (kind, next) {
        (Kind::Symbol(Symbol::Close | Symbol::CloseIndex | Symbol::CloseSet), _) => Next::Operator,
        (Kind::Symbol(_), _) => Next::Operand,
        (Kind::Number(_) | Kind::Text(_), _) => Next::Operator,
        (Kind::Word("not" | "in"), Next::Operand) if !beside_dots => Next::Operand,
        (Kind::Word(_), Next::Operand | Next::Label) => Next::Operator,
        (Kind::Word("at"), Next::Operator) => Next::Label,
        (Kind::Word("done" | "deferred"), Next::Operator) => Next::Operator,
        (Kind::Word(_), Next::Operator) => Next::Operand,
    }
}

/// Prints the rows, the comments of a body aligned from one blank line or whole-line comment to the next.
fn render(rows: &[Row]) -> String {
    let kept = rows.iter().rposition(|row| !row.is_blank()).map_or(0, |last| last + 1);
    let mut out = String::new();
    for run in rows[..kept].chunk_by(Row::aligns_with) {
        let commented = run.iter().filter(|row| row.comment.is_some()).map(Row::width);
        let column = commented.filter(|&width| width <= MAX_CODE).max().unwrap_or(0);
        for row in run {
            print_row(row, column, &mut out);
        }
    }
    out
}

fn print_row(row: &Row, column: usize, out: &mut String) {
    if !row.is_blank() {
        out.extend(std::iter::repeat_n(' ', row.indent));
        out.push_str(&row.code);
    }
    if let Some(comment) = &row.comment {
        if row.is_code() {
            let gap = column.saturating_sub(row.width()) + COMMENT_GAP;
            out.extend(std::iter::repeat_n(' ', gap));
        }
        out.push_str(comment);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests;
