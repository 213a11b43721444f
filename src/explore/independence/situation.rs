//! A situation: one state as the reductions see it, with what each process minds and can still do.
//!
//! A process is a thread or, under `tso` and `pso`, its store buffers. What is asked of the state is computed
//! when it is first needed: most questions are settled by two or three processes.

use super::Independence;
use super::features::{Elements, Features, Set, add, add_all, has, of};
use super::future::{Bar, Code, Table, remove_exit};
use crate::program::{Addr, Instr, ObjectId, ObjectKind, Operand, Target, ThreadId};
use crate::vm::{Action, Actor, Blocked, Choice, Machine, State};

/// A thread, or a thread's store buffers; threads first.
pub(in crate::explore) type Process = usize;

/// Whether a process can go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// It has a step.
    Enabled,
    /// Its step is a fault, or a failed `ASSUME`.
    Stops,
    /// It waits for others.
    Blocked,
    /// It has not been started, has finished, or is an empty buffer.
    Absent,
}

/// Who could enable a process that is not.
enum Enablers {
    Nobody,
    Process(Process),
    Feature(u32),
}

/// The situation of one state after another; keeps its memory between them.
#[derive(Debug)]
pub(in crate::explore) struct Situation<'m, 'p> {
    machine: &'m Machine<'p>,
    independence: &'m Independence,
    threads: usize,
    processes: usize,
    standings: Vec<Option<Standing>>,
    /// For each process what it minds, then for each what it can still do; valid where `known` says so.
    sets: Vec<u64>,
    known: Vec<bool>,
    /// Who keeps others out, and by which bar; valid where `bars_known`.
    held: Vec<(Process, usize)>,
    bars_known: bool,
    scratch: State,
    left: Vec<u64>,
    row: Vec<u64>,
}

impl<'m, 'p> Situation<'m, 'p> {
    pub fn new(machine: &'m Machine<'p>, independence: &'m Independence) -> Situation<'m, 'p> {
        let threads = machine.program().threads.len();
        let buffered = machine.models().memory != crate::program::MemoryModel::Sc;
        let processes = threads * if buffered { 2 } else { 1 };
        let words = independence.features.words;
        Situation {
            machine,
            independence,
            threads,
            processes,
            standings: vec![None; processes],
            sets: vec![0; 2 * processes * words],
            known: vec![false; 2 * processes],
            held: Vec::new(),
            bars_known: false,
            scratch: machine.initial(),
            left: vec![0; words],
            row: vec![0; words],
        }
    }

    /// Forgets what was computed: the next questions are about another state.
    pub fn reset(&mut self) {
        self.standings.fill(None);
        self.known.fill(false);
        self.bars_known = false;
    }

    /// Returns the process of an actor.
    pub fn process(&self, actor: Actor) -> Process {
        match actor {
            Actor::Thread(thread) => thread.index(),
            Actor::Buffer(thread, _) => self.threads + thread.index(),
        }
    }

    /// Returns true when the process has a step that goes on with the execution.
    pub fn goes_on(&mut self, state: &State, process: Process) -> bool {
        self.standing(state, process) == Standing::Enabled
    }

    /// Returns true when the process has a step, and that ends the execution.
    pub fn stops(&mut self, state: &State, process: Process) -> bool {
        self.standing(state, process) == Standing::Stops
    }

    /// Returns true when the thread has a step, whatever comes of it.
    pub fn is_enabled(&self, state: &State, thread: ThreadId) -> bool {
        self.machine.is_enabled(state, thread)
    }

    /// Returns true when some thread can still read a cell.
    pub fn can_be_read(&mut self, state: &State, cell: u32) -> bool {
        let feature = self.independence.features.read(cell);
        (0..self.threads).any(|thread| {
            self.find_future(state, thread);
            has(&self.sets[self.future_range(thread)], feature)
        })
    }

    /// Returns true when some thread can still touch an object.
    pub fn can_be_touched(&mut self, state: &State, object: ObjectId) -> bool {
        self.row.fill(0);
        self.independence.features.add_object(object, &mut self.row);
        (0..self.threads).any(|thread| {
            self.find_future(state, thread);
            overlaps(&self.sets[self.future_range(thread)], &self.row)
        })
    }

