//! Counting over a sweep: in how many schedules, and with what probability, each end is reached, where no edges
//! were kept.
//!
//! Dynamic programming forwards, as in [`graph`](crate::graph), needs an order in which every edge leads onwards.
//! Where no thread's block can become again what it was, the moves of each block are a graph without cycles, and
//! the *height* of a node, the sum over its threads of the longest way to their blocks, grows along every edge:
//! a step always moves the block of its own thread. So nodes are taken level by level of equal height, and
//! what they lead to is looked up anew. Of each level only the nodes are held, in a table of their own, with their
//! numbers in as many words as the level needs; behind it, everything is forgotten. Where blocks move in cycles
//! nothing is counted here.
//!
//! Numbers are exact. With `most` the largest number of edges out of a node of a level, the ways to a node are no
//! more than the product of `most` over the levels below. With `shares` the least common multiple of all numbers
//! by which the random scheduler divides a node's probability on a level, the probability of a node times the
//! product of `shares` below is a whole number, and no more than that product.
//!
//! PERF: 10,147,279 states of four threads that increment three times: see `benches/search/counting.rs`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;

use num_bigint::BigUint;
use num_rational::BigRational;
use num_traits::{One, Zero};

use super::Sweep;
use super::effects::{Effects, Leaf};
use super::fields::FieldId;
use super::key::Key;
use super::levels::{Level, PLACE_BYTES, Plan, Sum, Width, add, add_scaled};
use super::stage::Leaves;
use super::visited::{SHARD_BITS, SHARDS};
use super::workers::share;
use crate::explore::limits::{Cut, Monitor, Progress};
use crate::explore::store::Mode;
use crate::vm::State;

/// Nothing is counted where numbers would need more words than this, or more levels.
const MOST_WORDS: usize = 1 << 10;
const MOST_LEVELS: usize = 1 << 16;

/// The monitor is asked behind so many nodes, and before each level.
const BETWEEN_LOOKS: usize = 1 << 16;

/// What is to be counted over a sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToCount {
    /// Probabilities are wanted too.
    pub with_probabilities: bool,
    /// How many classes of ends there are.
    pub classes: usize,
    /// The class of the first sink; that of any other is so much higher.
    pub first_sink: usize,
}

/// Why nothing was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Uncounted {
    /// Blocks move in cycles, nodes are on disk, or there is no room.
    Impossible,
    /// The monitor said that it is time to stop.
    Cut(Cut),
}

/// What counting over a sweep found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SweptCounts {
    /// For each class of ends, the number of schedules.
    pub schedules: Vec<BigUint>,
    /// For each class of ends, its probability under the random scheduler; empty where that was not wanted.
    pub probabilities: Vec<BigRational>,
}

impl SweptCounts {
    /// Adds what ended on a level; probabilities there are to be divided by `scale`.
    fn add(&mut self, sums: Sums, scale: &BigUint) {
        for (class, sum) in sums {
            let (ways, mass) = sum.numbers();
            self.schedules[class] += ways;
            if let Some(probability) = self.probabilities.get_mut(class) {
                *probability += BigRational::new(mass.into(), scale.clone().into());
            }
        }
    }
}

/// What is known of an edge, or of the leaf that it is the first edge of.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    /// How much higher its head is.
    rise: u32,
    /// How many edges of its leaf begin with its actor.
    choices: u32,
    /// Of the first edge of a leaf: how many actors the leaf has.
    actors: u32,
}

/// Sums by class of ends.
type Sums = BTreeMap<usize, Sum>;

/// What edges out of a level have in common.
struct Tail {
    /// The level's `shares`.
    shares: u64,
    /// For each rise what probabilities are multiplied by for the levels between.
    gaps: Vec<Vec<u64>>,
}

/// A count under way.
struct Count<'s, 'm, 'p, K> {
    sweep: &'s Sweep<'m, 'p, K>,
    wanted: ToCount,
    weights: Vec<Weight>,
    /// For each field, how high each of its numbers is.
    heights: Vec<Vec<u32>>,
    plans: Vec<Plan>,
    /// By how much edges rise, in ascending order.
    rises: BTreeSet<u32>,
}

