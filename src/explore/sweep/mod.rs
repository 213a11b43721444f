//! The sweep: the whole decision graph, breadth first, every state exactly, no edges kept.
//!
//! A search that counts schedules needs every edge ([`Space`](super::Space)); one that asks what can be
//! reached does not. The sweep is for graphs of millions of states: a node is packed into the bits that it
//! needs ([`fields`]), what a step does is looked up ([`effects`]), the visited set stores less than a node
//! ([`visited`]), and the log of all nodes in order of discovery ([`log`]) is the queue and leads back to
//! witnesses ([`retrace`]).
//!
//! Nodes are expanded batch by batch, in three phases: workers look up the successors of familiar nodes and
//! sort them by shard; workers add each shard's to the visited set; and nodes that showed something new, a
//! step, a race, an end, are attended to one by one. The order in which anything happens depends on the batch
//! alone, not on the number of workers, so all results are the same with any.
//!
//! PERF: `benches/search.rs`, and `benches/compare.sh` beside Spin.

mod effects;
mod fields;
mod key;
mod liveness;
mod log;
mod moves;
mod retrace;
mod stage;
mod visited;
mod workers;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use self::effects::Leaf;
use self::key::{Key, Mixer};
use self::log::Log;
use self::stage::{Piece, Stage};
use self::visited::{SHARDS, Shard, Sieve};
use super::expand::Expander;
use super::limits::{Cut, Limits, Monitor, Progress};
use super::search::{Kind, Sink};
use super::store::Mode;
use crate::schedule::Schedule;
use crate::vm::{Actor, Machine, State, Touched};

/// How many nodes are expanded before their successors are added.
const BATCH: usize = 1 << 19;

/// How many segments of the log are given new keys before these are added to the visited set.
const REFIT_AT_ONCE: usize = 32;

/// Meets the states of a sweep that show something new: ends, each of them; states in which threads race that
/// did not before; and states that claims have not seen the like of.
pub trait Visitor {
    /// A reachable state, the number of its node, what it is, and who may be chosen there.
    fn state(&mut self, node: u64, state: &State, kind: Kind, actors: &[Actor]);
    /// Forgets everything: the sweep starts anew, and nodes get other numbers.
    fn restart(&mut self);
}

/// What a sweep is to look at.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// What claims over all states look at; a thread's life stands for its whole block.
    pub claims: Vec<Touched>,
    /// How many threads search, at least 1.
    pub workers: usize,
}

/// A node of more than 128 bits does not fit a sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooWide;

/// What a sweep has found.
pub struct Swept<'m> {
    /// How many states there are: decisions and ends.
    pub states: u64,
    /// How many edges lead to them.
    pub transitions: u64,
    /// How many nodes are stored, branches in runs included.
    pub nodes: u64,
    /// How many bytes are held.
    pub memory: u64,
    /// The ends that edges lead to; the first is a failed `ASSUME`, whether there is one or not.
    pub sinks: Vec<Sink>,
    /// Why the sweep was cut.
    pub cut: Option<Cut>,
    graph: Box<dyn Graph + 'm>,
}

/// What can be asked of a swept graph, whatever its keys are.
trait Graph {
    fn witnesses(&self, nodes: &[u64]) -> Vec<Schedule>;
    fn sink_witness(&self, sink: u32) -> (u64, Schedule);
    fn everything_can_end(&mut self) -> bool;
}

impl Swept<'_> {
    /// Finds a schedule that leads to each of these nodes by the fewest edges.
    pub fn witnesses(&self, nodes: &[u64]) -> Vec<Schedule> {
        self.graph.witnesses(nodes)
    }

    /// Returns the node that an edge to this sink leads out of, and the edge's steps.
    pub fn sink_witness(&self, sink: u32) -> (u64, Schedule) {
        self.graph.sink_witness(sink)
    }

    /// Returns true when an end can be reached from every state: there is no livelock. Only of a sweep that
    /// was not cut.
    pub fn everything_can_end(&mut self) -> bool {
        self.graph.everything_can_end()
    }
}

