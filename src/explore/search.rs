//! The search: breadth first over the decision graph, each node expanded once.

use super::expand::{Arrival, Expander, Successor};
use super::fusion::Fusion;
use super::limits::{Cut, Limits, Monitor, Progress};
use super::store::{MAX_NODES, Mode, NodeId, Store};
use crate::program::{Addr, ThreadId};
use crate::vm::{Actor, Fault, Machine, State, Stop};

/// How many words of states are written between two looks at the limits: some milliseconds' worth.
const BETWEEN_LOOKS: u64 = 1 << 18;

/// What a node is, known once it has been expanded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Not expanded: the search was cut.
    Unexpanded,
    /// A scheduling decision is made here.
    Decision,
    /// Every started thread has finished and all store buffers are empty.
    Final,
    /// Nothing is enabled, all store buffers are empty, and some started thread has not finished.
    Deadlock,
    /// A branch in the run of one thread, between two decisions; not a reachable state of the page.
    Branch,
    /// The state before a fault in the middle of a run; an execution ends here.
    FaultEnd,
}

/// Why an execution ends on an edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sink {
    /// A failed `ASSUME`.
    Assume,
    /// A fault of this thread, at this instruction.
    Fault {
        /// The fault.
        fault: Fault,
        /// Whose step it is.
        thread: ThreadId,
        /// The instruction.
        at: Addr,
    },
}

/// Where an edge leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Head {
    /// To a node.
    Node(NodeId),
    /// To the end of the execution: an index into [`Space::sinks`].
    Sink(u32),
}

/// An edge as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// Where it leads.
    pub head: Head,
    /// What it begins with: equal exactly for edges out of one node that begin with the same actor.
    pub actor: EdgeActor,
    /// How many steps it takes.
    pub steps: u32,
}

/// The actor of an edge, as far as it matters after the search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EdgeActor {
    /// This thread's step.
    Thread(ThreadId),
    /// A store buffer; the number tells the buffers of one node apart.
    Buffer(u32),
}

const TOP: u32 = 1 << 31;

/// Edges in rows, a row a node, in the order of the expansion.
#[derive(Debug, Default)]
struct Edges {
    /// Where each node's row begins; one more entry closes the last.
    rows: Vec<u64>,
    /// A node, or `TOP` with a sink.
    heads: Vec<u32>,
    /// A thread, or `TOP` with a buffer's ordinal.
    actors: Vec<u32>,
    /// Steps; empty while every edge is one step.
    steps: Vec<u32>,
}

impl Edges {
    fn push(&mut self, head: u32, actor: u32, steps: u32) {
        if steps != 1 && self.steps.is_empty() {
            self.steps = vec![1; self.heads.len()];
        }
        self.heads.push(head);
        self.actors.push(actor);
        if !self.steps.is_empty() || steps != 1 {
            self.steps.push(steps);
        }
    }

    fn memory(&self) -> usize {
        self.rows.capacity() * 8
            + (self.heads.capacity() + self.actors.capacity() + self.steps.capacity()) * 4
    }
}

/// What a search has visited: nodes, edges and ends.
#[derive(Debug)]
pub struct Space<'m, 'p> {
    /// The machine that was explored.
    pub machine: &'m Machine<'p>,
    /// The nodes.
    pub store: Store,
    /// What each node is.
    pub kinds: Vec<Kind>,
    /// The ends that edges lead to.
    pub sinks: Vec<Sink>,
    /// Why the search was cut; `None` when it was complete.
    pub cut: Option<Cut>,
    /// The node whose expansion a limit ended half-way: more edges may lead out of it.
    pub cut_short: Option<NodeId>,
    /// The reduction that was used.
    pub fusion: Option<&'m Fusion>,
    edges: Edges,
}

/// Meets the states of a search, each once, as they are expanded.
pub trait Observer {
    /// A reachable state: a decision, a final state, a deadlock, or the state before a fault in a run.
    fn state(&mut self, node: NodeId, state: &State, kind: Kind, actors: &[Actor]);
}

impl<'m, 'p> Space<'m, 'p> {
    /// Explores the whole decision graph, until done or cut.
    pub fn explore(
        machine: &'m Machine<'p>,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        observer: &mut dyn Observer,
    ) -> Space<'m, 'p> {
        Space::explore_fused(machine, None, limits, monitor, observer)
    }

