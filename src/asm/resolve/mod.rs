//! Names to ids: what the resolver knows while it fills the tables of the program, and how it says that a
//! name is unknown or of the wrong kind.
//!
//! A declaration with an error in it is still declared, and a size that could not be computed is unknown
//! rather than wrong, so that one mistake is reported once.

mod claims;
mod code;
mod declare;
mod index;
mod state;

use std::collections::{HashMap, HashSet};

use crate::program::{
    Body, Group, GroupId, Models, Object, ObjectGroup, ObjectSort, Proc, Program, Source, Span, ThreadId,
    VarId, Variable,
};

use super::ast::{Name, VariableWord};
use super::diagnostic::Diagnostic;
use super::limits::Resource;
use super::names::{Meaning, Names, Symbol};
use super::structure::{BodyText, Outline};
use super::suggest::suggest;
use super::{Failure, Options, limits};

use code::Labels;

pub(super) use code::{CodeBody, CodeMap};

/// What the resolver knows.
pub(super) struct Context<'a> {
    pub names: Names<'a>,
    pub errors: Vec<Diagnostic>,
    /// The value of each constant, where it has one.
    pub values: Vec<Option<i64>>,
    /// The constants whose value needs itself.
    pub circular: HashSet<usize>,
    /// The words of the lines that could not be read.
    broken_words: &'a HashSet<String>,
    sources: &'a [Source],
    variables: Vec<Variable>,
    objects: Vec<Object>,
    object_groups: Vec<ObjectGroup>,
    groups: Vec<Group>,
    procs: Vec<Proc>,
    threads: Vec<GroupId>,
    memory: Vec<i64>,
    thread_locals: u32,
    /// The elements of all declared locals, whose initial values are kept.
    local_elements: u32,
    /// What has a size that could not be computed; its entry in the tables says 1.
    sizeless: HashSet<Meaning>,
    /// For each group, where its name is declared.
    headers: Vec<Span>,
    /// For each group, its text and labels.
    thread_bodies: Vec<(&'a BodyText<'a>, Labels<'a>)>,
    /// What there is too much of already.
    passed: Vec<Resource>,
}

/// The kind of name that is wanted in a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Constant,
    /// Of `LOAD` and its like.
    Variable,
    /// Of one of these kinds.
    Object(&'static [ObjectSort]),
    Thread,
    Proc,
    /// A value of a state: in expressions, `observe` and `outcomes`.
    Value,
}

/// Everything of a program but what the verifier finds out.
pub(super) struct Resolved {
    pub program: Program,
    pub map: CodeMap,
    pub errors: Vec<Diagnostic>,
}

/// Resolves every name of a program. Errors found so far go in and come out with those of the resolver.
pub(super) fn resolve<'a>(
    outline: &'a Outline<'a>,
    sources: &'a [Source],
    broken_words: &'a HashSet<String>,
    options: &Options,
    mut errors: Vec<Diagnostic>,
) -> Result<Resolved, Failure> {
    let is_legible = errors.is_empty();
    let names = Names::collect(outline, &mut errors);
    let mut context = Context::new(names, errors, broken_words, sources);
    let defines = context.defines(options, is_legible)?;
    context.constants(outline, &defines);
    context.declare(outline);
    let code = context.code(outline);
    let observed = context.observed(outline);
    let expectations = context.expectations(outline);
    if context.groups.is_empty() && context.errors.is_empty() {
        context.no_thread();
    }
    let program = Program {
        // What only the texts tell is filled in by the caller, what only the heights tell by the verifier.
        name: String::new(),
        description: String::new(),
        sources: Vec::new(),
        max_calls: 0,
        max_stack: 0,
        models: Models {
            switch: outline.switch.map(|(model, _)| model).unwrap_or_default(),
            memory: outline.memory.map(|(model, _)| model).unwrap_or_default(),
        },
        variables: context.variables,
        objects: context.objects,
        object_groups: context.object_groups,
        groups: context.groups,
        threads: context.threads,
        procs: context.procs,
        code: code.instrs,
        places: code.places,
        blocks: outline.blocks.clone(),
        texts: code.texts,
        observed,
        expectations,
        memory: context.memory,
        thread_locals: context.thread_locals,
    };
    Ok(Resolved { program, map: code.map, errors: context.errors })
}

