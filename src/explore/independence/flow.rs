//! Flow: where one thread's code can go, and which element each operand stands for, as far as that is known
//! before the run.
//!
//! Constant propagation (Kildall, POPL 1973) over the thread's instructions: the copy's own index, numbers
//! and what is computed from them. It settles `fork[SELF]`, and leaves out code that this copy cannot reach.
//! A proc is looked at once for all its calls; its calls get back what any of them could leave.

use crate::program::{Addr, Cell, Instr, Operand, Place, ProcId, Program, Target, ThreadId, Threads, binary};
use crate::vm::{Machine, State};

use super::features::Elements;

/// More local cells than this are not followed, one by one, but taken to hold anything.
const MOST_LOCALS: usize = 1 << 8;

/// What is known of one thread's code.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// For each address, where the thread can go on in the same body; a `CALL` goes on behind itself.
    pub next: Vec<Vec<Addr>>,
    /// For each address, whether the thread can come there.
    pub reached: Vec<bool>,
    /// For each address, what its operand may stand for.
    pub elements: Vec<Elements>,
}

/// What is known of locals and stack at one address. Below the known part of the stack anything may lie.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Known {
    locals: Vec<Option<i64>>,
    stack: Vec<Option<i64>>,
}

struct Analysis<'p> {
    program: &'p Program,
    copy: i64,
    at: Vec<Option<Known>>,
    /// What the calls of each proc get back.
    back: Vec<Option<Known>>,
    /// The addresses of the calls of each proc that were reached.
    calls: Vec<Vec<Addr>>,
    next: Vec<Vec<Addr>>,
    work: Vec<Addr>,
}

impl Flow {
    /// Follows the code of one thread from its initial locals.
    pub fn new(machine: &Machine<'_>, initial: &State, thread: ThreadId) -> Flow {
        let program = machine.program();
        let group = program.group(thread);
        let followed = (group.locals as usize) <= MOST_LOCALS;
        let local = |cell| followed.then(|| machine.value(initial, Cell::Local(thread, cell)));
        let known = Known { locals: (0..group.locals).map(local).collect(), stack: Vec::new() };
        let mut analysis = Analysis {
            program,
            copy: i64::from(program.copy_index(thread)),
            at: vec![None; program.code.len()],
            back: vec![None; program.procs.len()],
            calls: vec![Vec::new(); program.procs.len()],
            next: vec![Vec::new(); program.code.len()],
            work: Vec::new(),
        };
        analysis.join(group.body.entry, known);
        while let Some(addr) = analysis.work.pop() {
            analysis.execute(addr);
        }
        let reached = analysis.at.iter().map(Option::is_some).collect();
        let elements = analysis.at.iter().enumerate().map(|(addr, known)| {
            let index = known.as_ref().and_then(|known| known.stack.last().copied().flatten());
            elements(program, program.code[addr], index)
        });
        Flow { reached, elements: elements.collect(), next: analysis.next }
    }
}

impl Analysis<'_> {
    fn execute(&mut self, addr: Addr) {
        let instr = self.program.instr(addr);
        let mut known = self.at[addr.index()].clone().expect("only reached addresses are worked on");
        let condition = known.stack.last().copied().flatten();
        known.execute(instr, self.copy);
        let behind = Addr(addr.0 + 1);
        match instr {
            Instr::Jmp(target) => self.go(addr, target, known),
            Instr::Jz(target) | Instr::Jnz(target) => {
                let jumps = condition.map(|value| (value == 0) == matches!(instr, Instr::Jz(_)));
                if jumps != Some(false) {
                    self.go(addr, target, known.clone());
                }
                if jumps != Some(true) {
                    self.go(addr, behind, known);
                }
            }
            Instr::Call(proc) => self.call(addr, proc, known),
            Instr::Ret | Instr::End => self.give_back(addr, known),
            Instr::Halt => {}
            _ => self.go(addr, behind, known),
        }
    }

    fn go(&mut self, from: Addr, to: Addr, known: Known) {
        if !self.next[from.index()].contains(&to) {
            self.next[from.index()].push(to);
        }
        self.join(to, known);
    }

    fn call(&mut self, addr: Addr, proc: ProcId, known: Known) {
        if !self.calls[proc.index()].contains(&addr) {
            self.calls[proc.index()].push(addr);
        }
        self.join(self.program.procs[proc.index()].body.entry, known);
        if let Some(back) = self.back[proc.index()].clone() {
            self.go(addr, Addr(addr.0 + 1), back);
        }
    }

    /// The end of a thread's body gives nothing back.
    fn give_back(&mut self, addr: Addr, known: Known) {
        let inside = |body: &crate::program::Body| (body.entry..=body.end).contains(&addr);
        let Some(proc) = self.program.procs.iter().position(|proc| inside(&proc.body)) else { return };
        if merge(&mut self.back[proc], known) {
            let back = self.back[proc].clone().expect("something was merged into it");
            for call in self.calls[proc].clone() {
                self.go(call, Addr(call.0 + 1), back.clone());
            }
        }
    }

    fn join(&mut self, addr: Addr, known: Known) {
        if merge(&mut self.at[addr.index()], known) {
            self.work.push(addr);
        }
    }
}