impl<K: Key> Sweep<'_, '_, K> {
    /// Counts; `class_of` says in which class an end is, a final state or a deadlock.
    pub(super) fn count_schedules(
        &self,
        wanted: ToCount,
        monitor: &mut dyn Monitor,
        class_of: &mut dyn FnMut(&State) -> usize,
    ) -> Result<SweptCounts, Uncounted> {
        if self.shelf.is_some() {
            return Err(Uncounted::Impossible);
        }
        let heights = self.stage.effects.moves().heights().ok_or(Uncounted::Impossible)?;
        let weights = weights(&self.stage.effects, &heights);
        let highest = |heights: &Vec<u32>| heights.iter().copied().max().unwrap_or(0) as usize;
        if heights.iter().map(highest).sum::<usize>() >= MOST_LEVELS {
            return Err(Uncounted::Impossible);
        }
        let rises = weights.iter().map(|weight| weight.rise).collect();
        let mut count = Count { sweep: self, wanted, weights, heights, plans: Vec::new(), rises };
        count.plans = count.plan(monitor)?;
        let both = [(true, wanted.with_probabilities)];
        let apart = [(true, false), (false, wanted.with_probabilities)];
        let fits = |lanes: &[(bool, bool)]| {
            lanes.iter().all(|&lanes| count.bytes(lanes).is_some_and(|bytes| self.has_room_for(bytes)))
        };
        let passes: &[(bool, bool)] = if fits(&both) {
            &both
        } else if fits(&apart) {
            &apart
        } else {
            return Err(Uncounted::Impossible);
        };
        let probabilities = if wanted.with_probabilities { wanted.classes } else { 0 };
        let mut counts = SweptCounts {
            schedules: vec![BigUint::ZERO; wanted.classes],
            probabilities: vec![BigRational::zero(); probabilities],
        };
        for &lanes in passes {
            count.pass(lanes, monitor, class_of, &mut counts)?;
        }
        Ok(counts)
    }
}

/// Says of each edge what counting needs to know.
fn weights<K: Key>(effects: &Effects<K>, heights: &[Vec<u32>]) -> Vec<Weight> {
    let mut weights = Vec::new();
    for leaf in &effects.leaves {
        let edges = leaf.first..leaf.first + leaf.total;
        weights.resize(weights.len().max(edges.end as usize), Weight::default());
        let mut of_actor = BTreeMap::new();
        for edge in edges.clone() {
            *of_actor.entry(effects.step(edge).action.actor).or_insert(0) += 1;
        }
        for edge in edges {
            let step = effects.step(edge);
            let rise = |&(field, from, to): &(FieldId, u32, u32)| {
                let heights: &[u32] = &heights[field];
                heights[to as usize] - heights[from as usize]
            };
            weights[edge as usize] = Weight {
                rise: step.moves.iter().map(rise).sum(),
                choices: of_actor[&step.action.actor],
                actors: of_actor.len() as u32,
            };
        }
    }
    weights
}

