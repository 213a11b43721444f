//! Lines to declarations and bodies: matches every `end`, nests the `atomic` blocks, and finds statements
//! that stand where they cannot.
//!
//! An error here has consequences further down: behind a line that could not be read, a stray `end` or
//! instruction may be no mistake at all. Such consequences are not reported.

use crate::program::{BlockId, Line, MemoryModel, Span, SwitchModel};

use super::ast::{Const, Expect, Instruction, Name, Reference, Spanned, Statement, VariableWord};
use super::diagnostic::Diagnostic;
use super::include::FlatLine;
use super::limits;

/// A program's lines in the shape of the program.
#[derive(Default, Debug)]
pub(super) struct Outline<'a> {
    pub items: Vec<Item<'a>>,
    pub switch: Option<(SwitchModel, Span)>,
    pub memory: Option<(MemoryModel, Span)>,
    pub observes: Vec<&'a [Reference]>,
    pub expects: Vec<(&'a Expect, Span, Line)>,
    /// The parent of each `atomic` block.
    pub blocks: Vec<Option<BlockId>>,
}

/// A declaration at file level.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// A constant, variable or synchronization object.
    Declaration(Declaration<'a>),
    /// A thread or proc.
    Body(BodyText<'a>),
}

/// A declaration of one line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declaration<'a> {
    pub statement: &'a Statement,
    pub line: Line,
}

/// A thread or proc with its lines.
#[derive(Debug)]
pub(super) struct BodyText<'a> {
    pub kind: BodyKind<'a>,
    pub name: &'a Name,
    pub locals: Vec<Declaration<'a>>,
    pub code: Vec<CodeLine<'a>>,
    /// Labels, each with the index of the instruction behind it.
    pub labels: Vec<(&'a Name, usize)>,
    /// The line of the `end`.
    pub end: Line,
    /// Some line could not be read, so that stack heights and labels mean little.
    pub broken: bool,
}

/// Whether a body is a thread's or a proc's.
#[derive(Clone, Copy, Debug)]
pub(super) enum BodyKind<'a> {
    Thread { copies: Option<&'a Const>, deferred: bool },
    Proc,
}

/// An instruction in its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeLine<'a> {
    pub instruction: &'a Instruction,
    pub span: Span,
    pub line: Line,
    pub block: Option<BlockId>,
}

impl BodyText<'_> {
    /// Returns `thread` or `proc`.
    pub fn keyword(&self) -> &'static str {
        match self.kind {
            BodyKind::Thread { .. } => "thread",
            BodyKind::Proc => "proc",
        }
    }

    pub fn is_proc(&self) -> bool {
        matches!(self.kind, BodyKind::Proc)
    }
}

/// A body whose `end` has not come yet.
struct OpenBody<'a> {
    body: BodyText<'a>,
    header: Span,
    /// The open `atomic` blocks, each with the place of its first line.
    blocks: Vec<(BlockId, Span)>,
    has_blocks: bool,
    /// Statements that do not belong into a body; no mistake of their own if the `end` is what is missing.
    misplaced: Vec<Diagnostic>,
}

struct Builder<'a, 'e> {
    outline: Outline<'a>,
    errors: &'e mut Vec<Diagnostic>,
    open: Option<OpenBody<'a>>,
    /// What stands outside all bodies may belong to one whose first line could not be read, or that seemed
    /// to end early; true until the next `end`.
    adrift: bool,
}

/// Gives the lines their structure.
pub(super) fn outline<'a>(lines: &'a [FlatLine], errors: &mut Vec<Diagnostic>) -> Outline<'a> {
    let mut builder = Builder { outline: Outline::default(), errors, open: None, adrift: false };
    for line in lines {
        builder.line(line);
    }
    builder.close_unfinished();
    builder.outline
}

