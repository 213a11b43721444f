//! A program under its models: the initial state, who is enabled, and who may be chosen next.

use super::layout::{Layout, TooLarge, thread};
use super::state::State;
use crate::memory::BufferShape;
use crate::program::{
    Addr, Instr, MemoryModel, Models, ObjectId, ObjectKind, Operand, Place, Program, Range, SwitchModel,
    Target, ThreadId, Threads, VarKind,
};

/// The size of a store buffer where nothing else is asked for.
pub const DEFAULT_BUFFER: u32 = 8;

/// A program under a switch model and a memory model. It never changes; states are its values.
#[derive(Clone, Debug)]
pub struct Machine<'p> {
    program: &'p Program,
    models: Models,
    pub(super) layout: Layout,
    /// True when every step is followed by a decision: `every`, and no `atomic` blocks.
    pub(super) always_decides: bool,
    /// For each memory cell, whether accesses to it can be a data race.
    pub(super) races: Vec<bool>,
}

/// Whose step comes next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Actor {
    /// A thread executes its next instruction.
    Thread(ThreadId),
    /// The oldest entry of a thread's store buffer goes to memory; `pso` names the cell, `tso` does not.
    Buffer(ThreadId, Option<u32>),
}

/// Which successor of a step with several is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Choice {
    /// The step has one successor.
    Only,
    /// `CHOOSE` takes this value.
    Value(i64),
    /// `NOTIFY` wakes this thread.
    Waiter(ThreadId),
}

/// One step: whose, and which of its successors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Action {
    /// Whose step.
    pub actor: Actor,
    /// Which successor.
    pub choice: Choice,
}

/// The successors that a step can have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Choices {
    /// Exactly one.
    Only,
    /// One for each value; at least two.
    Values(Range),
    /// One for each waiter; at least two.
    Waiters(Vec<ThreadId>),
}

impl Actor {
    /// Returns the thread, or the thread whose buffer it is.
    pub fn thread(self) -> ThreadId {
        match self {
            Actor::Thread(thread) | Actor::Buffer(thread, _) => thread,
        }
    }
}

impl Choices {
    /// Returns how many successors there are.
    pub fn count(&self) -> u64 {
        match self {
            Choices::Only => 1,
            Choices::Values(range) => (range.high.wrapping_sub(range.low) as u64).saturating_add(1),
            Choices::Waiters(waiters) => waiters.len() as u64,
        }
    }

    /// Iterates over the successors in order.
    pub fn iter(&self) -> impl Iterator<Item = Choice> + '_ {
        let (only, values, waiters) = match self {
            Choices::Only => (Some(Choice::Only), None, &[][..]),
            Choices::Values(range) => (None, Some(range.low..=range.high), &[][..]),
            Choices::Waiters(waiters) => (None, None, waiters.as_slice()),
        };
        let values = values.into_iter().flatten().map(Choice::Value);
        only.into_iter().chain(values).chain(waiters.iter().map(|&waiter| Choice::Waiter(waiter)))
    }
}

impl<'p> Machine<'p> {
    /// Puts a program under models, with store buffers of `buffer` entries (at least 1; `sc` has none).
    pub fn new(program: &'p Program, models: Models, buffer: u32) -> Result<Machine<'p>, TooLarge> {
        assert!(buffer > 0, "a store buffer holds at least one entry");
        let layout = Layout::new(program, models.memory, buffer)?;
        let always_decides = models.switch == SwitchModel::Every && program.blocks.is_empty();
        let races = (0..program.memory.len() as u32)
            .map(|cell| program.memory_variable(cell).kind == VarKind::Shared)
            .collect();
        Ok(Machine { program, models, layout, always_decides, races })
    }

    /// Returns the program.
    pub fn program(&self) -> &'p Program {
        self.program
    }

    /// Returns the models.
    pub fn models(&self) -> Models {
        self.models
    }

    /// Returns true when a decision follows every step of every execution: `every`, and no `atomic` blocks.
    pub fn decides_after_every_step(&self) -> bool {
        self.always_decides
    }

