//! Files to lines: reads the main text and what it includes into one list of lines, as if the included
//! text stood in place of its `include`.
//!
//! Reading is the [`Loader`]'s business: the core does no I/O. An `include` may stand anywhere a line may,
//! in a body too.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use crate::program::{Line, Source, Span};

use super::ast::{self, Statement};
use super::diagnostic::Diagnostic;
use super::{Options, grammar, limits};

/// A text that a [`Loader`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// The name as diagnostics print it; includes in this text get it as their `from`.
    pub name: String,
    /// What tells two files apart: equal for one file under two paths.
    pub identity: String,
    /// The whole text.
    pub text: String,
}

/// Finds the text of included files; the core does no I/O itself.
pub trait Loader {
    /// Returns the file that an `include` names. `from` is the name of the including source, `path` the path
    /// as written there, or what [`Options::replacements`] puts in its place.
    ///
    /// # Errors
    ///
    /// A clause that says why the file cannot be read, for the diagnostic.
    fn load(&self, from: &str, path: &str) -> Result<Loaded, String>;

    /// Returns the identity of the main text, so that a file which includes itself is noticed.
    fn identity(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// A [`Loader`] that refuses every include: for programs that are one text.
#[derive(Clone, Copy, Default, Debug)]
pub struct NoFiles;

impl Loader for NoFiles {
    fn load(&self, _from: &str, _path: &str) -> Result<Loaded, String> {
        Err("this program was given as a text, without files".to_owned())
    }
}

/// One line of the program, wherever it came from.
#[derive(Debug)]
pub(super) struct FlatLine {
    /// What the grammar read.
    pub line: ast::Line,
    /// Its number and source.
    pub number: Line,
    /// It has a syntax error, so that what follows may only seem wrong.
    pub broken: bool,
}

/// All lines of a program and where they came from.
#[derive(Default, Debug)]
pub(super) struct Texts {
    pub sources: Vec<Source>,
    pub lines: Vec<FlatLine>,
    pub errors: Vec<Diagnostic>,
    /// Every word of the broken lines: a name among them may have been declared there.
    pub broken_words: HashSet<String>,
    /// The replacements that no `include` asked for.
    pub unused_replacements: Vec<String>,
}

/// A file whose lines are being read.
struct Open {
    identity: String,
    lines: std::vec::IntoIter<FlatLine>,
}

struct Reader<'a> {
    loader: &'a dyn Loader,
    options: &'a Options,
    texts: Texts,
    open: Vec<Open>,
    /// Where each file was included first.
    included: HashMap<String, Span>,
    bytes: usize,
    used: HashSet<&'a str>,
}

/// Reads the main text and everything it includes.
pub(super) fn read(name: &str, text: &str, options: &Options, loader: &dyn Loader) -> Texts {
    let mut reader = Reader {
        loader,
        options,
        texts: Texts::default(),
        open: Vec::new(),
        included: HashMap::new(),
        bytes: 0,
        used: HashSet::new(),
    };
    reader.open(name.to_owned(), loader.identity(name), text, Span::default());
    reader.run();
    let unused = options.replacements.iter().map(|(path, _)| path.as_str());
    reader.texts.unused_replacements =
        unused.filter(|path| !reader.used.contains(path)).map(str::to_owned).collect();
    reader.texts
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        while let Some(file) = self.open.last_mut() {
            match file.lines.next() {
                None => {
                    self.open.pop();
                }
                Some(line) => match &line.line.statement {
                    Some(ast::Spanned { value: Statement::Include { path }, span }) => {
                        let (path, span) = (path.clone(), *span);
                        self.include(&path, span);
                        // The line stays for its labels; the structure pass skips the statement.
                        self.texts.lines.push(line);
                    }
                    _ => self.texts.lines.push(line),
                },
            }
        }
    }

