//! Expressions over a state: `x`, `a[i]`, `T[1].r`, `len(q)`, `T at l`, `count(T done)` and what is made of
//! them.
//!
//! An index that is out of range is an error where it must be a constant (in operands, `observe`,
//! `outcomes` and `T[k]`). Within an expression it is not: there the expression has no value, and its
//! expectation fails.

use crate::program::{
    Addr, Binary, Cell, Expr, GroupId, ObjectGroup, ObjectId, ObjectSort, Predicate, ThreadId, VarId,
    floor_div, floor_mod,
};

use super::super::ast::{self, Const, ExprKind, Name, PredicateText, Reference, ThreadClaim, VariableWord};
use super::super::diagnostic::Diagnostic;
use super::super::names::Meaning;
use super::{Context, Wanted};

/// The kinds of object that a thread can hold.
const HOLDABLE: &[ObjectSort] = &[ObjectSort::Mutex, ObjectSort::Rlock, ObjectSort::Rwlock];
/// The kinds of object that have a length.
const MEASURABLE: &[ObjectSort] = &[ObjectSort::Queue];

/// A variable as an expression or `observe` names it: of memory, or of one thread.
#[derive(Clone, Copy)]
pub(super) struct Located {
    pub id: VarId,
    /// The thread whose copy is meant; `None` for memory.
    pub thread: Option<ThreadId>,
    pub meaning: Meaning,
}

impl<'a> Context<'a> {
    /// Resolves an expression; `None` when something in it is wrong, which has then been reported.
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Option<Expr> {
        Some(match &expr.value {
            ExprKind::Number(number) => Expr::Number(*number),
            ExprKind::Value { name, index, local } => {
                let local = local.as_ref().map(|(name, index)| (name, index.as_deref()));
                return self.value(name, index.as_deref(), local);
            }
            ExprKind::Len { name, index } => return self.len(name, index.as_deref()),
            ExprKind::Neg(inner) => Expr::Neg(Box::new(self.expr(inner)?)),
            ExprKind::Not(inner) => Expr::Not(Box::new(self.expr(inner)?)),
            ExprKind::Binary(op, left, right) => {
                // Both sides are resolved before either failure counts, so that both are reported.
                let (left, right) = (self.expr(left), self.expr(right));
                Expr::Binary(*op, Box::new(left?), Box::new(right?))
            }
            ExprKind::In(value, entries, is_negated) => {
                let value = self.expr(value);
                let entries: Vec<_> = entries.iter().map(|entry| self.entry(entry)).collect();
                let entries = entries.into_iter().collect::<Option<Vec<_>>>()?;
                let inside = Expr::In(Box::new(value?), entries);
                if *is_negated { Expr::Not(Box::new(inside)) } else { inside }
            }
            ExprKind::Thread(claim) => {
                let (group, predicate) = self.claim_about(claim)?;
                let thread = self.one_thread(&claim.thread, group, Index::of(claim.index.as_ref()), true)?;
                Expr::Thread(thread, predicate)
            }
            ExprKind::Count(claim) => {
                let (group, predicate) = self.claim_about(claim)?;
                Expr::Count(group, predicate)
            }
        })
    }

    fn entry(&mut self, (low, high): &(ast::Expr, Option<ast::Expr>)) -> Option<(Expr, Option<Expr>)> {
        let low = self.expr(low);
        Some(match high {
            None => (low?, None),
            Some(high) => {
                let high = self.expr(high);
                (low?, Some(high?))
            }
        })
    }

    /// Resolves a constant, `x`, `a[e]`, `T.v`, `T[0].v` or `T[0].a[e]`.
    fn value(
        &mut self,
        name: &Name,
        index: Option<&ast::Expr>,
        local: Option<(&Name, Option<&ast::Expr>)>,
    ) -> Option<Expr> {
        let (variable_name, element, thread_index) = match local {
            None => (name, index, None),
            Some((local, element)) => (local, element, index),
        };
        if local.is_none() {
            let meaning = self.lookup(name, Wanted::Value)?;
            if let Meaning::Constant(constant) = meaning {
                if let Some(index) = index {
                    self.not_an_array(name, meaning, index.span);
                    return None;
                }
                return self.values[constant].map(Expr::Number);
            }
        }
        let located =
            self.locate(name, Index { expr: thread_index, constant: None }, local.map(|(name, _)| name))?;
        let variable = self.variable(located.id);
        let (base, len, is_array) = (variable.base, variable.len, variable.is_array);
        let cell = |element: u32| match located.thread {
            None => Cell::Memory(base + element),
            Some(thread) => Cell::Local(thread, base + element),
        };
        match element {
            Some(index) if is_array => {
                let index = self.expr(index)?;
                Some(match fold(&index).and_then(|number| u32::try_from(number).ok()) {
                    Some(element) if element < len => Expr::Cell(cell(element)),
                    _ => Expr::Element { first: cell(0), len, index: Box::new(index) },
                })
            }
            Some(index) => {
                self.not_an_array(variable_name, located.meaning, index.span);
                None
            }
            None => {
                let element = self.element(variable_name, located.meaning, None, len, is_array)?;
                Some(Expr::Cell(cell(element)))
            }
        }
    }