/// Keeps what two ways to an address agree on; returns true when that is less than what was known before.
fn merge(known: &mut Option<Known>, other: Known) -> bool {
    let Some(known) = known else {
        *known = Some(other);
        return true;
    };
    let mut changed = false;
    let mut meet = |mine: &mut Option<i64>, theirs: Option<i64>| {
        if mine.is_some() && *mine != theirs {
            *mine = None;
            changed = true;
        }
    };
    for (mine, &theirs) in known.locals.iter_mut().zip(&other.locals) {
        meet(mine, theirs);
    }
    for (mine, &theirs) in known.stack.iter_mut().rev().zip(other.stack.iter().rev()) {
        meet(mine, theirs);
    }
    let surplus = known.stack.len().saturating_sub(other.stack.len());
    changed |= surplus > 0;
    known.stack.drain(..surplus);
    changed
}

impl Known {
    fn pop(&mut self) -> Option<i64> {
        self.stack.pop().flatten()
    }

    fn execute(&mut self, instr: Instr, copy: i64) {
        match instr {
            Instr::Push(number) => self.stack.push(Some(number)),
            Instr::SelfIndex => self.stack.push(Some(copy)),
            Instr::Choose(range) => {
                self.stack.push(Some(range.low).filter(|_| range.low == range.high));
            }
            Instr::Dup => {
                let top = self.pop();
                self.stack.extend([top, top]);
            }
            Instr::Swap => {
                let (b, a) = (self.pop(), self.pop());
                self.stack.extend([b, a]);
            }
            Instr::Over => {
                let (b, a) = (self.pop(), self.pop());
                self.stack.extend([a, b, a]);
            }
            Instr::Neg => {
                let value = self.pop().and_then(i64::checked_neg);
                self.stack.push(value);
            }
            Instr::Not => {
                let value = self.pop().map(|value| i64::from(value == 0));
                self.stack.push(value);
            }
            Instr::Load(Place::Local(cell)) => self.stack.push(self.locals[cell as usize]),
            Instr::Store(Place::Local(cell)) => self.locals[cell as usize] = self.pop(),
            _ => self.execute_other(instr),
        }
    }

    fn execute_other(&mut self, instr: Instr) {
        let popped: Vec<Option<i64>> = (0..instr.pops()).map(|_| self.pop()).collect();
        match instr {
            Instr::Store(place) | Instr::Cas(place) | Instr::Xadd(place) | Instr::Xchg(place) => {
                let cells = match place {
                    Place::Local(cell) => cell..cell + 1,
                    Place::LocalAt { base, len } => base..base + len,
                    Place::Memory(_) | Place::MemoryAt { .. } => 0..0,
                };
                self.locals[cells.start as usize..cells.end as usize].fill(None);
            }
            _ => {}
        }
        if let [Some(b), Some(a)] = popped[..]
            && let Some(result) = binary(instr, a, b)
        {
            return self.stack.push(result.ok());
        }
        self.stack.extend((0..instr.pushes()).map(|_| None));
    }
}

/// Returns what an operand may stand for when its index, if it has one, is known or not. An index out of range
/// is a fault, and touches nothing.
fn elements(program: &Program, instr: Instr, index: Option<i64>) -> Elements {
    let range = |base: u32, len: u32| match index.map(u32::try_from) {
        None => Some((base, len)),
        Some(Ok(index)) if index < len => Some((base + index, 1)),
        Some(_) => None,
    };
    let found = match instr.operand() {
        Operand::Place(Place::Memory(cell)) => Some(Elements::Cells(cell, 1)),
        Operand::Place(Place::MemoryAt { base, len }) => {
            range(base, len).map(|(base, len)| Elements::Cells(base, len))
        }
        Operand::Target(Target::One(object)) => Some(Elements::Objects(object.0, 1)),
        Operand::Target(Target::At { base, len }) => {
            range(base.0, len).map(|(base, len)| Elements::Objects(base, len))
        }
        Operand::Threads(threads) => {
            let of = |group: crate::program::GroupId| &program.groups[group.index()];
            match threads {
                Threads::All(group) => Some(Elements::Threads(of(group).first.0, of(group).copies)),
                Threads::Copy(group, copy) => Some(Elements::Threads(of(group).first.0 + copy, 1)),
                Threads::At(group) => range(of(group).first.0, of(group).copies)
                    .map(|(first, count)| Elements::Threads(first, count)),
            }
        }
        _ => None,
    };
    found.unwrap_or(Elements::Nothing)
}
