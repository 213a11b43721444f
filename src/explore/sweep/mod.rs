//! The sweep: the whole decision graph, breadth first, every state exactly, no edges kept.
//!
//! A node of the sweep is a box of states that differ only in how far threads have come with steps that nothing
//! else sees ([`chains`]); where no thread has such steps, a state of its own.
//!
//! A search that counts schedules needs every edge ([`Space`](super::Space)); one that asks what can be
//! reached does not. The sweep is for graphs of millions of states: a node is packed into the bits that it
//! needs ([`fields`]), what a step does is looked up ([`effects`]), the visited set stores less than a node
//! ([`visited`]), edges that lead where another way leads too are left out ([`sleep`]), and the log of all nodes
//! in order of discovery ([`log`]) is the queue and leads back to witnesses ([`retrace`]). Some random walks ahead
//! ([`scout`]) tell what will be needed. Where no step can be undone, schedules are counted without edges too
//! ([`count`]).
//!
//! Nodes are expanded batch by batch, in three phases: workers look up the successors of familiar nodes and
//! sort them by shard; workers add each shard's to the visited set; and nodes that showed something new, a
//! step, a race, an end, are attended to one by one. The order in which anything happens depends on the batch
//! alone, not on the number of workers, so all results are the same with any. A sweep keeps to its memory
//! ([`budget`]) and, where that ends, goes on with a [`disk`] ([`spill`]).
//!
//! PERF: `benches/search`, and `benches/compare.sh` beside Spin.

mod attend;
mod bucket;
mod budget;
mod chains;
mod claims;
mod count;
mod crew;
mod disk;
mod effects;
mod fields;
mod inverse;
mod key;
mod learn;
mod levels;
mod liveness;
mod log;
mod marks;
mod moves;
mod refit;
mod retrace;
mod scout;
mod sieve;
mod sleep;
mod spill;
mod stage;
mod tables;
mod tally;
mod visited;
mod workers;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

pub use self::claims::Look;
pub use self::count::{SweptCounts, ToCount, Uncounted};
pub use self::disk::{Disk, DiskError, Spill};

use self::chains::Chains;
use self::crew::{Crew, Lent};
use self::disk::Shelf;
use self::fields::FieldId;
use self::key::Key;
use self::sieve::Sieve;
use self::stage::{Piece, Stage};
use self::visited::{SHARDS, Shard};
use self::workers::Ward;
use super::estimate;
use super::expand::Expander;
use super::limits::{Cut, Limits, Monitor};
use super::search::{Kind, Sink};
use super::store::Mode;
use crate::program::MemoryModel;
use crate::schedule::Schedule;
use crate::vm::{Actor, Machine, State};

/// How many nodes are expanded before their successors are added.
const BATCH: usize = 1 << 19;

/// Meets the states of a sweep that show something new: ends, each of them; states in which threads race that
/// did not before; and states that claims have not seen the like of.
pub trait Visitor {
    /// A reachable state, the corner of a node, with the node's number, what it is, and who may be chosen there.
    fn state(&mut self, node: u64, state: &State, kind: Kind, actors: &[Actor]);
    /// Forgets everything: the sweep starts anew, and nodes get other numbers.
    fn restart(&mut self);
    /// Returns how many bytes it holds, nearly.
    fn memory(&self) -> usize {
        0
    }
}

/// What a sweep is to look at.
#[derive(Clone, Debug, Default)]
pub struct Watched<'d> {
    /// What claims over all states look at.
    pub claims: Vec<Look>,
    /// How many threads search, at least 1.
    pub workers: usize,
    /// The disk that the sweep goes on with where memory ends.
    pub spill: Option<Spill<'d>>,
    /// Whether each state is to be a node of its own: to be counted, or limited in number.
    pub singly: bool,
}

/// A node of more than 128 bits does not fit a sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooWide;

/// Why a sweep has to begin anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Setback {
    /// A node does not fit its key.
    TooWide,
    /// A [chain](chains) is none.
    Torn,
}

/// What a sweep has found.
pub struct Swept<'m> {
    /// How many states there are: decisions and ends.
    pub states: u64,
    /// How many edges lead to them.
    pub transitions: u64,
    /// How many nodes are stored: boxes of states, and branches in runs.
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
    fn witnesses(&self, nodes: &[u64]) -> Result<Vec<Schedule>, DiskError>;
    fn sink_witness(&self, sink: u32) -> (u64, Schedule);
    fn everything_can_end(&mut self) -> Option<bool>;
    fn count(
        &self,
        wanted: ToCount,
        monitor: &mut dyn Monitor,
        class_of: &mut dyn FnMut(&State) -> usize,
    ) -> Result<SweptCounts, Uncounted>;
}

