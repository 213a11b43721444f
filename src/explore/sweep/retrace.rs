//! Witnesses of a sweep: the way back from a node, level by level.
//!
//! No node knows its predecessor. But breadth first, every node of one level has one on the level before, so
//! one more walk over the levels, from the deepest node that is asked for to the first, finds the ways to all
//! of them at once. A level is left as soon as all its nodes in question have been found, and nothing is
//! added to the visited set, so the walk costs a part of the search. The way found has the fewest edges, and of
//! these the one by the earliest nodes.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::key::Key;
use super::{Graph, Sweep};
use crate::program::ThreadId;
use crate::schedule::Schedule;
use crate::vm::{Action, Actor, Choice};

/// For each node on a way: the node before it and the edge between them.
type Ways = HashMap<usize, (usize, u32), FixedState>;

/// How many nodes are read from the log at once.
const CHUNK: usize = 1 << 10;

/// How many bits the filter has before the table of wanted nodes is asked.
const FILTER: usize = 1 << 16;

impl<K: Key> Sweep<'_, '_, K> {
    /// Finds the ways to nodes.
    fn ways(&self, nodes: &[u64]) -> Ways {
        let mut ways = Ways::default();
        let mut open: Vec<usize> = nodes.iter().map(|&node| node as usize).filter(|&node| node > 0).collect();
        open.sort_unstable();
        open.dedup();
        while let Some(&deepest) = open.last() {
            let level = self.levels.partition_point(|&start| start <= deepest) - 1;
            let of_level = open.partition_point(|&node| node < self.levels[level]);
            let wanted = open.split_off(of_level);
            let found = self.before(level, &wanted);
            open.extend(found.iter().map(|&(_, before, _)| before).filter(|&before| before > 0));
            open.sort_unstable();
            open.dedup();
            ways.extend(found.into_iter().map(|(node, before, edge)| (node, (before, edge))));
        }
        ways
    }

    /// Finds for each of these nodes of a level one before it, with the edge between them.
    fn before(&self, level: usize, wanted: &[usize]) -> Vec<(usize, usize, u32)> {
        let stage = &self.stage;
        let mut missing: HashMap<K, usize, FixedState> =
            wanted.iter().map(|&node| (stage.log.get(node), node)).collect();
        let mut filter = vec![false; FILTER];
        let place = |mixed: K| mixed.low() as usize % FILTER;
        missing.keys().for_each(|&mixed| filter[place(mixed)] = true);
        let mut found = Vec::new();
        let (mut keys, mut leaves) = (Vec::new(), Vec::new());
        let (start, end) = (self.levels[level - 1], self.levels[level]);
        'level: for first in (start..end).step_by(CHUNK) {
            stage.log.read_into(first, CHUNK.min(end - first), &mut keys);
            for (node, &mixed) in (first..).zip(&keys) {
                let key = stage.mixer.unmix(mixed);
                stage.look_up(key, &mut leaves);
                for leaf in &leaves {
                    for (number, &(keep, set)) in stage.effects.masks(leaf).iter().enumerate() {
                        let mixed = stage.mixer.mix(key & keep | set);
                        if filter[place(mixed)]
                            && let Some(head) = missing.remove(&mixed)
                        {
                            found.push((head, node, leaf.first + number as u32));
                        }
                    }
                }
                if missing.is_empty() {
                    break 'level;
                }
            }
        }
        assert!(missing.is_empty(), "every node has one before it on the level above");
        found
    }

    fn append(&self, edge: u32, schedule: &mut Schedule) {
        let step = self.stage.effects.step(edge);
        schedule.actions.push(step.action);
        let thread: ThreadId = step.action.actor.thread();
        let rest = Action { actor: Actor::Thread(thread), choice: Choice::Only };
        schedule.actions.extend(std::iter::repeat_n(rest, step.steps as usize - 1));
    }
}

impl<K: Key> Graph for Sweep<'_, '_, K> {
    fn witnesses(&self, nodes: &[u64]) -> Vec<Schedule> {
        let ways = self.ways(nodes);
        let way_to = |&node: &u64| {
            let (mut edges, mut at) = (Vec::new(), node as usize);
            while let Some(&(before, edge)) = ways.get(&at) {
                edges.push(edge);
                at = before;
            }
            let mut schedule = Schedule::default();
            edges.into_iter().rev().for_each(|edge| self.append(edge, &mut schedule));
            schedule
        };
        nodes.iter().map(way_to).collect()
    }

    fn sink_witness(&self, sink: u32) -> (u64, Schedule) {
        let (node, edge) = self.sink_edges[sink as usize].expect("a sink is known by an edge to it");
        let mut schedule = Schedule::default();
        self.append(edge, &mut schedule);
        (node as u64, schedule)
    }

    fn everything_can_end(&self) -> bool {
        self.is_acyclic() || self.all_alive()
    }
}
