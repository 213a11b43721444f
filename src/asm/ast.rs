//! The syntax tree: one [`Line`] for each line of a file, as the grammar read it and before any name means
//! anything.
//!
//! The language is line oriented, so the tree is too: a body is the lines between its `thread` or `proc` line
//! and the matching `end`, and the formatter can put every comment back where it stood.

use crate::program::{MemoryModel, ObjectSort, Op, Span, SwitchModel};

/// Something with its place in the source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spanned<T> {
    /// What stands there.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A name, not yet looked up.
pub type Name = Spanned<String>;

/// One line of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The whole line without its line end.
    pub span: Span,
    /// The labels at its start, in order.
    pub labels: Vec<Name>,
    /// What it says; `None` for a blank line, a comment or a line of labels alone.
    pub statement: Option<Spanned<Statement>>,
    /// The comment with its `;`, trailing white space removed.
    pub comment: Option<Spanned<String>>,
}

/// What a line says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Statement {
    /// `const N = e`.
    Const { name: Name, value: Const },
    /// `shared`, `atomic` or `local`, at file level or (local) in a thread.
    Variable { word: VariableWord, name: Name, size: Option<Const>, init: Option<Init> },
    /// A synchronization object or an array of them.
    Object {
        sort: ObjectSort,
        name: Name,
        size: Option<Const>,
        init: Option<Init>,
        max: Option<Const>,
        on: Option<Reference>,
    },
    /// `thread T`, `thread T[K]`, either with `deferred`.
    Thread { name: Name, copies: Option<Const>, deferred: bool },
    /// `proc f`.
    Proc { name: Name },
    /// `atomic` alone on its line: opens a block.
    AtomicBlock,
    /// `end`.
    End,
    /// `include "path"`.
    Include { path: Spanned<String> },
    /// `switch every`.
    Switch(SwitchModel),
    /// `memory tso`.
    Memory(MemoryModel),
    /// `observe x, a, T[1].r`.
    Observe(Vec<Reference>),
    /// `expect …`.
    Expect(Expect),
    /// An instruction.
    Instruction(Instruction),
}

/// The keyword that declares a variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VariableWord {
    Shared,
    Atomic,
    Local,
}

/// What stands behind `=` in a declaration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Init {
    /// One number, which fills an array.
    One(Const),
    /// `{1, 2, 3}`.
    List(Spanned<Vec<Const>>),
}

/// A constant expression.
pub type Const = Spanned<ConstKind>;

/// A constant expression without its place. The grammar bounds its depth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConstKind {
    Number(i64),
    Name(String),
    Neg(Box<Const>),
    Binary(ConstOp, Box<Const>, Box<Const>),
}

/// The operations of constant expressions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConstOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

/// A name with what may stand behind it: `x`, `a[2]`, `T.r`, `T[1].r`, `T[1].a[0]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// Everything.
    pub span: Span,
    /// The name.
    pub name: Name,
    /// The index behind the name.
    pub index: Option<Const>,
    /// The thread's local behind the dot, with its index.
    pub local: Option<(Name, Option<Const>)>,
}

/// An instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instruction {
    pub op: Spanned<Op>,
    pub operand: Option<Spanned<OperandText>>,
}

/// An operand as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OperandText {
    /// Of `PUSH`.
    Number(Const),
    /// `x`, `a[]`, `a[2]`: a variable, object, thread or proc. (A label is a bare name too, and may be any word.)
    Name { name: Name, index: Option<IndexText> },
    /// Of `CHOOSE`.
    Range(Const, Const),
    /// Of `ASSERT`, without its quotes.
    Text(String),
}

/// What stands in the brackets of an operand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IndexText {
    /// `[]`: on the stack.
    Stack,
    /// A constant expression.
    Const(Const),
}

/// An expectation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    pub switch: Option<SwitchModel>,
    pub memory: Option<MemoryModel>,
    pub claim: ClaimText,
}

/// What an expectation claims, names not yet looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClaimText {
    Always(Expr),
    Never(Expr),
    Finally(Expr),
    Possibly(Expr),
    /// `outcomes x = {1, 2..4}`: `tuple` is false and each entry of `set` a value or range.
    /// `outcomes (x, y) = {(0, 1)}`: `tuple` is true and each entry a tuple.
    Outcomes {
        tuple: bool,
        vars: Vec<Reference>,
        set: Spanned<Vec<Spanned<SetEntry>>>,
    },
    Deadlock(bool),
    Race(bool, Option<Reference>),
    Livelock(bool),
    Fault(bool, Option<String>),
    /// A number of any size in decimal digits, or an expression of constants.
    Schedules(ScheduleText),
}

/// The number behind `expect schedules =`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScheduleText {
    /// A decimal number of any size, `_` removed.
    Digits(String),
    /// A constant expression.
    Const(Const),
    /// `infinite`.
    Infinite,
}

/// One entry of an `outcomes` set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SetEntry {
    Value(Const),
    Range(Const, Const),
    Tuple(Vec<Const>),
}

/// An expression over a state.
pub type Expr = Spanned<ExprKind>;

/// An expression over a state, without its place. The grammar bounds its depth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExprKind {
    Number(i64),
    /// `x`, `a[e]`, `T.v`, `T[0].v`, `T[0].a[e]` or a constant.
    Value {
        name: Name,
        index: Option<Box<Expr>>,
        local: Option<(Name, Option<Box<Expr>>)>,
    },
    /// `len(q)` or `len(q[e])`.
    Len {
        name: Name,
        index: Option<Box<Expr>>,
    },
    Neg(Box<Expr>),
    Not(Box<Expr>),
    Binary(crate::program::Binary, Box<Expr>, Box<Expr>),
    /// `e in {a, b..c}`; true for `not in`.
    In(Box<Expr>, Vec<(Expr, Option<Expr>)>, bool),
    /// `T at l`, `T[1] in a..b`, `T done`, `T holds m`.
    Thread(ThreadClaim),
    /// `count(T at l)`; the thread has no index.
    Count(ThreadClaim),
}

/// A question about a thread, names not yet looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThreadClaim {
    pub thread: Name,
    pub index: Option<Const>,
    pub predicate: PredicateText,
}

/// What is asked of the thread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PredicateText {
    At(Name),
    Within(Name, Name),
    Done,
    Holds(Reference),
}
