//! Renaming threads: a state in which copies of one declared thread have changed places.

use std::cmp::Ordering;

use super::machine::{Machine, owner_word};
use super::state::State;
use crate::memory;
use crate::program::{ObjectId, ObjectKind, ThreadId};

impl Machine<'_> {
    /// Compares two copies of one declared thread by all that a state knows of them: their own words, the
    /// locks they hold, and where they wait. Copies that compare equal can change places without a trace.
    pub fn compare_copies(&self, state: &State, a: ThreadId, b: ThreadId) -> Ordering {
        let words = |id: ThreadId| &state.words[self.layout.thread(id)];
        words(a).cmp(words(b)).then_with(|| {
            let objects = (0..self.program().objects.len() as u32).map(ObjectId);
            let compare = |object| self.relation(state, object, a).cmp(&self.relation(state, object, b));
            objects.map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        })
    }

    /// Returns what an object knows of a thread: whether it owns it or waits in it, and how often it reads it.
    fn relation(&self, state: &State, object: ObjectId, id: ThreadId) -> (bool, i64) {
        let at = self.layout.object(object);
        match self.program().objects[object.index()].kind {
            ObjectKind::Mutex | ObjectKind::Rlock => (state.words[at] == owner_word(id), 0),
            ObjectKind::Rwlock => (state.words[at] == owner_word(id), state.words[at + 2 + id.index()]),
            ObjectKind::Condition { .. } | ObjectKind::Barrier { .. } => (self.in_set(state, object, id), 0),
            ObjectKind::Semaphore { .. } | ObjectKind::Event { .. } | ObjectKind::Queue { .. } => (false, 0),
        }
    }

    /// Fills in the state in which each thread is what the thread in its place in `order` is in `state`.
    /// Only copies of one declared thread may change places.
    pub fn reorder(&self, state: &State, order: &[ThreadId], renamed: &mut State) {
        renamed.clone_from(state);
        for (place, &from) in order.iter().enumerate().filter(|&(place, from)| place != from.index()) {
            let block = self.layout.thread(ThreadId(place as u32));
            renamed.words[block].copy_from_slice(&state.words[self.layout.thread(from)]);
        }
        for (index, object) in self.program().objects.iter().enumerate() {
            let at = self.layout.object(ObjectId(index as u32));
            match object.kind {
                ObjectKind::Mutex | ObjectKind::Rlock => rename_owner(&mut renamed.words[at], order),
                ObjectKind::Rwlock => {
                    rename_owner(&mut renamed.words[at], order);
                    for (place, from) in order.iter().enumerate() {
                        renamed.words[at + 2 + place] = state.words[at + 2 + from.index()];
                    }
                }
                ObjectKind::Condition { .. } | ObjectKind::Barrier { .. } => {
                    renamed.words[at..at + self.layout.set_words].fill(0);
                    for (place, &from) in order.iter().enumerate() {
                        let member = self.in_set(state, ObjectId(index as u32), from);
                        renamed.words[at + place / 64] |= i64::from(member) << (place % 64);
                    }
                }
                ObjectKind::Semaphore { .. } | ObjectKind::Event { .. } | ObjectKind::Queue { .. } => {}
            }
        }
    }
}

impl Machine<'_> {
    /// Replaces the cell and the value of each store that is still in a buffer.
    pub fn rename_stores(&self, state: &mut State, rename: impl Fn(u32, i64) -> (u32, i64)) {
        for id in self.program().thread_ids() {
            let Some((shape, words)) = self.buffer(state, id).filter(|(shape, words)| !shape.is_empty(words))
            else {
                continue;
            };
            let stores: Vec<(u32, i64)> = memory::entries(words).collect();
            let (offset, _) = self.layout.buffer(self.program().threads[id.index()]);
            let words = &mut state.words[self.layout.thread(id)][offset..];
            words.fill(0);
            for (cell, value) in stores {
                let (cell, value) = rename(cell, value);
                shape.push(words, cell, value);
            }
        }
    }
}

fn rename_owner(word: &mut i64, order: &[ThreadId]) {
    let is_owner = |from: &ThreadId| owner_word(*from) == *word;
    if let Some(place) = order.iter().position(is_owner) {
        *word = owner_word(ThreadId(place as u32));
    }
}
