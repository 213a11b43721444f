//! Where each part of a state lies in its vector of words.
//!
//! A state is one vector of fixed length: memory, synchronization objects, output, then a block for each
//! thread. The blocks are what stores intern one by one, so what changes together lies together.

use std::ops::Range;

use super::inspect::{AccessKind, cells_accessed};
use crate::memory::BufferShape;
use crate::program::{GroupId, Instr, MemoryModel, ObjectId, ObjectKind, Program, ThreadId};

/// The most values a program may print.
pub const MAX_OUTPUT: usize = 64;

/// The most words a state may have: 1 GiB.
const MAX_WORDS: usize = 1 << 27;

/// Offsets of a thread's fixed words within its block.
pub(super) mod thread {
    /// The address of the next instruction, or [`NOT_STARTED`] or [`FINISHED`].
    pub const PC: usize = 0;
    /// 0, or what the thread has to take back when the first step of a `WAIT` is done: 1 behind a barrier,
    /// the lock's level behind a condition.
    pub const WAITING: usize = 1;
    /// The number of open calls.
    pub const DEPTH: usize = 2;
    /// The number of values on the stack.
    pub const HEIGHT: usize = 3;
    /// The first return address.
    pub const FRAMES: usize = 4;
    /// The address of a deferred thread that has not been started.
    pub const NOT_STARTED: i64 = -1;
    /// The address of a thread that has finished.
    pub const FINISHED: i64 = -2;
}

/// The parts of a state vector under one program and memory model.
#[derive(Clone, Debug)]
pub struct Layout {
    /// First word of each object, by [`ObjectId`].
    objects: Vec<u32>,
    /// First word of the output: its length, then its values. Empty when nothing is ever printed.
    pub(super) output: Range<usize>,
    /// First word of each thread, and one past the last.
    threads: Vec<u32>,
    /// Where the operand stack begins within a thread's block.
    pub(super) stack: usize,
    /// Where the locals begin within a thread's block.
    pub(super) locals: usize,
    /// Where the store buffer begins within a thread's block, by group, and its shape.
    buffers: Vec<(u32, BufferShape)>,
    /// The number of words of a bit set of threads.
    pub(super) set_words: usize,
    /// The blocks that a store interns: no gap, no overlap, none empty.
    blocks: Vec<Range<usize>>,
}

/// The program's states would be too large to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge {
    /// How many words a state would have, as far as they were counted.
    pub words: usize,
}

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a state of this program takes {} words of 8 bytes, and at most {MAX_WORDS} are supported",
            self.words
        )
    }
}

impl std::error::Error for TooLarge {}

impl Layout {
    /// Lays out the states of a program. `capacity` is the size of a store buffer.
    pub(super) fn new(program: &Program, memory: MemoryModel, capacity: u32) -> Result<Layout, TooLarge> {
        let mut end = Counter(program.memory.len());
        let mut blocks = Vec::new();
        push_block(&mut blocks, 0..end.0);

        let set_words = program.threads.len().div_ceil(64);
        let mut objects = Vec::with_capacity(program.objects.len());
        let objects_start = end.0;
        for object in &program.objects {
            objects.push(end.0 as u32);
            end.add(object_words(object.kind, program.threads.len(), set_words))?;
        }
        push_block(&mut blocks, objects_start..end.0);

        let output_start = end.0;
        if program.code.contains(&Instr::Print) {
            end.add(1 + MAX_OUTPUT)?;
        }
        let output = output_start..end.0;
        push_block(&mut blocks, output.clone());

        let stack = thread::FRAMES + program.max_calls as usize;
        let locals = stack + program.max_stack as usize;
        let buffers: Vec<(u32, BufferShape)> = (0..program.groups.len())
            .map(|group| {
                let shape = buffer_shape(program, GroupId(group as u32), memory, capacity);
                ((locals + program.groups[group].locals as usize) as u32, shape)
            })
            .collect();
        let mut threads = Vec::with_capacity(program.threads.len() + 1);
        for &group in &program.threads {
            threads.push(end.0 as u32);
            let (offset, shape) = buffers[group.index()];
            let buffer = if memory == MemoryModel::Sc { 0 } else { shape.words() };
            end.add(offset as usize + buffer)?;
        }
        threads.push(end.0 as u32);
        for pair in threads.windows(2) {
            push_block(&mut blocks, pair[0] as usize..pair[1] as usize);
        }
        Ok(Layout { objects, output, threads, stack, locals, buffers, set_words, blocks })
    }

