//! A situation: one state as the reductions see it, with what each process minds and can still do.
//!
//! A process is a thread or, under `tso` and `pso`, its store buffers. What is asked of the state is computed
//! when it is first needed: most questions are settled by two or three processes.

use super::Independence;
use super::features::{Set, add, add_all, has, of, overlaps};
use super::future::{Bar, Table, remove_exit};
use crate::program::{Addr, Instr, ObjectId, ObjectKind, Operand, Target, ThreadId};
use crate::vm::{Action, Actor, Choice, Machine, State};

/// A thread, or a thread's store buffers; threads first.
pub(in crate::explore) type Process = usize;

/// Whether a process can go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It has a step.
    Enabled,
    /// Its step is a fault, or a failed `ASSUME`.
    Stops,
    /// It waits for others.
    Blocked,
    /// It has not been started, has finished, or is an empty buffer.
    Absent,
}

/// The situation of one state after another; keeps its memory between them.
#[derive(Debug)]
pub(in crate::explore) struct Situation<'m, 'p> {
    pub(super) machine: &'m Machine<'p>,
    pub(super) independence: &'m Independence,
    pub(super) threads: usize,
    pub(super) processes: usize,
    pub(super) standings: Vec<Option<Standing>>,
    /// For each process what it minds, then for each what it can still do; valid where `known` says so.
    pub(super) sets: Vec<u64>,
    pub(super) known: Vec<bool>,
    /// Who keeps others out, and by which bar; valid where `bars_known`.
    pub(super) held: Vec<(Process, usize)>,
    pub(super) bars_known: bool,
    pub(super) scratch: State,
    pub(super) left: Vec<u64>,
    pub(super) row: Vec<u64>,
}

impl<'m, 'p> Situation<'m, 'p> {
    pub fn new(machine: &'m Machine<'p>, independence: &'m Independence) -> Situation<'m, 'p> {
        let threads = machine.program().threads.len();
        let buffered = machine.models().memory != crate::program::MemoryModel::Sc;
        let processes = threads * if buffered { 2 } else { 1 };
        let words = independence.features.words;
        Situation {
            machine,
            independence,
            threads,
            processes,
            standings: vec![None; processes],
            sets: vec![0; 2 * processes * words],
            known: vec![false; 2 * processes],
            held: Vec::new(),
            bars_known: false,
            scratch: machine.initial(),
            left: vec![0; words],
            row: vec![0; words],
        }
    }

    /// Forgets what was computed: the next questions are about another state.
    pub fn reset(&mut self) {
        self.standings.fill(None);
        self.known.fill(false);
        self.bars_known = false;
    }

    /// Returns the process of an actor.
    pub fn process(&self, actor: Actor) -> Process {
        match actor {
            Actor::Thread(thread) => thread.index(),
            Actor::Buffer(thread, _) => self.threads + thread.index(),
        }
    }

    /// Returns true when the process has a step that goes on with the execution.
    pub fn goes_on(&mut self, state: &State, process: Process) -> bool {
        self.standing(state, process) == Standing::Enabled
    }

    /// Returns true when the process has a step, and that ends the execution.
    pub fn stops(&mut self, state: &State, process: Process) -> bool {
        self.standing(state, process) == Standing::Stops
    }

    /// Returns true when the thread has a step, whatever comes of it.
    pub fn is_enabled(&self, state: &State, thread: ThreadId) -> bool {
        self.machine.is_enabled(state, thread)
    }

    /// Returns true when some thread can still read a cell.
    pub fn can_be_read(&mut self, state: &State, cell: u32) -> bool {
        let feature = self.independence.features.read(cell);
        (0..self.threads).any(|thread| {
            self.find_future(state, thread);
            has(&self.sets[self.future_range(thread)], feature)
        })
    }