impl<'a> Context<'a> {
    fn new(
        names: Names<'a>,
        errors: Vec<Diagnostic>,
        broken_words: &'a HashSet<String>,
        sources: &'a [Source],
    ) -> Context<'a> {
        Context {
            names,
            errors,
            values: Vec::new(),
            circular: HashSet::new(),
            broken_words,
            sources,
            variables: Vec::new(),
            objects: Vec::new(),
            object_groups: Vec::new(),
            groups: Vec::new(),
            procs: Vec::new(),
            threads: Vec::new(),
            memory: Vec::new(),
            thread_locals: 0,
            local_elements: 0,
            sizeless: HashSet::new(),
            headers: Vec::new(),
            thread_bodies: Vec::new(),
            passed: Vec::new(),
        }
    }

    /// Finds the constants that have their value from outside. In a text with errors an unknown one may be
    /// declared on a line that could not be read.
    fn defines(&self, options: &Options, is_legible: bool) -> Result<HashMap<usize, i64>, Failure> {
        let mut defines = HashMap::new();
        for (name, value) in &options.defines {
            match self.names.file.get(name.as_str()).map(|symbol| symbol.meaning) {
                Some(Meaning::Constant(constant)) => {
                    defines.insert(constant, *value);
                }
                _ if is_legible => return Err(Failure::UnknownDefine(name.clone())),
                _ => {}
            }
        }
        Ok(defines)
    }

    fn no_thread(&mut self) {
        let end = self.sources.first().map_or(0, |source| source.text.trim_end().len() as u32);
        let place = Span { source: 0, start: end, end };
        let error = Diagnostic::new("E0506", "a program without threads", place, "no `thread` up to here")
            .help("a thread stands between `thread NAME` and `end`");
        self.errors.push(error);
    }

    /// Looks up a file-level name; unknown names are reported.
    pub fn lookup(&mut self, name: &Name, wanted: Wanted) -> Option<Meaning> {
        self.lookup_text(&name.value, name.span, wanted)
    }

    pub fn lookup_text(&mut self, name: &str, span: Span, wanted: Wanted) -> Option<Meaning> {
        let found = self.names.file.get(name).map(|symbol| symbol.meaning);
        if found.is_none() {
            self.unknown(name, span, wanted, None);
        }
        found
    }

    /// Looks up a name in the code of a thread (`Some`) or proc (`None`).
    fn lookup_in(&mut self, name: &Name, body: Option<GroupId>, wanted: Wanted) -> Option<Meaning> {
        let own = body.and_then(|group| self.names.own[group.index()].get(name.value.as_str()));
        if let Some(symbol) = own {
            return Some(symbol.meaning);
        }
        let found = self.names.file.get(name.value.as_str()).map(|symbol| symbol.meaning);
        if found.is_none() {
            self.unknown(&name.value, name.span, wanted, body);
        }
        found
    }

    fn unknown(&mut self, name: &str, span: Span, wanted: Wanted, body: Option<GroupId>) {
        if self.broken_words.contains(name) {
            return;
        }
        let message = format!("unknown name `{name}`");
        let mut error = Diagnostic::new("E0101", message, span, format!("no {} of this name", wanted.noun()));
        // Comparing with every name is dear, and nobody reads that many suggestions.
        if self.errors.len() > limits::DIAGNOSTICS {
            self.errors.push(error);
            return;
        }
        if let Some(owner) = self.names.owner(name) {
            error = error.help(match wanted {
                Wanted::Value => {
                    let is_array = self.groups.iter().any(|group| group.name == owner && group.is_array);
                    let copy = if is_array { "[0]" } else { "" };
                    format!("`{name}` is a local of thread `{owner}`: write `{owner}{copy}.{name}`")
                }
                _ => format!("`{name}` is a local of thread `{owner}`, which only that thread's code sees"),
            });
        } else if let Some(near) = self.similar(name, wanted, body) {
            error = error.help(format!("did you mean `{near}`?"));
        }
        self.errors.push(error);
    }

    /// Finds the name of the wanted kind that a misspelt one may have been meant to be.
    fn similar(&self, name: &str, wanted: Wanted, body: Option<GroupId>) -> Option<&'a str> {
        let own = body.map(|group| &self.names.own[group.index()]);
        let own = own.into_iter().flatten().filter(|_| wanted == Wanted::Variable);
        let fits = |symbol: &Symbol| self.is_wanted(symbol.meaning, wanted);
        let file = self.names.file.iter().filter(|(_, symbol)| fits(symbol));
        let mut candidates: Vec<&str> = own.chain(file).map(|(name, _)| *name).collect();
        candidates.sort_unstable();
        suggest(name, candidates)
    }

    fn is_wanted(&self, meaning: Meaning, wanted: Wanted) -> bool {
        match (wanted, meaning) {
            (Wanted::Constant, Meaning::Constant(_))
            | (Wanted::Variable, Meaning::Variable(..))
            | (Wanted::Thread, Meaning::Thread(_))
            | (Wanted::Proc, Meaning::Proc(_))
            | (Wanted::Value, Meaning::Variable(..) | Meaning::Constant(_) | Meaning::Thread(_)) => true,
            (Wanted::Object(sorts), Meaning::Objects(_, sort)) => sorts.contains(&sort),
            _ => false,
        }
    }

    /// Reports a name that means something else than what is wanted.
    pub fn wrong_kind(&mut self, name: &str, span: Span, meaning: Meaning, wanted: Wanted) {
        let (found, declared) = (self.describe(meaning), self.declaration(name, meaning));
        let message = format!("expected {}, found {found}", with_article(&wanted.noun()));
        let mut error = Diagnostic::new("E0201", message, span, format!("this is {found}"));
        if let Some(declared) = declared {
            error = error.related(declared, "declared here");
        }
        self.errors.push(match wrong_kind_help(name, meaning, wanted) {
            Some(help) => error.help(help),
            None => error,
        });
    }

    /// Returns what a name means, with an article.
    fn describe(&self, meaning: Meaning) -> String {
        match meaning {
            Meaning::Constant(_) => "a constant".to_owned(),
            Meaning::Variable(_, VariableWord::Shared) => "a shared variable".to_owned(),
            Meaning::Variable(_, VariableWord::Atomic) => "an atomic variable".to_owned(),
            Meaning::Variable(_, VariableWord::Local) => "a local variable".to_owned(),
            Meaning::Objects(_, sort) => with_article(sort.keyword()),
            Meaning::Thread(_) => "a thread".to_owned(),
            Meaning::Proc(_) => "a proc".to_owned(),
        }
    }

    /// Returns where a name is declared.
    fn declaration(&self, name: &str, meaning: Meaning) -> Option<Span> {
        // Every scope is asked, because constants are evaluated before it is known whose a variable is.
        let own = self.names.own.iter().filter_map(|scope| scope.get(name));
        let mut symbols = own.chain(self.names.file.get(name));
        symbols.find(|symbol| symbol.meaning == meaning).map(|symbol| symbol.span)
    }

    fn is_sizeless(&self, meaning: Meaning) -> bool {
        self.sizeless.contains(&meaning)
    }

    /// Returns copy `copy` of a group.
    fn thread(&self, group: GroupId, copy: u32) -> ThreadId {
        ThreadId(self.groups[group.index()].first.0 + copy)
    }

    fn variable(&self, id: VarId) -> &Variable {
        &self.variables[id.index()]
    }

    fn body_mut(&mut self, is_proc: bool, index: usize) -> &mut Body {
        if is_proc { &mut self.procs[index].body } else { &mut self.groups[index].body }
    }
}

