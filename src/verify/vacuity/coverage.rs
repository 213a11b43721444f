//! Which instructions some schedule executes.

use crate::explore::{Expander, Kind, NodeId, Space};
use crate::program::{Addr, Program};
use crate::vm::{Action, Actor, Choice, State};

/// The instructions that were executed.
pub(super) struct Coverage {
    executed: Vec<bool>,
    /// How many were not, the ends of bodies not counted.
    missing: usize,
}

impl Coverage {
    pub fn new(program: &Program) -> Coverage {
        let missing = program.code.iter().filter(|instr| instr.op().is_some()).count();
        Coverage { executed: vec![false; program.code.len()], missing }
    }

    pub fn is_executed(&self, addr: Addr) -> bool {
        self.executed[addr.index()]
    }

    fn mark(&mut self, addr: Addr) {
        if !std::mem::replace(&mut self.executed[addr.index()], true) {
            self.missing -= 1;
        }
    }

    /// Adds what a search has executed: the first instruction of each edge and, where an edge is a run of
    /// several, those of the run, which is executed again for that.
    pub fn add(&mut self, space: &Space<'_, '_>) {
        let machine = space.machine;
        let mut expander = Expander::new(machine, None);
        let mut state = machine.initial();
        let mut scratch = machine.initial();
        for node in 0..space.len() as NodeId {
            if self.missing == 0 {
                return;
            }
            if matches!(space.kinds[node as usize], Kind::Unexpanded | Kind::Final | Kind::Deadlock) {
                continue;
            }
            let mode = space.store.load(node, &mut state);
            expander.prepare(&state, mode, true);
            expander.expand(&state, mode, &mut |successor| {
                if let Actor::Thread(thread) = successor.actor {
                    scratch.clone_from(&state);
                    self.run(space, &mut scratch, thread, successor.choice, successor.steps);
                }
                self.missing > 0
            });
        }
    }

    fn run(
        &mut self,
        space: &Space<'_, '_>,
        state: &mut State,
        thread: crate::program::ThreadId,
        choice: Choice,
        steps: u32,
    ) {
        let actor = Actor::Thread(thread);
        let mut choice = choice;
        for left in (0..steps).rev() {
            self.mark(space.machine.pc(state, thread).expect("a thread that steps is running"));
            if left > 0 {
                // Only the last step of a run can end the execution.
                let after = space.machine.step(state, Action { actor, choice });
                debug_assert!(after.is_ok(), "a run goes on behind each of its steps but the last");
                choice = Choice::Only;
            }
        }
    }
}