    /// Returns true when some thread can still touch an object.
    pub fn can_be_touched(&mut self, state: &State, object: ObjectId) -> bool {
        self.row.fill(0);
        self.independence.features.add_object(object, &mut self.row);
        (0..self.threads).any(|thread| {
            self.find_future(state, thread);
            overlaps(&self.sets[self.future_range(thread)], &self.row)
        })
    }

    /// Returns true when the step that comes next is the thread's own business: it touches nothing but its
    /// stack and locals, and no expectation looks at what it changes.
    pub fn is_local(&self, state: &State, thread: ThreadId) -> bool {
        let Some(pc) = self.machine.pc(state, thread) else { return false };
        let instr = self.machine.program().instr(pc);
        let code = self.independence.code(thread);
        let touches = matches!(instr.operand(), Operand::Target(_) | Operand::Threads(_))
            || crate::vm::accessed(instr).is_some()
            || instr == Instr::Print;
        !touches && !code.visible[pc.index()] && !self.is_run(state, thread, pc)
    }

    pub(super) fn standing(&mut self, state: &State, process: Process) -> Standing {
        if let Some(standing) = self.standings[process] {
            return standing;
        }
        let machine = self.machine;
        let thread = self.thread_of(process);
        let standing = if process >= self.threads {
            if machine.is_drained(state, thread) { Standing::Absent } else { Standing::Enabled }
        } else {
            match machine.pc(state, thread) {
                None => Standing::Absent,
                Some(_) if !machine.is_enabled(state, thread) => Standing::Blocked,
                Some(pc) if may_stop(machine.program().instr(pc)) => {
                    self.scratch.clone_from(state);
                    let action = Action { actor: Actor::Thread(thread), choice: Choice::Only };
                    let ends = machine.step(&mut self.scratch, action).is_err();
                    if ends { Standing::Stops } else { Standing::Enabled }
                }
                Some(_) => Standing::Enabled,
            }
        };
        self.standings[process] = Some(standing);
        standing
    }

    /// Lists the locks that threads hold, and the threads that have not finished.
    pub(super) fn find_bars(&mut self, state: &State) {
        if self.bars_known {
            return;
        }
        self.bars_known = true;
        self.held.clear();
        for (index, &bar) in self.independence.bars.iter().enumerate() {
            match bar {
                Bar::Lock(lock) => {
                    let owner = self.machine.owner(state, lock);
                    self.held.extend(owner.map(|owner| (owner.index(), index)));
                }
                Bar::Reader(lock) => {
                    let reads = |&thread: &usize| self.machine.holds(state, ThreadId(thread as u32), lock);
                    self.held.extend((0..self.threads).filter(reads).map(|thread| (thread, index)));
                }
                Bar::Life(thread) if !self.machine.is_finished(state, thread) => {
                    self.held.push((thread.index(), index));
                }
                Bar::Life(thread) if !self.machine.is_drained(state, thread) => {
                    self.held.push((self.threads + thread.index(), index));
                }
                Bar::Life(_) => {}
            }
        }
    }

    pub(super) fn find_minded(&mut self, state: &State, process: Process) {
        if !std::mem::replace(&mut self.known[process], true) {
            let range = self.minds_range(process);
            let mut sets = std::mem::take(&mut self.sets);
            sets[range.clone()].fill(0);
            self.fill_minded(state, process, &mut sets[range]);
            self.sets = sets;
        }
    }

    pub(super) fn find_future(&mut self, state: &State, process: Process) {
        if !std::mem::replace(&mut self.known[self.processes + process], true) {
            let range = self.future_range(process);
            let mut sets = std::mem::take(&mut self.sets);
            let set = &mut sets[range];
            let thread = self.thread_of(process);
            if process >= self.threads {
                set.fill(0);
                for (cell, _) in self.machine.buffered(state, thread) {
                    add(set, self.independence.features.write(cell));
                }
            } else {
                self.fill_future(state, thread, &self.independence.code(thread).future, None, set);
            }
            self.sets = sets;
        }
    }