    /// Finds the variable behind `x` or `T[k].v`.
    pub(super) fn locate(
        &mut self,
        name: &Name,
        thread_index: Index<'_>,
        local: Option<&Name>,
    ) -> Option<Located> {
        let wanted = if local.is_some() { Wanted::Thread } else { Wanted::Value };
        let meaning = self.lookup(name, wanted)?;
        match (meaning, local) {
            (Meaning::Variable(id, VariableWord::Shared | VariableWord::Atomic), None) => {
                Some(Located { id, thread: None, meaning })
            }
            (Meaning::Variable(_, VariableWord::Local), None) => {
                let message = format!("`{}` has a value in every thread", name.value);
                let mut error = Diagnostic::new("E0107", message, name.span, "in which thread?");
                if let Some(group) = self.groups.first() {
                    let copy = if group.is_array { "[0]" } else { "" };
                    error = error.help(format!("write `{}{copy}.{}`, for example", group.name, name.value));
                }
                self.errors.push(error);
                None
            }
            (Meaning::Thread(group), Some(local)) => {
                let thread = self.one_thread(name, group, thread_index, false);
                let meaning = self.local_of(group, name, local)?;
                let Meaning::Variable(id, _) = meaning else { return None };
                Some(Located { id, thread: Some(thread?), meaning })
            }
            (Meaning::Thread(_), None) => {
                let message = format!("thread `{}` has no value", name.value);
                let help = format!(
                    "ask for a local, `{0}.v`, or where it is: `{0} at label`, `{0} done`, `{0} holds m`",
                    name.value
                );
                self.errors.push(Diagnostic::new("E0201", message, name.span, "this is a thread").help(help));
                None
            }
            (_, Some(_)) => {
                self.wrong_kind(&name.value, name.span, meaning, Wanted::Thread);
                None
            }
            (_, None) => {
                self.wrong_kind(&name.value, name.span, meaning, Wanted::Value);
                None
            }
        }
    }

    /// Looks up a local of a thread: one of its own, or one that every thread has.
    fn local_of(&mut self, group: GroupId, thread: &Name, local: &Name) -> Option<Meaning> {
        if let Some(symbol) = self.names.own[group.index()].get(local.value.as_str()) {
            return Some(symbol.meaning);
        }
        let file = self.names.file.get(local.value.as_str()).copied();
        if let Some(symbol) = file
            && let Meaning::Variable(_, VariableWord::Local) = symbol.meaning
        {
            return Some(symbol.meaning);
        }
        if self.broken_words.contains(&local.value) {
            return None;
        }
        let message = format!("thread `{}` has no local `{}`", thread.value, local.value);
        let mut error = Diagnostic::new("E0101", message, local.span, "no such local");
        if let Some(symbol) = file {
            let what = self.describe(symbol.meaning);
            error = error.related(symbol.span, format!("this is {what}"));
            if matches!(symbol.meaning, Meaning::Variable(..)) {
                error = error.help(format!("write `{}` alone", local.value));
            }
        } else if let Some(near) = self.similar(&local.value, Wanted::Variable, Some(group)) {
            error = error.help(format!("did you mean `{near}`?"));
        }
        self.errors.push(error);
        None
    }

    /// Resolves a thread that must be one: the only one of its name, or a copy with an index. `can_count`
    /// tells whether `count(…)` could stand in its place.
    pub(super) fn one_thread(
        &mut self,
        name: &Name,
        group: GroupId,
        index: Index<'_>,
        can_count: bool,
    ) -> Option<ThreadId> {
        let (copies, is_array) = (self.groups[group.index()].copies, self.groups[group.index()].is_array);
        let meaning = Meaning::Thread(group);
        let copy = match index {
            Index { expr: None, constant: None } if is_array => {
                self.which_copy(name, group, can_count);
                return None;
            }
            Index { expr: Some(expr), .. } => {
                if !is_array {
                    self.not_an_array(name, meaning, expr.span);
                    return None;
                }
                let index = self.expr(expr)?;
                let Some(number) = fold(&index) else {
                    let error = Diagnostic::new(
                        "E0213",
                        "the index of a thread must be a constant",
                        expr.span,
                        "depends on the state",
                    );
                    self.errors.push(error);
                    return None;
                };
                let number = ast::Spanned { value: ast::ConstKind::Number(number), span: expr.span };
                self.element(name, meaning, Some(&number), copies, is_array)?
            }
            Index { constant, .. } => self.element(name, meaning, constant, copies, is_array)?,
        };
        Some(self.thread(group, copy))
    }

