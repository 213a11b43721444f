//! Declarations to tables: sizes, initial values and the layout of cells.

use crate::program::{
    Addr, Body, Group, GroupId, Object, ObjectGroup, ObjectGroupId, ObjectId, ObjectKind, ObjectSort, Proc,
    ThreadId, VarId, VarKind, Variable,
};

use super::super::ast::{Const, Init, Name, Reference, Statement, VariableWord};
use super::super::diagnostic::Diagnostic;
use super::super::limits::{self, Resource};
use super::super::names::Meaning;
use super::super::structure::{BodyKind, BodyText, Declaration, Item, Outline};
use super::{Context, Wanted};

/// The kinds of lock a condition may be tied to.
const CONDITION_LOCKS: &[ObjectSort] = &[ObjectSort::Mutex, ObjectSort::Rlock];

/// How many elements a declaration has.
#[derive(Clone, Copy)]
struct Size {
    len: u32,
    is_array: bool,
    /// False when the number could not be computed; `len` is 1 then.
    known: bool,
}

/// The parts of an object's declaration behind its name.
struct Parameters<'a> {
    init: Option<&'a Init>,
    max: Option<&'a Const>,
}

impl<'a> Context<'a> {
    /// Fills the tables of variables, objects, threads and procs; the bodies are still empty.
    pub(super) fn declare(&mut self, outline: &Outline<'a>) {
        let mut conditions = Vec::new();
        // File-level locals come first in every thread, wherever they are declared, so that a thread's own
        // get their cells in a second round.
        for item in &outline.items {
            match item {
                Item::Declaration(declaration) => {
                    if let Some(condition) = self.declaration_line(*declaration) {
                        conditions.push(condition);
                    }
                }
                Item::Body(body) => self.declare_body(body),
            }
        }
        self.place_own_locals();
        for (group, on) in conditions {
            self.tie_condition(group, on);
        }
    }

    /// Declares what one line declares; returns the lock that a condition names.
    fn declaration_line(&mut self, declaration: Declaration<'a>) -> Option<(ObjectGroupId, &'a Reference)> {
        match declaration.statement {
            Statement::Variable { word, name, size, init } => {
                self.variable_line(*word, name, size.as_ref(), init.as_ref(), declaration, None);
                None
            }
            Statement::Object { sort, name, size, init, max, on } => {
                let group = self.object_line(
                    *sort,
                    name,
                    size.as_ref(),
                    &Parameters { init: init.as_ref(), max: max.as_ref() },
                    declaration,
                );
                on.as_ref().map(|on| (group, on))
            }
            _ => None,
        }
    }

    fn variable_line(
        &mut self,
        word: VariableWord,
        name: &Name,
        size: Option<&'a Const>,
        init: Option<&'a Init>,
        declaration: Declaration<'a>,
        owner: Option<GroupId>,
    ) {
        let memory = self.memory.len() as u32;
        let (kind, base) = match (word, owner) {
            (VariableWord::Shared, _) => (VarKind::Shared, memory),
            (VariableWord::Atomic, _) => (VarKind::Atomic, memory),
            (VariableWord::Local, None) => (VarKind::ThreadLocal, self.thread_locals),
            // Counted from 0 here, moved behind the file-level locals when their number is known.
            (VariableWord::Local, Some(group)) => (VarKind::Own(group), self.groups[group.index()].locals),
        };
        let size = match word {
            VariableWord::Local => self.size(size, Resource::Locals, self.local_elements, name),
            VariableWord::Shared | VariableWord::Atomic => self.size(size, Resource::Memory, memory, name),
        };
        let init = self.initial_values(init, size);
        if word == VariableWord::Local {
            self.local_elements += size.len;
        }
        match kind {
            VarKind::Shared | VarKind::Atomic => self.memory.extend(&init),
            VarKind::ThreadLocal => self.thread_locals += size.len,
            VarKind::Own(group) => self.groups[group.index()].locals += size.len,
        }
        if !size.known {
            let variable = VarId(self.variables.len() as u32);
            self.sizeless.insert(Meaning::Variable(variable, word));
        }
        self.variables.push(Variable {
            name: name.value.clone(),
            kind,
            base,
            len: size.len,
            is_array: size.is_array,
            init,
            line: declaration.line,
        });
    }

