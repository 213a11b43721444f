//! Tables: lookups of effects that read few fields, answered at once.
//!
//! A lookup goes from branch to branch, and how many there are differs from block to block, which a processor cannot
//! foresee. Most steps read one or two fields of few values beside their thread's block: for these a table by the
//! numbers of both holds what the branches lead to. What it does not hold, the branches are asked for.
//!
//! PERF: a tenth less time for most graphs, a sixth for twelve philosophers; see `benches/search`.

use super::effects::{Branch, Effects, Place};
use super::fields::Bits;
use super::key::Key;

/// A table has so many entries at most.
const MOST: usize = 1 << 8;

/// All tables together have so many entries at most: more are not in the cache either.
const MOST_IN_ALL: usize = 1 << 18;

/// Where the table of a chain is, and by which fields; by default it is one without entries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Table {
    first: Bits,
    second: Bits,
    /// An entry's place is the number of the first field and that of the second one so far up.
    up: u32,
    start: u32,
}

impl Table {
    fn len(&self) -> usize {
        self.first.values() * self.second.values()
    }
}

/// All tables, one behind the other: the number of a leaf and one more, or zero where nothing is known.
#[derive(Debug)]
pub struct Tables(Vec<u32>);

impl Default for Tables {
    fn default() -> Tables {
        // The table without entries.
        Tables(vec![0])
    }
}

impl Tables {
    /// Returns the number of a leaf; `None` where the table does not know it.
    #[inline(always)]
    pub fn leaf<K: Key>(&self, table: &Table, key: K) -> Option<usize> {
        let at = table.start + table.first.of(key) + (table.second.of(key) << table.up);
        (self.0[at as usize] as usize).checked_sub(1)
    }

    /// Returns how many bytes are held.
    pub fn memory(&self) -> usize {
        self.0.capacity() * size_of::<u32>()
    }
}

impl<K: Key> Effects<K> {
    /// Makes all tables anew.
    pub(super) fn tabulate_all(&mut self) {
        self.tables = Tables::default();
        for slot in 0..self.roots.len() {
            for head in 0..self.roots[slot].ways.len() {
                self.roots[slot].ways[head].table = Table::default();
                self.tabulate(slot, head);
            }
        }
    }

    /// Fills the table of a chain.
    pub(super) fn tabulate(&mut self, slot: usize, head: usize) {
        let place = self.roots[slot].ways[head].place;
        let mut read = Vec::new();
        if place == 0 || !self.fields_read(place, &mut read) {
            return;
        }
        let bits = |field: Option<&(usize, Bits)>| field.map_or(Bits::default(), |&(_, bits)| bits);
        let (first, second) = (bits(read.first()), bits(read.get(1)));
        let mut table = Table { first, second, up: first.values().ilog2(), start: 0 };
        let known = self.roots[slot].ways[head].table;
        table.start = if known.start > 0 && (known.first, known.second) == (first, second) {
            known.start
        } else {
            let start = self.tables.0.len();
            if start + table.len() > MOST_IN_ALL {
                return;
            }
            self.tables.0.resize(start + table.len(), 0);
            start as u32
        };
        for two in 0..second.values() {
            for one in 0..first.values() {
                let number = |branch: &Branch| {
                    if read.first().is_some_and(|&(field, _)| field == branch.field) { one } else { two }
                };
                let leaf = self.descend(place, |branch| number(branch) as u32);
                self.tables.0[table.start as usize + one + (two << table.up)] =
                    leaf.map_or(0, |leaf| leaf as u32 + 1);
            }
        }
        self.roots[slot].ways[head].table = table;
    }

    /// Adds the fields that a lookup reads from this place on; false where these are more than two, or have more
    /// values than a table has entries.
    fn fields_read(&self, place: Place, read: &mut Vec<(usize, Bits)>) -> bool {
        if place & 1 == 1 || place == 0 {
            return true;
        }
        let branch = &self.branches[(place >> 1) as usize - 1];
        if read.iter().all(|&(field, _)| field != branch.field) {
            read.push((branch.field, branch.bits));
        }
        read.len() <= 2
            && read.iter().map(|(_, bits)| bits.values()).product::<usize>() <= MOST
            && branch.children.iter().all(|&child| self.fields_read(child, read))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Nothing, Sweep, Watched};
    use crate::asm::{NoFiles, Options, assemble};
    use crate::explore::limits::{Limits, Unwatched};
    use crate::vm::{DEFAULT_BUFFER, Machine};

    /// Reads none, one, two and three fields, and one of more values than a table has entries.
    const TEXT: &str = "shared x\nshared i\nshared a[3] = {1, 2, 3}\nmutex m\n\
        thread p[2]\nLOAD i\nLOAD a[]\nSTORE x\nNOP\nLOAD x\nPUSH 3\nMOD\nSTORE i\nLOCK m\nUNLOCK m\nend\n\
        thread c\natomic\nLOAD i\nLOAD a[]\nLOAD x\nADD\nSTORE i\nend\nend\n\
        thread w\nLOAD i\nPUSH 3\nMOD\nCHOOSE 0..400\nSTORE a[]\nend\n";

    #[test]
    fn tables_say_what_branches_say() {
        let program = assemble("t.rvm", TEXT, &Options::default(), &NoFiles).expect("it assembles");
        let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
        let mut sweep = Sweep::<u64>::new(&machine, &Watched { workers: 1, ..Watched::default() });
        let mut visitor = Nothing;
        let limits = Limits::default();
        let cut = sweep.run_to_end(&Watched::default(), &limits, &mut Unwatched, &mut visitor);
        assert_eq!(cut, Ok(None));
        let stage = &sweep.stage;
        let (mut by_table, mut by_branches) = (0, 0);
        for node in 0..stage.log.len() {
            let key = stage.mixer.unmix(stage.log.get(node));
            for slot in stage.slots_of(key) {
                let root = &stage.effects.roots[slot];
                let way = &root.ways[root.bits.of(key) as usize];
                let leaf = stage.effects.descend(way.place, |branch| branch.bits.of(key));
                let leaf = leaf.expect("the node has been expanded");
                match stage.effects.tables.leaf(&way.table, key) {
                    Some(number) => {
                        assert_eq!(number, leaf, "node {node}");
                        by_table += 1;
                    }
                    None => by_branches += 1,
                }
            }
        }
        assert!(by_table > by_branches && by_branches > 0, "{by_table} and {by_branches}");
        let effects = &stage.effects;
        let branches: usize = effects.branches.iter().map(|branch| branch.children.capacity() * 4).sum();
        let lists =
            effects.steps.iter().map(|step| step.changes.capacity() * 16 + step.moves.capacity() * 16);
        assert_eq!(effects.apart, branches + lists.sum::<usize>(), "what is held is added up on the way");
    }
}
