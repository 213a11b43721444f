//! Stubborn sets: of steps that can change places, one order is enough.
//!
//! Valmari, "Stubborn sets for reduced state space generation" (1989); Valmari and Hansen, "Stubborn set
//! intuition explained" (2017); Godefroid, LNCS 1032, chapter 4. In each state a set of processes is chosen,
//! and only they are expanded. It is closed under two rules. An enabled member pulls in whoever can *still*
//! do what its next step minds, as long as the members stand still (what a thread can do from where it is,
//! without getting past a lock that a member holds, or the end of a member that it waits for; nothing, where
//! only members can enable it). A member that is blocked pulls in who could enable it: the holder of the lock
//! it waits for, or whoever can still do what it waits for. Each enabled process is tried as the first, and
//! the smallest set is kept.
//!
//! SOUND: faults and failed `ASSUME`s aside, let w be a path from s to a state without successors, and T the
//! set. Some member is enabled in s and stays so along w as long as w takes no step of a member, so w takes
//! one, else it would not end. The first such step is minded by nobody before it in w: it can be moved to the
//! front, and the rest still leads to the same state. By induction on the length of w the reduced graph
//! reaches it: outcomes and deadlocks survive, in graphs with cycles too.
//!
//! A *stopping* step (a fault, a failed `ASSUME`) is an edge of every state in which a thread is about to take
//! it, whether a member or not, and otherwise counts as a thread that is stuck there. Let w lead to a state
//! where some thread is about to stop, or two are about to race, or an expectation that looks at every state
//! is broken. If w takes a step of a member, that can be moved to the front as before. If not, and the thread
//! (one of the two; the observer) is a member, then nothing in w touches what decides the matter, and it is so
//! in s already. If no member is concerned, some member's step can be taken first, and w still leads there
//! after it. That makes no progress, and on a cycle never would: [`proviso`](super::proviso) forbids such
//! cycles. A livelock survives by the same argument: a path to it can be followed, up to the order of
//! steps, and more steps only lead to states of which it is true as well. Nor is there one in the reduced
//! graph that is none: what ends can be reached in the whole graph can be reached in the reduced one, from
//! each of its states.
//!
//! Where a thread makes several steps between two decisions (`gil`, `await`, `atomic` blocks), what it minds
//! is all that these steps could ever mind.

use super::independence::Situation;
use crate::vm::{Actor, State};

/// Chooses which of the actors of a state to expand, all of them where no smaller set is found.
pub(super) fn select(
    situation: &mut Situation<'_, '_>,
    state: &State,
    actors: &[Actor],
    selected: &mut Vec<bool>,
) {
    situation.reset();
    let mut processes: Vec<usize> = actors.iter().map(|&actor| situation.process(actor)).collect();
    processes.retain(|&process| situation.goes_on(state, process));
    processes.dedup();
    let mut best = None;
    let mut most = processes.len() as u32;
    for &seed in &processes {
        if most < 2 {
            break;
        }
        if let Some((members, enabled)) = situation.close(state, seed, most - 1) {
            (best, most) = (Some(members), enabled);
        }
    }
    let is_member = |&actor: &Actor| {
        let process = situation.process(actor);
        best.is_none_or(|members: u128| members >> process & 1 == 1)
    };
    selected.clear();
    selected.extend(actors.iter().map(is_member));
}
