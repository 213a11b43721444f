//! The log of a sweep: every node's mixed key, in order of discovery, in as many bytes as it needs; above a key
//! lie the slots that [`sleep`](super::sleep) there.
//!
//! Breadth first, the log is the queue too: nodes that wait to be expanded are its end. It grows in segments,
//! so that nothing is copied and no room is held twice.

use super::key::Key;

/// Nodes of one segment.
const SEGMENT: usize = 1 << 14;

/// Mixed keys, numbered from 0.
#[derive(Debug)]
pub struct Log<K> {
    /// Bytes of a key.
    width: usize,
    len: usize,
    segments: Vec<Box<[u8]>>,
    key: std::marker::PhantomData<K>,
}

impl<K: Key> Log<K> {
    /// Makes an empty log for keys of so many bits.
    pub fn new(bits: u32) -> Log<K> {
        Log { width: bits.div_ceil(8) as usize, len: 0, segments: Vec::new(), key: std::marker::PhantomData }
    }

    /// Returns the number of nodes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns how many bytes it holds.
    pub fn memory(&self) -> usize {
        self.segments.len() * SEGMENT * self.width
    }

    /// Returns how many bytes a key takes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Appends keys that have been packed for this log's width.
    pub fn append(&mut self, packed: &Packed) {
        let mut rest = packed.bytes.as_slice();
        while !rest.is_empty() {
            let at = self.len % SEGMENT;
            if at == 0 {
                self.segments.push(vec![0; SEGMENT * self.width].into_boxed_slice());
            }
            let (now, behind) = rest.split_at(rest.len().min((SEGMENT - at) * self.width));
            let segment = self.segments.last_mut().expect("a segment has just been added");
            segment[at * self.width..][..now.len()].copy_from_slice(now);
            self.len += now.len() / self.width;
            rest = behind;
        }
    }

    /// Appends mixed keys.
    pub fn extend(&mut self, keys: &[K]) {
        let mut packed = Packed::default();
        packed.extend(self.width, keys);
        self.append(&packed);
    }

    /// Reads a node's key.
    pub fn get(&self, index: usize) -> K {
        let bytes = &self.segments[index / SEGMENT][index % SEGMENT * self.width..][..self.width];
        read(bytes)
    }

    /// Replaces `keys` by those of so many nodes from `first` on.
    pub fn read_into(&self, first: usize, count: usize, keys: &mut Vec<K>) {
        keys.clear();
        let mut at = first;
        while at < first + count {
            let now = (first + count - at).min(SEGMENT - at % SEGMENT);
            let bytes = &self.segments[at / SEGMENT][at % SEGMENT * self.width..][..now * self.width];
            keys.extend(bytes.chunks_exact(self.width).map(read::<K>));
            at += now;
        }
    }

    /// Forgets all nodes from this one on.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.segments.truncate(self.len.div_ceil(SEGMENT));
    }

    /// Hands over the segments one by one, which frees the log as it is read.
    pub fn drain(self) -> impl Iterator<Item = Vec<K>> {
        let (len, width) = (self.len, self.width);
        self.segments.into_iter().enumerate().map(move |(index, segment)| {
            let count = SEGMENT.min(len - index * SEGMENT);
            segment[..count * width].chunks_exact(width).map(read::<K>).collect()
        })
    }
}

/// Keys as a log keeps them, ready to be appended.
#[derive(Debug, Default)]
pub struct Packed {
    bytes: Vec<u8>,
}

impl Packed {
    /// Forgets all keys.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Returns how many bytes it holds.
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends keys, each in so many bytes.
    pub fn extend<K: Key>(&mut self, width: usize, keys: &[K]) {
        let from = self.bytes.len();
        self.bytes.resize(from + keys.len() * width, 0);
        for (&key, bytes) in keys.iter().zip(self.bytes[from..].chunks_exact_mut(width)) {
            write(key, bytes);
        }
    }
}

macro_rules! by_width {
    ($width:expr, $n:ident => $body:expr, $($width_of:literal)*) => {
        match $width {
            $($width_of => { const $n: usize = $width_of; $body })*
            width => unreachable!("no key has {width} bytes"),
        }
    };
}

/// Reads a key from as many bytes as it was written to.
#[inline(always)]
pub(super) fn read<K: Key>(bytes: &[u8]) -> K {
    by_width!(bytes.len(), N => K::from_bytes::<N>(bytes.try_into().expect("the length was looked at")),
        2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

/// Writes a key to so many bytes.
#[inline(always)]
pub(super) fn write<K: Key>(key: K, bytes: &mut [u8]) {
    by_width!(bytes.len(), N => bytes.copy_from_slice(&key.to_bytes::<N>()), 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let keys: Vec<u64> = (0..40_000).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 23).collect();
        let mut log = Log::<u64>::new(41);
        keys.chunks(777).for_each(|some| log.extend(some));
        assert_eq!(log.len(), keys.len());
        assert!((0..keys.len()).all(|index| log.get(index) == keys[index]));
        let mut some = vec![1];
        log.read_into(15_000, 20_000, &mut some);
        assert_eq!(some, keys[15_000..35_000]);
        log.truncate(17_000);
        assert_eq!(log.drain().flatten().collect::<Vec<u64>>(), keys[..17_000]);
    }
}
