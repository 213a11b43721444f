//! Store buffers: what `tso` and `pso` put between a thread and memory.
//!
//! Under `tso` a thread has one FIFO of (cell, value); under `pso` one for each cell. Both are kept as one
//! list of entries in the thread's words, `[len, cell, value, cell, value, …]`, zero behind the last entry,
//! so that equal buffers are equal words: under `tso` in order of age, under `pso` ordered by cell and, within
//! a cell, by age. The definition is the operational one of Owens, Sarkar and Sewell ("A Better x86 Memory
//! Model: x86-TSO", TPHOLs 2009) without the global lock, which no instruction needs because the atomic
//! instructions wait for an empty buffer; `pso` splits the FIFO by cell (SPARC V8, appendix K).
//!
//! Nothing here knows of threads, instructions or programs.

/// Where a buffer's entries lie among a thread's words, and how many it may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BufferShape {
    /// True when each cell has its own FIFO (`pso`).
    pub by_cell: bool,
    /// The most entries one FIFO holds.
    pub capacity: u32,
    /// The most entries the list holds.
    pub entries: u32,
}

impl BufferShape {
    /// Returns how many words the buffer takes.
    pub fn words(self) -> usize {
        1 + 2 * self.entries as usize
    }

    /// Returns true when nothing is buffered.
    pub fn is_empty(self, words: &[i64]) -> bool {
        words[0] == 0
    }

    /// Returns true when a store to the cell has to wait.
    pub fn is_full(self, words: &[i64], cell: u32) -> bool {
        let held =
            if self.by_cell { entries(words).filter(|&(c, _)| c == cell).count() } else { words[0] as usize };
        held >= self.capacity as usize
    }

    /// Returns the newest buffered value of a cell, which is what the thread itself reads.
    pub fn newest(self, words: &[i64], cell: u32) -> Option<i64> {
        entries(words).rfind(|&(c, _)| c == cell).map(|(_, value)| value)
    }

    /// Appends a store; the FIFO must not be full.
    pub fn push(self, words: &mut [i64], cell: u32, value: i64) {
        let len = words[0] as usize;
        let at = if self.by_cell { entries(words).take_while(|&(c, _)| c <= cell).count() } else { len };
        words.copy_within(1 + 2 * at..1 + 2 * len, 3 + 2 * at);
        words[1 + 2 * at] = i64::from(cell);
        words[2 + 2 * at] = value;
        words[0] += 1;
    }

    /// Returns the cells whose oldest entry may go to memory next: at most one under `tso`, one for each
    /// buffered cell, in order, under `pso`.
    pub fn ready(self, words: &[i64]) -> impl Iterator<Item = u32> + '_ {
        let mut last = None;
        let all = if self.by_cell { usize::MAX } else { 1 };
        entries(words).take(all).map(|(cell, _)| cell).filter(move |&cell| last.replace(cell) != Some(cell))
    }

    /// Removes the oldest entry (under `pso`, of that cell) and returns its cell and value; `None` when there
    /// is none.
    pub fn pop(self, words: &mut [i64], cell: Option<u32>) -> Option<(u32, i64)> {
        let at = match cell {
            Some(wanted) if self.by_cell => entries(words).position(|(c, _)| c == wanted)?,
            _ => 0,
        };
        let entry = entries(words).nth(at)?;
        let len = words[0] as usize;
        words.copy_within(3 + 2 * at..1 + 2 * len, 1 + 2 * at);
        words[2 * len - 1] = 0;
        words[2 * len] = 0;
        words[0] -= 1;
        Some(entry)
    }
}

/// Iterates over a buffer's entries in order.
pub fn entries(words: &[i64]) -> impl DoubleEndedIterator<Item = (u32, i64)> + ExactSizeIterator + '_ {
    let len = words[0] as usize;
    words[1..1 + 2 * len].chunks_exact(2).map(|entry| (entry[0] as u32, entry[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TSO: BufferShape = BufferShape { by_cell: false, capacity: 3, entries: 3 };
    const PSO: BufferShape = BufferShape { by_cell: true, capacity: 2, entries: 4 };

    #[test]
    fn tso_is_one_fifo() {
        let mut words = vec![0; TSO.words()];
        TSO.push(&mut words, 5, 50);
        TSO.push(&mut words, 2, 20);
        TSO.push(&mut words, 5, 51);
        assert!(TSO.is_full(&words, 9));
        assert_eq!(TSO.newest(&words, 5), Some(51));
        assert_eq!(TSO.ready(&words).collect::<Vec<_>>(), [5]);
        assert_eq!(TSO.pop(&mut words, None), Some((5, 50)));
        assert_eq!(TSO.pop(&mut words, None), Some((2, 20)));
        assert_eq!(TSO.pop(&mut words, None), Some((5, 51)));
        assert_eq!(TSO.pop(&mut words, None), None);
        assert_eq!(words, vec![0; TSO.words()]);
    }

    #[test]
    fn pso_is_a_fifo_for_each_cell() {
        let mut words = vec![0; PSO.words()];
        PSO.push(&mut words, 5, 50);
        PSO.push(&mut words, 2, 20);
        PSO.push(&mut words, 5, 51);
        assert!(PSO.is_full(&words, 5));
        assert!(!PSO.is_full(&words, 2));
        assert_eq!(PSO.ready(&words).collect::<Vec<_>>(), [2, 5]);
        assert_eq!(PSO.pop(&mut words, Some(5)), Some((5, 50)));
        assert_eq!(PSO.newest(&words, 5), Some(51));
        assert_eq!(PSO.pop(&mut words, Some(5)), Some((5, 51)));
        assert_eq!(PSO.pop(&mut words, Some(5)), None);
        assert_eq!(PSO.pop(&mut words, Some(2)), Some((2, 20)));
        assert_eq!(words, vec![0; PSO.words()]);
    }
}
