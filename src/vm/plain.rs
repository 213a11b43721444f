//! The plain instructions: those that touch nothing but their thread's own words and memory, and that always
//! go on. What they do stands here alone; one step ([`Machine::step`](super::Machine::step)) and a stretch of
//! steps ([`Stretches`](super::Stretches)) both ask here.
//!
//! PERF: the height of the stack is kept outside the state while instructions are executed. In the state, every
//! push has to wait until the height that the last one wrote can be read again, about five cycles each.

use super::core::Next;
use super::fault::Fault;
use super::layout::thread;
use super::machine::Machine;
use super::state::State;
use super::step::Stop;
use crate::program::{Instr, MemoryModel, Place, Program, ThreadId, binary};

/// Returns true when an instruction is plain under a memory model: stores go by a buffer under all but `sc`,
/// and loads have to look there.
pub(super) fn is_plain(instr: Instr, memory: MemoryModel) -> bool {
    match instr {
        Instr::Load(place) | Instr::Store(place) => memory == MemoryModel::Sc || !is_memory(place),
        // These wait until the thread's buffer is empty; once they are executed, there is none.
        Instr::Cas(_) | Instr::Xadd(_) | Instr::Xchg(_) | Instr::Fence => true,
        Instr::Push(_) | Instr::Pop | Instr::Dup | Instr::Swap | Instr::Over => true,
        Instr::Neg | Instr::Not | Instr::SelfIndex | Instr::Nop | Instr::Yield => true,
        Instr::Jmp(_) | Instr::Jz(_) | Instr::Jnz(_) | Instr::Assert(_) | Instr::Assume => true,
        _ => binary(instr, 0, 1).is_some(),
    }
}

/// Returns true for a variable that every thread can read and write.
pub(super) fn is_memory(place: Place) -> bool {
    matches!(place, Place::Memory(_) | Place::MemoryAt { .. })
}

/// Memory and one thread's own words, while plain instructions are executed.
pub(super) struct Plain<'s> {
    memory: &'s mut [i64],
    block: &'s mut [i64],
    locals: usize,
    /// Where the next value is pushed, within the block.
    top: usize,
    program: &'s Program,
    id: ThreadId,
}

impl Machine<'_> {
    /// Opens a state for plain instructions of a thread; [`Plain::close`] writes the height of the stack back.
    #[inline(always)]
    pub(super) fn plain<'s>(&'s self, state: &'s mut State, id: ThreadId) -> Plain<'s> {
        let range = self.layout.thread(id);
        let cells = self.races.len();
        let (memory, rest) = state.words.split_at_mut(cells);
        let block = &mut rest[range.start - cells..range.end - cells];
        let top = self.layout.stack + block[thread::HEIGHT] as usize;
        Plain { memory, block, locals: self.layout.locals, top, program: self.program(), id }
    }
}

