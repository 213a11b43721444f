//! Questions about a state that reports, expectations and race detection ask; nothing here changes one.

use super::machine::{Machine, owner_word};
use super::state::State;
use crate::memory;
use crate::program::{Body, Cell, Instr, ObjectId, ObjectKind, Operand, Place, Predicate, Program, ThreadId};

/// How an instruction that is about to be executed accesses a variable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AccessKind {
    /// `LOAD`.
    Read,
    /// `STORE`.
    Write,
    /// `CAS`, `XADD`, `XCHG`: a write, but not racing with another such.
    Atomic,
}

/// An access to one cell of memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Access {
    /// The memory cell.
    pub cell: u32,
    /// How it is accessed.
    pub kind: AccessKind,
}

impl Access {
    /// Returns true when two accesses of different threads, both about to happen, are a data race.
    pub fn races_with(self, other: Access) -> bool {
        self.cell == other.cell
            && (self.kind != AccessKind::Read || other.kind != AccessKind::Read)
            && (self.kind != AccessKind::Atomic || other.kind != AccessKind::Atomic)
    }
}

/// What a blocked thread waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Blocked {
    /// A lock held by these threads (itself included, where it holds it).
    Lock(ObjectId, Vec<ThreadId>),
    /// A notification of a condition.
    Notification(ObjectId),
    /// After a notification, the condition's lock, held by these threads.
    Relock(ObjectId, ObjectId, Vec<ThreadId>),
    /// A permit of a semaphore.
    Permit(ObjectId),
    /// An event to be set.
    Event(ObjectId),
    /// This many more threads at a barrier.
    Barrier(ObjectId, u32),
    /// Room in a queue.
    Room(ObjectId),
    /// A value in a queue.
    Value(ObjectId),
    /// The end of these threads.
    End(Vec<ThreadId>),
    /// Its own store buffers to become empty, or to have room.
    Buffer,
}