/// Sweeps the decision graph of a machine, until done or cut.
///
/// # Errors
///
/// Says so when its nodes do not fit into 128 bits.
pub fn sweep<'m, 'p>(
    machine: &'m Machine<'p>,
    watched: &Watched,
    limits: &Limits,
    monitor: &mut dyn Monitor,
    visitor: &mut dyn Visitor,
) -> Result<Swept<'m>, TooWide> {
    let mut narrow = Sweep::<u64>::new(machine, watched);
    match narrow.run(limits, monitor, visitor) {
        Ok(cut) => Ok(narrow.finish(cut)),
        Err(TooWide) => {
            let mut wide = narrow.widened::<u128>(watched);
            visitor.restart();
            let cut = wide.run(limits, monitor, visitor)?;
            Ok(wide.finish(cut))
        }
    }
}

/// A sweep under way.
struct Sweep<'m, 'p, K> {
    machine: &'m Machine<'p>,
    stage: Stage<K>,
    shards: Vec<Shard<K>>,
    expander: Expander<'m, 'p>,
    /// Where each level of the breadth-first search begins in the log.
    levels: Vec<usize>,
    sinks: Vec<Sink>,
    /// For each sink the node and the edge that led there first.
    sink_edges: Vec<Option<(usize, u32)>>,
    /// How many edges lead to each running node.
    running: HashMap<K, u64, FixedState>,
    /// Running nodes that fault.
    fault_ends: Vec<usize>,
    transitions: u64,
    pieces: Vec<Piece<K>>,
    /// The successors of nodes that are attended to.
    own: Piece<K>,
    workers: usize,
    state: State,
    row: Vec<u32>,
}

impl<'m, 'p, K: Key> Sweep<'m, 'p, K> {
    fn new(machine: &'m Machine<'p>, watched: &Watched) -> Self {
        let mut stage = Stage::new(machine, Vec::new());
        stage.claims.fields = watched.claims.iter().map(|&claim| stage.fields.of_touched(claim)).collect();
        let mixer = stage.mixer;
        Sweep {
            machine,
            stage,
            shards: (0..SHARDS).map(|_| Shard::new(mixer.bits)).collect(),
            expander: Expander::new(machine, None),
            levels: vec![0],
            sinks: vec![Sink::Assume],
            sink_edges: vec![None],
            running: HashMap::default(),
            fault_ends: Vec::new(),
            transitions: 0,
            pieces: vec![Piece::new()],
            own: Piece::new(),
            workers: watched.workers.max(1),
            state: machine.initial(),
            row: Vec::new(),
        }
    }

    /// Starts anew with wider keys, knowing what fields have held.
    fn widened<W: Key>(self, watched: &Watched) -> Sweep<'m, 'p, W> {
        let mut wide = Sweep::<'m, 'p, W>::new(self.machine, watched);
        wide.stage.fields = self.stage.fields;
        wide
    }

    fn run(
        &mut self,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        visitor: &mut dyn Visitor,
    ) -> Result<Option<Cut>, TooWide> {
        self.state = self.machine.initial();
        let mut row = std::mem::take(&mut self.row);
        self.stage.fields.encode(Mode::Decision, &self.state, &mut row);
        self.refit()?;
        let first = self.stage.mixer.mix(self.stage.fields.pack(&row));
        self.row = row;
        self.own.heads[self.stage.shard(first)].push(first);
        self.flush_own();
        let mut next = 0;
        while next < self.stage.log.len() {
            let level_end = self.stage.log.len();
            self.levels.push(level_end);
            while next < level_end {
                if let Some(cut) = self.look(next, limits, monitor) {
                    return Ok(Some(cut));
                }
                let end = level_end.min(next + BATCH);
                self.expand_batch(next..end);
                self.attend(visitor)?;
                next = end;
                if limits.max_states.is_some_and(|most| self.stage.log.len() as u64 > most) {
                    self.stage.log.truncate(limits.max_states.map_or(0, |most| most as usize));
                    return Ok(Some(Cut::States));
                }
            }
        }
        Ok(None)
    }

    fn look(&self, next: usize, limits: &Limits, monitor: &mut dyn Monitor) -> Option<Cut> {
        let progress = Progress {
            phase: "searching",
            states: self.stage.log.len() as u64,
            transitions: self.transitions,
            frontier: (self.stage.log.len() - next) as u64,
            memory: self.memory() as u64,
        };
        if limits.max_memory.is_some_and(|limit| progress.memory > limit) {
            return Some(Cut::Memory);
        }
        monitor.observe(&progress)
    }