    /// Computes the size in brackets and sees that it stays within the bounds.
    fn size(&mut self, size: Option<&Const>, resource: Resource, used: u32, name: &Name) -> Size {
        let unknown = Size { len: 1, is_array: true, known: false };
        let (wanted, span) = match size {
            None => (1, name.span),
            Some(size) => match self.constant(size) {
                None => return unknown,
                Some(wanted) if wanted < 1 => {
                    let what = if resource == Resource::Threads { "copies" } else { "elements" };
                    let message = format!("`{}` has {wanted} {what}", name.value);
                    self.errors.push(Diagnostic::new("E0207", message, size.span, "must be at least 1"));
                    return unknown;
                }
                Some(wanted) => (wanted, size.span),
            },
        };
        match resource.add(used, wanted) {
            Some(total) => Size { len: total - used, is_array: size.is_some(), known: true },
            None => {
                if !self.passed.contains(&resource) {
                    self.passed.push(resource);
                    self.errors.push(resource.too_many(span));
                }
                Size { is_array: size.is_some(), ..unknown }
            }
        }
    }

    /// Returns one initial value for each element: what stands behind `=`, or 0.
    fn initial_values(&mut self, init: Option<&Init>, size: Size) -> Vec<i64> {
        let len = size.len as usize;
        match init {
            None => vec![0; len],
            Some(Init::One(value)) => vec![self.constant(value).unwrap_or(0); len],
            Some(Init::List(list)) => {
                let mut values: Vec<i64> =
                    list.value.iter().map(|value| self.constant(value).unwrap_or(0)).collect();
                if !size.is_array {
                    let error = Diagnostic::new("E0208", "a list for a single value", list.span, "a list")
                        .help("an array has its size in brackets: `a[3] = {1, 2, 3}`");
                    self.errors.push(error);
                } else if size.known && values.len() != len {
                    let message = format!("{} for {len} elements", count(values.len(), "initial value"));
                    let error = Diagnostic::new("E0208", message, list.span, format!("has {}", values.len()))
                        .help("a list has exactly the array's size; one number without braces fills it");
                    self.errors.push(error);
                }
                values.resize(len, 0);
                values
            }
        }
    }

    fn object_line(
        &mut self,
        sort: ObjectSort,
        name: &Name,
        size: Option<&Const>,
        parameters: &Parameters<'a>,
        declaration: Declaration<'a>,
    ) -> ObjectGroupId {
        let group = ObjectGroupId(self.object_groups.len() as u32);
        let base = ObjectId(self.objects.len() as u32);
        let size = self.size(size, Resource::Objects, base.0, name);
        let kinds = self.object_kinds(sort, parameters, size);
        self.objects.extend(kinds.into_iter().map(|kind| Object { group, kind }));
        if !size.known {
            self.sizeless.insert(Meaning::Objects(group, sort));
        }
        self.object_groups.push(ObjectGroup {
            name: name.value.clone(),
            base,
            len: size.len,
            is_array: size.is_array,
            line: declaration.line,
        });
        group
    }

    /// Returns the kind of each element with its parameters; those with an error get harmless ones. The
    /// grammar has seen to it that each kind has the parameters it needs, and no others.
    fn object_kinds(&mut self, sort: ObjectSort, parameters: &Parameters<'a>, size: Size) -> Vec<ObjectKind> {
        let Parameters { init, max } = *parameters;
        let len = size.len as usize;
        match sort {
            ObjectSort::Mutex => vec![ObjectKind::Mutex; len],
            ObjectSort::Rlock => vec![ObjectKind::Rlock; len],
            ObjectSort::Rwlock => vec![ObjectKind::Rwlock; len],
            // The lock is known once all objects are.
            ObjectSort::Condition => vec![ObjectKind::Condition { lock: ObjectId(0) }; len],
            ObjectSort::Semaphore => {
                let max = max.and_then(|max| self.bounded(max, 1, i64::MAX, "the maximum"));
                let initial = self.object_values(init, size, 0, max.unwrap_or(i64::MAX), "the initial value");
                initial.into_iter().map(|initial| ObjectKind::Semaphore { initial, max }).collect()
            }
            ObjectSort::Event => {
                let set = self.object_values(init, size, 0, 1, "an event's initial value");
                set.into_iter().map(|set| ObjectKind::Event { set: set != 0 }).collect()
            }
            ObjectSort::Barrier => {
                let parties = self.object_values(init, size, 1, i64::from(u32::MAX), "a barrier's size");
                parties.into_iter().map(|parties| ObjectKind::Barrier { parties: parties as u32 }).collect()
            }
            ObjectSort::Queue => {
                let max = max.and_then(|max| self.bounded(max, 1, limits::QUEUE, "a queue's capacity"));
                vec![ObjectKind::Queue { max: max.unwrap_or(1) as u32 }; len]
            }
        }
    }

