//! A plain interpreter of assembled programs, written from the language page and sharing no code with the
//! library's machine: worlds are cloned freely, threads have real stacks and deques, nothing is packed.

use std::collections::{BTreeSet, VecDeque};

use racevm::program::{Cell, Instr as I, MemoryModel, Models, ObjectKind as K, Operand, Place, Program};
use racevm::program::{Target, Threads, VarKind};

#[derive(Clone, Default)]
pub struct Thread {
    pub pc: usize,
    pub started: bool,
    pub done: bool,
    pub calls: Vec<usize>,
    pub stack: Vec<i64>,
    pub locals: Vec<i64>,
    pub buffer: Vec<(u32, i64)>,
    /// 0, or the lock level to take back: the first step of a `WAIT` is done.
    pub waits: i64,
}

#[derive(Clone, Default)]
pub struct Object {
    pub owner: Option<usize>,
    pub n: i64,
    pub readers: Vec<usize>,
    pub set: BTreeSet<usize>,
    pub queue: VecDeque<i64>,
}

#[derive(Clone)]
pub struct World {
    pub memory: Vec<i64>,
    pub threads: Vec<Thread>,
    pub objects: Vec<Object>,
    pub output: Vec<i64>,
}

#[derive(Clone, Copy)]
pub struct Interpreter<'p> {
    pub program: &'p Program,
    pub models: Models,
}

/// What a step did: jumped to an address, went on to the next, or stayed where it put the thread itself;
/// or, as an error, the message of its fault, `None` for a failed `ASSUME`.
pub type Step = Result<Moved, Option<String>>;

pub enum Moved {
    Jump(usize),
    On,
    Stay,
}

fn fault<T>(message: &str) -> Result<T, Option<String>> {
    Err(Some(message.to_owned()))
}

