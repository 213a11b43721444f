//! The visited set and the frontier of a sweep on disk, in sorted runs: exact, where memory does not hold them.
//!
//! Duplicates are detected late, once a level (Stern and Dill, "Using Magnetic Disk instead of Main Memory in
//! the Murphi Verifier", CAV 1998; Roscoe, "Model-Checking CSP", 1994; Korf, "Best-First Frontier Search with
//! Delayed Duplicate Detection", AAAI 2004). What the nodes of a level lead to is gathered in a buffer, which
//! is sorted and written as a run when it is full. At the end of the level the runs are merged, what was
//! visited before is left out, and what remains is the next level, sorted, behind all others in one file from
//! which witnesses are traced back.
//!
//! Keys are packed here, not mixed. A key is a row of numbers in fixed widths, so giving fields more bits
//! changes no order: a run stays sorted, and its keys are widened as they are read.
//!
//! COST: each level reads the whole visited set once and writes itself twice or so, one after the other. The
//! visited set is kept in runs of which each is more than twice as long as the next, so there are few of them,
//! and a key is copied from run to run as often as the logarithm of their number says. Two bytes of disk are
//! needed for each byte of the keys, and what a level leads to on top.
//!
//! Nothing here knows what a file is: a [`Disk`] does.

use std::fmt::Debug;

use super::fields::Moved;
use super::key::Key;
use super::log;

/// Runs of bytes that outlast the memory given to a search. Runs are numbered by the disk.
pub trait Disk: Debug + Sync {
    /// Begins a run and returns its number.
    ///
    /// # Errors
    ///
    /// Says so when the disk does not do it, as all methods do.
    fn create(&self) -> Result<u32, DiskError>;
    /// Appends bytes to a run.
    ///
    /// # Errors
    ///
    /// As above.
    fn append(&self, run: u32, bytes: &[u8]) -> Result<(), DiskError>;
    /// Fills `bytes` with those of a run from a place on; they have been appended.
    ///
    /// # Errors
    ///
    /// As above.
    fn read(&self, run: u32, at: u64, bytes: &mut [u8]) -> Result<(), DiskError>;
    /// Deletes a run.
    fn delete(&self, run: u32);
}

/// The disk is full, or fails. The disk itself knows more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiskError;

/// A disk that a sweep may use.
#[derive(Clone, Copy, Debug)]
pub struct Spill<'d> {
    /// The disk.
    pub disk: &'d dyn Disk,
    /// How many keys are gathered before they are sorted and written; by the limit on memory without it.
    pub buffer: Option<usize>,
}

/// How many runs are merged at once at most; more are merged to one first.
const FAN_IN: usize = 16;

/// At most, and at least, so many keys of a run are read or written at once.
const CHUNK: std::ops::RangeInclusive<usize> = 1 << 4..=1 << 13;

/// Between these, the buffer's room for one key in so many.
const CHUNK_SHARE: usize = 128;

/// Keys in ascending order, each once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    file: u32,
    /// The byte where it begins.
    start: u64,
    /// How many keys it has.
    pub len: u64,
    /// How many times fields had been given more bits when it was written.
    layout: usize,
}

/// The file of levels, the visited runs and the buffer.
#[derive(Debug)]
pub(super) struct Shelf<'d, K> {
    disk: &'d dyn Disk,
    /// The levels, one behind the other in a file of their own.
    pub levels: Vec<Run>,
    level_file: u32,
    level_bytes: u64,
    /// Everything visited, each key in one of them.
    visited: Vec<Run>,
    /// What the nodes of the present level lead to, as far as it was written.
    heads: Vec<Run>,
    buffer: Vec<K>,
    most_buffered: usize,
    /// How many keys of a run are read or written at once.
    chunk: usize,
    /// How many bytes a key had, by layout, and what went where when the next was made.
    widths: Vec<usize>,
    moved: Vec<Vec<Moved>>,
    /// The first error; nothing is written behind it.
    pub error: Option<DiskError>,
}

