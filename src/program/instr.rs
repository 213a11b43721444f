//! The instruction set: one table, from which the instruction type, the assembler's mnemonics, the
//! verifier's stack effects and the printed reference all come.
//!
//! `pops` and `pushes` are the effect without an index operand: an instruction whose operand is `name[]`
//! takes one value more, the index, from the top of the stack.

use super::ids::{Addr, GroupId, ObjectId, ProcId, TextId};

/// A number operand.
pub type Number = i64;

/// A variable operand, resolved to cells. A *cell* is one scalar or one array element; shared and atomic
/// cells are numbered through the program, local cells through the locals of one thread.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// One cell of memory.
    Memory(u32),
    /// A memory array; the index is on the stack.
    MemoryAt {
        /// Cell of element 0.
        base: u32,
        /// Number of elements.
        len: u32,
    },
    /// One local cell of the executing thread.
    Local(u32),
    /// A local array of the executing thread; the index is on the stack.
    LocalAt {
        /// Local cell of element 0.
        base: u32,
        /// Number of elements.
        len: u32,
    },
}

/// A synchronization object operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// This object.
    One(ObjectId),
    /// An array of objects; the index is on the stack.
    At {
        /// Element 0.
        base: ObjectId,
        /// Number of elements.
        len: u32,
    },
}

/// A thread operand of `START` and `JOIN`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Threads {
    /// Every copy of the group.
    All(GroupId),
    /// The copy with this index.
    Copy(GroupId, u32),
    /// The copy whose index is on the stack.
    At(GroupId),
}

/// The operand of `CHOOSE`: any value from `low` to `high`, both included; `low <= high`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Range {
    /// Smallest value.
    pub low: i64,
    /// Largest value.
    pub high: i64,
}

/// The optional text of an `ASSERT`.
pub type Text = Option<TextId>;

/// What the assembler expects behind a mnemonic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OperandKind {
    /// Nothing.
    Nothing,
    /// A constant expression.
    Number,
    /// A shared, atomic or local variable.
    Place,
    /// A label of the same body.
    Addr,
    /// A proc.
    ProcId,
    /// A synchronization object of one of [`Spec::objects`].
    Target,
    /// A thread.
    Threads,
    /// `a..b`.
    Range,
    /// An optional string.
    Text,
}

/// An operand, resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// No operand.
    Nothing,
    /// See [`OperandKind::Number`].
    Number(Number),
    /// See [`OperandKind::Place`].
    Place(Place),
    /// See [`OperandKind::Addr`].
    Addr(Addr),
    /// See [`OperandKind::ProcId`].
    ProcId(ProcId),
    /// See [`OperandKind::Target`].
    Target(Target),
    /// See [`OperandKind::Threads`].
    Threads(Threads),
    /// See [`OperandKind::Range`].
    Range(Range),
    /// See [`OperandKind::Text`].
    Text(Text),
}

/// The kinds of synchronization object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)]
pub enum ObjectSort {
    Mutex,
    Rlock,
    Rwlock,
    Semaphore,
    Condition,
    Event,
    Barrier,
    Queue,
}

impl ObjectSort {
    /// Returns the keyword that declares such an object.
    pub fn keyword(self) -> &'static str {
        match self {
            ObjectSort::Mutex => "mutex",
            ObjectSort::Rlock => "rlock",
            ObjectSort::Rwlock => "rwlock",
            ObjectSort::Semaphore => "semaphore",
            ObjectSort::Condition => "condition",
            ObjectSort::Event => "event",
            ObjectSort::Barrier => "barrier",
            ObjectSort::Queue => "queue",
        }
    }
}

/// One row of the instruction table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The operation.
    pub op: Op,
    /// The mnemonic in capitals.
    pub mnemonic: &'static str,
    /// What stands behind it.
    pub operand: OperandKind,
    /// The objects that a [`OperandKind::Target`] operand may name; empty for other operands.
    pub objects: &'static [ObjectSort],
    /// How many values it takes from the stack (an index operand not counted).
    pub pops: u8,
    /// How many values it leaves on the stack.
    pub pushes: u8,
    /// The stack effect, `before -- after`, top on the right (an index operand not shown).
    pub effect: &'static str,
    /// What it does, in a clause.
    pub doc: &'static str,
}

