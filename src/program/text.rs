//! Names back from ids: how instructions, cells, objects and threads are written in listings and reports.

use super::instr::{Instr, Operand, Place, Target, Threads};
use super::{Addr, Body, Cell, GroupId, Object, ObjectId, Program, ThreadId, VarKind, Variable};

impl Program {
    /// Returns `inc` or `inc[1]`.
    pub fn thread_name(&self, thread: ThreadId) -> String {
        let group = self.group(thread);
        if group.is_array {
            format!("{}[{}]", group.name, self.copy_index(thread))
        } else {
            group.name.clone()
        }
    }

    /// Returns `m` or `fork[2]`.
    pub fn object_name(&self, object: ObjectId) -> String {
        let Object { group, .. } = self.objects[object.index()];
        let group = &self.object_groups[group.index()];
        if group.is_array {
            format!("{}[{}]", group.name, object.0 - group.base.0)
        } else {
            group.name.clone()
        }
    }

    /// Returns the variable that a memory cell belongs to.
    pub fn memory_variable(&self, cell: u32) -> &Variable {
        let owner = self.variables.iter().find(|variable| {
            matches!(variable.kind, VarKind::Shared | VarKind::Atomic) && variable.holds(cell)
        });
        owner.expect("every memory cell belongs to a variable")
    }

    /// Returns the variable that a local cell of a group's threads belongs to.
    pub fn local_variable(&self, group: GroupId, cell: u32) -> &Variable {
        let owner = self.variables.iter().find(|variable| {
            (variable.kind == VarKind::ThreadLocal || variable.kind == VarKind::Own(group))
                && variable.holds(cell)
        });
        owner.expect("every local cell belongs to a variable")
    }

    /// Returns `x` or `a[2]`.
    pub fn memory_name(&self, cell: u32) -> String {
        self.memory_variable(cell).cell_name(cell)
    }

    /// Returns `x`, `a[2]`, `T.r` or `T[1].r`.
    pub fn cell_name(&self, cell: Cell) -> String {
        match cell {
            Cell::Memory(cell) => self.memory_name(cell),
            Cell::Local(thread, cell) => {
                let variable = self.local_variable(self.threads[thread.index()], cell);
                format!("{}.{}", self.thread_name(thread), variable.cell_name(cell))
            }
        }
    }

    /// Returns the instruction at an address as a person would write it, its constants evaluated:
    /// `STORE x`, `LOCK fork[2]`, `PUSH 3`. For the end of a body that is `end`.
    pub fn instruction_text(&self, addr: Addr) -> String {
        let instr = self.instr(addr);
        let Some(op) = instr.op() else { return "end".to_owned() };
        let mnemonic = op.spec().mnemonic;
        match self.operand_text(addr, instr) {
            Some(operand) => format!("{mnemonic} {operand}"),
            None => mnemonic.to_owned(),
        }
    }

    fn operand_text(&self, addr: Addr, instr: Instr) -> Option<String> {
        Some(match instr.operand() {
            Operand::Nothing | Operand::Text(None) => return None,
            Operand::Number(number) => number.to_string(),
            Operand::Place(place) => self.place_text(addr, place),
            Operand::Addr(target) => self.label_text(addr, target),
            Operand::ProcId(proc) => self.procs[proc.index()].name.clone(),
            Operand::Target(Target::One(object)) => self.object_name(object),
            Operand::Target(Target::At { base, .. }) => {
                let group = self.objects[base.index()].group;
                format!("{}[]", self.object_groups[group.index()].name)
            }
            Operand::Threads(Threads::All(group)) => self.groups[group.index()].name.clone(),
            Operand::Threads(Threads::Copy(group, copy)) => {
                format!("{}[{copy}]", self.groups[group.index()].name)
            }
            Operand::Threads(Threads::At(group)) => format!("{}[]", self.groups[group.index()].name),
            Operand::Range(range) => format!("{}..{}", range.low, range.high),
            Operand::Text(Some(text)) => format!("\"{}\"", self.texts[text.index()]),
        })
    }

    fn place_text(&self, addr: Addr, place: Place) -> String {
        match place {
            Place::Memory(cell) => self.memory_name(cell),
            Place::MemoryAt { base, .. } => format!("{}[]", self.memory_variable(base).name),
            Place::Local(cell) => self.local_variable(self.group_at(addr), cell).cell_name(cell),
            Place::LocalAt { base, .. } => {
                format!("{}[]", self.local_variable(self.group_at(addr), base).name)
            }
        }
    }

    /// The thread whose body an address lies in; any thread for a proc, which sees file-level locals alone.
    fn group_at(&self, addr: Addr) -> GroupId {
        let found = self.groups.iter().position(|group| group.body.contains(addr));
        GroupId(found.unwrap_or(0) as u32)
    }

    fn label_text(&self, addr: Addr, target: Addr) -> String {
        let bodies =
            self.groups.iter().map(|group| &group.body).chain(self.procs.iter().map(|proc| &proc.body));
        let body = bodies.into_iter().find(|body| body.contains(addr));
        let label = body.and_then(|body| body.labels.iter().find(|(_, at)| *at == target));
        label.map_or_else(|| format!("@{}", target.0), |(name, _)| name.clone())
    }
}

impl Variable {
    /// Returns true when the cell is one of the variable's elements.
    pub fn holds(&self, cell: u32) -> bool {
        (self.base..self.base + self.len).contains(&cell)
    }

    /// Returns `x` or `a[2]`.
    pub fn cell_name(&self, cell: u32) -> String {
        if self.is_array { format!("{}[{}]", self.name, cell - self.base) } else { self.name.clone() }
    }
}

impl Body {
    /// Returns true when the address lies in the body, its end included.
    pub fn contains(&self, addr: Addr) -> bool {
        (self.entry..=self.end).contains(&addr)
    }
}
