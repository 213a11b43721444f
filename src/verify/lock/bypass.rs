//! Overtaking: how often others can enter the critical section while one thread waits.
//!
//! A thread waits from the end of its *doorway* until its `acquire` returns. Where the doorway ends, the lock
//! says with a label `waiting` in `acquire`: a thread waits once it has come to that label. Without the label it
//! waits from its first step in `acquire` that touches a variable or synchronization object which others touch
//! too, or from when it is blocked there. (The doorway is Lamport's, "A new solution of Dijkstra's concurrent
//! programming problem", CACM 1974; what is counted is how often *all* others together enter.)
//!
//! The clients take the lock for ever, so that the number is one for every client of so many threads. A lock
//! whose own variables grow without bound (a ticket, a bakery's numbers) has no finite graph then: there the
//! thread that waits takes it once, and the others [`ROUNDS`] times each.
//!
//! What a thread does unseen by all others it does at once, so that it enters with the last step of `acquire`
//! that others could see: the graph is searched with fusion, and without any reduction that leaves an order of
//! visible steps out. In it, the states in which the thread may be waiting are those that can be reached from
//! where its waiting begins, without its entering. The number is the weight of the heaviest path there, an
//! entry of another thread weighing 1; a cycle with an entry means that there is no bound.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::client::Client;
use super::prepared::Prepared;
use super::refused::Refused;
use super::result::{Bypass, BypassFound, Overtaking};
use crate::asm::Loader;
use crate::explore::{
    Edge, EdgeActor, Head, Kind, Limits, Monitor, NodeId, Observer, Reduction, Reductions, Space, schedule_of,
};
use crate::graph::{Heaviest, WeightedEdge, heaviest};
use crate::program::{Addr, Instr, MemoryModel, Operand, Place, Program, ThreadId};
use crate::schedule::Schedule;
use crate::vm::{Action, Actor, Blocked, Choice, Choices, Machine, State, accessed};

/// How often the others take a lock whose graph is not finite otherwise.
pub const ROUNDS: u32 = 2;

/// The label in `acquire` at which waiting begins.
const WAITING: &str = "waiting";

/// A graph of more states than this is taken for one without end.
const ENDLESS: u64 = 200_000;

/// Where things are in the client.
struct Map {
    /// The calls of `acquire`.
    calls: BTreeSet<Addr>,
    /// Behind them: the critical section.
    critical: Addr,
    /// The label at which waiting begins, where the lock has it.
    waiting: Option<Addr>,
}

/// What an edge means for overtaking.
#[derive(Clone, Copy, Default)]
struct Meaning {
    /// How often its thread enters the critical section on it.
    enters: u32,
    /// Its thread begins to wait on it, and does not enter.
    begins: bool,
}

/// A graph with what its edges mean.
struct Annotated<'s, 'm, 'p> {
    space: &'s Space<'m, 'p>,
    /// Node by node, edge by edge.
    meanings: Vec<Vec<Meaning>>,
    /// Threads that are blocked in `acquire`, node by node.
    blocked: Vec<Vec<ThreadId>>,
}

/// An edge of the space: node and index.
type EdgeAt = (NodeId, u32);

/// Measures overtaking for each number of threads that the suite asks about.
pub(super) fn measure(
    prepared: &Prepared,
    memory: MemoryModel,
    loader: &dyn Loader,
    monitor: &mut dyn Monitor,
) -> Result<Vec<BypassFound>, Refused> {
    let mut list = Vec::new();
    for threads in prepared.sizes.iter().map(|size| size.threads).filter(|&threads| threads > 1) {
        let victims = if prepared.is_symmetric() { 1 } else { threads };
        let bound = prepared.limits().max_states.unwrap_or(ENDLESS).min(ENDLESS);
        let limits = Limits { max_states: Some(bound), ..prepared.limits() };
        let client = Client::endless(threads);
        let mut found = overtaking(prepared, &client, memory, 0..victims, &limits, (loader, monitor))?;
        let mut rounds = None;
        if found.is_none() {
            rounds = Some(ROUNDS);
            let each = (0..victims).map(|victim| {
                let client = Client::overtakers(threads, victim, ROUNDS);
                let limits = prepared.limits();
                overtaking(prepared, &client, memory, victim..victim + 1, &limits, (loader, monitor))
            });
            let each: Option<Vec<_>> = each.collect::<Result<Option<Vec<_>>, Refused>>()?;
            found = each.and_then(|each| each.into_iter().rev().max_by_key(|(bound, _)| *bound));
        }
        list.push(match found {
            Some((bound, shown)) => BypassFound { threads, rounds, bound: Some(bound), shown },
            None => BypassFound { threads, rounds, bound: None, shown: None },
        });
    }
    Ok(list)
}

