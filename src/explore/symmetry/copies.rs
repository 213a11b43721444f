//! Copies of one thread that never ask which they are.
//!
//! A group takes part when nothing can tell its copies apart: no `SELF` in their code, no `START` or `JOIN` of a
//! single copy anywhere, and nothing shown or asked for that belongs to a single copy. Data needs no symmetry of
//! its own then, because without `SELF` no copy can leave its number anywhere. What is stored of a copy in a
//! lock, a condition or a barrier moves with it. The representative is the state whose copies are sorted by all
//! that the state knows of them.

use std::cmp::Ordering;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::program::{Cell, Claim, Expr, Group, GroupId, Instr, Operand, Program, ThreadId, Threads};
use crate::vm::{Machine, State};

/// The copies that can change places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Copies {
    /// For each symmetric group its threads, at least two.
    groups: Vec<Vec<ThreadId>>,
}

impl Copies {
    /// Looks for groups whose copies nothing can tell apart; `None` where there are none.
    pub(super) fn new(machine: &Machine<'_>) -> Option<Copies> {
        let program = machine.program();
        let mut apart = named_copies(program);
        for cell in program.observed.iter().flat_map(|observed| &observed.cells) {
            tell_apart(program, *cell, &mut apart);
        }
        for expectation in program.expectations.iter().filter(|e| e.applies(machine.models())) {
            match &expectation.claim {
                Claim::Always(expr) | Claim::Never(expr) | Claim::Finally(expr) | Claim::Possibly(expr) => {
                    tell_apart_in(program, expr, &mut apart);
                }
                Claim::Outcomes { cells, .. } => {
                    cells.iter().for_each(|&cell| tell_apart(program, cell, &mut apart));
                }
                Claim::Deadlock(_)
                | Claim::Race(..)
                | Claim::Livelock(_)
                | Claim::Fault(..)
                | Claim::Schedules(_) => {}
            }
        }
        let takes_part = |(index, group): &(usize, &Group)| {
            group.copies > 1 && !apart[*index] && !asks_which(program, group)
        };
        let threads = |(_, group): (usize, &Group)| {
            (group.first.0..group.first.0 + group.copies).map(ThreadId).collect()
        };
        let groups: Vec<Vec<ThreadId>> =
            program.groups.iter().enumerate().filter(takes_part).map(threads).collect();
        (!groups.is_empty()).then_some(Copies { groups })
    }

    /// Returns the threads that can change places, group by group.
    pub fn groups(&self) -> &[Vec<ThreadId>] {
        &self.groups
    }

    /// Finds the representative's order: for each thread the thread of the state that takes its place. Returns
    /// false when the state is its own representative.
    pub(super) fn find_order(&self, machine: &Machine<'_>, state: &State, order: &mut Vec<ThreadId>) -> bool {
        order.clear();
        order.extend(machine.program().thread_ids());
        let mut moved = false;
        for group in &self.groups {
            let places = &mut order[group[0].index()..][..group.len()];
            let in_order = |a: &ThreadId, b: &ThreadId| machine.compare_copies(state, *a, *b).is_le();
            if !places.is_sorted_by(in_order) {
                places.sort_by(|a, b| machine.compare_copies(state, *a, *b));
                moved = true;
            }
        }
        moved
    }
}

impl Copies {
    /// Returns how many states there are in the orbit of a representative; `None` where that is too large a
    /// number. Copies that are alike can change places without a change of the state, so of n copies, of which
    /// some a, some b, … are alike, there are n! / (a! b! …) orders.
    pub(in crate::explore) fn orbit(&self, machine: &Machine<'_>, representative: &State) -> Option<u64> {
        let mut orders = 1_u64;
        for group in &self.groups {
            let mut alike = 0;
            for (before, &copy) in group.iter().enumerate() {
                let same = before > 0 && self.are_alike(machine, representative, group[before - 1], copy);
                alike = if same { alike + 1 } else { 1 };
                // The quotient of the factorials so far is a whole number each time.
                orders = u64::try_from(u128::from(orders) * (before as u128 + 1) / alike).ok()?;
            }
        }
        Some(orders)
    }

    /// Returns the copies of a representative before this one that are like it, and so next to it.
    pub(in crate::explore) fn like_before(
        &self,
        machine: &Machine<'_>,
        representative: &State,
        thread: ThreadId,
    ) -> impl Iterator<Item = ThreadId> {
        let group = self.groups.iter().find(|group| group.contains(&thread));
        let before = group.into_iter().flatten().copied().take_while(move |&copy| copy != thread);
        before.filter(move |&copy| self.are_alike(machine, representative, copy, thread))
    }

