//! A program's texts, cut into bodies of code that can be rewritten line by line.

use std::collections::BTreeMap;

use crate::asm::{Piece, PieceKind, pieces};
use crate::program::{Line, ObjectSort, Op, Program, VarKind};

/// A program's texts with what stands on their lines.
pub(super) struct Draft<'p> {
    pub program: &'p Program,
    /// For each source its lines, each with what stands there.
    texts: Vec<Vec<(&'p str, Piece)>>,
    /// The threads and procs, each as a list; code of a file that is included into a body is one too.
    pub bodies: Vec<Vec<Item>>,
}

/// What a body is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Item {
    Code(Code),
    Label(String),
    /// The `atomic` that opens a block.
    Open(Line),
    /// The `end` that closes one.
    Close(Line),
    /// Something that code cannot be moved across, such as an `include`.
    Other,
}

/// An instruction as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Code {
    pub at: Line,
    pub op: Op,
    pub operand: String,
}

impl Code {
    /// Returns the instruction as text.
    pub fn text(&self) -> String {
        instruction(self.op, &self.operand)
    }

    /// Returns the operand's name, without an index.
    pub fn name(&self) -> &str {
        self.operand.split('[').next().unwrap_or_default()
    }

    /// Returns true when the index of the operand is on the stack.
    pub fn takes_index(&self) -> bool {
        self.operand.ends_with("[]")
    }
}

/// Writes an instruction.
pub(super) fn instruction(op: Op, operand: &str) -> String {
    format!("{} {operand}", op.spec().mnemonic).trim_end().to_owned()
}

impl Item {
    pub fn code(&self) -> Option<&Code> {
        match self {
            Item::Code(code) => Some(code),
            _ => None,
        }
    }
}

impl<'p> Draft<'p> {
    /// Cuts the texts of a program that has been assembled from them.
    pub fn new(program: &'p Program) -> Draft<'p> {
        let mut draft = Draft { program, texts: Vec::new(), bodies: Vec::new() };
        for (index, source) in program.sources.iter().enumerate() {
            // A source that was assembled can be parsed; one that was not kept has no lines to rewrite.
            let pieces = pieces(&source.text).unwrap_or_default();
            draft.cut(index as u32, &pieces);
            draft.texts.push(source.text.lines().zip(pieces).collect());
        }
        draft.bodies.retain(|body| body.iter().any(|item| item.code().is_some()));
        draft
    }

    fn cut(&mut self, source: u32, pieces: &[Piece]) {
        let mut body: Vec<Item> = Vec::new();
        let mut blocks = 0;
        for (number, piece) in (1..).zip(pieces) {
            let at = Line { source, number };
            body.extend(piece.labels.iter().cloned().map(Item::Label));
            match &piece.kind {
                PieceKind::Instruction(op, operand) => {
                    body.push(Item::Code(Code { at, op: *op, operand: operand.clone() }));
                }
                PieceKind::Body => self.bodies.push(std::mem::take(&mut body)),
                PieceKind::Block => {
                    blocks += 1;
                    body.push(Item::Open(at));
                }
                PieceKind::End if blocks > 0 => {
                    blocks -= 1;
                    body.push(Item::Close(at));
                }
                PieceKind::End => self.bodies.push(std::mem::take(&mut body)),
                PieceKind::Include => body.push(Item::Other),
                PieceKind::Other | PieceKind::Nothing => {}
            }
        }
        self.bodies.push(body);
    }

    /// Returns the sort of the synchronization object that an operand names.
    pub fn sort(&self, code: &Code) -> Option<ObjectSort> {
        let group = self.program.object_groups.iter().find(|group| group.name == code.name())?;
        Some(self.program.objects[group.base.index()].kind.sort())
    }

    /// Returns true when an operand is a variable that every thread can access.
    pub fn is_shared(&self, code: &Code) -> bool {
        let is_memory = |kind| matches!(kind, VarKind::Shared | VarKind::Atomic);
        self.program.variables.iter().any(|variable| variable.name == code.name() && is_memory(variable.kind))
    }

    /// Returns by how much the proc that is called raises the stack, where it returns.
    pub fn effect(&self, code: &Code) -> Option<i32> {
        self.program.procs.iter().find(|proc| proc.name == code.operand)?.effect
    }

    /// Returns true when other threads may see what an instruction does, or it may see what they do.
    pub fn is_visible(&self, code: &Code) -> bool {
        match code.op {
            Op::Load | Op::Store | Op::Cas | Op::Xadd | Op::Xchg => self.is_shared(code),
            Op::Fence | Op::Start | Op::Join | Op::Print => true,
            Op::Call => true,
            op => !op.spec().objects.is_empty(),
        }
    }
}

/// What happens to one line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct LineEdit {
    before: Vec<String>,
    /// What stands in place of the statement; `None` where that stays.
    instead: Option<Vec<String>>,
    after: Vec<String>,
}

