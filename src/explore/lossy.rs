//! A search that forgets: a bit or a few for each state, where memory does not hold the states themselves.
//!
//! Bitstate hashing (Holzmann, "An Analysis of Bitstate Hashing", Formal Methods in System Design 13, 1998):
//! a state is taken for visited when all the bits that its hashes name are set. So some state may be taken for
//! another and never be looked at, nor what can only be reached through it. The store is a Bloom filter whose
//! hashes are made of two (Dillinger and Manolios, "Bloom Filters in Probabilistic Verification", FMCAD 2004).
//! The search goes depth first: what leads to the present state is the witness of what is found there.
//!
//! What it finds is there. That something is not there, it never proves.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::expand::{Arrival, Expander};
use super::limits::{Cut, Limits, Monitor, Progress};
use super::search::{Kind, Sink, find_or_add_fault};
use super::store::Mode;
use crate::schedule::Schedule;
use crate::vm::{Action, Actor, Choice, Machine, State, Stop};

/// How many bits a state sets.
const HASHES: u32 = 3;

/// The store takes one part in so many of the memory that is allowed, the states that wait another.
const SHARE: u64 = 3;

/// The bytes of the store, and of the states that wait, where no limit says how many.
const UNLIMITED: u64 = 1 << 28;

/// How many states are expanded between two calls of the monitor.
const BETWEEN_LOOKS: u64 = 1 << 10;

/// Meets what a search finds, each state as often as it is expanded. The schedule to it is made on demand.
pub trait Wanderer {
    /// A reachable state.
    fn state(&mut self, state: &State, kind: Kind, actors: &[Actor], way: &dyn Fn() -> Schedule);
    /// An end of this number that an edge leads to.
    fn sink(&mut self, sink: u32, way: &dyn Fn() -> Schedule);
}

/// How a search went that forgets.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lossy {
    /// How many nodes were expanded, at most one of those that look alike to the store.
    pub states: u64,
    /// How many edges led out of them.
    pub transitions: u64,
    /// How many bits the store has.
    pub bits: u64,
    /// How many of them a state sets.
    pub hashes: u32,
    /// The chance that a state that was come to was taken for another, at most, if hashes are as good as random
    /// numbers; that of the last state, for which it is largest.
    pub missed: f64,
    /// How many nodes found no place among those that wait, and were left out.
    pub left_out: u64,
    /// Why it was cut, if it was.
    pub cut: Option<Cut>,
}

/// A Bloom filter.
struct Filter {
    words: Vec<u64>,
    mask: u64,
    ones: u64,
    hashers: [FixedState; 2],
}

impl Filter {
    fn new(bytes: u64) -> Filter {
        let words = (bytes / 8).max(2).next_power_of_two();
        let words = if words * 8 > bytes.max(16) { words / 2 } else { words };
        Filter {
            words: vec![0; words as usize],
            mask: words * 64 - 1,
            ones: 0,
            hashers: [FixedState::with_seed(1), FixedState::with_seed(2)],
        }
    }

    /// Adds a node; false where it seems to be there.
    fn insert(&mut self, mode: Mode, state: &State) -> bool {
        let [first, second] = self.hashers.each_ref().map(|hasher| hasher.hash_one((mode, state.words())));
        let mut is_new = false;
        for number in 0..u64::from(HASHES) {
            let bit = first.wrapping_add(number.wrapping_mul(second | 1)) & self.mask;
            let (word, flag) = (&mut self.words[(bit / 64) as usize], 1 << (bit % 64));
            if *word & flag == 0 {
                *word |= flag;
                self.ones += 1;
                is_new = true;
            }
        }
        is_new
    }

    fn bits(&self) -> u64 {
        self.mask + 1
    }

    /// The chance that a new node seems to be there.
    fn miss(&self) -> f64 {
        (self.ones as f64 / self.bits() as f64).powi(HASHES as i32)
    }
}

/// A node that waits, and the edge to it.
struct Waiting {
    state: State,
    mode: Mode,
    /// How many edges lead to it from the first node.
    depth: usize,
    edge: (Action, u32),
}