/// Finds how often these threads of a client can be overtaken; `None` where the search was cut.
fn overtaking(
    prepared: &Prepared,
    client: &Client,
    memory: MemoryModel,
    victims: std::ops::Range<u32>,
    limits: &Limits,
    (loader, monitor): (&dyn Loader, &mut dyn Monitor),
) -> Result<Option<(Bypass, Option<Overtaking>)>, Refused> {
    let program = Arc::new(prepared.program(client, prepared.text(), loader)?);
    let machine = prepared.machine(&program, memory);
    let mut watch = Watch { machine: &machine, map: Map::of(&program), blocked: Vec::new() };
    let reduction = Reduction::new(&machine, Reductions { fusion: true, dead: true, ..Reductions::NONE });
    let space = Space::explore_reduced(&machine, reduction.as_ref(), limits, monitor, &mut watch);
    if space.cut.is_some() {
        return Ok(None);
    }
    let Watch { map, blocked, .. } = watch;
    let graph = Annotated { space: &space, meanings: meanings(&space, &map), blocked };
    let each = victims.map(|victim| {
        let (bound, steps) = graph.overtaken(ThreadId(victim));
        let shown = steps.map(|(witness, cycle)| Overtaking {
            client: client.clone(),
            program: Arc::clone(&program),
            models: machine.models(),
            victim,
            witness,
            cycle,
        });
        (bound, shown)
    });
    Ok(each.rev().max_by_key(|(bound, _)| *bound))
}

impl Map {
    fn of(program: &Program) -> Map {
        let acquire = program.procs.iter().position(|proc| proc.name == "acquire");
        let acquire = acquire.expect("a lock has been looked at before it is asked about");
        let body = &program.groups[0].body;
        let is_call =
            |addr: &Addr| matches!(program.instr(*addr), Instr::Call(proc) if proc.index() == acquire);
        let calls: BTreeSet<Addr> = (body.entry.0..body.end.0).map(Addr).filter(is_call).collect();
        let first = calls.first().expect("a client takes the lock");
        let labels = &program.procs[acquire].body.labels;
        let waiting = labels.iter().find(|(name, _)| name == WAITING).map(|&(_, addr)| addr);
        Map { critical: Addr(first.0 + 1), calls, waiting }
    }

    /// Returns true when a thread is in `acquire`.
    fn is_acquiring(&self, machine: &Machine<'_>, state: &State, id: ThreadId) -> bool {
        machine.depth(state, id) > 0 && self.calls.contains(&machine.call_site(state, id, 0))
    }
}

/// Notes who is blocked in `acquire`.
struct Watch<'m, 'p> {
    machine: &'m Machine<'p>,
    map: Map,
    blocked: Vec<Vec<ThreadId>>,
}

impl Observer for Watch<'_, '_> {
    fn state(&mut self, node: NodeId, state: &State, _: Kind, _: &[Actor]) {
        let Watch { machine, map, blocked } = self;
        let is_blocked = |id: &ThreadId| {
            map.is_acquiring(machine, state, *id)
                && machine.blocked(state, *id).is_some_and(|why| why != Blocked::Buffer)
        };
        blocked.resize(node as usize + 1, Vec::new());
        blocked[node as usize] = machine.program().thread_ids().filter(is_blocked).collect();
    }
}

