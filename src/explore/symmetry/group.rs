//! The symmetries of a program, all of them: what those that were found generate, and what they make of a state.

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::automorphism::{Automorphism, Key, Map, Own};
use super::flow::{Context, Position};
use crate::program::{Cell, GroupId, ObjectId, ThreadId};
use crate::vm::{Machine, State};

/// No more symmetries than this are used: those of five copies that change places freely.
const MOST_ELEMENTS: usize = 120;

/// No more of them either than make so many contexts, cells and objects together, whose changes are listed.
pub(super) const MOST_LISTED: usize = 1 << 16;

/// A word of a state that changes, from where to where, and what its value becomes.
#[derive(Clone, Debug)]
struct Move {
    from: usize,
    to: usize,
    map: Map,
}

/// A symmetry, with what it does to states.
#[derive(Clone, Debug)]
struct Element {
    automorphism: Automorphism,
    /// For each thread there the one that takes its place.
    order: Vec<ThreadId>,
    /// The memory cells that change.
    memory: Vec<Move>,
    /// The objects that go elsewhere, and queues whose values change.
    objects: Vec<ObjectId>,
    /// For each context what changes of a thread's words, counted from its first.
    own: Vec<Vec<Move>>,
}

/// A group of symmetries; the first is the one that changes nothing.
#[derive(Clone, Debug)]
pub(super) struct SymmetryGroup {
    elements: Vec<Element>,
    contexts: HashMap<Context, usize, FixedState>,
    /// The threads that some symmetry moves.
    moved: Vec<ThreadId>,
}

impl SymmetryGroup {
    /// Generates the group; a symmetry that would make it too large is left out. `None` where there is none.
    pub fn generate(
        machine: &Machine<'_>,
        contexts: Vec<Context>,
        identity: Automorphism,
        generators: Vec<Automorphism>,
    ) -> Option<SymmetryGroup> {
        let program = machine.program();
        let groups: Vec<GroupId> = contexts.iter().map(|context| context.group).collect();
        let listed = contexts.len() + program.memory.len() + program.objects.len();
        let most = MOST_ELEMENTS.min(MOST_LISTED / listed);
        let mut used: Vec<Automorphism> = Vec::new();
        for generator in generators {
            used.push(generator);
            let keys: Vec<Key> = used.iter().map(|one| one.key.clone()).collect();
            if generated(&identity.key, &keys, most, Clone::clone, Key::then).is_none() {
                used.pop();
            }
        }
        let then = |a: &Automorphism, b: &Automorphism| a.then(b, program, &groups);
        let elements = generated(&identity, &used, most, |one| one.key.clone(), then)?;
        let is_moved =
            |thread: &ThreadId| elements.iter().any(|one| one.key.threads[thread.index()] != *thread);
        let moved = program.thread_ids().filter(is_moved).collect();
        let contexts: HashMap<Context, usize, FixedState> =
            contexts.into_iter().enumerate().map(|(index, context)| (context, index)).collect();
        let elements: Vec<Element> =
            elements.into_iter().map(|one| Element::new(machine, one, &groups)).collect();
        (elements.len() > 1).then_some(SymmetryGroup { elements, contexts, moved })
    }

    /// Returns how many symmetries there are.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Returns a symmetry.
    pub fn get(&self, element: usize) -> &Automorphism {
        &self.elements[element].automorphism
    }

    /// Returns, for each thread behind a symmetry, which one it was.
    pub fn order(&self, element: usize) -> &[ThreadId] {
        &self.elements[element].order
    }

    /// Returns the symmetry that does what the first does, and then the second.
    pub fn product(&self, first: usize, second: usize) -> usize {
        if first == 0 || second == 0 {
            return first + second;
        }
        let product = self.get(first).key.then(&self.get(second).key);
        let found = self.elements.iter().position(|element| element.automorphism.key == product);
        found.expect("a group has the product of any two")
    }

    /// Notes for each thread where it is.
    pub fn find_contexts(&self, machine: &Machine<'_>, state: &State, contexts: &mut Vec<usize>) {
        let program = machine.program();
        contexts.clear();
        contexts.extend(program.thread_ids().map(|id| {
            let at = match machine.pc(state, id) {
                Some(pc) => Position::At(pc),
                None if machine.is_finished(state, id) => Position::Finished,
                None => Position::NotStarted,
            };
            let calls = (0..machine.depth(state, id)).map(|level| machine.call_site(state, id, level));
            let context = Context { group: program.threads[id.index()], at, calls: calls.collect() };
            self.contexts[&context]
        }));
    }

    /// Lists the symmetries that put the threads' addresses into the least order there is.
    pub fn find_least(&self, contexts: &[usize], least: &mut Vec<usize>) {
        let places = |element: usize| {
            let order = &self.elements[element].order;
            self.moved.iter().map(move |place| contexts[order[place.index()].index()])
        };
        least.clear();
        for element in 0..self.elements.len() {
            let order = match least.first() {
                Some(&best) => places(element).cmp(places(best)),
                None => std::cmp::Ordering::Equal,
            };
            if order.is_lt() {
                least.clear();
            }
            if order.is_le() {
                least.push(element);
            }
        }
    }