impl Interpreter<'_> {
    pub fn initial(&self) -> World {
        let p = self.program;
        let mut world = World { memory: p.memory.clone(), threads: vec![], objects: vec![], output: vec![] };
        for group in &p.threads {
            let g = &p.groups[group.index()];
            let mut locals = vec![0; g.locals as usize];
            for v in &p.variables {
                if v.kind == VarKind::ThreadLocal || v.kind == VarKind::Own(*group) {
                    locals[v.base as usize..][..v.init.len()].copy_from_slice(&v.init);
                }
            }
            let pc = g.body.entry.index();
            world.threads.push(Thread { pc, started: !g.deferred, locals, ..Thread::default() });
        }
        for object in &p.objects {
            let n = match object.kind {
                K::Semaphore { initial, .. } => initial,
                K::Event { set } => i64::from(set),
                _ => 0,
            };
            world.objects.push(Object { n, ..Object::default() });
        }
        self.settle(&mut world);
        world
    }

    /// Goes on behind a step; returns the target of a jump.
    pub fn go_on(&self, w: &mut World, t: usize, moved: Moved) -> Option<usize> {
        let pc = &mut w.threads[t].pc;
        let target = match moved {
            Moved::Jump(target) => Some(target),
            Moved::On | Moved::Stay => None,
        };
        *pc = target.unwrap_or(*pc + usize::from(matches!(moved, Moved::On)));
        self.settle(w);
        target
    }

    /// Returns from procs and finishes threads that stand at an end.
    fn settle(&self, w: &mut World) {
        for t in &mut w.threads {
            while t.started && !t.done && self.program.code[t.pc] == I::End {
                match t.calls.pop() {
                    Some(pc) => t.pc = pc,
                    None => t.done = true,
                }
            }
        }
    }

    pub fn instr(&self, w: &World, t: usize) -> I {
        self.program.code[w.threads[t].pc]
    }

    pub fn value(&self, w: &World, cell: Cell) -> i64 {
        match cell {
            Cell::Memory(cell) => w.memory[cell as usize],
            Cell::Local(t, cell) => w.threads[t.index()].locals[cell as usize],
        }
    }

    fn index(&self, w: &World, t: usize, len: u32) -> Option<u32> {
        let top = *w.threads[t].stack.last().unwrap();
        (0..i64::from(len)).contains(&top).then_some(top as u32)
    }

    /// The cell of a place: memory cells are `Ok`, locals `Err`; nothing when the index is out of range.
    pub fn cell(&self, w: &World, t: usize, place: Place) -> Option<Result<u32, u32>> {
        match place {
            Place::Memory(cell) => Some(Ok(cell)),
            Place::Local(cell) => Some(Err(cell)),
            Place::MemoryAt { base, len } => Some(Ok(base + self.index(w, t, len)?)),
            Place::LocalAt { base, len } => Some(Err(base + self.index(w, t, len)?)),
        }
    }

    pub fn object(&self, w: &World, t: usize) -> Option<usize> {
        match self.instr(w, t).operand() {
            Operand::Target(Target::One(o)) => Some(o.index()),
            Operand::Target(Target::At { base, len }) => Some((base.0 + self.index(w, t, len)?) as usize),
            _ => None,
        }
    }

    fn others(&self, w: &World, t: usize, operand: Threads) -> Option<Vec<usize>> {
        let (group, copies) = match operand {
            Threads::All(g) => (g, None),
            Threads::Copy(g, k) => (g, Some(k)),
            Threads::At(g) => (g, Some(self.index(w, t, self.program.groups[g.index()].copies)?)),
        };
        let g = &self.program.groups[group.index()];
        let copies = copies.map_or(0..g.copies, |k| k..k + 1);
        Some(copies.map(|k| g.first.index() + k as usize).collect())
    }

    /// The places in a thread's buffer of what may go to memory next.
    pub fn flushes(&self, w: &World, t: usize) -> Vec<usize> {
        let buffer = &w.threads[t].buffer;
        let is_oldest = |&i: &usize| match self.models.memory {
            MemoryModel::Pso => buffer[..i].iter().all(|entry| entry.0 != buffer[i].0),
            _ => i == 0,
        };
        (0..buffer.len()).filter(is_oldest).collect()
    }

    pub fn enabled(&self, w: &World, t: usize) -> bool {
        let thread = &w.threads[t];
        if !thread.started || thread.done {
            return false;
        }
        let instr = self.instr(w, t);
        let synchronizes =
            matches!(instr, I::Fence | I::Cas(_) | I::Xadd(_) | I::Xchg(_) | I::Start(_) | I::Join(_))
                || matches!(instr.operand(), Operand::Target(_));
        if synchronizes && !thread.buffer.is_empty() {
            return false;
        }
        if let I::Store(place) = instr {
            let Some(Ok(cell)) = self.cell(w, t, place) else { return true };
            let same = |entry: &&(u32, i64)| self.models.memory == MemoryModel::Tso || entry.0 == cell;
            return thread.buffer.iter().filter(same).count() < 8;
        }
        if let I::Join(operand) = instr {
            let Some(others) = self.others(w, t, operand) else { return true };
            let over = |o: &usize| w.threads[*o].done && w.threads[*o].buffer.is_empty();
            return others.iter().any(|&o| !w.threads[o].started) || others.iter().all(over);
        }
        let Some(o) = self.object(w, t) else { return true };
        let object = &w.objects[o];
        let free = object.owner.is_none() && object.readers.is_empty();
        match (instr, self.program.objects[o].kind) {
            (I::Lock(_), K::Rlock) => free || object.owner == Some(t),
            (I::Lock(_) | I::WrLock(_), _) => free,
            (I::RdLock(_), _) => object.owner.is_none(),
            (I::Acquire(_), _) => object.n > 0,
            (I::Wait(_), K::Condition { lock }) => {
                thread.waits == 0 || (!object.set.contains(&t) && w.objects[lock.index()].owner.is_none())
            }
            (I::Wait(_), K::Event { .. }) => object.n != 0,
            (I::Wait(_), _) => thread.waits == 0,
            (I::Put(_), K::Queue { max }) => object.queue.len() < max as usize,
            (I::Get(_), _) => !object.queue.is_empty(),
            _ => true,
        }
    }

    /// The successors of a step: values to choose, waiters to wake, or one that needs no name.
    pub fn choices(&self, w: &World, t: usize) -> Vec<i64> {
        match (self.instr(w, t), self.object(w, t)) {
            (I::Choose(range), _) => (range.low..=range.high).collect(),
            (I::Notify(_), Some(o)) if !w.objects[o].set.is_empty() => {
                w.objects[o].set.iter().map(|&waiter| waiter as i64).collect()
            }
            _ => vec![-1],
        }
    }

    pub fn step(&self, w: &mut World, t: usize, choice: i64) -> Step {
        let instr = self.instr(w, t);
        let has_index = instr.takes_index();
        if matches!(instr.operand(), Operand::Target(_)) {
            let Some(o) = self.object(w, t) else { return fault("index out of range") };
            return self.step_object(w, t, o, instr, choice, has_index);
        }
        let mut stack = w.threads[t].stack.clone();
        let mut pop = || stack.pop().unwrap();
        let mut pushed = vec![];
        let mut moved = Moved::On;
        match instr {
            I::Push(n) => pushed.push(n),
            I::Pop => drop(pop()),
            I::Dup => {
                let a = pop();
                pushed.extend([a, a])
            }
            I::Swap => {
                let (b, a) = (pop(), pop());
                pushed.extend([b, a])
            }
            I::Over => {
                let (b, a) = (pop(), pop());
                pushed.extend([a, b, a])
            }
            I::Neg => pushed.push(pop().checked_neg().ok_or(Some("overflow".to_owned()))?),
            I::Not => pushed.push(i64::from(pop() == 0)),
            I::Jmp(a) => moved = Moved::Jump(a.index()),
            I::Jz(a) => {
                if pop() == 0 {
                    moved = Moved::Jump(a.index())
                }
            }
            I::Jnz(a) => {
                if pop() != 0 {
                    moved = Moved::Jump(a.index())
                }
            }
            I::Call(f) => {
                let pc = w.threads[t].pc + 1;
                w.threads[t].calls.push(pc);
                w.threads[t].pc = self.program.procs[f.index()].body.entry.index();
                return Ok(Moved::Stay);
            }
            I::Ret => {
                w.threads[t].pc = w.threads[t].calls.pop().unwrap();
                return Ok(Moved::Stay);
            }
            I::Halt => {
                w.threads[t].done = true;
                return Ok(Moved::Stay);
            }
            I::SelfIndex => pushed
                .push(t as i64 - self.program.groups[self.program.threads[t].index()].first.index() as i64),
            I::Nop | I::Fence | I::Yield => {}
            I::Choose(_) => pushed.push(choice),
            I::Assert(text) => {
                if pop() == 0 {
                    return fault(text.map_or("assertion failed", |text| &self.program.texts[text.index()]));
                }
            }
            I::Assume => {
                if pop() == 0 {
                    return Err(None);
                }
            }
            I::Print => {
                if w.output.len() == 64 {
                    return fault("more than 64 values printed");
                }
                w.output.push(pop());
            }
            I::Load(place) | I::Store(place) | I::Cas(place) | I::Xadd(place) | I::Xchg(place) => {
                let Some(cell) = self.cell(w, t, place) else { return fault("index out of range") };
                if has_index {
                    pop();
                }
                let thread = &w.threads[t];
                let old = match cell {
                    Ok(m) => thread.buffer.iter().rfind(|e| e.0 == m).map_or(w.memory[m as usize], |e| e.1),
                    Err(l) => thread.locals[l as usize],
                };
                let new = match instr {
                    I::Load(_) => {
                        pushed.push(old);
                        None
                    }
                    I::Store(_) => Some(pop()),
                    I::Cas(_) => {
                        let (new, expected) = (pop(), pop());
                        pushed.push(i64::from(old == expected));
                        (old == expected).then_some(new)
                    }
                    I::Xadd(_) => {
                        pushed.push(old);
                        Some(old.checked_add(pop()).ok_or(Some("overflow".to_owned()))?)
                    }
                    _ => {
                        pushed.push(old);
                        Some(pop())
                    }
                };
                match (cell, new) {
                    (_, None) => {}
                    (Err(l), Some(new)) => w.threads[t].locals[l as usize] = new,
                    (Ok(m), Some(new))
                        if matches!(instr, I::Store(_)) && self.models.memory != MemoryModel::Sc =>
                    {
                        w.threads[t].buffer.push((m, new))
                    }
                    (Ok(m), Some(new)) => w.memory[m as usize] = new,
                }
            }
            I::Start(operand) | I::Join(operand) => {
                let Some(others) = self.others(w, t, operand) else { return fault("index out of range") };
                if has_index {
                    pop();
                }
                let starts = matches!(instr, I::Start(_));
                if others.iter().any(|&o| w.threads[o].started == starts) {
                    return fault(if starts {
                        "thread started twice"
                    } else {
                        "join of a thread that was not started"
                    });
                }
                for o in others {
                    w.threads[o].started = true
                }
            }
            _ => {
                let (b, a) = (pop(), pop());
                pushed.push(binary(instr, a, b)?)
            }
        }
        stack.extend(pushed);
        w.threads[t].stack = stack;
        Ok(moved)
    }

    fn step_object(&self, w: &mut World, t: usize, o: usize, instr: I, choice: i64, has_index: bool) -> Step {
        let kind = self.program.objects[o].kind;
        let mut stack = w.threads[t].stack.clone();
        if has_index {
            stack.pop();
        }
        let object = &mut w.objects[o];
        match instr {
            I::Lock(_) => {
                object.owner = Some(t);
                object.n += 1
            }
            I::TryLock(_) => {
                let free = object.owner.is_none() || (kind == K::Rlock && object.owner == Some(t));
                if free {
                    object.owner = Some(t);
                    object.n += 1
                }
                stack.push(i64::from(free));
            }
            I::Unlock(_) => match object.readers.iter().position(|&r| r == t) {
                _ if object.owner == Some(t) => {
                    object.n -= 1;
                    if object.n == 0 {
                        object.owner = None
                    }
                }
                Some(place) => drop(object.readers.remove(place)),
                None => return fault("unlock of a lock that is not held"),
            },
            I::RdLock(_) => {
                object.readers.push(t);
                object.readers.sort_unstable()
            }
            I::WrLock(_) => {
                object.owner = Some(t);
                object.n = 1
            }
            I::Acquire(_) => object.n -= 1,
            I::TryAcquire(_) => {
                let free = object.n > 0;
                object.n -= i64::from(free);
                stack.push(i64::from(free))
            }
            I::Release(_) => {
                if matches!(kind, K::Semaphore { max: Some(max), .. } if object.n == max) {
                    return fault("release past the maximum");
                }
                object.n += 1;
            }
            I::Notify(_) => drop(object.set.remove(&(choice as usize))),
            I::NotifyAll(_) => object.set.clear(),
            I::Set(_) => object.n = 1,
            I::Clear(_) => object.n = 0,
            I::IsSet(_) => stack.push(object.n),
            I::Put(_) => object.queue.push_back(stack.pop().unwrap()),
            I::TryPut(_) => {
                let value = stack.pop().unwrap();
                let room = matches!(kind, K::Queue { max } if object.queue.len() < max as usize);
                if room {
                    object.queue.push_back(value)
                }
                stack.push(i64::from(room));
            }
            I::Get(_) => stack.push(object.queue.pop_front().unwrap()),
            I::TryGet(_) => {
                let value = object.queue.pop_front();
                stack.extend([value.unwrap_or(0), i64::from(value.is_some())])
            }
            I::Len(_) => stack.push(object.queue.len() as i64),
            I::Wait(_) => match kind {
                K::Condition { lock } if w.threads[t].waits == 0 => {
                    object.set.insert(t);
                    let lock = &mut w.objects[lock.index()];
                    if lock.owner != Some(t) {
                        return fault("wait without holding the lock");
                    }
                    w.threads[t].waits = lock.n;
                    (lock.owner, lock.n) = (None, 0);
                    return Ok(Moved::Stay);
                }
                K::Condition { lock } => {
                    let lock = &mut w.objects[lock.index()];
                    (lock.owner, lock.n) = (Some(t), w.threads[t].waits);
                    w.threads[t].waits = 0;
                }
                K::Barrier { parties } if object.set.len() + 1 < parties as usize => {
                    object.set.insert(t);
                    w.threads[t].waits = 1;
                    return Ok(Moved::Stay);
                }
                K::Barrier { .. } => {
                    for other in std::mem::take(&mut object.set) {
                        let other = &mut w.threads[other];
                        if self.program.code[other.pc].takes_index() {
                            other.stack.pop();
                        }
                        other.waits = 0;
                        other.pc += 1;
                    }
                }
                _ => {}
            },
            _ => unreachable!("not an instruction on an object"),
        }
        w.threads[t].stack = stack;
        Ok(Moved::On)
    }
}