/// Searches as far as it gets. `sinks` are the ends that are known; those that are new come behind them.
pub fn wander(
    machine: &Machine<'_>,
    limits: &Limits,
    monitor: &mut dyn Monitor,
    sinks: &mut Vec<Sink>,
    wanderer: &mut dyn Wanderer,
) -> Lossy {
    let share = limits.max_memory.map_or(UNLIMITED, |limit| limit / SHARE);
    let mut filter = Filter::new(share);
    let mut expander = Expander::new(machine, None);
    let first = expander.initial();
    let each = size_of_val(first.words()) + size_of::<Waiting>() + 16;
    let most_waiting = (share as usize / each).max(1);
    filter.insert(Mode::Decision, &first);
    let nothing = Action { actor: Actor::Thread(crate::program::ThreadId(0)), choice: Choice::Only };
    let mut waiting = vec![Waiting { state: first, mode: Mode::Decision, depth: 0, edge: (nothing, 0) }];
    let mut path: Vec<(Action, u32)> = Vec::new();
    let mut found = Lossy {
        states: 0,
        transitions: 0,
        bits: filter.bits(),
        hashes: HASHES,
        missed: 0.0,
        left_out: 0,
        cut: None,
    };
    while let Some(node) = waiting.pop() {
        if found.states.is_multiple_of(BETWEEN_LOOKS) {
            let progress = Progress {
                phase: "searching without keeping states",
                states: found.states,
                transitions: found.transitions,
                frontier: waiting.len() as u64,
                memory: (filter.words.len() * 8 + waiting.len() * each) as u64,
                whole: None,
            };
            found.cut = monitor.observe(&progress);
        }
        if limits.max_states.is_some_and(|most| found.states >= most) {
            found.cut.get_or_insert(Cut::States);
        }
        if found.cut.is_some() {
            break;
        }
        found.states += 1;
        if node.depth > 0 {
            path.truncate(node.depth - 1);
            path.push(node.edge);
        }
        let Waiting { state, mode, depth, .. } = node;
        expander.prepare(&state, mode, true);
        let kind = kind(machine, &state, mode, &expander.actors);
        if kind != Kind::Branch {
            wanderer.state(&state, kind, &expander.actors, &|| way(&path, None));
        }
        let mut faults = false;
        expander.expand(&state, mode, &mut |successor| {
            found.transitions += 1;
            let edge = (Action { actor: successor.actor, choice: successor.choice }, successor.steps);
            match successor.arrival {
                Arrival::Node(_) if waiting.len() >= most_waiting => found.left_out += 1,
                Arrival::Node(mode) => {
                    if filter.insert(mode, successor.state) {
                        waiting.push(Waiting {
                            state: successor.state.clone(),
                            mode,
                            depth: depth + 1,
                            edge,
                        });
                    }
                }
                Arrival::Stop(_, _, Stop::Assume) => {}
                Arrival::Stop(thread, at, Stop::Fault(fault)) => {
                    faults = true;
                    let sink = find_or_add_fault(sinks, machine.program(), fault, thread, at);
                    wanderer.sink(sink, &|| way(&path, Some(edge)));
                }
            }
            true
        });
        if faults && kind == Kind::Branch {
            wanderer.state(&state, Kind::FaultEnd, &[], &|| way(&path, None));
        }
    }
    found.missed = filter.miss();
    found
}

fn kind(machine: &Machine<'_>, state: &State, mode: Mode, actors: &[Actor]) -> Kind {
    match mode {
        Mode::Running(_) => Kind::Branch,
        Mode::Decision if !actors.is_empty() => Kind::Decision,
        Mode::Decision if machine.is_final(state) => Kind::Final,
        Mode::Decision => Kind::Deadlock,
    }
}

/// Returns the steps of a path, and of one more edge.
fn way(path: &[(Action, u32)], last: Option<(Action, u32)>) -> Schedule {
    let mut schedule = Schedule::default();
    for &(action, steps) in path.iter().chain(&last) {
        schedule.actions.push(action);
        let rest = Action { actor: Actor::Thread(action.actor.thread()), choice: Choice::Only };
        schedule.actions.extend(std::iter::repeat_n(rest, steps as usize - 1));
    }
    schedule
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::{NoFiles, Options, assemble};
    use crate::explore::limits::Unwatched;
    use crate::vm::DEFAULT_BUFFER;

    #[test]
    fn a_store_takes_no_more_than_it_may_and_says_how_full_it_is() {
        for bytes in [0, 16, 17, 1000, 1 << 20] {
            let filter = Filter::new(bytes);
            assert!(filter.words.len() as u64 * 8 <= bytes.max(16), "{bytes}");
            assert_eq!(filter.bits(), filter.words.len() as u64 * 64);
        }
        let mut filter = Filter { ones: 0, ..Filter::new(16) };
        filter.ones = filter.bits() / 2;
        assert_eq!(filter.miss(), 0.125);
    }

    struct Blind;

    impl Wanderer for Blind {
        fn state(&mut self, _: &State, _: Kind, _: &[Actor], _: &dyn Fn() -> Schedule) {}
        fn sink(&mut self, _: u32, _: &dyn Fn() -> Schedule) {}
    }

    #[test]
    fn as_many_states_are_expanded_as_are_allowed_and_no_more() {
        let text = format!("shared x\nthread a[3]\n{}end\n", "LOAD x\nPUSH 1\nADD\nSTORE x\n".repeat(2));
        let program = assemble("t.rvm", &text, &Options::default(), &NoFiles).expect("it assembles");
        let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
        let within = |max_states: Option<u64>| {
            let limits = Limits { max_states, max_memory: None };
            let found = wander(&machine, &limits, &mut Unwatched, &mut vec![Sink::Assume], &mut Blind);
            (found.states, found.cut)
        };
        let (all, cut) = within(None);
        assert!(all > 2 * BETWEEN_LOOKS && cut.is_none());
        for most in [0, 1, BETWEEN_LOOKS - 1, BETWEEN_LOOKS, BETWEEN_LOOKS + 1, all - 1] {
            assert_eq!(within(Some(most)), (most, Some(Cut::States)));
        }
        assert_eq!(within(Some(all)), (all, None));
    }
}
