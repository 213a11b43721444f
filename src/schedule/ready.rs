//! Who may be chosen next, kept up to date from step to step instead of asked of every thread.
//!
//! A thread whose next instruction cannot block is enabled on its own account. Threads that wait for one and
//! the same thing of one object (its lock, a permit, a value) are enabled together or not at all: they share
//! a *room*, which opens and closes as a whole, so that a lock that 10,000 threads want costs no more than
//! one that two want. A thread that waits for a notification, for a barrier, for its own store buffers or
//! for the end of another is parked, and looked at again when that comes.
//!
//! What makes a thread enabled is decided by [`Machine::is_enabled`] alone; here stands only what can change
//! the answer, which is less than the truth about it.

use super::weights::Weights;
use crate::program::{Addr, Instr, MemoryModel, ObjectId, ObjectKind, Operand, ThreadId};
use crate::vm::{Actor, Machine, State};

/// The actors that may be chosen, numbered from 0 in no particular order.
#[derive(Clone, Debug)]
pub struct Ready {
    traits: Vec<Traits>,
    slots: Vec<Slot>,
    /// The threads that are enabled on their own account, and the same as a set of bits.
    singles: Vec<ThreadId>,
    single_bits: Vec<u64>,
    /// Two for each object.
    rooms: Vec<Room>,
    /// For each room its number of members, 0 while it is closed.
    open: Weights,
    /// For each thread the number of its buffers that hold something.
    buffers: Weights,
    /// For each thread those that are parked until it has ended.
    joiners: Vec<Vec<ThreadId>>,
    /// How often an actor has come in.
    arrivals: u64,
    /// What the step that is being executed may change besides its own thread.
    objects: Vec<ObjectId>,
    threads: Vec<ThreadId>,
    scratch: Vec<Actor>,
}

/// What an instruction can do, as far as scheduling goes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Traits(u8);

impl Traits {
    /// It may change whether other threads are enabled, or the thread's buffers.
    const TOUCHES: u8 = 1;
    /// A thread that is about to execute it may be blocked.
    const WAITS: u8 = 2;
    /// It may have several successors.
    const CHOOSES: u8 = 4;

    fn of(instr: Instr, memory: MemoryModel) -> Traits {
        let is_weak = memory != MemoryModel::Sc;
        Traits(match (instr, instr.operand()) {
            (Instr::Notify(_), _) => Self::TOUCHES | Self::WAITS | Self::CHOOSES,
            (Instr::Choose(_), _) => Self::CHOOSES,
            (_, Operand::Target(_) | Operand::Threads(_)) => Self::TOUCHES | Self::WAITS,
            // Whoever comes here has finished, or returns to what may block it.
            (Instr::End, _) => Self::WAITS,
            (Instr::Store(_), _) if is_weak => Self::TOUCHES | Self::WAITS,
            (Instr::Fence | Instr::Cas(_) | Instr::Xadd(_) | Instr::Xchg(_), _) if is_weak => Self::WAITS,
            _ => 0,
        })
    }

    pub fn touches(self) -> bool {
        self.0 & Self::TOUCHES != 0
    }

    pub fn waits(self) -> bool {
        self.0 & Self::WAITS != 0
    }

    pub fn chooses(self) -> bool {
        self.0 & Self::CHOOSES != 0
    }
}

/// Where a thread is filed, and at which place there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Slot {
    Single(u32),
    Room(u32, u32),
    Parked,
    /// Not started, or finished.
    Absent,
}

#[derive(Clone, Default, Debug)]
struct Room {
    members: Vec<ThreadId>,
    is_open: bool,
}

