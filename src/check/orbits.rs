//! Orbits: what a search up to symmetry found, given back in full.
//!
//! A search with [`Symmetry`] finds a deadlock or a fault with the threads in one order. The copies can change
//! places, so it is there in every order, and by the same schedule with the threads renamed.

use std::collections::BTreeMap;

use super::result::{Deadlock, FaultReport};
use crate::explore::Symmetry;
use crate::program::{Addr, Program, ThreadId};

/// A renaming: for each thread, which it becomes.
type Renaming = Vec<ThreadId>;

/// Adds to each deadlock those in which copies have changed places.
pub(super) fn of_deadlocks(program: &Program, symmetry: &Symmetry, found: Vec<Deadlock>) -> Vec<Deadlock> {
    let mut all = BTreeMap::new();
    for deadlock in found {
        for renaming in renamings(program, symmetry, &deadlock.blocked) {
            let mut renamed = deadlock.clone();
            for (thread, _) in &mut renamed.blocked {
                *thread = renaming[thread.index()];
            }
            renamed.blocked.sort_unstable();
            renamed.reached.witness = renamed.reached.witness.renamed(&renaming);
            all.entry((renamed.values.clone(), renamed.blocked.clone())).or_insert(renamed);
        }
    }
    all.into_values().collect()
}

/// Adds to each fault those of the other copies.
pub(super) fn of_faults(program: &Program, symmetry: &Symmetry, found: Vec<FaultReport>) -> Vec<FaultReport> {
    let known = |thread: ThreadId, like: &FaultReport| {
        let same = |fault: &&FaultReport| {
            fault.thread == thread
                && fault.message == like.message
                && program.line(fault.at) == program.line(like.at)
        };
        found.iter().find(same).cloned()
    };
    let mut all = BTreeMap::new();
    for fault in &found {
        let group = symmetry.groups().iter().find(|group| group.contains(&fault.thread));
        for &thread in group.map_or(std::slice::from_ref(&fault.thread), Vec::as_slice) {
            let key = (fault.message.clone(), program.line(fault.at), thread);
            all.entry(key).or_insert_with(|| {
                known(thread, fault).unwrap_or_else(|| {
                    let mut renaming: Renaming = program.thread_ids().collect();
                    renaming.swap(thread.index(), fault.thread.index());
                    let mut renamed = FaultReport { thread, ..fault.clone() };
                    renamed.reached.witness = renamed.reached.witness.renamed(&renaming);
                    renamed
                })
            });
        }
    }
    all.into_values().collect()
}

/// Lists renamings that put the blocked threads of a deadlock into every order once.
fn renamings(program: &Program, symmetry: &Symmetry, blocked: &[(ThreadId, Addr)]) -> Vec<Renaming> {
    let at = |thread: ThreadId| blocked.iter().find(|&&(id, _)| id == thread).map(|&(_, at)| at);
    let mut all: Vec<Renaming> = vec![program.thread_ids().collect()];
    for group in symmetry.groups() {
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