impl Machine<'_> {
    /// Returns a scalar's value in memory, or of a thread's local.
    pub fn value(&self, state: &State, cell: Cell) -> i64 {
        match cell {
            Cell::Memory(cell) => state.words[cell as usize],
            Cell::Local(id, cell) => state.words[self.local_word(id, cell)],
        }
    }

    /// Returns the values printed so far.
    pub fn output<'s>(&self, state: &'s State) -> &'s [i64] {
        let words = &state.words[self.layout.output.clone()];
        words.split_first().map_or(&[], |(&len, values)| &values[..len as usize])
    }

    /// Returns the values in a queue, the oldest first.
    pub fn queue<'s>(&self, state: &'s State, object: ObjectId) -> &'s [i64] {
        let words = &state.words[self.layout.object(object)..];
        &words[1..1 + words[0] as usize]
    }

    /// Returns a semaphore's permits.
    pub fn permits(&self, state: &State, object: ObjectId) -> i64 {
        state.words[self.layout.object(object)]
    }

    /// Returns true when an event is set.
    pub fn is_set(&self, state: &State, object: ObjectId) -> bool {
        state.words[self.layout.object(object)] != 0
    }

    /// Returns the entries of a thread's store buffer, cell and value, in order.
    pub fn buffered(&self, state: &State, id: ThreadId) -> Vec<(u32, i64)> {
        self.buffer(state, id).map_or_else(Vec::new, |(_, words)| memory::entries(words).collect())
    }

    /// Returns true when the thread holds a mutex, rlock or rwlock, reading or writing.
    pub fn holds(&self, state: &State, id: ThreadId, object: ObjectId) -> bool {
        let words = &state.words[self.layout.object(object)..];
        match self.program().objects[object.index()].kind {
            ObjectKind::Mutex | ObjectKind::Rlock => words[0] == owner_word(id),
            ObjectKind::Rwlock => words[0] == owner_word(id) || words[2 + id.index()] > 0,
            _ => false,
        }
    }

    /// Returns the thread that holds a mutex or rlock, or a rwlock as its writer.
    pub fn owner(&self, state: &State, lock: ObjectId) -> Option<ThreadId> {
        let owner = state.words[self.layout.object(lock)];
        (owner != 0).then(|| ThreadId(owner as u32 - 1))
    }

    /// Returns the threads that hold a mutex, rlock or rwlock, in order.
    pub fn holders(&self, state: &State, object: ObjectId) -> Vec<ThreadId> {
        match self.program().objects[object.index()].kind {
            // The word names the owner, so that programs of many threads need not ask each of them.
            ObjectKind::Mutex | ObjectKind::Rlock => self.owner(state, object).into_iter().collect(),
            ObjectKind::Rwlock => {
                self.program().thread_ids().filter(|&id| self.holds(state, id, object)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the threads that wait for a notification or at a barrier, in order.
    pub fn waiting_at(&self, state: &State, object: ObjectId) -> Vec<ThreadId> {
        self.waiters(state, object).collect()
    }

    /// Answers a question about a thread.
    pub fn satisfies(&self, state: &State, id: ThreadId, predicate: Predicate) -> bool {
        let end = self.program().group(id).body.end;
        match predicate {
            Predicate::Done => self.is_finished(state, id),
            Predicate::Holds(object) => self.holds(state, id, object),
            Predicate::At(addr) if addr == end => self.is_finished(state, id),
            Predicate::At(addr) => self.depth(state, id) == 0 && self.pc(state, id) == Some(addr),
            Predicate::Within(from, to) => {
                let place = if self.depth(state, id) > 0 {
                    Some(self.call_site(state, id, 0))
                } else {
                    self.pc(state, id)
                };
                place.is_some_and(|addr| (from..to).contains(&addr))
            }
        }
    }

    /// Returns the cell of a `shared` variable that the thread's next instruction accesses; `None` when it
    /// accesses none, or is a fault.
    pub fn shared_access(&self, state: &State, id: ThreadId) -> Option<Access> {
        let (place, kind) = accessed(self.program().instr(self.pc(state, id)?))?;
        let (is_memory, cell) = self.cell(state, id, place)?;
        let access = Access { cell, kind };
        (is_memory && self.races[cell as usize]).then_some(access)
    }

    /// Says what a thread that is not enabled waits for; `None` when it is enabled, not started or finished.
    pub fn blocked(&self, state: &State, id: ThreadId) -> Option<Blocked> {
        let instr = self.program().instr(self.pc(state, id)?);
        if self.is_enabled(state, id) {
            return None;
        }
        if let Instr::Join(operand) = instr
            && self.is_drained(state, id)
        {
            let threads = self.operand_threads(state, id, operand)?;
            let over = |other| self.is_finished(state, other) && self.is_drained(state, other);
            return Some(Blocked::End(threads.filter(|&other| !over(other)).collect()));
        }
        let Operand::Target(target) = instr.operand() else { return Some(Blocked::Buffer) };
        if !self.is_drained(state, id) {
            return Some(Blocked::Buffer);
        }
        let object = self.object(state, id, target)?;
        Some(match self.program().objects[object.index()].kind {
            ObjectKind::Mutex | ObjectKind::Rlock | ObjectKind::Rwlock => {
                Blocked::Lock(object, self.holders(state, object))
            }
            ObjectKind::Semaphore { .. } => Blocked::Permit(object),
            ObjectKind::Condition { .. } if self.in_set(state, object, id) => Blocked::Notification(object),
            ObjectKind::Condition { lock } => Blocked::Relock(object, lock, self.holders(state, lock)),
            ObjectKind::Event { .. } => Blocked::Event(object),
            ObjectKind::Barrier { parties } => {
                let arrived = self.waiters(state, object).count() as u32;
                Blocked::Barrier(object, parties - arrived)
            }
            ObjectKind::Queue { .. } if matches!(instr, Instr::Put(_)) => Blocked::Room(object),
            ObjectKind::Queue { .. } => Blocked::Value(object),
        })
    }
}

/// Returns the variable operand of an instruction that accesses one, and how it does.
pub fn accessed(instr: Instr) -> Option<(Place, AccessKind)> {
    match instr {
        Instr::Load(place) => Some((place, AccessKind::Read)),
        Instr::Store(place) => Some((place, AccessKind::Write)),
        Instr::Cas(place) | Instr::Xadd(place) | Instr::Xchg(place) => Some((place, AccessKind::Atomic)),
        _ => None,
    }
}

/// Returns, for each memory cell, whether a body or a proc that it calls, directly or not, can access it in a
/// way that counts. An index on the stack stands for the whole array.
pub fn cells_accessed(program: &Program, body: &Body, counts: impl Fn(AccessKind) -> bool) -> Vec<bool> {
    let mut cells = vec![false; program.memory.len()];
    let mut seen = vec![false; program.procs.len()];
    let mut bodies = vec![body];
    while let Some(body) = bodies.pop() {
        for &instr in &program.code[body.entry.index()..body.end.index()] {
            match accessed(instr).filter(|&(_, kind)| counts(kind)) {
                Some((Place::Memory(cell), _)) => cells[cell as usize] = true,
                Some((Place::MemoryAt { base, len }, _)) => {
                    cells[base as usize..(base + len) as usize].fill(true);
                }
                _ => {}
            }
            if let Instr::Call(proc) = instr
                && !std::mem::replace(&mut seen[proc.index()], true)
            {
                bodies.push(&program.procs[proc.index()].body);
            }
        }
    }
    cells
}