    /// Returns true when the step that comes next is the thread's own business: it touches nothing but its
    /// stack and locals, and no expectation looks at what it changes.
    pub fn is_local(&self, state: &State, thread: ThreadId) -> bool {
        let Some(pc) = self.machine.pc(state, thread) else { return false };
        let instr = self.machine.program().instr(pc);
        let code = self.independence.code(thread);
        let touches = matches!(instr.operand(), Operand::Target(_) | Operand::Threads(_))
            || crate::vm::accessed(instr).is_some()
            || instr == Instr::Print;
        !touches && !code.visible[pc.index()] && !self.is_run(state, thread, pc)
    }

    /// Returns true when the thread's step by itself is a stubborn set that no observer sees.
    pub fn is_alone(&mut self, state: &State, thread: ThreadId) -> bool {
        let Some(pc) = self.machine.pc(state, thread) else { return false };
        if self.is_run(state, thread, pc) || !self.machine.is_enabled(state, thread) {
            return false;
        }
        let process = thread.index();
        let members = 1_u128 << process;
        let observers = &self.independence.observers.all;
        self.find_minded(state, process);
        let minds = &self.sets[self.minds_range(process)];
        if observers.iter().any(|observer| overlaps(minds, &observer.has)) {
            return false;
        }
        // The thread's own buffer goes on as it would: what it holds is neither read nor reordered.
        let own_buffer = self.threads + process;
        (0..self.processes)
            .filter(|&other| other != process && other != own_buffer)
            .all(|other| !self.conflicts(state, process, other, members))
    }

    /// Computes the stubborn set that contains a process, with the number of its members that go on: see
    /// [`stubborn`](crate::explore::stubborn). Gives up where that would be more than `most`.
    pub fn close(&mut self, state: &State, seed: Process, most: u32) -> Option<(u128, u32)> {
        let mut members = 1_u128 << seed;
        let mut looked = 0_u128;
        let mut observing = vec![false; self.independence.observers.all.len()];
        let mut enabled = 0;
        while members != looked {
            let process = (members & !looked).trailing_zeros() as Process;
            looked |= 1 << process;
            match self.standing(state, process) {
                Standing::Enabled | Standing::Stops => {
                    enabled += u32::from(self.standing(state, process) == Standing::Enabled);
                    if enabled > most {
                        return None;
                    }
                    members |= self.minded_by(state, process, members);
                    members |= self.linked(state, process);
                    members |= self.observed(state, process, members, &mut observing);
                }
                Standing::Blocked | Standing::Absent => {
                    members |= self.linked(state, process);
                    members |= self.enabling(state, process, members);
                }
            }
        }
        Some((members, enabled))
    }

    /// The processes outside the set with which a member conflicts.
    fn minded_by(&mut self, state: &State, process: Process, members: u128) -> u128 {
        self.find_minded(state, process);
        let mut found = 0;
        for other in 0..self.processes {
            let own_buffer = self.thread_of(other) == self.thread_of(process);
            if members >> other & 1 == 0 && !own_buffer && self.conflicts(state, process, other, members) {
                found |= 1 << other;
            }
        }
        found
    }

    /// Where several steps lie between two decisions, how far a thread comes depends on its own buffers.
    fn linked(&self, state: &State, process: Process) -> u128 {
        let thread = self.thread_of(process);
        let buffered = self.processes > self.threads;
        let runs = self.machine.pc(state, thread).is_some_and(|pc| self.is_run(state, thread, pc));
        if buffered && runs { 1 << thread.index() | 1 << (self.threads + thread.index()) } else { 0 }
    }

    /// Where a member changes what an observer looks at: all who can still do so.
    fn observed(&mut self, state: &State, process: Process, members: u128, observing: &mut [bool]) -> u128 {
        let mut found = 0;
        let independence = self.independence;
        for (observer, observing) in independence.observers.all.iter().zip(observing) {
            let minds = &self.sets[self.minds_range(process)];
            if *observing || !overlaps(minds, &observer.has) {
                continue;
            }
            *observing = true;
            for other in 0..self.processes {
                self.find_future(state, other);
                let future = &self.sets[self.future_range(other)];
                if members >> other & 1 == 0 && overlaps(future, &observer.minds) {
                    found |= 1 << other;
                }
            }
        }
        found
    }

