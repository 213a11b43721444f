//! Bodies to code: addresses, labels and operands.

use std::collections::HashMap;

use crate::program::{
    Addr, CodePlace, GroupId, Instr, ObjectGroup, ObjectId, Op, Operand, OperandKind, Place, ProcId, Range,
    Span, TABLE, Target, TextId, Threads, VarKind,
};

use super::super::ast::{Const, IndexText, Name, OperandText, Spanned, VariableWord};
use super::super::diagnostic::Diagnostic;
use super::super::limits;
use super::super::names::Meaning;
use super::super::structure::{BodyText, CodeLine, Item, Outline};
use super::super::suggest::suggest;
use super::{Context, Wanted, one_of, with_article};

/// The code of all bodies.
#[derive(Default)]
pub(super) struct Code {
    pub instrs: Vec<Instr>,
    pub places: Vec<CodePlace>,
    pub texts: Vec<String>,
    pub map: CodeMap,
}

/// What the verifier has to know about the code to report what is wrong with it.
#[derive(Default)]
pub(in crate::asm) struct CodeMap {
    /// The place in the text of each address.
    pub spans: Vec<Span>,
    pub bodies: Vec<CodeBody>,
    /// So much is wrong that some of the code is missing.
    pub is_cut: bool,
}

/// What the verifier has to know about a body.
#[derive(Clone, Debug)]
pub(in crate::asm) struct CodeBody {
    /// The proc it is; `None` for a thread.
    pub proc: Option<ProcId>,
    /// Its thread among the groups; 0 for a proc.
    pub group: usize,
    pub entry: Addr,
    pub end: Addr,
    pub name: String,
    pub name_span: Span,
    /// False when part of it could not be read or resolved: then its stack heights mean nothing.
    pub is_sound: bool,
}

/// The body whose instructions are being resolved.
struct Scope<'a> {
    text: &'a BodyText<'a>,
    /// Its thread; `None` in a proc.
    group: Option<GroupId>,
    labels: Labels<'a>,
}

/// The labels of a body, each with its address and place.
pub(super) type Labels<'a> = HashMap<&'a str, (Addr, Span)>;

impl<'a> Context<'a> {
    /// Resolves all bodies, one after another.
    pub(super) fn code(&mut self, outline: &'a Outline<'a>) -> Code {
        let mut code = Code::default();
        let mut texts: HashMap<&'a str, TextId> = HashMap::new();
        let (mut groups, mut procs) = (0, 0);
        for item in &outline.items {
            let Item::Body(text) = item else { continue };
            if code.instrs.len() + text.code.len() >= limits::INSTRUCTIONS {
                let message = format!("more than {} instructions", limits::INSTRUCTIONS);
                let error = Diagnostic::new("E0401", message, text.name.span, "the bound is passed here");
                self.errors.push(error);
                code.map.is_cut = true;
                break;
            }
            let counter = if text.is_proc() { &mut procs } else { &mut groups };
            let index = *counter;
            *counter += 1;
            self.body(text, index, &mut code, &mut texts);
        }
        code
    }

    fn body(
        &mut self,
        text: &'a BodyText<'a>,
        index: usize,
        code: &mut Code,
        texts: &mut HashMap<&'a str, TextId>,
    ) {
        let entry = Addr(code.instrs.len() as u32);
        let end = Addr(entry.0 + text.code.len() as u32);
        let group = if text.is_proc() { None } else { Some(GroupId(index as u32)) };
        let labels = self.labels(text, entry);
        let body = self.body_mut(text.is_proc(), index);
        (body.entry, body.end) = (entry, end);
        body.labels =
            text.labels.iter().map(|(name, at)| (name.value.clone(), Addr(entry.0 + *at as u32))).collect();
        let scope = Scope { text, group, labels };
        let mut is_sound = !text.broken;
        for line in &text.code {
            if self.errors.len() > limits::RESOLVED_ERRORS {
                code.map.is_cut = true;
                break;
            }
            let instr = self.instruction(&scope, line, &mut code.texts, texts);
            is_sound &= instr.is_some();
            code.push(instr.unwrap_or(Instr::Nop), line);
        }
        if !text.is_proc() {
            self.thread_bodies.push((text, scope.labels));
        }
        code.instrs.push(Instr::End);
        code.places.push(CodePlace { line: text.end, height: None, block: None });
        code.map.spans.push(text.name.span);
        code.map.bodies.push(CodeBody {
            proc: text.is_proc().then_some(ProcId(index as u32)),
            group: group.map_or(0, GroupId::index),
            entry,
            end,
            name: text.name.value.clone(),
            name_span: text.name.span,
            is_sound,
        });
    }

