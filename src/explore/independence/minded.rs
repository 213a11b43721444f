//! What a process minds in a state: what others must not do if its next step is to change places with theirs.

use super::features::{Elements, Features, Set, add, add_all, of};
use super::future::Code;
use super::situation::{Process, Situation};
use crate::program::{Addr, Instr, ObjectId, ObjectKind, Operand, ThreadId};
use crate::vm::{Actor, State};

impl Situation<'_, '_> {
    pub(super) fn fill_minded(&self, state: &State, process: Process, set: &mut Set) {
        let (machine, features) = (self.machine, &self.independence.features);
        let thread = self.thread_of(process);
        if process >= self.threads {
            let mut ready = Vec::new();
            machine.ready_buffers(state, thread, &mut ready);
            let oldest = || machine.buffered(state, thread).first().map(|&(cell, _)| cell);
            for actor in ready {
                let Actor::Buffer(_, cell) = actor else { continue };
                if let Some(cell) = cell.or_else(oldest) {
                    features.mind_access(cell, true, set);
                }
            }
            if self.independence.cut_short {
                add(set, features.join(thread));
            }
            return;
        }
        let Some(pc) = machine.pc(state, thread) else { return };
        let code = self.independence.code(thread);
        if self.independence.cut_short {
            // The step may be the last.
            add(set, features.join(thread));
        }
        if self.is_run(state, thread, pc) {
            return self.add_run(state, thread, pc, code, set);
        }
        if code.visible[pc.index()] {
            add(set, features.position);
        }
        self.add_step(state, thread, machine.program().instr(pc), set);
    }

    /// Adds what the steps up to the next decision mind. What a proc's callers do counts whole, as far as they
    /// are come back to.
    fn add_run(&self, state: &State, thread: ThreadId, pc: Addr, code: &Code, set: &mut Set) {
        let (Some(run), Some(minded)) = (&code.run, &code.minded) else {
            unreachable!("where there are runs they have been looked at")
        };
        let first = if self.is_called_in_block(state, thread) { minded } else { run };
        add_all(set, first.row(pc));
        self.add_callers(state, thread, minded, set);
    }

    /// Adds what a single step minds in this state.
    fn add_step(&self, state: &State, thread: ThreadId, instr: Instr, set: &mut Set) {
        let (machine, features) = (self.machine, &self.independence.features);
        if let Some((place, _)) = crate::vm::accessed(instr) {
            let Some((true, cell)) = machine.cell(state, thread, place) else { return };
            let is_quiet = matches!(instr, Instr::Store(_))
                && self.processes > self.threads
                && !self.independence.races[cell as usize];
            if !is_quiet {
                let reads = matches!(instr, Instr::Load(_)) || self.fails(state, thread, instr, cell);
                features.mind_access(cell, !reads, set);
            }
            return;
        }
        match instr.operand() {
            Operand::Target(target) => {
                let Some(object) = machine.object(state, thread, target) else { return };
                if self.independence.cut_short {
                    let elements = Elements::Objects(object.0, 1);
                    features.add_minded(machine.program(), instr, elements, set);
                } else {
                    self.add_synchronization(state, thread, instr, object, set);
                }
            }
            Operand::Threads(threads) => {
                let Some(others) = machine.operand_threads(state, thread, threads) else { return };
                for other in others {
                    if matches!(instr, Instr::Start(_)) {
                        add(set, features.join(other));
                    }
                    if !machine.is_started(state, other) || matches!(instr, Instr::Start(_)) {
                        add(set, features.start(other));
                    }
                }
            }
            _ if instr == Instr::Print => add(set, features.output),
            _ => {}
        }
    }

    /// Returns true for a `CAS` that fails, and so only reads. Of a data race it is part as one that writes.
    fn fails(&self, state: &State, thread: ThreadId, instr: Instr, cell: u32) -> bool {
        let expected = 1 + usize::from(instr.takes_index());
        matches!(instr, Instr::Cas(_))
            && !self.independence.races[cell as usize]
            && self.machine.peek(state, thread, expected) != self.machine.read_memory(state, thread, cell)
    }

    fn add_synchronization(
        &self,
        state: &State,
        thread: ThreadId,
        instr: Instr,
        object: ObjectId,
        set: &mut Set,
    ) {
        let machine = self.machine;
        let features = &self.independence.features;
        let mut minds = |list: &[u32]| {
            for &feature in list {
                add(set, features.object(object, feature));
            }
        };
        let kind = machine.program().objects[object.index()].kind;
        match kind {
            ObjectKind::Mutex | ObjectKind::Rlock => {
                let owner = machine.owner(state, object);
                let mine = owner == Some(thread);
                match instr {
                    Instr::Unlock(_) => minds(&[of::TRY, of::HELD]),
                    Instr::TryLock(_) if owner.is_some() && !mine => minds(&[of::GIVE]),
                    _ if mine => {}
                    _ => minds(&[of::TAKE, of::TRY, of::HELD]),
                }
            }
            ObjectKind::Rwlock => match instr {
                Instr::RdLock(_) => minds(&[of::WRITE, of::HELD]),
                Instr::WrLock(_) => minds(&[of::READ, of::WRITE, of::HELD]),
                _ => minds(&[of::HELD]),
            },
            ObjectKind::Semaphore { max: Some(_), .. } => minds(&[of::TAKE, of::TRY, of::GIVE]),
            ObjectKind::Semaphore { initial, max: None } => match instr {
                _ if initial > i64::from(u32::MAX) => minds(&[of::TAKE, of::TRY, of::GIVE]),
                Instr::Release(_) => minds(&[of::TRY]),
                Instr::TryAcquire(_) if machine.permits(state, object) == 0 => minds(&[of::GIVE]),
                _ => minds(&[of::TAKE]),
            },
            ObjectKind::Event { .. } => match (instr, machine.is_set(state, object)) {
                (Instr::Set(_), false) => minds(&[of::LOOK, of::CLEAR]),
                (Instr::Clear(_), true) => minds(&[of::WAIT, of::LOOK, of::SET]),
                (Instr::Set(_), true) => minds(&[of::CLEAR]),
                (Instr::Clear(_), false) => minds(&[of::SET]),
                (_, true) => minds(&[of::CLEAR]),
                (_, false) => minds(&[of::SET]),
            },
            ObjectKind::Barrier { .. } => minds(&[of::WAIT]),
            ObjectKind::Queue { max } => {
                let len = machine.queue(state, object).len();
                match instr {
                    Instr::Len(_) => minds(&[of::PUT, of::GET]),
                    Instr::TryPut(_) if len == max as usize => minds(&[of::GET]),
                    Instr::TryGet(_) if len == 0 => minds(&[of::PUT]),
                    Instr::Put(_) | Instr::TryPut(_) => minds(&[of::PUT, of::TRY_GET, of::LEN]),
                    _ => minds(&[of::GET, of::TRY_PUT, of::LEN]),
                }
            }
            ObjectKind::Condition { lock } => match instr {
                Instr::Wait(_) if machine.is_waiting(state, thread) => {
                    mind(features, lock, &[of::TAKE, of::TRY, of::HELD], set);
                }
                Instr::Wait(_) => {
                    minds(&[of::NOTIFY]);
                    mind(features, lock, &[of::TRY, of::HELD], set);
                }
                _ => minds(&[of::NOTIFY, of::WAIT]),
            },
        }
    }
}

fn mind(features: &Features, object: ObjectId, list: &[u32], set: &mut Set) {
    for &feature in list {
        add(set, features.object(object, feature));
    }
}
