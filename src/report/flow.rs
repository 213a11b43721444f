//! Where values come from: follows each thread's operand stack and locals through an execution and says, for
//! every step, which earlier reads of memory the values it consumes were computed from.
//!
//! This is what tells a lost update from an innocent write: a store counts as stale only when its value (or a
//! branch its condition) was computed from what has been overwritten since.

use std::collections::BTreeMap;

use crate::program::{Cell, Instr, Program, ThreadId};
use crate::schedule::Execution;
use crate::vm::Actor;

/// The most reads that one value is followed back to; older ones are forgotten first.
const FOLLOWED: usize = 8;

/// The reads a value was computed from: indices of steps, in order.
pub(super) type Sources = Vec<usize>;

/// Says for every step which reads its operands come from.
pub(super) fn sources(program: &Program, execution: &Execution) -> Vec<Sources> {
    let mut threads: BTreeMap<ThreadId, Values> = BTreeMap::new();
    let steps = execution.steps.iter().enumerate();
    steps
        .map(|(index, step)| match step.action.actor {
            Actor::Buffer(..) => Sources::new(),
            Actor::Thread(id) => {
                let values = threads.entry(id).or_default();
                let cell = step.access.map(|access| access.cell);
                values.step(program.instr(step.addr), index, cell)
            }
        })
        .collect()
}

/// One thread's values, each with its sources.
#[derive(Default)]
struct Values {
    stack: Vec<Sources>,
    locals: BTreeMap<u32, Sources>,
}

impl Values {
    /// Follows one step and returns the sources of what it took from the stack.
    fn step(&mut self, instr: Instr, index: usize, cell: Option<Cell>) -> Sources {
        match instr {
            Instr::Dup => {
                let top = self.stack.last().cloned().unwrap_or_default();
                self.stack.push(top);
                return Sources::new();
            }
            Instr::Over => {
                let below = self.stack.iter().rev().nth(1).cloned().unwrap_or_default();
                self.stack.push(below);
                return Sources::new();
            }
            Instr::Swap => {
                let len = self.stack.len();
                if len >= 2 {
                    self.stack.swap(len - 1, len - 2);
                }
                return Sources::new();
            }
            _ => {}
        }
        let mut taken = Sources::new();
        for _ in 0..instr.pops() {
            taken.extend(self.stack.pop().unwrap_or_default());
        }
        taken.sort_unstable();
        taken.dedup();
        taken.drain(..taken.len().saturating_sub(FOLLOWED));
        let made = match (instr, cell) {
            (Instr::Load(_), Some(Cell::Local(_, local))) => {
                self.locals.get(&local).cloned().unwrap_or_default()
            }
            (Instr::Store(_), Some(Cell::Local(_, local))) => {
                self.locals.insert(local, taken.clone());
                Sources::new()
            }
            (Instr::Load(_) | Instr::Cas(_) | Instr::Xadd(_) | Instr::Xchg(_), Some(Cell::Memory(_))) => {
                vec![index]
            }
            _ => taken.clone(),
        };
        self.stack.extend((0..instr.pushes()).map(|_| made.clone()));
        taken
    }
}