    fn labels(&mut self, text: &BodyText<'a>, entry: Addr) -> Labels<'a> {
        let mut labels = Labels::new();
        for &(name, at) in &text.labels {
            let address = Addr(entry.0 + at as u32);
            match labels.get(name.value.as_str()) {
                None => {
                    labels.insert(&name.value, (address, name.span));
                }
                Some(&(_, first)) => {
                    let message = format!("label `{}` stands twice in this {}", name.value, text.keyword());
                    let error = Diagnostic::new("E0104", message, name.span, "declared again")
                        .related(first, "first declared here");
                    self.errors.push(error);
                }
            }
        }
        labels
    }

    /// Resolves one instruction; `None` when something about it is wrong, which has then been reported.
    fn instruction(
        &mut self,
        scope: &Scope<'a>,
        line: &CodeLine<'a>,
        all_texts: &mut Vec<String>,
        texts: &mut HashMap<&'a str, TextId>,
    ) -> Option<Instr> {
        let instruction = line.instruction;
        let op = instruction.op.value;
        let operand = match (op.spec().operand, &instruction.operand) {
            (OperandKind::Nothing, None) => Operand::Nothing,
            (OperandKind::Text, None) => Operand::Text(None),
            (OperandKind::Text, Some(Spanned { value: OperandText::Text(text), .. })) => {
                Operand::Text(Some(intern(text, all_texts, texts)))
            }
            (kind, Some(operand)) => self.operand(scope, op, kind, &operand.value)?,
            (kind, None) => unreachable!("the grammar asks for an operand of kind {kind:?}"),
        };
        if op == Op::Ret && !scope.text.is_proc() {
            let error =
                Diagnostic::new("E0211", "`RET` in a thread", line.span, "there is nothing to return to")
                    .help("`HALT` ends the thread");
            self.errors.push(error);
            return None;
        }
        Instr::new(op, operand)
    }

    fn operand(
        &mut self,
        scope: &Scope<'a>,
        op: Op,
        kind: OperandKind,
        operand: &'a OperandText,
    ) -> Option<Operand> {
        match (kind, operand) {
            (OperandKind::Number, OperandText::Number(number)) => self.constant(number).map(Operand::Number),
            (OperandKind::Place, OperandText::Name { name, index }) => {
                self.place(scope, name, index.as_ref()).map(Operand::Place)
            }
            (OperandKind::Addr, OperandText::Name { name, index: None }) => {
                self.label(scope, name).map(Operand::Addr)
            }
            (OperandKind::ProcId, OperandText::Name { name, index: None }) => {
                self.proc(name).map(Operand::ProcId)
            }
            (OperandKind::Target, OperandText::Name { name, index }) => {
                self.target(op, name, index.as_ref()).map(Operand::Target)
            }
            (OperandKind::Threads, OperandText::Name { name, index }) => {
                self.threads(op, name, index.as_ref()).map(Operand::Threads)
            }
            (OperandKind::Range, OperandText::Range(low, high)) => self.range(low, high).map(Operand::Range),
            (kind, operand) => unreachable!("the grammar gives an operand of kind {kind:?}, not {operand:?}"),
        }
    }

    fn place(&mut self, scope: &Scope<'a>, name: &Name, index: Option<&IndexText>) -> Option<Place> {
        let meaning = self.lookup_in(name, scope.group, Wanted::Variable)?;
        let Meaning::Variable(id, word) = meaning else {
            self.wrong_kind(&name.value, name.span, meaning, Wanted::Variable);
            return None;
        };
        let variable = self.variable(id);
        let (base, len, is_array) = (variable.base, variable.len, variable.is_array);
        let is_local = matches!(variable.kind, VarKind::ThreadLocal | VarKind::Own(_));
        debug_assert_eq!(is_local, word == VariableWord::Local);
        Some(match (self.index(name, meaning, index, len, is_array)?, is_local) {
            (Some(element), false) => Place::Memory(base + element),
            (Some(element), true) => Place::Local(base + element),
            (None, false) => Place::MemoryAt { base, len },
            (None, true) => Place::LocalAt { base, len },
        })
    }

    /// Resolves what stands in the brackets of an operand: `Some(None)` for an index on the stack.
    fn index(
        &mut self,
        name: &Name,
        meaning: Meaning,
        index: Option<&IndexText>,
        len: u32,
        is_array: bool,
    ) -> Option<Option<u32>> {
        match index {
            Some(IndexText::Stack) if is_array => Some(None),
            Some(IndexText::Stack) => {
                self.not_an_array(name, meaning, name.span);
                None
            }
            Some(IndexText::Const(index)) => {
                self.element(name, meaning, Some(index), len, is_array).map(Some)
            }
            None => self.element(name, meaning, None, len, is_array).map(Some),
        }
    }

    fn label(&mut self, scope: &Scope<'a>, name: &Name) -> Option<Addr> {
        if let Some(&(address, _)) = scope.labels.get(name.value.as_str()) {
            return Some(address);
        }
        self.unknown_label(name, scope.text);
        None
    }

    /// Reports a label that a body does not have.
    pub(super) fn unknown_label(&mut self, name: &Name, text: &BodyText<'_>) {
        if text.broken && self.broken_words.contains(&name.value) {
            return;
        }
        let (keyword, body) = (text.keyword(), &text.name.value);
        let message = format!("unknown label `{}`", name.value);
        let error =
            Diagnostic::new("E0106", message, name.span, format!("no such label in {keyword} `{body}`"));
        let labels = text.labels.iter().map(|(label, _)| label.value.as_str());
        let is_worth_it = self.errors.len() <= limits::DIAGNOSTICS;
        self.errors.push(match is_worth_it.then(|| suggest(&name.value, labels)).flatten() {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => {
                let help =
                    format!("labels are local to their {keyword}; one is declared as `{}:`", name.value);
                error.help(help)
            }
        });
    }

    fn proc(&mut self, name: &Name) -> Option<ProcId> {
        match self.lookup(name, Wanted::Proc)? {
            Meaning::Proc(proc) => Some(proc),
            other => {
                self.wrong_kind(&name.value, name.span, other, Wanted::Proc);
                None
            }
        }
    }

    fn target(&mut self, op: Op, name: &Name, index: Option<&IndexText>) -> Option<Target> {
        let sorts = op.spec().objects;
        let meaning = self.lookup(name, Wanted::Object(sorts))?;
        let Meaning::Objects(group, sort) = meaning else {
            self.wrong_kind(&name.value, name.span, meaning, Wanted::Object(sorts));
            return None;
        };
        if !sorts.contains(&sort) {
            let mnemonic = op.spec().mnemonic;
            let found = with_article(sort.keyword());
            let message = format!("`{mnemonic}` takes {}, not {found}", with_article(&one_of(sorts)));
            let mut error = Diagnostic::new("E0202", message, name.span, format!("this is {found}"));
            if let Some(declared) = self.declaration(&name.value, meaning) {
                error = error.related(declared, "declared here");
            }
            let specs = TABLE.iter().filter(|spec| spec.objects.contains(&sort));
            let known: Vec<String> = specs.map(|spec| format!("`{}`", spec.mnemonic)).collect();
            self.errors.push(error.help(format!("for {found} there are {}", known.join(", "))));
            return None;
        }
        let ObjectGroup { base, len, is_array, .. } = self.object_groups[group.index()];
        Some(match self.index(name, meaning, index, len, is_array)? {
            Some(element) => Target::One(ObjectId(base.0 + element)),
            None => Target::At { base, len },
        })
    }

    fn threads(&mut self, op: Op, name: &Name, index: Option<&IndexText>) -> Option<Threads> {
        let meaning = self.lookup(name, Wanted::Thread)?;
        let Meaning::Thread(id) = meaning else {
            self.wrong_kind(&name.value, name.span, meaning, Wanted::Thread);
            return None;
        };
        let group = &self.groups[id.index()];
        let (copies, is_array, deferred) = (group.copies, group.is_array, group.deferred);
        if op == Op::Start && !deferred {
            let message = format!("`START` of `{}`, which is not deferred", name.value);
            let error = Diagnostic::new("E0210", message, name.span, "starts at once, by itself")
                .related(self.headers[id.index()], "declared here")
                .help(format!("declare it as `thread {} deferred`", name.value));
            self.errors.push(error);
            return None;
        }
        match index {
            None => Some(Threads::All(id)),
            some => Some(match self.index(name, meaning, some, copies, is_array)? {
                Some(copy) => Threads::Copy(id, copy),
                None => Threads::At(id),
            }),
        }
    }

    fn range(&mut self, low: &Const, high: &Const) -> Option<Range> {
        let span = low.span.to(high.span);
        let (low, high) = (self.constant(low), self.constant(high));
        let (low, high) = (low?, high?);
        if low > high {
            let message = format!("no number lies between {low} and {high}");
            let error = Diagnostic::new("E0209", message, span, "an empty range")
                .help("a range `a..b` has its smaller end first; both ends belong to it");
            self.errors.push(error);
            return None;
        }
        Some(Range { low, high })
    }
}

impl Code {
    fn push(&mut self, instr: Instr, line: &CodeLine<'_>) {
        self.instrs.push(instr);
        self.places.push(CodePlace { line: line.line, height: None, block: line.block });
        self.map.spans.push(line.span);
    }
}

fn intern<'a>(text: &'a str, all: &mut Vec<String>, known: &mut HashMap<&'a str, TextId>) -> TextId {
    *known.entry(text).or_insert_with(|| {
        all.push(text.to_owned());
        TextId(all.len() as u32 - 1)
    })
}
