//! Schedules are tested on small programs in the language itself.

mod replaying;
mod sampling;
mod texts;

use crate::asm::{NoFiles, Options, assemble};
use crate::program::{MemoryModel, Models, Program, SwitchModel};
use crate::vm::{DEFAULT_BUFFER, Machine};

/// Two threads run `x += 1` without a lock.
const LOST_UPDATE: &str = "
shared x = 0
thread inc[2]
    LOAD x
    PUSH 1
    ADD
    STORE x
end
";

fn program(text: &str) -> Program {
    assemble("test.rvm", text, &Options::default(), &NoFiles).expect("the test's program assembles")
}

fn machine(program: &Program, switch: SwitchModel, memory: MemoryModel) -> Machine<'_> {
    Machine::new(program, Models { switch, memory }, DEFAULT_BUFFER).expect("the test's states are small")
}

fn every_sc(program: &Program) -> Machine<'_> {
    machine(program, SwitchModel::Every, MemoryModel::Sc)
}
