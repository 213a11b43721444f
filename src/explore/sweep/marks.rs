//! Marks: what leaves say of how a step brings its node nearer to an end; see [`liveness`](super::liveness).

use super::effects::{Effects, Leaf};
use super::fields::FieldId;
use super::key::Key;
use super::moves::{Moves, Order, Ranks};

impl Leaf {
    /// Returns true when it is known that one of the edges can never be taken again, leads nearer to an end, or to
    /// one.
    #[inline(always)]
    pub fn comes_nearer(&self) -> bool {
        self.advances | self.approaches | (self.total > self.nodes)
    }
}

impl<K: Key> Effects<K> {
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
        for at in 0..self.leaves.len() {
            let leaf = self.leaves[at];
            let edges = &self.steps[leaf.first as usize..(leaf.first + leaf.nodes) as usize];
            let approaches = edges.iter().any(|step| ranks.fall(&step.moves));
            let advances = self.advances(&leaf, order);
            (self.leaves[at].advances, self.leaves[at].approaches) = (advances, approaches);
        }
    }

    /// Marks leaves by what is known before the search, if these are all ends. What is learned later is marked by
    /// the same ranks; that it advances is not known.
    pub fn foresee(&mut self, ends: &[(FieldId, u32)]) {
        let moves = self.moves();
        let order = moves.order();
        if moves.can_be_undone(&order) {
            let ranks = moves.ranks(ends);
            self.mark(&order, &ranks);
            self.foreseen = Some(ranks);
        }
    }

    /// Returns true when no leaf is wrongly marked as one that advances.
    pub fn advance_in(&self, order: &Order) -> bool {
        self.leaves.iter().filter(|leaf| leaf.advances).all(|leaf| self.advances(leaf, order))
    }

    /// Returns true when a leaf has an edge that can never be taken again, in this order of moves.
    fn advances(&self, leaf: &Leaf, order: &Order) -> bool {
        let edges = &self.steps[leaf.first as usize..(leaf.first + leaf.nodes) as usize];
        let mut moves = edges.iter().flat_map(|step| &step.moves);
        moves.any(|&(field, from, to)| order.is_final(field, from, to))
    }
}
