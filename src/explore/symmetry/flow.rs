//! Whether a change of places is a symmetry, told from the code.
//!
//! A change of places moves threads within their groups, and may move the values of a `CHOOSE`. Everything else
//! follows: an abstract interpretation of the code (Cousot and Cousot, POPL 1977) keeps for each place which
//! values may lie there, and what each of them becomes. `SELF` becomes the number of the thread that takes the
//! copy's place, a constant stays, and `op(a, b)` becomes `op` of what `a` and `b` become. What an index becomes
//! says which element of an array takes the place of which. If two ways to a value disagree about what it
//! becomes, if two values become one, or if something is asked of a value (a jump, an `ASSERT`, an index in
//! range) that has another answer for what it becomes, the change of places is no symmetry. (This finds by
//! itself what Ip and Dill, "Better verification through symmetry", 1996, have the author declare as scalarsets;
//! and rings, where it is only the rotation that passes.)
//!
//! Locals and stack are followed for each address and chain of open calls, memory and queues for the whole
//! program: one set of values for each variable. No branch is ruled out.
//!
//! SOUND: let M be the map of states that the sets describe: threads, elements and objects change places, and
//! each value becomes what its place says. By induction over steps, every value of a reachable state is listed
//! for its place, and if `s` steps to `t` by a thread and a choice, then `M(s)` steps to `M(t)` by the thread
//! that takes its place and what the choice becomes: the rule for each instruction demands just that. Where a
//! decision is made depends on addresses and on who is enabled, which both are kept. `M` keeps the initial state
//! ([`Flow::check`]), and since what a set's values become is the set again, some power of `M` is the identity:
//! `M` is an automorphism of the decision graph.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::Candidate;
use super::values::{Asymmetry, Values};
use crate::program::{Addr, Cell, GroupId, ObjectId, ObjectKind, Program, ThreadId, VarKind};

/// More chains of open calls, each with an address, than this are not followed.
const MOST_CONTEXTS: usize = 4_000;

/// Where a thread is: its group, its address, and the `CALL`s that are open, the outermost first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Context {
    pub group: GroupId,
    pub at: Position,
    pub calls: Vec<Addr>,
}

/// How far a thread has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Position {
    NotStarted,
    At(Addr),
    Finished,
}

/// What a thread's own places may hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Frame {
    /// For each variable of the group, as [`Flow::own`] lists them; an array is one place.
    pub locals: Vec<Values>,
    pub stack: Vec<Values>,
}

/// What is known of a program under a change of places.
#[derive(Debug)]
pub(super) struct Flow<'p> {
    pub program: &'p Program,
    pub candidate: &'p Candidate,
    /// For each variable of memory what it may hold, by index into [`Program::variables`].
    pub memory: Vec<Values>,
    /// For each array the indices that are used.
    pub indices: Vec<Values>,
    /// For each declaration of objects what its queues may hold, and the indices that are used.
    pub queues: Vec<Values>,
    pub object_indices: Vec<Values>,
    /// What may be printed.
    pub output: Values,
    /// For each group the variables of its threads, by index.
    pub own: Vec<Vec<usize>>,
    /// What is known where.
    pub frames: BTreeMap<Context, Frame>,
    /// For each memory cell its variable.
    pub variable_of: Vec<usize>,
    work: BTreeSet<Context>,
    /// Something that is not followed by address has changed: everything is looked at again.
    pub(super) spread: bool,
}