    /// The processes outside the set that could enable a member which is not.
    fn enabling(&mut self, state: &State, process: Process, members: u128) -> u128 {
        match self.enablers(state, process) {
            Enablers::Nobody => 0,
            Enablers::Process(other) => 1 << other,
            Enablers::Feature(feature) => {
                let able = |situation: &mut Self, other: Process| {
                    other != process
                        && members >> other & 1 == 0
                        && situation.can_still(state, other, feature, members)
                };
                (0..self.processes).filter(|&other| able(self, other)).fold(0, |set, other| set | 1 << other)
            }
        }
    }

    /// Returns true when a process outside the set can, while the members stand still, do something that a
    /// member's next step minds.
    fn conflicts(&mut self, state: &State, member: Process, other: Process, members: u128) -> bool {
        self.find_future(state, other);
        let (minds, future) = (self.minds_range(member), self.future_range(other));
        let sets = &self.sets;
        let mut any = 0;
        for (left, (a, b)) in self.left.iter_mut().zip(sets[minds].iter().zip(&sets[future])) {
            *left = a & b;
            any |= *left;
        }
        any != 0 && self.outlasts_bars(state, other, members) && !self.is_frozen(state, other, members)
    }

    /// Takes from `left` what a process cannot do behind the members' bars; returns true when something is
    /// left.
    fn outlasts_bars(&mut self, state: &State, other: Process, members: u128) -> bool {
        if other >= self.threads {
            return true;
        }
        self.find_bars(state);
        let thread = ThreadId(other as u32);
        for index in 0..self.held.len() {
            let (holder, bar) = self.held[index];
            if members >> holder & 1 == 0 {
                continue;
            }
            let independence = self.independence;
            let table = &independence.code(thread).behind[bar];
            let mut row = std::mem::take(&mut self.row);
            self.fill_future(state, thread, table, Some(independence.bars[bar]), &mut row);
            let mut any = 0;
            for (left, word) in self.left.iter_mut().zip(&row) {
                *left &= word;
                any |= *left;
            }
            self.row = row;
            if any == 0 {
                return false;
            }
        }
        true
    }

    /// Returns true when a process can still do something while the members stand still.
    fn can_still(&mut self, state: &State, other: Process, feature: u32, members: u128) -> bool {
        self.find_future(state, other);
        if !has(&self.sets[self.future_range(other)], feature) {
            return false;
        }
        self.left.fill(0);
        add(&mut self.left, feature);
        self.outlasts_bars(state, other, members)
    }

    /// Returns true when a process cannot move before a member does.
    fn is_frozen(&mut self, state: &State, other: Process, members: u128) -> bool {
        if matches!(self.standing(state, other), Standing::Enabled | Standing::Stops) {
            return false;
        }
        match self.enablers(state, other) {
            Enablers::Nobody => true,
            Enablers::Process(enabler) => members >> enabler & 1 == 1,
            Enablers::Feature(feature) => (0..self.processes).all(|enabler| {
                enabler == other
                    || members >> enabler & 1 == 1
                    || !self.can_still(state, enabler, feature, members)
            }),
        }
    }

