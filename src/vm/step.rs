//! One step: what each instruction does to a state.
//!
//! A step is a function of program, state and choice. It works in place, because sampling executes tens of
//! millions of steps a second; a step that faults or fails an ASSUME leaves the state as it was.

use super::core::{Core, Next};
use super::fault::Fault;
use super::layout::{MAX_OUTPUT, thread};
use super::machine::{Action, Actor, Choice, Machine};
use super::plain::{index_operand, is_memory};
use super::state::State;
use crate::program::{Addr, Instr, MemoryModel, Operand, Place, SwitchModel, ThreadId, Threads};

/// What comes after a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// A scheduling decision.
    Decision,
    /// A scheduling decision, only because the same thread's next step is not enabled.
    Blocked,
    /// The same thread's next step.
    SameThread,
}

/// Why an execution ends at a step, with the state as it was before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stop {
    /// The step is a fault.
    Fault(Fault),
    /// An `ASSUME` failed: the execution does not count.
    Assume,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

impl Machine<'_> {
    /// Executes one step. The actor must be enabled and the choice one of [`Machine::choices`].
    ///
    /// # Errors
    ///
    /// Says why the execution ends here; the state is unchanged then.
    pub fn step(&self, state: &mut State, action: Action) -> Result<After, Stop> {
        match action.actor {
            Actor::Thread(id) => self.step_thread(state, id, action.choice),
            Actor::Buffer(id, cell) => {
                self.flush(state, id, cell);
                Ok(After::Decision)
            }
        }
    }

    fn flush(&self, state: &mut State, id: ThreadId, cell: Option<u32>) {
        let (offset, shape) = self.layout.buffer(self.program().threads[id.index()]);
        let words = &mut state.words[self.layout.thread(id)][offset..];
        let (cell, value) = shape.pop(words, cell).expect("only a buffer that holds something is chosen");
        state.words[cell as usize] = value;
    }

    /// Executes a step of a thread, for callers that know that it is one: see [`Machine::step`].
    #[inline]
    pub(crate) fn step_thread(&self, state: &mut State, id: ThreadId, choice: Choice) -> Result<After, Stop> {
        let pc = self.pc(state, id).expect("only an enabled thread is chosen");
        let instr = self.program().instr(pc);
        let next = self.execute(state, id, instr, choice)?;
        if self.always_decides {
            self.core(state, id).go(self, pc, next);
            return Ok(After::Decision);
        }
        let mut core = self.core(state, id);
        let depth = core.depth();
        let gil_lets_go = match next {
            Next::Jump(target) => target <= pc,
            _ => matches!(instr, Instr::Call(_) | Instr::Yield | Instr::Start(_) | Instr::Join(_)),
        };
        core.go(self, pc, next);
        let is_point = match self.models().switch {
            SwitchModel::Every => true,
            SwitchModel::Gil => gil_lets_go,
            SwitchModel::Await => instr == Instr::Yield,
        };
        Ok(if is_point && !self.stays_in_block(state, id, pc, depth) {
            After::Decision
        } else if self.is_enabled(state, id) {
            After::SameThread
        } else {
            After::Blocked
        })
    }

    /// Lets a thread that a [stretch](super::Stretches) has led to the end of a body leave it.
    pub fn leave_body(&self, state: &mut State, id: ThreadId) {
        if let Some(pc) = self.pc(state, id) {
            self.core(state, id).arrive(self, pc);
        }
    }

    /// Returns true when the step that just led the thread away from `pc`, where it had `depth` open calls,
    /// began and ended in one `atomic … end` block.
    ///
    /// A position is the list of open call sites with the program counter behind them. Two positions lie in
    /// one block exactly if, at some level at which all sites further out agree, some static block contains
    /// both. A step changes no site but the innermost, so the levels below that need only be in some block,
    /// and the sites of popped calls are read off the return address, where the thread is now.
    fn stays_in_block(&self, state: &State, id: ThreadId, pc: Addr, depth: usize) -> bool {
        let program = self.program();
        if program.blocks.is_empty() {
            return false;
        }
        let Some(now) = self.pc(state, id) else { return false };
        let now_depth = self.depth(state, id);
        let common = depth.min(now_depth);
        let in_block = |addr: Addr| program.places[addr.index()].block.is_some();
        if (0..common).any(|level| in_block(self.call_site(state, id, level))) {
            return true;
        }
        let before = if now_depth < depth { Addr(now.0 - 1) } else { pc };
        let after = if now_depth > depth { self.call_site(state, id, common) } else { now };
        program.share_block(before, after)
    }

    #[inline]
    fn execute(&self, state: &mut State, id: ThreadId, instr: Instr, choice: Choice) -> Result<Next, Stop> {
        match instr {
            Instr::Load(place) if self.is_buffered(place) => {
                let value = self.load(state, id, place)?;
                self.core(state, id).replace(index_operand(place), value);
            }
            Instr::Store(place) if self.is_buffered(place) => self.store(state, id, place)?,
            Instr::Call(proc) => return Ok(Next::Call(self.program().procs[proc.index()].body.entry)),
            Instr::Ret => return Ok(Next::Return),
            Instr::Halt => return Ok(Next::Halt),
            Instr::Choose(range) => {
                let value = if let Choice::Value(value) = choice { value } else { range.low };
                self.core(state, id).push(value);
            }
            Instr::Print => self.print(state, id)?,
            Instr::Start(operand) => self.start(state, id, operand)?,
            Instr::Join(operand) => {
                let mut threads = self.operand_threads(state, id, operand).ok_or(Fault::IndexOutOfRange)?;
                if threads.any(|other| !self.is_started(state, other)) {
                    return Err(Fault::JoinNotStarted.into());
                }
                self.drop_index(state, id, matches!(operand, Threads::At(_)));
            }
            Instr::End => unreachable!("the end of a body is never executed"),
            _ => {
                if let Operand::Target(target) = instr.operand() {
                    let object = self.object(state, id, target).ok_or(Fault::IndexOutOfRange)?;
                    return self.execute_on(state, id, instr, target, object, choice);
                }
                let mut plain = self.plain(state, id);
                let next = plain.execute(instr)?;
                plain.close(self);
                return Ok(next);
            }
        }
        Ok(Next::Through)
    }

    /// Returns true for a variable that is read and written through the thread's store buffer.
    fn is_buffered(&self, place: Place) -> bool {
        self.models().memory != MemoryModel::Sc && is_memory(place)
    }

    fn print(&self, state: &mut State, id: ThreadId) -> Result<(), Fault> {
        let at = self.layout.output.start;
        let len = state.words[at] as usize;
        if len == MAX_OUTPUT {
            return Err(Fault::OutputFull);
        }
        state.words[at + 1 + len] = self.core(state, id).pop();
        state.words[at] += 1;
        Ok(())
    }

    fn start(&self, state: &mut State, id: ThreadId, operand: Threads) -> Result<(), Fault> {
        let threads = self.operand_threads(state, id, operand).ok_or(Fault::IndexOutOfRange)?;
        if threads.clone().any(|other| self.is_started(state, other)) {
            return Err(Fault::StartedTwice);
        }
        for other in threads {
            let body = &self.program().group(other).body;
            let pc = if body.entry == body.end { thread::FINISHED } else { i64::from(body.entry.0) };
            state.words[self.layout.thread_start(other) + thread::PC] = pc;
        }
        self.drop_index(state, id, matches!(operand, Threads::At(_)));
        Ok(())
    }

    fn drop_index(&self, state: &mut State, id: ThreadId, taken: bool) {
        self.core(state, id).drop(usize::from(taken));
    }

    /// Reads a buffered variable.
    fn load(&self, state: &State, id: ThreadId, place: Place) -> Result<i64, Fault> {
        let (_, cell) = self.cell(state, id, place).ok_or(Fault::IndexOutOfRange)?;
        Ok(self.read_memory(state, id, cell))
    }

    /// Returns what the thread reads from a memory cell: its own newest buffered value, else memory.
    pub(crate) fn read_memory(&self, state: &State, id: ThreadId, cell: u32) -> i64 {
        let buffered = self.buffer(state, id).and_then(|(shape, words)| shape.newest(words, cell));
        buffered.unwrap_or(state.words[cell as usize])
    }

    /// Puts a value for a buffered variable into the thread's store buffer.
    fn store(&self, state: &mut State, id: ThreadId, place: Place) -> Result<(), Fault> {
        let (_, cell) = self.cell(state, id, place).ok_or(Fault::IndexOutOfRange)?;
        let taken = index_operand(place);
        let value = self.peek(state, id, taken);
        let (offset, shape) = self.layout.buffer(self.program().threads[id.index()]);
        shape.push(&mut state.words[self.layout.thread(id)][offset..], cell, value);
        self.core(state, id).drop(taken + 1);
        Ok(())
    }

    pub(super) fn local_word(&self, id: ThreadId, cell: u32) -> usize {
        self.layout.thread_start(id) + self.layout.locals + cell as usize
    }

    #[inline]
    pub(super) fn core<'s>(&self, state: &'s mut State, id: ThreadId) -> Core<'s> {
        let range = self.layout.thread(id);
        Core { words: &mut state.words[range], stack: self.layout.stack, locals: self.layout.locals }
    }
}
