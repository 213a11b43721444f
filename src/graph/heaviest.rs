//! Heaviest paths: how often something can happen on the way through a graph.
//!
//! Where a cycle has an edge that weighs something there is no bound. Otherwise every strongly connected
//! component weighs nothing inside, and the heaviest path is found component by component, from those without
//! a way out back to the first: linear in the size of the graph.

use std::collections::{HashMap, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

/// An edge of a weighted graph.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WeightedEdge {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// What it weighs.
    pub weight: u32,
}

/// What the heaviest path weighs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heaviest {
    /// So much; with the edges of such a path, in order.
    Path {
        /// The sum of its weights.
        weight: u32,
        /// The node that it begins at.
        start: u32,
        /// Its edges, by their place in the list.
        edges: Vec<usize>,
    },
    /// There is no bound: a cycle can be gone round again and again, and weighs something.
    Cycle {
        /// The node that the way to the cycle begins at.
        start: u32,
        /// The edges up to the cycle.
        lead: Vec<usize>,
        /// The edges once round it.
        edges: Vec<usize>,
    },
}

struct Search<'e> {
    graph: DiGraph<(), usize, u32>,
    edges: &'e [WeightedEdge],
    component: Vec<u32>,
    /// For each component the most that a path from it weighs, and the edge that such a path leaves it by.
    best: Vec<(u32, Option<usize>)>,
}

/// Finds the heaviest path from any of these nodes; `None` where there are none to begin at.
pub fn heaviest(nodes: u32, edges: &[WeightedEdge], starts: &[u32]) -> Option<Heaviest> {
    let mut graph = DiGraph::with_capacity(nodes as usize, edges.len());
    for _ in 0..nodes {
        graph.add_node(());
    }
    for (index, edge) in edges.iter().enumerate() {
        graph.add_edge(NodeIndex::new(edge.from as usize), NodeIndex::new(edge.to as usize), index);
    }
    let components = kosaraju_scc(&graph);
    let mut component = vec![0; nodes as usize];
    for (index, members) in components.iter().enumerate() {
        members.iter().for_each(|member| component[member.index()] = index as u32);
    }
    let search = Search { graph, edges, component, best: Vec::new() };
    search.run(&components, starts)
}

