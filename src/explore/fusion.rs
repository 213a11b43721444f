//! Fusion: steps that no other thread can see are taken together with the step before them.
//!
//! Under `switch every` a decision follows each step, although most steps touch nothing but the thread's own
//! stack and locals. With fusion a thread that has stepped goes on while its next step is *private*: alone it
//! is a stubborn set (see [`stubborn`](super::stubborn)), it has one successor, it neither faults nor fails an
//! `ASSUME`, and it changes nothing that an expectation looks at. (Godefroid, "Partial-Order Methods", LNCS
//! 1032, 1996, chapter 4; Holzmann's statement merging, SPIN 1999, does the same with a static rule.) What the
//! others can still do is asked anew in each state: an access is private once nobody else can still come to a
//! conflicting one, and while the thread holds a lock, or others wait for its end, that the others would have
//! to get past first. A critical section that is kept by everybody becomes one step.
//!
//! SOUND: let a thread's next step p be private in a state s. By the definition of stubborn sets p stays
//! enabled, and commutes, with whatever the others do from s; so every end of an execution, and every fault
//! and failed `ASSUME`, that can be reached from s can be reached from s after p. A data race of two threads
//! is a pair of conflicting steps about to be taken; p is in none of them in s, because the other member would
//! be something that p minds and the other thread can still do; and a race of two other threads in s is there
//! after p too. What observers look at is the same before and after p. So s itself need not be looked at. A
//! livelock that can be reached from s can be reached after p: what can be reached from it ends nowhere
//! either.
//!
//! A private step that faults or fails is not taken: the decision is made before it. A cycle of private steps
//! would put the other threads off for ever, so a decision is made at one of its states, and
//! [`proviso`](super::proviso) sees to it that they are not. Between the steps of a thread's run under `gil` or
//! `await`, or inside an `atomic` block, there is no decision to leave out.
//!
//! Under `tso` and `pso` a `STORE` is private unless a race can come of it, because it goes to the thread's
//! own buffer; that entry's way to memory is a step of its own. A `LOAD` that the buffer answers is treated as
//! one that memory answers: then the thread's own buffers may go on before or after it, with the same value
//! read.

use super::independence::Situation;
use crate::program::ThreadId;
use crate::vm::State;

/// Returns true when the thread, which has just stepped, goes on although a decision is due.
pub(super) fn goes_on(situation: &mut Situation<'_, '_>, state: &State, thread: ThreadId) -> bool {
    if situation.is_local(state, thread) {
        return situation.is_enabled(state, thread);
    }
    situation.reset();
    situation.is_alone(state, thread)
}
