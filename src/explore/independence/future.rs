//! Futures: what a thread can still do from an address on, and what it cannot do while it is kept out.
//!
//! Backward data flow over the thread's [`Flow`]. A proc is entered once for all its calls; where it can be
//! left it has the feature [`Features::exit`], and what its caller does next is added from the open calls of
//! the state at hand.

use super::features::{Elements, Features, Set, add, add_all, has};
use super::flow::Flow;
use crate::program::{Addr, Instr, ObjectId, ObjectKind, Program, SwitchModel, ThreadId};

/// For each address a set of features.
#[derive(Clone, Debug)]
pub(super) struct Table {
    words: usize,
    rows: Vec<u64>,
}

impl Table {
    fn new(addresses: usize, words: usize) -> Table {
        Table { words, rows: vec![0; addresses * words] }
    }

    /// Returns the set of an address.
    pub fn row(&self, addr: Addr) -> &Set {
        &self.rows[addr.index() * self.words..][..self.words]
    }

    fn row_mut(&mut self, addr: Addr) -> &mut Set {
        &mut self.rows[addr.index() * self.words..][..self.words]
    }
}

/// Why a thread cannot get past some instructions while other threads stand still.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Bar {
    /// Another thread holds this mutex or rlock, or holds this rwlock as its writer.
    Lock(ObjectId),
    /// Another thread holds this rwlock as a reader.
    Reader(ObjectId),
    /// This thread has not finished, or has not finished storing.
    Life(ThreadId),
}

/// What the threads that run one thread's code can do.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// What the instruction at an address, and whatever may follow it, has.
    pub future: Table,
    /// The same behind bars, in the order of the bars.
    pub behind: Vec<Table>,
    /// What the steps from an address up to the next decision mind; only where those may be several.
    pub run: Option<Table>,
    /// What the instruction at an address, and whatever may follow it, minds; only beside `run`.
    pub minded: Option<Table>,
    /// Whether the step at an address changes a position or local that an observer looks at.
    pub visible: Vec<bool>,
}

impl Code {
    /// Looks at one thread's code; `runs` says whether there may be several steps between two decisions.
    pub fn new(
        program: &Program,
        switch: SwitchModel,
        features: &Features,
        flow: &Flow,
        visible: Vec<bool>,
        bars: &[Bar],
    ) -> Code {
        let runs = switch != SwitchModel::Every || !program.blocks.is_empty();
        let mut has_here = Table::new(program.code.len(), features.words);
        let mut minds_here = Table::new(program.code.len(), features.words);
        for index in (0..program.code.len()).filter(|&index| flow.reached[index]) {
            let (addr, instr) = (Addr(index as u32), program.code[index]);
            features.add_own(program, instr, flow.elements[index], has_here.row_mut(addr));
            features.add_minded(program, instr, flow.elements[index], minds_here.row_mut(addr));
            if visible[index] {
                add(has_here.row_mut(addr), features.position);
                add(minds_here.row_mut(addr), features.position);
            }
        }
        let solver = Solver { program, features, flow };
        let behind = bars.iter().map(|&bar| {
            let stops = |addr: Addr| bars_the_way(program, flow, addr, bar);
            solver.solve(&has_here, stops, |_, _| false)
        });
        let minded = runs.then(|| solver.solve(&minds_here, |_| false, |_, _| false));
        let run = minded.as_ref().map(|minded| {
            let decides = |from: Addr, to: Addr| is_switch_point(program, switch, from, to);
            solver.solve_runs(&minds_here, minded, decides)
        });
        Code {
            future: solver.solve(&has_here, |_| false, |_, _| false),
            behind: behind.collect(),
            run,
            minded,
            visible,
        }
    }
}

