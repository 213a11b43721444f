//! A thread's own words while it executes: its stack, its open calls, and where it goes on.

use super::layout::thread;
use super::machine::Machine;
use crate::program::{Addr, Instr};

/// Where a thread goes on behind an instruction.
pub(super) enum Next {
    /// At the next address.
    Through,
    /// At a jump's target.
    Jump(Addr),
    /// At the entry of a proc.
    Call(Addr),
    /// Behind the innermost open call.
    Return,
    /// Nowhere: it has finished.
    Halt,
    /// Where it is, waiting.
    Stay,
}

/// A thread's own words while it executes.
pub(super) struct Core<'s> {
    pub(super) words: &'s mut [i64],
    pub(super) stack: usize,
    pub(super) locals: usize,
}

impl Core<'_> {
    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.words[thread::DEPTH] as usize
    }

    #[inline]
    pub(super) fn push(&mut self, value: i64) {
        let height = self.words[thread::HEIGHT] as usize;
        self.words[self.stack + height] = value;
        self.words[thread::HEIGHT] += 1;
    }

    #[inline]
    pub(super) fn pop(&mut self) -> i64 {
        self.words[thread::HEIGHT] -= 1;
        let height = self.words[thread::HEIGHT] as usize;
        std::mem::take(&mut self.words[self.stack + height])
    }

    #[inline]
    pub(super) fn drop(&mut self, count: usize) {
        for _ in 0..count {
            self.pop();
        }
    }

    #[inline]
    pub(super) fn replace(&mut self, count: usize, value: i64) {
        self.drop(count);
        self.push(value);
    }

    pub(super) fn set_waiting(&mut self, level: i64) {
        self.words[thread::WAITING] = level;
    }

    /// Moves the thread on from the instruction at `pc`, then returns from procs and finishes the thread
    /// where bodies end, which is no step.
    #[inline]
    pub(super) fn go(&mut self, machine: &Machine<'_>, pc: Addr, next: Next) {
        let at = match next {
            Next::Through => Addr(pc.0 + 1),
            Next::Jump(target) => target,
            Next::Call(entry) => {
                self.words[thread::FRAMES + self.depth()] = i64::from(pc.0) + 1;
                self.words[thread::DEPTH] += 1;
                entry
            }
            Next::Return => self.pop_frame(),
            Next::Halt => return self.finish(),
            Next::Stay => return,
        };
        self.arrive(machine, at);
    }

    /// Lets the thread go on at an address. Where that is the end of a body, it returns or has finished.
    #[inline]
    pub(super) fn arrive(&mut self, machine: &Machine<'_>, mut at: Addr) {
        while matches!(machine.program().instr(at), Instr::End) {
            if self.depth() == 0 {
                return self.finish();
            }
            at = self.pop_frame();
        }
        self.words[thread::PC] = i64::from(at.0);
    }

    pub(super) fn pop_frame(&mut self) -> Addr {
        self.words[thread::DEPTH] -= 1;
        let depth = self.depth();
        Addr(std::mem::take(&mut self.words[thread::FRAMES + depth]) as u32)
    }

    /// Finishes the thread: what is left of its stack and calls does not matter, its locals stay.
    pub(super) fn finish(&mut self) {
        self.words[..self.locals].fill(0);
        self.words[thread::PC] = thread::FINISHED;
    }
}
