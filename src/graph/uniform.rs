//! Drawing schedules uniformly: every schedule of the program with the same probability.
//!
//! The number of ways to go on from each node is counted backwards; a draw walks from the initial state and
//! takes each edge with a probability proportional to the number of schedules behind it. This is the exact
//! form of what URW approximates (Zhao et al., "Selectively Uniform Concurrency Testing", ASPLOS 2025).

use num_bigint::BigUint;

use super::components::Components;
use crate::explore::{Head, Kind, NodeId, Sink, Space, schedule_of};
use crate::schedule::Schedule;

/// Draws schedules of a space uniformly.
#[derive(Debug)]
pub struct Drawer<'s, 'm, 'p> {
    space: &'s Space<'m, 'p>,
    /// For each node, the number of schedules that go on from it.
    ways_on: Vec<BigUint>,
}

impl<'s, 'm, 'p> Drawer<'s, 'm, 'p> {
    /// Counts the ways on from each node of a space; `None` when the search was cut or the number of schedules
    /// is infinite or 0, because nothing can be drawn uniformly then.
    pub fn new(space: &'s Space<'m, 'p>, components: &Components) -> Option<Drawer<'s, 'm, 'p>> {
        if space.cut.is_some() || components.any_cyclic() {
            return None;
        }
        let mut ways_on = vec![BigUint::ZERO; space.len()];
        for &node in &components.members {
            ways_on[node as usize] = match space.kinds[node as usize] {
                Kind::Final | Kind::Deadlock => BigUint::from(1_u32),
                _ => space.edges(node).map(|edge| ways_behind(space, &ways_on, edge.head)).sum(),
            };
        }
        (ways_on[0] != BigUint::ZERO).then_some(Drawer { space, ways_on })
    }

    /// Returns the number of schedules.
    pub fn schedules(&self) -> &BigUint {
        &self.ways_on[0]
    }

    /// Draws a schedule; `words` gives uniform random words.
    pub fn draw(&self, mut words: impl FnMut() -> u64) -> Schedule {
        let mut ticket = below(self.schedules(), &mut words);
        let mut path: Vec<(NodeId, u32)> = Vec::new();
        let mut node: NodeId = 0;
        loop {
            let mut next = None;
            for (index, edge) in self.space.edges(node).enumerate() {
                let ways = ways_behind(self.space, &self.ways_on, edge.head);
                if ticket < ways {
                    next = Some((index as u32, edge.head));
                    break;
                }
                ticket -= ways;
            }
            let Some((index, head)) = next else { break };
            path.push((node, index));
            match head {
                Head::Node(head) => node = head,
                Head::Sink(_) => break,
            }
        }
        schedule_of(self.space, &path)
    }
}

fn ways_behind(space: &Space<'_, '_>, ways_on: &[BigUint], head: Head) -> BigUint {
    match head {
        Head::Node(node) => ways_on[node as usize].clone(),
        Head::Sink(sink) => BigUint::from(u32::from(space.sinks[sink as usize] != Sink::Assume)),
    }
}

/// Draws a number below `bound` by rejection: as many bits as the bound has, until they are below it.
fn below(bound: &BigUint, words: &mut impl FnMut() -> u64) -> BigUint {
    let bits = bound.bits();
    loop {
        let digits = (0..bits.div_ceil(32)).map(|digit| {
            let keep = (bits - 32 * digit).min(32);
            (words() >> (64 - keep)) as u32
        });
        let number = BigUint::new(digits.collect());
        if number < *bound {
            return number;
        }
    }
}
