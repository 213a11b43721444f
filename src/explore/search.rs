//! The search: breadth first over the decision graph, each node expanded once; with reductions, some a second
//! time (see [`proviso`]).

use super::edges::{Edge, Edges, Head, NewEdge, TOP};
use super::estimate;
use super::expand::{Arrival, Expander, Successor};
use super::limits::{Cut, Limits, Monitor, Progress};
use super::proviso;
use super::reduction::Reduction;
use super::store::{MAX_NODES, Mode, NodeId, Store, make_room};
use super::symmetry::Places;
use crate::program::{Addr, Program, ThreadId};
use crate::vm::{Actor, Fault, Machine, State, Stop};

/// How many words of states are written between two looks at the limits: some milliseconds' worth.
const BETWEEN_LOOKS: u64 = 1 << 18;

/// What comes after a search, bytes a node: components take 33 while they are computed and 13 later; beside
/// those the search for witnesses takes 21 and more where there is room, so it needs no more than this.
const LATER_BY_NODE: usize = 36;

/// What comes after a reduced search, bytes an edge: the proviso turns edges round.
const LATER_BY_EDGE: usize = 4;

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
    pub reduction: Option<&'m Reduction>,
    edges: Edges,
    /// How threads change places on edges, where that is noted.
    places: Places,
    /// For each node of a reduced search, whether something was left out there.
    partial: Vec<bool>,
}

/// Meets the states of a search, each once, as they are expanded.
pub trait Observer {
    /// A reachable state: a decision, a final state, a deadlock, or the state before a fault in a run.
    fn state(&mut self, node: NodeId, state: &State, kind: Kind, actors: &[Actor]);
    /// Returns how many bytes it holds, nearly.
    fn memory(&self) -> usize {
        0
    }
}

impl<'m, 'p> Space<'m, 'p> {
    /// Explores the whole decision graph, until done or cut.
    pub fn explore(
        machine: &'m Machine<'p>,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        observer: &mut dyn Observer,
    ) -> Space<'m, 'p> {
        Space::explore_reduced(machine, None, limits, monitor, observer)
    }

    /// Explores with or without reductions, until done or cut.
    pub fn explore_reduced(
        machine: &'m Machine<'p>,
        reduction: Option<&'m Reduction>,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        observer: &mut dyn Observer,
    ) -> Space<'m, 'p> {
        let mut search = Search::new(machine, reduction);
        search.run(limits, monitor, observer);
        search.space
    }

    /// Iterates over the edges out of a node, in the order of the expansion; none where it was not expanded.
    pub fn edges(&self, node: NodeId) -> impl DoubleEndedIterator<Item = Edge> + ExactSizeIterator + '_ {
        self.edges.of(node)
    }

    /// Returns, for each thread before an edge, which one it is behind it; `None` where none changes places, or
    /// that was not noted ([`Reduction::keeps_schedules`]).
    pub fn places(&self, edge: Edge) -> Option<&[ThreadId]> {
        self.places.get(edge.places)
    }

    /// Returns true when a node was expanded as if there were no reduction.
    pub(super) fn is_whole(&self, node: NodeId) -> bool {
        self.edges.is_again(node)
    }

    /// Returns true when something that goes on was left out of a node's edges.
    pub fn is_partial(&self, node: NodeId) -> bool {
        self.partial.get(node as usize).is_some_and(|&partial| partial)
    }

    /// Returns true when something was left out somewhere.
    pub(super) fn is_any_partial(&self) -> bool {
        self.partial.contains(&true)
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
        self.store.memory()
            + self.edges.memory()
            + self.places.memory()
            + self.kinds.capacity()
            + self.partial.capacity()
    }

    /// Counts decision states and states where an execution ends, each once: a state before a fault in a run
    /// that is a decision state too, or the state before a fault in another thread's run, counts once.
    pub fn states(&self) -> u64 {
        (0..self.len() as NodeId).filter(|&node| self.is_state(node)).count() as u64
    }

    /// Returns true when a node is one of [`Self::states`].
    pub(super) fn is_state(&self, node: NodeId) -> bool {
        match self.kinds[node as usize] {
            Kind::Branch => false,
            Kind::FaultEnd => !self.is_counted_elsewhere(node),
            Kind::Unexpanded => self.store.mode(node) == Mode::Decision,
            Kind::Decision | Kind::Final | Kind::Deadlock => true,
        }
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
        (0..self.len() as NodeId).map(|node| self.transitions_from(node)).sum()
    }

    /// Counts the edges out of a node that are among [`Self::transitions`].
    pub(super) fn transitions_from(&self, node: NodeId) -> u64 {
        let counts =
            |edge: &Edge| matches!(edge.head, Head::Node(node) if self.kinds[node as usize] != Kind::Branch);
        self.edges(node).filter(counts).count() as u64
    }
}

