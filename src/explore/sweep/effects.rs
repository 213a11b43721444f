//! Effects: what a thread's step does, found out once and looked up from then on.
//!
//! What a step does depends on the thread's own block and on the few fields that it reads. So the first time
//! it is met, the expansion executes it and notes which fields it touched; from then on a lookup by the
//! numbers of these fields, one after another, answers what the execution would. A million states often need
//! no more than some thousand executions. (Harmony memoizes steps likewise; LTSmin calls such an effect a
//! transition of a partitioned next-state function: Blom, van de Pol, Weber, CAV 2010. Here the fields are
//! found while executing, so nothing has to be declared.)
//!
//! SOUND: a lookup follows the same fields in the same order as the execution that it stands for, because
//! which field a step touches next is decided by what it has read so far. Whatever a step changes counts as
//! read. The footprint of every instruction that is met, the one before which a run ends included, is noted
//! before it is executed.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::fields::{Bits, FieldId, Fields};
use super::key::Key;
use super::moves::{Moves, Order, Ranks};
use crate::explore::expand::{Arrival, Expander};
use crate::explore::search::{Sink, find_or_add_fault};
use crate::explore::store::Mode;
use crate::program::{Addr, Instr, MemoryModel, ThreadId};
use crate::vm::{Access, Action, Actor, Machine, State, Stop, Touched};

/// Values of a field beyond this many are looked up in a table of their own.
const DENSE: u32 = 1 << 12;

/// Where a lookup stands: 0 is unknown, an odd number a leaf, an even one a branch.
type Place = u32;

/// A field that a lookup asks for, and where each of its numbers leads.
#[derive(Debug)]
struct Branch {
    field: FieldId,
    /// Where the field is in a key, kept here so that a lookup need not ask for it.
    bits: Bits,
    children: Vec<Place>,
}

/// Everything that one actor can do, where it was learned.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// The first of its edges; those to decisions come first, then those to running nodes, then ends.
    pub first: u32,
    /// How many edges lead to decisions.
    pub decisions: u32,
    /// How many edges lead to nodes.
    pub nodes: u32,
    /// How many edges there are; none when the actor is not enabled.
    pub total: u32,
    /// True when one of them is a fault.
    pub faults: bool,
    /// True when one of them can never be taken again; known once [`Effects::mark`] has been called.
    pub advances: bool,
    /// True when one of them leads nearer to an end; known as that.
    pub approaches: bool,
    /// The access that is about to happen, by number; 0 when there is none that can race.
    pub access: u32,
    /// The slot, as a set of slots, where these are told apart.
    pub slot: u64,
    /// The fields that it reads or writes, as a set of fields; those of 64 and more share an element with others.
    pub touches: u64,
    /// The fields among them that it writes.
    pub writes: u64,
}

/// What is known of an edge, beside where it leads.
#[derive(Clone, Debug)]
pub struct Step {
    /// The first step.
    pub action: Action,
    /// How many steps it takes.
    pub steps: u32,
    /// The end that it leads to.
    pub sink: Option<u32>,
    /// The fields that it changes, each with its number afterwards.
    pub changes: Vec<(FieldId, u32)>,
    /// What it makes of threads' blocks: the field, its number before and after. The block of the thread itself
    /// is always there.
    moves: Vec<(FieldId, u32, u32)>,
}

/// What the actors of one machine do, as far as it has been met.
#[derive(Debug)]
pub struct Effects<K> {
    threads: usize,
    /// By slot, then by the number of the thread's block.
    roots: Vec<Branch>,
    branches: Vec<Branch>,
    sparse: HashMap<(u32, u32), Place, FixedState>,
    leaves: Vec<Leaf>,
    /// What an edge keeps of a key and what it sets.
    masks: Vec<(K, K)>,
    steps: Vec<Step>,
    accesses: HashMap<(u32, Addr), u32, FixedState>,
    /// The accesses, by number less one.
    pub access_list: Vec<(Access, Addr)>,
}