    fn enablers(&mut self, state: &State, process: Process) -> Enablers {
        if process >= self.threads {
            return Enablers::Process(process - self.threads);
        }
        let (machine, features) = (self.machine, &self.independence.features);
        let thread = ThreadId(process as u32);
        if !machine.is_started(state, thread) {
            return Enablers::Feature(features.start(thread));
        }
        let Some(blocked) = machine.blocked(state, thread) else { return Enablers::Nobody };
        let holder = |holders: &[ThreadId]| match holders {
            holders if holders.contains(&thread) => Enablers::Nobody,
            [holder, ..] => Enablers::Process(holder.index()),
            [] => unreachable!("somebody holds what a thread waits for"),
        };
        match blocked {
            Blocked::Lock(_, holders) | Blocked::Relock(_, _, holders) => holder(&holders),
            Blocked::Notification(object) => Enablers::Feature(features.object(object, of::NOTIFY)),
            Blocked::Permit(object) => Enablers::Feature(features.object(object, of::GIVE)),
            Blocked::Event(object) => Enablers::Feature(features.object(object, of::SET)),
            Blocked::Barrier(object, _) => Enablers::Feature(features.object(object, of::WAIT)),
            Blocked::Room(object) => Enablers::Feature(features.object(object, of::GET)),
            Blocked::Value(object) => Enablers::Feature(features.object(object, of::PUT)),
            Blocked::End(threads) => match threads[..] {
                [other, ..] if machine.is_finished(state, other) => {
                    Enablers::Process(self.threads + other.index())
                }
                [other, ..] => Enablers::Process(other.index()),
                [] => unreachable!("a thread that waits for others waits for at least one"),
            },
            Blocked::Buffer => Enablers::Process(self.threads + process),
        }
    }

    fn standing(&mut self, state: &State, process: Process) -> Standing {
        if let Some(standing) = self.standings[process] {
            return standing;
        }
        let machine = self.machine;
        let thread = self.thread_of(process);
        let standing = if process >= self.threads {
            if machine.is_drained(state, thread) { Standing::Absent } else { Standing::Enabled }
        } else {
            match machine.pc(state, thread) {
                None => Standing::Absent,
                Some(_) if !machine.is_enabled(state, thread) => Standing::Blocked,
                Some(pc) if may_stop(machine.program().instr(pc)) => {
                    self.scratch.clone_from(state);
                    let action = Action { actor: Actor::Thread(thread), choice: Choice::Only };
                    let ends = machine.step(&mut self.scratch, action).is_err();
                    if ends { Standing::Stops } else { Standing::Enabled }
                }
                Some(_) => Standing::Enabled,
            }
        };
        self.standings[process] = Some(standing);
        standing
    }

    /// Lists the locks that threads hold, and the threads that have not finished.
    fn find_bars(&mut self, state: &State) {
        if self.bars_known {
            return;
        }
        self.bars_known = true;
        self.held.clear();
        for (index, &bar) in self.independence.bars.iter().enumerate() {
            match bar {
                Bar::Lock(lock) => {
                    let owner = self.machine.owner(state, lock);
                    self.held.extend(owner.map(|owner| (owner.index(), index)));
                }
                Bar::Reader(lock) => {
                    let reads = |&thread: &usize| self.machine.holds(state, ThreadId(thread as u32), lock);
                    self.held.extend((0..self.threads).filter(reads).map(|thread| (thread, index)));
                }
                Bar::Life(thread) if !self.machine.is_finished(state, thread) => {
                    self.held.push((thread.index(), index));
                }
                Bar::Life(thread) if !self.machine.is_drained(state, thread) => {
                    self.held.push((self.threads + thread.index(), index));
                }
                Bar::Life(_) => {}
            }
        }
    }

    fn find_minded(&mut self, state: &State, process: Process) {
        if !std::mem::replace(&mut self.known[process], true) {
            let range = self.minds_range(process);
            let mut sets = std::mem::take(&mut self.sets);
            sets[range.clone()].fill(0);
            self.fill_minded(state, process, &mut sets[range]);
            self.sets = sets;
        }
    }

    fn find_future(&mut self, state: &State, process: Process) {
        if !std::mem::replace(&mut self.known[self.processes + process], true) {
            let range = self.future_range(process);
            let mut sets = std::mem::take(&mut self.sets);
            let set = &mut sets[range];
            let thread = self.thread_of(process);
            if process >= self.threads {
                set.fill(0);
                for (cell, _) in self.machine.buffered(state, thread) {
                    add(set, self.independence.features.write(cell));
                }
            } else {
                self.fill_future(state, thread, &self.independence.code(thread).future, None, set);
            }
            self.sets = sets;
        }
    }