impl<'d, K: Key> Shelf<'d, K> {
    /// Makes an empty shelf for keys of so many bits.
    pub fn new(disk: &'d dyn Disk, bits: u32, buffer: usize) -> Result<Shelf<'d, K>, DiskError> {
        Ok(Shelf {
            disk,
            levels: Vec::new(),
            level_file: disk.create()?,
            level_bytes: 0,
            visited: Vec::new(),
            heads: Vec::new(),
            buffer: Vec::new(),
            most_buffered: buffer.max(1),
            chunk: (buffer / CHUNK_SHARE).clamp(*CHUNK.start(), *CHUNK.end()),
            widths: vec![width(bits)],
            moved: Vec::new(),
            error: None,
        })
    }

    /// Returns how many bytes of memory are held, or will be at the end of the level.
    pub fn memory(&self) -> usize {
        let readers = (self.visited.len() + FAN_IN + 2) * self.chunk * (size_of::<K>() + 16);
        self.most_buffered * size_of::<K>() + readers
    }

    /// Returns how many nodes all levels have.
    pub fn nodes(&self) -> u64 {
        self.levels.iter().map(|level| level.len).sum()
    }

    /// Takes keys to their places after fields were given more bits.
    pub fn widen(&mut self, moved: Vec<Moved>, bits: u32) {
        self.buffer.iter_mut().for_each(|key| *key = renewed(*key, &moved));
        self.moved.push(moved);
        self.widths.push(width(bits));
    }

    /// Gathers keys that a node leads to.
    pub fn offer(&mut self, keys: impl Iterator<Item = K>) {
        for key in keys {
            if self.buffer.len() >= self.most_buffered {
                self.make_room();
            }
            if self.buffer.capacity() == 0 {
                self.buffer.reserve_exact(self.most_buffered);
            }
            self.buffer.push(key);
        }
    }

    /// Sorts the buffer and, if that does not make it much shorter, writes it.
    fn make_room(&mut self) {
        self.buffer.sort_unstable();
        self.buffer.dedup();
        if self.error.is_some() {
            self.buffer.clear();
        } else if self.buffer.len() > self.most_buffered / 2
            && let Err(error) = self.write_buffer()
        {
            self.error = Some(error);
        }
    }

    fn write_buffer(&mut self) -> Result<(), DiskError> {
        let mut writer = self.writer(self.disk.create()?);
        self.buffer.drain(..).try_for_each(|key| writer.push(key))?;
        let run = writer.finish(0, self.moved.len())?;
        self.heads.push(run);
        if self.heads.len() >= FAN_IN {
            let merged = self.merged(&self.heads)?;
            let parts = std::mem::replace(&mut self.heads, vec![merged]);
            self.delete(&parts);
        }
        Ok(())
    }

    fn last_width(&self) -> &usize {
        self.widths.last().expect("there is a layout from the start")
    }

    /// Makes the next level of what was gathered and not visited before.
    pub fn end_level(&mut self) -> Result<(), DiskError> {
        self.error.map_or(Ok(()), Err)?;
        self.buffer.sort_unstable();
        self.buffer.dedup();
        let gathered = std::mem::take(&mut self.buffer);
        let mut sources = self.readers(&self.heads)?;
        let mut visited = self.readers(&self.visited)?;
        let mut writer = self.writer(self.level_file);
        let mut gathered_keys = gathered.iter().copied().peekable();
        loop {
            let on_disk = sources.iter().filter_map(Reader::peek).min();
            let Some(key) = on_disk.into_iter().chain(gathered_keys.peek().copied()).min() else { break };
            gathered_keys.next_if_eq(&key);
            for source in &mut sources {
                source.skip_to(key)?;
                if source.peek() == Some(key) {
                    source.advance()?;
                }
            }
            let mut known = false;
            for reader in &mut visited {
                reader.skip_to(key)?;
                known |= reader.peek() == Some(key);
            }
            if !known {
                writer.push(key)?;
            }
        }
        drop((sources, visited));
        let level = writer.finish(self.level_bytes, self.moved.len())?;
        self.level_bytes += level.len * *self.last_width() as u64;
        self.buffer = gathered;
        self.buffer.clear();
        let heads = std::mem::take(&mut self.heads);
        self.delete(&heads);
        self.levels.push(level);
        self.visited.push(level);
        self.settle()
    }

    /// Merges visited runs until each is more than twice as long as the next.
    fn settle(&mut self) -> Result<(), DiskError> {
        while let [.., longer, shorter] = self.visited[..]
            && longer.len <= 2 * shorter.len
        {
            let merged = self.merged(&[longer, shorter])?;
            self.visited.truncate(self.visited.len() - 2);
            self.visited.push(merged);
            self.delete(&[longer, shorter]);
        }
        Ok(())
    }

    /// Forgets nodes of the last level beyond so many in all.
    pub fn truncate(&mut self, nodes: u64) {
        let beyond = self.nodes().saturating_sub(nodes);
        if let Some(level) = self.levels.last_mut() {
            level.len -= beyond.min(level.len);
        }
    }

    /// Reads so many keys of a level from one on.
    pub fn read_level(
        &self,
        level: usize,
        first: u64,
        count: usize,
        keys: &mut Vec<K>,
    ) -> Result<(), DiskError> {
        keys.clear();
        let run = self.levels[level];
        let width = self.widths[run.layout];
        let part = Run { start: run.start + first * width as u64, len: count as u64, ..run };
        let mut reader = self.reader(part)?;
        while let Some(key) = reader.peek() {
            keys.push(key);
            reader.advance()?;
        }
        Ok(())
    }

    fn merged(&self, runs: &[Run]) -> Result<Run, DiskError> {
        let mut readers = self.readers(runs)?;
        let mut writer = self.writer(self.disk.create()?);
        while let Some(key) = readers.iter().filter_map(Reader::peek).min() {
            writer.push(key)?;
            for reader in &mut readers {
                if reader.peek() == Some(key) {
                    reader.advance()?;
                }
            }
        }
        writer.finish(0, self.moved.len())
    }

    fn writer(&self, file: u32) -> Writer<'d> {
        Writer {
            disk: self.disk,
            file,
            width: *self.last_width(),
            chunk: self.chunk,
            len: 0,
            bytes: Vec::new(),
        }
    }