impl Wanted {
    /// Returns what is wanted, without an article.
    fn noun(self) -> String {
        match self {
            Wanted::Constant => "constant".to_owned(),
            Wanted::Variable => "variable".to_owned(),
            Wanted::Object(sorts) => one_of(sorts),
            Wanted::Thread => "thread".to_owned(),
            Wanted::Proc => "proc".to_owned(),
            Wanted::Value => "variable or constant".to_owned(),
        }
    }
}

/// Lists kinds of object: `mutex, rlock or rwlock`.
fn one_of(sorts: &[ObjectSort]) -> String {
    let words: Vec<&str> = sorts.iter().map(|sort| sort.keyword()).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

fn with_article(noun: &str) -> String {
    // The letter r is pronounced with a vowel: an rlock.
    let is_vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u'])
        || noun.starts_with("rlock")
        || noun.starts_with("rwlock");
    let article = if is_vowel { "an" } else { "a" };
    format!("{article} {noun}")
}

fn wrong_kind_help(name: &str, meaning: Meaning, wanted: Wanted) -> Option<String> {
    Some(match (meaning, wanted) {
        (Meaning::Variable(..), Wanted::Constant) => {
            format!("numbers that are fixed before the run are declared as `const {name} = …`")
        }
        (Meaning::Constant(_), Wanted::Variable) => format!("`PUSH {name}` pushes a constant"),
        (Meaning::Thread(_), Wanted::Proc) => "a thread is started by `START`, a proc is called".to_owned(),
        (Meaning::Proc(_), Wanted::Thread) => "a proc is called by `CALL`".to_owned(),
        (Meaning::Objects(..), Wanted::Value) => {
            format!("of objects, an expression may ask `len(q)` and `T holds {name}`")
        }
        _ => return None,
    })
}
