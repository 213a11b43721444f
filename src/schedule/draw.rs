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
        Draw { generator: Xoshiro256PlusPlus::from_seed(state) }
    }

    /// Draws 64 random bits.
    pub fn word(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Draws a number below `bound`, which is not 0, each with exactly the same probability.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "something has to be below the bound");
        // Lemire, "Fast Random Integer Generation in an Interval" (2019): the high half of a product, which
        // is drawn again in the few cases that would make some numbers likelier than others.
        loop {
            let product = u128::from(self.word()) * u128::from(bound);
            let low = product as u64;
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (product >> 64) as u64;
            }
        }
    }

    /// Draws an index of something that is not empty.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }
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
        assert_eq!(drawn, [519_296, 781_982, 679_586, 913_477]);
    }

    #[test]
    fn every_number_below_the_bound_is_equally_likely() {
        let mut draw = Draw::new(1, 2);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[draw.index(7)] += 1;
        }
        assert!(counts.iter().all(|&count| (9_500..10_500).contains(&count)), "{counts:?}");
    }

    #[test]
    fn runs_of_neighbouring_seeds_are_not_the_same() {
        let first = |seed, run| Draw::new(seed, run).word();
        let all: std::collections::BTreeSet<u64> =
            (0..20).flat_map(|seed| (0..20).map(move |run| first(seed, run))).collect();
        assert_eq!(all.len(), 400);
    }
}