impl<K: Key> Effects<K> {
    /// Knows nothing yet. There is a slot for each thread and, where stores are buffered, another for each
    /// thread's buffers.
    pub fn new(machine: &Machine<'_>, fields: &Fields) -> Effects<K> {
        let threads = machine.program().threads.len();
        let buffered = machine.models().memory != MemoryModel::Sc;
        Effects {
            threads,
            roots: (0..if buffered { 2 * threads } else { threads })
                .map(|slot| Branch::new(fields, fields.of_thread(ThreadId((slot % threads) as u32))))
                .collect(),
            branches: Vec::new(),
            sparse: HashMap::default(),
            leaves: Vec::new(),
            masks: Vec::new(),
            steps: Vec::new(),
            accesses: HashMap::default(),
            access_list: Vec::new(),
        }
    }

    /// Returns the number of slots.
    pub fn slots(&self) -> usize {
        self.roots.len()
    }

    /// Returns the thread of a slot.
    pub fn thread(&self, slot: usize) -> ThreadId {
        ThreadId((slot % self.threads) as u32)
    }

    /// Looks up what a slot's actors do at a node; `None` where that was not met yet.
    #[inline(always)]
    pub fn find(&self, key: K, slot: usize) -> Option<&Leaf> {
        let root = &self.roots[slot];
        let mut place = *root.children.get(root.bits.of(key) as usize)?;
        while place & 1 == 0 {
            let branch = self.branches.get((place >> 1).checked_sub(1)? as usize)?;
            place = self.child(place, branch, branch.bits.of(key));
        }
        Some(&self.leaves[(place >> 1) as usize])
    }

    /// Looks up what a slot's actors do at a node whose fields are numbered so.
    pub fn find_by_row(&self, row: &[u32], slot: usize) -> Option<&Leaf> {
        let root = &self.roots[slot];
        let mut place = *root.children.get(row[root.field] as usize)?;
        while place & 1 == 0 {
            let branch = self.branches.get((place >> 1).checked_sub(1)? as usize)?;
            place = self.child(place, branch, row[branch.field]);
        }
        Some(&self.leaves[(place >> 1) as usize])
    }

    #[inline(always)]
    fn child(&self, place: Place, branch: &Branch, number: u32) -> Place {
        let child = match branch.children.get(number as usize) {
            None if number >= DENSE => self.sparse.get(&(place, number)),
            child => child,
        };
        child.copied().unwrap_or(0)
    }

    /// Returns what the edges of a leaf that lead to nodes keep of a key and set.
    #[inline(always)]
    pub fn masks(&self, leaf: &Leaf) -> &[(K, K)] {
        &self.masks[leaf.first as usize..(leaf.first + leaf.nodes) as usize]
    }

    /// Calls `visit` for every leaf with its slot and what a lookup reads on the way to it.
    pub fn for_each_leaf(&self, mut visit: impl FnMut(usize, &[(FieldId, u32)], &Leaf)) {
        let mut sparse: HashMap<Place, Vec<(u32, Place)>, FixedState> = HashMap::default();
        for (&(place, number), &child) in &self.sparse {
            sparse.entry(place).or_default().push((number, child));
        }
        let mut read = Vec::new();
        for (slot, root) in self.roots.iter().enumerate() {
            self.visit_below(root, None, slot, &sparse, &mut read, &mut visit);
        }
    }

    fn visit_below(
        &self,
        branch: &Branch,
        place: Option<Place>,
        slot: usize,
        sparse: &HashMap<Place, Vec<(u32, Place)>, FixedState>,
        read: &mut Vec<(FieldId, u32)>,
        visit: &mut impl FnMut(usize, &[(FieldId, u32)], &Leaf),
    ) {
        let dense = branch.children.iter().enumerate().map(|(number, &child)| (number as u32, child));
        let others = place.and_then(|place| sparse.get(&place)).into_iter().flatten().copied();
        for (number, child) in dense.chain(others).filter(|&(_, child)| child > 0) {
            read.push((branch.field, number));
            if child & 1 == 1 {
                visit(slot, read, &self.leaves[(child >> 1) as usize]);
            } else {
                let below = &self.branches[(child >> 1) as usize - 1];
                self.visit_below(below, Some(child), slot, sparse, read, visit);
            }
            read.pop();
        }
    }

