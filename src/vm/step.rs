//! One step: what each instruction does to a state.
//!
//! A step is a function of program, state and choice. It works in place, because sampling executes tens of
//! millions of steps a second; a step that faults or fails an ASSUME leaves the state as it was.

use super::fault::Fault;
use super::layout::{MAX_OUTPUT, thread};
use super::machine::{Action, Actor, Choice, Machine, owner_word};
use super::state::State;
use crate::program::{
    Addr, Instr, ObjectId, ObjectKind, Place, SwitchModel, Target, ThreadId, Threads, binary,
};

/// What comes after a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// A scheduling decision.
    Decision,
    /// The same thread's next step.
    SameThread,
}

/// Why an execution ends at a step, with the state as it was before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stop {
    /// The step is a fault.
    Fault(Fault),
    /// An `ASSUME` failed: the execution does not count.
    Assume,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

/// Where a thread goes on behind an instruction.
enum Next {
    /// At the next address.
    Through,
    /// At a jump's target.
    Jump(Addr),
    /// At the entry of a proc.
    Call(Addr),
    /// Behind the innermost open call.
    Return,
    /// Nowhere: it has finished.
    Halt,
    /// Where it is, waiting.
    Stay,
}

impl Machine<'_> {
    /// Executes one step. The actor must be enabled and the choice one of [`Machine::choices`].
    ///
    /// # Errors
    ///
    /// Says why the execution ends here; the state is unchanged then.
    pub fn step(&self, state: &mut State, action: Action) -> Result<After, Stop> {
        match action.actor {
            Actor::Thread(id) => self.step_thread(state, id, action.choice),
            Actor::Buffer(id, cell) => {
                self.flush(state, id, cell);
                Ok(After::Decision)
            }
        }
    }

    fn flush(&self, state: &mut State, id: ThreadId, cell: Option<u32>) {
        let (offset, shape) = self.layout.buffer(self.program().threads[id.index()]);
        let words = &mut state.words[self.layout.thread(id)][offset..];
        let (cell, value) = shape.pop(words, cell).expect("only a buffer that holds something is chosen");
        state.words[cell as usize] = value;
    }

    /// Executes a step of a thread, for callers that know that it is one: see [`Machine::step`].
    #[inline]
    pub(crate) fn step_thread(&self, state: &mut State, id: ThreadId, choice: Choice) -> Result<After, Stop> {
        let pc = self.pc(state, id).expect("only an enabled thread is chosen");
        let instr = self.program().instr(pc);
        let next = self.execute(state, id, instr, choice)?;
        if self.always_decides {
            self.core(state, id).go(self, pc, next);
            return Ok(After::Decision);
        }
        let mut core = self.core(state, id);
        let depth = core.depth();
        let gil_lets_go = match next {
            Next::Jump(target) => target <= pc,
            _ => matches!(instr, Instr::Call(_) | Instr::Yield | Instr::Start(_) | Instr::Join(_)),
        };
        core.go(self, pc, next);
        let is_point = match self.models().switch {
            SwitchModel::Every => true,
            SwitchModel::Gil => gil_lets_go,
            SwitchModel::Await => instr == Instr::Yield,
        };
        let decides = (is_point && !self.stays_in_block(state, id, pc, depth)) || !self.is_enabled(state, id);
        Ok(if decides { After::Decision } else { After::SameThread })
    }

    /// Returns true when the step that just led the thread away from `pc`, where it had `depth` open calls,
    /// began and ended in one `atomic … end` block.
    ///
    /// A position is the list of open call sites with the program counter behind them. Two positions lie in
    /// one block exactly if, at some level at which all sites further out agree, some static block contains
    /// both. A step changes no site but the innermost, so the levels below that need only be in some block,
    /// and the sites of popped calls are read off the return address, where the thread is now.
    fn stays_in_block(&self, state: &State, id: ThreadId, pc: Addr, depth: usize) -> bool {
        let program = self.program();
        if program.blocks.is_empty() {
            return false;
        }
        let Some(now) = self.pc(state, id) else { return false };
        let now_depth = self.depth(state, id);
        let common = depth.min(now_depth);
        let in_block = |addr: Addr| program.places[addr.index()].block.is_some();
        if (0..common).any(|level| in_block(self.call_site(state, id, level))) {
            return true;
        }
        let before = if now_depth < depth { Addr(now.0 - 1) } else { pc };
        let after = if now_depth > depth { self.call_site(state, id, common) } else { now };
        program.share_block(before, after)
    }

    fn execute(&self, state: &mut State, id: ThreadId, instr: Instr, choice: Choice) -> Result<Next, Stop> {
        match instr {
            Instr::Push(number) => self.core(state, id).push(number),
            Instr::Pop => drop(self.core(state, id).pop()),
            Instr::Dup => {
                let top = self.peek(state, id, 0);
                self.core(state, id).push(top);
            }
            Instr::Swap => {
                let mut core = self.core(state, id);
                let (b, a) = (core.pop(), core.pop());
                core.push(b);
                core.push(a);
            }
            Instr::Over => {
                let below = self.peek(state, id, 1);
                self.core(state, id).push(below);
            }
            // One arm for each, so that the dispatch on the instruction is the only one of the step.
            Instr::Add => self.compute(state, id, Instr::Add)?,
            Instr::Sub => self.compute(state, id, Instr::Sub)?,
            Instr::Mul => self.compute(state, id, Instr::Mul)?,
            Instr::Div => self.compute(state, id, Instr::Div)?,
            Instr::Mod => self.compute(state, id, Instr::Mod)?,
            Instr::Eq => self.compute(state, id, Instr::Eq)?,
            Instr::Ne => self.compute(state, id, Instr::Ne)?,
            Instr::Lt => self.compute(state, id, Instr::Lt)?,
            Instr::Le => self.compute(state, id, Instr::Le)?,
            Instr::Gt => self.compute(state, id, Instr::Gt)?,
            Instr::Ge => self.compute(state, id, Instr::Ge)?,
            Instr::And => self.compute(state, id, Instr::And)?,
            Instr::Or => self.compute(state, id, Instr::Or)?,
            Instr::Xor => self.compute(state, id, Instr::Xor)?,
            Instr::Shl => self.compute(state, id, Instr::Shl)?,
            Instr::Shr => self.compute(state, id, Instr::Shr)?,
            Instr::Neg => {
                let value = self.peek(state, id, 0).checked_neg().ok_or(Fault::Overflow)?;
                self.core(state, id).replace(1, value);
            }
            Instr::Not => {
                let value = i64::from(self.peek(state, id, 0) == 0);
                self.core(state, id).replace(1, value);
            }
            Instr::Load(place) => {
                let value = self.load(state, id, place)?;
                self.core(state, id).replace(index_operand(place), value);
            }
            Instr::Store(place) => self.store(state, id, place)?,
            Instr::Cas(place) => {
                let old = self.load(state, id, place)?;
                let taken = index_operand(place);
                let (new, expected) = (self.peek(state, id, taken), self.peek(state, id, taken + 1));
                if old == expected {
                    self.write(state, id, place, new);
                }
                self.core(state, id).replace(taken + 2, i64::from(old == expected));
            }
            Instr::Xadd(place) => {
                let old = self.load(state, id, place)?;
                let taken = index_operand(place);
                let new = old.checked_add(self.peek(state, id, taken)).ok_or(Fault::Overflow)?;
                self.write(state, id, place, new);
                self.core(state, id).replace(taken + 1, old);
            }
            Instr::Xchg(place) => {
                let old = self.load(state, id, place)?;
                let taken = index_operand(place);
                let new = self.peek(state, id, taken);
                self.write(state, id, place, new);
                self.core(state, id).replace(taken + 1, old);
            }
            Instr::Jmp(target) => return Ok(Next::Jump(target)),
            Instr::Jz(target) => return Ok(self.branch(state, id, target, |value| value == 0)),
            Instr::Jnz(target) => return Ok(self.branch(state, id, target, |value| value != 0)),
            Instr::Call(proc) => return Ok(Next::Call(self.program().procs[proc.index()].body.entry)),
            Instr::Ret => return Ok(Next::Return),
            Instr::Halt => return Ok(Next::Halt),
            Instr::SelfIndex => {
                let index = i64::from(self.program().copy_index(id));
                self.core(state, id).push(index);
            }
            Instr::Nop | Instr::Fence | Instr::Yield => {}
            Instr::Choose(range) => {
                let value = if let Choice::Value(value) = choice { value } else { range.low };
                self.core(state, id).push(value);
            }
            Instr::Assert(text) => {
                if self.peek(state, id, 0) == 0 {
                    return Err(Fault::Assertion(text).into());
                }
                self.core(state, id).pop();
            }
            Instr::Assume => {
                if self.peek(state, id, 0) == 0 {
                    return Err(Stop::Assume);
                }
                self.core(state, id).pop();
            }
            Instr::Print => self.print(state, id)?,
            Instr::Start(operand) => self.start(state, id, operand)?,
            Instr::Join(operand) => {
                let mut threads = self.operand_threads(state, id, operand).ok_or(Fault::IndexOutOfRange)?;
                if threads.any(|other| !self.is_started(state, other)) {
                    return Err(Fault::JoinNotStarted.into());
                }
                self.drop_index(state, id, matches!(operand, Threads::At(_)));
            }
            Instr::End => unreachable!("the end of a body is never executed"),
            other => return self.execute_rest(state, id, other, choice),
        }
        Ok(Next::Through)
    }

    /// The instructions on synchronization objects.
    fn execute_rest(
        &self,
        state: &mut State,
        id: ThreadId,
        instr: Instr,
        choice: Choice,
    ) -> Result<Next, Stop> {
        if let crate::program::Operand::Target(target) = instr.operand() {
            let object = self.object(state, id, target).ok_or(Fault::IndexOutOfRange)?;
            return self.execute_on(state, id, instr, target, object, choice);
        }
        unreachable!("every instruction without an object has its own arm")
    }

    #[inline(always)]
    fn compute(&self, state: &mut State, id: ThreadId, instr: Instr) -> Result<(), Fault> {
        let (b, a) = (self.peek(state, id, 0), self.peek(state, id, 1));
        let value = binary(instr, a, b).expect("only binary operations are computed")?;
        self.core(state, id).replace(2, value);
        Ok(())
    }

    fn execute_on(
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

    fn print(&self, state: &mut State, id: ThreadId) -> Result<(), Fault> {
        let at = self.layout.output.start;
        let len = state.words[at] as usize;
        if len == MAX_OUTPUT {
            return Err(Fault::OutputFull);
        }
        state.words[at + 1 + len] = self.core(state, id).pop();
        state.words[at] += 1;
        Ok(())
    }

    fn start(&self, state: &mut State, id: ThreadId, operand: Threads) -> Result<(), Fault> {
        let threads = self.operand_threads(state, id, operand).ok_or(Fault::IndexOutOfRange)?;
        if threads.clone().any(|other| self.is_started(state, other)) {
            return Err(Fault::StartedTwice);
        }
        for other in threads {
            let body = &self.program().group(other).body;
            let pc = if body.entry == body.end { thread::FINISHED } else { i64::from(body.entry.0) };
            state.words[self.layout.thread_start(other) + thread::PC] = pc;
        }
        self.drop_index(state, id, matches!(operand, Threads::At(_)));
        Ok(())
    }

    fn drop_index(&self, state: &mut State, id: ThreadId, taken: bool) {
        self.core(state, id).drop(usize::from(taken));
    }

    fn branch(&self, state: &mut State, id: ThreadId, target: Addr, taken: impl Fn(i64) -> bool) -> Next {
        if taken(self.core(state, id).pop()) { Next::Jump(target) } else { Next::Through }
    }

    #[inline]
    fn load(&self, state: &State, id: ThreadId, place: Place) -> Result<i64, Fault> {
        let (is_memory, cell) = self.cell(state, id, place).ok_or(Fault::IndexOutOfRange)?;
        Ok(if is_memory { self.read_memory(state, id, cell) } else { state.words[self.local_word(id, cell)] })
    }

    /// Returns what the thread reads from a memory cell: its own newest buffered value, else memory.
    pub(crate) fn read_memory(&self, state: &State, id: ThreadId, cell: u32) -> i64 {
        let buffered = self.buffer(state, id).and_then(|(shape, words)| shape.newest(words, cell));
        buffered.unwrap_or(state.words[cell as usize])
    }

    fn store(&self, state: &mut State, id: ThreadId, place: Place) -> Result<(), Fault> {
        let (is_memory, cell) = self.cell(state, id, place).ok_or(Fault::IndexOutOfRange)?;
        let taken = index_operand(place);
        let value = self.peek(state, id, taken);
        if is_memory && self.models().memory != crate::program::MemoryModel::Sc {
            let (offset, shape) = self.layout.buffer(self.program().threads[id.index()]);
            shape.push(&mut state.words[self.layout.thread(id)][offset..], cell, value);
        } else {
            self.write(state, id, place, value);
        }
        self.core(state, id).drop(taken + 1);
        Ok(())
    }

    /// Writes a variable at once; the index has been checked.
    fn write(&self, state: &mut State, id: ThreadId, place: Place, value: i64) {
        let (is_memory, cell) = self.cell(state, id, place).expect("the index was checked by the load");
        let at = if is_memory { cell as usize } else { self.local_word(id, cell) };
        state.words[at] = value;
    }

    pub(super) fn local_word(&self, id: ThreadId, cell: u32) -> usize {
        self.layout.thread_start(id) + self.layout.locals + cell as usize
    }

    #[inline]
    fn core<'s>(&self, state: &'s mut State, id: ThreadId) -> Core<'s> {
        let range = self.layout.thread(id);
        Core { words: &mut state.words[range], stack: self.layout.stack, locals: self.layout.locals }
    }
}