impl Swept<'_> {
    /// Finds a schedule that leads to the corner of each of these nodes, by the fewest edges between nodes.
    ///
    /// # Errors
    ///
    /// Says so when the nodes are on disk and cannot be read back.
    pub fn witnesses(&self, nodes: &[u64]) -> Result<Vec<Schedule>, DiskError> {
        self.graph.witnesses(nodes)
    }

    /// Returns a node whose corner an edge to this sink leads out of, and the edge's steps.
    pub fn sink_witness(&self, sink: u32) -> (u64, Schedule) {
        self.graph.sink_witness(sink)
    }

    /// Returns true when an end can be reached from every state: there is no livelock. `None` where that would
    /// have to be found out on disk. Only of a sweep that was not cut.
    pub fn everything_can_end(&mut self) -> Option<bool> {
        self.graph.everything_can_end()
    }

    /// Counts the schedules to each class of ends; `class_of` says in which class a final state or deadlock is.
    /// Only of a sweep that was not cut.
    ///
    /// # Errors
    ///
    /// Says so where steps lead in cycles, where nodes are on disk, where there is no memory for it, or when the
    /// monitor cuts it.
    pub fn count(
        &self,
        wanted: ToCount,
        monitor: &mut dyn Monitor,
        class_of: &mut dyn FnMut(&State) -> usize,
    ) -> Result<SweptCounts, Uncounted> {
        self.graph.count(wanted, monitor, class_of)
    }
}

/// Sweeps the decision graph of a machine, until done or cut.
///
/// # Errors
///
/// Says so when its nodes do not fit into 128 bits.
pub fn sweep<'m, 'p>(
    machine: &'m Machine<'p>,
    watched: &Watched<'m>,
    limits: &Limits,
    monitor: &mut dyn Monitor,
    visitor: &mut dyn Visitor,
) -> Result<Swept<'m>, TooWide> {
    let mut narrow = Sweep::<u64>::new(machine, watched);
    match narrow.run_to_end(watched, limits, monitor, visitor) {
        Ok(cut) => Ok(narrow.finish(cut)),
        Err(TooWide) => {
            let mut wide = narrow.widened::<u128>(watched);
            visitor.restart();
            let cut = wide.run_to_end(watched, limits, monitor, visitor)?;
            Ok(wide.finish(cut))
        }
    }
}

/// A sweep under way.
struct Sweep<'m, 'p, K> {
    machine: &'m Machine<'p>,
    stage: Lent<Stage<K>>,
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
    /// What threads' blocks were in final states and deadlocks.
    end_blocks: HashSet<(FieldId, u32), FixedState>,
    /// The nodes of which it is not known that they come nearer to an end; `None` where these are too many.
    doubtful: Option<Vec<usize>>,
    transitions: u64,
    /// How many states more than nodes there are, of those expanded.
    surplus: u64,
    /// How many edges between nodes were followed.
    followed: u64,
    pieces: Vec<Piece<K>>,
    /// Where shards are while something is added to them.
    wards: Vec<Ward<K>>,
    /// The successors of nodes that are attended to.
    own: Piece<K>,
    crew: Crew,
    /// How many bytes may be held.
    limit: Option<u64>,
    /// Something found no room.
    spent: bool,
    /// How many bytes the visitor holds.
    visitors: usize,
    /// Where the nodes are that are not in memory, and the number of the first one in the log.
    shelf: Option<Shelf<'m, K>>,
    first: usize,
    /// How many nodes there will be in all, roughly.
    whole: Option<u64>,
    state: State,
    row: Vec<u32>,
}

