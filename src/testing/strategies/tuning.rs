//! What arbitrary programs are made of.

use std::ops::RangeInclusive;

/// What arbitrary programs are made of, and how large they are.
///
/// ```
/// use racevm::testing::strategies::{Locking, Tuning};
///
/// let tuning = Tuning { threads: 2..=2, mutexes: 2, locking: Locking::Nested, ..Tuning::plain() };
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tuning {
    /// How many threads there are.
    pub threads: RangeInclusive<usize>,
    /// The most instructions of a thread.
    pub instructions: usize,
    /// How many `shared` variables may be used.
    pub shared: usize,
    /// How many `atomic` variables may be used.
    pub atomics: usize,
    /// The largest number; there are none below 0.
    pub largest: i64,
    /// How many mutexes may be used.
    pub mutexes: usize,
    /// How locks are taken: this goes for mutexes, reentrant locks, readers-writer locks and semaphores.
    pub locking: Locking,
    /// A reentrant lock.
    pub rlock: bool,
    /// A readers-writer lock.
    pub rwlock: bool,
    /// A semaphore of one permit.
    pub semaphore: bool,
    /// A condition variable, with a mutex of its own.
    pub condition: bool,
    /// An event.
    pub event: bool,
    /// A barrier for two threads.
    pub barrier: bool,
    /// A queue of one value.
    pub queue: bool,
    /// `CAS`, `XADD` and `XCHG`.
    pub atomic_instructions: bool,
    /// `FENCE`.
    pub fences: bool,
    /// `atomic … end` blocks.
    pub blocks: bool,
    /// Instructions that may be jumped over.
    pub branches: bool,
    /// Loops, which may go on for ever. Values stay small in them, so that there are finitely many states.
    pub loops: bool,
    /// `CHOOSE`.
    pub choices: bool,
    /// `YIELD`.
    pub yields: bool,
    /// `PRINT`.
    pub output: bool,
    /// `ASSERT` and division, which may fail.
    pub faults: bool,
}

/// How locks are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Locking {
    /// What is taken is given back by the same thread, the last first.
    Nested,
    /// Anything anywhere: locks that are never given back, or were never taken.
    Free,
}

impl Tuning {
    /// Loads, stores and arithmetic of two or three threads on two variables, and nothing else.
    pub const fn plain() -> Tuning {
        Tuning {
            threads: 2..=3,
            instructions: 8,
            shared: 2,
            atomics: 0,
            largest: 2,
            mutexes: 0,
            locking: Locking::Nested,
            rlock: false,
            rwlock: false,
            semaphore: false,
            condition: false,
            event: false,
            barrier: false,
            queue: false,
            atomic_instructions: false,
            fences: false,
            blocks: false,
            branches: false,
            loops: false,
            choices: false,
            yields: false,
            output: false,
            faults: false,
        }
    }

    /// Everything, and locks taken and given back anywhere.
    pub const fn everything() -> Tuning {
        Tuning {
            atomics: 1,
            mutexes: 2,
            locking: Locking::Free,
            rlock: true,
            rwlock: true,
            semaphore: true,
            condition: true,
            event: true,
            barrier: true,
            queue: true,
            atomic_instructions: true,
            fences: true,
            blocks: true,
            branches: true,
            loops: true,
            choices: true,
            yields: true,
            output: true,
            faults: true,
            ..Tuning::plain()
        }
    }
}

impl Default for Tuning {
    /// Plain programs with two mutexes, properly nested, and branches.
    fn default() -> Tuning {
        Tuning { mutexes: 2, branches: true, ..Tuning::plain() }
    }
}
