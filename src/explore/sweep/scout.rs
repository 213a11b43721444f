//! The scout: random walks ahead of a sweep, which then knows from its beginning what most steps do and how
//! many values fields have.
//!
//! Breadth first, what threads do late is met late, when there are already many nodes: to learn a step one by
//! one for all nodes of a batch, and to give all nodes new keys because a field has had more values than its bits
//! tell apart, each cost as much as a good part of the search. A walk of a few hundred steps comes to the end at
//! once. Nothing depends on what walks meet but the time and the room that the sweep takes.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Sweep;
use super::effects::Effects;
use super::fields::{FieldId, Fields};
use super::key::Key;
use super::learn::Met;
use super::stage::Stage;
use crate::explore::limits::Monitor;
use crate::explore::store::Mode;

/// All walks together have so many steps at most.
const MOST_STEPS: usize = 1 << 17;

/// A walk has so many steps at most.
const LONGEST_WALK: usize = 1 << 11;

/// So many effects are learned at most.
const MOST_LEARNED: usize = 1 << 14;

/// A thread goes on for 1, 2, 4 … steps on average, in each walk for another number of these.
const MOST_STAYS: u32 = 6;

/// When so many walks, one after the other, have shown nothing new, there are no more.
const IDLE_WALKS: usize = 32;

/// What walks learn takes one part in so many of the budget at most.
const SHARE: u64 = 16;

/// How often walks have met each value of each field: not at all, once, or more often.
#[derive(Default)]
struct Census(Vec<Vec<u8>>);

impl Census {
    fn count(&mut self, field: FieldId, number: u32) {
        if self.0.len() <= field {
            self.0.resize_with(field + 1, Vec::new);
        }
        let (times, number) = (&mut self.0[field], number as usize);
        if times.len() <= number {
            times.resize(number + 1, 0);
        }
        times[number] = (times[number] + 1).min(3);
    }

    /// Estimates how many values a field has, when walks have met so many: Chao, "Nonparametric Estimation of the
    /// Number of Classes in a Population" (Scandinavian Journal of Statistics 11, 1984), with the bias corrected.
    fn estimate(&self, field: FieldId, met: u32) -> u32 {
        let times = self.0.get(field).map_or(&[][..], Vec::as_slice);
        let met_so_often = |often: u8| times.iter().filter(|&&times| times == often).count() as u32;
        let (once, twice) = (met_so_often(1), met_so_often(2));
        // A field whose values are nearly all new each time is not worth a guess.
        if once > met / 2 { met } else { met + once * once.saturating_sub(1) / (2 * (twice + 1)) }
    }
}