    fn include(&mut self, path: &ast::Spanned<String>, span: Span) {
        let options = self.options;
        let named = |wanted: &str| options.replacements.iter().rev().find(|(from, _)| from == wanted);
        let file_name = Path::new(&path.value).file_name().and_then(|name| name.to_str());
        let replacement = named(&path.value).or_else(|| named(file_name?));
        let wanted = match replacement {
            Some((from, to)) => {
                self.used.insert(from);
                to.as_str()
            }
            None => path.value.as_str(),
        };
        let from = self.texts.sources[span.source as usize].name.clone();
        match self.loader.load(&from, wanted) {
            Err(why) => self.texts.errors.push(Diagnostic::new(
                "E0601",
                format!("cannot read `{wanted}`: {why}"),
                path.span,
                "included here",
            )),
            Ok(loaded) => {
                if let Some(error) = self.objection(&loaded, path.span) {
                    self.texts.errors.push(error);
                } else {
                    self.open(loaded.name, loaded.identity, &loaded.text, path.span);
                }
            }
        }
    }

    /// Returns what is against including a file here.
    fn objection(&self, loaded: &Loaded, span: Span) -> Option<Diagnostic> {
        if self.open.iter().any(|file| file.identity == loaded.identity) {
            let message = format!("`{}` includes itself", loaded.name);
            let mut error = Diagnostic::new("E0602", message, span, "closes the circle");
            if let Some(&first) =
                self.included.get(&loaded.identity).filter(|first| **first != Span::default())
            {
                error = error.related(first, "first included here");
            }
            return Some(error.help("move what both need into a file of its own, and include that once"));
        }
        if let Some(&first) = self.included.get(&loaded.identity) {
            let message = format!("`{}` is included twice", loaded.name);
            let error = Diagnostic::new("E0603", message, span, "included again");
            return Some(error.related(first, "first included here"));
        }
        if self.open.len() > limits::INCLUDE_DEPTH || self.texts.sources.len() >= limits::FILES {
            let message = format!(
                "more than {} files, or more than {} includes inside one another",
                limits::FILES,
                limits::INCLUDE_DEPTH
            );
            return Some(Diagnostic::new("E0402", message, span, "the bound is passed here"));
        }
        if loaded.text.len() > limits::FILE_BYTES
            || self.bytes.saturating_add(loaded.text.len()) > limits::TOTAL_BYTES
        {
            let message = format!("`{}` is too large", loaded.name);
            let bound = format!(
                "a file may have {} MiB, all files together {} MiB",
                limits::FILE_BYTES >> 20,
                limits::TOTAL_BYTES >> 20
            );
            return Some(Diagnostic::new("E0402", message, span, "included here").help(bound));
        }
        None
    }

    /// Parses a text and makes its lines the next to be read.
    fn open(&mut self, name: String, identity: String, text: &str, span: Span) {
        let source = self.texts.sources.len() as u32;
        self.included.insert(identity.clone(), span);
        self.bytes += text.len();
        let lines = if text.len() > limits::FILE_BYTES {
            // Only the main text comes here unchecked; its bytes are not worth keeping.
            self.texts.sources.push(Source { name, text: String::new() });
            let message = format!("the program has more than {} MiB", limits::FILE_BYTES >> 20);
            let place = Span { source, start: 0, end: 0 };
            self.texts.errors.push(Diagnostic::new("E0402", message, place, ""));
            Vec::new()
        } else {
            self.texts.sources.push(Source { name, text: text.to_owned() });
            self.parse(source, text)
        };
        self.open.push(Open { identity, lines: lines.into_iter() });
    }

    fn parse(&mut self, source: u32, text: &str) -> Vec<FlatLine> {
        let (lines, errors) = grammar::parse(source, text);
        let mut broken: Vec<u32> = errors.iter().map(|error| error.span.start).collect();
        broken.sort_unstable();
        let starts = line_starts(text);
        let mut flat = Vec::with_capacity(lines.len());
        for line in lines {
            let span = line.span;
            let at = broken.partition_point(|&start| start < span.start);
            let is_broken = broken.get(at).is_some_and(|&start| start <= span.end);
            if is_broken && let Some(text) = text.get(span.range()) {
                self.texts.broken_words.extend(words(text).map(str::to_owned));
            }
            let number = starts.partition_point(|&start| start <= span.start) as u32;
            flat.push(FlatLine { line, number: Line { source, number }, broken: is_broken });
        }
        self.texts.errors.extend(errors);
        flat
    }
}

fn line_starts(text: &str) -> Vec<u32> {
    let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    std::iter::once(0).chain(ends.map(|(at, _)| at as u32 + 1)).collect()
}

/// The words of a line that could be names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

impl Span {
    /// Returns the stretch as a range of bytes of its source.
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}
