//! Reductions: what the search may leave out, and what it needs for that.
//!
//! Which of them keep the numbers of schedules and the probabilities? Call a reduced graph *faithful* if from
//! every node the edges out, one by one, stand for the edges out of each state that the node stands for: the
//! same actors, each with as many successors, which lead to what the heads stand for. Then a schedule from a
//! state is a path from its node and the other way round, and the random scheduler, which draws an actor and
//! then a successor, moves between nodes with the same probabilities (its chain is lumpable: Kemeny and Snell,
//! "Finite Markov Chains", 1960, §6.3). A cycle of nodes is an endless path, so an endless schedule of a finite
//! graph, and the other way round.
//!
//! - Symmetry is faithful, but used for counts only where the copies never ask which they are, because how many
//!   states an orbit has is easily told there: a change of places takes the edges of a state to those of the other, and each edge
//!   out of a representative is kept, even where several lead to one node. What names threads is spread evenly
//!   over its orbit, because the first state is the same whoever changes places.
//! - Dead values are faithful: what is forgotten decides neither what is enabled nor what a step does, so states
//!   that differ in nothing else take the same steps to such states.
//! - Fusion is not: A's `PUSH 0, PUSH 1, STORE x` and B's `LOAD x` have four orders, and B reads 0 in three of
//!   them, with probability 1/2 + 1/4 + 1/8. With A's pushes fused there are three orders, and it is 1/2 + 1/4.
//! - Stubborn sets are not: there A's pushes come first, because they do not touch B's step, which leaves two
//!   orders, and B reads 0 with probability 1/2.

use super::dead::Dead;
use super::independence::Independence;
use super::symmetry::Symmetry;
use crate::vm::Machine;

/// Which reductions are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reductions {
    /// Steps that no other thread can see are taken together with the step before them.
    pub fusion: bool,
    /// Of steps that can change places one order is enough.
    pub stubborn: bool,
    /// What nobody will read any more is forgotten.
    pub dead: bool,
    /// States that differ only in which of the copies, elements and values that can change places is which are one.
    pub symmetry: bool,
}

impl Reductions {
    /// Every reduction.
    pub const ALL: Reductions = Reductions { fusion: true, stubborn: true, dead: true, symmetry: true };
    /// No reduction: the whole decision graph.
    pub const NONE: Reductions = Reductions { fusion: false, stubborn: false, dead: false, symmetry: false };
    /// Each reduction by its name.
    pub const NAMES: [(&'static str, Reductions); 4] = [
        ("fusion", Reductions { fusion: true, ..Reductions::NONE }),
        ("stubborn", Reductions { stubborn: true, ..Reductions::NONE }),
        ("dead", Reductions { dead: true, ..Reductions::NONE }),
        ("symmetry", Reductions { symmetry: true, ..Reductions::NONE }),
    ];

    /// Finds a reduction by its name; `all` is every one.
    pub fn named(name: &str) -> Option<Reductions> {
        let mut all = std::iter::once(("all", Reductions::ALL)).chain(Reductions::NAMES);
        all.find(|&(known, _)| known == name).map(|(_, reductions)| reductions)
    }

    /// Returns these reductions and others.
    pub fn with(self, other: Reductions) -> Reductions {
        Reductions {
            fusion: self.fusion || other.fusion,
            stubborn: self.stubborn || other.stubborn,
            dead: self.dead || other.dead,
            symmetry: self.symmetry || other.symmetry,
        }
    }
}

/// The reductions of one machine, prepared.
#[derive(Clone, Debug)]
pub struct Reduction {
    pub(super) wanted: Reductions,
    pub(super) independence: Independence,
    pub(super) dead: Option<Dead>,
    pub(super) symmetry: Option<Symmetry>,
}

impl Reduction {
    /// Prepares reductions for a machine; `None` where none is wanted, or the program is too large to look at.
    pub fn new(machine: &Machine<'_>, wanted: Reductions) -> Option<Reduction> {
        if wanted == Reductions::NONE {
            return None;
        }
        let independence = Independence::new(machine)?;
        let dead = wanted.dead.then(|| Dead::new(machine));
        let symmetry = if wanted.symmetry { Symmetry::new(machine) } else { None };
        Some(Reduction { wanted, independence, dead, symmetry })
    }

    /// Leaves out the symmetries that what is counted cannot be told from: those of threads that use `SELF`.
    #[must_use]
    pub fn for_counts(self) -> Reduction {
        Reduction { symmetry: self.symmetry.and_then(Symmetry::of_copies), ..self }
    }

    /// Returns true when it keeps the numbers of schedules, their classes and all probabilities; then spaces note
    /// which threads change places on an edge.
    pub fn keeps_schedules(&self) -> bool {
        let of_copies = self.symmetry.as_ref().is_none_or(Symmetry::is_of_copies);
        !self.wanted.fusion && !self.wanted.stubborn && of_copies
    }

    /// Returns true when nothing but symmetry reduces, so that how large the whole graph is can be told.
    pub fn is_symmetry_alone(&self) -> bool {
        self.symmetry.is_some() && self.keeps_schedules() && !self.wanted.dead
    }

    /// Returns which threads changed places, where some did.
    pub fn symmetry(&self) -> Option<&Symmetry> {
        self.symmetry.as_ref()
    }
}