    /// Explores with or without fusion, until done or cut.
    pub fn explore_fused(
        machine: &'m Machine<'p>,
        fusion: Option<&'m Fusion>,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        observer: &mut dyn Observer,
    ) -> Space<'m, 'p> {
        let mut search = Search::new(machine, fusion);
        search.run(limits, monitor, observer);
        search.space
    }

    /// Iterates over the edges out of a node, in the order of the expansion; none where it was not expanded.
    pub fn edges(&self, node: NodeId) -> impl DoubleEndedIterator<Item = Edge> + ExactSizeIterator + '_ {
        let row = |index: usize| self.edges.rows.get(index).map_or(self.edges.heads.len(), |&at| at as usize);
        let range = row(node as usize)..row(node as usize + 1);
        range.map(move |at| Edge {
            head: self.head(at),
            actor: match self.edges.actors[at] {
                actor if actor & TOP == 0 => EdgeActor::Thread(ThreadId(actor)),
                actor => EdgeActor::Buffer(actor & !TOP),
            },
            steps: self.edges.steps.get(at).copied().unwrap_or(1),
        })
    }

    fn head(&self, at: usize) -> Head {
        match self.edges.heads[at] {
            head if head & TOP == 0 => Head::Node(head),
            head => Head::Sink(head & !TOP),
        }
    }

    /// Returns the number of nodes.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Returns true when there is no node.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// Returns how many bytes are held.
    pub fn memory(&self) -> usize {
        self.store.memory() + self.edges.memory() + self.kinds.capacity()
    }

    /// Counts decision states and states where an execution ends, each once: a state before a fault in a run
    /// that is a decision state too, or the state before a fault in another thread's run, counts once.
    pub fn states(&self) -> u64 {
        let counts = |&(node, &kind): &(usize, &Kind)| match kind {
            Kind::Branch => false,
            Kind::FaultEnd => !self.is_counted_elsewhere(node as NodeId),
            Kind::Unexpanded => self.store.mode(node as NodeId) == Mode::Decision,
            Kind::Decision | Kind::Final | Kind::Deadlock => true,
        };
        self.kinds.iter().enumerate().filter(counts).count() as u64
    }

    /// Returns true when the state before a fault in a run is a decision state too, or that before a fault in
    /// the run of a thread further up.
    fn is_counted_elsewhere(&self, node: NodeId) -> bool {
        let Mode::Running(thread) = self.store.mode(node) else { return false };
        let faults = |twin: NodeId| self.kinds[twin as usize] == Kind::FaultEnd;
        let mut others = (0..thread.0).map(|other| Mode::Running(ThreadId(other)));
        self.store.find_twin(node, Mode::Decision).is_some()
            || others.any(|mode| self.store.find_twin(node, mode).is_some_and(faults))
    }

    /// Counts the edges that lead to such states. A fault right behind a decision and a failed `ASSUME` lead
    /// to no state of their own, and count as none.
    pub fn transitions(&self) -> u64 {
        let heads = (0..self.edges.heads.len()).map(|at| self.head(at));
        let counts = heads
            .filter(|&head| matches!(head, Head::Node(node) if self.kinds[node as usize] != Kind::Branch));
        counts.count() as u64
    }
}

struct Search<'m, 'p> {
    space: Space<'m, 'p>,
    expander: Expander<'m, 'p>,
    state: State,
    /// Words written since the last look at the limits.
    work: u64,
}

impl<'m, 'p> Search<'m, 'p> {
    fn new(machine: &'m Machine<'p>, fusion: Option<&'m Fusion>) -> Search<'m, 'p> {
        let state = machine.initial();
        let mut store = Store::new(machine);
        store.insert(Mode::Decision, &state, None, MAX_NODES);
        let sinks = vec![Sink::Assume];
        let space = Space {
            machine,
            store,
            kinds: Vec::new(),
            sinks,
            cut: None,
            cut_short: None,
            fusion,
            edges: Edges::default(),
        };
        Search { space, expander: Expander::new(machine, fusion), state, work: BETWEEN_LOOKS }
    }

    fn run(&mut self, limits: &Limits, monitor: &mut dyn Monitor, observer: &mut dyn Observer) {
        let mut node: NodeId = 0;
        while (node as usize) < self.space.store.len() {
            if self.work >= BETWEEN_LOOKS {
                self.work = 0;
                self.space.cut = look(&self.space, node, limits, monitor);
            }
            if self.space.cut.is_some() {
                break;
            }
            self.expand(node, limits, monitor, observer);
            node += 1;
        }
        self.space.kinds.resize(self.space.store.len(), Kind::Unexpanded);
    }