    /// Returns where things lie in a state.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns the state in which every execution begins.
    pub fn initial(&self) -> State {
        let mut state = State { words: vec![0; self.layout.words()].into_boxed_slice() };
        state.words[..self.program.memory.len()].copy_from_slice(&self.program.memory);
        for (id, object) in self.program.objects.iter().enumerate() {
            let at = self.layout.object(ObjectId(id as u32));
            match object.kind {
                ObjectKind::Semaphore { initial, .. } => state.words[at] = initial,
                ObjectKind::Event { set } => state.words[at] = i64::from(set),
                _ => {}
            }
        }
        for thread in self.program.thread_ids() {
            self.initialize_thread(&mut state, thread);
        }
        state
    }

    fn initialize_thread(&self, state: &mut State, id: ThreadId) {
        let group = self.program.group(id);
        let block = &mut state.words[self.layout.thread(id)];
        for variable in &self.program.variables {
            let own = match variable.kind {
                VarKind::ThreadLocal => true,
                VarKind::Own(owner) => owner == self.program.threads[id.index()],
                _ => false,
            };
            if own {
                let at = self.layout.locals + variable.base as usize;
                block[at..at + variable.init.len()].copy_from_slice(&variable.init);
            }
        }
        block[thread::PC] = if group.deferred { thread::NOT_STARTED } else { i64::from(group.body.entry.0) };
        if !group.deferred && group.body.entry == group.body.end {
            block[thread::PC] = thread::FINISHED;
        }
    }

    /// Returns the address of a thread's next instruction; `None` before its start and after its end.
    pub fn pc(&self, state: &State, id: ThreadId) -> Option<Addr> {
        let pc = state.words[self.layout.thread_start(id) + thread::PC];
        u32::try_from(pc).ok().map(Addr)
    }

    /// Returns true when the thread has been started, if only to finish.
    pub fn is_started(&self, state: &State, id: ThreadId) -> bool {
        state.words[self.layout.thread_start(id) + thread::PC] != thread::NOT_STARTED
    }

    /// Returns true when the thread has finished.
    pub fn is_finished(&self, state: &State, id: ThreadId) -> bool {
        state.words[self.layout.thread_start(id) + thread::PC] == thread::FINISHED
    }

    /// Returns the number of the thread's open calls.
    pub fn depth(&self, state: &State, id: ThreadId) -> usize {
        state.words[self.layout.thread_start(id) + thread::DEPTH] as usize
    }

    /// Returns the address of the call that is open at a level, 0 the outermost.
    pub fn call_site(&self, state: &State, id: ThreadId, level: usize) -> Addr {
        Addr(state.words[self.layout.thread_start(id) + thread::FRAMES + level] as u32 - 1)
    }

    /// Returns true when the thread has done the first step of its `WAIT` and not yet the second.
    pub fn is_waiting(&self, state: &State, id: ThreadId) -> bool {
        self.waiting(state, id) != 0
    }

    pub(super) fn waiting(&self, state: &State, id: ThreadId) -> i64 {
        state.words[self.layout.thread_start(id) + thread::WAITING]
    }

    /// Returns the value `below` places under the top of the thread's stack.
    #[inline]
    pub(crate) fn peek(&self, state: &State, id: ThreadId, below: usize) -> i64 {
        let start = self.layout.thread_start(id);
        let height = state.words[start + thread::HEIGHT] as usize;
        state.words[start + self.layout.stack + height - 1 - below]
    }

