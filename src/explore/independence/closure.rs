//! Closure: the processes that a stubborn set must have besides one, and whether a step needs none.
//!
//! The rules, and why they are enough, are in [`stubborn`](crate::explore::stubborn).

use super::features::{add, has, of, overlaps};
use super::situation::{Process, Situation, Standing};
use crate::program::ThreadId;
use crate::vm::{Blocked, State};

/// Who could enable a process that is not.
enum Enablers {
    Nobody,
    Process(Process),
    Feature(u32),
}

impl Situation<'_, '_> {
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
}