/// Returns true when a thread that is about to execute the instruction at an address cannot get past it while
/// the bar is there: it would wait, or it would give back what it does not hold, which is a fault.
fn bars_the_way(program: &Program, flow: &Flow, addr: Addr, bar: Bar) -> bool {
    let instr = program.instr(addr);
    match (flow.elements[addr.index()], bar) {
        (Elements::Objects(object, 1), Bar::Lock(lock)) if object == lock.0 => {
            !matches!(instr, Instr::TryLock(_))
        }
        (Elements::Objects(object, 1), Bar::Lock(lock)) => {
            let kind = program.objects[object as usize].kind;
            matches!(instr, Instr::Wait(_)) && kind == ObjectKind::Condition { lock }
        }
        (Elements::Objects(object, 1), Bar::Reader(lock)) => {
            object == lock.0 && matches!(instr, Instr::WrLock(_))
        }
        (Elements::Threads(first, count), Bar::Life(thread)) => {
            matches!(instr, Instr::Join(_))
                && (first..first + count).contains(&thread.0)
                && (count == 1 || is_all(instr))
        }
        _ => false,
    }
}

/// Returns true when a thread operand stands for all the threads it may stand for, not for one of them.
fn is_all(instr: Instr) -> bool {
    matches!(instr, Instr::Join(crate::program::Threads::All(_)))
}

/// Returns true when a decision follows a step from one address to another of one body.
fn is_switch_point(program: &Program, switch: SwitchModel, from: Addr, to: Addr) -> bool {
    let instr = program.instr(from);
    let jumps_back = matches!(instr, Instr::Jmp(_) | Instr::Jz(_) | Instr::Jnz(_)) && to <= from;
    let lets_go = match switch {
        SwitchModel::Every => true,
        SwitchModel::Gil => {
            jumps_back || matches!(instr, Instr::Call(_) | Instr::Yield | Instr::Start(_) | Instr::Join(_))
        }
        SwitchModel::Await => instr == Instr::Yield,
    };
    lets_go && !program.share_block(from, to)
}

struct Solver<'a> {
    program: &'a Program,
    features: &'a Features,
    flow: &'a Flow,
}

impl Solver<'_> {
    /// Solves `row = here + rows of what comes next`, the least solution: nothing at addresses that stop, and
    /// nothing over edges that are cut.
    fn solve(&self, here: &Table, stops: impl Fn(Addr) -> bool, cuts: impl Fn(Addr, Addr) -> bool) -> Table {
        self.iterate(|table, addr, row| {
            if stops(addr) {
                return;
            }
            add_all(row, here.row(addr));
            if let Instr::Call(proc) = self.program.instr(addr) {
                self.add_proc(table, proc, row);
                if !has(row, self.features.exit) {
                    return;
                }
                remove_exit(row, self.features.exit);
            }
            for &next in &self.flow.next[addr.index()] {
                if !cuts(addr, next) {
                    add_all(row, table.row(next));
                }
            }
        })
    }

    /// The same up to the next decision. A proc that is called without one counts whole.
    fn solve_runs(&self, here: &Table, minded: &Table, decides: impl Fn(Addr, Addr) -> bool) -> Table {
        self.iterate(|table, addr, row| {
            add_all(row, here.row(addr));
            let behind = Addr(addr.0 + 1);
            if let Instr::Call(proc) = self.program.instr(addr)
                && !decides(addr, behind)
            {
                self.add_proc(minded, proc, row);
                remove_exit(row, self.features.exit);
            }
            for &next in &self.flow.next[addr.index()] {
                if !decides(addr, next) {
                    add_all(row, table.row(next));
                }
            }
        })
    }

    fn add_proc(&self, table: &Table, proc: crate::program::ProcId, row: &mut Set) {
        add_all(row, table.row(self.program.procs[proc.index()].body.entry));
    }

    /// Repeats a computation of all rows, from the last address to the first, until none changes.
    fn iterate(&self, compute: impl Fn(&Table, Addr, &mut Set)) -> Table {
        let mut table = Table::new(self.program.code.len(), self.features.words);
        let mut row = vec![0; self.features.words];
        let mut changed = true;
        while changed {
            changed = false;
            for index in (0..self.program.code.len()).rev().filter(|&index| self.flow.reached[index]) {
                let addr = Addr(index as u32);
                row.fill(0);
                match self.program.instr(addr) {
                    Instr::Ret | Instr::End => add(&mut row, self.features.exit),
                    _ => compute(&table, addr, &mut row),
                }
                changed |= add_all(table.row_mut(addr), &row);
            }
        }
        table
    }
}

/// Removes the feature of procs that can be left.
pub(super) fn remove_exit(set: &mut Set, exit: u32) {
    set[exit as usize / 64] &= !(1 << (exit % 64));
}