    /// Returns the words of the thread's store buffer and its shape; `None` under `sc`.
    pub(super) fn buffer<'s>(&self, state: &'s State, id: ThreadId) -> Option<(BufferShape, &'s [i64])> {
        if self.models.memory == MemoryModel::Sc {
            return None;
        }
        let (offset, shape) = self.layout.buffer(self.program.threads[id.index()]);
        Some((shape, &state.words[self.layout.thread(id)][offset..]))
    }

    /// Returns true when none of the thread's stores is still on its way to memory.
    pub fn is_drained(&self, state: &State, id: ThreadId) -> bool {
        self.buffer(state, id).is_none_or(|(shape, words)| shape.is_empty(words))
    }

    /// Resolves a variable operand to its cell: `Ok((true, cell))` in memory, `Ok((false, cell))` among the
    /// thread's locals; `None` when the index on the stack is out of range.
    #[inline]
    pub(crate) fn cell(&self, state: &State, id: ThreadId, place: Place) -> Option<(bool, u32)> {
        match place {
            Place::Memory(cell) => Some((true, cell)),
            Place::Local(cell) => Some((false, cell)),
            Place::MemoryAt { base, len } => self.index(state, id, len).map(|index| (true, base + index)),
            Place::LocalAt { base, len } => self.index(state, id, len).map(|index| (false, base + index)),
        }
    }

    /// Resolves an object operand; `None` when the index on the stack is out of range.
    pub(crate) fn object(&self, state: &State, id: ThreadId, target: Target) -> Option<ObjectId> {
        match target {
            Target::One(object) => Some(object),
            Target::At { base, len } => self.index(state, id, len).map(|index| ObjectId(base.0 + index)),
        }
    }

    /// Resolves a thread operand to a range of threads; `None` when the index on the stack is out of range.
    pub(crate) fn operand_threads(
        &self,
        state: &State,
        id: ThreadId,
        operand: Threads,
    ) -> Option<impl Iterator<Item = ThreadId> + Clone + use<>> {
        let (group, copies) = match operand {
            Threads::All(group) => (group, 0..self.program.groups[group.index()].copies),
            Threads::Copy(group, copy) => (group, copy..copy + 1),
            Threads::At(group) => {
                let copy = self.index(state, id, self.program.groups[group.index()].copies)?;
                (group, copy..copy + 1)
            }
        };
        let first = self.program.groups[group.index()].first.0;
        Some(copies.map(move |copy| ThreadId(first + copy)))
    }

    fn index(&self, state: &State, id: ThreadId, len: u32) -> Option<u32> {
        u32::try_from(self.peek(state, id, 0)).ok().filter(|&index| index < len)
    }

    /// Returns true when the thread's next instruction can be executed (a fault counts as executing).
    pub fn is_enabled(&self, state: &State, id: ThreadId) -> bool {
        let Some(pc) = self.pc(state, id) else { return false };
        let instr = self.program.instr(pc);
        if waits_for_buffers(instr) && !self.is_drained(state, id) {
            return false;
        }
        match instr {
            Instr::Store(place) => self.has_room(state, id, place),
            Instr::Lock(target)
            | Instr::RdLock(target)
            | Instr::WrLock(target)
            | Instr::Acquire(target)
            | Instr::Wait(target)
            | Instr::Put(target)
            | Instr::Get(target) => self
                .object(state, id, target)
                .is_none_or(|object| self.is_available(state, id, instr, object)),
            Instr::Join(operand) => self.operand_threads(state, id, operand).is_none_or(|mut threads| {
                let all_over = |other| self.is_finished(state, other) && self.is_drained(state, other);
                threads.clone().any(|other| !self.is_started(state, other)) || threads.all(all_over)
            }),
            _ => true,
        }
    }

    fn has_room(&self, state: &State, id: ThreadId, place: Place) -> bool {
        match (self.buffer(state, id), self.cell(state, id, place)) {
            (Some((shape, words)), Some((true, cell))) => !shape.is_full(words, cell),
            _ => true,
        }
    }

    /// Returns true when a blocking instruction on an object can be executed now.
    fn is_available(&self, state: &State, id: ThreadId, instr: Instr, object: ObjectId) -> bool {
        let at = self.layout.object(object);
        let words = &state.words;
        match (self.program.objects[object.index()].kind, instr) {
            (ObjectKind::Mutex, _) => words[at] == 0,
            (ObjectKind::Rlock, _) => words[at] == 0 || words[at] == owner_word(id),
            (ObjectKind::Rwlock, Instr::RdLock(_)) => words[at] == 0,
            (ObjectKind::Rwlock, _) => words[at] == 0 && words[at + 1] == 0,
            (ObjectKind::Semaphore { .. }, _) => words[at] > 0,
            (ObjectKind::Condition { lock }, _) => {
                let lock_is_free = words[self.layout.object(lock)] == 0;
                self.waiting(state, id) == 0 || (!self.in_set(state, object, id) && lock_is_free)
            }
            (ObjectKind::Event { .. }, _) => words[at] != 0,
            (ObjectKind::Barrier { .. }, _) => self.waiting(state, id) == 0,
            (ObjectKind::Queue { max }, Instr::Put(_)) => words[at] < i64::from(max),
            (ObjectKind::Queue { .. }, _) => words[at] > 0,
        }
    }

    /// Returns true when the thread is in the waiting set of a condition or barrier.
    pub(crate) fn in_set(&self, state: &State, object: ObjectId, id: ThreadId) -> bool {
        let word = state.words[self.layout.object(object) + id.index() / 64];
        word as u64 >> (id.index() % 64) & 1 == 1
    }

    /// Iterates over the waiting set of a condition or barrier, in order of threads.
    pub(super) fn waiters<'s>(
        &self,
        state: &'s State,
        object: ObjectId,
    ) -> impl Iterator<Item = ThreadId> + use<'s> {
        let at = self.layout.object(object);
        let words = &state.words[at..at + self.layout.set_words];
        words.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word as u64;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                (bit < 64).then(|| {
                    rest &= rest - 1;
                    ThreadId(index as u32 * 64 + bit)
                })
            })
        })
    }

    /// Lists who may be chosen at a decision: the enabled threads in order, then the store buffers that hold
    /// something. Clears the list first.
    pub fn actors(&self, state: &State, actors: &mut Vec<Actor>) {
        actors.clear();
        let enabled = self.program.thread_ids().filter(|&id| self.is_enabled(state, id));
        actors.extend(enabled.map(Actor::Thread));
        if self.models.memory != MemoryModel::Sc {
            for id in self.program.thread_ids() {
                self.ready_buffers(state, id, actors);
            }
        }
    }

    /// Appends the thread's buffers that hold something.
    pub fn ready_buffers(&self, state: &State, id: ThreadId, actors: &mut Vec<Actor>) {
        if let Some((shape, words)) = self.buffer(state, id) {
            let by_cell = shape.by_cell;
            actors.extend(shape.ready(words).map(|cell| Actor::Buffer(id, by_cell.then_some(cell))));
        }
    }

    /// Returns the successors of an actor's step. The actor must be enabled.
    pub fn choices(&self, state: &State, actor: Actor) -> Choices {
        let Actor::Thread(id) = actor else { return Choices::Only };
        let Some(pc) = self.pc(state, id) else { return Choices::Only };
        match self.program.instr(pc) {
            Instr::Choose(range) if range.low < range.high => Choices::Values(range),
            Instr::Notify(target) => {
                let Some(object) = self.object(state, id, target) else { return Choices::Only };
                let waiters: Vec<ThreadId> = self.waiters(state, object).collect();
                if waiters.len() > 1 { Choices::Waiters(waiters) } else { Choices::Only }
            }
            _ => Choices::Only,
        }
    }

    /// Returns true when every started thread has finished and all store buffers are empty.
    pub fn is_final(&self, state: &State) -> bool {
        self.program.thread_ids().all(|id| {
            (self.is_finished(state, id) || !self.is_started(state, id)) && self.is_drained(state, id)
        })
    }
}

/// How a lock's word names its owner: 0 is nobody.
pub(super) fn owner_word(id: ThreadId) -> i64 {
    i64::from(id.0) + 1
}

/// Returns true for instructions that are enabled only while the thread's store buffers are empty.
pub(super) fn waits_for_buffers(instr: Instr) -> bool {
    matches!(instr, Instr::Fence | Instr::Cas(_) | Instr::Xadd(_) | Instr::Xchg(_))
        || matches!(instr.operand(), Operand::Target(_) | Operand::Threads(_))
}
