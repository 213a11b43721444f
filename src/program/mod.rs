//! What a program is: declarations, code, expectations and the map back to its source.
//!
//! A [`Program`] is what the assembler makes and everything else reads. It is closed: every name is
//! resolved to a dense index, every stack height is known, and nothing in it can be out of range. It knows
//! nothing of how it is executed.

mod arith;
mod expect;
mod ids;
mod instr;
mod model;
mod source;
mod text;

pub use arith::{ArithmeticError, binary, floor_div, floor_mod};
pub use expect::{Binary, Cell, CellRange, Claim, Expectation, Expr, OutcomeSet, Predicate, ScheduleCount};
pub use ids::{Addr, BlockId, GroupId, ObjectGroupId, ObjectId, ProcId, TextId, ThreadId, VarId};
pub use instr::{
    Instr, Number, ObjectSort, Op, Operand, OperandKind, Place, Range, Spec, TABLE, Target, Text, Threads,
};
pub use model::{MemoryModel, Models, SwitchModel};
pub use source::{Line, Source, Span};

/// An assembled program.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file's stem, `lost_update` for `programs/lost_update.rvm`.
    pub name: String,
    /// The comment block at the head of the file, without the semicolons.
    pub description: String,
    /// The sources; the first is the file the person named, the others are included.
    pub sources: Vec<Source>,
    /// The models the program names itself.
    pub models: Models,
    /// The variables, in order of declaration.
    pub variables: Vec<Variable>,
    /// The synchronization objects, element by element, in order of declaration.
    pub objects: Vec<Object>,
    /// The declared objects and arrays of objects.
    pub object_groups: Vec<ObjectGroup>,
    /// The declared threads, in order.
    pub groups: Vec<Group>,
    /// The group of each thread, by [`ThreadId`].
    pub threads: Vec<GroupId>,
    /// The procs, in order of declaration.
    pub procs: Vec<Proc>,
    /// All bodies one after another, each closed by [`Instr::End`].
    pub code: Vec<Instr>,
    /// For each address, what is known about it.
    pub places: Vec<CodePlace>,
    /// The parent of each `atomic … end` block, by [`BlockId`].
    pub blocks: Vec<Option<BlockId>>,
    /// The texts of the `ASSERT`s.
    pub texts: Vec<String>,
    /// What an outcome shows, in order.
    pub observed: Vec<Observed>,
    /// The expectations, in order.
    pub expectations: Vec<Expectation>,
    /// The initial values of memory, by cell.
    pub memory: Vec<i64>,
    /// How many local cells belong to file-level locals; they come first in every thread.
    pub thread_locals: u32,
    /// The deepest chain of `CALL`s of any thread.
    pub max_calls: u32,
    /// The highest operand stack of any thread.
    pub max_stack: u32,
}

/// What is known about one address of the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodePlace {
    /// The line of the instruction; for [`Instr::End`] the line of the `end`.
    pub line: Line,
    /// The stack height before the instruction, in procs counted from the `CALL` (it may be negative
    /// there); `None` where no path leads.
    pub height: Option<i32>,
    /// The innermost `atomic … end` block around it.
    pub block: Option<BlockId>,
}

/// How a variable is shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VarKind {
    /// Read and written by every thread; unordered accesses are data races.
    Shared,
    /// The same, but never a data race.
    Atomic,
    /// One copy for every thread.
    ThreadLocal,
    /// Belongs to the copies of one thread.
    Own(GroupId),
}

/// A variable or array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// How it is shared.
    pub kind: VarKind,
    /// The cell of element 0: a memory cell, or a local cell for the local kinds.
    pub base: u32,
    /// Number of elements; 1 for a scalar.
    pub len: u32,
    /// True for `a[4]`, even for `a[1]`.
    pub is_array: bool,
    /// The initial values, one for each element.
    pub init: Vec<i64>,
    /// Where it is declared.
    pub line: Line,
}

/// A declared synchronization object or array of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectGroup {
    /// Its name.
    pub name: String,
    /// Element 0.
    pub base: ObjectId,
    /// Number of elements; 1 for a single object.
    pub len: u32,
    /// True for `fork[5]`, even for `fork[1]`.
    pub is_array: bool,
    /// Where it is declared.
    pub line: Line,
}

/// One synchronization object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Object {
    /// The declaration it belongs to.
    pub group: ObjectGroupId,
    /// What it is, with its parameters.
    pub kind: ObjectKind,
}

