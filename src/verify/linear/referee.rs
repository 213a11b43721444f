//! The referee: reads calls and returns as they happen, and knows after each whether some order still fits.
//!
//! After a history it holds every *configuration* that explains it: a state of the specification, and for each
//! call that has not returned, whether it has taken effect and what it will then return. This is the subset
//! construction over the automaton that takes a pending call's effect at any moment (R. Alur, K. McMillan and
//! D. Peled, "Model-checking of correctness conditions for concurrent objects", Information and Computation
//! 160, 2000); a history is linearizable exactly if a configuration is left. Pending calls take effect as late
//! as possible: at a return of one of them, with any others before it (G. Lowe, "Testing for linearizability",
//! Concurrency and Computation 29, 2017: just-in-time linearization).
//!
//! Histories after which the same is possible end in the same knowledge: a configuration that another reaches
//! by letting pending calls take effect adds nothing, and is left out. So two sets that stand for the same
//! futures are the same set, and the search over programs merges what it can.

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::model::Model;

/// What the referee knows, by number; 0 is the first.
pub(super) type KnownId = u32;

/// What happens to a client's calls.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Event {
    /// A thread makes the call with this number.
    Call { thread: usize, call: u32 },
    /// Its call returns these values.
    Return { thread: usize, values: Vec<i64> },
}

/// The state of the specification, then a word for each thread: 0 where no call is pending or has taken
/// effect, else one more than the number of the values that it will return.
type Configuration = Box<[u32]>;

/// What is known after a history.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Known {
    /// For each thread, one more than the number of its pending call; 0 for none.
    pending: Box<[u32]>,
    /// Every configuration from which the others follow, ordered.
    configurations: Vec<Configuration>,
}

/// The referee of one client. It remembers what it has computed.
pub(super) struct Referee<'m> {
    model: &'m mut dyn Model,
    known: Vec<Known>,
    numbers: HashMap<Known, KnownId, FixedState>,
    values: Vec<Vec<i64>>,
    /// Where events lead; `None` where no order fits any more.
    steps: HashMap<(KnownId, Event), Option<KnownId>, FixedState>,
}

impl<'m> Referee<'m> {
    /// Makes a referee of so many threads.
    pub fn new(model: &'m mut dyn Model, threads: usize) -> Referee<'m> {
        let mut referee = Referee {
            model,
            known: Vec::new(),
            numbers: HashMap::default(),
            values: Vec::new(),
            steps: HashMap::default(),
        };
        referee.number(Known {
            pending: vec![0; threads].into(),
            configurations: vec![vec![0; threads + 1].into()],
        });
        referee
    }

    /// Goes on from what is known; `None` when no order fits what has happened now.
    pub fn step(&mut self, from: KnownId, event: &Event) -> Option<KnownId> {
        let key = (from, event.clone());
        if let Some(&known) = self.steps.get(&key) {
            return known;
        }
        let next = match event {
            Event::Call { thread, call } => {
                let mut known = self.known[from as usize].clone();
                known.pending[*thread] = call + 1;
                Some(self.number(known))
            }
            Event::Return { thread, values } => self.returned(from, *thread, values),
        };
        self.steps.insert(key, next);
        next
    }

    /// Returns the values that a thread's pending call could return now, in order.
    pub fn allowed(&mut self, from: KnownId, thread: usize) -> Vec<Vec<i64>> {
        let mut found: Vec<Vec<i64>> = self
            .effective(from, thread)
            .into_iter()
            .map(|(_, values)| self.values[values as usize].clone())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Returns true when every pending call may wait for ever: in some configuration none of them has taken
    /// effect and each of them waits.
    pub fn may_wait(&mut self, at: KnownId) -> bool {
        let Known { pending, configurations } = self.known[at as usize].clone();
        configurations.iter().any(|configuration| {
            let (state, slots) = (configuration[0], &configuration[1..]);
            slots
                .iter()
                .zip(&pending)
                .all(|(&slot, &call)| call == 0 || (slot == 0 && self.model.apply(state, call - 1).is_none()))
        })
    }

    fn returned(&mut self, from: KnownId, thread: usize, values: &[i64]) -> Option<KnownId> {
        let call = self.known[from as usize].pending[thread] - 1;
        let effective = self.effective(from, thread);
        let fits = |(_, expected): &(Configuration, u32)| {
            self.model.agrees(call, &self.values[*expected as usize], values)
        };
        let mut configurations: Vec<Configuration> =
            effective.into_iter().filter(fits).map(|(configuration, _)| configuration).collect();
        if configurations.is_empty() {
            return None;
        }
        configurations.sort_unstable();
        configurations.dedup();
        let mut pending = self.known[from as usize].pending.clone();
        pending[thread] = 0;
        self.leave_out_what_follows(&pending, &mut configurations);
        Some(self.number(Known { pending, configurations }))
    }

    /// Returns every configuration in which the thread's call has just returned, and the number of the values
    /// it returned there. Only calls that have to come before it have taken effect.
    fn effective(&mut self, from: KnownId, thread: usize) -> Vec<(Configuration, u32)> {
        let Known { pending, configurations } = self.known[from as usize].clone();
        let mut found = Vec::new();
        let mut seen: HashSet<Configuration, FixedState> = HashSet::default();
        let mut open = configurations;
        while let Some(mut configuration) = open.pop() {
            let slot = std::mem::take(&mut configuration[thread + 1]);
            if slot > 0 {
                found.push((configuration, slot - 1));
            } else if seen.insert(configuration.clone()) {
                open.extend(self.followers(&pending, &configuration));
            }
        }
        found
    }

    /// Returns the configurations that one pending call's taking effect leads to.
    fn followers(&mut self, pending: &[u32], configuration: &Configuration) -> Vec<Configuration> {
        let mut followers = Vec::new();
        for (thread, &call) in pending.iter().enumerate() {
            if call == 0 || configuration[thread + 1] != 0 {
                continue;
            }
            if let Some((state, values)) = self.model.apply(configuration[0], call - 1) {
                let mut next = configuration.clone();
                next[0] = state;
                next[thread + 1] = self.value(values) + 1;
                followers.push(next);
            }
        }
        followers
    }

    /// Leaves out the configurations that another one leads to. A call never takes its effect back, so no two
    /// lead to each other, and those that stay are the same however the set came about.
    fn leave_out_what_follows(&mut self, pending: &[u32], configurations: &mut Vec<Configuration>) {
        if configurations.len() < 2 {
            return;
        }
        let mut follow: HashSet<Configuration, FixedState> = HashSet::default();
        let mut open = configurations.clone();
        while let Some(configuration) = open.pop() {
            for follower in self.followers(pending, &configuration) {
                if follow.insert(follower.clone()) {
                    open.push(follower);
                }
            }
        }
        configurations.retain(|configuration| !follow.contains(configuration));
    }

    fn value(&mut self, values: Vec<i64>) -> u32 {
        let known = self.values.iter().position(|known| *known == values);
        known.unwrap_or_else(|| {
            self.values.push(values);
            self.values.len() - 1
        }) as u32
    }

    fn number(&mut self, known: Known) -> KnownId {
        if let Some(&number) = self.numbers.get(&known) {
            return number;
        }
        let number = self.known.len() as KnownId;
        self.known.push(known.clone());
        self.numbers.insert(known, number);
        number
    }
}