    /// Fills in what a symmetry makes of a state whose threads are in these contexts.
    pub fn apply(
        &self,
        machine: &Machine<'_>,
        element: usize,
        contexts: &[usize],
        state: &State,
        image: &mut State,
    ) {
        let Element { automorphism, order, memory, objects, own } = &self.elements[element];
        machine.reorder(state, order, image);
        for Move { from, to, map } in memory {
            image.words_mut()[*to] = map.image(state.words()[*from]);
        }
        self.move_objects(machine, automorphism, objects, image);
        let output = machine.layout().output_words();
        if !automorphism.output.is_identity()
            && let Some((&printed, values)) = state.words()[output.clone()].split_first()
        {
            for (place, &value) in values[..printed as usize].iter().enumerate() {
                image.words_mut()[output.start + 1 + place] = automorphism.output.image(value);
            }
        }
        for (from, &context) in contexts.iter().enumerate() {
            let first = |thread: ThreadId| machine.layout().thread(thread).start;
            let (from, to) = (first(ThreadId(from as u32)), first(automorphism.key.threads[from]));
            for step in &own[context] {
                image.words_mut()[to + step.to] = step.map.image(state.words()[from + step.from]);
            }
        }
        machine.rename_stores(image, |cell, value| {
            let (to, map) = &automorphism.cells[cell as usize];
            (*to, map.image(value))
        });
    }

    /// Moves objects whose owners and waiters have changed places already.
    fn move_objects(
        &self,
        machine: &Machine<'_>,
        automorphism: &Automorphism,
        moved: &[ObjectId],
        image: &mut State,
    ) {
        let words = |object: ObjectId| machine.layout().object_words(object);
        let before: Vec<Vec<i64>> =
            moved.iter().map(|&object| image.words()[words(object)].to_vec()).collect();
        for (&object, mut held) in moved.iter().zip(before) {
            let (to, map) = &automorphism.objects[object.index()];
            if !map.is_identity() {
                let queued = held[0] as usize;
                held[1..=queued].iter_mut().for_each(|value| *value = map.image(*value));
            }
            image.words_mut()[words(*to)].copy_from_slice(&held);
        }
    }

    /// Returns the values that these cells have in what a symmetry makes of a state where they have `values`.
    /// The cells must change places with one another.
    pub fn image_of_values(
        &self,
        machine: &Machine<'_>,
        element: usize,
        cells: &[Cell],
        values: &[i64],
    ) -> Vec<i64> {
        let one = self.get(element);
        let places: HashMap<Cell, usize, FixedState> = cells
            .iter()
            .enumerate()
            .map(|(index, &cell)| (one.cell(machine.program(), cell), index))
            .collect();
        let value = |cell: &Cell| {
            let from = places[cell];
            one.shown(cells[from]).image(values[from])
        };
        cells.iter().map(value).collect()
    }
}

impl Element {
    fn new(machine: &Machine<'_>, mut automorphism: Automorphism, groups: &[GroupId]) -> Element {
        let mut order = automorphism.key.threads.clone();
        for (from, to) in automorphism.key.threads.iter().enumerate() {
            order[to.index()] = ThreadId(from as u32);
        }
        let changes = |step: &Move| step.from != step.to || !step.map.is_identity();
        let cells = automorphism.cells.iter().enumerate();
        let memory =
            cells.map(|(from, (to, map))| Move { from, to: *to as usize, map: map.clone() }).filter(changes);
        let objects = automorphism.objects.iter().enumerate();
        let is_moved = |(id, (to, map)): (usize, &(ObjectId, Map))| {
            let id = ObjectId(id as u32);
            (id != *to || !map.is_identity()).then_some(id)
        };
        let own = |(context, own): (usize, &Own)| {
            let group = groups[context];
            let thread = machine.program().groups[group.index()].first;
            let (layout, first) = (machine.layout(), machine.layout().thread(thread).start);
            let local = |(cell, map): (usize, &Map)| {
                let to = automorphism.locals[group.index()][cell];
                let word = |cell: u32| layout.local(thread, cell) - first;
                Move { from: word(cell as u32), to: word(to), map: map.clone() }
            };
            let stack = |(place, map): (usize, &Map)| {
                let word = layout.stack(thread, place as u32) - first;
                Move { from: word, to: word, map: map.clone() }
            };
            let locals = own.locals.iter().enumerate().map(local);
            locals.chain(own.stack.iter().enumerate().map(stack)).filter(changes).collect()
        };
        let memory = memory.collect();
        let objects = objects.filter_map(is_moved).collect();
        let own = automorphism.own.iter().enumerate().map(own).collect();
        // What changes is listed now.
        automorphism.own.clear();
        automorphism.own.shrink_to_fit();
        Element { automorphism, order, memory, objects, own }
    }
}

/// Lists all products of generators, the identity first; `None` where there are more than `most`. Two symmetries that
/// do the same to threads and choices are one.
fn generated<T: Clone>(
    identity: &T,
    generators: &[T],
    most: usize,
    key: impl Fn(&T) -> Key,
    then: impl Fn(&T, &T) -> T,
) -> Option<Vec<T>> {
    let mut seen: HashSet<Key, FixedState> = HashSet::default();
    seen.insert(key(identity));
    let mut all = vec![identity.clone()];
    let mut next = 0;
    while next < all.len() {
        for generator in generators {
            let product = then(&all[next], generator);
            if seen.insert(key(&product)) {
                if all.len() >= most {
                    return None;
                }
                all.push(product);
            }
        }
        next += 1;
    }
    Some(all)
}