    fn memory(&self) -> usize {
        self.stage.log.memory()
            + self.shards.iter().map(Shard::memory).sum::<usize>()
            + self.stage.effects.memory()
            + self.stage.fields.memory()
            + self.pieces.iter().map(Piece::memory).sum::<usize>()
            + self.running.allocation_size()
            + self.stage.claims.seen.allocation_size()
    }

    /// Adds what the nodes attended to lead to.
    fn flush_own(&mut self) {
        let (mut new, mut sieve) = (Vec::new(), Sieve::default());
        for (shard, heads) in self.shards.iter_mut().zip(&self.own.heads) {
            shard.insert_all([heads.as_slice()].into_iter(), &mut new, &mut sieve);
        }
        self.stage.log.extend(&new);
        self.take_counts_of_own();
    }

    fn take_counts_of_own(&mut self) {
        self.transitions += self.own.transitions;
        for &mixed in &self.own.running {
            *self.running.entry(mixed).or_default() += 1;
        }
        self.own.clear();
    }

    /// Attends to the nodes that were put aside.
    fn attend(&mut self, visitor: &mut dyn Visitor) -> Result<(), TooWide> {
        let aside: Vec<usize> =
            self.pieces.iter_mut().flat_map(|piece| std::mem::take(&mut piece.aside)).collect();
        for node in aside {
            self.attend_to(node, visitor)?;
        }
        self.flush_own();
        Ok(())
    }

    fn attend_to(&mut self, node: usize, visitor: &mut dyn Visitor) -> Result<(), TooWide> {
        let key = self.stage.mixer.unmix(self.stage.log.get(node));
        let mut row = std::mem::take(&mut self.row);
        self.stage.fields.unpack(key, &mut row);
        let mode = self.stage.fields.decode(&row, &mut self.state);
        let slots = match mode {
            Mode::Decision => 0..self.stage.effects.slots(),
            Mode::Running(thread) => thread.index()..thread.index() + 1,
        };
        for slot in slots {
            if self.stage.effects.find(key, slot).is_none() {
                self.learn(node, &row, slot);
            }
        }
        self.row = row;
        if self.stage.fields.overflow() {
            self.flush_own();
            self.refit()?;
        }
        let key = self.stage.mixer.unmix(self.stage.log.get(node));
        let mut leaves = Vec::new();
        self.stage.look_up(key, &mut leaves);
        let leaves: Vec<Leaf> = leaves.into_iter().copied().collect();
        self.show(node, key, mode, &leaves, visitor);
        self.stage.emit(key, &leaves.iter().collect::<Vec<&Leaf>>(), &mut self.own);
        Ok(())
    }

    /// Finds out what the actors of a slot do at a node.
    fn learn(&mut self, node: usize, row: &[u32], slot: usize) {
        let Stage { fields, effects, pairs, .. } = &mut self.stage;
        let learned = effects.learn(fields, &mut self.expander, row, &self.state, slot, &mut self.sinks);
        for (sink, edge) in learned {
            self.sink_edges.resize(self.sinks.len(), None);
            self.sink_edges[sink as usize] = Some((node, edge));
        }
        pairs.fit(&effects.access_list);
    }

    /// Shows a node to the visitor and remembers that it has been shown.
    fn show(&mut self, node: usize, key: K, mode: Mode, leaves: &[Leaf], visitor: &mut dyn Visitor) {
        let kind = match mode {
            Mode::Running(_) if leaves.iter().any(|leaf| leaf.faults) => Kind::FaultEnd,
            Mode::Running(_) => return,
            Mode::Decision if !leaves.is_empty() => Kind::Decision,
            Mode::Decision if self.machine.is_final(&self.state) => Kind::Final,
            Mode::Decision => Kind::Deadlock,
        };
        self.expander.prepare(&self.state, mode, true);
        visitor.state(node as u64, &self.state, kind, &self.expander.actors);
        if kind == Kind::FaultEnd {
            self.fault_ends.push(node);
        }
        self.stage.pairs.settle(leaves);
        self.stage.claims.settle(key);
    }

