//! Keys: a node packed into the bits that it needs, and a permutation of them that makes them look random.

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::{BitAnd, BitOr, BitXor, Not, Shl, Shr};

use super::visited::{Table, narrow_table, wide_table};

/// An unsigned number that a packed node fits into.
pub trait Key:
    Copy
    + Ord
    + Hash
    + Send
    + Sync
    + Debug
    + Default
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
    + 'static
{
    /// How many bits there are.
    const BITS: u32;
    /// Makes a key of a small number.
    fn of(number: u64) -> Self;
    /// Returns the lowest 64 bits.
    fn low(self) -> u64;
    /// Multiplies modulo 2 to the number of bits.
    fn times(self, other: Self) -> Self;
    /// Adds a small number modulo 2 to the number of bits.
    fn plus(self, number: u64) -> Self;
    /// Subtracts modulo 2 to the number of bits.
    fn minus(self, other: Self) -> Self;
    /// Reads a key from the bytes of its low end.
    fn from_bytes<const N: usize>(bytes: [u8; N]) -> Self;
    /// Writes the low end of a key; the rest must be zero.
    fn to_bytes<const N: usize>(self) -> [u8; N];

    /// Makes a table of so many buckets with so many bits a slot.
    fn table(bits: u32, buckets: usize) -> Box<dyn Table<Self>>;

    /// Returns a key whose lowest bits are ones.
    fn ones(bits: u32) -> Self {
        if bits == 0 { Self::default() } else { !Self::default() >> (Self::BITS - bits) }
    }
}

macro_rules! key {
    ($number:ty, $table:path) => {
        impl Key for $number {
            const BITS: u32 = <$number>::BITS;

            #[inline(always)]
            fn of(number: u64) -> Self {
                number as $number
            }

            #[inline(always)]
            fn low(self) -> u64 {
                self as u64
            }

            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            #[inline(always)]
            fn plus(self, number: u64) -> Self {
                self.wrapping_add(number as $number)
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline(always)]
            fn from_bytes<const N: usize>(bytes: [u8; N]) -> Self {
                let mut all = [0; size_of::<$number>()];
                all[..N].copy_from_slice(&bytes);
                <$number>::from_le_bytes(all)
            }

            #[inline(always)]
            fn to_bytes<const N: usize>(self) -> [u8; N] {
                let mut bytes = [0; N];
                bytes.copy_from_slice(&self.to_le_bytes()[..N]);
                bytes
            }

            fn table(bits: u32, buckets: usize) -> Box<dyn Table<$number>> {
                $table(bits, buckets)
            }
        }
    };
}

key!(u64, narrow_table);
key!(u128, wide_table);

/// The fewest bits that are mixed: with fewer there would be none left to tell shards and slots apart.
pub const LEAST_BITS: u32 = 16;

/// A permutation of the numbers of so many bits. Two xor-shifts round a multiplication, twice; each of them
/// can be undone, so a mixed key says everything that the key says.
#[derive(Clone, Copy, Debug)]
pub struct Mixer<K> {
    /// How many bits a key has.
    pub bits: u32,
    mask: K,
    half: u32,
    factors: [K; 2],
    inverses: [K; 2],
}

impl<K: Key> Mixer<K> {
    /// Makes the permutation of keys of so many bits, at least [`LEAST_BITS`].
    pub fn new(bits: u32) -> Mixer<K> {
        assert!((LEAST_BITS..=K::BITS).contains(&bits), "a key of {bits} bits is not mixed");
        let wide = |low: u64, high: u64| (K::of(high) << (K::BITS - 64) | K::of(low)) & K::ones(bits);
        let factors = [
            wide(0x9e37_79b9_7f4a_7c15, 0x9e37_79b9_7f4a_7c15),
            wide(0xd6e8_feb8_6659_fd93, 0xd6e8_feb8_6659_fd93),
        ];
        let mask = K::ones(bits);
        Mixer {
            bits,
            mask,
            half: bits.div_ceil(2),
            factors,
            inverses: factors.map(|factor| inverse(factor, mask)),
        }
    }

    /// Permutes.
    #[inline(always)]
    pub fn mix(&self, key: K) -> K {
        let mut mixed = key ^ (key >> self.half);
        for factor in self.factors {
            mixed = mixed.times(factor) & self.mask;
            mixed = mixed ^ (mixed >> self.half);
        }
        mixed
    }

    /// Undoes [`Self::mix`], whatever lies above the bits of a key.
    #[inline(always)]
    pub fn unmix(&self, mixed: K) -> K {
        let mut key = mixed & self.mask;
        for inverse in [self.inverses[1], self.inverses[0]] {
            key = (key ^ (key >> self.half)).times(inverse) & self.mask;
        }
        key ^ (key >> self.half)
    }
}

/// The inverse of an odd number modulo a power of two, by Newton's iteration: each round doubles the bits
/// that are right, of which an odd number has three to begin with.
fn inverse<K: Key>(odd: K, mask: K) -> K {
    let mut guess = odd;
    for _ in 0..6 {
        let product = odd.times(guess);
        guess = guess.times(K::of(2).minus(product));
    }
    guess & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permutes<K: Key>(bits: u32, keys: impl Iterator<Item = K>) {
        let mixer = Mixer::<K>::new(bits);
        for key in keys {
            let key = key & K::ones(bits);
            let mixed = mixer.mix(key);
            assert_eq!(mixed & K::ones(bits), mixed);
            assert_eq!(mixer.unmix(mixed), key, "{bits} bits");
        }
    }

    #[test]
    fn mixing_can_be_undone() {
        for bits in LEAST_BITS..=64 {
            permutes(bits, (0..1000_u64).map(|n| n.wrapping_mul(0x1234_5678_9abc_def1)));
        }
        for bits in LEAST_BITS..=128 {
            permutes(bits, (0..1000_u128).map(|n| n.wrapping_mul(0x1234_5678_9abc_def1_0fed_cba9)));
        }
    }

    #[test]
    fn mixing_is_a_permutation_of_all_keys_of_sixteen_bits() {
        let mixer = Mixer::<u64>::new(16);
        let mut met = vec![false; 1 << 16];
        (0..1 << 16).for_each(|key| met[mixer.mix(key) as usize] = true);
        assert!(met.into_iter().all(|met| met));
    }
}