/// Executes every edge once more, step by step, to see what happens on it.
fn meanings(space: &Space<'_, '_>, map: &Map) -> Vec<Vec<Meaning>> {
    let machine = space.machine;
    let (mut state, mut after) = (machine.initial(), machine.initial());
    let mut meanings = Vec::with_capacity(space.len());
    for node in 0..space.len() as NodeId {
        space.store.load(node, &mut state);
        let meaning = |(index, edge): (usize, Edge)| match edge.actor {
            EdgeActor::Thread(id) => {
                after.clone_from(&state);
                let first = first_choice(space, node, index, &state, id);
                meaning_of(machine, map, &mut after, id, first, edge.steps)
            }
            EdgeActor::Buffer(_) => Meaning::default(),
        };
        meanings.push(space.edges(node).enumerate().map(meaning).collect());
    }
    meanings
}

/// Returns which successor of its thread's step an edge begins with.
fn first_choice(space: &Space<'_, '_>, node: NodeId, index: usize, state: &State, id: ThreadId) -> Choice {
    match space.machine.choices(state, Actor::Thread(id)) {
        Choices::Only => Choice::Only,
        _ => schedule_of(space, &[(node, index as u32)]).actions[0].choice,
    }
}

fn meaning_of(
    machine: &Machine<'_>,
    map: &Map,
    state: &mut State,
    id: ThreadId,
    first: Choice,
    steps: u32,
) -> Meaning {
    let mut meaning = Meaning::default();
    for step in 0..steps {
        let Some(pc) = machine.pc(state, id) else { break };
        let was_acquiring = map.is_acquiring(machine, state, id);
        if was_acquiring && map.waiting.is_none() && is_visible(machine, pc) {
            meaning.begins = true;
        }
        let choice = if step == 0 { first } else { Choice::Only };
        if machine.step(state, Action { actor: Actor::Thread(id), choice }).is_err() {
            break;
        }
        let at = machine.pc(state, id);
        if was_acquiring && !map.is_acquiring(machine, state, id) && at == Some(map.critical) {
            meaning.enters += 1;
            meaning.begins = false;
        } else if map.waiting.is_some() && at == map.waiting {
            meaning.begins = true;
        }
    }
    meaning
}

/// Returns true when an instruction touches something that is not the thread's own.
fn is_visible(machine: &Machine<'_>, pc: Addr) -> bool {
    let instr = machine.program().instr(pc);
    match accessed(instr) {
        Some((place, _)) => matches!(place, Place::Memory(_) | Place::MemoryAt { .. }),
        None => matches!(instr.operand(), Operand::Target(_)),
    }
}