    /// Gives every field the bits that it needs, and everything that holds keys its new keys.
    fn refit(&mut self) -> Result<(), TooWide> {
        if self.stage.fields.needed_bits() > K::BITS {
            return Err(TooWide);
        }
        let moved = self.stage.fields.refit();
        let old = self.stage.mixer;
        let mixer = Mixer::new(self.stage.fields.key_bits());
        let renew = |mixed: K| {
            let key = old.unmix(mixed);
            mixer.mix(moved.iter().fold(K::default(), |new, &run| new | run.of(key)))
        };
        self.stage.mixer = mixer;
        let log = std::mem::replace(&mut self.stage.log, Log::new(mixer.bits));
        self.shards.clear();
        // Keys spread evenly, so this is the room that each shard needs, and a little more.
        let room = log.len() / SHARDS + log.len() / SHARDS / 16;
        self.shards.resize_with(SHARDS, || Shard::with_room(mixer.bits, room));
        let mut heads: Vec<Vec<K>> = vec![Vec::new(); SHARDS];
        let (mut new, mut sieve) = (Vec::new(), Sieve::default());
        let mut segments = log.drain().peekable();
        while segments.peek().is_some() {
            for segment in segments.by_ref().take(REFIT_AT_ONCE) {
                let keys: Vec<K> = segment.into_iter().map(renew).collect();
                keys.iter().for_each(|&mixed| heads[self.stage.shard(mixed)].push(mixed));
                self.stage.log.extend(&keys);
            }
            for (shard, heads) in self.shards.iter_mut().zip(&mut heads) {
                shard.insert_all([heads.as_slice()].into_iter(), &mut new, &mut sieve);
                heads.clear();
                new.clear();
            }
        }
        let running = std::mem::take(&mut self.running);
        self.running = running.into_iter().map(|(mixed, count)| (renew(mixed), count)).collect();
        self.stage.effects.fit(&self.stage.fields);
        self.stage.claims.fit(&self.stage.fields);
        Ok(())
    }

    /// Counts and hands over.
    fn finish(self, cut: Option<Cut>) -> Swept<'m>
    where
        'p: 'm,
    {
        let fault_ends: Vec<usize> =
            self.fault_ends.iter().copied().filter(|&node| node < self.stage.log.len()).collect();
        let to_fault_ends: u64 = fault_ends
            .iter()
            .map(|&node| self.running.get(&self.stage.log.get(node)).copied().unwrap_or(0))
            .sum();
        let own_states = fault_ends.iter().filter(|&&node| !self.is_counted_elsewhere(node)).count();
        let nodes = self.stage.log.len() as u64;
        Swept {
            states: nodes - self.running_nodes() + own_states as u64,
            transitions: self.transitions + to_fault_ends,
            nodes,
            memory: self.memory() as u64,
            sinks: self.sinks.clone(),
            cut,
            graph: Box::new(self),
        }
    }

    fn running_nodes(&self) -> u64 {
        if self.stage.fields.count(0) == 1 {
            return 0;
        }
        let mode = |index| self.stage.fields.read(self.stage.mixer.unmix(self.stage.log.get(index)), 0);
        (0..self.stage.log.len()).filter(|&index| mode(index) > 0).count() as u64
    }

    /// Returns true when the state before a fault in a run is a decision state too, or that before a fault in
    /// the run of a thread further up.
    fn is_counted_elsewhere(&self, node: usize) -> bool {
        let key = self.stage.mixer.unmix(self.stage.log.get(node));
        let mode = self.stage.fields.read(key, 0);
        let (shift, bits) = self.stage.fields.place(0);
        let twin = |mode: u32| {
            let key = key & !(K::ones(bits) << shift) | K::of(u64::from(mode)) << shift;
            let mixed = self.stage.mixer.mix(key);
            self.shards[self.stage.shard(mixed)].contains(mixed)
        };
        let faults = |mode: u32| {
            let effect = self.stage.effects.find(key, mode as usize - 1);
            effect.is_some_and(|leaf| leaf.faults)
        };
        twin(0) || (1..mode).any(|mode| twin(mode) && faults(mode))
    }
}

impl<K> std::fmt::Debug for Sweep<'_, '_, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweep").field("levels", &self.levels.len()).finish_non_exhaustive()
    }
}
