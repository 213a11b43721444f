//! Chains: steps of one thread that nothing else sees, one after the other; and the boxes that they make of nodes.
//!
//! A step is *private* where it reads and changes its own thread's block alone, leads to one decision, neither ends
//! its thread nor can fail, and makes no difference to what [claims](super::claims) ask. Nothing disables it, and
//! it commutes with whatever other threads do. A *chain* is a block of a thread, its head, and the blocks that
//! private steps lead to from there, one after the other, up to the first block whose step is not private, and
//! without any block that can be come to in another way. So each block lies in one chain, and a row of heads stands
//! for a whole *box* of states: each of its threads is somewhere on the chain of its head, whatever the others do.
//! A sweep keeps one node for each box: it looks at the step of the last block of each chain, and leads from heads
//! to heads.
//!
//! This is no reduction: no state is left out. Every number is that of the whole graph, because a box of `n`
//! states has as many edges as can be computed from its chains ([`Size`]), and what can happen in any of its
//! states, an end, a fault, a race, can happen in its *corner*, where each thread is at the end of its chain.
//! (Cartesian partial-order reduction looks for the same boxes to leave states out: Gueta, Flanagan, Yahav, Sagiv,
//! SPIN 2007. Here they are the way in which states are kept.)
//!
//! SOUND: (1) Every state of a box can be reached if its row of heads can: private steps lead there, one thread after
//! the other. (2) Every state that can be reached lies in the box of a node. By induction over a way there: a
//! private step leads on within the box. Any other step is that of the last block of a chain. What it does depends
//! on its own block, on memory and objects, and of other threads on nothing but whether they have started and
//! finished, which is the same all along a chain; so it does what it does at the corner. It leads to a block that can
//! be come to in another way than by a private step, which is a head; all others stay where they are on their
//! chains; and that is a state of the box that the node's edge leads to. A step that changes another thread's block
//! (`START`) makes that block's chain one of a single block. (3) No state lies in two boxes: chains are disjoint.
//! (4) An end has no private step, so it is the corner of its box; a fault and an access that races belong to steps
//! that are not private, so both threads of a race, and the one that faults, can be at the end of their chains
//! while the others are too. (5) A state of a box can end if and only if its corner can: what can be done from it
//! can be done in another order, private steps first, and all of these are taken before an end. (6) What claims see
//! is the same all over a box.
//!
//! Whether a block can be come to in several ways is only known once these have been met. Where it turns out too
//! late, when some chain leads through the block already, the sweep begins anew ([`Chains::is_torn`]), and from then
//! on all blocks before the same instruction are heads. Random walks ([`scout`](super::scout)) find nearly all of
//! them before the sweep begins.

use std::collections::HashSet;

use super::fields::FieldId;
use crate::program::Addr;

/// No chain has more blocks.
const LONGEST: u32 = 1 << 8;

/// After so many beginnings there are no more chains.
const MOST_BEGINNINGS: u32 = 8;

/// How a block was come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Came {
    #[default]
    Never,
    /// By the private step from this block alone.
    From(u32),
    /// In another way.
    Otherwise,
}

/// What is known of a block of a thread.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    came: Came,
    /// The instruction that it stands before.
    at: Option<Addr>,
    /// It lies on a chain behind the head.
    is_inner: bool,
    /// A chain leads on from it.
    leads_on: bool,
    /// Another thread's step changes it.
    is_alone: bool,
}

/// What is known of all blocks, and which of them are heads.
#[derive(Debug, Default)]
pub struct Chains {
    /// False where every block is a chain of its own.
    on: bool,
    first_thread: FieldId,
    /// By thread and number of its block.
    blocks: Vec<Vec<Block>>,
    /// Where ways meet of which one is private.
    meeting: HashSet<Addr>,
    /// Threads without chains.
    unchained: HashSet<FieldId>,
    is_torn: bool,
    beginnings: u32,
}

impl Chains {
    /// Knows nothing yet.
    pub fn new(first_thread: FieldId) -> Chains {
        Chains { on: true, first_thread, ..Chains::default() }
    }

    /// Begins anew: blocks get other numbers, but where ways meet stays known.
    pub fn anew(self) -> Chains {
        let beginnings = self.beginnings + u32::from(self.is_torn);
        let on = self.on && beginnings < MOST_BEGINNINGS;
        Chains { on, beginnings, blocks: Vec::new(), is_torn: false, ..self }
    }

    /// Returns true where blocks may have chains.
    pub fn are_on(&self) -> bool {
        self.on
    }

    /// Returns true when some chain has turned out to lead through a block that can be come to in another way.
    pub fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Gives up: from the next beginning on there are no chains.
    pub fn give_up(&mut self) {
        self.is_torn |= self.on;
        self.on = false;
    }