/// Changes to the texts of a program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Edits {
    lines: BTreeMap<Line, LineEdit>,
    /// Declarations to add behind the main text.
    declarations: Vec<String>,
}

/// A place where a text has been changed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Change {
    /// The line, in the text as it was.
    pub line: Line,
    /// What stood there and is gone.
    pub removed: Option<String>,
    /// What stands there now and did not.
    pub added: Vec<String>,
}

impl Edits {
    #[must_use]
    pub fn delete(self, at: Line) -> Edits {
        self.replace(at, Vec::new())
    }

    #[must_use]
    pub fn replace(mut self, at: Line, code: Vec<String>) -> Edits {
        self.lines.entry(at).or_default().instead = Some(code);
        self
    }

    #[must_use]
    pub fn before(mut self, at: Line, code: String) -> Edits {
        self.lines.entry(at).or_default().before.push(code);
        self
    }

    #[must_use]
    pub fn after(mut self, at: Line, code: String) -> Edits {
        self.lines.entry(at).or_default().after.push(code);
        self
    }

    #[must_use]
    pub fn declare(mut self, declaration: String) -> Edits {
        self.declarations.push(declaration);
        self
    }

    /// Returns the texts with the changes, and the changes themselves.
    pub fn apply(&self, draft: &Draft<'_>) -> (Vec<String>, Vec<Change>) {
        let mut changes = Vec::new();
        let mut texts = Vec::new();
        for (source, lines) in (0..).zip(&draft.texts) {
            let mut text = String::new();
            for (number, (line, piece)) in (1..).zip(lines) {
                let at = Line { source, number };
                match self.lines.get(&at) {
                    None => push_line(&mut text, line),
                    Some(edit) => {
                        edit.rewrite(line, piece, &mut text);
                        changes.push(edit.change(at, &line[piece.code.clone()]));
                    }
                }
            }
            texts.push(text);
        }
        if let Some(main) = texts.first_mut().filter(|_| !self.declarations.is_empty()) {
            self.declarations.iter().for_each(|declaration| push_line(main, declaration));
            let line = Line { source: 0, number: draft.texts[0].len() as u32 + 1 };
            changes.push(Change { line, removed: None, added: self.declarations.clone() });
        }
        changes.sort();
        (texts, changes)
    }
}

impl LineEdit {
    fn rewrite(&self, line: &str, piece: &Piece, text: &mut String) {
        let own = vec![line[piece.code.clone()].to_owned()];
        let own = self.instead.as_ref().unwrap_or(&own);
        let mut prefix = line[..piece.code.start].to_owned();
        if self.before.is_empty() && own.is_empty() && self.after.is_empty() {
            if !piece.labels.is_empty() {
                push_line(text, prefix.trim_end());
            }
            return;
        }
        for code in self.before.iter().chain(own).chain(&self.after) {
            push_line(text, &format!("{prefix}{code}"));
            let indent = line.len() - line.trim_start().len();
            prefix = " ".repeat(indent);
        }
    }

    fn change(&self, line: Line, code: &str) -> Change {
        let mut added = self.before.clone();
        added.extend(self.instead.iter().flatten().cloned());
        added.extend(self.after.iter().cloned());
        Change { line, removed: self.instead.as_ref().map(|_| code.to_owned()), added }
    }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