impl<'a> Builder<'a, '_> {
    fn line(&mut self, flat: &'a FlatLine) {
        if flat.broken {
            match &mut self.open {
                Some(open) => open.body.broken = true,
                None => self.adrift = true,
            }
        }
        for label in &flat.line.labels {
            match &mut self.open {
                Some(open) => open.body.labels.push((label, open.body.code.len())),
                None => self.stray(label.span, format!("label `{}`", label.value)),
            }
        }
        if let Some(statement) = &flat.line.statement {
            self.statement(statement, flat);
        }
    }

    fn statement(&mut self, statement: &'a Spanned<Statement>, flat: &'a FlatLine) {
        let span = statement.span;
        match &statement.value {
            Statement::Thread { name, copies, deferred } => {
                let kind = BodyKind::Thread { copies: copies.as_ref(), deferred: *deferred };
                self.open_body(kind, name, span, flat);
            }
            Statement::Proc { name } => self.open_body(BodyKind::Proc, name, span, flat),
            Statement::AtomicBlock => self.open_block(span),
            Statement::End => self.end(span, flat.number),
            Statement::Instruction(instruction) => self.instruction(instruction, span, flat.number),
            Statement::Variable { word: VariableWord::Local, .. } if self.open.is_some() => {
                self.local(Declaration { statement: &statement.value, line: flat.number }, span);
            }
            Statement::Const { .. } | Statement::Variable { .. } | Statement::Object { .. } => {
                self.misplaced(span);
                let declaration = Declaration { statement: &statement.value, line: flat.number };
                self.outline.items.push(Item::Declaration(declaration));
            }
            // The included lines follow; they have been read already.
            Statement::Include { .. } => {}
            Statement::Switch(model) => {
                self.misplaced(span);
                match self.outline.switch {
                    Some((_, first)) => self.model_again("switch", span, first),
                    None => self.outline.switch = Some((*model, span)),
                }
            }
            Statement::Memory(model) => {
                self.misplaced(span);
                match self.outline.memory {
                    Some((_, first)) => self.model_again("memory", span, first),
                    None => self.outline.memory = Some((*model, span)),
                }
            }
            Statement::Observe(references) => {
                self.misplaced(span);
                self.outline.observes.push(references);
            }
            Statement::Expect(expect) => {
                self.misplaced(span);
                self.outline.expects.push((expect, span, flat.number));
            }
        }
    }

    fn open_body(&mut self, kind: BodyKind<'a>, name: &'a Name, header: Span, flat: &'a FlatLine) {
        self.close_unfinished();
        self.adrift = false;
        let body = BodyText {
            kind,
            name,
            locals: Vec::new(),
            code: Vec::new(),
            labels: Vec::new(),
            end: flat.number,
            broken: flat.broken,
        };
        self.open =
            Some(OpenBody { body, header, blocks: Vec::new(), has_blocks: false, misplaced: Vec::new() });
    }

    /// Closes a body that the next one, or the end of the text, has cut off.
    fn close_unfinished(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        if !open.body.broken {
            let (what, place) = match open.blocks.last() {
                Some(&(_, place)) => ("this `atomic` block", place),
                None => (if open.body.is_proc() { "this proc" } else { "this thread" }, open.header),
            };
            let mut error =
                Diagnostic::new("E0501", format!("{what} has no `end`"), place, "is never closed");
            if open.has_blocks && open.blocks.is_empty() {
                error = error.help("each `atomic` block inside needs an `end` of its own");
            }
            self.errors.push(error);
        }
        open.body.broken = true;
        self.outline.items.push(Item::Body(open.body));
    }

    fn open_block(&mut self, span: Span) {
        let Some(open) = &mut self.open else {
            let error = Diagnostic::new("E0503", "an `atomic` block outside a thread or proc", span, "")
                .help("a variable is declared as `atomic x = 0`");
            self.errors.push(error);
            // The lines of the block are its consequence.
            self.adrift = true;
            return;
        };
        if open.blocks.len() == limits::BLOCK_DEPTH {
            let message = format!("`atomic` blocks nested more than {} deep", limits::BLOCK_DEPTH);
            self.errors.push(Diagnostic::new("E0405", message, span, "the bound is passed here"));
        }
        let block = BlockId(self.outline.blocks.len() as u32);
        self.outline.blocks.push(open.blocks.last().map(|&(parent, _)| parent));
        open.blocks.push((block, span));
        open.has_blocks = true;
    }

    fn end(&mut self, span: Span, line: Line) {
        let Some(open) = &mut self.open else {
            if !std::mem::take(&mut self.adrift) {
                let error = Diagnostic::new("E0502", "an `end` without anything to close", span, "")
                    .help("`thread`, `proc` and `atomic` on a line of its own are closed by `end`");
                self.errors.push(error);
                // What follows may have been meant for the body that this one was to close.
                self.adrift = true;
            }
            return;
        };
        if open.blocks.pop().is_some() {
            return;
        }
        if let Some(mut open) = self.open.take() {
            open.body.end = line;
            self.adrift = open.body.broken;
            self.errors.append(&mut open.misplaced);
            self.outline.items.push(Item::Body(open.body));
        }
    }

    fn instruction(&mut self, instruction: &'a Instruction, span: Span, line: Line) {
        match &mut self.open {
            Some(open) => {
                let block = open.blocks.last().map(|&(block, _)| block);
                open.body.code.push(CodeLine { instruction, span, line, block });
            }
            None => self.stray(span, format!("`{}`", instruction.op.value.spec().mnemonic)),
        }
    }

    fn local(&mut self, declaration: Declaration<'a>, span: Span) {
        let Some(open) = &mut self.open else { return };
        if open.body.is_proc() {
            let error = Diagnostic::new("E0504", "a proc has no locals of its own", span, "")
                .help("declare it outside: a `local` at file level has one copy for every thread");
            self.errors.push(error);
            // It counts as declared outside, so that its uses are no errors too.
            self.outline.items.push(Item::Declaration(declaration));
            return;
        }
        if let Some(&(_, block)) = open.blocks.last() {
            let error = Diagnostic::new("E0504", "a declaration inside an `atomic` block", span, "")
                .related(block, "the block begins here")
                .help("declare it before the block");
            self.errors.push(error);
        }
        open.body.locals.push(declaration);
    }

    /// Something of a body that stands outside all of them. One report stands for the whole run of lines.
    fn stray(&mut self, span: Span, what: String) {
        if !self.adrift {
            let error =
                Diagnostic::new("E0503", format!("{what} outside a thread or proc"), span, "not in a body")
                    .help("code stands between `thread NAME` or `proc NAME` and `end`");
            self.errors.push(error);
        }
        self.adrift = true;
    }

    /// Notes a file-level statement that stands in a body.
    fn misplaced(&mut self, span: Span) {
        match &mut self.open {
            Some(open) => {
                let what = format!("this cannot stand inside a {}", open.body.keyword());
                let error = Diagnostic::new("E0504", what, span, "belongs outside")
                    .related(open.header, format!("the {} begins here", open.body.keyword()))
                    .help("move it before the body, or close the body with `end` first");
                open.misplaced.push(error);
            }
            None => self.adrift = false,
        }
    }

    fn model_again(&mut self, word: &str, span: Span, first: Span) {
        let message = format!("a second `{word}` line");
        let error = Diagnostic::new("E0505", message, span, "at most one is allowed")
            .related(first, "first one here")
            .help("`expect under …` makes an expectation for another model");
        self.errors.push(error);
    }
}