impl Annotated<'_, '_, '_> {
    /// Finds how often a thread can be overtaken; with the steps that show it, and those of the cycle.
    fn overtaken(&self, victim: ThreadId) -> (Bypass, Option<(Schedule, Schedule)>) {
        let (starts, number) = self.waiting_states(victim);
        let mut edges = Vec::new();
        let mut places: Vec<EdgeAt> = Vec::new();
        for (node, from) in number.iter().enumerate().filter_map(|(node, number)| Some((node, (*number)?))) {
            for (index, edge) in self.space.edges(node as NodeId).enumerate() {
                let Head::Node(head) = edge.head else { continue };
                let meaning = self.meanings[node][index];
                let own = edge.actor == EdgeActor::Thread(victim);
                if own && meaning.enters > 0 {
                    continue;
                }
                let to = number[head as usize].expect("what follows a waiting state is one");
                edges.push(WeightedEdge { from, to, weight: if own { 0 } else { meaning.enters } });
                places.push((node as NodeId, index as u32));
            }
        }
        let nodes = number.iter().flatten().count() as u32;
        let mut numbered: Vec<u32> = starts.iter().filter_map(|&node| number[node as usize]).collect();
        numbered.sort_unstable();
        numbered.dedup();
        let node_of = |wanted: u32| {
            number.iter().position(|number| *number == Some(wanted)).expect("every number is a node's")
                as NodeId
        };
        let at = |list: &[usize]| list.iter().map(|&edge| places[edge]).collect::<Vec<_>>();
        match heaviest(nodes, &edges, &numbered) {
            None => (Bypass::AtMost(0), None),
            Some(Heaviest::Path { weight, start, edges }) => {
                let mut path = self.way_to(victim, node_of(start));
                path.extend(at(&edges));
                (Bypass::AtMost(weight), Some((schedule_of(self.space, &path), Schedule::default())))
            }
            Some(Heaviest::Cycle { start, lead, edges }) => {
                let mut path = self.way_to(victim, node_of(start));
                path.extend(at(&lead));
                let cycle = schedule_of(self.space, &at(&edges));
                (Bypass::Unbounded, Some((schedule_of(self.space, &path), cycle)))
            }
        }
    }

    /// Returns the states in which a thread's waiting begins, and a number for each in which it may wait.
    fn waiting_states(&self, victim: ThreadId) -> (Vec<NodeId>, Vec<Option<u32>>) {
        let mut number = vec![None; self.space.len()];
        let mut starts = Vec::new();
        for node in 0..self.space.len() as NodeId {
            if self.blocked.get(node as usize).is_some_and(|blocked| blocked.contains(&victim)) {
                starts.push(node);
            }
            starts.extend(self.beginning(victim, node).map(|(_, head)| head));
        }
        let mut queue: VecDeque<NodeId> = starts.iter().copied().collect();
        let mut next = 0;
        while let Some(node) = queue.pop_front() {
            if number[node as usize].is_some() {
                continue;
            }
            number[node as usize] = Some(next);
            next += 1;
            for (index, edge) in self.space.edges(node).enumerate() {
                let enters = self.meanings[node as usize][index].enters > 0;
                if let Head::Node(head) = edge.head
                    && !(enters && edge.actor == EdgeActor::Thread(victim))
                {
                    queue.push_back(head);
                }
            }
        }
        (starts, number)
    }

    /// Iterates over the edges out of a node on which a thread's waiting begins: index and head.
    fn beginning(&self, victim: ThreadId, node: NodeId) -> impl Iterator<Item = (u32, NodeId)> + '_ {
        self.space.edges(node).enumerate().filter_map(move |(index, edge)| match edge.head {
            Head::Node(head)
                if edge.actor == EdgeActor::Thread(victim) && self.meanings[node as usize][index].begins =>
            {
                Some((index as u32, head))
            }
            _ => None,
        })
    }

    /// Returns the edges from the initial state to a state in which a thread's waiting begins, the last of them
    /// being the one on which it does.
    fn way_to(&self, victim: ThreadId, wanted: NodeId) -> Vec<EdgeAt> {
        let mut before: Vec<Option<EdgeAt>> = vec![None; self.space.len()];
        let mut queue = VecDeque::from([0]);
        let is_blocked = self.blocked.get(wanted as usize).is_some_and(|blocked| blocked.contains(&victim));
        let mut end = None;
        while let Some(node) = queue.pop_front() {
            if is_blocked && node == wanted {
                end = Some(Vec::new());
            } else if let Some((index, _)) = self.beginning(victim, node).find(|&(_, head)| head == wanted) {
                end = Some(vec![(node, index)]);
            }
            if let Some(mut way) = end {
                let mut at = node;
                while let Some(edge) = before[at as usize].filter(|_| at != 0) {
                    way.push(edge);
                    at = edge.0;
                }
                way.reverse();
                return way;
            }
            for (index, edge) in self.space.edges(node).enumerate() {
                if let Head::Node(head) = edge.head
                    && head != 0
                    && before[head as usize].is_none()
                {
                    before[head as usize] = Some((node, index as u32));
                    queue.push_back(head);
                }
            }
        }
        unreachable!("every state of the space can be reached")
    }
}
