//! The file-level names, and what a misspelt one may have been.

use std::collections::HashMap;

use crate::program::{GroupId, ObjectGroupId, ObjectSort, ProcId, Span, VarId};

use super::ast::{Name, Statement, VariableWord};
use super::diagnostic::Diagnostic;
use super::structure::{BodyText, Item, Outline};

/// What a file-level name means.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Meaning {
    /// A constant, by its place among the constants.
    Constant(usize),
    Variable(VarId, VariableWord),
    Objects(ObjectGroupId, ObjectSort),
    Thread(GroupId),
    Proc(ProcId),
}

/// A name with its declaration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Symbol {
    pub meaning: Meaning,
    pub span: Span,
}

/// All names of a program but its labels. Where one is declared twice the first declaration counts.
#[derive(Default, Debug)]
pub(super) struct Names<'a> {
    pub file: HashMap<&'a str, Symbol>,
    /// Each thread's own locals, by [`GroupId`].
    pub own: Vec<HashMap<&'a str, Symbol>>,
}

/// Numbers things of each kind in order of declaration, as the tables of the program are filled.
#[derive(Default)]
struct Counters {
    constants: usize,
    variables: u32,
    objects: u32,
    threads: u32,
    procs: u32,
}

fn next(counter: &mut u32) -> u32 {
    *counter += 1;
    *counter - 1
}

impl<'a> Names<'a> {
    /// Collects the names of a program.
    pub fn collect(outline: &Outline<'a>, errors: &mut Vec<Diagnostic>) -> Names<'a> {
        let mut names = Names::default();
        let mut counters = Counters::default();
        let mut own = Vec::new();
        for item in &outline.items {
            match item {
                Item::Declaration(declaration) => {
                    if let Some((name, meaning)) = counters.declare(declaration.statement) {
                        names.declare(name, meaning, errors);
                    }
                }
                Item::Body(body) if body.is_proc() => {
                    names.declare(body.name, Meaning::Proc(ProcId(next(&mut counters.procs))), errors);
                }
                Item::Body(body) => {
                    let group = GroupId(next(&mut counters.threads));
                    names.declare(body.name, Meaning::Thread(group), errors);
                    own.push((body, counters.variables));
                    counters.variables += body.locals.len() as u32;
                }
            }
        }
        for (body, first) in own {
            let locals = names.locals(body, first, errors);
            names.own.push(locals);
        }
        names
    }

    fn declare(&mut self, name: &'a Name, meaning: Meaning, errors: &mut Vec<Diagnostic>) {
        let symbol = Symbol { meaning, span: name.span };
        match self.file.get(name.value.as_str()) {
            Some(first) => errors.push(declared_twice(name, first.span)),
            None => {
                self.file.insert(&name.value, symbol);
            }
        }
    }

    /// Collects the locals of one thread, whose first variable is `first`.
    fn locals(
        &self,
        body: &BodyText<'a>,
        first: u32,
        errors: &mut Vec<Diagnostic>,
    ) -> HashMap<&'a str, Symbol> {
        let mut locals: HashMap<&'a str, Symbol> = HashMap::new();
        for (number, declaration) in (first..).zip(&body.locals) {
            let Statement::Variable { name, word, .. } = declaration.statement else { continue };
            if let Some(symbol) = self.file.get(name.value.as_str()) {
                let message = format!("local `{}` has the name of a file-level declaration", name.value);
                errors.push(
                    Diagnostic::new("E0103", message, name.span, "declared again")
                        .related(symbol.span, "first declared here")
                        .help("a thread's own locals and the file-level names share one name space"),
                );
            }
            match locals.get(name.value.as_str()) {
                Some(first) => errors.push(declared_twice(name, first.span)),
                None => {
                    let meaning = Meaning::Variable(VarId(number), *word);
                    locals.insert(&name.value, Symbol { meaning, span: name.span });
                }
            }
        }
        locals
    }

    /// Returns the thread that has a local of its own with this name: the first by name.
    pub fn owner(&self, local: &str) -> Option<&'a str> {
        let threads = self.file.iter().filter_map(|(name, symbol)| match symbol.meaning {
            Meaning::Thread(group) => Some((*name, group)),
            _ => None,
        });
        threads
            .filter(|(_, group)| self.own.get(group.index()).is_some_and(|own| own.contains_key(local)))
            .map(|(name, _)| name)
            .min()
    }
}

impl Counters {
    fn declare<'a>(&mut self, statement: &'a Statement) -> Option<(&'a Name, Meaning)> {
        Some(match statement {
            Statement::Const { name, .. } => {
                self.constants += 1;
                (name, Meaning::Constant(self.constants - 1))
            }
            Statement::Variable { name, word, .. } => {
                (name, Meaning::Variable(VarId(next(&mut self.variables)), *word))
            }
            Statement::Object { name, sort, .. } => {
                (name, Meaning::Objects(ObjectGroupId(next(&mut self.objects)), *sort))
            }
            _ => return None,
        })
    }
}

fn declared_twice(name: &Name, first: Span) -> Diagnostic {
    Diagnostic::new("E0102", format!("`{}` is declared twice", name.value), name.span, "declared again")
        .related(first, "first declared here")
}