/// A synchronization object's kind and parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectKind {
    /// A lock with an owner, not reentrant.
    Mutex,
    /// A reentrant lock.
    Rlock,
    /// Many readers or one writer.
    Rwlock,
    /// A counting semaphore.
    Semaphore {
        /// Permits at the start, at least 0.
        initial: i64,
        /// Releasing past it is a fault.
        max: Option<i64>,
    },
    /// A condition variable.
    Condition {
        /// Its mutex or rlock.
        lock: ObjectId,
    },
    /// A flag to wait for.
    Event {
        /// Set at the start.
        set: bool,
    },
    /// A cyclic barrier.
    Barrier {
        /// For so many threads, at least 1.
        parties: u32,
    },
    /// A FIFO.
    Queue {
        /// For so many values, at least 1.
        max: u32,
    },
}

/// A declared thread, with its copies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The thread of copy 0.
    pub first: ThreadId,
    /// Number of copies, at least 1.
    pub copies: u32,
    /// True for `thread T[3]`, even for `T[1]`.
    pub is_array: bool,
    /// It does not run before a `START`.
    pub deferred: bool,
    /// Its body.
    pub body: Body,
    /// The number of local cells of each copy, file-level locals included.
    pub locals: u32,
}

/// A declared proc.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proc {
    /// Its name.
    pub name: String,
    /// Its body.
    pub body: Body,
    /// By how much a call raises the stack; `None` when it never returns.
    pub effect: Option<i32>,
}

/// A stretch of code: addresses `entry..end`, with [`Instr::End`] at `end`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body {
    /// The first instruction.
    pub entry: Addr,
    /// The address of the [`Instr::End`].
    pub end: Addr,
    /// The labels, in order of address, then of appearance.
    pub labels: Vec<(String, Addr)>,
}

/// One entry of an outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// `x`, `a`, `a[2]`, `T.r` or `T[1].r`.
    pub name: String,
    /// Its cells: one for a scalar, all elements of an array.
    pub cells: Vec<Cell>,
    /// True when it is shown as a list.
    pub is_array: bool,
}

impl ObjectKind {
    /// Returns the kind without its parameters.
    pub fn sort(self) -> ObjectSort {
        match self {
            ObjectKind::Mutex => ObjectSort::Mutex,
            ObjectKind::Rlock => ObjectSort::Rlock,
            ObjectKind::Rwlock => ObjectSort::Rwlock,
            ObjectKind::Semaphore { .. } => ObjectSort::Semaphore,
            ObjectKind::Condition { .. } => ObjectSort::Condition,
            ObjectKind::Event { .. } => ObjectSort::Event,
            ObjectKind::Barrier { .. } => ObjectSort::Barrier,
            ObjectKind::Queue { .. } => ObjectSort::Queue,
        }
    }
}

impl Program {
    /// Returns the instruction at an address.
    pub fn instr(&self, addr: Addr) -> Instr {
        self.code[addr.index()]
    }

    /// Returns the line of an address.
    pub fn line(&self, addr: Addr) -> Line {
        self.places[addr.index()].line
    }

    /// Returns the declared thread that a thread is a copy of.
    pub fn group(&self, thread: ThreadId) -> &Group {
        &self.groups[self.threads[thread.index()].index()]
    }

    /// Returns which copy of its group a thread is.
    pub fn copy_index(&self, thread: ThreadId) -> u32 {
        thread.0 - self.group(thread).first.0
    }

    /// Iterates over all threads in order.
    pub fn thread_ids(&self) -> impl Iterator<Item = ThreadId> + use<> {
        (0..self.threads.len() as u32).map(ThreadId)
    }

    /// Returns true when some block contains both addresses of one body.
    pub fn share_block(&self, a: Addr, b: Addr) -> bool {
        let mut outer = self.places[a.index()].block;
        while let Some(block) = outer {
            if self.block_contains(block, b) {
                return true;
            }
            outer = self.blocks[block.index()];
        }
        false
    }

    fn block_contains(&self, block: BlockId, addr: Addr) -> bool {
        let mut inner = self.places[addr.index()].block;
        while let Some(candidate) = inner {
            if candidate == block {
                return true;
            }
            inner = self.blocks[candidate.index()];
        }
        false
    }

    /// Returns the models of every exploration that `check` owes the program when `base` is the combination
    /// without `under`: that one first, then each named combination in order of appearance.
    pub fn combinations(&self, base: Models) -> Vec<Models> {
        let mut combinations = vec![base];
        for expectation in &self.expectations {
            let models = Models {
                switch: expectation.switch.unwrap_or(base.switch),
                memory: expectation.memory.unwrap_or(base.memory),
            };
            if !combinations.contains(&models) {
                combinations.push(models);
            }
        }
        combinations
    }
}
