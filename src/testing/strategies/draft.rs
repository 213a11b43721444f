//! An arbitrary program: statements by thread, and their text.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use super::expr::Var;
use super::shrink::Shrink;
use super::stmt::{self, Object, Renaming, Stmt};
use crate::asm;
use crate::program::ThreadId;
use crate::testing::{Subject, program};

/// What a program is called that has no file.
const NAME: &str = "program.rvm";

/// An arbitrary program. It prints itself as the `.rvm` file that can be saved and run; what it does not use it
/// does not declare, and neighbouring threads of the same code are copies.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    threads: Vec<Vec<Stmt>>,
    /// Shrinking leaves so many threads.
    fewest: usize,
    /// The largest number that shrinking may put in the place of a smaller one.
    largest: i64,
}

impl Draft {
    pub(super) fn new(threads: Vec<Vec<Stmt>>, fewest: usize, largest: i64) -> Draft {
        Draft { threads, fewest, largest }
    }

    /// Returns the program's text, in canonical layout.
    pub fn text(&self) -> String {
        let raw = self.raw();
        asm::format(NAME, &raw).unwrap_or(raw)
    }

    /// Returns the program as the subject of assertions.
    pub fn subject(&self) -> Subject {
        program(self.text())
    }

    /// Returns how many threads there are.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Returns the number of instructions of each thread.
    pub fn instructions(&self) -> Vec<usize> {
        self.threads.iter().map(|body| written(body).instructions).collect()
    }

    fn raw(&self) -> String {
        let writers: Vec<Writer> = self.threads.iter().map(|body| written(body)).collect();
        let mut text = String::new();
        for var in self.vars() {
            let word = match var {
                Var::Shared(_) => "shared",
                Var::Atomic(_) => "atomic",
                Var::Local => "local",
            };
            text.push_str(&format!("{word} {}\n", var.name()));
        }
        for object in self.objects() {
            text.push_str(&format!("{}\n", object.declaration()));
        }
        let mut first = 0;
        for same in self.threads.chunk_by(|a, b| a == b) {
            let name = ThreadId(first as u32).letters();
            let copies = if same.len() > 1 { format!("[{}]", same.len()) } else { String::new() };
            let body: String = writers[first].lines.iter().map(|line| format!("{line}\n")).collect();
            text.push_str(&format!("\nthread {name}{copies}\n{body}end\n"));
            first += same.len();
        }
        text
    }

    fn objects(&self) -> BTreeSet<Object> {
        let mut objects: BTreeSet<Object> =
            self.threads.iter().flat_map(|body| written(body).objects).collect();
        if objects.contains(&Object::Condition) {
            objects.insert(Object::ConditionLock);
        }
        objects
    }

    fn vars(&self) -> BTreeSet<Var> {
        self.threads.iter().flat_map(|body| written(body).vars).collect()
    }

    /// Returns the program with a variable or mutex called by an earlier name that is free.
    fn renamings(&self) -> Vec<Draft> {
        let (vars, objects) = (self.vars(), self.objects());
        let mut all = Vec::new();
        for &old in &vars {
            if let Some(new) = old.neighbours().filter(|new| !vars.contains(new)).last() {
                let var = |var| if var == old { new } else { var };
                all.push(self.renamed(&Renaming { var: &var, ..Renaming::NOTHING }));
            }
        }
        for &old in &objects {
            let Object::Mutex(number) = old else { continue };
            if let Some(new) = (0..number).map(Object::Mutex).find(|new| !objects.contains(new)) {
                let object = |object| if object == old { new } else { object };
                all.push(self.renamed(&Renaming { object: &object, ..Renaming::NOTHING }));
            }
        }
        all
    }

    fn renamed(&self, names: &Renaming<'_>) -> Draft {
        self.with(self.threads.iter().map(|body| stmt::renamed(body, names)).collect())
    }

    /// Returns the program with numbers that can be told apart, as far as there are enough.
    fn numbered(&self) -> Draft {
        let next = Cell::new(0);
        let number = |_| {
            next.set(next.get() % self.largest + 1);
            next.get()
        };
        self.renamed(&Renaming { number: &number, ..Renaming::NOTHING })
    }

    fn len(&self) -> usize {
        self.instructions().iter().sum()
    }

    /// Returns how many threads take a lock that they hold.
    fn retakes(&self) -> usize {
        self.threads.iter().filter(|body| stmt::retakes(body, &mut Vec::new())).count()
    }

    fn with(&self, threads: Vec<Vec<Stmt>>) -> Draft {
        Draft { threads, ..*self }
    }
}

impl Shrink for Draft {
    /// Threads, instructions, names, values.
    type Size = (usize, usize, usize, u64);

    fn size(&self) -> Self::Size {
        let values = self.threads.iter().map(|body| stmt::values(body)).sum();
        (self.threads.len(), self.len(), self.vars().len() + self.objects().len(), values)
    }

    fn neighbours(&self) -> Vec<Draft> {
        let mut all = Vec::new();
        if self.threads.len() > self.fewest {
            for index in 0..self.threads.len() {
                let mut threads = self.threads.clone();
                threads.remove(index);
                all.push(self.with(threads));
            }
        }
        for object in self.objects() {
            all.push(self.with(self.threads.iter().map(|body| stmt::without(body, object)).collect()));
        }
        all.extend(self.renamings());
        for (index, body) in self.threads.iter().enumerate() {
            for instead in stmt::neighbours(body) {
                let mut threads = self.threads.clone();
                threads[index] = instead;
                all.push(self.with(threads));
            }
        }
        // With a statement the reason may go why two values differ, and another pair would do.
        if self.largest > 0 {
            let len = self.len();
            all.extend(all.clone().iter().filter(|draft| draft.len() < len).map(Draft::numbered));
        }
        // Two locks that become one would otherwise be a new way to fail.
        all.retain(|draft| draft.retakes() <= self.retakes());
        all
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.text())
    }
}

impl From<&Draft> for String {
    fn from(draft: &Draft) -> String {
        draft.text()
    }
}

fn written(body: &[Stmt]) -> Writer {
    let mut writer = Writer::default();
    stmt::write(body, &mut writer);
    writer
}

/// Writes the lines of one thread, and notes what they use.
#[derive(Default)]
pub(super) struct Writer {
    lines: Vec<String>,
    pub(super) instructions: usize,
    vars: BTreeSet<Var>,
    objects: BTreeSet<Object>,
    labels: usize,
}

impl Writer {
    /// Writes an instruction.
    pub(super) fn line(&mut self, line: &str) {
        self.lines.push(line.to_owned());
        self.instructions += 1;
    }

    /// Writes a line that is no instruction.
    pub(super) fn mark(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    /// Writes an instruction on a variable.
    pub(super) fn access(&mut self, mnemonic: &str, var: Var) {
        let name = self.var(var);
        self.line(&format!("{mnemonic} {name}"));
    }

    /// Writes an instruction on an object.
    pub(super) fn act(&mut self, mnemonic: &str, object: Object) {
        self.objects.insert(object);
        self.line(&format!("{mnemonic} {}", object.name()));
    }

    /// Returns the name of a variable, which is then declared.
    pub(super) fn var(&mut self, var: Var) -> String {
        self.vars.insert(var);
        var.name()
    }

    /// Makes a label.
    pub(super) fn label(&mut self) -> String {
        self.labels += 1;
        format!("l{}", self.labels)
    }
}

/// Returns how many instructions statements have.
pub(super) fn instructions(body: &[Stmt]) -> usize {
    written(body).instructions
}