    /// Computes what a thread can still do, possibly behind a bar.
    fn fill_future(&self, state: &State, thread: ThreadId, table: &Table, bar: Option<Bar>, set: &mut Set) {
        let (machine, features) = (self.machine, &self.independence.features);
        set.fill(0);
        let Some(pc) = machine.pc(state, thread) else {
            if !machine.is_started(state, thread) {
                add_all(set, table.row(machine.program().group(thread).body.entry));
            }
            return;
        };
        if machine.is_waiting(state, thread) {
            // All that is left of the WAIT is to take the lock back, if there is one.
            if let Some(lock) = self.lock_to_retake(state, thread, pc) {
                if bar == Some(Bar::Lock(lock)) {
                    return;
                }
                add(set, features.object(lock, of::TAKE));
            }
            if self.independence.code(thread).visible[pc.index()] {
                add(set, features.position);
            }
            add_all(set, table.row(Addr(pc.0 + 1)));
        } else {
            add_all(set, table.row(pc));
        }
        self.add_callers(state, thread, table, set);
    }

    /// Adds the rows of the open calls, the innermost first, as long as they can be come back to.
    fn add_callers(&self, state: &State, thread: ThreadId, table: &Table, set: &mut Set) {
        let exit = self.independence.features.exit;
        for level in (0..self.machine.depth(state, thread)).rev() {
            if !has(set, exit) {
                return;
            }
            remove_exit(set, exit);
            let call = self.machine.call_site(state, thread, level);
            add_all(set, table.row(Addr(call.0 + 1)));
        }
        remove_exit(set, exit);
    }

    fn lock_to_retake(&self, state: &State, thread: ThreadId, pc: Addr) -> Option<ObjectId> {
        let Instr::Wait(target) = self.machine.program().instr(pc) else { return None };
        let object = self.machine.object(state, thread, target)?;
        match self.machine.program().objects[object.index()].kind {
            ObjectKind::Condition { lock } => Some(lock),
            _ => None,
        }
    }

    /// Returns true when more than one step may lie between the thread's next step and a decision.
    fn is_run(&self, state: &State, thread: ThreadId, pc: Addr) -> bool {
        self.independence.runs && (!self.independence.every || self.is_in_block(state, thread, pc))
    }

    fn is_in_block(&self, state: &State, thread: ThreadId, pc: Addr) -> bool {
        self.machine.program().places[pc.index()].block.is_some() || self.is_called_in_block(state, thread)
    }

    fn is_called_in_block(&self, state: &State, thread: ThreadId) -> bool {
        let in_block = |level| {
            let call = self.machine.call_site(state, thread, level);
            self.machine.program().places[call.index()].block.is_some()
        };
        (0..self.machine.depth(state, thread)).any(in_block)
    }

    fn fill_minded(&self, state: &State, process: Process, set: &mut Set) {
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

    fn thread_of(&self, process: Process) -> ThreadId {
        ThreadId((process % self.threads) as u32)
    }

    fn minds_range(&self, process: Process) -> std::ops::Range<usize> {
        let words = self.independence.features.words;
        process * words..(process + 1) * words
    }

    fn future_range(&self, process: Process) -> std::ops::Range<usize> {
        self.minds_range(self.processes + process)
    }
}

fn mind(features: &Features, object: ObjectId, list: &[u32], set: &mut Set) {
    for &feature in list {
        add(set, features.object(object, feature));
    }
}

fn overlaps(a: &Set, b: &Set) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}

/// Returns true when the instruction can be a fault or fail.
fn may_stop(instr: Instr) -> bool {
    instr.takes_index()
        || matches!(
            instr,
            Instr::Add
                | Instr::Sub
                | Instr::Mul
                | Instr::Div
                | Instr::Mod
                | Instr::Neg
                | Instr::Shl
                | Instr::Shr
                | Instr::Xadd(_)
                | Instr::Assert(_)
                | Instr::Assume
                | Instr::Print
                | Instr::Unlock(Target::One(_))
                | Instr::Wait(_)
                | Instr::Release(_)
                | Instr::Start(_)
                | Instr::Join(_)
        )
}