    /// Returns an edge.
    pub fn step(&self, edge: u32) -> &Step {
        &self.steps[edge as usize]
    }

    /// Returns all moves of threads' blocks that steps to nodes make.
    pub fn moves(&self) -> Moves {
        let mut all = Moves::default();
        for &(field, from, to) in self.steps.iter().flat_map(|step| &step.moves) {
            all.add(field, from, to);
        }
        all
    }

    /// Marks the leaves of which some edge can never be taken again, and those of which one leads nearer to an
    /// end.
    pub fn mark(&mut self, order: &Order, ranks: &Ranks) {
        for leaf in &mut self.leaves {
            let edges = &self.steps[leaf.first as usize..(leaf.first + leaf.nodes) as usize];
            let mut moves = edges.iter().flat_map(|step| &step.moves);
            leaf.advances = moves.any(|&(field, from, to)| order.is_final(field, from, to));
            leaf.approaches = edges.iter().any(|step| ranks.fall(&step.moves));
        }
    }

    /// Makes the masks anew for the places that fields have now.
    pub fn fit(&mut self, fields: &Fields) {
        self.masks = self.steps.iter().map(|step| mask(fields, step)).collect();
        for branch in self.roots.iter_mut().chain(&mut self.branches) {
            branch.bits = fields.bits_of(branch.field);
        }
    }

    /// Returns how many effects are known.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Takes away the edges to nodes of all effects learned since there were so many: nothing has followed them.
    pub fn close_from(&mut self, known: usize) {
        for leaf in &mut self.leaves[known..] {
            (leaf.decisions, leaf.nodes) = (0, 0);
        }
    }

    /// Returns how many bytes are held, nearly.
    pub fn memory(&self) -> usize {
        let branches: usize = self.branches.iter().map(|branch| branch.children.capacity() * 4 + 40).sum();
        let changes: usize = self.steps.iter().map(|step| step.changes.capacity() * 16).sum();
        self.roots.iter().map(|root| root.children.capacity() * 4).sum::<usize>()
            + branches
            + changes
            + self.sparse.allocation_size()
            + self.leaves.capacity() * size_of::<Leaf>()
            + self.masks.capacity() * size_of::<(K, K)>()
            + self.steps.capacity() * size_of::<Step>()
    }

    /// Executes what a slot's actors do at a node and keeps it. `row` numbers the fields of the node, whose
    /// state is `before`. Returns the ends that were not known, each with an edge to it. Where no new ends may be
    /// added to those that are known, a step that leads to a fault is not kept.
    pub fn learn(
        &mut self,
        fields: &mut Fields,
        expander: &mut Expander<'_, '_>,
        row: &[u32],
        before: &State,
        slot: usize,
        mut sinks: Option<&mut Vec<Sink>>,
    ) -> Vec<(u32, u32)> {
        let machine = expander.machine();
        let thread = self.thread(slot);
        let mut actors = Vec::new();
        if slot >= self.threads {
            machine.ready_buffers(before, thread, &mut actors);
        } else if machine.is_enabled(before, thread) {
            actors.push(Actor::Thread(thread));
        }
        let first_sink = sinks.as_ref().map_or(0, |sinks| sinks.len());
        let mut is_kept = true;
        let own = fields.of_thread(thread);
        expander.begin_trace();
        let mut learned: Vec<(Step, Arrival)> = Vec::new();
        for &actor in &actors {
            let blind = blind_write(fields, machine, before, actor);
            expander.expand_actor(before, actor, 0, &mut |successor| {
                let action = Action { actor: successor.actor, choice: successor.choice };
                let mut step = Step {
                    action,
                    steps: successor.steps,
                    sink: None,
                    changes: Vec::new(),
                    moves: Vec::new(),
                };
                match successor.arrival {
                    Arrival::Node(mode) => {
                        fields.changes(before, successor.state, blind, &mut step.changes);
                        step.moves = moves(fields, row, own, &step.changes);
                        if !machine.decides_after_every_step() {
                            fields.meet(mode);
                            step.changes.push((0, mode.word()));
                        }
                    }
                    Arrival::Stop(_, _, Stop::Assume) => step.sink = Some(0),
                    Arrival::Stop(thread, at, Stop::Fault(fault)) => match &mut sinks {
                        Some(sinks) => {
                            step.sink = Some(find_or_add_fault(sinks, machine.program(), fault, thread, at));
                        }
                        None => is_kept = false,
                    },
                }
                learned.push((step, successor.arrival));
                true
            });
        }
        if !is_kept {
            expander.end_trace();
            return Vec::new();
        }
        let mut reads = reads(fields, machine, before, thread, &actors, expander.end_trace());
        reads.extend(learned.iter().flat_map(|(step, _)| &step.changes).map(|&(field, _)| field));
        let mut unread = vec![0, own];
        unread.extend(actors.iter().filter_map(|&actor| blind_write(fields, machine, before, actor)));
        reads.retain(|field| !unread.contains(field) && (unread.push(*field), true).1);
        let touches = field_set(&unread[1..]);
        let leaf = self.add_leaf(fields, machine, before, slot, learned, touches);
        self.leaves.push(leaf);
        self.hang(fields, row, slot, reads);
        self.news(&leaf, first_sink)
    }