impl<'p> Flow<'p> {
    /// Follows a program's code; tells when the change of places is no symmetry of the code and the initial
    /// state.
    pub fn follow(program: &'p Program, candidate: &'p Candidate) -> Result<Flow<'p>, Asymmetry> {
        let own = |group: usize| {
            let is_own = |kind: VarKind| match kind {
                VarKind::ThreadLocal => true,
                VarKind::Own(GroupId(owner)) => owner as usize == group,
                VarKind::Shared | VarKind::Atomic => false,
            };
            (0..program.variables.len()).filter(|&index| is_own(program.variables[index].kind)).collect()
        };
        let is_memory = |kind: VarKind| matches!(kind, VarKind::Shared | VarKind::Atomic);
        let mut variable_of = vec![0; program.memory.len()];
        for (index, variable) in program.variables.iter().enumerate().filter(|(_, v)| is_memory(v.kind)) {
            variable_of[variable.base as usize..(variable.base + variable.len) as usize].fill(index);
        }
        let mut flow = Flow {
            program,
            candidate,
            memory: vec![Values::none(); program.variables.len()],
            indices: vec![Values::none(); program.variables.len()],
            queues: vec![Values::none(); program.object_groups.len()],
            object_indices: vec![Values::none(); program.object_groups.len()],
            output: Values::none(),
            own: (0..program.groups.len()).map(own).collect(),
            frames: BTreeMap::new(),
            variable_of,
            work: BTreeSet::new(),
            spread: false,
        };
        // Which element takes the place of which must be known before it is said what their initial values
        // become, but for those that are all alike.
        flow.begin(true)?;
        flow.settle()?;
        flow.begin(false)?;
        flow.settle()?;
        flow.check()?;
        Ok(flow)
    }

    /// Adds the initial values: those of variables whose elements are alike, or all.
    fn begin(&mut self, alike_only: bool) -> Result<(), Asymmetry> {
        let program = self.program;
        let initial = |indices: &Values, index: usize| {
            let init = &program.variables[index].init;
            if are_alike(init) {
                return Ok(Values::fixed([init[0]]));
            }
            let mut values = Values::none();
            for (element, &value) in init.iter().enumerate().filter(|_| !alike_only) {
                let place = indices.image(element as i64) as usize;
                values.add(value, init[place])?;
            }
            Ok(values)
        };
        for index in 0..program.variables.len() {
            let values = initial(&self.indices[index], index)?;
            self.memory[index].join(&values)?;
        }
        for group in 0..program.groups.len() {
            let locals: Result<Vec<Values>, Asymmetry> =
                self.own[group].iter().map(|&index| initial(&self.indices[index], index)).collect();
            self.arrive(not_started(group), Frame { locals: locals?, stack: Vec::new() })?;
        }
        self.work.extend(self.frames.keys().cloned());
        Ok(())
    }

    /// Follows the code until nothing new is found.
    fn settle(&mut self) -> Result<(), Asymmetry> {
        while let Some(context) = self.work.pop_first() {
            let frame = self.frames[&context].clone();
            self.execute(&context, frame)?;
            if std::mem::take(&mut self.spread) {
                self.work.extend(self.frames.keys().cloned());
            }
        }
        Ok(())
    }

    /// Adds what a thread's own places hold where it arrives.
    pub fn arrive(&mut self, context: Context, frame: Frame) -> Result<(), Asymmetry> {
        let Some(known) = self.frames.get_mut(&context) else {
            if self.frames.len() == MOST_CONTEXTS {
                return Err(Asymmetry);
            }
            self.frames.insert(context.clone(), frame);
            self.work.insert(context);
            return Ok(());
        };
        let mut changed = false;
        let places = known.locals.iter_mut().chain(&mut known.stack);
        for (place, values) in places.zip(frame.locals.iter().chain(&frame.stack)) {
            changed |= place.join(values)?;
        }
        if changed {
            self.work.insert(context);
        }
        Ok(())
    }

    /// Makes sure that what takes the place of what is like it, and is like it in the initial state.
    fn check(&self) -> Result<(), Asymmetry> {
        let frames = self.frames.values().flat_map(|frame| frame.locals.iter().chain(&frame.stack));
        let spread = [&self.memory, &self.indices, &self.queues, &self.object_indices];
        for values in frames.chain(spread.into_iter().flatten()).chain([&self.output]) {
            values.check_closed()?;
        }
        let must = |holds: bool| if holds { Ok(()) } else { Err(Asymmetry) };
        for (index, variable) in self.program.variables.iter().enumerate() {
            let owners = self.own.iter().enumerate().filter_map(|(group, own)| {
                let place = own.iter().position(|&own| own == index)?;
                Some(&self.frames[&not_started(group)].locals[place])
            });
            let memory = matches!(variable.kind, VarKind::Shared | VarKind::Atomic);
            let places: Vec<&Values> = owners.chain(memory.then_some(&self.memory[index])).collect();
            let elements = if are_alike(&variable.init) { 1 } else { variable.init.len() };
            for (element, &value) in variable.init[..elements].iter().enumerate() {
                let becomes = variable.init[self.indices[index].image(element as i64) as usize];
                must(places.iter().all(|values| values.image(value) == becomes))?;
            }
        }
        for id in (0..self.program.objects.len() as u32).map(ObjectId) {
            let kind = |id: ObjectId| self.program.objects[id.index()].kind;
            let becomes = match kind(id) {
                ObjectKind::Condition { lock } => ObjectKind::Condition { lock: self.object(lock) },
                other => other,
            };
            must(kind(self.object(id)) == becomes)?;
        }
        Ok(())
    }

    /// Returns the thread whose place a thread takes.
    pub fn thread(&self, thread: ThreadId) -> ThreadId {
        self.candidate.threads[thread.index()]
    }

    /// Returns the object whose place an object takes.
    pub fn object(&self, object: ObjectId) -> ObjectId {
        let group = self.program.objects[object.index()].group;
        let base = self.program.object_groups[group.index()].base.0;
        ObjectId(base + self.object_indices[group.index()].image(i64::from(object.0 - base)) as u32)
    }

    /// Returns the memory cell whose place a cell takes.
    pub fn memory_cell(&self, cell: u32) -> u32 {
        self.element(self.variable_of[cell as usize], cell)
    }

    /// Returns the local cell whose place a cell takes, of a group's threads.
    pub fn local_cell(&self, group: GroupId, cell: u32) -> u32 {
        self.element(self.own[group.index()][self.own_place(group, cell)], cell)
    }

    fn element(&self, variable: usize, cell: u32) -> u32 {
        let base = self.program.variables[variable].base;
        base + self.indices[variable].image(i64::from(cell - base)) as u32
    }

    /// Returns the place of a local cell's variable among those of its group.
    pub fn own_place(&self, group: GroupId, cell: u32) -> usize {
        let holds = |&index: &usize| {
            let variable = &self.program.variables[index];
            (variable.base..variable.base + variable.len).contains(&cell)
        };
        self.own[group.index()].iter().position(holds).expect("every local cell belongs to a variable")
    }

    /// Returns what a cell's value becomes, wherever its thread may be.
    pub fn shown(&self, cell: Cell) -> Result<Values, Asymmetry> {
        match cell {
            Cell::Memory(cell) => Ok(self.memory[self.variable_of[cell as usize]].clone()),
            Cell::Local(thread, cell) => {
                let group = self.program.threads[thread.index()];
                let place = self.own_place(group, cell);
                let mut values = Values::none();
                for (_, frame) in self.frames.iter().filter(|(context, _)| context.group == group) {
                    values.join(&frame.locals[place])?;
                }
                Ok(values)
            }
        }
    }

    /// Makes sure that an index with these values names, in what a state becomes, the element that takes the place
    /// of the one that it names in the state, or is out of range in both. The array begins with this cell.
    pub fn check_index(&self, first: Cell, len: u32, index: &Values) -> Result<(), Asymmetry> {
        let elements = &self.indices[self.variable(first)];
        let in_range = |value: i64| (0..i64::from(len)).contains(&value);
        index.keep(in_range)?;
        let fits = match index {
            Values::Any => elements.is_fixed(),
            Values::Listed(pairs) => {
                pairs.iter().all(|(&value, &becomes)| !in_range(value) || elements.image(value) == becomes)
            }
        };
        if fits { Ok(()) } else { Err(Asymmetry) }
    }

    fn variable(&self, cell: Cell) -> usize {
        match cell {
            Cell::Memory(cell) => self.variable_of[cell as usize],
            Cell::Local(thread, cell) => {
                let group = self.program.threads[thread.index()];
                self.own[group.index()][self.own_place(group, cell)]
            }
        }
    }

    /// Returns the first cell of the array whose place an array takes: the same one, of another thread maybe.
    pub fn base(&self, first: Cell) -> Cell {
        match first {
            Cell::Memory(_) => first,
            Cell::Local(thread, cell) => Cell::Local(self.thread(thread), cell),
        }
    }

    /// Returns the cell whose place a cell takes.
    pub fn cell(&self, cell: Cell) -> Cell {
        match cell {
            Cell::Memory(cell) => Cell::Memory(self.memory_cell(cell)),
            Cell::Local(thread, cell) => {
                let group = self.program.threads[thread.index()];
                Cell::Local(self.thread(thread), self.local_cell(group, cell))
            }
        }
    }
}

/// Returns true when all elements of a variable begin with the same value.
fn are_alike(init: &[i64]) -> bool {
    init.iter().all(|value| *value == init[0])
}

fn not_started(group: usize) -> Context {
    Context { group: GroupId(group as u32), at: Position::NotStarted, calls: Vec::new() }
}
