//! A symmetry that was found: what takes the place of what, and what each value becomes.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::flow::{Context, Flow, Frame};
use super::values::{Asymmetry, Values};
use crate::program::{Addr, Cell, GroupId, Instr, ObjectId, Program, ThreadId};

/// What values become, in order; those that are not listed stay what they are.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Map(Arc<[(i64, i64)]>);

impl Map {
    pub fn of(values: &Values) -> Map {
        Map(values.moved().into())
    }

    pub fn is_identity(&self) -> bool {
        self.0.is_empty()
    }

    pub fn image(&self, value: i64) -> i64 {
        self.0.binary_search_by_key(&value, |&(value, _)| value).map_or(value, |index| self.0[index].1)
    }

    /// Returns the values that become others.
    pub fn moved(&self) -> impl Iterator<Item = i64> {
        self.0.iter().map(|&(value, _)| value)
    }

    fn then(&self, next: &Map) -> Map {
        let mut values: Vec<i64> = self.moved().chain(next.moved()).collect();
        values.sort_unstable();
        values.dedup();
        let pairs = values.into_iter().map(|value| (value, next.image(self.image(value))));
        Map(pairs.filter(|(value, becomes)| value != becomes).collect())
    }
}

/// What the values of a thread's own places become, and where its local cells go.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub locals: Vec<Map>,
    pub stack: Vec<Map>,
}

/// What tells symmetries apart: what happens to threads and to what `CHOOSE` draws. All else follows from that.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    /// For each thread the one whose place it takes.
    pub threads: Vec<ThreadId>,
    /// Where `CHOOSE` draws values that become others, what they become.
    pub choices: BTreeMap<Addr, Map>,
}

impl Key {
    /// Returns this change of places followed by another.
    pub fn then(&self, next: &Key) -> Key {
        let sites = self.choices.keys().chain(next.choices.keys());
        let choice = |&at: &Addr| {
            let of = |one: &Key| one.choices.get(&at).cloned().unwrap_or_default();
            (at, of(self).then(&of(next)))
        };
        Key {
            threads: self.threads.iter().map(|to| next.threads[to.index()]).collect(),
            choices: sites.map(choice).filter(|(_, map)| !map.is_identity()).collect(),
        }
    }
}

/// A symmetry.
#[derive(Clone, Debug)]
pub(super) struct Automorphism {
    pub key: Key,
    /// For each memory cell the cell whose place it takes, and what its value becomes.
    pub cells: Vec<(u32, Map)>,
    /// For each object the one whose place it takes, and what the values in a queue become.
    pub objects: Vec<(ObjectId, Map)>,
    /// What printed values become.
    pub output: Map,
    /// For each group and local cell, the cell whose place it takes.
    pub locals: Vec<Vec<u32>>,
    /// For each place in the code what a thread's own values become, in the order of the contexts.
    pub own: Vec<Own>,
    /// What the values become of local cells that are shown or asked for, wherever their thread may be.
    pub shown: HashMap<Cell, Map, FixedState>,
    /// For each claim that applies, the one whose place it takes: of claims that are the same the first.
    pub claims: Vec<usize>,
}

