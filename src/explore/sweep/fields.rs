//! Fields: a node as a row of small numbers, and the row packed into the bits that it needs.
//!
//! Each memory cell, each synchronization object, the output and each thread's block is a field; so is the
//! mode where it is not always the same. What a field has ever held is numbered in order of appearance, and a
//! key is the row of these numbers, each in as many bits as its field has needed so far. A field that never
//! changes takes none.

use std::ops::Range;

use foldhash::fast::FixedState;

use super::key::{Key, LEAST_BITS};
use crate::explore::store::{Interner, Mode};
use crate::program::{ObjectId, ThreadId};
use crate::vm::{Machine, State, Touched};

/// The number of a field.
pub type FieldId = usize;

/// The fields of one machine's nodes. Field 0 is the mode.
#[derive(Debug)]
pub struct Fields {
    /// The words of each field; those of the mode are none.
    words: Vec<Range<usize>>,
    interners: Vec<Interner>,
    /// All modes met have smaller words.
    modes: u32,
    /// How many values each field will probably have; nothing is known of those behind the last.
    expected: Vec<u32>,
    bits: Vec<u32>,
    shifts: Vec<u32>,
    /// For each field the first of those that are given the same number of bits: threads of one group take
    /// much the same values, and a key is best made wider for all of them at once.
    alike: Vec<FieldId>,
    first_object: FieldId,
    output: FieldId,
    first_thread: FieldId,
    hasher: FixedState,
}

/// How many bits tell so many values apart.
fn bits_for(count: u32) -> u32 {
    count.saturating_sub(1).checked_ilog2().map_or(0, |log| log + 1)
}

/// Where a field is in a key; by default nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bits {
    shift: u32,
    mask: u32,
}

impl Bits {
    /// Returns how many values the field can have there.
    pub fn values(self) -> usize {
        self.mask as usize + 1
    }

    /// Reads the field of a key.
    #[inline(always)]
    pub fn of<K: Key>(self, key: K) -> u32 {
        // A field without bits may lie behind the last one.
        (key >> (self.shift & (K::BITS - 1))).low() as u32 & self.mask
    }
}

/// Bits of a key that change their place together.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    from: u32,
    bits: u32,
    to: u32,
}

impl Moved {
    /// Takes these bits of an old key to their place in a new one.
    #[inline(always)]
    pub fn of<K: Key>(self, key: K) -> K {
        (key >> self.from & K::ones(self.bits)) << self.to
    }
}

impl Fields {
    /// Cuts the states of a machine into fields.
    pub fn new(machine: &Machine<'_>) -> Fields {
        let (layout, program) = (machine.layout(), machine.program());
        let mut words: Vec<Range<usize>> = Vec::new();
        words.push(0..0);
        words.extend((0..program.memory.len()).map(|cell| cell..cell + 1));
        let first_object = words.len();
        words.extend((0..program.objects.len() as u32).map(|object| layout.object_words(ObjectId(object))));
        let output = words.len();
        words.push(layout.output_words());
        let first_thread = words.len();
        words.extend(program.thread_ids().map(|id| layout.thread(id)));
        let of_group = |id: ThreadId| first_thread + program.group(id).first.index();
        let alike = (0..first_thread).chain(program.thread_ids().map(of_group)).collect();
        let mut fields = Fields {
            interners: words.iter().map(|range| Interner::new(range.len())).collect(),
            bits: vec![0; words.len()],
            shifts: vec![0; words.len()],
            words,
            modes: 1,
            expected: Vec::new(),
            alike,
            first_object,
            output,
            first_thread,
            hasher: FixedState::default(),
        };
        fields.refit();
        fields
    }

    /// Makes room for nodes of a mode. The field of modes takes no bits until one is met that is no decision.
    pub fn meet(&mut self, mode: Mode) {
        self.modes = self.modes.max(mode.word() + 1);
    }

    /// Returns the number of fields.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Returns the field of a thread's block.
    pub fn of_thread(&self, thread: ThreadId) -> FieldId {
        self.first_thread + thread.index()
    }

    /// Returns the thread whose block a field is.
    pub fn thread_of(&self, field: FieldId) -> Option<ThreadId> {
        field.checked_sub(self.first_thread).map(|thread| ThreadId(thread as u32))
    }

    /// Returns the fields of all threads' blocks.
    pub fn of_threads(&self) -> Range<FieldId> {
        self.first_thread..self.len()
    }

    /// Returns true when a field is a thread's block.
    pub fn is_thread(&self, field: FieldId) -> bool {
        field >= self.first_thread
    }

    /// Returns the field of something that a step touches.
    pub fn of_touched(&self, touched: Touched) -> FieldId {
        match touched {
            Touched::Cell(cell) => 1 + cell as usize,
            Touched::Object(object) => self.first_object + object.index(),
            Touched::Life(thread) => self.of_thread(thread),
            Touched::Output => self.output,
        }
    }

