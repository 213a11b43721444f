//! What becomes of each thread's block: the moves that steps made, which of them can never be undone, and how
//! far a block is from an end.

use std::collections::VecDeque;

use super::fields::FieldId;

/// Moves of blocks: from one number of a thread's field to another, by whoever's step.
#[derive(Debug, Default)]
pub struct Moves {
    /// For each field, the moves in it.
    of: Vec<Vec<(u32, u32)>>,
}

impl Moves {
    /// Adds a move.
    pub fn add(&mut self, field: FieldId, from: u32, to: u32) {
        if self.of.len() <= field {
            self.of.resize_with(field + 1, Vec::new);
        }
        self.of[field].push((from, to));
    }

    /// Finds out how far everything is from these numbers of fields.
    pub fn ranks(&self, ends: &[(FieldId, u32)]) -> Ranks {
        let of_field = |(field, moves): (FieldId, &Vec<(u32, u32)>)| {
            let own = ends.iter().filter(move |end| end.0 == field).map(|end| end.1);
            ranks(moves, own)
        };
        Ranks { of: self.of.iter().enumerate().map(of_field).collect() }
    }

    /// Finds out what can be undone.
    pub fn order(&self) -> Order {
        Order { of: self.of.iter().map(|moves| components(moves)).collect() }
    }

    /// Returns, for each number of each field, the length of the longest way of moves to it; `None` where moves go
    /// in cycles.
    pub fn heights(&self) -> Option<Vec<Vec<u32>>> {
        let order = self.order();
        if self.can_be_undone(&order) {
            return None;
        }
        let heights = |(moves, places): (&Vec<(u32, u32)>, &Vec<u32>)| {
            let mut heights = vec![0; places.len()];
            let mut moves = moves.clone();
            moves.sort_unstable_by_key(|&(from, _)| places[from as usize]);
            for (from, to) in moves {
                heights[to as usize] = heights[to as usize].max(heights[from as usize] + 1);
            }
            heights
        };
        Some(self.of.iter().zip(&order.of).map(heights).collect())
    }

    /// Returns true when some block can become again what it was.
    pub fn can_be_undone(&self, order: &Order) -> bool {
        let fields = self.of.iter().enumerate();
        fields
            .into_iter()
            .any(|(field, moves)| moves.iter().any(|&(from, to)| !order.is_final(field, from, to)))
    }
}

/// For each field how many moves each number is away, at the least, from one that an end was met with.
#[derive(Debug)]
pub struct Ranks {
    of: Vec<Vec<u32>>,
}

/// The rank of what never becomes what an end was met with; sums of ranks do not overflow.
const FAR: u64 = 1 << 32;

impl Ranks {
    /// Returns how far a number of a field is from an end.
    #[inline(always)]
    pub fn of(&self, field: FieldId, number: u32) -> u64 {
        let rank = self.of.get(field).and_then(|ranks| ranks.get(number as usize)).copied();
        rank.filter(|&rank| rank < u32::MAX).map_or(FAR, u64::from)
    }

    /// Returns true when moves that are made at once make the sum of the ranks smaller.
    pub fn fall(&self, moves: &[(FieldId, u32, u32)]) -> bool {
        let before: u64 = moves.iter().map(|&(field, from, _)| self.of(field, from)).sum();
        let after: u64 = moves.iter().map(|&(field, _, to)| self.of(field, to)).sum();
        after < before
    }
}

/// The fewest moves from each number to one of these ends: a search in breadth, backwards.
fn ranks(moves: &[(u32, u32)], ends: impl Iterator<Item = u32>) -> Vec<u32> {
    let count = moves.iter().map(|&(from, to)| from.max(to) as usize + 1).max().unwrap_or(0);
    let mut before = vec![Vec::new(); count];
    for &(from, to) in moves {
        before[to as usize].push(from);
    }
    let mut ranks = vec![u32::MAX; count];
    let mut queue: VecDeque<u32> = VecDeque::new();
    for end in ends.filter(|&end| (end as usize) < count) {
        ranks[end as usize] = 0;
        queue.push_back(end);
    }
    while let Some(at) = queue.pop_front() {
        for &from in &before[at as usize] {
            if ranks[from as usize] == u32::MAX {
                ranks[from as usize] = ranks[at as usize] + 1;
                queue.push_back(from);
            }
        }
    }
    ranks
}