    fn which_copy(&mut self, name: &Name, group: GroupId, can_count: bool) {
        let copies = self.groups[group.index()].copies;
        let noun = if copies == 1 { "copy" } else { "copies" };
        let name_text = &name.value;
        let mut help = match copies {
            1 => format!("write `{name_text}[0]`"),
            _ => format!("name one of `{name_text}[0]` to `{name_text}[{}]`", copies - 1),
        };
        if can_count {
            help.push_str(&format!(", or count them: `count({name_text} …)`"));
        }
        let message = format!("`{name_text}` has {copies} {noun}");
        let error = Diagnostic::new("E0212", message, name.span, "which copy?")
            .related(self.headers[group.index()], "declared here")
            .help(help);
        self.errors.push(error);
    }

    fn len(&mut self, name: &Name, index: Option<&ast::Expr>) -> Option<Expr> {
        let wanted = Wanted::Object(MEASURABLE);
        let meaning = self.lookup(name, wanted)?;
        let group = match meaning {
            Meaning::Objects(group, ObjectSort::Queue) => group,
            _ => {
                self.wrong_kind(&name.value, name.span, meaning, wanted);
                return None;
            }
        };
        let ObjectGroup { base, len, is_array, .. } = self.object_groups[group.index()];
        match index {
            Some(index) if is_array => {
                let index = self.expr(index)?;
                Some(match fold(&index).and_then(|number| u32::try_from(number).ok()) {
                    Some(element) if element < len => {
                        Expr::Len { first: ObjectId(base.0 + element), count: 1, index: None }
                    }
                    _ => Expr::Len { first: base, count: len, index: Some(Box::new(index)) },
                })
            }
            Some(index) => {
                self.not_an_array(name, meaning, index.span);
                None
            }
            None => {
                self.element(name, meaning, None, len, is_array)?;
                Some(Expr::Len { first: base, count: 1, index: None })
            }
        }
    }

    /// Resolves what is asked of a thread, and of which.
    fn claim_about(&mut self, claim: &ThreadClaim) -> Option<(GroupId, Predicate)> {
        let group = match self.lookup(&claim.thread, Wanted::Thread) {
            Some(Meaning::Thread(group)) => Some(group),
            Some(other) => {
                self.wrong_kind(&claim.thread.value, claim.thread.span, other, Wanted::Thread);
                None
            }
            None => None,
        };
        let predicate = match &claim.predicate {
            PredicateText::Done => Some(Predicate::Done),
            PredicateText::Holds(Reference { name, index, local: None, .. }) => {
                self.object_element(name, index.as_ref(), HOLDABLE).map(Predicate::Holds)
            }
            PredicateText::Holds(reference) => {
                let error = Diagnostic::new("E0201", "expected a lock", reference.span, "not a lock");
                self.errors.push(error);
                None
            }
            PredicateText::At(label) => self.thread_label(group?, label).map(Predicate::At),
            PredicateText::Within(from, to) => {
                let (from, to) = (self.thread_label(group?, from), self.thread_label(group?, to));
                Some(Predicate::Within(from?, to?))
            }
        };
        Some((group?, predicate?))
    }

    fn thread_label(&mut self, group: GroupId, label: &Name) -> Option<Addr> {
        let (text, labels) = self.thread_bodies.get(group.index())?;
        if let Some((address, _)) = labels.get(label.value.as_str()) {
            return Some(*address);
        }
        self.unknown_label(label, text);
        None
    }
}

/// The index behind a thread's name, in one of the two forms that the grammar has for it.
#[derive(Clone, Copy)]
pub(super) struct Index<'e> {
    expr: Option<&'e ast::Expr>,
    constant: Option<&'e Const>,
}

impl<'e> Index<'e> {
    /// Makes an index of a constant expression, or none.
    pub fn of(constant: Option<&'e Const>) -> Index<'e> {
        Index { expr: None, constant }
    }
}

/// Computes an expression of numbers alone; `None` for any other, and where it has no value.
fn fold(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Number(number) => Some(*number),
        Expr::Neg(inner) => fold(inner)?.checked_neg(),
        Expr::Binary(op, left, right) => {
            let (left, right) = (fold(left)?, fold(right)?);
            match op {
                Binary::Add => left.checked_add(right),
                Binary::Sub => left.checked_sub(right),
                Binary::Mul => left.checked_mul(right),
                Binary::Div => floor_div(left, right).ok(),
                Binary::Mod => floor_mod(left, right).ok(),
                _ => None,
            }
        }
        _ => None,
    }
}