    /// Returns how many copies of a representative are like this one, itself included.
    pub(in crate::explore) fn count_alike(
        &self,
        machine: &Machine<'_>,
        representative: &State,
        thread: ThreadId,
    ) -> u64 {
        let group = self.groups.iter().find(|group| group.contains(&thread));
        let is_alike = |&&copy: &&ThreadId| self.are_alike(machine, representative, copy, thread);
        group.map_or(1, |group| group.iter().filter(is_alike).count() as u64)
    }

    fn are_alike(&self, machine: &Machine<'_>, state: &State, a: ThreadId, b: ThreadId) -> bool {
        machine.compare_copies(state, a, b) == Ordering::Equal
    }
}

/// How threads change places on edges, numbered from 1 in order of appearance.
#[derive(Debug, Default)]
pub(in crate::explore) struct Places {
    list: Vec<Box<[ThreadId]>>,
    numbers: HashMap<Box<[ThreadId]>, u32, FixedState>,
}

impl Places {
    /// Numbers a representative's order: for each thread which thread it was.
    pub fn number(&mut self, order: &[ThreadId]) -> u32 {
        if let Some(&number) = self.numbers.get(order) {
            return number;
        }
        let mut places: Box<[ThreadId]> = order.into();
        for (place, from) in order.iter().enumerate() {
            places[from.index()] = ThreadId(place as u32);
        }
        self.list.push(places);
        let number = self.list.len() as u32;
        self.numbers.insert(order.into(), number);
        number
    }

    /// Returns, for each thread, which it becomes; `None` for 0, where none becomes another.
    pub fn get(&self, number: u32) -> Option<&[ThreadId]> {
        number.checked_sub(1).map(|index| &*self.list[index as usize])
    }

    /// Returns how many bytes are held.
    pub fn memory(&self) -> usize {
        let each = self.list.first().map_or(0, |places| 2 * size_of_val(&**places));
        self.list.capacity() * size_of::<Box<[ThreadId]>>()
            + self.numbers.allocation_size()
            + self.list.len() * each
    }
}

/// Returns, for each group, whether a `START` or `JOIN` names a single copy of it.
fn named_copies(program: &Program) -> Vec<bool> {
    let mut named = vec![false; program.groups.len()];
    for instr in &program.code {
        if let Operand::Threads(Threads::Copy(group, _) | Threads::At(group)) = instr.operand() {
            named[group.index()] = true;
        }
    }
    named
}

/// Returns true when a thread of the group can execute `SELF`.
fn asks_which(program: &Program, group: &Group) -> bool {
    let mut seen = vec![false; program.procs.len()];
    let mut bodies = vec![&group.body];
    while let Some(body) = bodies.pop() {
        for &instr in &program.code[body.entry.index()..body.end.index()] {
            match instr {
                Instr::SelfIndex => return true,
                Instr::Call(proc) if !std::mem::replace(&mut seen[proc.index()], true) => {
                    bodies.push(&program.procs[proc.index()].body);
                }
                _ => {}
            }
        }
    }
    false
}

fn tell_apart(program: &Program, cell: Cell, apart: &mut [bool]) {
    if let Cell::Local(thread, _) = cell {
        tell_thread_apart(program, thread, apart);
    }
}

fn tell_thread_apart(program: &Program, thread: ThreadId, apart: &mut [bool]) {
    let GroupId(group) = program.threads[thread.index()];
    apart[group as usize] = true;
}

fn tell_apart_in(program: &Program, expr: &Expr, apart: &mut [bool]) {
    match expr {
        Expr::Number(_) | Expr::Count(..) => {}
        Expr::Cell(cell) => tell_apart(program, *cell, apart),
        Expr::Element { first, index, .. } => {
            tell_apart(program, *first, apart);
            tell_apart_in(program, index, apart);
        }
        Expr::Len { index, .. } => {
            if let Some(index) = index {
                tell_apart_in(program, index, apart);
            }
        }
        Expr::Neg(operand) | Expr::Not(operand) => tell_apart_in(program, operand, apart),
        Expr::Binary(_, left, right) => {
            tell_apart_in(program, left, apart);
            tell_apart_in(program, right, apart);
        }
        Expr::In(operand, entries) => {
            tell_apart_in(program, operand, apart);
            for (low, high) in entries {
                tell_apart_in(program, low, apart);
                if let Some(high) = high {
                    tell_apart_in(program, high, apart);
                }
            }
        }
        Expr::Thread(thread, _) => tell_thread_apart(program, *thread, apart),
    }
}
