//! Reductions: what the search may leave out, and what it needs for that.

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
    /// States that differ by the order of copies that nothing can tell apart are one.
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
        let symmetry = Symmetry::new(machine).filter(|_| wanted.symmetry);
        Some(Reduction { wanted, independence, dead, symmetry })
    }

    /// Returns which threads changed places, where some did.
    pub fn symmetry(&self) -> Option<&Symmetry> {
        self.symmetry.as_ref()
    }
}