    /// Notes that a block was come to: by the private step from another block of the thread, or in another way.
    pub fn come_to(&mut self, field: FieldId, number: u32, at: Option<Addr>, from: Option<u32>) {
        if !self.on {
            return;
        }
        let block = self.block_mut(field, number);
        block.at = at;
        let way = match from {
            Some(before) if before != number => Came::From(before),
            _ => Came::Otherwise,
        };
        let ways_meet = match (block.came, way) {
            (Came::Never, _) => false,
            (Came::Otherwise, Came::Otherwise) => from.is_some(),
            (known, way) => known != way,
        };
        block.came = if block.came == Came::Never || block.came == way { way } else { Came::Otherwise };
        if ways_meet
            && let Some(at) = at
            && self.meeting.insert(at)
        {
            self.is_torn |= self.blocks.iter().flatten().any(|block| block.at == Some(at) && block.is_inner);
        }
    }

    /// Notes that the step of another thread changes a block.
    pub fn meddle_with(&mut self, field: FieldId, number: u32) {
        if !self.on {
            return;
        }
        let block = self.block_mut(field, number);
        block.is_alone = true;
        if block.leads_on {
            self.unchained.insert(field);
            self.is_torn = true;
        }
    }

    /// Leads a chain of so many blocks on from its last one by a private step to the next block; false where the
    /// chain ends.
    pub fn lead_on(&mut self, field: FieldId, from: u32, to: u32, len: u32) -> bool {
        if !self.on || len >= LONGEST || self.unchained.contains(&field) {
            return false;
        }
        let Block { came, at, .. } = *self.block_mut(field, to);
        let is_head = came != Came::From(from) || at.is_none_or(|at| self.meeting.contains(&at));
        if is_head || self.block_mut(field, from).is_alone {
            return false;
        }
        self.block_mut(field, from).leads_on = true;
        self.block_mut(field, to).is_inner = true;
        true
    }

    /// Returns the block before one on its chain; `None` for a head.
    pub fn before(&self, field: FieldId, number: u32) -> Option<u32> {
        let block = self.blocks.get(field.checked_sub(self.first_thread)?)?.get(number as usize)?;
        match block.came {
            Came::From(before) if block.is_inner => Some(before),
            _ => None,
        }
    }

    fn block_mut(&mut self, field: FieldId, number: u32) -> &mut Block {
        let (thread, number) = (field - self.first_thread, number as usize);
        if self.blocks.len() <= thread {
            self.blocks.resize_with(thread + 1, Vec::new);
        }
        let blocks = &mut self.blocks[thread];
        if blocks.len() <= number {
            blocks.resize_with(number + 1, Block::default);
        }
        &mut blocks[number]
    }

    /// Returns how many bytes are held, nearly.
    pub fn memory(&self) -> usize {
        self.blocks.iter().map(|blocks| blocks.capacity() * size_of::<Block>()).sum()
    }
}

/// How many states a box has, and how many edges lead out of them to decisions.
///
/// Of a box of `n` states in which a thread's chain has `k` blocks, each of them is that of `n / k` states. All
/// but the last have one edge, the private step, and the last has those of its own step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    pub states: u64,
    pub transitions: u128,
    /// There are more states than a word can count.
    pub overflows: bool,
}

impl Size {
    /// A box without threads.
    pub const ONE: Size = Size { states: 1, transitions: 0, overflows: false };

