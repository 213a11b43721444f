//! Witnesses of a sweep: the way back from a node, level by level.
//!
//! No node knows its predecessor. But breadth first, every node of one level has one on the level before: which
//! keys come into question is known from the effects read backwards ([`inverse`](super::inverse)), and one look
//! through the keys of that level, in the log, tells which of them are there. So one walk over the levels, from
//! the deepest node that is asked for to the first, finds the ways to all nodes at once, and nothing is expanded
//! again. The way found has the fewest edges between nodes, and of these it is the one by the earliest nodes. It leads
//! to the corner of a node, and from the head of each chain to its end.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::disk::DiskError;
use super::effects::Step;
use super::inverse::Inverse;
use super::key::Key;
use super::workers::share;
use super::{Graph, Sweep, SweptCounts, ToCount, Uncounted};
use crate::explore::limits::Monitor;
use crate::program::ThreadId;
use crate::schedule::Schedule;
use crate::vm::{Action, Actor, Choice, State};

/// For each node on a way: the node before it and the edge between them.
type Ways = HashMap<usize, (usize, u32), FixedState>;

/// How many nodes a worker looks through before it says what it has found.
const PIECE: usize = 1 << 12;

/// Levels of fewer nodes are looked through by one worker.
const WORTH_A_THREAD: usize = 1 << 17;

/// How many bits the filter has before the table of wanted nodes is asked.
const FILTER: usize = 1 << 16;

fn place<K: Key>(mixed: K) -> usize {
    mixed.low() as usize % FILTER
}

/// A search for the nodes before those of one level.
struct Search<K> {
    /// What may be one of them: where each leads, and by which edge.
    candidates: HashMap<K, Vec<(usize, u32)>, FixedState>,
    filter: Vec<bool>,
    /// How many nodes something is wanted for.
    wanted: usize,
    /// For each of them where one before was found: the first piece in which it was, that node, and the edge.
    found: Mutex<BTreeMap<usize, (usize, usize, u32)>>,
    /// Pieces behind this one can find nothing that is needed.
    last_needed: AtomicUsize,
    /// Nodes could not be read back.
    failed: AtomicBool,
}

impl<K: Key> Search<K> {
    fn new(candidates: HashMap<K, Vec<(usize, u32)>, FixedState>, wanted: usize) -> Search<K> {
        let mut filter = vec![false; FILTER];
        candidates.keys().for_each(|&mixed| filter[place(mixed)] = true);
        Search {
            candidates,
            filter,
            wanted,
            found: Mutex::default(),
            last_needed: AtomicUsize::new(usize::MAX),
            failed: AtomicBool::new(false),
        }
    }

    /// Adds what a piece has shown. The first piece counts, not the first worker, so that the answer is the
    /// same with any number of them.
    fn add(&self, of_piece: Vec<(usize, usize, u32)>, piece: usize) {
        let mut found = self.found.lock().expect("no worker panics while it adds what it found");
        for (head, node, edge) in of_piece {
            let entry = found.entry(head).or_insert((piece, node, edge));
            if piece < entry.0 {
                *entry = (piece, node, edge);
            }
        }
        if found.len() == self.wanted {
            let last = found.values().map(|&(piece, ..)| piece).max().unwrap_or(0);
            self.last_needed.store(last, Ordering::Relaxed);
        }
    }
}

impl<K: Key> Sweep<'_, '_, K> {
    /// Finds the ways to nodes.
    fn ways(&self, nodes: &[u64]) -> Result<Ways, DiskError> {
        let mut ways = Ways::default();
        let inverse = Inverse::new(&self.stage.fields, &self.stage.effects);
        let mut open: Vec<usize> = nodes.iter().map(|&node| node as usize).filter(|&node| node > 0).collect();
        open.sort_unstable();
        open.dedup();
        while let Some(&deepest) = open.last() {
            let level = self.levels.partition_point(|&start| start <= deepest) - 1;
            let of_level = open.partition_point(|&node| node < self.levels[level]);
            let wanted = open.split_off(of_level);
            let found = self.before(level, &wanted, &inverse)?;
            open.extend(found.iter().map(|&(_, before, _)| before).filter(|&before| before > 0));
            open.sort_unstable();
            open.dedup();
            ways.extend(found.into_iter().map(|(node, before, edge)| (node, (before, edge))));
        }
        Ok(ways)
    }

