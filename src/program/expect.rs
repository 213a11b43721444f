//! Expectations: what a program says of itself, with every name resolved.

use num_bigint::BigUint;

use super::ids::{Addr, GroupId, ObjectId, ThreadId};
use super::model::{MemoryModel, Models, SwitchModel};
use super::source::Line;

/// One `expect` line.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// Where it stands.
    pub line: Line,
    /// The line as written, without comment, its white space squeezed.
    pub text: String,
    /// The switch model it is limited to.
    pub switch: Option<SwitchModel>,
    /// The memory model it is limited to.
    pub memory: Option<MemoryModel>,
    /// What it claims.
    pub claim: Claim,
}

/// What an expectation claims.
#[derive(Clone, PartialEq, Debug)]
pub enum Claim {
    /// Holds in every reachable state.
    Always(Expr),
    /// Holds in no reachable state.
    Never(Expr),
    /// Holds in every final state.
    Finally(Expr),
    /// Holds in at least one final state.
    Possibly(Expr),
    /// The final values of these cells are exactly this set.
    Outcomes {
        /// The cells, in the order of the tuples.
        cells: Vec<Cell>,
        /// The set.
        set: OutcomeSet,
    },
    /// A deadlock is reachable (`true`), or none is.
    Deadlock(bool),
    /// A data race is reachable (`true`), or none is; on one of these memory cells, or on any.
    Race(bool, Option<CellRange>),
    /// A livelock is reachable (`true`), or none is.
    Livelock(bool),
    /// A fault whose message contains the text is reachable (`true`), or none is.
    Fault(bool, Option<String>),
    /// The number of schedules.
    Schedules(ScheduleCount),
}

/// A number of schedules, as an expectation names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScheduleCount {
    /// Exactly so many.
    Exactly(BigUint),
    /// Infinitely many.
    Infinite,
}

/// The set of an `expect outcomes`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OutcomeSet {
    /// Values of a single variable: ranges `low..=high`, in the order written.
    Scalars(Vec<(i64, i64)>),
    /// Tuples of values, each as long as the list of variables.
    Tuples(Vec<Vec<i64>>),
}

/// One scalar that a state has a value for: a memory cell, or a local cell of one thread.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cell {
    /// A cell of memory.
    Memory(u32),
    /// A local cell of a thread.
    Local(ThreadId, u32),
}

/// Neighbouring memory cells: a scalar, an element, or a whole array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CellRange {
    /// The first cell.
    pub base: u32,
    /// How many.
    pub len: u32,
}

/// An expression over a state. Truth is any value but 0. The parser bounds its depth.
#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    /// A number or constant.
    Number(i64),
    /// A scalar's value in memory.
    Cell(Cell),
    /// An array element with a computed index; `first` is element 0.
    Element {
        /// Element 0.
        first: Cell,
        /// Number of elements.
        len: u32,
        /// The index.
        index: Box<Expr>,
    },
    /// The number of values in a queue; the index is `Some` for an array of queues.
    Len {
        /// The queue, or element 0.
        first: ObjectId,
        /// Number of queues.
        count: u32,
        /// The index.
        index: Option<Box<Expr>>,
    },
    /// `-e`.
    Neg(Box<Expr>),
    /// `not e`.
    Not(Box<Expr>),
    /// A binary operation.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `e in {a, b..c}`.
    In(Box<Expr>, Vec<(Expr, Option<Expr>)>),
    /// A thread's position or holdings.
    Thread(ThreadId, Predicate),
    /// How many copies of the group satisfy the predicate.
    Count(GroupId, Predicate),
}

/// The binary operations of expressions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
}

/// What an expression may ask of a thread.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Predicate {
    /// It is about to execute this instruction (the end of its body: it has finished).
    At(Addr),
    /// It is about to execute an instruction from the first address up to but not including the second;
    /// in a proc, the place where that was called counts.
    Within(Addr, Addr),
    /// It has finished.
    Done,
    /// It holds this mutex, rlock or rwlock (reading or writing).
    Holds(ObjectId),
}

impl Expectation {
    /// Returns true when the expectation speaks of explorations under these models.
    pub fn applies(&self, models: Models) -> bool {
        self.switch.is_none_or(|switch| switch == models.switch)
            && self.memory.is_none_or(|memory| memory == models.memory)
    }
}
