//! Where a switch model may let another thread go on, as far as the code alone tells.
//!
//! Between two steps of one `atomic` block there is no switch point, the procs it calls included. An
//! instruction of a proc can thus be a switch point in one call and none in another; here it is one when it
//! is in some call. The same holds for a branch: one of its two ways is enough.

use crate::program::{Addr, Body, Instr, ProcId, Program, SwitchModel};

/// What is known of a body, by how it is called.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Calls {
    /// Some call of it is outside all blocks.
    is_exposed: bool,
    /// Some return from it is to an instruction that is in no block together with its call.
    leaves_blocks: bool,
}

/// The switch points of a program under one switch model.
pub(super) struct SwitchPoints<'p> {
    program: &'p Program,
    model: SwitchModel,
    /// By [`ProcId`].
    procs: Vec<Calls>,
}

impl<'p> SwitchPoints<'p> {
    /// Finds out how each proc is called.
    pub fn new(program: &'p Program, model: SwitchModel) -> SwitchPoints<'p> {
        let mut is_called = vec![false; program.procs.len()];
        for instr in &program.code {
            if let Instr::Call(proc) = instr {
                is_called[proc.index()] = true;
            }
        }
        let uncalled = |called: bool| Calls { is_exposed: !called, leaves_blocks: !called };
        let mut points = SwitchPoints {
            program,
            model,
            procs: is_called.iter().map(|&called| uncalled(called)).collect(),
        };
        // A thread is called by nobody, and an uncalled proc may be: both are where knowledge starts.
        let mut work: Vec<Option<ProcId>> = vec![None];
        let numbers = (0..).map(ProcId);
        work.extend(numbers.zip(&is_called).filter(|(_, called)| !**called).map(|(proc, _)| Some(proc)));
        while let Some(caller) = work.pop() {
            match caller {
                None => {
                    for group in &program.groups {
                        points.follow_calls(&group.body, None, &mut work);
                    }
                }
                Some(proc) => points.follow_calls(&program.procs[proc.index()].body, Some(proc), &mut work),
            }
        }
        points
    }

    /// Learns from the calls in one body, and puts the procs it learns something new about on the list. Each
    /// comes there at most twice.
    fn follow_calls(&mut self, body: &Body, caller: Option<ProcId>, work: &mut Vec<Option<ProcId>>) {
        for addr in (body.entry.0..body.end.0).map(Addr) {
            let Instr::Call(callee) = self.program.instr(addr) else { continue };
            let is_exposed = self.is_exposed(caller) && self.program.places[addr.index()].block.is_none();
            let leaves_blocks = self.leaves_blocks(addr, Addr(addr.0 + 1), caller);
            let known = &mut self.procs[callee.index()];
            let learnt = Calls {
                is_exposed: known.is_exposed || is_exposed,
                leaves_blocks: known.leaves_blocks || leaves_blocks,
            };
            if learnt != *known {
                *known = learnt;
                work.push(Some(callee));
            }
        }
    }

    fn is_exposed(&self, caller: Option<ProcId>) -> bool {
        caller.is_none_or(|proc| self.procs[proc.index()].is_exposed)
    }

    /// Returns whether a step from one address of a body to another can leave no block around both.
    fn leaves_blocks(&self, from: Addr, to: Addr, body: Option<ProcId>) -> bool {
        match body {
            // Coming to the end of a proc is returning from it.
            Some(proc) if self.program.instr(to) == Instr::End => self.procs[proc.index()].leaves_blocks,
            _ => self.is_exposed(body) && !self.program.share_block(from, to),
        }
    }

    /// Returns whether a switch may follow the instruction at an address of a body, the proc given or a
    /// thread's.
    pub fn may_follow(&self, addr: Addr, body: Option<ProcId>) -> bool {
        let next = Addr(addr.0 + 1);
        let leaves = |to: Addr| self.leaves_blocks(addr, to, body);
        let every = self.model == SwitchModel::Every;
        // The free-threaded model switches after any step, the GIL after a jump backwards.
        let jumps =
            |target: Addr| (every || (self.model == SwitchModel::Gil && target <= addr)) && leaves(target);
        let gil = self.model != SwitchModel::Await;
        match self.program.instr(addr) {
            Instr::Jmp(target) => jumps(target),
            Instr::Jz(target) | Instr::Jnz(target) => jumps(target) || (every && leaves(next)),
            Instr::Call(callee) => gil && self.enters(addr, callee, body),
            Instr::Ret => every && body.is_none_or(|proc| self.procs[proc.index()].leaves_blocks),
            Instr::Halt => every,
            Instr::Yield => leaves(next),
            Instr::Start(_) | Instr::Join(_) => gil && leaves(next),
            Instr::End => false,
            _ => every && leaves(next),
        }
    }

    /// Returns whether a call comes to a place outside all blocks of the call.
    fn enters(&self, addr: Addr, callee: ProcId, body: Option<ProcId>) -> bool {
        let entry = self.program.procs[callee.index()].body.entry;
        if self.program.instr(entry) == Instr::End {
            // The proc is empty: the step goes on behind the call.
            return self.leaves_blocks(addr, Addr(addr.0 + 1), body);
        }
        self.is_exposed(body) && self.program.places[addr.index()].block.is_none()
    }
}