impl<K: Key> Sweep<'_, '_, K> {
    /// Walks from the initial state, before the sweep has begun, until a monitor says that it is time to stop.
    pub(super) fn scout(&mut self, monitor: &mut dyn Monitor) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
        let mut census = Census::default();
        let (mut steps, mut idle) = (0, 0);
        while steps < MOST_STEPS
            && idle < IDLE_WALKS
            && self.may_learn_more()
            && self.look(0, monitor).is_none()
        {
            let known = self.stage.effects.len();
            steps += self.walk(&mut random, &mut census) + 1;
            idle = if self.stage.effects.len() > known { 0 } else { idle + 1 };
        }
        let Stage { fields, effects, pairs, .. } = &mut *self.stage;
        if fields.needed_bits() > K::BITS {
            let chains = std::mem::take(&mut effects.chains);
            *fields = Fields::new(self.machine);
            *effects = Effects::new(self.machine, fields);
            effects.chains = chains.anew();
            self.end_blocks.clear();
        }
        effects.foresee(&self.end_blocks.iter().copied().collect::<Vec<_>>());
        pairs.fit(&effects.access_list);
        let expected = (0..fields.len()).map(|field| census.estimate(field, fields.count(field)));
        fields.expect(expected.collect());
    }

    fn may_learn_more(&self) -> bool {
        let held = (self.stage.effects.memory() + self.stage.fields.memory()) as u64;
        self.stage.effects.len() < MOST_LEARNED && self.limit.is_none_or(|limit| held < limit / SHARE)
    }

    /// Walks until nothing can go on, or the walk is long; returns its number of steps.
    fn walk(&mut self, random: &mut impl Rng, census: &mut Census) -> usize {
        let mut row = Vec::new();
        self.stage.fields.encode(Mode::Decision, &self.machine.initial(), &mut row);
        let stays = random.next_u32() % MOST_STAYS;
        let mut last = 0;
        for step in 0..LONGEST_WALK {
            let draw = random.next_u64();
            let mode = row[0] as usize;
            let slots = if mode > 0 { mode - 1..mode } else { 0..self.stage.effects.slots() };
            let stay = draw >> 32 & ((1 << stays) - 1) != 0;
            let first = if stay { last } else { draw as u32 as usize } % slots.len();
            let turned = slots.clone().skip(first).chain(slots.take(first));
            let Some((slot, (edge, edges))) =
                turned.into_iter().find_map(|slot| self.edges_of(&row, slot).map(|edges| (slot, edges)))
            else {
                self.note_end(&row);
                return step;
            };
            last = slot;
            let taken = edge + (draw >> 48) as u32 % edges;
            for &(field, number) in &self.stage.effects.step(taken).changes {
                row[field] = number;
                census.count(field, number);
            }
        }
        LONGEST_WALK
    }

    /// Notes what threads' blocks are where nothing can happen any more.
    fn note_end(&mut self, row: &[u32]) {
        let effects = &self.stage.effects;
        let ends_here = |slot| effects.find_by_row(row, slot).is_some_and(|leaf| leaf.total == 0);
        if (0..effects.slots()).all(ends_here) {
            self.end_blocks.extend(self.stage.fields.of_threads().map(|field| (field, row[field])));
        }
    }

    /// The first of the edges to nodes that a slot's actors have, and how many there are; `None` where there are
    /// none.
    fn edges_of(&mut self, row: &[u32], slot: usize) -> Option<(u32, u32)> {
        if self.stage.effects.find_by_row(row, slot).is_none() {
            self.stage.fields.decode(row, &mut self.state);
            let Stage { fields, effects, claims, .. } = &mut *self.stage;
            let met = Met { row, state: &self.state, slot };
            effects.learn(fields, claims, &mut self.expander, met, None);
        }
        let leaf = self.stage.effects.find_by_row(row, slot)?;
        (leaf.nodes > 0).then_some((leaf.first, leaf.nodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::{NoFiles, Options, assemble};
    use crate::explore::limits::{Cut, Progress};
    use crate::explore::sweep::Watched;
    use crate::vm::{DEFAULT_BUFFER, Machine};

    #[test]
    fn values_met_once_tell_of_others() {
        let mut census = Census::default();
        for number in 0..100 {
            (0..if number < 80 { 5 } else { 1 }).for_each(|_| census.count(2, number));
        }
        // Twenty of a hundred once, none twice: 20 * 19 / 2 more.
        assert_eq!(census.estimate(2, 100), 290);
        (80..90).for_each(|number| census.count(2, number));
        assert_eq!(census.estimate(2, 100), 100 + 10 * 9 / (2 * 11));
        assert_eq!((census.estimate(0, 7), census.estimate(9, 7)), (7, 7));
        (100..300).for_each(|number| census.count(2, number));
        assert_eq!(census.estimate(2, 300), 300, "a field of new values only is left alone");
    }

    /// Has no time left once it has been asked so often.
    struct Impatient(u32);

    impl Monitor for Impatient {
        fn observe(&mut self, _: &Progress) -> Option<Cut> {
            self.0 = self.0.saturating_sub(1);
            (self.0 == 0).then_some(Cut::Time)
        }
    }

    #[test]
    fn a_walk_is_the_last_once_time_is_up() {
        let text = "shared x\nthread a[3]\nLOAD x\nPUSH 2\nMUL\nSELF\nADD\nSTORE x\nend\n";
        let program = assemble("t.rvm", text, &Options::default(), &NoFiles).expect("it assembles");
        let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
        let learned = |patience: u32| {
            let mut sweep = Sweep::<u64>::new(&machine, &Watched::default());
            sweep.scout(&mut Impatient(patience));
            sweep.stage.effects.len()
        };
        assert_eq!(learned(1), 0);
        assert!(0 < learned(2) && learned(2) < learned(1000));
    }
}
