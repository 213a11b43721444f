//! Features: what steps do that steps of other threads can notice, numbered, and sets of them.
//!
//! A step *has* features (it reads this cell, takes that lock), and it *minds* features: those that a step of
//! another thread must not have if the two are to change places without a trace. Two accesses to a cell mind
//! each other as usual. For the synchronization objects the relation is finer than "the same object", and
//! depends on the state: a lock that is given back is minded only by a `TRYLOCK`, because whoever waits for it
//! is blocked before and enabled after, and nobody else can have done anything to it meanwhile.

use crate::program::{Instr, ObjectId, ObjectKind, Program, ThreadId};

/// The most cells that have features of their own; beyond, the cells of a variable share theirs.
const MOST_CELLS: usize = 1 << 10;

/// Features of an object, each kind of object its own.
const OF_OBJECT: u32 = 5;

/// The features of an object, by kind: offsets from its first.
pub(super) mod of {
    /// A mutex or rlock is taken, or a semaphore.
    pub const TAKE: u32 = 0;
    /// The same, without blocking.
    pub const TRY: u32 = 1;
    /// A lock or semaphore is given back.
    pub const GIVE: u32 = 2;
    /// Only an observer has it: it asks who holds the lock.
    pub const HELD: u32 = 3;
    /// A rwlock is taken by a reader.
    pub const READ: u32 = 0;
    /// A rwlock is taken by a writer.
    pub const WRITE: u32 = 1;
    /// A thread waits at a condition, barrier or event.
    pub const WAIT: u32 = 0;
    /// A condition is notified.
    pub const NOTIFY: u32 = 1;
    /// An event is looked at.
    pub const LOOK: u32 = 1;
    /// An event is set.
    pub const SET: u32 = 2;
    /// An event is cleared.
    pub const CLEAR: u32 = 3;
    /// A value is put into a queue.
    pub const PUT: u32 = 0;
    /// A value is taken out of a queue.
    pub const GET: u32 = 1;
    /// The same as `PUT`, without blocking.
    pub const TRY_PUT: u32 = 2;
    /// The same as `GET`, without blocking.
    pub const TRY_GET: u32 = 3;
    /// A queue is asked for its length.
    pub const LEN: u32 = 4;
}

/// The elements that an instruction's operand may stand for: one where the index is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Elements {
    /// Nothing that others can see.
    Nothing,
    /// Memory cells.
    Cells(u32, u32),
    /// Objects.
    Objects(u32, u32),
    /// Threads.
    Threads(u32, u32),
}

/// A set of features, as words of bits.
pub(super) type Set = [u64];

/// Adds a feature.
pub(super) fn add(set: &mut Set, feature: u32) {
    set[feature as usize / 64] |= 1 << (feature % 64);
}

/// Returns true when the set has the feature.
pub(super) fn has(set: &Set, feature: u32) -> bool {
    set[feature as usize / 64] >> (feature % 64) & 1 == 1
}

/// Returns true when two sets have a feature in common.
pub(super) fn overlaps(a: &Set, b: &Set) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}

/// Adds all of another set; returns true when that made a difference.
pub(super) fn add_all(set: &mut Set, other: &Set) -> bool {
    let mut grown = false;
    for (word, &more) in set.iter_mut().zip(other) {
        grown |= more & !*word != 0;
        *word |= more;
    }
    grown
}

/// The numbering of a program's features.
#[derive(Clone, Debug)]
pub(super) struct Features {
    /// The number of a cell's first feature; reading it, then writing it.
    cells: Vec<u32>,
    objects: u32,
    lives: u32,
    /// A value is printed.
    pub output: u32,
    /// A position or local that an observer looks at changes.
    pub position: u32,
    /// A proc can be left: what its caller does next counts too.
    pub exit: u32,
    /// Words of a set.
    pub words: usize,
}

impl Features {
    pub fn new(program: &Program) -> Features {
        let cells: Vec<u32> = if program.memory.len() <= MOST_CELLS {
            (0..program.memory.len() as u32).map(|cell| 2 * cell).collect()
        } else {
            let base = |cell| program.memory_variable(cell).base;
            (0..program.memory.len() as u32).map(|cell| 2 * base(cell)).collect()
        };
        let objects = cells.last().map_or(0, |&last| last + 2);
        let lives = objects + OF_OBJECT * program.objects.len() as u32;
        let output = lives + 2 * program.threads.len() as u32;
        let len = output + 3;
        Features {
            cells,
            objects,
            lives,
            output,
            position: output + 1,
            exit: output + 2,
            words: (len as usize).div_ceil(64),
        }
    }

