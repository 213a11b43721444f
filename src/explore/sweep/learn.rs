//! Learning: what a slot's actors do, executed where it is met first.

use super::claims::Claims;
use super::effects::{Branch, DENSE, Effects, Leaf, Place, Step, mask, set};
use super::fields::{FieldId, Fields};
use super::key::Key;
use crate::explore::expand::{Arrival, Expander};
use crate::explore::search::{Sink, find_or_add_fault};
use crate::explore::store::Mode;
use crate::program::{Addr, Instr, ThreadId};
use crate::vm::{Access, Action, Actor, Machine, State, Stop, Touched};

/// What is to be learned: what the actors of a slot do in a state.
#[derive(Clone, Copy)]
pub struct Met<'a> {
    /// The numbers of the state's fields.
    pub row: &'a [u32],
    pub state: &'a State,
    pub slot: usize,
}

impl<K: Key> Effects<K> {
    /// Executes what a slot's actors do in a state and keeps it. Returns the ends that were not known, each with an
    /// edge to it. Where no new ends may be added to those that are known, a step that leads to a fault is not kept.
    pub fn learn(
        &mut self,
        fields: &mut Fields,
        claims: &Claims<K>,
        expander: &mut Expander<'_, '_>,
        Met { row, state: before, slot }: Met<'_>,
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
        // The threads' blocks that steps lead to, and the instruction that each stands before.
        let mut come_to: Vec<(FieldId, u32, Option<Addr>)> = Vec::new();
        let mut goes_on = true;
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
                        if self.chains.are_on() {
                            // A node holds the head of a chain, whose end the step leaves.
                            add_own(&mut step.changes, own, row[own]);
                            come_to.extend(blocks(fields, machine, successor.state, &step.changes));
                            goes_on &= !machine.is_finished(successor.state, thread)
                                && !claims.tell_apart(machine, thread, before, successor.state);
                        }
                        step.moves = moves(fields, row, own, &step.changes);
                        if !machine.decides_after_every_step() {
                            fields.meet(mode);
                            step.changes.push((0, mode.word()));
                            if mode != Mode::Decision {
                                self.chains.give_up();
                            }
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
        let mut leaf = self.add_leaf(fields, machine, before, slot, learned, touches);
        leaf.is_private = goes_on && reads.is_empty() && self.is_alone(&leaf, own);
        let from = leaf.is_private.then_some(row[own]);
        for (field, number, at) in come_to {
            self.chains.come_to(field, number, at, from);
            if field != own {
                self.chains.meddle_with(field, row[field]);
            }
        }
        self.leaves.push(leaf);
        self.hang(fields, row, slot, reads);
        self.news(&leaf, first_sink)
    }

    /// Returns true when a leaf is one step to a decision that changes nothing but the thread's own block.
    fn is_alone(&self, leaf: &Leaf, own: FieldId) -> bool {
        self.chains.are_on()
            && (leaf.decisions, leaf.total, leaf.access) == (1, 1, 0)
            && self.step(leaf.first).changes.iter().all(|&(field, _)| field == own || field == 0)
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
            approaches: self.foreseen.as_ref().is_some_and(|ranks| {
                let nodes = learned.iter().filter(|(step, _)| step.sink.is_none());
                nodes.into_iter().any(|(step, _)| ranks.fall(&step.moves))
            }),
            is_private: false,
            faults: learned.iter().any(|(step, _)| step.sink.is_some_and(|sink| sink > 0)),
            access: access.map_or(0, |(access, at)| self.number_access(access, at)),
        };
        for (step, _) in learned {
            self.masks.push(mask(fields, &step));
            self.apart += step.changes.capacity() * size_of::<(FieldId, u32)>()
                + step.moves.capacity() * size_of::<(FieldId, u32, u32)>();
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
        let known = self.roots[slot].blocks.get(number).copied().unwrap_or(0);
        let mut place = if known > 0 { known } else { self.place_for(fields, &reads, leaf) };
        set(&mut self.roots[slot].blocks, number, place);
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
                let children = &mut self.branches[(place >> 1) as usize - 1].children;
                let before = children.capacity();
                set(children, number as usize, child);
                self.apart += (children.capacity() - before) * size_of::<Place>();
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

/// Adds the thread's own block to what a step changes, even if it stays what it was.
fn add_own(changes: &mut Vec<(FieldId, u32)>, own: FieldId, number: u32) {
    if changes.iter().all(|&(field, _)| field != own) {
        changes.push((own, number));
    }
}

/// The blocks of threads among what has changed, each with the instruction that it stands before.
fn blocks(
    fields: &Fields,
    machine: &Machine<'_>,
    state: &State,
    changes: &[(FieldId, u32)],
) -> Vec<(FieldId, u32, Option<Addr>)> {
    let of_threads = changes.iter().filter_map(|&(field, number)| {
        let thread = fields.thread_of(field)?;
        Some((field, number, machine.pc(state, thread)))
    });
    of_threads.collect()
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
