//! Strongly connected components of a space: where loops are, and which cannot be left.
//!
//! Tarjan, "Depth-first search and linear graph algorithms" (SIAM J. Comput. 1972), with its recursion
//! written out as a stack, because a path through a space may be millions of nodes long.

use crate::explore::{Head, Kind, NodeId, Space};

/// The strongly connected components of a space, numbered so that every edge between two of them leads from
/// the higher number to the lower.
#[derive(Clone, Debug)]
pub struct Components {
    /// The component of each node.
    pub of: Vec<u32>,
    /// All nodes, component by component from 0, and within one in ascending order.
    pub members: Vec<NodeId>,
    /// Where each component begins in `members`; one more entry closes the last.
    pub starts: Vec<u32>,
    /// For each component, whether it contains a cycle.
    pub cyclic: Vec<bool>,
}

const UNSEEN: u32 = u32::MAX;

struct Tarjan<'s, 'm, 'p> {
    space: &'s Space<'m, 'p>,
    next_index: u32,
    index: Vec<u32>,
    low: Vec<u32>,
    of: Vec<u32>,
    components: u32,
    open: Vec<NodeId>,
}

impl Components {
    /// Computes the components of a space.
    pub fn new(space: &Space<'_, '_>) -> Components {
        let len = space.len();
        let mut tarjan = Tarjan {
            space,
            next_index: 0,
            index: vec![UNSEEN; len],
            low: vec![0; len],
            of: vec![UNSEEN; len],
            components: 0,
            open: Vec::new(),
        };
        for node in 0..len as NodeId {
            if tarjan.index[node as usize] == UNSEEN {
                tarjan.visit(node);
            }
        }
        let Tarjan { of, components, .. } = tarjan;
        let (members, starts) = group(&of, components);
        let mut cyclic: Vec<bool> = starts.windows(2).map(|pair| pair[1] - pair[0] > 1).collect();
        for node in 0..len as NodeId {
            let has_loop = || space.edges(node).any(|edge| edge.head == Head::Node(node));
            if !cyclic[of[node as usize] as usize] && has_loop() {
                cyclic[of[node as usize] as usize] = true;
            }
        }
        Components { of, members, starts, cyclic }
    }

    /// Returns the number of components.
    pub fn len(&self) -> usize {
        self.cyclic.len()
    }

    /// Returns true when there is no component.
    pub fn is_empty(&self) -> bool {
        self.cyclic.is_empty()
    }

    /// Returns the nodes of a component, in ascending order.
    pub fn nodes(&self, component: u32) -> &[NodeId] {
        &self.members[self.starts[component as usize] as usize..self.starts[component as usize + 1] as usize]
    }

    /// Returns true when some component contains a cycle: executions without end are possible.
    pub fn any_cyclic(&self) -> bool {
        self.cyclic.contains(&true)
    }

    /// Returns the components that cannot be left and in which nothing ends: the livelocks. A node that was
    /// not expanded may lead anywhere, so no component that holds or reaches one is among them; nor, where the
    /// search was cut before it could look at that, one in which reductions have left something out.
    pub fn livelocks(&self, space: &Space<'_, '_>) -> Vec<u32> {
        let stays = |component: u32, node: NodeId| {
            space.kinds[node as usize] != Kind::Unexpanded
                && space.cut_short != Some(node)
                && !(space.cut.is_some() && space.is_partial(node))
                && space
                    .edges(node)
                    .all(|edge| matches!(edge.head, Head::Node(head) if self.of[head as usize] == component))
        };
        let closed = |&component: &u32| {
            self.cyclic[component as usize]
                && self.nodes(component).iter().all(|&node| stays(component, node))
        };
        let mut found: Vec<u32> = (0..self.len() as u32).filter(closed).collect();
        found.sort_unstable_by_key(|&component| self.nodes(component)[0]);
        found
    }
}

/// Sorts nodes by component, keeping their order within one.
fn group(of: &[u32], components: u32) -> (Vec<NodeId>, Vec<u32>) {
    let mut starts = vec![0_u32; components as usize + 1];
    for &component in of {
        starts[component as usize + 1] += 1;
    }
    for index in 0..components as usize {
        starts[index + 1] += starts[index];
    }
    let mut next = starts.clone();
    let mut members = vec![0; of.len()];
    for (node, &component) in of.iter().enumerate() {
        members[next[component as usize] as usize] = node as NodeId;
        next[component as usize] += 1;
    }
    (members, starts)
}

impl Tarjan<'_, '_, '_> {
    /// Visits everything that can be reached from a node and was not seen yet.
    fn visit(&mut self, root: NodeId) {
        // A frame is a node and the number of its edges that have been looked at.
        let mut path: Vec<(NodeId, u32)> = vec![(root, 0)];
        self.enter(root);
        while let Some(&mut (node, ref mut looked)) = path.last_mut() {
            let head = self.space.edges(node).nth(*looked as usize).map(|edge| edge.head);
            *looked += 1;
            match head {
                Some(Head::Node(head)) if self.index[head as usize] == UNSEEN => {
                    self.enter(head);
                    path.push((head, 0));
                }
                Some(Head::Node(head)) if self.of[head as usize] == UNSEEN => {
                    self.low[node as usize] = self.low[node as usize].min(self.index[head as usize]);
                }
                Some(_) => {}
                None => {
                    path.pop();
                    self.leave(node);
                    if let Some(&(parent, _)) = path.last() {
                        self.low[parent as usize] = self.low[parent as usize].min(self.low[node as usize]);
                    }
                }
            }
        }
    }

    fn enter(&mut self, node: NodeId) {
        self.index[node as usize] = self.next_index;
        self.low[node as usize] = self.next_index;
        self.next_index += 1;
        self.open.push(node);
    }

    fn leave(&mut self, node: NodeId) {
        if self.low[node as usize] != self.index[node as usize] {
            return;
        }
        while let Some(member) = self.open.pop() {
            self.of[member as usize] = self.components;
            if member == node {
                break;
            }
        }
        self.components += 1;
    }
}