    /// A cell is read.
    pub fn read(&self, cell: u32) -> u32 {
        self.cells[cell as usize]
    }

    /// A cell is written.
    pub fn write(&self, cell: u32) -> u32 {
        self.cells[cell as usize] + 1
    }

    /// One of the features of an object: see [`of`].
    pub fn object(&self, object: ObjectId, feature: u32) -> u32 {
        self.objects + OF_OBJECT * object.0 + feature
    }

    /// A thread is started.
    pub fn start(&self, thread: ThreadId) -> u32 {
        self.lives + 2 * thread.0
    }

    /// A thread is waited for.
    pub fn join(&self, thread: ThreadId) -> u32 {
        self.lives + 2 * thread.0 + 1
    }

    /// Adds all features of an object.
    pub fn add_object(&self, object: ObjectId, set: &mut Set) {
        for feature in 0..OF_OBJECT {
            add(set, self.object(object, feature));
        }
    }

    /// Adds the features that an instruction has, in whatever state it is executed.
    pub fn add_own(&self, program: &Program, instr: Instr, elements: Elements, set: &mut Set) {
        match elements {
            Elements::Nothing if instr == Instr::Print => add(set, self.output),
            Elements::Nothing => {}
            Elements::Cells(base, len) => {
                for cell in base..base + len {
                    if !matches!(instr, Instr::Store(_)) {
                        add(set, self.read(cell));
                    }
                    if !matches!(instr, Instr::Load(_)) {
                        add(set, self.write(cell));
                    }
                }
            }
            Elements::Objects(base, len) => {
                for object in (base..base + len).map(ObjectId) {
                    let kind = program.objects[object.index()].kind;
                    for &feature in own(instr) {
                        add(set, self.object(object, feature));
                    }
                    if let ObjectKind::Condition { lock } = kind
                        && matches!(instr, Instr::Wait(_))
                    {
                        add(set, self.object(lock, of::TAKE));
                        add(set, self.object(lock, of::GIVE));
                    }
                }
            }
            Elements::Threads(first, count) => {
                for thread in (first..first + count).map(ThreadId) {
                    let is_start = matches!(instr, Instr::Start(_));
                    add(set, if is_start { self.start(thread) } else { self.join(thread) });
                }
            }
        }
    }

    /// Adds the features that an instruction minds in some state: all that it could ever mind.
    pub fn add_minded(&self, program: &Program, instr: Instr, elements: Elements, set: &mut Set) {
        match elements {
            Elements::Nothing if instr == Instr::Print => add(set, self.output),
            Elements::Nothing => {}
            Elements::Cells(base, len) => {
                for cell in base..base + len {
                    self.mind_access(cell, !matches!(instr, Instr::Load(_)), set);
                }
            }
            Elements::Objects(base, len) => {
                for object in (base..base + len).map(ObjectId) {
                    self.add_object(object, set);
                    if let ObjectKind::Condition { lock } = program.objects[object.index()].kind {
                        self.add_object(lock, set);
                    }
                }
            }
            Elements::Threads(first, count) => {
                for thread in (first..first + count).map(ThreadId) {
                    add(set, self.start(thread));
                    add(set, self.join(thread));
                }
            }
        }
    }

    /// Adds what an access to a cell minds.
    pub fn mind_access(&self, cell: u32, writes: bool, set: &mut Set) {
        add(set, self.write(cell));
        if writes {
            add(set, self.read(cell));
        }
    }
}

/// The features of an object that an instruction has.
fn own(instr: Instr) -> &'static [u32] {
    match instr {
        Instr::Lock(_) | Instr::Acquire(_) => &[of::TAKE],
        Instr::TryLock(_) | Instr::TryAcquire(_) => &[of::TAKE, of::TRY],
        Instr::Unlock(_) | Instr::Release(_) => &[of::GIVE],
        Instr::RdLock(_) => &[of::READ],
        Instr::WrLock(_) => &[of::WRITE],
        Instr::Wait(_) => &[of::WAIT],
        Instr::Notify(_) | Instr::NotifyAll(_) => &[of::NOTIFY],
        Instr::Set(_) => &[of::SET],
        Instr::Clear(_) => &[of::CLEAR],
        Instr::IsSet(_) => &[of::LOOK],
        Instr::Put(_) => &[of::PUT],
        Instr::TryPut(_) => &[of::PUT, of::TRY_PUT],
        Instr::Get(_) => &[of::GET],
        Instr::TryGet(_) => &[of::GET, of::TRY_GET],
        Instr::Len(_) => &[of::LEN],
        _ => &[],
    }
}