    fn news(&self, leaf: &Leaf, first_sink: usize) -> Vec<(u32, u32)> {
        let mut next = first_sink as u32;
        let mut sinks = Vec::new();
        for edge in leaf.first..leaf.first + leaf.total {
            if let Some(sink) = self.steps[edge as usize].sink.filter(|&sink| sink >= next) {
                sinks.push((sink, edge));
                next = sink + 1;
            }
        }
        sinks
    }

    fn add_leaf(
        &mut self,
        fields: &Fields,
        machine: &Machine<'_>,
        state: &State,
        slot: usize,
        mut learned: Vec<(Step, Arrival)>,
        touches: u64,
    ) -> Leaf {
        let rank = |arrival: &Arrival| match arrival {
            Arrival::Node(Mode::Decision) => 0,
            Arrival::Node(Mode::Running(_)) => 1,
            Arrival::Stop(..) => 2,
        };
        learned.sort_by_key(|(_, arrival)| rank(arrival));
        let count = |most: u32| learned.iter().filter(|(_, arrival)| rank(arrival) <= most).count() as u32;
        let access = machine
            .shared_access(state, self.thread(slot))
            .filter(|_| slot < self.threads && !learned.is_empty())
            .zip(machine.pc(state, self.thread(slot)));
        let changed = learned.iter().flat_map(|(step, _)| &step.changes).map(|(field, _)| field);
        let own = fields.of_thread(self.thread(slot));
        let leaf = Leaf {
            slot: if slot < 64 { 1 << slot } else { 0 },
            touches,
            writes: field_set(changed.chain([&own])),
            first: self.steps.len() as u32,
            decisions: count(0),
            nodes: count(1),
            total: learned.len() as u32,
            advances: false,
            approaches: false,
            faults: learned.iter().any(|(step, _)| step.sink.is_some_and(|sink| sink > 0)),
            access: access.map_or(0, |(access, at)| self.number_access(access, at)),
        };
        for (step, _) in learned {
            self.masks.push(mask(fields, &step));
            self.steps.push(step);
        }
        leaf
    }

    fn number_access(&mut self, access: Access, at: Addr) -> u32 {
        let list = &mut self.access_list;
        *self.accesses.entry((access.cell, at)).or_insert_with(|| {
            list.push((access, at));
            list.len() as u32
        })
    }

