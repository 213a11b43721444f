//! Text to program and back.
//!
//! [`assemble`] reads a text in four steps: the grammar turns lines into a syntax tree (`ast`), the
//! structure pass finds bodies and blocks, the resolver turns names into ids, and the verifier computes the
//! stack height of every instruction. Each step reports all it finds, and leaves out what an earlier mistake
//! may have caused. [`format()`] prints a text in its canonical layout, [`listing()`] a program's code.
//!
//! Nothing here reads a file: included texts come from a [`Loader`]. Everything is bounded, and nothing
//! recurses deeper than an expression, so that no input makes the assembler panic or hang.

mod ast;
mod codes;
mod consts;
mod diagnostic;
mod grammar;
mod heights;
mod include;
mod lexer;
mod limits;
mod listing;
mod names;
mod pieces;
mod printer;
mod resolve;
mod structure;
mod suggest;
mod switch_points;
mod verify;

use std::path::Path;

use crate::program::Program;

pub use codes::codes;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use include::{Loaded, Loader, NoFiles};
pub use listing::listing;
pub use pieces::{Piece, PieceKind, pieces};
pub use printer::format;

/// The codes of texts that were not read, or not to their end: what they declare is not known.
const UNREAD: [&str; 3] = ["E0016", "E0402", "E0601"];

/// What the command line may change in a program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Values for constants (`-D N=5`); of two for one constant the last counts.
    pub defines: Vec<(String, i64)>,
    /// Other files for includes (`--replace ticket.rvm=mcs.rvm`): the path as an `include` writes it, or its
    /// last part, and the path to load instead. Of two for one path the last counts.
    pub replacements: Vec<(String, String)>,
}

/// Why there is no program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The text is wrong.
    Diagnostics(Diagnostics),
    /// [`Options::defines`] names something that is not a constant of the program.
    UnknownDefine(String),
    /// [`Options::replacements`] names a path that no `include` has.
    UnknownReplacement(String),
}

/// Assembles a program. `name` is the text's path, or `-` for standard input.
///
/// # Errors
///
/// Everything that is wrong with the text, or with the names in `options`.
pub fn assemble(name: &str, text: &str, options: &Options, loader: &dyn Loader) -> Result<Program, Failure> {
    let mut texts = include::read(name, text, options, loader);
    let mut errors = std::mem::take(&mut texts.errors);
    if errors.is_empty()
        && let Some(path) = texts.unused_replacements.first()
    {
        return Err(Failure::UnknownReplacement(path.clone()));
    }
    if errors.iter().any(|error| UNREAD.contains(&error.code)) {
        // Every name that the unread lines declare would seem unknown.
        return Err(Failure::Diagnostics(Diagnostics::new(texts.sources, errors)));
    }
    let outline = structure::outline(&texts.lines, &mut errors);
    let resolved = resolve::resolve(&outline, &texts.sources, &texts.broken_words, options, errors)?;
    let (mut program, map, mut errors) = (resolved.program, resolved.map, resolved.errors);
    if !map.is_cut {
        errors.extend(verify::verify(&mut program, &map));
    }
    if !errors.is_empty() {
        return Err(Failure::Diagnostics(Diagnostics::new(texts.sources, errors)));
    }
    program.name = stem(name);
    program.description = description(&texts.lines);
    program.sources = texts.sources;
    Ok(program)
}

/// Returns the stem of a path; `stdin` for standard input.
fn stem(name: &str) -> String {
    if name == "-" {
        return "stdin".to_owned();
    }
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Returns the comment block at the head of the program, without its semicolons.
fn description(lines: &[include::FlatLine]) -> String {
    let of_main = lines.iter().map(|flat| &flat.line).take_while(|line| line.span.source == 0);
    let is_blank = |line: &&ast::Line| line.labels.is_empty() && line.statement.is_none();
    let head = of_main.take_while(is_blank).skip_while(|line| line.comment.is_none());
    let comments: Vec<&str> = head.map_while(|line| line.comment.as_ref()).map(comment_text).collect();
    comments.join("\n").trim().to_owned()
}

fn comment_text(comment: &ast::Spanned<String>) -> &str {
    let text = comment.value.trim_start_matches(';');
    text.strip_prefix(' ').unwrap_or(text)
}

#[cfg(test)]
mod tests;