    /// Computes what a thread can still do, possibly behind a bar.
    pub(super) fn fill_future(
        &self,
        state: &State,
        thread: ThreadId,
        table: &Table,
        bar: Option<Bar>,
        set: &mut Set,
    ) {
        let (machine, features) = (self.machine, &self.independence.features);
        set.fill(0);
        let Some(pc) = machine.pc(state, thread) else {
            if !machine.is_started(state, thread) {
                add_all(set, table.row(machine.program().group(thread).body.entry));
            }
            return;
        };
        if machine.is_waiting(state, thread) {
            // All that is left of the WAIT is to take the lock back, if there is one.
            if let Some(lock) = self.lock_to_retake(state, thread, pc) {
                if bar == Some(Bar::Lock(lock)) {
                    return;
                }
                add(set, features.object(lock, of::TAKE));
            }
            if self.independence.code(thread).visible[pc.index()] {
                add(set, features.position);
            }
            add_all(set, table.row(Addr(pc.0 + 1)));
        } else {
            add_all(set, table.row(pc));
        }
        self.add_callers(state, thread, table, set);
    }

    /// Adds the rows of the open calls, the innermost first, as long as they can be come back to.
    pub(super) fn add_callers(&self, state: &State, thread: ThreadId, table: &Table, set: &mut Set) {
        let exit = self.independence.features.exit;
        for level in (0..self.machine.depth(state, thread)).rev() {
            if !has(set, exit) {
                return;
            }
            remove_exit(set, exit);
            let call = self.machine.call_site(state, thread, level);
            add_all(set, table.row(Addr(call.0 + 1)));
        }
        remove_exit(set, exit);
    }

    fn lock_to_retake(&self, state: &State, thread: ThreadId, pc: Addr) -> Option<ObjectId> {
        let Instr::Wait(target) = self.machine.program().instr(pc) else { return None };
        let object = self.machine.object(state, thread, target)?;
        match self.machine.program().objects[object.index()].kind {
            ObjectKind::Condition { lock } => Some(lock),
            _ => None,
        }
    }

    /// Returns true when more than one step may lie between the thread's next step and a decision.
    pub(super) fn is_run(&self, state: &State, thread: ThreadId, pc: Addr) -> bool {
        self.independence.runs && (!self.independence.every || self.is_in_block(state, thread, pc))
    }

    fn is_in_block(&self, state: &State, thread: ThreadId, pc: Addr) -> bool {
        self.machine.program().places[pc.index()].block.is_some() || self.is_called_in_block(state, thread)
    }

    pub(super) fn is_called_in_block(&self, state: &State, thread: ThreadId) -> bool {
        let in_block = |level| {
            let call = self.machine.call_site(state, thread, level);
            self.machine.program().places[call.index()].block.is_some()
        };
        (0..self.machine.depth(state, thread)).any(in_block)
    }

    pub(super) fn thread_of(&self, process: Process) -> ThreadId {
        ThreadId((process % self.threads) as u32)
    }

    pub(super) fn minds_range(&self, process: Process) -> std::ops::Range<usize> {
        let words = self.independence.features.words;
        process * words..(process + 1) * words
    }

    pub(super) fn future_range(&self, process: Process) -> std::ops::Range<usize> {
        self.minds_range(self.processes + process)
    }
}

/// Returns true when the instruction can be a fault or fail.
fn may_stop(instr: Instr) -> bool {
    instr.takes_index()
        || matches!(
            instr,
            Instr::Add
                | Instr::Sub
                | Instr::Mul
                | Instr::Div
                | Instr::Mod
                | Instr::Neg
                | Instr::Shl
                | Instr::Shr
                | Instr::Xadd(_)
                | Instr::Assert(_)
                | Instr::Assume
                | Instr::Print
                | Instr::Unlock(Target::One(_))
                | Instr::Wait(_)
                | Instr::Release(_)
                | Instr::Start(_)
                | Instr::Join(_)
        )
}