    /// Hangs the leaf added last where a lookup by these fields ends.
    fn hang(&mut self, fields: &Fields, row: &[u32], slot: usize, mut reads: Vec<FieldId>) {
        let leaf = (self.leaves.len() as u32 - 1) << 1 | 1;
        let number = row[fields.of_thread(self.thread(slot))] as usize;
        let known = self.roots[slot].children.get(number).copied().unwrap_or(0);
        let mut place = if known > 0 { known } else { self.place_for(fields, &reads, leaf) };
        self.roots[slot].set(number, place);
        while place & 1 == 0 {
            let branch = &self.branches[(place >> 1) as usize - 1];
            let number = row[branch.field];
            reads.retain(|&read| read != branch.field);
            let known = self.child(place, branch, number);
            if known > 0 {
                place = known;
                continue;
            }
            let child = self.place_for(fields, &reads, leaf);
            if number < DENSE {
                self.branches[(place >> 1) as usize - 1].set(number as usize, child);
            } else {
                self.sparse.insert((place, number), child);
            }
            place = child;
        }
    }

    /// The leaf, or a branch on the first of the fields that are still to be read.
    fn place_for(&mut self, fields: &Fields, reads: &[FieldId], leaf: Place) -> Place {
        match reads.first() {
            None => leaf,
            Some(&field) => {
                self.branches.push(Branch::new(fields, field));
                (self.branches.len() as u32) << 1
            }
        }
    }
}

/// Fields but that of modes as a set of 64 elements; one that has none of its own shares another's.
fn field_set<'f>(fields: impl IntoIterator<Item = &'f FieldId>) -> u64 {
    fields.into_iter().filter(|&&field| field > 0).fold(0, |set, &field| set | 1 << (field % 64))
}

impl Branch {
    fn new(fields: &Fields, field: FieldId) -> Branch {
        Branch { field, bits: fields.bits_of(field), children: Vec::new() }
    }

    fn set(&mut self, number: usize, child: Place) {
        if self.children.len() <= number {
            self.children.resize(number + 1, 0);
        }
        self.children[number] = child;
    }
}

/// What the actors of a slot read: what their first steps touch, whether they are enabled or not, then what
/// was traced behind.
fn reads(
    fields: &Fields,
    machine: &Machine<'_>,
    state: &State,
    thread: ThreadId,
    actors: &[Actor],
    trace: Vec<Touched>,
) -> Vec<FieldId> {
    let own = [Actor::Thread(thread)];
    let first = if actors.is_empty() { &own } else { actors };
    let footprints = first.iter().map(|&actor| machine.footprint(state, actor));
    let touched = footprints.flat_map(|footprint| footprint.reads.into_iter().chain(footprint.writes));
    touched.chain(trace).map(|touched| fields.of_touched(touched)).collect()
}

/// The field that an actor's step writes without looking at it, where the step is a whole edge: what was there
/// before does not matter, so it need not be looked up.
fn blind_write(fields: &Fields, machine: &Machine<'_>, state: &State, actor: Actor) -> Option<FieldId> {
    let writes = match actor {
        Actor::Buffer(..) => machine.footprint(state, actor).writes,
        Actor::Thread(thread) if machine.decides_after_every_step() => {
            let instr = machine.program().instr(machine.pc(state, thread)?);
            matches!(instr, Instr::Store(_)).then(|| machine.footprint(state, actor).writes)?
        }
        Actor::Thread(_) => return None,
    };
    writes.first().map(|&cell| fields.of_touched(cell))
}

/// What a step makes of threads' blocks.
fn moves(fields: &Fields, row: &[u32], own: FieldId, changes: &[(FieldId, u32)]) -> Vec<(FieldId, u32, u32)> {
    let of_threads = changes.iter().filter(|&&(field, _)| fields.is_thread(field));
    let mut moves: Vec<_> = of_threads.map(|&(field, to)| (field, row[field], to)).collect();
    if moves.iter().all(|&(field, ..)| field != own) {
        moves.push((own, row[own], row[own]));
    }
    moves
}

/// What an edge keeps of a key and what it sets.
fn mask<K: Key>(fields: &Fields, step: &Step) -> (K, K) {
    let changes = step.changes.iter().filter(|&&(field, _)| fields.place(field).1 > 0);
    changes.fold((!K::default(), K::default()), |(keep, set), &(field, number)| {
        let (shift, bits) = fields.place(field);
        (keep & !(K::ones(bits) << shift), set | K::of(u64::from(number)) << shift)
    })
}
