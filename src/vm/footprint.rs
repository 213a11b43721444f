//! Footprints: what a step touches, and so which steps may change places.

use super::machine::{Actor, Machine};
use super::state::State;
use crate::program::{Instr, ObjectId, ObjectKind, Operand, ThreadId};

/// Something that steps of different threads can touch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Touched {
    /// A memory cell.
    Cell(u32),
    /// A synchronization object.
    Object(ObjectId),
    /// Whether a deferred thread has been started, and whether a thread has finished.
    Life(ThreadId),
    /// The output.
    Output,
}

/// What one step touches.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Footprint {
    /// What it reads.
    pub reads: Vec<Touched>,
    /// What it writes, or touches as any instruction on a synchronization object does.
    pub writes: Vec<Touched>,
}

impl Footprint {
    /// Returns true when two steps of different threads may not change places: they touch something in common
    /// that at least one of them writes.
    pub fn conflicts_with(&self, other: &Footprint) -> bool {
        let writes = |a: &Footprint, b: &Footprint| {
            a.writes.iter().any(|touched| b.writes.contains(touched) || b.reads.contains(touched))
        };
        writes(self, other) || writes(other, self)
    }
}

impl Machine<'_> {
    /// Returns what the step of an enabled actor touches in a state. Any two instructions on one
    /// synchronization object touch it, except that a failed `CAS` or `TRYLOCK` only reads. Under `tso` and
    /// `pso` a `STORE` touches the thread's own buffer and its flush the cell; a `LOAD` reads the cell even
    /// where the thread's own buffer answers it.
    pub fn footprint(&self, state: &State, actor: Actor) -> Footprint {
        let mut footprint = Footprint::default();
        match actor {
            Actor::Buffer(thread, cell) => {
                let flushed = cell.or_else(|| self.buffered(state, thread).first().map(|&(cell, _)| cell));
                footprint.writes.extend(flushed.map(Touched::Cell));
            }
            Actor::Thread(thread) => {
                if let Some(pc) = self.pc(state, thread) {
                    self.add_touched(state, thread, self.program().instr(pc), &mut footprint);
                }
            }
        }
        footprint
    }

    fn add_touched(&self, state: &State, thread: ThreadId, instr: Instr, footprint: &mut Footprint) {
        match instr {
            Instr::Load(place)
            | Instr::Store(place)
            | Instr::Cas(place)
            | Instr::Xadd(place)
            | Instr::Xchg(place) => {
                let Some((true, cell)) = self.cell(state, thread, place) else { return };
                let fails = matches!(instr, Instr::Cas(_))
                    && self.peek(state, thread, 1 + usize::from(instr.takes_index()))
                        != self.read_memory(state, thread, cell);
                match instr {
                    Instr::Store(_) if self.buffer(state, thread).is_some() => {}
                    Instr::Load(_) => footprint.reads.push(Touched::Cell(cell)),
                    _ if fails => footprint.reads.push(Touched::Cell(cell)),
                    _ => footprint.writes.push(Touched::Cell(cell)),
                }
            }
            Instr::Print => footprint.writes.push(Touched::Output),
            _ => match instr.operand() {
                Operand::Target(target) => {
                    let Some(object) = self.object(state, thread, target) else { return };
                    self.add_object(state, thread, instr, object, footprint);
                }
                Operand::Threads(threads) => {
                    let Some(others) = self.operand_threads(state, thread, threads) else { return };
                    let lives = others.map(Touched::Life);
                    if matches!(instr, Instr::Start(_)) {
                        footprint.writes.extend(lives);
                    } else {
                        footprint.reads.extend(lives);
                    }
                }
                _ => {}
            },
        }
    }

    fn add_object(
        &self,
        state: &State,
        thread: ThreadId,
        instr: Instr,
        object: ObjectId,
        footprint: &mut Footprint,
    ) {
        let reentrant = self.program().objects[object.index()].kind == ObjectKind::Rlock;
        let stands_in_the_way = |holder: &ThreadId| !reentrant || *holder != thread;
        let is_taken = || self.holders(state, object).iter().any(stands_in_the_way);
        if matches!(instr, Instr::TryLock(_)) && is_taken() {
            footprint.reads.push(Touched::Object(object));
            return;
        }
        footprint.writes.push(Touched::Object(object));
        if let ObjectKind::Condition { lock } = self.program().objects[object.index()].kind
            && matches!(instr, Instr::Wait(_))
        {
            footprint.writes.push(Touched::Object(lock));
        }
    }
}
