//! Claims: which nodes look to a claim over all states like one that was shown before.
//!
//! Of memory and objects a claim sees what it names. Of a thread it sees less than the whole block: whether it is
//! in its critical section, or what one of its locals is. What claims see of a block, the answers to all their
//! questions, is its *view*, and views are numbered; so nodes whose blocks differ only in what no claim asks about
//! look alike, and one of them need be looked at.

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::fields::{FieldId, Fields};
use super::key::Key;
use crate::program::{Cell, Predicate, ThreadId};
use crate::vm::{Machine, State, Touched};

/// Something that a claim over all states looks at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Look {
    /// Memory or an object.
    Shared(Touched),
    /// A local cell of a thread.
    Local(ThreadId, u32),
    /// An answer about a thread.
    Thread(ThreadId, Predicate),
}

impl Look {
    fn thread(self) -> Option<ThreadId> {
        match self {
            Look::Shared(_) => None,
            Look::Local(thread, _) | Look::Thread(thread, _) => Some(thread),
        }
    }
}

/// What claims see of one thread's blocks.
#[derive(Debug)]
struct Views {
    field: FieldId,
    thread: ThreadId,
    /// The view of each block, where it is known.
    of_block: Vec<Option<u32>>,
    numbers: HashMap<Vec<i64>, u32, FixedState>,
}

/// What claims have seen.
#[derive(Debug)]
pub struct Claims<K> {
    looks: Vec<Look>,
    shared: Vec<FieldId>,
    views: Vec<Views>,
    /// The bits of a key that hold the shared fields that claims look at.
    mask: K,
    /// How many combinations are kept at most; those that are not kept are looked at again.
    pub most: usize,
    seen: HashSet<K, FixedState>,
}

/// More combinations than this are not kept.
const MOST_SEEN: usize = 1 << 20;

impl<K: Key> Claims<K> {
    /// Has seen nothing yet.
    pub fn new(looks: &[Look], fields: &Fields) -> Claims<K> {
        let mut looks = looks.to_vec();
        looks.sort_unstable();
        looks.dedup();
        let shared = looks.iter().filter_map(|look| match look {
            Look::Shared(touched) => Some(fields.of_touched(*touched)),
            Look::Local(..) | Look::Thread(..) => None,
        });
        let mut threads: Vec<ThreadId> = looks.iter().filter_map(|look| look.thread()).collect();
        threads.sort_unstable();
        threads.dedup();
        let views = threads.into_iter().map(|thread| Views {
            field: fields.of_thread(thread),
            thread,
            of_block: Vec::new(),
            numbers: HashMap::default(),
        });
        let mut claims = Claims {
            shared: shared.collect(),
            views: views.collect(),
            looks,
            mask: K::default(),
            most: MOST_SEEN,
            seen: HashSet::default(),
        };
        claims.fit(fields);
        claims
    }

    /// Returns how many combinations can be kept in so many bytes, while a table of them grows too.
    pub fn most_within(bytes: u64) -> usize {
        ((bytes / 4 / (size_of::<K>() as u64 + 1)) as usize).min(MOST_SEEN)
    }

    /// Returns how many bytes are held, nearly.
    pub fn memory(&self) -> usize {
        let of_blocks = |views: &Views| views.of_block.capacity() * size_of::<Option<u32>>();
        self.seen.allocation_size() + self.views.iter().map(of_blocks).sum::<usize>()
    }

    /// Starts anew for the places that fields have now.
    pub fn fit(&mut self, fields: &Fields) {
        let ones = self.shared.iter().map(|&field| fields.place(field)).filter(|&(_, bits)| bits > 0);
        self.mask = ones.fold(K::default(), |mask, (shift, bits)| mask | K::ones(bits) << shift);
        self.seen.clear();
    }

    /// Returns true when a node that looks like this one has been shown, or there is nothing to look at.
    #[inline(always)]
    pub fn know(&self, fields: &Fields, key: K) -> bool {
        self.looks.is_empty() || self.image(fields, key).is_some_and(|image| self.seen.contains(&image))
    }

    /// What claims see of a node: shared fields as they are, and the number of its view in the place of each block.
    fn image(&self, fields: &Fields, key: K) -> Option<K> {
        let mut image = key & self.mask;
        for views in &self.views {
            let view = (*views.of_block.get(fields.read(key, views.field) as usize)?)?;
            // There are no more views than blocks, so one has room where the block was.
            let (shift, bits) = fields.place(views.field);
            if bits > 0 {
                image = image | K::of(u64::from(view)) << shift;
            }
        }
        Some(image)
    }

    /// Marks what claims see of a node as seen; `state` is one of its states.
    pub fn settle(&mut self, machine: &Machine<'_>, fields: &Fields, key: K, state: &State) {
        for views in &mut self.views {
            let block = fields.read(key, views.field) as usize;
            if views.of_block.len() <= block {
                views.of_block.resize(block + 1, None);
            }
            if views.of_block[block].is_none() {
                let next = views.numbers.len() as u32;
                let seen = see(&self.looks, machine, views.thread, state);
                views.of_block[block] = Some(*views.numbers.entry(seen).or_insert(next));
            }
        }
        if self.seen.len() < self.most
            && let Some(image) = self.image(fields, key)
        {
            self.seen.insert(image);
        }
    }

    /// Returns true when claims see a difference between two blocks of a thread.
    pub fn tell_apart(&self, machine: &Machine<'_>, thread: ThreadId, one: &State, other: &State) -> bool {
        let saw = |state: &State| see(&self.looks, machine, thread, state);
        self.views.iter().any(|views| views.thread == thread) && saw(one) != saw(other)
    }
}

/// What these looks see of a thread.
fn see(looks: &[Look], machine: &Machine<'_>, of: ThreadId, state: &State) -> Vec<i64> {
    let answers = looks.iter().filter_map(|&look| match look {
        Look::Local(thread, cell) if thread == of => Some(machine.value(state, Cell::Local(thread, cell))),
        Look::Thread(thread, predicate) if thread == of => {
            Some(i64::from(machine.satisfies(state, thread, predicate)))
        }
        _ => None,
    });
    answers.collect()
}
