//! What the instructions on synchronization objects do.

use super::core::Next;
use super::fault::Fault;
use super::machine::{Choice, Machine, owner_word};
use super::state::State;
use super::step::Stop;
use crate::program::{Instr, ObjectId, ObjectKind, Target, ThreadId};

impl Machine<'_> {
    pub(super) fn execute_on(
        &self,
        state: &mut State,
        id: ThreadId,
        instr: Instr,
        target: Target,
        object: ObjectId,
        choice: Choice,
    ) -> Result<Next, Stop> {
        let at = self.layout.object(object);
        let taken = usize::from(matches!(target, Target::At { .. }));
        let kind = self.program().objects[object.index()].kind;
        match instr {
            Instr::Lock(_) => self.lock(state, id, object),
            Instr::TryLock(_) => {
                let owner = state.words[at];
                let free = owner == 0 || (owner == owner_word(id) && kind == ObjectKind::Rlock);
                if free {
                    self.lock(state, id, object);
                }
                self.core(state, id).replace(taken, i64::from(free));
                return Ok(Next::Through);
            }
            Instr::Unlock(_) => self.unlock(state, id, object)?,
            Instr::RdLock(_) => {
                state.words[at + 1] += 1;
                state.words[at + 2 + id.index()] += 1;
            }
            Instr::WrLock(_) => state.words[at] = owner_word(id),
            Instr::Acquire(_) => state.words[at] -= 1,
            Instr::TryAcquire(_) => {
                let free = state.words[at] > 0;
                state.words[at] -= i64::from(free);
                self.core(state, id).replace(taken, i64::from(free));
                return Ok(Next::Through);
            }
            Instr::Release(_) => {
                let ObjectKind::Semaphore { max, .. } = kind else { unreachable!("verified") };
                if max == Some(state.words[at]) {
                    return Err(Fault::ReleasePastMaximum.into());
                }
                state.words[at] = state.words[at].checked_add(1).ok_or(Fault::Overflow)?;
            }
            Instr::Wait(_) => return self.wait(state, id, object, taken),
            Instr::Notify(_) => {
                let woken = match choice {
                    Choice::Waiter(waiter) => Some(waiter),
                    _ => self.waiters(state, object).next(),
                };
                if let Some(waiter) = woken {
                    self.set_in_set(state, object, waiter, false);
                }
            }
            Instr::NotifyAll(_) => state.words[at..at + self.layout.set_words].fill(0),
            Instr::Set(_) => state.words[at] = 1,
            Instr::Clear(_) => state.words[at] = 0,
            Instr::IsSet(_) | Instr::Len(_) => {
                let value = state.words[at];
                self.core(state, id).replace(taken, value);
                return Ok(Next::Through);
            }
            Instr::Put(_) | Instr::TryPut(_) => {
                let ObjectKind::Queue { max } = kind else { unreachable!("verified") };
                let value = self.peek(state, id, taken);
                let len = state.words[at];
                let room = len < i64::from(max);
                if room {
                    state.words[at + 1 + len as usize] = value;
                    state.words[at] += 1;
                }
                let mut core = self.core(state, id);
                core.drop(taken + 1);
                if matches!(instr, Instr::TryPut(_)) {
                    core.push(i64::from(room));
                }
                return Ok(Next::Through);
            }
            Instr::Get(_) | Instr::TryGet(_) => {
                let len = state.words[at] as usize;
                let value = state.words[at..].get(1).copied().filter(|_| len > 0);
                if len > 0 {
                    state.words.copy_within(at + 2..at + 1 + len, at + 1);
                    state.words[at + len] = 0;
                    state.words[at] -= 1;
                }
                let mut core = self.core(state, id);
                core.replace(taken, value.unwrap_or(0));
                if matches!(instr, Instr::TryGet(_)) {
                    core.push(i64::from(value.is_some()));
                }
                return Ok(Next::Through);
            }
            _ => unreachable!("every instruction with an object operand has its arm"),
        }
        self.core(state, id).drop(taken);
        Ok(Next::Through)
    }

    fn lock(&self, state: &mut State, id: ThreadId, object: ObjectId) {
        let at = self.layout.object(object);
        state.words[at] = owner_word(id);
        if self.program().objects[object.index()].kind == ObjectKind::Rlock {
            state.words[at + 1] += 1;
        }
    }

    fn unlock(&self, state: &mut State, id: ThreadId, object: ObjectId) -> Result<(), Fault> {
        let at = self.layout.object(object);
        let words = &mut state.words;
        let owned = words[at] == owner_word(id);
        match self.program().objects[object.index()].kind {
            ObjectKind::Rwlock if !owned && words[at + 2 + id.index()] > 0 => {
                words[at + 1] -= 1;
                words[at + 2 + id.index()] -= 1;
            }
            _ if !owned => return Err(Fault::UnlockNotHeld),
            ObjectKind::Rlock => {
                words[at + 1] -= 1;
                if words[at + 1] == 0 {
                    words[at] = 0;
                }
            }
            _ => words[at] = 0,
        }
        Ok(())
    }

    fn wait(&self, state: &mut State, id: ThreadId, object: ObjectId, taken: usize) -> Result<Next, Stop> {
        match self.program().objects[object.index()].kind {
            ObjectKind::Condition { lock } => {
                let at = self.layout.object(lock);
                let is_rlock = self.program().objects[lock.index()].kind == ObjectKind::Rlock;
                let level = self.waiting(state, id);
                if level == 0 {
                    if state.words[at] != owner_word(id) {
                        return Err(Fault::WaitWithoutLock.into());
                    }
                    let level = if is_rlock { std::mem::take(&mut state.words[at + 1]) } else { 1 };
                    state.words[at] = 0;
                    self.core(state, id).set_waiting(level);
                    self.set_in_set(state, object, id, true);
                    return Ok(Next::Stay);
                }
                state.words[at] = owner_word(id);
                if is_rlock {
                    state.words[at + 1] = level;
                }
                self.core(state, id).set_waiting(0);
            }
            ObjectKind::Barrier { parties } => {
                let waiters: Vec<ThreadId> = self.waiters(state, object).collect();
                if waiters.len() as u32 + 1 < parties {
                    self.core(state, id).set_waiting(1);
                    self.set_in_set(state, object, id, true);
                    return Ok(Next::Stay);
                }
                for waiter in waiters {
                    self.set_in_set(state, object, waiter, false);
                    self.release_from_barrier(state, waiter);
                }
            }
            _ => {}
        }
        self.core(state, id).drop(taken);
        Ok(Next::Through)
    }

    /// Lets a thread that waits at a barrier go on behind its `WAIT`.
    fn release_from_barrier(&self, state: &mut State, id: ThreadId) {
        let pc = self.pc(state, id).expect("a thread that waits is running");
        let taken = usize::from(self.program().instr(pc).takes_index());
        let mut core = self.core(state, id);
        core.set_waiting(0);
        core.drop(taken);
        core.go(self, pc, Next::Through);
    }

    fn set_in_set(&self, state: &mut State, object: ObjectId, id: ThreadId, member: bool) {
        let word = &mut state.words[self.layout.object(object) + id.index() / 64];
        let bit = 1_i64 << (id.index() % 64);
        *word = if member { *word | bit } else { *word & !bit };
    }
}
