//! The bounds of a program. Everything the assembler builds is bounded, so that no text, however hostile,
//! makes it run out of memory or time; a program that asks for more gets a diagnostic.

use crate::program::Span;

use super::diagnostic::Diagnostic;

/// The most bytes of one file.
pub(super) const FILE_BYTES: usize = 16 << 20;
/// The most bytes of all files together.
pub(super) const TOTAL_BYTES: usize = 64 << 20;
/// The most files, included ones counted.
pub(super) const FILES: usize = 1000;
/// The deepest chain of includes.
pub(super) const INCLUDE_DEPTH: usize = 64;
/// The most instructions, the end of each body counted.
pub(super) const INSTRUCTIONS: usize = 1 << 20;
/// The deepest nest of `atomic` blocks.
pub(super) const BLOCK_DEPTH: usize = 64;
/// The highest operand stack.
pub(super) const STACK: i32 = 1 << 16;
/// The most values a queue may hold.
pub(super) const QUEUE: i64 = 1 << 20;
/// The most words of all threads together: their locals, stacks and open calls.
pub(super) const THREAD_WORDS: u64 = 1 << 26;
/// So many errors end the search for more.
pub(super) const RESOLVED_ERRORS: usize = 1000;
/// The most diagnostics that are reported for one program.
pub(super) const DIAGNOSTICS: usize = 200;

/// Something a program has a bounded number of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Resource {
    /// Running threads: the copies of all threads.
    Threads,
    /// Elements of shared and atomic variables.
    Memory,
    /// Elements of the declared locals, those of each declared thread counted once.
    Locals,
    /// Elements of synchronization objects.
    Objects,
}

impl Resource {
    fn bound(self) -> u32 {
        match self {
            Resource::Threads => 65_535,
            Resource::Memory | Resource::Locals => 1 << 20,
            Resource::Objects => 1 << 16,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Resource::Threads => "threads",
            Resource::Memory => "elements of shared variables",
            Resource::Locals => "elements of local variables",
            Resource::Objects => "synchronization objects",
        }
    }

    /// Returns how many elements there are once `wanted` more are added to `used`; `None` when that is too
    /// many.
    pub fn add(self, used: u32, wanted: i64) -> Option<u32> {
        let total = u32::try_from(i64::from(used).checked_add(wanted)?).ok()?;
        (total <= self.bound()).then_some(total)
    }

    /// Reports that there are too many; `span` is the declaration that asks for more.
    pub fn too_many(self, span: Span) -> Diagnostic {
        let message = format!("more than {} {}", self.bound(), self.words());
        Diagnostic::new("E0401", message, span, "the bound is passed here")
    }
}