    /// Adds a thread whose chain has so many blocks, at least 1, and the last of these so many edges.
    #[inline(always)]
    pub fn add(&mut self, blocks: u32, edges: u32) {
        let own = u128::from(self.states) * (u128::from(blocks - 1) + u128::from(edges));
        self.transitions = self.transitions.wrapping_mul(u128::from(blocks)).wrapping_add(own);
        let (states, overflows) = self.states.overflowing_mul(u64::from(blocks));
        self.states = states;
        self.overflows |= overflows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asm::{NoFiles, Options, assemble};
    use crate::explore::limits::{Limits, Unwatched};
    use crate::explore::sweep::{Look, Nothing, Swept, Watched, sweep};
    use crate::program::{Predicate, ThreadId};
    use crate::vm::{DEFAULT_BUFFER, Machine};

    #[test]
    fn a_block_that_can_be_come_to_in_two_ways_is_a_head() {
        let at = |addr: u32| Some(Addr(addr));
        let mut chains = Chains::new(5);
        chains.come_to(6, 0, at(0), None);
        chains.come_to(6, 1, at(1), Some(0));
        chains.come_to(6, 2, at(2), Some(1));
        assert!(chains.lead_on(6, 0, 1, 1) && chains.lead_on(6, 1, 2, 2));
        assert_eq!([0, 1, 2].map(|block| chains.before(6, block)), [None, Some(0), Some(1)]);
        chains.come_to(6, 2, at(2), Some(1));
        assert!(!chains.is_torn(), "the same way again");
        chains.come_to(6, 3, at(1), Some(2));
        assert!(chains.lead_on(6, 2, 3, 3) && !chains.is_torn());
        chains.come_to(6, 3, at(1), Some(0));
        assert!(chains.is_torn(), "a chain leads through it");
        let mut chains = chains.anew();
        chains.come_to(5, 7, at(1), Some(6));
        assert!(!chains.is_torn() && !chains.lead_on(5, 6, 7, 1), "nor through what stands before the same");
        chains.come_to(5, 8, at(3), Some(6));
        chains.meddle_with(5, 6);
        assert!(!chains.lead_on(5, 6, 8, 1), "others change the block before");
        chains.come_to(5, 9, at(4), Some(9));
        assert!(!chains.lead_on(5, 9, 9, 1), "it leads nowhere else");
    }

    #[test]
    fn a_block_that_others_change_late_has_no_chain_from_then_on() {
        let mut chains = Chains::new(0);
        chains.come_to(0, 0, Some(Addr(0)), None);
        chains.come_to(0, 1, Some(Addr(1)), Some(0));
        assert!(chains.lead_on(0, 0, 1, 1));
        chains.meddle_with(0, 0);
        assert!(chains.is_torn());
        let mut chains = chains.anew();
        chains.come_to(0, 1, Some(Addr(1)), Some(0));
        assert!(!chains.lead_on(0, 0, 1, 1));
    }

    #[test]
    fn what_is_torn_too_often_is_given_up() {
        let mut chains = Chains::new(0);
        for beginning in 0..MOST_BEGINNINGS {
            assert!(chains.are_on(), "{beginning}");
            chains.is_torn = true;
            chains = chains.anew();
        }
        assert!(!chains.are_on() && !chains.is_torn());
        chains.give_up();
        assert!(!chains.is_torn(), "there is nothing to give up");
    }

    #[test]
    fn a_box_is_as_large_as_its_states_and_edges_one_by_one() {
        // Three threads: 3 blocks and 2 edges at the end, 1 block and none, 2 blocks and 1 edge.
        let (lens, ends) = ([3_u32, 1, 2], [2_u32, 0, 1]);
        let mut size = Size::ONE;
        lens.iter().zip(ends).for_each(|(&len, end)| size.add(len, end));
        let (mut states, mut transitions) = (0, 0);
        for places in (0..3).flat_map(|a| (0..2).map(move |c| [a, 0, c])) {
            states += 1;
            for thread in 0..3 {
                transitions += if places[thread] + 1 < lens[thread] { 1 } else { u128::from(ends[thread]) };
            }
        }
        assert_eq!((size.states, size.transitions, size.overflows), (states, transitions, false));
        (0..8).for_each(|_| size.add(256, 1));
        assert!(size.overflows);
    }

    fn sizes(text: &str, claims: Vec<Look>, singly: bool) -> (u64, u64, u64) {
        let program = assemble("t.rvm", text, &Options::default(), &NoFiles).expect("it assembles");
        let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
        let watched = Watched { claims, workers: 1, singly, spill: None };
        let swept: Swept<'_> = sweep(&machine, &watched, &Limits::default(), &mut Unwatched, &mut Nothing)
            .expect("its nodes are narrow");
        (swept.states, swept.transitions, swept.nodes)
    }

    #[test]
    fn boxes_are_few_and_count_every_state() {
        let inside = Look::Thread(ThreadId(0), Predicate::At(Addr(2)));
        let increments = "shared x\nthread a[3]\nLOAD x\nPUSH 1\nADD\nSTORE x\nend\n";
        // Rounds meet in the same block again, at different times.
        let meeting = "shared x\nthread a[2]\nlocal i = 3\nagain:\nLOAD x\nPUSH 2\nMOD\nPOP\nLOAD i\nPUSH 1\nSUB\n\
                       STORE i\nLOAD i\nPUSH 0\nGT\nJNZ again\nPUSH 9\nSTORE x\nend\n";
        let started = "shared x\nthread a\nNOP\nSTART b\nNOP\nNOP\nJOIN b\nLOAD x\nPOP\nend\n\
                       thread b deferred\nNOP\nNOP\nPUSH 4\nSTORE x\nNOP\nend\n";
        let spinning =
            "shared x\nthread a[2]\nNOP\ntop: NOP\nNOP\nJMP top\nend\nthread b\nPUSH 1\nSTORE x\nend\n";
        let long = format!("shared x\nthread a[2]\n{}PUSH 1\nSTORE x\nend\n", "NOP\n".repeat(600));
        for text in [increments, meeting, started, spinning, &long] {
            for claims in [vec![], vec![inside]] {
                let (states, transitions, nodes) = sizes(text, claims.clone(), false);
                let (each, edges, singles) = sizes(text, claims, true);
                assert_eq!((states, transitions, each), (each, edges, singles), "{text}");
                assert!(2 * nodes < states, "{nodes} boxes of {states} states of {text}");
            }
        }
    }

    #[test]
    fn what_a_claim_asks_about_is_no_part_of_a_chain() {
        let text = "thread a\nNOP\nNOP\nNOP\nNOP\nend\n";
        assert_eq!(sizes(text, vec![], false), (5, 4, 2), "the last step ends the thread");
        let at = |addr: u32| vec![Look::Thread(ThreadId(0), Predicate::At(Addr(addr)))];
        assert_eq!(sizes(text, at(2), false), (5, 4, 4), "before, at, and behind it");
    }
}
