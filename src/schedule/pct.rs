//! Probabilistic concurrency testing after Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized
//! Scheduler with Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010).
//!
//! Every thread has a priority, at random; always the enabled thread of the highest priority runs. At d - 1
//! steps, drawn from the k steps that an execution has, the thread that has just run falls below all others.
//! A bug of depth d, one that needs d ordering constraints, is found in each run with a probability of at
//! least 1/(n k^(d-1)) for n threads. The guarantee holds for executions of at most k steps.
//!
//! Deviations: the paper is given k, which is measured here in a first run under the random walk. Store
//! buffers take part like threads, each thread's with a priority of its own. The paper leaves threads that
//! wait in a loop to the program; here a thread that has run for k steps on end while others could not, falls
//! below all others, so that nobody waits for ever for a thread that is never chosen.

use std::cmp::Ordering;

use super::draw::Draw;
use super::strategy::{Decision, Strategy};
use crate::vm::{Actor, Machine};

/// Runs the thread of the highest priority, and changes d - 1 priorities on the way.
#[derive(Clone, Debug)]
pub struct Pct {
    depth: u32,
    length: u64,
    /// For each thread, then for each thread's buffers; a higher number goes first.
    priorities: Vec<i64>,
    /// The steps after which a priority changes, the earliest last, and what it changes to.
    changes: Vec<(u64, i64)>,
    current: Option<Actor>,
    /// How many arrivals the current actor has been compared with.
    arrivals: u64,
    /// When the current thread began to run.
    since: u64,
    /// The lowest priority given so far.
    lowest: i64,
}

impl Pct {
    /// Looks for bugs of a depth (at least 1) in executions of about `length` steps.
    pub fn new(depth: u32, length: u64) -> Pct {
        assert!(depth > 0, "a bug has a depth of at least 1");
        Pct {
            depth,
            length: length.max(1),
            priorities: Vec::new(),
            changes: Vec::new(),
            current: None,
            arrivals: 0,
            since: 0,
            lowest: 0,
        }
    }

    /// Returns an actor's place in the list of priorities.
    fn place(&self, actor: Actor) -> usize {
        match actor {
            Actor::Thread(id) => id.index(),
            Actor::Buffer(id, _) => self.priorities.len() / 2 + id.index(),
        }
    }

    /// Lowers the priority of the actor that ran last where a change is due, or where it starves the others;
    /// returns true when it did.
    fn lower(&mut self, steps: u64) -> bool {
        let Some(current) = self.current else { return false };
        let place = self.place(current);
        let mut lowered = false;
        while let Some((_, priority)) = self.changes.pop_if(|(step, _)| *step <= steps) {
            self.priorities[place] = priority;
            lowered = true;
        }
        if !lowered && steps - self.since > self.length {
            self.lowest -= 1;
            self.priorities[place] = self.lowest;
            lowered = true;
        }
        lowered
    }

    /// Returns the actor of the highest priority. One thread's buffers for several elements share a
    /// priority, and are equally likely.
    fn highest(&self, decision: &Decision<'_, '_>, draw: &mut Draw) -> Actor {
        let (mut best, mut ties) = (decision.actor(0), 1);
        for number in 1..decision.ready.len() {
            let actor = decision.actor(number);
            match self.priorities[self.place(actor)].cmp(&self.priorities[self.place(best)]) {
                Ordering::Less => continue,
                Ordering::Equal => ties += 1,
                Ordering::Greater => ties = 1,
            }
            if ties == 1 || draw.below(ties) == 0 {
                best = actor;
            }
        }
        best
    }
}

impl Strategy for Pct {
    fn is_blind(&self) -> bool {
        true
    }

    fn begin(&mut self, machine: &Machine<'_>, draw: &mut Draw) {
        let actors = 2 * machine.program().threads.len();
        self.priorities.clear();
        self.priorities.extend((0..actors as i64).map(|priority| i64::from(self.depth) + priority));
        for last in (1..actors).rev() {
            self.priorities.swap(last, draw.index(last + 1));
        }
        self.changes.clear();
        for priority in 1..i64::from(self.depth) {
            self.changes.push((1 + draw.below(self.length), priority));
        }
        self.changes.sort_unstable_by(|a, b| b.cmp(a));
        self.current = None;
        self.lowest = 0;
    }

    fn choose(&mut self, decision: &Decision<'_, '_>, draw: &mut Draw) -> Actor {
        let lowered = self.lower(decision.steps);
        let arrivals = decision.ready.arrivals();
        if let Some(current @ Actor::Thread(id)) = self.current
            && !lowered
            && arrivals == self.arrivals
            && decision.ready.is_enabled(id)
        {
            return current;
        }
        let next = self.highest(decision, draw);
        self.arrivals = arrivals;
        if self.current != Some(next) || lowered {
            self.since = decision.steps;
        }
        self.current = Some(next);
        next
    }
}