impl Ready {
    /// Makes room for a program's threads; [`Self::begin`] files them.
    pub(super) fn new(machine: &Machine<'_>) -> Ready {
        let program = machine.program();
        let threads = program.threads.len();
        let memory = machine.models().memory;
        let has_joins = program.code.iter().any(|instr| matches!(instr, Instr::Join(_)));
        Ready {
            traits: program.code.iter().map(|&instr| Traits::of(instr, memory)).collect(),
            slots: vec![Slot::Absent; threads],
            singles: Vec::with_capacity(threads),
            single_bits: vec![0; threads.div_ceil(64)],
            rooms: vec![Room::default(); 2 * program.objects.len()],
            open: Weights::new(2 * program.objects.len()),
            buffers: Weights::new(if memory == MemoryModel::Sc { 0 } else { threads }),
            joiners: vec![Vec::new(); if has_joins { threads } else { 0 }],
            arrivals: 0,
            objects: Vec::new(),
            threads: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Files all threads as they stand in an initial state.
    pub(super) fn begin(&mut self, machine: &Machine<'_>, state: &State) {
        self.slots.fill(Slot::Absent);
        self.singles.clear();
        self.single_bits.fill(0);
        for room in &mut self.rooms {
            room.members.clear();
            room.is_open = false;
        }
        self.open.clear();
        self.buffers.clear();
        self.joiners.iter_mut().for_each(Vec::clear);
        for id in machine.program().thread_ids() {
            self.file(machine, state, id);
        }
    }

    /// Returns the actors, in order of their numbers, where all of them are threads that nothing can block.
    #[inline]
    pub fn free_threads(&self) -> Option<&[ThreadId]> {
        (self.open.total() + self.buffers.total() == 0).then_some(&self.singles)
    }

    /// Returns how many actors may be chosen.
    pub fn len(&self) -> usize {
        self.singles.len() + self.open.total() + self.buffers.total()
    }

    /// Returns true when nobody may be chosen: the execution has ended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns an actor by its number.
    #[inline]
    pub fn actor(&self, machine: &Machine<'_>, state: &State, number: usize) -> Actor {
        match self.singles.get(number) {
            Some(&id) => Actor::Thread(id),
            None => self.other_actor(machine, state, number - self.singles.len()),
        }
    }

    fn other_actor(&self, machine: &Machine<'_>, state: &State, number: usize) -> Actor {
        if number < self.open.total() {
            let (room, place) = self.open.find(number);
            return Actor::Thread(self.rooms[room].members[place]);
        }
        let (thread, place) = self.buffers.find(number - self.open.total());
        let mut ready = Vec::new();
        machine.ready_buffers(state, ThreadId(thread as u32), &mut ready);
        ready[place]
    }

    /// Returns true when the thread may be chosen.
    pub fn is_enabled(&self, id: ThreadId) -> bool {
        match self.slots[id.index()] {
            Slot::Single(_) => true,
            Slot::Room(room, _) => self.rooms[room as usize].is_open,
            Slot::Parked | Slot::Absent => false,
        }
    }

    /// Returns the next thread, in order and round again, that may be chosen behind the given one, which is
    /// itself the last that is looked at; from the first thread on when none is given.
    pub fn next_thread(&self, behind: Option<ThreadId>) -> Option<ThreadId> {
        let threads = self.slots.len();
        let start = behind.map_or(0, |id| id.index() + 1);
        let single = self.next_single(start).or_else(|| self.next_single(0));
        if self.open.total() == 0 {
            return single;
        }
        let distance = |index: usize| (index + threads - start % threads) % threads;
        let until = single.map_or(threads, |id| distance(id.index()));
        let ahead = (0..until).map(|step| ThreadId(((start + step) % threads) as u32));
        ahead.into_iter().find(|&id| self.is_enabled(id)).or(single)
    }

    fn next_single(&self, start: usize) -> Option<ThreadId> {
        let mut word = start / 64;
        let mut bits = self.single_bits.get(word)? & (u64::MAX << (start % 64));
        while bits == 0 {
            word += 1;
            bits = *self.single_bits.get(word)?;
        }
        Some(ThreadId((word * 64) as u32 + bits.trailing_zeros()))
    }

    /// Returns the first buffer of the thread that may be chosen; of any thread when none is given.
    pub fn first_buffer(&self, machine: &Machine<'_>, state: &State, of: Option<ThreadId>) -> Option<Actor> {
        if self.buffers.total() == 0 {
            return None;
        }
        let id = of.unwrap_or_else(|| ThreadId(self.buffers.find(0).0 as u32));
        let mut ready = Vec::new();
        machine.ready_buffers(state, id, &mut ready);
        ready.first().copied()
    }

    /// Returns a number that grows whenever an actor may be chosen that might not before.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }

    pub(super) fn traits(&self, addr: Addr) -> Traits {
        self.traits[addr.index()]
    }

    /// Takes note of what a step that touches something is about to change.
    pub(super) fn prepare(&mut self, machine: &Machine<'_>, state: &State, id: ThreadId, instr: Instr) {
        self.objects.clear();
        self.threads.clear();
        match instr.operand() {
            Operand::Target(target) => {
                let Some(object) = machine.object(state, id, target) else { return };
                self.objects.push(object);
                match machine.program().objects[object.index()].kind {
                    ObjectKind::Condition { lock } => {
                        self.objects.push(lock);
                        if !matches!(instr, Instr::Wait(_)) {
                            self.threads.extend(machine.waiting_at(state, object));
                        }
                    }
                    ObjectKind::Barrier { .. } => self.threads.extend(machine.waiting_at(state, object)),
                    _ => {}
                }
            }
            Operand::Threads(threads) if matches!(instr, Instr::Start(_)) => {
                self.threads.extend(machine.operand_threads(state, id, threads).into_iter().flatten());
            }
            _ => {}
        }
    }

    /// Files a thread anew after a step that touches nothing but itself or its buffers, if it may be blocked.
    #[inline]
    pub(super) fn follow(&mut self, machine: &Machine<'_>, state: &State, id: ThreadId) {
        match machine.pc(state, id) {
            Some(next) if !self.traits[next.index()].waits() => {}
            _ => self.file(machine, state, id),
        }
    }

    /// Files everybody anew whom a step concerns that was announced with [`Self::prepare`].
    pub(super) fn settle(&mut self, machine: &Machine<'_>, state: &State, id: ThreadId) {
        self.count_buffers(machine, state, id);
        self.file(machine, state, id);
        let threads = std::mem::take(&mut self.threads);
        for &other in &threads {
            self.file(machine, state, other);
        }
        self.threads = threads;
        for index in 0..self.objects.len() {
            let first = 2 * self.objects[index].index();
            self.refresh(machine, state, first);
            self.refresh(machine, state, first + 1);
        }
    }

    /// Takes note of how many buffers of a thread hold something.
    pub(super) fn count_buffers(&mut self, machine: &Machine<'_>, state: &State, id: ThreadId) {
        if machine.models().memory == MemoryModel::Sc {
            return;
        }
        self.scratch.clear();
        machine.ready_buffers(state, id, &mut self.scratch);
        let count = self.scratch.len() as u32;
        self.arrivals += u64::from(count > self.buffers.get(id.index()));
        self.buffers.set(id.index(), count);
    }

    fn file(&mut self, machine: &Machine<'_>, state: &State, id: ThreadId) {
        let Some(pc) = machine.pc(state, id) else {
            self.leave(id);
            self.slots[id.index()] = Slot::Absent;
            self.ended(machine, state, id);
            return;
        };
        let instr = machine.program().instr(pc);
        let room = if self.traits(pc).waits() && machine.is_drained(state, id) {
            room_of(machine, state, id, instr)
        } else {
            None
        };
        match room {
            Some(room) => self.enter_room(machine, state, id, room),
            None if !self.traits(pc).waits() || machine.is_enabled(state, id) => self.enter_singles(id),
            None => {
                self.leave(id);
                self.slots[id.index()] = Slot::Parked;
                if matches!(instr, Instr::Join(_)) {
                    self.watch(machine, state, id, instr);
                }
            }
        }
    }

    fn enter_singles(&mut self, id: ThreadId) {
        if matches!(self.slots[id.index()], Slot::Single(_)) {
            return;
        }
        self.arrivals += u64::from(!self.is_enabled(id));
        self.leave(id);
        self.slots[id.index()] = Slot::Single(self.singles.len() as u32);
        self.singles.push(id);
        self.single_bits[id.index() / 64] |= 1 << (id.index() % 64);
    }

    fn enter_room(&mut self, machine: &Machine<'_>, state: &State, id: ThreadId, room: usize) {
        if matches!(self.slots[id.index()], Slot::Room(old, _) if old as usize == room) {
            return;
        }
        let was_enabled = self.is_enabled(id);
        self.leave(id);
        let members = &mut self.rooms[room].members;
        self.slots[id.index()] = Slot::Room(room as u32, members.len() as u32);
        members.push(id);
        self.refresh(machine, state, room);
        self.arrivals += u64::from(!was_enabled && self.rooms[room].is_open);
    }

    fn leave(&mut self, id: ThreadId) {
        match self.slots[id.index()] {
            Slot::Single(place) => {
                self.single_bits[id.index() / 64] &= !(1 << (id.index() % 64));
                self.singles.swap_remove(place as usize);
                if let Some(moved) = self.singles.get(place as usize) {
                    self.slots[moved.index()] = Slot::Single(place);
                }
            }
            Slot::Room(index, place) => {
                let room = &mut self.rooms[index as usize];
                room.members.swap_remove(place as usize);
                if let Some(moved) = room.members.get(place as usize) {
                    self.slots[moved.index()] = Slot::Room(index, place);
                }
                let weight = if room.is_open { room.members.len() as u32 } else { 0 };
                self.open.set(index as usize, weight);
            }
            Slot::Parked | Slot::Absent => {}
        }
    }

    /// Opens or closes a room; any member answers for all.
    fn refresh(&mut self, machine: &Machine<'_>, state: &State, index: usize) {
        let room = &mut self.rooms[index];
        let is_open = room.members.first().is_some_and(|&id| machine.is_enabled(state, id));
        self.arrivals += u64::from(is_open && !room.is_open);
        room.is_open = is_open;
        let weight = if is_open { room.members.len() as u32 } else { 0 };
        self.open.set(index, weight);
    }

    /// Lets those look again who wait for the end of a thread, which has finished.
    fn ended(&mut self, machine: &Machine<'_>, state: &State, id: ThreadId) {
        let is_watched = self.joiners.get(id.index()).is_some_and(|joiners| !joiners.is_empty());
        if is_watched && machine.is_finished(state, id) && machine.is_drained(state, id) {
            for joiner in std::mem::take(&mut self.joiners[id.index()]) {
                self.file(machine, state, joiner);
            }
        }
    }

    /// Parks a thread at its JOIN until the first of those it waits for has ended.
    fn watch(&mut self, machine: &Machine<'_>, state: &State, id: ThreadId, instr: Instr) {
        let Operand::Threads(threads) = instr.operand() else { return };
        let over = |other| machine.is_finished(state, other) && machine.is_drained(state, other);
        let mut threads = machine.operand_threads(state, id, threads).into_iter().flatten();
        // A JOIN that waits for the thread's own buffers watches nobody: their flush files the thread anew.
        if let Some(other) = threads.find(|&other| !over(other)).filter(|_| machine.is_drained(state, id)) {
            self.joiners[other.index()].push(id);
        }
    }
}

/// Returns the room in which a thread waits, if it is one that waits together with others.
fn room_of(machine: &Machine<'_>, state: &State, id: ThreadId, instr: Instr) -> Option<usize> {
    let Operand::Target(target) = instr.operand() else { return None };
    let object = machine.object(state, id, target)?;
    let kind = machine.program().objects[object.index()].kind;
    let (object, second) = match (kind, instr) {
        // The owner of a reentrant lock is enabled where the others are not.
        (ObjectKind::Rlock, Instr::Lock(_)) if machine.holds(state, id, object) => return None,
        (_, Instr::Lock(_) | Instr::RdLock(_) | Instr::Acquire(_) | Instr::Put(_)) => (object, 0),
        (_, Instr::WrLock(_) | Instr::Get(_)) => (object, 1),
        (ObjectKind::Event { .. }, Instr::Wait(_)) => (object, 0),
        // Whoever was notified waits for the lock, together with those who are about to take it.
        (ObjectKind::Condition { lock }, Instr::Wait(_)) if waits_for_lock(machine, state, id, object) => {
            (lock, 0)
        }
        _ => return None,
    };
    Some(2 * object.index() + second)
}

fn waits_for_lock(machine: &Machine<'_>, state: &State, id: ThreadId, condition: ObjectId) -> bool {
    machine.is_waiting(state, id) && !machine.in_set(state, condition, id)
}
