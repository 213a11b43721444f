//! The orbits of copies that never ask which they are: what was counted for all of them together is divided
//! among them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::check::result::{Deadlock, FaultReport, Reached};
use crate::explore::Copies;
use crate::program::{Addr, Program, ThreadId};

/// A renaming: for each thread, which it becomes.
type Renaming = Vec<ThreadId>;

/// Adds to each deadlock those in which copies have changed places.
pub(super) fn of_deadlocks(program: &Program, copies: &Copies, found: Vec<Deadlock>) -> Vec<Deadlock> {
    let mut all: BTreeMap<_, Deadlock> = BTreeMap::new();
    for deadlock in found {
        let renamings = renamings(program, copies, &deadlock.blocked);
        let share = share_of(&deadlock.reached, renamings.len());
        for renaming in renamings {
            let mut renamed = Deadlock { reached: share.clone(), ..deadlock.clone() };
            for (thread, _) in &mut renamed.blocked {
                *thread = renaming[thread.index()];
            }
            renamed.blocked.sort_unstable();
            renamed.reached.witness = share.witness.renamed(&renaming);
            match all.entry((renamed.values.clone(), renamed.blocked.clone())) {
                Entry::Vacant(entry) => drop(entry.insert(renamed)),
                Entry::Occupied(mut entry) => add(&mut entry.get_mut().reached, &renamed.reached),
            }
        }
    }
    all.into_values().collect()
}

/// Adds to each fault those of the other copies.
pub(super) fn of_faults(program: &Program, copies: &Copies, found: Vec<FaultReport>) -> Vec<FaultReport> {
    let group_of = |thread: ThreadId| copies.groups().iter().find(|group| group.contains(&thread));
    let mut orbits: BTreeMap<_, Vec<FaultReport>> = BTreeMap::new();
    for fault in found {
        let first = group_of(fault.thread).map_or(fault.thread, |group| group[0]);
        orbits.entry((fault.message.clone(), program.line(fault.at), first)).or_default().push(fault);
    }
    let mut all = Vec::new();
    for orbit in orbits.into_values() {
        let copies = group_of(orbit[0].thread).map_or(std::slice::from_ref(&orbit[0].thread), Vec::as_slice);
        let mut sum = orbit[0].clone();
        for fault in &orbit[1..] {
            add(&mut sum.reached, &fault.reached);
            if sum.reached.witness == fault.reached.witness {
                sum.thread = fault.thread;
            }
            sum.at = sum.at.min(fault.at);
        }
        let share = share_of(&sum.reached, copies.len());
        all.extend(copies.iter().map(|&thread| {
            let mut renaming: Renaming = program.thread_ids().collect();
            renaming.swap(thread.index(), sum.thread.index());
            let witness = share.witness.renamed(&renaming);
            FaultReport { thread, reached: Reached { witness, ..share.clone() }, ..sum.clone() }
        }));
    }
    all
}

/// Returns what each of so many has that an orbit of them has together. It is the same for each, because a
/// change of places takes the schedules of one to those of another.
fn share_of(orbit: &Reached, count: usize) -> Reached {
    Reached {
        schedules: orbit.schedules.as_ref().map(|schedules| schedules.share_of(count as u64)),
        probability: orbit.probability.as_ref().map(|probability| probability.share_of(count as u64)),
        witness: orbit.witness.clone(),
    }
}

/// Adds what reaches the same in another way. The shorter witness is kept.
fn add(reached: &mut Reached, other: &Reached) {
    if let (Some(sum), Some(more)) = (&mut reached.schedules, &other.schedules) {
        *sum += more;
    }
    if let (Some(sum), Some(more)) = (&mut reached.probability, &other.probability) {
        *sum += more;
    }
    let cost = |reached: &Reached| (reached.witness.switches(), reached.witness.actions.len());
    if cost(other) < cost(reached) {
        reached.witness = other.witness.clone();
    }
}

/// Lists renamings that put the blocked threads of a deadlock into every order once.
fn renamings(program: &Program, copies: &Copies, blocked: &[(ThreadId, Addr)]) -> Vec<Renaming> {
    let at = |thread: ThreadId| blocked.iter().find(|&&(id, _)| id == thread).map(|&(_, at)| at);
    let mut all: Vec<Renaming> = vec![program.thread_ids().collect()];
    for group in copies.groups() {
        let mut copies = group.clone();
        copies.sort_by_key(|&thread| at(thread));
        let mut orders = Vec::new();
        arrange(&copies, &at, &mut Vec::new(), &mut orders);
        let with_group = |renaming: &Renaming| {
            let with_order = |order: &Vec<ThreadId>| {
                let mut renaming = renaming.clone();
                for (&place, &thread) in group.iter().zip(order) {
                    renaming[thread.index()] = place;
                }
                renaming
            };
            orders.iter().map(with_order).collect::<Vec<Renaming>>()
        };
        all = all.iter().flat_map(with_group).collect();
    }
    all
}

/// Lists the orders of copies, sorted by where they are, that differ in where the copies are.
fn arrange(
    left: &[ThreadId],
    at: &impl Fn(ThreadId) -> Option<Addr>,
    order: &mut Vec<ThreadId>,
    orders: &mut Vec<Vec<ThreadId>>,
) {
    if left.is_empty() {
        orders.push(order.clone());
    }
    for (index, &thread) in left.iter().enumerate() {
        if index > 0 && at(left[index - 1]) == at(thread) {
            continue;
        }
        let mut rest = left.to_vec();
        rest.remove(index);
        order.push(thread);
        arrange(&rest, at, order, orders);
        order.pop();
    }
}