macro_rules! instructions {
    (@kind) => { OperandKind::Nothing };
    (@kind $kind:ident) => { OperandKind::$kind };
    ($($variant:ident $(($kind:ident))? $mnemonic:literal [$($sort:ident)*] $pops:literal $pushes:literal $effect:literal $doc:literal;)*) => {
        /// One instruction, its operand resolved. See [`TABLE`] for what each does.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs)]
        pub enum Instr {
            $($variant $(($kind))?,)*
            /// The end of a body: a thread that comes here has finished, a proc returns. Never a step.
            End,
        }

        /// An operation: an instruction without its operand.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[allow(missing_docs)]
        pub enum Op {
            $($variant,)*
        }

        /// The instruction set.
        pub const TABLE: &[Spec] = &[
            $(Spec {
                op: Op::$variant,
                mnemonic: $mnemonic,
                operand: instructions!(@kind $($kind)?),
                objects: &[$(ObjectSort::$sort),*],
                pops: $pops,
                pushes: $pushes,
                effect: $effect,
                doc: $doc,
            },)*
        ];

        impl Instr {
            /// Returns the operation; `None` for the end of a body.
            pub fn op(self) -> Option<Op> {
                match self {
                    $(instructions!(@pattern $variant $($kind)?) => Some(Op::$variant),)*
                    Instr::End => None,
                }
            }

            /// Returns the operand, [`Operand::Nothing`] where there is none.
            pub fn operand(self) -> Operand {
                match self {
                    $(instructions!(@bind operand $variant $($kind)?) => instructions!(@operand operand $($kind)?),)*
                    Instr::End => Operand::Nothing,
                }
            }

            /// Puts operation and operand together; `None` when the operand is not of the operation's kind.
            pub fn new(op: Op, operand: Operand) -> Option<Instr> {
                match (op, operand) {
                    $((Op::$variant, instructions!(@from operand $($kind)?)) => Some(instructions!(@build operand $variant $($kind)?)),)*
                    _ => None,
                }
            }
        }
    };
    (@pattern $variant:ident) => { Instr::$variant };
    (@pattern $variant:ident $kind:ident) => { Instr::$variant(_) };
    (@bind $operand:ident $variant:ident) => { Instr::$variant };
    (@bind $operand:ident $variant:ident $kind:ident) => { Instr::$variant($operand) };
    (@operand $operand:ident) => { Operand::Nothing };
    (@operand $operand:ident $kind:ident) => { Operand::$kind($operand) };
    (@from $operand:ident) => { Operand::Nothing };
    (@from $operand:ident $kind:ident) => { Operand::$kind($operand) };
    (@build $operand:ident $variant:ident) => { Instr::$variant };
    (@build $operand:ident $variant:ident $kind:ident) => { Instr::$variant($operand) };
}