fn binary(instr: I, a: i64, b: i64) -> Result<i64, Option<String>> {
    let (wide_a, wide_b) = (i128::from(a), i128::from(b));
    let floor = |a: i128, b: i128| {
        let q = a / b;
        if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q }
    };
    let shift = || if (0..64).contains(&b) { Ok(b as u32) } else { fault("shift count out of range") };
    let wide = match instr {
        I::Add => wide_a + wide_b,
        I::Sub => wide_a - wide_b,
        I::Mul => wide_a * wide_b,
        I::Div | I::Mod if b == 0 => return fault("division by zero"),
        I::Div => floor(wide_a, wide_b),
        I::Mod => wide_a - floor(wide_a, wide_b) * wide_b,
        I::Eq => (a == b).into(),
        I::Ne => (a != b).into(),
        I::Lt => (a < b).into(),
        I::Le => (a <= b).into(),
        I::Gt => (a > b).into(),
        I::Ge => (a >= b).into(),
        I::And => (a & b).into(),
        I::Or => (a | b).into(),
        I::Xor => (a ^ b).into(),
        I::Shl => (a.wrapping_shl(shift()?)).into(),
        I::Shr => (a >> shift()?).into(),
        _ => unreachable!("not a binary operation"),
    };
    i64::try_from(wide).or_else(|_| fault("overflow"))
}