impl Search<'_> {
    fn run(mut self, components: &[Vec<NodeIndex>], starts: &[u32]) -> Option<Heaviest> {
        let is_turning = |edge: &&WeightedEdge| {
            edge.weight > 0 && self.component_of(edge.from) == self.component_of(edge.to)
        };
        // Any path to any turning edge shows it; the shortest reads best.
        let mut turning: Vec<(usize, &WeightedEdge)> =
            self.edges.iter().enumerate().filter(|(_, edge)| is_turning(edge)).collect();
        turning.sort_by_key(|&(index, _)| index);
        if let Some((first, lead)) = self.nearest(starts, &turning) {
            let edge = self.edges[first];
            let inside = self.component_of(edge.from);
            let back = self.path(&[edge.to], edge.from, |node| self.component_of(node) == inside);
            let (_, back) = back.expect("both ends of the edge are in one component");
            let cycle = std::iter::once(first).chain(back).collect();
            let (start, lead) = lead;
            return Some(Heaviest::Cycle { start, lead, edges: cycle });
        }
        // The components come in reverse topological order: what a component leads to is known before it.
        for members in components {
            let leaving = members.iter().flat_map(|&member| self.graph.edges(member)).filter_map(|edge| {
                let (from, to) = (edge.source().index(), edge.target().index());
                let to = self.component[to];
                let weight = || self.edges[*edge.weight()].weight + self.best[to as usize].0;
                (self.component[from] != to).then(|| (weight(), *edge.weight()))
            });
            let heaviest = leaving.max_by_key(|&(weight, index)| (weight, std::cmp::Reverse(index)));
            self.best.push(heaviest.map_or((0, None), |(weight, index)| (weight, Some(index))));
        }
        let best_of = |&&start: &&u32| self.best[self.component_of(start) as usize].0;
        let start = *starts.iter().rev().max_by_key(best_of)?;
        Some(self.read_off(start))
    }

    fn component_of(&self, node: u32) -> u32 {
        self.component[node as usize]
    }

    /// Follows the heaviest edges from a node, as long as they lead to more weight.
    fn read_off(&self, start: u32) -> Heaviest {
        let weight = self.best[self.component_of(start) as usize].0;
        let (mut node, mut edges) = (start, Vec::new());
        while let (1.., Some(next)) = self.best[self.component_of(node) as usize] {
            let inside = self.component_of(node);
            let from = self.edges[next].from;
            let way = self.path(&[node], from, |node| self.component_of(node) == inside);
            edges.extend(way.expect("a component is connected").1);
            edges.push(next);
            node = self.edges[next].to;
        }
        Heaviest::Path { weight, start, edges }
    }

    /// Finds the edge that is nearest to the starts, and the way to where it begins.
    fn nearest(
        &self,
        starts: &[u32],
        edges: &[(usize, &WeightedEdge)],
    ) -> Option<(usize, (u32, Vec<usize>))> {
        let mut by_tail: HashMap<u32, usize> = HashMap::new();
        for &(index, edge) in edges.iter().rev() {
            by_tail.insert(edge.from, index);
        }
        let (end, start, way) = self.walk(starts, |node| by_tail.contains_key(&node), |_| true)?;
        Some((by_tail[&end], (start, way)))
    }

    fn path(&self, starts: &[u32], end: u32, within: impl Fn(u32) -> bool) -> Option<(u32, Vec<usize>)> {
        self.walk(starts, |node| node == end, within).map(|(_, start, way)| (start, way))
    }

    /// Finds the nearest node that is looked for: that node, the start, and the edges between.
    fn walk(
        &self,
        starts: &[u32],
        is_end: impl Fn(u32) -> bool,
        within: impl Fn(u32) -> bool,
    ) -> Option<(u32, u32, Vec<usize>)> {
        let mut before: HashMap<u32, Option<EdgeIndex<u32>>> = HashMap::new();
        let mut queue = VecDeque::new();
        for &start in starts {
            if before.insert(start, None).is_none() {
                queue.push_back(start);
            }
        }
        while let Some(node) = queue.pop_front() {
            if is_end(node) {
                let (mut at, mut way) = (node, Vec::new());
                while let Some(edge) = before[&at] {
                    let index = self.graph[edge];
                    way.push(index);
                    at = self.edges[index].from;
                }
                way.reverse();
                return Some((node, at, way));
            }
            let mut leaving: Vec<_> = self.graph.edges(NodeIndex::new(node as usize)).collect();
            leaving.sort_by_key(|edge| *edge.weight());
            for edge in leaving {
                let next = edge.target().index() as u32;
                if within(next) && !before.contains_key(&next) {
                    before.insert(next, Some(edge.id()));
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(list: &[(u32, u32, u32)]) -> Vec<WeightedEdge> {
        list.iter().map(|&(from, to, weight)| WeightedEdge { from, to, weight }).collect()
    }

    #[test]
    fn the_heaviest_path_goes_through_components_that_weigh_nothing() {
        let edges = graph(&[(0, 1, 1), (1, 2, 0), (2, 1, 0), (2, 3, 2), (0, 3, 2), (3, 4, 0)]);
        let found = heaviest(5, &edges, &[0]);
        assert_eq!(found, Some(Heaviest::Path { weight: 3, start: 0, edges: vec![0, 1, 3] }));
        assert_eq!(heaviest(5, &edges, &[]), None);
    }

    #[test]
    fn a_cycle_that_weighs_something_has_no_bound() {
        let edges = graph(&[(0, 1, 0), (1, 2, 0), (2, 1, 1)]);
        let found = heaviest(3, &edges, &[0]);
        assert_eq!(found, Some(Heaviest::Cycle { start: 0, lead: vec![0, 1], edges: vec![2, 1] }));
    }
}
