//! Buckets of the visited set: slots of a few bytes that are compared at once.

/// Slots that are compared at once, filled from the first.
pub trait Bucket<K>: Copy + Default {
    /// How many slots there are.
    const SLOTS: usize;
    /// Reads something, so that the bucket is on its way to the cache.
    fn touch(&self) -> u64;
    /// Returns true when some slot holds this.
    fn holds(&self, entry: K) -> bool;
    /// Returns the slot that holds this.
    fn position(&self, entry: K) -> Option<usize>;
    /// Returns how many slots are in use.
    fn used(&self) -> usize;
    /// Fills a slot.
    fn set(&mut self, slot: usize, entry: K);
    /// Reads a slot.
    fn get(&self, slot: usize) -> K;
}

macro_rules! bucket {
    ($(#[$doc:meta])* $name:ident, $slots:literal, $key:ty, $low:ty, $high:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[repr(align(64))]
        pub struct $name {
            low: [$low; $slots],
            high: [$high; $slots],
        }

        impl Default for $name {
            fn default() -> $name {
                $name { low: [Default::default(); $slots], high: [Default::default(); $slots] }
            }
        }

        impl Bucket<$key> for $name {
            const SLOTS: usize = $slots;

            #[inline(always)]
            fn touch(&self) -> u64 {
                self.low[0].number() as u64
            }

            #[inline(always)]
            fn holds(&self, entry: $key) -> bool {
                let (low, high) = (<$low>::cut(entry as u128), <$high>::cut(entry as u128 >> <$low>::BITS_HELD));
                let mut found = false;
                for slot in 0..$slots {
                    found |= (self.low[slot] == low) & (self.high[slot] == high);
                }
                found
            }

            #[inline(always)]
            fn position(&self, entry: $key) -> Option<usize> {
                let (low, high) = (<$low>::cut(entry as u128), <$high>::cut(entry as u128 >> <$low>::BITS_HELD));
                // No two slots hold the same, so the numbers need not be compared.
                let mut found: u16 = 0;
                for slot in 0..$slots {
                    let is_here = (self.low[slot] == low) & (self.high[slot] == high);
                    found |= (slot as u16 + 1) * u16::from(is_here);
                }
                usize::from(found).checked_sub(1)
            }

            #[inline(always)]
            fn used(&self) -> usize {
                // The distance is never zero and lies in the low part.
                let mut used: u16 = 0;
                for slot in 0..$slots {
                    used += u16::from(self.low[slot] != <$low>::default());
                }
                usize::from(used)
            }

            #[inline(always)]
            fn set(&mut self, slot: usize, entry: $key) {
                self.low[slot] = <$low>::cut(entry as u128);
                self.high[slot] = <$high>::cut(entry as u128 >> <$low>::BITS_HELD);
            }

            #[inline(always)]
            fn get(&self, slot: usize) -> $key {
                (self.low[slot].number() | self.high[slot].number() << <$low>::BITS_HELD) as $key
            }
        }
    };
}

/// A part of a slot.
pub trait Part: Copy {
    const BITS_HELD: u32;
    fn cut(entry: u128) -> Self;
    fn number(self) -> u128;
}

macro_rules! part {
    ($($number:ty)*) => {$(
        impl Part for $number {
            const BITS_HELD: u32 = <$number>::BITS;

            #[inline(always)]
            fn cut(entry: u128) -> $number {
                entry as $number
            }

            #[inline(always)]
            fn number(self) -> u128 {
                self as u128
            }
        }
    )*};
}

part!(u8 u16 u32 u64);

/// No part at all.
impl Part for () {
    const BITS_HELD: u32 = 0;

    #[inline(always)]
    fn cut(_: u128) {}

    #[inline(always)]
    fn number(self) -> u128 {
        0
    }
}

bucket!(/// Two bytes a slot.
    Bytes2, 32, u64, u16, ());
bucket!(/// Three bytes a slot.
    Bytes3, 20, u64, u16, u8);
bucket!(/// Four bytes a slot.
    Bytes4, 16, u64, u32, ());
bucket!(/// Five bytes a slot.
    Bytes5, 12, u64, u32, u8);
bucket!(/// Six bytes a slot.
    Bytes6, 10, u64, u32, u16);
bucket!(/// Eight bytes a slot.
    Bytes8, 8, u64, u32, u32);
bucket!(/// Eight bytes a slot, of wide keys.
    Wide8, 8, u128, u32, u32);
bucket!(/// Twelve bytes a slot, of wide keys.
    Wide12, 10, u128, u64, u32);
bucket!(/// Sixteen bytes a slot, of wide keys.
    Wide16, 8, u128, u64, u64);
