//! Random draws that are the same for ever.
//!
//! One generator for everything random in a run: xoshiro256++ (Blackman and Vigna, "Scrambled Linear
//! Pseudorandom Number Generators", 2021). Seeding and the bounded draw are written out here, so that no
//! change in a library changes what a seed means.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// The source of all random choices of one run.
#[derive(Clone, Debug)]
pub struct Draw {
    generator: Xoshiro256PlusPlus,
    digits: Digits,
}

/// What is left of a random word as draws below one bound.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Digits {
    bound: u64,
    /// How many draws it is good for.
    pub left: u32,
    /// The draws: digits of this fraction of 2^64 in base `bound`.
    fraction: u64,
}

impl Draw {
    /// Makes the source of one run of a seed. The runs of a seed, and seeds near to each other, have nothing
    /// in common.
    pub fn new(seed: u64, run: u64) -> Draw {
        let mut mixer = Mixer(Mixer(seed).next().wrapping_add(run));
        let mut state = [0; 32];
        for bytes in state.chunks_exact_mut(8) {
            bytes.copy_from_slice(&mixer.next().to_le_bytes());
        }
        Draw { generator: Xoshiro256PlusPlus::from_seed(state), digits: Digits::default() }
    }

    /// Draws 64 random bits.
    pub fn word(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Draws a number below `bound`, which is not 0, each with exactly the same probability.
    ///
    /// One random word is good for many draws below the same bound, as its digits in that base; a draw below
    /// another bound begins a new word.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        let digits = self.digits(bound);
        let number = digits.peek();
        digits.take();
        number
    }

    /// Returns the next draws below `bound`, one or more. Whoever takes them one by one draws as with
    /// [`Draw::below`].
    #[inline]
    pub(super) fn digits(&mut self, bound: u64) -> &mut Digits {
        if self.digits.left == 0 || self.digits.bound != bound {
            self.refill(bound);
        }
        &mut self.digits
    }

    /// Draws an index of something that is not empty.
    #[inline]
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// Draws a word whose digits in base `bound` are equally likely.
    ///
    /// Lemire, "Fast Random Integer Generation in an Interval" (2019): the high half of the product of a word
    /// and a range is a number below the range, and the word is drawn again in the few cases that would make
    /// some numbers likelier than others. The range is a power of the bound here, so that the number's digits
    /// are draws below the bound, as in Brackett-Rozinsky and Lemire, "Batched Ranged Random Integer
    /// Generation" (2024); multiplying with the bound digit by digit reads them off the same product.
    fn refill(&mut self, bound: u64) {
        assert!(bound > 0, "something has to be below the bound");
        let (left, range) = batch(bound);
        let fraction = loop {
            let word = self.generator.next_u64();
            let low = word.wrapping_mul(range);
            if low >= range || low >= range.wrapping_neg() % range {
                break word;
            }
        };
        self.digits = Digits { bound, left, fraction };
    }
}

impl Digits {
    /// Returns the next draw.
    #[inline]
    pub fn peek(&self) -> u64 {
        ((u128::from(self.fraction) * u128::from(self.bound)) >> 64) as u64
    }

    /// Makes it.
    #[inline]
    pub fn take(&mut self) {
        self.left -= 1;
        self.fraction = self.fraction.wrapping_mul(self.bound);
    }
}

/// The ranges of batches are at most this: a word is drawn again in less than one of 2^16 cases.
const LARGEST_BATCH: u64 = 1 << 48;

/// For small bounds, what [`batch`] says.
const BATCHES: [(u32, u64); 33] = {
    let mut table = [(1, 1); 33];
    let mut bound = 2;
    while bound < table.len() {
        table[bound] = computed_batch(bound as u64);
        bound += 1;
    }
    table
};

/// Returns how many draws below a bound one word is good for, and the bound to that power.
fn batch(bound: u64) -> (u32, u64) {
    match BATCHES.get(bound as usize) {
        Some(&batch) => batch,
        None => computed_batch(bound),
    }
}

const fn computed_batch(bound: u64) -> (u32, u64) {
    let (mut digits, mut range) = (1, bound);
    while range <= LARGEST_BATCH / bound {
        digits += 1;
        range *= bound;
    }
    (digits, range)
}

/// SplitMix64 (Steele, Lea and Flood, 2014), which spreads seeds that differ in few bits.
struct Mixer(u64);

impl Mixer {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_for_ever() {
        let mut draw = Draw::new(0, 0);
        let drawn: Vec<u64> = (0..4).map(|_| draw.below(1_000_000)).collect();
        // Computed from the papers' definitions by another program.
        assert_eq!(drawn, [519_296, 404_679, 781_982, 144_687]);
        let mut draw = Draw::new(0, 0);
        let drawn: String = (0..40).map(|_| draw.below(3).to_string()).collect();
        assert_eq!(drawn, "1120001200221012110002222221002100100012");
        assert_eq!((draw.below((1 << 63) + 1), draw.below(7)), (6_247_598_247_018_368_773, 6));
    }

    #[test]
    fn every_number_below_the_bound_is_equally_likely() {
        let mut draw = Draw::new(1, 2);
        for bound in [2, 3, 7, 32, 33, 100] {
            let mut pairs = vec![0_u32; bound * bound];
            for _ in 0..1_000 * bound * bound {
                let first = draw.index(bound);
                pairs[first * bound + draw.index(bound)] += 1;
            }
            // 1,000 each, within five standard deviations.
            assert!(pairs.iter().all(|&count| (840..1_160).contains(&count)), "{bound}: {pairs:?}");
        }
    }

    #[test]
    fn runs_of_neighbouring_seeds_are_not_the_same() {
        let first = |seed, run| Draw::new(seed, run).word();
        let all: std::collections::BTreeSet<u64> =
            (0..20).flat_map(|seed| (0..20).map(move |run| first(seed, run))).collect();
        assert_eq!(all.len(), 400);
    }
}