/// For each field the component of each number: two numbers are in one if each can become the other. A move
/// between components leads to the higher number.
#[derive(Debug)]
pub struct Order {
    of: Vec<Vec<u32>>,
}

impl Order {
    /// Returns true when what made this move can never happen again: there is no way back.
    pub fn is_final(&self, field: FieldId, from: u32, to: u32) -> bool {
        self.of[field][from as usize] != self.of[field][to as usize]
    }
}

/// Strongly connected components, by two searches in depth (Kosaraju; Sharir 1981), with the recursion written
/// out.
fn components(moves: &[(u32, u32)]) -> Vec<u32> {
    let count = moves.iter().map(|&(from, to)| from.max(to) as usize + 1).max().unwrap_or(0);
    let (mut next, mut before) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for &(from, to) in moves {
        next[from as usize].push(to);
        before[to as usize].push(from);
    }
    let mut seen = vec![false; count];
    let mut finished = Vec::with_capacity(count);
    for root in 0..count as u32 {
        in_depth(root, &next, &mut seen, &mut finished);
    }
    let (mut of, mut seen) = (vec![0; count], vec![false; count]);
    for (number, &root) in finished.iter().rev().enumerate() {
        let mut members = Vec::new();
        in_depth(root, &before, &mut seen, &mut members);
        members.into_iter().for_each(|member| of[member as usize] = number as u32);
    }
    of
}

/// Appends what can be reached from a root and was not seen yet, each when all behind it has been appended.
fn in_depth(root: u32, next: &[Vec<u32>], seen: &mut [bool], finished: &mut Vec<u32>) {
    if std::mem::replace(&mut seen[root as usize], true) {
        return;
    }
    let mut path = vec![(root, 0)];
    while let Some((at, looked)) = path.last_mut() {
        match next[*at as usize].get(*looked) {
            Some(&to) => {
                *looked += 1;
                if !std::mem::replace(&mut seen[to as usize], true) {
                    path.push((to, 0));
                }
            }
            None => {
                finished.push(*at);
                path.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_moves_on_a_cycle_can_be_undone() {
        let mut moves = Moves::default();
        for (from, to) in [(0, 1), (1, 2), (2, 1), (2, 3), (3, 4), (4, 5), (5, 4)] {
            moves.add(1, from, to);
        }
        let order = moves.order();
        let is_final = |from, to| order.is_final(1, from, to);
        assert!(is_final(0, 1) && is_final(2, 3) && is_final(3, 4) && is_final(2, 5));
        assert!(!is_final(1, 2) && !is_final(2, 1) && !is_final(5, 4));
        assert!(moves.can_be_undone(&order));
    }

    #[test]
    fn ranks_count_the_fewest_moves_to_an_end() {
        let mut moves = Moves::default();
        for (from, to) in [(0, 1), (1, 2), (2, 0), (2, 3), (0, 3), (4, 5)] {
            moves.add(1, from, to);
        }
        let ranks = moves.ranks(&[(1, 3), (0, 4)]);
        assert_eq!([0, 1, 2, 3].map(|number| ranks.of(1, number)), [1, 2, 1, 0]);
        assert!(ranks.of(1, 4) == FAR && ranks.of(1, 9) == FAR && ranks.of(0, 4) == FAR);
        assert!(ranks.fall(&[(1, 1, 2)]) && !ranks.fall(&[(1, 0, 1)]) && !ranks.fall(&[(1, 4, 5)]));
        assert!(ranks.fall(&[(1, 0, 1), (1, 1, 3)]) && !ranks.fall(&[(1, 0, 1), (1, 2, 3)]));
    }

    #[test]
    fn a_height_is_the_longest_way() {
        let mut moves = Moves::default();
        for (from, to) in [(0, 1), (0, 3), (1, 2), (2, 3), (0, 2), (4, 3)] {
            moves.add(1, from, to);
        }
        assert_eq!(moves.heights(), Some(vec![vec![], vec![0, 1, 2, 3, 0]]));
        moves.add(1, 3, 1);
        assert_eq!(moves.heights(), None);
    }

    #[test]
    fn a_block_that_stays_as_it_is_can_be_what_it_was() {
        let mut moves = Moves::default();
        moves.add(0, 0, 1);
        assert!(!moves.can_be_undone(&moves.order()));
        moves.add(0, 1, 1);
        assert!(moves.can_be_undone(&moves.order()));
    }
}