impl<'m, 'p, K: Key> Sweep<'m, 'p, K> {
    fn new(machine: &'m Machine<'p>, watched: &Watched<'m>) -> Self {
        let mut stage = Stage::new(machine, &watched.claims);
        if machine.models().memory == MemoryModel::Sc && !watched.singly {
            stage.effects.chains = Chains::new(stage.fields.of_threads().start);
        }
        let mixer = stage.mixer;
        Sweep {
            machine,
            stage: Lent::new(stage),
            shards: (0..SHARDS).map(|_| Shard::new(mixer.bits)).collect(),
            expander: Expander::new(machine, None),
            levels: vec![0],
            sinks: vec![Sink::Assume],
            sink_edges: vec![None],
            running: HashMap::default(),
            fault_ends: Vec::new(),
            end_blocks: HashSet::default(),
            doubtful: Some(Vec::new()),
            transitions: 0,
            surplus: 0,
            followed: 0,
            pieces: vec![Piece::new()],
            wards: Vec::new(),
            own: Piece::new(),
            crew: Crew::new(watched.workers),
            limit: None,
            spent: false,
            visitors: 0,
            shelf: None,
            first: 0,
            whole: None,
            state: machine.initial(),
            row: Vec::new(),
        }
    }

    /// Starts anew with wider keys, knowing what fields have held.
    fn widened<W: Key>(self, watched: &Watched<'m>) -> Sweep<'m, 'p, W> {
        let mut wide = Sweep::<'m, 'p, W>::new(self.machine, watched);
        let Stage { fields, effects, .. } = self.stage.into_inner();
        wide.stage.fields = fields;
        wide.stage.effects.chains = effects.chains.anew();
        wide
    }

    fn run(
        &mut self,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        visitor: &mut dyn Visitor,
    ) -> Result<Option<Cut>, Setback> {
        self.keep_to(limits.max_memory);
        self.scout(monitor);
        let first = self.first_key()?;
        let first = self.stage.mixer.mix(first);
        self.own.heads[self.stage.shard(first)].push(first);
        self.flush_own();
        let mut next = 0;
        while next < self.stage.log.len() {
            let level_end = self.stage.log.len();
            self.begin_level(level_end);
            while next < level_end {
                self.visitors = visitor.memory();
                if let Some(cut) = self.look(next, monitor) {
                    return Ok(Some(cut));
                }
                let end = level_end.min(next + self.batch(next));
                self.ration();
                self.look_ahead(next..end)?;
                if self.spent {
                    return Ok(Some(Cut::Memory));
                }
                self.expand_batch(next..end);
                self.attend(visitor)?;
                if self.spent {
                    return Ok(Some(Cut::Memory));
                }
                next = end;
                if limits.max_states.is_some_and(|most| self.stage.log.len() as u64 > most) {
                    self.stage.log.truncate(limits.max_states.map_or(0, |most| most as usize));
                    return Ok(Some(Cut::States));
                }
            }
        }
        Ok(None)
    }

    /// Returns the first node, where threads stand at the heads of chains.
    fn first_key(&mut self) -> Result<K, Setback> {
        let mut row = std::mem::take(&mut self.row);
        self.stage.fields.encode(Mode::Decision, &self.machine.initial(), &mut row);
        for field in self.stage.fields.of_threads() {
            self.stage.effects.chains.come_to(field, row[field], None, None);
        }
        self.refit()?;
        let first = self.stage.fields.pack(&row);
        self.row = row;
        Ok(first)
    }

    /// Begins with the expansion of a level that is complete and ends before this node.
    fn begin_level(&mut self, end: usize) {
        self.levels.push(end);
        self.whole = estimate::whole(&self.levels);
        let each = self.whole.map_or(0, |whole| whole as usize / SHARDS);
        self.shards.iter_mut().for_each(|shard| shard.expect(each));
    }

    /// Adds what the nodes attended to lead to.
    fn flush_own(&mut self) {
        if let Some(shelf) = &mut self.shelf {
            let mixer = self.stage.mixer;
            shelf.offer(self.own.heads.iter().flatten().map(|&mixed| mixer.unmix(mixed)));
        } else {
            let (mut new, mut sieve) = (Vec::new(), Sieve::default());
            for (shard, heads) in self.shards.iter_mut().zip(&self.own.heads) {
                shard.insert_all([heads.as_slice()].into_iter(), &mut new, &mut sieve);
                self.spent |= shard.is_full();
            }
            self.stage.log.extend(&new);
        }
        self.followed += self.own.followed();
        let sums = std::mem::take(&mut self.own.sums);
        self.add_up(&sums);
        self.own.clear();
    }
}

impl<K> std::fmt::Debug for Sweep<'_, '_, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweep").field("levels", &self.levels.len()).finish_non_exhaustive()
    }
}

/// Looks at nothing.
#[cfg(test)]
struct Nothing;

#[cfg(test)]
impl Visitor for Nothing {
    fn state(&mut self, _: u64, _: &State, _: Kind, _: &[Actor]) {}
    fn restart(&mut self) {}
}
