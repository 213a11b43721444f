//! Whole-number weights from which an item can be found by a ticket: Fenwick's tree ("A New Data Structure
//! for Cumulative Frequency Tables", 1994). Changing a weight and finding an item take O(log n).

/// Weights of items 0, 1, 2, …; all 0 at first.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    weights: Vec<u32>,
    /// At `i`, counted from 1, the sum of the weights of the `i & -i` items that end with item `i - 1`.
    sums: Vec<u32>,
    total: u32,
}

impl Weights {
    pub fn new(items: usize) -> Weights {
        Weights { weights: vec![0; items], sums: vec![0; items + 1], total: 0 }
    }

    pub fn clear(&mut self) {
        if self.total > 0 {
            self.weights.fill(0);
            self.sums.fill(0);
            self.total = 0;
        }
    }

    pub fn total(&self) -> usize {
        self.total as usize
    }

    pub fn get(&self, item: usize) -> u32 {
        self.weights[item]
    }

    pub fn set(&mut self, item: usize, weight: u32) {
        let old = std::mem::replace(&mut self.weights[item], weight);
        if old == weight {
            return;
        }
        // The sums are right modulo 2^32 in between, and right at the end.
        let change = weight.wrapping_sub(old);
        self.total = self.total.wrapping_add(change);
        let mut at = item + 1;
        while at < self.sums.len() {
            self.sums[at] = self.sums[at].wrapping_add(change);
            at += at & at.wrapping_neg();
        }
    }

    /// Returns the item that a ticket below the total falls on, and how far into its weight.
    pub fn find(&self, ticket: usize) -> (usize, usize) {
        let mut rest = ticket as u32;
        let mut at = 0;
        let mut stride = (self.sums.len() - 1).next_power_of_two();
        while stride > 0 {
            let next = at + stride;
            if next < self.sums.len() && self.sums[next] <= rest {
                rest -= self.sums[next];
                at = next;
            }
            stride /= 2;
        }
        (at, rest as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::Weights;

    #[test]
    fn every_ticket_finds_its_item() {
        for items in 1..20_usize {
            let mut weights = Weights::new(items);
            let mut expected = Vec::new();
            for item in 0..items {
                weights.set(item, 9);
                let weight = (item * 7 % 4) as u32;
                weights.set(item, weight);
                assert_eq!(weights.get(item), weight);
                expected.extend((0..weight as usize).map(|offset| (item, offset)));
            }
            assert_eq!(weights.total(), expected.len());
            let found: Vec<(usize, usize)> = (0..expected.len()).map(|ticket| weights.find(ticket)).collect();
            assert_eq!(found, expected);
            weights.clear();
            assert_eq!(weights.total(), 0);
        }
    }
}