    /// Computes a number that must lie within bounds.
    fn bounded(&mut self, value: &Const, low: i64, high: i64, what: &str) -> Option<i64> {
        let number = self.constant(value)?;
        if (low..=high).contains(&number) {
            return Some(number);
        }
        let bounds = if high == i64::MAX { format!("at least {low}") } else { format!("{low} to {high}") };
        let message = format!("{what} is {number}");
        self.errors.push(Diagnostic::new("E0207", message, value.span, format!("must be {bounds}")));
        None
    }

    /// Returns one parameter for each element of an array of objects.
    fn object_values(
        &mut self,
        init: Option<&Init>,
        size: Size,
        low: i64,
        high: i64,
        what: &str,
    ) -> Vec<i64> {
        let values: &[Const] = match init {
            None => &[],
            Some(Init::One(value)) => std::slice::from_ref(value),
            Some(Init::List(list)) => &list.value,
        };
        let known = self.errors.len();
        for value in values {
            self.bounded(value, low, high, what);
        }
        if self.errors.len() > known || init.is_none() {
            return vec![low; size.len as usize];
        }
        self.initial_values(init, size)
    }

    /// Ties all elements of a condition to the lock behind `on`.
    fn tie_condition(&mut self, group: ObjectGroupId, on: &Reference) {
        if on.local.is_some() {
            let error = Diagnostic::new("E0201", "expected a mutex or rlock", on.span, "not a lock");
            self.errors.push(error);
            return;
        }
        let Some(lock) = self.object_element(&on.name, on.index.as_ref(), CONDITION_LOCKS) else { return };
        let ObjectGroup { base, len, .. } = self.object_groups[group.index()];
        for object in &mut self.objects[base.index()..][..len as usize] {
            object.kind = ObjectKind::Condition { lock };
        }
    }

    /// Resolves a single object with a constant index, of one of the kinds given.
    pub(super) fn object_element(
        &mut self,
        name: &Name,
        index: Option<&Const>,
        sorts: &'static [ObjectSort],
    ) -> Option<ObjectId> {
        let wanted = Wanted::Object(sorts);
        let meaning = self.lookup(name, wanted)?;
        let Meaning::Objects(group, sort) = meaning else {
            self.wrong_kind(&name.value, name.span, meaning, wanted);
            return None;
        };
        if !sorts.contains(&sort) {
            self.wrong_kind(&name.value, name.span, meaning, wanted);
            return None;
        }
        let ObjectGroup { base, len, is_array, .. } = self.object_groups[group.index()];
        let element = self.element(name, meaning, index, len, is_array)?;
        Some(ObjectId(base.0 + element))
    }

    fn declare_body(&mut self, text: &BodyText<'a>) {
        let body = Body { entry: Addr(0), end: Addr(0), labels: Vec::new() };
        let name = text.name.value.clone();
        let BodyKind::Thread { copies, deferred } = text.kind else {
            self.procs.push(Proc { name, body, effect: None });
            return;
        };
        let group = GroupId(self.groups.len() as u32);
        let first = ThreadId(self.threads.len() as u32);
        let size = self.size(copies, Resource::Threads, first.0, text.name);
        if !size.known {
            self.sizeless.insert(Meaning::Thread(group));
        }
        self.threads.extend(std::iter::repeat_n(group, size.len as usize));
        self.headers.push(text.name.span);
        self.groups.push(Group {
            name,
            first,
            copies: size.len,
            is_array: size.is_array,
            deferred,
            body,
            locals: 0,
        });
        for local in &text.locals {
            if let Statement::Variable { word, name, size, init } = local.statement {
                self.variable_line(*word, name, size.as_ref(), init.as_ref(), *local, Some(group));
            }
        }
    }

    /// Moves each thread's own locals behind the file-level ones.
    fn place_own_locals(&mut self) {
        for variable in &mut self.variables {
            if let VarKind::Own(_) = variable.kind {
                variable.base += self.thread_locals;
            }
        }
        for group in &mut self.groups {
            group.locals += self.thread_locals;
        }
    }
}

/// Writes `1 value` or `3 values`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