impl Automorphism {
    /// Notes what was found out about a change of places; `shown` are the local cells shown or asked for, `claims`
    /// is what claims become.
    pub fn new(flow: &Flow<'_>, shown: &[Cell], claims: Vec<usize>) -> Result<Automorphism, Asymmetry> {
        let program = flow.program;
        let maps = |values: &[Values]| values.iter().map(Map::of).collect::<Vec<Map>>();
        let (memory, queues) = (maps(&flow.memory), maps(&flow.queues));
        let cell = |cell: u32| (flow.memory_cell(cell), memory[flow.variable_of[cell as usize]].clone());
        let object = |id: u32| {
            let group = program.objects[id as usize].group;
            (flow.object(ObjectId(id)), queues[group.index()].clone())
        };
        let locals = |group: usize| {
            let id = GroupId(group as u32);
            (0..program.groups[group].locals).map(|cell| flow.local_cell(id, cell)).collect()
        };
        let own = |(context, frame): (&Context, &Frame)| {
            let cells = 0..program.groups[context.group.index()].locals;
            let of_cell = |cell| Map::of(&frame.locals[flow.own_place(context.group, cell)]);
            Own { locals: cells.map(of_cell).collect(), stack: maps(&frame.stack) }
        };
        let mut shown_maps = HashMap::default();
        for &cell in shown {
            shown_maps.insert(cell, Map::of(&flow.shown(cell)?));
        }
        let choice = |(index, &instr): (usize, &Instr)| {
            let Instr::Choose(range) = instr else { return None };
            let at = Addr(index as u32);
            Some((at, Map::of(&flow.candidate.chosen(at, range)))).filter(|(_, map)| !map.is_identity())
        };
        Ok(Automorphism {
            key: Key {
                threads: flow.candidate.threads.clone(),
                choices: program.code.iter().enumerate().filter_map(choice).collect(),
            },
            cells: (0..program.memory.len() as u32).map(cell).collect(),
            objects: (0..program.objects.len() as u32).map(object).collect(),
            output: Map::of(&flow.output),
            locals: (0..program.groups.len()).map(locals).collect(),
            own: flow.frames.iter().map(own).collect(),
            shown: shown_maps,
            claims,
        })
    }

    /// Returns the cell whose place a cell takes.
    pub fn cell(&self, program: &Program, cell: Cell) -> Cell {
        match cell {
            Cell::Memory(cell) => Cell::Memory(self.cells[cell as usize].0),
            Cell::Local(thread, cell) => {
                let group = program.threads[thread.index()];
                Cell::Local(self.key.threads[thread.index()], self.locals[group.index()][cell as usize])
            }
        }
    }

    /// Returns what a cell's value becomes, where it is shown.
    pub fn shown(&self, cell: Cell) -> &Map {
        match cell {
            Cell::Memory(cell) => &self.cells[cell as usize].1,
            Cell::Local(..) => &self.shown[&cell],
        }
    }

    /// Returns this change of places followed by another; `groups` says of which group each context is.
    pub fn then(&self, next: &Automorphism, program: &Program, groups: &[GroupId]) -> Automorphism {
        let both = |(to, map): &(u32, Map)| {
            let (to, after) = &next.cells[*to as usize];
            (*to, map.then(after))
        };
        let both_of_object = |(to, map): &(ObjectId, Map)| {
            let (to, after) = &next.objects[to.index()];
            (*to, map.then(after))
        };
        let locals = self.locals.iter().zip(&next.locals);
        let own = |(context, (mine, theirs)): (usize, (&Own, &Own))| {
            let places = &self.locals[groups[context].index()];
            let local = |(map, &to): (&Map, &u32)| map.then(&theirs.locals[to as usize]);
            let stack = mine.stack.iter().zip(&theirs.stack);
            Own {
                locals: mine.locals.iter().zip(places).map(local).collect(),
                stack: stack.map(|(mine, theirs)| mine.then(theirs)).collect(),
            }
        };
        let both_shown =
            |(&cell, map): (&Cell, &Map)| (cell, map.then(&next.shown[&self.cell(program, cell)]));
        Automorphism {
            key: self.key.then(&next.key),
            cells: self.cells.iter().map(both).collect(),
            objects: self.objects.iter().map(both_of_object).collect(),
            output: self.output.then(&next.output),
            locals: locals
                .map(|(mine, theirs)| mine.iter().map(|&to| theirs[to as usize]).collect())
                .collect(),
            own: self.own.iter().zip(&next.own).enumerate().map(own).collect(),
            shown: self.shown.iter().map(both_shown).collect(),
            claims: self.claims.iter().map(|&to| next.claims[to]).collect(),
        }
    }
}