impl Plain<'_> {
    /// Writes the height of the stack into the state.
    #[inline(always)]
    pub(super) fn close(self, machine: &Machine<'_>) {
        self.block[thread::HEIGHT] = (self.top - machine.layout.stack) as i64;
    }

    /// Executes one instruction and says where the thread goes on. Nothing has changed where it says that the
    /// execution ends, or that the thread stays, which is for instructions that are not plain.
    #[inline(always)]
    pub(super) fn execute(&mut self, instr: Instr) -> Result<Next, Stop> {
        match instr {
            Instr::Push(number) => self.push(number),
            Instr::Pop => drop(self.pop()),
            Instr::Dup => self.push(self.peek(0)),
            Instr::Swap => self.block.swap(self.top - 1, self.top - 2),
            Instr::Over => self.push(self.peek(1)),
            // One arm for each, so that the dispatch on the instruction is the only one of the step.
            Instr::Add => self.compute(Instr::Add)?,
            Instr::Sub => self.compute(Instr::Sub)?,
            Instr::Mul => self.compute(Instr::Mul)?,
            Instr::Div => self.compute(Instr::Div)?,
            Instr::Mod => self.compute(Instr::Mod)?,
            Instr::Eq => self.compute(Instr::Eq)?,
            Instr::Ne => self.compute(Instr::Ne)?,
            Instr::Lt => self.compute(Instr::Lt)?,
            Instr::Le => self.compute(Instr::Le)?,
            Instr::Gt => self.compute(Instr::Gt)?,
            Instr::Ge => self.compute(Instr::Ge)?,
            Instr::And => self.compute(Instr::And)?,
            Instr::Or => self.compute(Instr::Or)?,
            Instr::Xor => self.compute(Instr::Xor)?,
            Instr::Shl => self.compute(Instr::Shl)?,
            Instr::Shr => self.compute(Instr::Shr)?,
            Instr::Neg => {
                let value = self.peek(0).checked_neg().ok_or(Fault::Overflow)?;
                self.replace(1, value);
            }
            Instr::Not => self.replace(1, i64::from(self.peek(0) == 0)),
            Instr::Load(place) => {
                let value = *self.cell(place)?;
                self.replace(index_operand(place), value);
            }
            Instr::Store(place) => {
                let taken = index_operand(place);
                let value = self.peek(taken);
                *self.cell(place)? = value;
                self.drop(taken + 1);
            }
            Instr::Cas(place) => {
                let taken = index_operand(place);
                let (new, expected) = (self.peek(taken), self.peek(taken + 1));
                let cell = self.cell(place)?;
                let succeeds = *cell == expected;
                if succeeds {
                    *cell = new;
                }
                self.replace(taken + 2, i64::from(succeeds));
            }
            Instr::Xadd(place) => {
                let taken = index_operand(place);
                let added = self.peek(taken);
                let cell = self.cell(place)?;
                let old = *cell;
                *cell = old.checked_add(added).ok_or(Fault::Overflow)?;
                self.replace(taken + 1, old);
            }
            Instr::Xchg(place) => {
                let taken = index_operand(place);
                let new = self.peek(taken);
                let old = std::mem::replace(self.cell(place)?, new);
                self.replace(taken + 1, old);
            }
            Instr::Jmp(target) => return Ok(Next::Jump(target)),
            Instr::Jz(target) => return Ok(if self.pop() == 0 { Next::Jump(target) } else { Next::Through }),
            Instr::Jnz(target) => {
                return Ok(if self.pop() != 0 { Next::Jump(target) } else { Next::Through });
            }
            Instr::SelfIndex => self.push(i64::from(self.program.copy_index(self.id))),
            Instr::Nop | Instr::Fence | Instr::Yield => {}
            Instr::Assert(text) if self.peek(0) == 0 => return Err(Fault::Assertion(text).into()),
            Instr::Assume if self.peek(0) == 0 => return Err(Stop::Assume),
            Instr::Assert(_) | Instr::Assume => drop(self.pop()),
            _ => return Ok(Next::Stay),
        }
        Ok(Next::Through)
    }

    #[inline(always)]
    fn compute(&mut self, instr: Instr) -> Result<(), Fault> {
        let value =
            binary(instr, self.peek(1), self.peek(0)).expect("only binary operations are computed")?;
        self.replace(2, value);
        Ok(())
    }

    /// Resolves a variable operand.
    #[inline(always)]
    fn cell(&mut self, place: Place) -> Result<&mut i64, Fault> {
        Ok(match place {
            Place::Memory(cell) => &mut self.memory[cell as usize],
            Place::Local(cell) => &mut self.block[self.locals + cell as usize],
            Place::MemoryAt { base, len } => &mut self.memory[(base + self.index(len)?) as usize],
            Place::LocalAt { base, len } => &mut self.block[self.locals + (base + self.index(len)?) as usize],
        })
    }

    /// Returns the index on top of the stack, if it is in range.
    #[inline(always)]
    fn index(&self, len: u32) -> Result<u32, Fault> {
        u32::try_from(self.peek(0)).ok().filter(|&index| index < len).ok_or(Fault::IndexOutOfRange)
    }

    #[inline(always)]
    fn peek(&self, below: usize) -> i64 {
        self.block[self.top - 1 - below]
    }

    #[inline(always)]
    fn push(&mut self, value: i64) {
        self.block[self.top] = value;
        self.top += 1;
    }

    /// Takes the topmost value; what is not in use is zero.
    #[inline(always)]
    fn pop(&mut self) -> i64 {
        self.top -= 1;
        std::mem::take(&mut self.block[self.top])
    }

    #[inline(always)]
    fn drop(&mut self, count: usize) {
        for _ in 0..count {
            self.pop();
        }
    }

    #[inline(always)]
    fn replace(&mut self, count: usize, value: i64) {
        self.drop(count);
        self.push(value);
    }
}

/// Returns how many stack values a variable operand takes: its index, if that is there.
pub(super) fn index_operand(place: Place) -> usize {
    usize::from(matches!(place, Place::MemoryAt { .. } | Place::LocalAt { .. }))
}