struct Search<'m, 'p> {
    space: Space<'m, 'p>,
    expander: Expander<'m, 'p>,
    state: State,
    /// Words written since the last look at the limits.
    work: u64,
    /// Bytes that the observer holds.
    observed: usize,
    /// Where levels end, the last one that is complete included.
    levels: Vec<usize>,
    /// How many nodes there will be in all, roughly.
    whole: Option<u64>,
}

impl<'m, 'p> Search<'m, 'p> {
    fn new(machine: &'m Machine<'p>, reduction: Option<&'m Reduction>) -> Search<'m, 'p> {
        let mut expander = Expander::new(machine, reduction);
        let state = expander.initial();
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
            reduction,
            edges: Edges::default(),
            places: Places::default(),
            partial: Vec::new(),
        };
        Search { space, expander, state, work: BETWEEN_LOOKS, observed: 0, levels: vec![0], whole: None }
    }

    fn run(&mut self, limits: &Limits, monitor: &mut dyn Monitor, observer: &mut dyn Observer) {
        let mut node: NodeId = 0;
        loop {
            while (node as usize) < self.space.store.len() && self.may_go_on(node, limits, monitor, observer)
            {
                if self.levels.last() == Some(&(node as usize)) {
                    self.begin_level();
                }
                self.expand(node, limits, monitor, observer);
                node += 1;
            }
            if self.space.cut.is_some() || self.space.reduction.is_none() {
                break;
            }
            let left_out = proviso::left_out_for_ever(&self.space);
            if left_out.is_empty() {
                break;
            }
            for node in left_out {
                if self.may_go_on(node, limits, monitor, observer) {
                    self.expand_whole(node, limits, monitor);
                }
            }
        }
        self.space.kinds.resize(self.space.store.len(), Kind::Unexpanded);
    }

    /// Begins with the expansion of a level: all nodes that are there and were not expanded.
    fn begin_level(&mut self) {
        self.levels.push(self.space.len());
        self.whole = estimate::whole(&self.levels);
    }

    /// Looks at the limits from time to time.
    fn may_go_on(
        &mut self,
        node: NodeId,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        observer: &dyn Observer,
    ) -> bool {
        if self.work >= BETWEEN_LOOKS && self.space.cut.is_none() {
            self.work = 0;
            self.observed = observer.memory();
            self.space.cut = look(&self.space, self.observed, self.whole, node, limits, monitor);
        }
        self.space.cut.is_none()
    }

    fn expand(
        &mut self,
        node: NodeId,
        limits: &Limits,
        monitor: &mut dyn Monitor,
        observer: &mut dyn Observer,
    ) {
        let Search { space, expander, state, .. } = self;
        let mode = space.store.load(node, state);
        space.edges.begin();
        expander.prepare(state, mode, false);
        let kind = match mode {
            Mode::Running(_) => Kind::Branch,
            Mode::Decision if !expander.actors.is_empty() => Kind::Decision,
            Mode::Decision if space.machine.is_final(state) => Kind::Final,
            Mode::Decision => Kind::Deadlock,
        };
        if kind != Kind::Branch {
            observer.state(node, state, kind, &expander.actors);
        }
        make_room(&mut space.kinds, 1);
        space.kinds.push(kind);
        let left_out = self.add_edges(node, mode, limits, monitor);
        if self.space.reduction.is_some() {
            self.space.partial.push(left_out);
        }
        if self.space.kinds[node as usize] == Kind::FaultEnd {
            observer.state(node, &self.state, Kind::FaultEnd, &[]);
        }
    }

    /// Expands a node a second time, with all the edges that it has without reductions.
    fn expand_whole(&mut self, node: NodeId, limits: &Limits, monitor: &mut dyn Monitor) {
        let mode = self.space.store.load(node, &mut self.state);
        self.expander.prepare(&self.state, mode, true);
        let sinks = self.space.sinks.len();
        self.space.edges.begin_again(node);
        self.add_edges(node, mode, limits, monitor);
        if self.space.cut.is_none() {
            self.space.partial[node as usize] = false;
        } else {
            // Half a row would lose what the node's first row leads to.
            self.space.edges.abandon_again();
            self.space.sinks.truncate(sinks);
        }
    }

    /// Appends the edges of the node that was prepared; returns true when something was left out.
    fn add_edges(&mut self, node: NodeId, mode: Mode, limits: &Limits, monitor: &mut dyn Monitor) -> bool {
        let Search { space, expander, state, work, observed, whole, .. } = self;
        let words = state.words().len() as u64;
        let notes_places = space.reduction.is_some_and(Reduction::keeps_schedules);
        expander.expand(state, mode, &mut |successor| {
            *work += words.max(u64::from(successor.steps));
            if *work >= BETWEEN_LOOKS {
                *work = 0;
                space.cut = look(space, *observed, *whole, node, limits, monitor);
                if space.cut.is_some() {
                    space.cut_short = Some(node);
                    return false;
                }
            }
            let Some(head) = add_head(space, node, state, successor, limits) else { return false };
            let is_fault = matches!(successor.arrival, Arrival::Stop(_, _, Stop::Fault(_)));
            if is_fault && matches!(mode, Mode::Running(_)) {
                space.kinds[node as usize] = Kind::FaultEnd;
            }
            let noted = successor.moved.filter(|_| notes_places);
            let places = noted.map_or(0, |moved| space.places.number(moved.order));
            space.edges.push(NewEdge { head, actor: actor_word(successor), steps: successor.steps, places });
            true
        })
    }
}