impl<K: Key> Count<'_, '_, '_, K> {
    fn height(&self, key: K) -> usize {
        let heights = self.heights.iter().enumerate().filter(|(_, heights)| !heights.is_empty());
        let height = |(field, heights): (usize, &Vec<u32>)| {
            heights.get(self.sweep.stage.fields.read(key, field) as usize).copied().unwrap_or(0) as usize
        };
        heights.map(height).sum()
    }

    /// Returns how many actors can be chosen where these leaves are.
    #[inline]
    fn actors(&self, leaves: &[&Leaf]) -> u64 {
        leaves.iter().map(|leaf| u64::from(self.weights[leaf.first as usize].actors)).sum()
    }

    /// Asks the monitor, when so many nodes were counted and so many bytes are held beside the sweep.
    fn look(&self, counted: usize, bytes: usize, monitor: &mut dyn Monitor) -> Result<(), Uncounted> {
        let nodes = self.sweep.nodes();
        let progress = Progress {
            phase: "counting",
            states: nodes as u64,
            transitions: self.sweep.transitions,
            frontier: (nodes - counted) as u64,
            memory: (self.sweep.memory() + bytes) as u64,
            whole: None,
        };
        monitor.observe(&progress).map_or(Ok(()), |cut| Err(Uncounted::Cut(cut)))
    }

    /// Looks at all nodes.
    fn plan(&self, monitor: &mut dyn Monitor) -> Result<Vec<Plan>, Uncounted> {
        let nodes = self.sweep.nodes();
        let workers = self.sweep.workers_for(nodes);
        let plans = Mutex::new(Vec::<Plan>::new());
        // Mixed keys fill all shards evenly.
        let at_once = (SHARDS * BETWEEN_LOOKS / nodes).clamp(workers.min(SHARDS), SHARDS);
        for first in (0..SHARDS).step_by(at_once) {
            self.look(nodes * first / SHARDS, 0, monitor)?;
            let numbers = first..SHARDS.min(first + at_once);
            share(workers, numbers, Vec::new, |leaves: &mut Leaves<'_>, number| {
                let of_shard = self.plans_of(number, leaves);
                let mut plans = plans.lock().expect("no worker panics while it adds its plans");
                let levels = plans.len().max(of_shard.len());
                plans.resize(levels, Plan::default());
                plans.iter_mut().zip(&of_shard).for_each(|(plan, more)| plan.add(more));
            });
        }
        let plans = plans.into_inner().expect("no worker panics while it adds its plans");
        let are_small = plans.iter().all(|plan| plan.shares < u64::MAX);
        if are_small { Ok(plans) } else { Err(Uncounted::Impossible) }
    }

    /// Looks at the nodes of a shard.
    fn plans_of<'s>(&'s self, number: usize, leaves: &mut Leaves<'s>) -> Vec<Plan> {
        let Sweep { stage, shards, .. } = self.sweep;
        let top = K::of(number as u64) << (stage.mixer.bits - SHARD_BITS);
        let mut plans: Vec<Plan> = Vec::new();
        for mixed in (0..shards[number].slots()).filter_map(|slot| shards[number].key_at(slot)) {
            let key = stage.mixer.unmix(mixed | top);
            stage.look_up(key, leaves);
            let height = self.height(key);
            plans.resize(plans.len().max(height + 1), Plan::default());
            plans[height].add(&self.plan_of(leaves));
        }
        plans
    }

    fn plan_of(&self, leaves: &[&Leaf]) -> Plan {
        let actors = self.actors(leaves);
        let mut plan = Plan { nodes: 1, ..Plan::default() };
        plan.most = leaves.iter().map(|leaf| u64::from(leaf.total)).sum::<u64>().max(1);
        for edge in leaves.iter().flat_map(|leaf| leaf.first..leaf.first + leaf.total) {
            let divisor = actors * u64::from(self.weights[edge as usize].choices);
            if !plan.shares.is_multiple_of(divisor) {
                plan.add(&Plan { nodes: 0, most: 1, shares: divisor });
            }
        }
        plan
    }

    /// Returns the words that numbers have on each level, one level more than there are.
    fn widths(&self, (ways, mass): (bool, bool)) -> Vec<Width> {
        let words = |bound: &BigUint| bound.bits().div_ceil(64) as usize;
        let (mut most, mut shares) = (BigUint::one(), BigUint::one());
        let mut widths = Vec::with_capacity(self.plans.len() + 1);
        for plan in self.plans.iter().chain([&Plan::default()]) {
            let of = |wanted: bool, bound| if wanted { words(bound) } else { 0 };
            widths.push(Width { ways: of(ways, &most), mass: of(mass, &shares) });
            most *= plan.most;
            shares *= plan.shares;
        }
        widths
    }

    /// Returns how many bytes a pass needs at most; `None` where numbers are too large.
    fn bytes(&self, lanes: (bool, bool)) -> Option<usize> {
        let widths = self.widths(lanes);
        if widths.last().is_some_and(|width| width.words() > MOST_WORDS) {
            return None;
        }
        let level = |(plan, width): (&Plan, &Width)| {
            plan.nodes * (size_of::<K>() as u64 + 8 * width.words() as u64 + PLACE_BYTES)
        };
        let levels: Vec<u64> = self.plans.iter().zip(&widths).map(level).collect();
        let open = self.steepest() + 1;
        let held = (0..levels.len()).map(|first| levels[first..].iter().take(open).sum::<u64>());
        let weights = self.weights.len() * size_of::<Weight>();
        usize::try_from(held.max().unwrap_or(0)).ok()?.checked_add(weights)
    }

    /// Counts ways, probabilities or both, and adds what it finds to the counts.
    fn pass(
        &self,
        lanes: (bool, bool),
        monitor: &mut dyn Monitor,
        class_of: &mut dyn FnMut(&State) -> usize,
        counts: &mut SweptCounts,
    ) -> Result<(), Uncounted> {
        let widths = self.widths(lanes);
        let bytes = self.bytes(lanes).unwrap_or(0);
        let stage = &self.sweep.stage;
        // What a field held first is its number 0.
        let first = K::default();
        let start = self.height(first);
        let mut open: VecDeque<Level<K>> = VecDeque::new();
        let mut leaves = Leaves::new();
        let (mut row, mut state) = (Vec::new(), self.sweep.machine.initial());
        let (mut scale, mut nodes) = (BigUint::one(), 0);
        for (height, plan) in self.plans.iter().enumerate() {
            while open.len() <= self.steepest() {
                let next = height + open.len();
                let nodes = self.plans.get(next).map_or(0, |plan| plan.nodes);
                open.push_back(Level::new(nodes, widths[next.min(self.plans.len())]));
            }
            let mut level = open.pop_front().expect("a level has just been opened");
            if height == start {
                let (ways, mass) = level.numbers(stage.mixer.mix(first), first);
                ways.iter_mut().take(1).chain(mass.iter_mut().take(1)).for_each(|word| *word = 1);
            }
            let from = Tail { shares: plan.shares, gaps: self.gaps(height) };
            let (mut ended, mut stopped) = (Sums::new(), Sums::new());
            for (index, (key, ways, mass)) in level.nodes().enumerate() {
                if index.is_multiple_of(BETWEEN_LOOKS) {
                    self.look(nodes + index, bytes, monitor)?;
                }
                stage.look_up(key, &mut leaves);
                if leaves.is_empty() {
                    stage.fields.unpack(key, &mut row);
                    let mode = stage.fields.decode(&row, &mut state);
                    assert_eq!(mode, Mode::Decision, "a thread that runs has a next step");
                    ended.entry(class_of(&state)).or_default().add(ways, mass, 1);
                } else {
                    self.follow(key, (ways, mass), &leaves, &from, &mut open, &mut stopped);
                }
            }
            nodes += level.len();
            counts.add(ended, &scale);
            scale *= plan.shares;
            counts.add(stopped, &scale);
        }
        assert_eq!(nodes, self.sweep.nodes(), "every node has been counted");
        Ok(())
    }

    /// Adds a node's numbers to those of its heads and of the ends right behind it.
    #[inline]
    fn follow(
        &self,
        key: K,
        (ways, mass): (&[u64], &[u64]),
        leaves: &[&Leaf],
        from: &Tail,
        open: &mut VecDeque<Level<K>>,
        stopped: &mut Sums,
    ) {
        let stage = &self.sweep.stage;
        let actors = self.actors(leaves);
        let factor = |weight: &Weight| from.shares / (actors * u64::from(weight.choices));
        for leaf in leaves {
            let weights = &self.weights[leaf.first as usize..(leaf.first + leaf.total) as usize];
            for (&(keep, set), weight) in stage.effects.masks(leaf).iter().zip(weights) {
                let head = key & keep | set;
                let (to_ways, to_mass) = open[weight.rise as usize - 1].numbers(stage.mixer.mix(head), head);
                add(to_ways, ways, 1);
                add_scaled(to_mass, mass, factor(weight), &from.gaps[weight.rise as usize]);
            }
            for (number, weight) in weights.iter().enumerate().skip(leaf.nodes as usize) {
                let sink = stage.effects.step(leaf.first + number as u32).sink.expect("ends come last");
                if sink > 0 {
                    let class = self.wanted.first_sink + sink as usize;
                    stopped.entry(class).or_default().add(ways, mass, factor(weight));
                }
            }
        }
    }

    /// Returns the highest rise of an edge.
    fn steepest(&self) -> usize {
        self.rises.last().map_or(0, |&rise| rise as usize)
    }

    /// For each rise from a level: what probabilities are to be multiplied by for the levels between.
    fn gaps(&self, height: usize) -> Vec<Vec<u64>> {
        let mut gaps = vec![Vec::new(); self.steepest() + 1];
        for rise in self.rises.iter().map(|&rise| rise as usize).filter(|&rise| rise > 0) {
            let between = self.plans.iter().skip(height + 1).take(rise - 1);
            for shares in between.map(|plan| plan.shares).filter(|&shares| shares > 1) {
                let factors: &mut Vec<u64> = &mut gaps[rise];
                match factors.last().and_then(|last| last.checked_mul(shares)) {
                    Some(product) => *factors.last_mut().expect("it has just been looked at") = product,
                    None => factors.push(shares),
                }
            }
        }
        gaps
    }
}