/// Returns how many stack values a variable operand takes: its index, if that is there.
fn index_operand(place: Place) -> usize {
    usize::from(matches!(place, Place::MemoryAt { .. } | Place::LocalAt { .. }))
}

/// A thread's own words while it executes.
struct Core<'s> {
    words: &'s mut [i64],
    stack: usize,
    locals: usize,
}

impl Core<'_> {
    #[inline]
    fn depth(&self) -> usize {
        self.words[thread::DEPTH] as usize
    }

    #[inline]
    fn push(&mut self, value: i64) {
        let height = self.words[thread::HEIGHT] as usize;
        self.words[self.stack + height] = value;
        self.words[thread::HEIGHT] += 1;
    }

    #[inline]
    fn pop(&mut self) -> i64 {
        self.words[thread::HEIGHT] -= 1;
        let height = self.words[thread::HEIGHT] as usize;
        std::mem::take(&mut self.words[self.stack + height])
    }

    #[inline]
    fn drop(&mut self, count: usize) {
        for _ in 0..count {
            self.pop();
        }
    }

    #[inline]
    fn replace(&mut self, count: usize, value: i64) {
        self.drop(count);
        self.push(value);
    }

    fn set_waiting(&mut self, level: i64) {
        self.words[thread::WAITING] = level;
    }

    /// Moves the thread on from the instruction at `pc`, then returns from procs and finishes the thread
    /// where bodies end, which is no step.
    #[inline]
    fn go(&mut self, machine: &Machine<'_>, pc: Addr, next: Next) {
        let mut at = match next {
            Next::Through => Addr(pc.0 + 1),
            Next::Jump(target) => target,
            Next::Call(entry) => {
                self.words[thread::FRAMES + self.depth()] = i64::from(pc.0) + 1;
                self.words[thread::DEPTH] += 1;
                entry
            }
            Next::Return => self.pop_frame(),
            Next::Halt => return self.finish(),
            Next::Stay => return,
        };
        while matches!(machine.program().instr(at), Instr::End) {
            if self.depth() == 0 {
                return self.finish();
            }
            at = self.pop_frame();
        }
        self.words[thread::PC] = i64::from(at.0);
    }

    fn pop_frame(&mut self) -> Addr {
        self.words[thread::DEPTH] -= 1;
        let depth = self.depth();
        Addr(std::mem::take(&mut self.words[thread::FRAMES + depth]) as u32)
    }

    /// Finishes the thread: what is left of its stack and calls does not matter, its locals stay.
    fn finish(&mut self) {
        self.words[..self.locals].fill(0);
        self.words[thread::PC] = thread::FINISHED;
    }
}