/// Looks at the limits and tells the monitor; an answer cuts the search.
fn look(
    space: &Space<'_, '_>,
    observed: usize,
    whole: Option<u64>,
    expanded: NodeId,
    limits: &Limits,
    monitor: &mut dyn Monitor,
) -> Option<Cut> {
    let progress = Progress {
        phase: "searching",
        states: space.store.len() as u64,
        transitions: space.edges.added() as u64,
        frontier: space.store.len() as u64 - u64::from(expanded),
        memory: (space.memory() + observed) as u64,
        whole,
    };
    let later = (space.len() * LATER_BY_NODE + space.edges.added() * LATER_BY_EDGE) as u64;
    if limits.max_memory.is_some_and(|limit| progress.memory + later > limit) {
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
            let states = limits.max_states.unwrap_or(MAX_NODES).min(MAX_NODES);
            let growth = space.store.growth();
            let fits = growth == 0
                || limits.max_memory.is_none_or(|limit| (space.memory() + growth) as u64 <= limit);
            let most = if fits { states } else { space.len() as u64 };
            let head = space.store.insert(mode, successor.state, Some((node, state)), most);
            if head.is_none() {
                let by_states = space.len() as u64 >= states && states < MAX_NODES;
                space.cut = Some(if by_states { Cut::States } else { Cut::Memory });
                space.cut_short = Some(node);
            }
            head
        }
        Arrival::Stop(_, _, Stop::Assume) => Some(TOP),
        Arrival::Stop(thread, at, Stop::Fault(fault)) => {
            let program = space.machine.program();
            Some(TOP | find_or_add_fault(&mut space.sinks, program, fault, thread, at))
        }
    }
}

/// Finds or adds the sink of a fault: one for each message, thread and line.
pub(super) fn find_or_add_fault(
    sinks: &mut Vec<Sink>,
    program: &Program,
    fault: Fault,
    thread: ThreadId,
    at: Addr,
) -> u32 {
    let line = program.line(at);
    let known = sinks.iter_mut().position(|sink| match sink {
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
        sinks.push(Sink::Fault { fault, thread, at });
        sinks.len() - 1
    }) as u32
}
