//! Stretches: a step, and behind it the steps of the same thread that nobody else can see, executed at once.
//!
//! A thread's step on its own stack and its own locals changes nothing that another thread's step reads, nor
//! who is enabled, so it may be executed as soon as the thread has come to it and be *chosen* later. Whoever
//! walks through one execution then only has to count those choices. That is the oldest of all reductions, here
//! for a single execution: it changes neither which schedules there are nor how likely they are.
//!
//! A stretch ends before a step that somebody can see: one on memory, on a synchronization object, on another
//! thread, on the output; a step with several successors; a step at which the execution ends. It ends at the end
//! of a body too, which others can see: whoever executes stretches lets the thread [leave](Machine::leave_body)
//! the body once it is there for all to see. Stretches are only for programs in which every step is followed by
//! a decision.

use super::core::Next;
use super::layout::thread;
use super::machine::Machine;
use super::plain::{is_memory, is_plain};
use super::state::State;
use crate::program::{Addr, Instr, MemoryModel, Operand, ThreadId};

/// The code of a program as stretches execute it.
#[derive(Clone, Debug)]
pub struct Stretches {
    /// What a stretch can begin with, by address, and what can stand in one. [`Instr::End`] is put in the place
    /// of all that cannot, so that the dispatch on the instruction answers that question too.
    first: Vec<Instr>,
    hidden: Vec<Instr>,
}

impl Stretches {
    /// Finds the stretches of a program; `None` where a step may come without a decision behind it.
    pub fn new(machine: &Machine<'_>) -> Option<Stretches> {
        if !machine.always_decides {
            return None;
        }
        let memory = machine.models().memory;
        let code = machine.program().code.iter();
        let keep = |instr: Instr, can: bool| if can { instr } else { Instr::End };
        Some(Stretches {
            first: code.clone().map(|&instr| keep(instr, is_plain(instr, memory))).collect(),
            hidden: code
                .map(|&instr| keep(instr, is_plain(instr, memory) && is_hidden(instr, memory)))
                .collect(),
        })
    }

    /// Executes the next step of an enabled thread and up to `most` hidden ones behind it; returns how many
    /// hidden ones. `None` when the step has to be executed by [`Machine::step`], or ends the execution there;
    /// nothing has changed then.
    #[inline]
    pub fn execute(&self, machine: &Machine<'_>, state: &mut State, id: ThreadId, most: u32) -> Option<u32> {
        let mut at = machine.pc(state, id)?;
        let mut plain = machine.plain(state, id);
        at = successor(at, plain.execute(self.first[at.index()]).ok()?)?;
        let mut hidden = 0;
        while hidden < most {
            let Ok(next) = plain.execute(self.hidden[at.index()]) else { break };
            let Some(next) = successor(at, next) else { break };
            at = next;
            hidden += 1;
        }
        plain.close(machine);
        state.words[machine.layout.thread_start(id) + thread::PC] = i64::from(at.0);
        Some(hidden)
    }
}

/// Returns the address behind a plain instruction; `None` when it was none.
#[inline(always)]
fn successor(at: Addr, next: Next) -> Option<Addr> {
    match next {
        Next::Through => Some(Addr(at.0 + 1)),
        Next::Jump(target) => Some(target),
        _ => None,
    }
}

/// Returns true for plain instructions that no other thread can see.
fn is_hidden(instr: Instr, memory: MemoryModel) -> bool {
    match instr.operand() {
        Operand::Place(place) => !is_memory(place),
        // Whether it is enabled, the thread's store buffer decides.
        _ => instr != Instr::Fence || memory == MemoryModel::Sc,
    }
}