    fn readers(&self, runs: &[Run]) -> Result<Vec<Reader<'_, K>>, DiskError> {
        runs.iter().map(|&run| self.reader(run)).collect()
    }

    fn reader(&self, run: Run) -> Result<Reader<'_, K>, DiskError> {
        let mut reader = Reader {
            disk: self.disk,
            run,
            width: self.widths[run.layout],
            moved: &self.moved[run.layout..],
            chunk: self.chunk,
            keys: Vec::new(),
            at: 0,
            read: 0,
            bytes: Vec::new(),
        };
        reader.fill()?;
        Ok(reader)
    }

    fn delete(&self, runs: &[Run]) {
        let files = runs.iter().map(|run| run.file).filter(|&file| file != self.level_file);
        files.for_each(|file| self.disk.delete(file));
    }
}

fn width(bits: u32) -> usize {
    bits.div_ceil(8) as usize
}

fn renewed<K: Key>(key: K, moved: &[Moved]) -> K {
    moved.iter().fold(K::default(), |new, run| new | run.of(key))
}

/// Reads a run, key by key.
struct Reader<'r, K> {
    disk: &'r dyn Disk,
    run: Run,
    width: usize,
    /// What has to be done to its keys.
    moved: &'r [Vec<Moved>],
    chunk: usize,
    keys: Vec<K>,
    at: usize,
    /// How many keys have been read from the disk.
    read: u64,
    bytes: Vec<u8>,
}

impl<K: Key> Reader<'_, K> {
    fn peek(&self) -> Option<K> {
        self.keys.get(self.at).copied()
    }

    fn advance(&mut self) -> Result<(), DiskError> {
        self.at += 1;
        if self.at == self.keys.len() { self.fill() } else { Ok(()) }
    }

    /// Goes on to the first key that is not less.
    fn skip_to(&mut self, key: K) -> Result<(), DiskError> {
        while self.peek().is_some_and(|here| here < key) {
            self.advance()?;
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<(), DiskError> {
        let count = (self.run.len - self.read).min(self.chunk as u64) as usize;
        self.bytes.resize(count * self.width, 0);
        let at = self.run.start + self.read * self.width as u64;
        self.disk.read(self.run.file, at, &mut self.bytes)?;
        self.read += count as u64;
        self.at = 0;
        self.keys.clear();
        self.keys.extend(self.bytes.chunks_exact(self.width).map(log::read::<K>));
        for moved in self.moved {
            self.keys.iter_mut().for_each(|key| *key = renewed(*key, moved));
        }
        Ok(())
    }
}

/// Writes a run.
struct Writer<'d> {
    disk: &'d dyn Disk,
    file: u32,
    width: usize,
    chunk: usize,
    len: u64,
    bytes: Vec<u8>,
}

impl Writer<'_> {
    fn push<K: Key>(&mut self, key: K) -> Result<(), DiskError> {
        let at = self.bytes.len();
        self.bytes.resize(at + self.width, 0);
        log::write(key, &mut self.bytes[at..]);
        self.len += 1;
        if self.bytes.len() >= self.chunk * self.width { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DiskError> {
        self.disk.append(self.file, &self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    fn finish(mut self, start: u64, layout: usize) -> Result<Run, DiskError> {
        self.flush()?;
        Ok(Run { file: self.file, start, len: self.len, layout })
    }
}