instructions! {
    Push(Number)       "PUSH"       [] 0 1 "-- n"              "pushes n";
    Pop                "POP"        [] 1 0 "a --"              "drops the top";
    Dup                "DUP"        [] 1 2 "a -- a a"          "copies the top";
    Swap               "SWAP"       [] 2 2 "a b -- b a"        "exchanges the two topmost";
    Over               "OVER"       [] 2 3 "a b -- a b a"      "copies the value below the top";
    Load(Place)        "LOAD"       [] 0 1 "-- v"              "reads a variable";
    Store(Place)       "STORE"      [] 1 0 "x --"              "writes a variable";
    Add                "ADD"        [] 2 1 "a b -- a+b"        "adds; overflow is a fault";
    Sub                "SUB"        [] 2 1 "a b -- a-b"        "subtracts; overflow is a fault";
    Mul                "MUL"        [] 2 1 "a b -- a*b"        "multiplies; overflow is a fault";
    Div                "DIV"        [] 2 1 "a b -- a//b"       "divides, rounding towards minus infinity";
    Mod                "MOD"        [] 2 1 "a b -- a%b"        "remainder with the sign of the divisor";
    Neg                "NEG"        [] 1 1 "a -- -a"           "negates";
    Not                "NOT"        [] 1 1 "a -- a==0"         "1 for zero, 0 for anything else";
    Eq                 "EQ"         [] 2 1 "a b -- a==b"       "compares";
    Ne                 "NE"         [] 2 1 "a b -- a!=b"       "compares";
    Lt                 "LT"         [] 2 1 "a b -- a<b"        "compares";
    Le                 "LE"         [] 2 1 "a b -- a<=b"       "compares";
    Gt                 "GT"         [] 2 1 "a b -- a>b"        "compares";
    Ge                 "GE"         [] 2 1 "a b -- a>=b"       "compares";
    And                "AND"        [] 2 1 "a b -- a&b"        "bitwise and";
    Or                 "OR"         [] 2 1 "a b -- a|b"        "bitwise or";
    Xor                "XOR"        [] 2 1 "a b -- a^b"        "bitwise exclusive or";
    Shl                "SHL"        [] 2 1 "a b -- a<<b"       "shifts left, dropping the bits shifted out";
    Shr                "SHR"        [] 2 1 "a b -- a>>b"       "shifts right, keeping the sign";
    Jmp(Addr)          "JMP"        [] 0 0 "--"                "jumps";
    Jz(Addr)           "JZ"         [] 1 0 "a --"              "jumps when a is 0";
    Jnz(Addr)          "JNZ"        [] 1 0 "a --"              "jumps when a is not 0";
    Call(ProcId)       "CALL"       [] 0 0 "--"                "calls a proc";
    Ret                "RET"        [] 0 0 "--"                "returns from a proc";
    Halt               "HALT"       [] 0 0 "--"                "ends the thread";
    SelfIndex          "SELF"       [] 0 1 "-- k"              "pushes the index of this copy";
    Nop                "NOP"        [] 0 0 "--"                "does nothing";
    Cas(Place)         "CAS"        [] 2 1 "expected new -- 0/1" "compares and swaps, atomically";
    Xadd(Place)        "XADD"       [] 1 1 "d -- old"          "fetches and adds, atomically";
    Xchg(Place)        "XCHG"       [] 1 1 "new -- old"        "exchanges, atomically";
    Fence              "FENCE"      [] 0 0 "--"                "waits until the thread's store buffers are empty";
    Lock(Target)       "LOCK"       [Mutex Rlock] 0 0 "--"     "takes a lock, blocking";
    Unlock(Target)     "UNLOCK"     [Mutex Rlock Rwlock] 0 0 "--" "gives a lock back";
    TryLock(Target)    "TRYLOCK"    [Mutex Rlock] 0 1 "-- 0/1" "takes a lock if that is possible now";
    RdLock(Target)     "RDLOCK"     [Rwlock] 0 0 "--"          "takes a read lock, blocking";
    WrLock(Target)     "WRLOCK"     [Rwlock] 0 0 "--"          "takes the write lock, blocking";
    Acquire(Target)    "ACQUIRE"    [Semaphore] 0 0 "--"       "takes a permit, blocking";
    Release(Target)    "RELEASE"    [Semaphore] 0 0 "--"       "gives a permit";
    TryAcquire(Target) "TRYACQUIRE" [Semaphore] 0 1 "-- 0/1"   "takes a permit if there is one";
    Wait(Target)       "WAIT"       [Condition Event Barrier] 0 0 "--" "waits for a condition, event or barrier";
    Notify(Target)     "NOTIFY"     [Condition] 0 0 "--"       "wakes any one waiter, or nobody";
    NotifyAll(Target)  "NOTIFYALL"  [Condition] 0 0 "--"       "wakes every waiter";
    Set(Target)        "SET"        [Event] 0 0 "--"           "sets the flag";
    Clear(Target)      "CLEAR"      [Event] 0 0 "--"           "clears the flag";
    IsSet(Target)      "ISSET"      [Event] 0 1 "-- 0/1"       "reads the flag";
    Put(Target)        "PUT"        [Queue] 1 0 "x --"         "appends, blocking while full";
    Get(Target)        "GET"        [Queue] 0 1 "-- x"         "takes the oldest, blocking while empty";
    TryPut(Target)     "TRYPUT"     [Queue] 1 1 "x -- 0/1"     "appends unless full";
    TryGet(Target)     "TRYGET"     [Queue] 0 2 "-- x 1, or 0 0" "takes the oldest unless empty";
    Len(Target)        "LEN"        [Queue] 0 1 "-- n"         "number of values in the queue";
    Start(Threads)     "START"      [] 0 0 "--"                "starts a deferred thread";
    Join(Threads)      "JOIN"       [] 0 0 "--"                "waits until a thread has finished and its stores have reached memory";
    Yield              "YIELD"      [] 0 0 "--"                "gives way";
    Choose(Range)      "CHOOSE"     [] 0 1 "-- n"              "any number of the range, each a successor";
    Assert(Text)       "ASSERT"     [] 1 0 "a --"              "a fault when a is 0";
    Assume             "ASSUME"     [] 1 0 "a --"              "drops this execution when a is 0";
    Print              "PRINT"      [] 1 0 "a --"              "appends a to the output";
}

impl Op {
    /// Returns the row of the table.
    pub fn spec(self) -> &'static Spec {
        &TABLE[self as usize]
    }

    /// Finds the operation of a mnemonic, in any case.
    pub fn from_mnemonic(word: &str) -> Option<Op> {
        TABLE.iter().find(|spec| spec.mnemonic.eq_ignore_ascii_case(word)).map(|spec| spec.op)
    }
}

impl Instr {
    /// Returns true when the operand's index is on the stack.
    pub fn takes_index(self) -> bool {
        matches!(
            self.operand(),
            Operand::Place(Place::MemoryAt { .. } | Place::LocalAt { .. })
                | Operand::Target(Target::At { .. })
                | Operand::Threads(Threads::At(_))
        )
    }

    /// Returns how many values the instruction takes from the stack, an index included.
    pub fn pops(self) -> u32 {
        self.op().map_or(0, |op| u32::from(op.spec().pops)) + u32::from(self.takes_index())
    }

    /// Returns how many values the instruction leaves on the stack.
    pub fn pushes(self) -> u32 {
        self.op().map_or(0, |op| u32::from(op.spec().pushes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_at_its_own_index_and_counts_what_its_effect_shows() {
        for (index, spec) in TABLE.iter().enumerate() {
            assert_eq!(spec.op as usize, index);
            assert_eq!(Op::from_mnemonic(spec.mnemonic), Some(spec.op));
            assert_eq!(spec.operand == OperandKind::Target, !spec.objects.is_empty(), "{}", spec.mnemonic);
            let (before, after) = spec.effect.split_once("--").expect("an effect has two sides");
            let after = after.split(',').next().expect("split gives at least one part");
            assert_eq!(before.split_whitespace().count(), usize::from(spec.pops), "{}", spec.mnemonic);
            assert_eq!(after.split_whitespace().count(), usize::from(spec.pushes), "{}", spec.mnemonic);
        }
    }
}