    fn expand(
        &mut self,
        node: NodeId,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        observer: &mut dyn Observer,
    ) {
        let Search { space, expander, state, work } = self;
        let words = state.words().len() as u64;
        let mode = space.store.load(node, state);
        space.edges.rows.push(space.edges.heads.len() as u64);
        expander.prepare(state, mode);
        let actors = std::mem::take(&mut expander.actors);
        let kind = match mode {
            Mode::Running(_) => Kind::Branch,
            Mode::Decision if !actors.is_empty() => Kind::Decision,
            Mode::Decision if space.machine.is_final(state) => Kind::Final,
            Mode::Decision => Kind::Deadlock,
        };
        if kind != Kind::Branch {
            observer.state(node, state, kind, &actors);
        }
        space.kinds.push(kind);
        expander.actors = actors;
        expander.expand(state, mode, &mut |successor| {
            *work += words.max(u64::from(successor.steps));
            if *work >= BETWEEN_LOOKS {
                *work = 0;
                space.cut = look(space, node, limits, monitor);
                if space.cut.is_some() {
                    space.cut_short = Some(node);
                    return false;
                }
            }
            let Some(head) = add_head(space, node, state, successor, limits) else { return false };
            if kind == Kind::Branch && matches!(successor.arrival, Arrival::Stop(_, _, Stop::Fault(_))) {
                space.kinds[node as usize] = Kind::FaultEnd;
            }
            space.edges.push(head, actor_word(successor), successor.steps);
            true
        });
        if self.space.kinds[node as usize] == Kind::FaultEnd {
            observer.state(node, &self.state, Kind::FaultEnd, &[]);
        }
    }
}

/// Looks at the limits and tells the monitor; an answer cuts the search.
fn look(space: &Space<'_, '_>, expanded: NodeId, limits: &Limits, monitor: &mut dyn Monitor) -> Option<Cut> {
    let progress = Progress {
        phase: "searching",
        states: space.store.len() as u64,
        transitions: space.edges.heads.len() as u64,
        frontier: space.store.len() as u64 - u64::from(expanded),
        memory: space.memory() as u64,
    };
    if limits.max_memory.is_some_and(|limit| progress.memory > limit) {
        return Some(Cut::Memory);
    }
    monitor.observe(&progress)
}

fn actor_word(successor: Successor<'_>) -> u32 {
    match successor.actor {
        Actor::Thread(thread) => thread.0,
        Actor::Buffer(..) => TOP | successor.ordinal,
    }
}

/// Finds or adds what an edge leads to; `None`, with the search cut, when there is no room for it.
fn add_head(
    space: &mut Space<'_, '_>,
    node: NodeId,
    state: &State,
    successor: Successor<'_>,
    limits: &Limits,
) -> Option<u32> {
    match successor.arrival {
        Arrival::Node(mode) => {
            let most = limits.max_states.unwrap_or(MAX_NODES).min(MAX_NODES);
            let head = space.store.insert(mode, successor.state, Some((node, state)), most);
            if head.is_none() {
                space.cut = Some(if most < MAX_NODES { Cut::States } else { Cut::Memory });
                space.cut_short = Some(node);
            }
            head
        }
        Arrival::Stop(_, _, Stop::Assume) => Some(TOP),
        Arrival::Stop(thread, at, Stop::Fault(fault)) => Some(TOP | add_fault(space, fault, thread, at)),
    }
}

/// Finds or adds the sink of a fault: one for each message, thread and line.
fn add_fault(space: &mut Space<'_, '_>, fault: Fault, thread: ThreadId, at: Addr) -> u32 {
    let program = space.machine.program();
    let line = program.line(at);
    let known = space.sinks.iter_mut().position(|sink| match sink {
        Sink::Assume => false,
        Sink::Fault { fault: other, thread: of, at: place } => {
            let same = *of == thread
                && program.line(*place) == line
                && other.message(program) == fault.message(program);
            if same {
                *place = (*place).min(at);
            }
            same
        }
    });
    known.unwrap_or_else(|| {
        space.sinks.push(Sink::Fault { fault, thread, at });
        space.sinks.len() - 1
    }) as u32
}