    /// Returns how many values a field has had.
    pub fn count(&self, field: FieldId) -> u32 {
        if field == 0 { self.modes } else { self.interners[field].len() }
    }

    /// Returns how many bits a key has.
    pub fn key_bits(&self) -> u32 {
        self.bits.iter().sum::<u32>().max(LEAST_BITS)
    }

    /// Returns how many bits a key will have once every field has the bits that it needs.
    pub fn needed_bits(&self) -> u32 {
        self.needed_by_field().into_iter().sum::<u32>().max(LEAST_BITS)
    }

    fn needed_by_field(&self) -> Vec<u32> {
        let mut most = vec![0; self.len()];
        for field in 0..self.len() {
            let first = self.alike[field];
            let expected = self.expected.get(field).copied().unwrap_or(0);
            most[first] = most[first].max(bits_for(self.count(field).max(expected)));
        }
        self.alike.iter().map(|&first| most[first]).collect()
    }

    /// Returns true when some field has had more values than its bits tell apart.
    pub fn overflow(&self) -> bool {
        (0..self.len()).any(|field| self.needed(field) > self.bits[field])
    }

    /// Gives every field the bits that it needs, and says what in old keys goes where in new ones.
    pub fn refit(&mut self) -> Vec<Moved> {
        let mut moved: Vec<Moved> = Vec::new();
        let mut shift = 0;
        for (field, needed) in self.needed_by_field().into_iter().enumerate() {
            let (from, bits) = (self.shifts[field], self.bits[field]);
            self.bits[field] = needed;
            self.shifts[field] = shift;
            match moved.last_mut() {
                Some(last) if last.from + last.bits == from && last.to + last.bits == shift => {
                    last.bits += bits
                }
                _ if bits > 0 => moved.push(Moved { from, bits, to: shift }),
                _ => {}
            }
            shift += self.bits[field];
        }
        moved
    }

    fn needed(&self, field: FieldId) -> u32 {
        bits_for(self.count(field))
    }

    /// Gives fields room for so many values from the next [`Self::refit`] on, or for those that they have had.
    pub fn expect(&mut self, expected: Vec<u32>) {
        self.expected = expected;
    }

    /// Returns a field's place in a key: how far down it is, and how many bits it has.
    pub fn place(&self, field: FieldId) -> (u32, u32) {
        (self.shifts[field], self.bits[field])
    }

    /// Reads a field of a key.
    #[inline(always)]
    pub fn read<K: Key>(&self, key: K, field: FieldId) -> u32 {
        self.bits_of(field).of(key)
    }

    /// Returns where a field is in a key, for reading it often.
    pub fn bits_of(&self, field: FieldId) -> Bits {
        Bits { shift: self.shifts[field], mask: ((1_u64 << self.bits[field]) - 1) as u32 }
    }

    /// Packs a row.
    pub fn pack<K: Key>(&self, row: &[u32]) -> K {
        let fields = row.iter().zip(&self.shifts).zip(&self.bits);
        let set = fields.filter(|&(_, &bits)| bits > 0);
        set.fold(K::default(), |key, ((&number, &shift), _)| key | K::of(u64::from(number)) << shift)
    }

    /// Unpacks a key.
    pub fn unpack<K: Key>(&self, key: K, row: &mut Vec<u32>) {
        row.clear();
        row.extend((0..self.len()).map(|field| self.read(key, field)));
    }

    /// Fills in the state of a row and returns its mode.
    pub fn decode(&self, row: &[u32], state: &mut State) -> Mode {
        let words = state.words_mut();
        for (field, range) in self.words.iter().enumerate().filter(|(_, range)| !range.is_empty()) {
            words[range.clone()].copy_from_slice(self.interners[field].get(row[field]));
        }
        Mode::from_word(row[0])
    }

    /// Numbers a whole state.
    pub fn encode(&mut self, mode: Mode, state: &State, row: &mut Vec<u32>) {
        row.clear();
        row.push(mode.word());
        for field in 1..self.len() {
            row.push(self.number(field, state));
        }
    }

    /// Appends the fields in which a state is not what it was, and the one that is asked for whether it is or
    /// not, each with its number now.
    pub fn changes(
        &mut self,
        before: &State,
        after: &State,
        asked: Option<FieldId>,
        changes: &mut Vec<(FieldId, u32)>,
    ) {
        for field in 1..self.len() {
            let range = self.words[field].clone();
            if asked == Some(field) || before.words()[range.clone()] != after.words()[range] {
                changes.push((field, self.number(field, after)));
            }
        }
    }

    fn number(&mut self, field: FieldId, state: &State) -> u32 {
        let range = self.words[field].clone();
        if range.is_empty() {
            return 0;
        }
        self.interners[field].intern(&self.hasher, &state.words()[range])
    }

    /// Returns how many bytes the numbering holds.
    pub fn memory(&self) -> usize {
        self.interners.iter().map(Interner::memory).sum()
    }
}
