//! An execution and what each of its steps did, as data that is printed without executing anything again.

use super::Schedule;
use crate::program::{Addr, Cell, ObjectId, ThreadId};
use crate::vm::{Action, Blocked, Fault, State};

/// An execution from the initial state, step by step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Execution {
    /// Every step; a fault's or failed ASSUME's instruction is the last one.
    pub steps: Vec<ExecutedStep>,
    /// How it ended.
    pub end: End,
    /// The state in which it ended.
    pub state: State,
}

/// How an execution ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Every started thread has finished and all store buffers are empty.
    Final,
    /// No thread is enabled, all buffers are empty, and some started thread has not finished.
    Deadlock,
    /// The last step was a fault.
    Fault(Fault),
    /// The last step was an ASSUME of 0: the execution does not count.
    Assume,
    /// The schedule stops before the execution ends.
    Open,
}

/// One step and what it did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExecutedStep {
    /// Whose step, and which of its successors.
    pub action: Action,
    /// The instruction; for a flush the STORE that put the entry into the buffer.
    pub addr: Addr,
    /// True when a scheduling decision came before it.
    pub decided: bool,
    /// How the thread came to run.
    pub switch: Switch,
    /// The variable it accessed.
    pub access: Option<StepAccess>,
    /// What else it did, in order.
    pub effects: Vec<Effect>,
    /// How its thread stands afterwards.
    pub standing: Standing,
}

/// How a step's thread came to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Switch {
    /// It was the last to step, or nobody has stepped yet; or the step is a store buffer's, which is nobody's.
    Same,
    /// The last thread to step had finished, was blocked, or had given way with a `YIELD`.
    Switch,
    /// The last thread to step could have gone on.
    Preemption,
}

/// A step's access to a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepAccess {
    /// The scalar or element.
    pub cell: Cell,
    /// The value read.
    pub read: Option<i64>,
    /// True when the value was read from the thread's own store buffer.
    pub forwarded: bool,
    /// The value written.
    pub write: Option<Write>,
}

/// A write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Write {
    /// The value.
    pub value: i64,
    /// What the cell held before.
    pub old: i64,
    /// True when the value went to the store buffer, and the cell is still as it was.
    pub buffered: bool,
}

/// What a step did beyond its thread and its variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Took a lock, or a permit of a semaphore.
    Took(ObjectId),
    /// Gave a lock or permit back.
    GaveBack(ObjectId),
    /// A `TRY…` that came away with nothing.
    Refused(ObjectId),
    /// Began to wait for a notification, or at a barrier.
    Waits(ObjectId),
    /// Went past an event that is set, or was the last at a barrier.
    Passed(ObjectId),
    /// Let these threads, which waited for a notification or at a barrier, go on.
    Woke(ObjectId, Vec<ThreadId>),
    /// Set or cleared an event.
    SetTo(ObjectId, bool),
    /// Appended a value to a queue.
    Put(ObjectId, i64),
    /// Took a value from a queue.
    Got(ObjectId, i64),
    /// Started threads.
    Started(Vec<ThreadId>),
    /// Found these threads finished.
    Joined(Vec<ThreadId>),
    /// Appended to the output.
    Printed(i64),
    /// These threads were blocked before the step and are enabled after it; left out in programs of more than
    /// 256 threads.
    Unblocked(Vec<ThreadId>),
}

/// How a thread stands after its step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It can execute this instruction.
    Ready(Addr),
    /// It cannot, for this reason.
    Blocked(Addr, Blocked),
    /// It has finished.
    Finished,
}

impl Execution {
    /// Returns the schedule that was followed.
    pub fn schedule(&self) -> Schedule {
        Schedule { actions: self.steps.iter().map(|step| step.action).collect() }
    }
}

impl ExecutedStep {
    /// Returns the cell whose value the step changed, the value before and the value after.
    pub fn change(&self) -> Option<(Cell, i64, i64)> {
        let access = self.access?;
        let write = access.write.filter(|write| !write.buffered && write.value != write.old)?;
        Some((access.cell, write.old, write.value))
    }
}