    /// Returns the length of a state vector.
    pub fn words(&self) -> usize {
        *self.threads.last().expect("the end is always there") as usize
    }

    /// Returns the blocks of a state vector, in order, without gaps.
    pub fn blocks(&self) -> &[Range<usize>] {
        &self.blocks
    }

    /// Returns the words of a thread.
    pub fn thread(&self, thread: ThreadId) -> Range<usize> {
        self.threads[thread.index()] as usize..self.threads[thread.index() + 1] as usize
    }

    /// Returns the words of an object.
    pub fn object_words(&self, object: ObjectId) -> Range<usize> {
        let end = self.objects.get(object.index() + 1).map_or(self.output.start, |&next| next as usize);
        self.object(object)..end
    }

    /// Returns the words of the output; none when nothing is ever printed.
    pub fn output_words(&self) -> Range<usize> {
        self.output.clone()
    }

    /// Returns the word of a thread's local.
    pub fn local(&self, thread: ThreadId, cell: u32) -> usize {
        self.thread_start(thread) + self.locals + cell as usize
    }

    /// Returns the word of a place on a thread's operand stack, 0 at the bottom.
    pub fn stack(&self, thread: ThreadId, place: u32) -> usize {
        self.thread_start(thread) + self.stack + place as usize
    }

    pub(super) fn thread_start(&self, thread: ThreadId) -> usize {
        self.threads[thread.index()] as usize
    }

    pub(super) fn object(&self, object: ObjectId) -> usize {
        self.objects[object.index()] as usize
    }

    /// Returns where a group's store buffer begins within its threads' blocks, and its shape.
    pub(super) fn buffer(&self, group: GroupId) -> (usize, BufferShape) {
        let (offset, shape) = self.buffers[group.index()];
        (offset as usize, shape)
    }
}

/// Counts words, and says when there are too many.
struct Counter(usize);

impl Counter {
    fn add(&mut self, words: usize) -> Result<(), TooLarge> {
        self.0 = self.0.saturating_add(words);
        if self.0 > MAX_WORDS { Err(TooLarge { words: self.0 }) } else { Ok(()) }
    }
}

fn push_block(blocks: &mut Vec<Range<usize>>, block: Range<usize>) {
    if !block.is_empty() {
        blocks.push(block);
    }
}

fn object_words(kind: ObjectKind, threads: usize, set_words: usize) -> usize {
    match kind {
        ObjectKind::Mutex | ObjectKind::Semaphore { .. } | ObjectKind::Event { .. } => 1,
        ObjectKind::Rlock => 2,
        ObjectKind::Rwlock => 2 + threads,
        ObjectKind::Condition { .. } | ObjectKind::Barrier { .. } => set_words,
        ObjectKind::Queue { max } => 1 + max as usize,
    }
}

/// The store buffer of a group's threads: under `pso` room for every cell that their code can store to.
fn buffer_shape(program: &Program, group: GroupId, memory: MemoryModel, capacity: u32) -> BufferShape {
    let by_cell = memory == MemoryModel::Pso;
    let entries = if by_cell { capacity.saturating_mul(stored_cells(program, group)) } else { capacity };
    BufferShape { by_cell, capacity, entries }
}

fn stored_cells(program: &Program, group: GroupId) -> u32 {
    let body = &program.groups[group.index()].body;
    let stored = cells_accessed(program, body, |kind| kind == AccessKind::Write);
    stored.into_iter().filter(|&stored| stored).count() as u32
}