    /// Finds for each of these nodes of a level the first one before it, with the edge between them.
    fn before(
        &self,
        level: usize,
        wanted: &[usize],
        inverse: &Inverse<'_, K>,
    ) -> Result<Vec<(usize, usize, u32)>, DiskError> {
        let (start, end) = (self.levels[level - 1], self.levels[level]);
        let mut candidates: HashMap<K, Vec<(usize, u32)>, FixedState> = HashMap::default();
        let mut key = Vec::new();
        for &node in wanted {
            self.read_nodes(node, 1, &mut key)?;
            inverse.for_each_before(self.stage.mixer.unmix(key[0]), |before, edge| {
                candidates.entry(self.stage.mixer.mix(before)).or_default().push((node, edge));
            });
        }
        let search = Search::new(candidates, wanted.len());
        let workers = if end - start < WORTH_A_THREAD { 1 } else { self.crew.size() };
        let pieces = (start..end).step_by(PIECE).enumerate();
        share(
            workers,
            pieces,
            || (),
            |(), (number, first)| {
                if number <= search.last_needed.load(Ordering::Relaxed) {
                    match self.scan(first..end.min(first + PIECE), &search) {
                        Ok(found) => search.add(found, number),
                        Err(DiskError) => search.failed.store(true, Ordering::Relaxed),
                    }
                }
            },
        );
        if search.failed.into_inner() {
            return Err(DiskError);
        }
        let found = search.found.into_inner().expect("no worker panics while it adds what it found");
        Ok(found.into_iter().map(|(head, (_, node, edge))| (head, node, edge)).collect())
    }

    /// Finds the candidates among these nodes: where each leads, its number, and by which edge.
    fn scan(&self, nodes: Range<usize>, search: &Search<K>) -> Result<Vec<(usize, usize, u32)>, DiskError> {
        let (mut keys, mut found) = (Vec::new(), Vec::new());
        self.read_nodes(nodes.start, nodes.len(), &mut keys)?;
        for (node, mixed) in nodes.zip(keys).filter(|&(_, mixed)| search.filter[place(mixed)]) {
            let leads_to = search.candidates.get(&mixed).into_iter().flatten();
            found.extend(leads_to.map(|&(head, edge)| (head, node, edge)));
        }
        Ok(found)
    }

    /// Appends an edge: the private steps to the end of the chain that it leaves, and its own.
    fn append_edge(&self, edge: u32, schedule: &mut Schedule) {
        let (effects, fields) = (&self.stage.effects, &self.stage.fields);
        let step = effects.step(edge);
        let own = fields.of_thread(step.action.actor.thread());
        if let Some(&(_, end, _)) = step.moves.iter().find(|&&(field, ..)| field == own) {
            let slot = step.action.actor.thread().index();
            effects.steps_to(slot, end).into_iter().for_each(|step| append(step, schedule));
        }
        append(step, schedule);
    }

    /// Appends the private steps from a node to its corner.
    fn append_corner(&self, node: u64, schedule: &mut Schedule) -> Result<(), DiskError> {
        let (effects, fields) = (&self.stage.effects, &self.stage.fields);
        let mut key = Vec::new();
        self.read_nodes(node as usize, 1, &mut key)?;
        for (slot, field) in fields.of_threads().enumerate() {
            let head = fields.read(self.stage.mixer.unmix(key[0]), field);
            effects.for_each_on_chain(slot, head, |_, step| append(step, schedule));
        }
        Ok(())
    }
}

fn append(step: &Step, schedule: &mut Schedule) {
    schedule.actions.push(step.action);
    let thread: ThreadId = step.action.actor.thread();
    let rest = Action { actor: Actor::Thread(thread), choice: Choice::Only };
    schedule.actions.extend(std::iter::repeat_n(rest, step.steps as usize - 1));
}

impl<K: Key> Graph for Sweep<'_, '_, K> {
    fn witnesses(&self, nodes: &[u64]) -> Result<Vec<Schedule>, DiskError> {
        let ways = self.ways(nodes)?;
        let way_to = |&node: &u64| -> Result<Schedule, DiskError> {
            let (mut edges, mut at) = (Vec::new(), node as usize);
            while let Some(&(before, edge)) = ways.get(&at) {
                edges.push(edge);
                at = before;
            }
            let mut schedule = Schedule::default();
            edges.into_iter().rev().for_each(|edge| self.append_edge(edge, &mut schedule));
            self.append_corner(node, &mut schedule)?;
            Ok(schedule)
        };
        nodes.iter().map(way_to).collect()
    }

    fn sink_witness(&self, sink: u32) -> (u64, Schedule) {
        let (node, edge) = self.sink_edges[sink as usize].expect("a sink is known by an edge to it");
        let mut schedule = Schedule::default();
        append(self.stage.effects.step(edge), &mut schedule);
        (node as u64, schedule)
    }

    fn count(
        &self,
        wanted: ToCount,
        monitor: &mut dyn Monitor,
        class_of: &mut dyn FnMut(&State) -> usize,
    ) -> Result<SweptCounts, Uncounted> {
        self.count_schedules(wanted, monitor, class_of)
    }

    fn everything_can_end(&mut self) -> Option<bool> {
        let moves = self.stage.effects.moves();
        let order = moves.order();
        if !moves.can_be_undone(&order) {
            return Some(true);
        }
        if self.all_as_foreseen(&order) {
            return Some(true);
        }
        let ranks = moves.ranks(&self.end_blocks.iter().copied().collect::<Vec<_>>());
        self.stage.effects.mark(&order, &ranks);
        match (self.all_come_nearer(&ranks), &self.shelf) {
            (true, _) => Some(true),
            (false, None) => Some(self.all_alive()),
            (false, Some(_)) => None,
        }
    }
}
