//! Numbers of traces: in closed form where there is one, and against every schedule of small programs.

use std::collections::BTreeSet;

use num_bigint::BigUint;
use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Limits, Request, Traces, Unwatched, explore};
use racevm::explore::{Head, Kind, NodeId, Observer, Sink, Space, edge_run};
use racevm::graph::{Components, count_traces};
use racevm::program::{MemoryModel, Models, Program};
use racevm::vm::{Actor, DEFAULT_BUFFER, Footprint, Machine, State};

fn assembled(text: &str) -> Program {
    assemble("test.rvm", text, &Options::default(), &NoFiles).expect("the program assembles")
}

fn traces(text: &str) -> Traces {
    let program = assembled(text);
    let request = Request { count: true, ..Request::new(Models::default()) };
    explore(&program, &request, &mut Unwatched)
        .expect("small states")
        .traces
        .expect("the program has no loops")
}

fn finals(number: u64) -> Traces {
    Traces { finals: BigUint::from(number), ..Traces::default() }
}

fn increments(threads: u32, each: usize) -> String {
    let body = "LOAD x\nPUSH 1\nADD\nSTORE x\n".repeat(each);
    format!("shared x = 0\nthread T[{threads}]\n{body}end\n")
}

#[test]
fn increments_have_the_known_numbers_of_traces() {
    for (threads, each, number) in
        [(2, 1, 4), (3, 1, 36), (4, 1, 576), (2, 2, 34), (2, 3, 328), (2, 5, 34_904), (3, 2, 7_134)]
    {
        assert_eq!(traces(&increments(threads, each)), finals(number), "{threads} threads, {each} each");
    }
}

#[test]
fn philosophers_have_one_deadlock_and_all_but_two_orders() {
    for count in 2..=8_u32 {
        let mut text = format!("mutex fork[{count}]\n");
        for left in 0..count {
            let right = (left + 1) % count;
            text += &format!(
                "thread p{left}\nLOCK fork[{left}]\nLOCK fork[{right}]\nUNLOCK fork[{right}]\nUNLOCK fork[{left}]\nend\n"
            );
        }
        let expected = Traces { deadlocks: BigUint::from(1_u32), ..finals(2_u64.pow(count) - 2) };
        assert_eq!(traces(&text), expected, "{count} philosophers");
    }
}

#[test]
fn independent_steps_make_one_trace() {
    assert_eq!(traces("shared a[3] = 0\nthread T[3]\nPUSH 1\nSELF\nSTORE a[]\nend\n"), finals(1));
}

struct Nothing;

impl Observer for Nothing {
    fn state(&mut self, _: NodeId, _: &State, _: Kind, _: &[Actor]) {}
}

/// One step of a schedule: whose it is, which of that actor's steps, what it chose, and what it touches;
/// `None` for a fault, which may not change places with anything.
type Event = (Actor, usize, String, Option<Footprint>);

/// Collects the distinct traces of a space by enumerating its schedules: a trace is the set of its events
/// with the order of those that may not change places.
fn enumerate(
    space: &Space<'_, '_>,
    node: NodeId,
    events: &mut Vec<Event>,
    found: &mut [BTreeSet<String>; 3],
) {
    let kind = match space.kinds[node as usize] {
        Kind::Final => Some(0),
        Kind::Deadlock => Some(1),
        _ => None,
    };
    if let Some(kind) = kind {
        found[kind].insert(canonical(events));
    }
    let mut state = space.machine.initial();
    space.store.load(node, &mut state);
    for (index, edge) in space.edges(node).enumerate() {
        let action = edge_run(space, node, index as u32).actions[0];
        let nth = events.iter().filter(|(actor, ..)| *actor == action.actor).count();
        let footprint = space.machine.footprint(&state, action.actor);
        let is_fault = matches!(edge.head, Head::Sink(_));
        events.push((action.actor, nth, format!("{:?}", action.choice), (!is_fault).then_some(footprint)));
        match edge.head {
            Head::Node(head) => enumerate(space, head, events, found),
            Head::Sink(sink) if space.sinks[sink as usize] != Sink::Assume => {
                found[2].insert(canonical(events));
            }
            Head::Sink(_) => {}
        }
        events.pop();
    }
}

fn canonical(events: &[Event]) -> String {
    let name = |(actor, nth, choice, _): &Event| format!("{actor:?}.{nth}.{choice}");
    let ordered = |a: &Event, b: &Event| {
        a.0.thread() == b.0.thread()
            || a.3.is_none()
            || b.3.is_none()
            || a.3.as_ref().unwrap().conflicts_with(b.3.as_ref().unwrap())
    };
    let mut facts: Vec<String> = events.iter().map(name).collect();
    for (index, a) in events.iter().enumerate() {
        facts.extend(
            events[index + 1..].iter().filter(|b| ordered(a, b)).map(|b| format!("{}<{}", name(a), name(b))),
        );
    }
    facts.sort();
    facts.join(" ")
}

#[test]
fn sleep_sets_count_what_enumeration_finds() {
    let programs = [
        "shared x = 0\nshared y = 0\nthread A\nPUSH 1\nSTORE x\nLOAD y\nPOP\nend\nthread B\nPUSH 1\nSTORE y\nLOAD x\nPOP\nend\n",
        "shared x = 0\nmutex m\nthread T[2]\nTRYLOCK m\nJZ out\nUNLOCK m\nout:\nend\n",
        "shared x = 1\nthread A\nLOAD x\nASSERT\nend\nthread B\nPUSH 0\nSTORE x\nPUSH 3\nPOP\nend\n",
        "shared x = 1\nshared y = 0\nthread A\nCHOOSE 0..1\nSTORE x\nend\nthread B\nLOAD x\nASSUME\nPUSH 2\nSTORE y\nend\n",
        "mutex m\ncondition c on m\nthread W[2]\nLOCK m\nWAIT c\nUNLOCK m\nend\nthread N\nLOCK m\nNOTIFY c\nUNLOCK m\nend\n",
        "shared x = 0\nthread A\nPUSH 0\nPUSH 1\nCAS x\nPOP\nend\nthread B\nPUSH 0\nPUSH 2\nCAS x\nPOP\nend\nthread C\nLOAD x\nPRINT\nend\n",
        "semaphore s = 1\nqueue q max 1\nthread A\nACQUIRE s\nPUSH 1\nPUT q\nRELEASE s\nend\nthread B\nACQUIRE s\nRELEASE s\nTRYGET q\nPOP\nPOP\nend\n",
        "thread L deferred\nNOP\nend\nthread A\nSTART L\nend\nthread B\nJOIN L\nend\n",
        "barrier b = 2\nshared x = 0\nthread T[2]\nLOAD x\nPOP\nWAIT b\nPUSH 1\nSTORE x\nend\n",
    ];
    for text in programs {
        let program = assembled(text);
        for memory in MemoryModel::ALL {
            let models = Models { memory, ..Models::default() };
            let machine = Machine::new(&program, models, DEFAULT_BUFFER).expect("small states");
            let space = Space::explore(&machine, &Limits::default(), &mut Unwatched, &mut Nothing);
            let mut found = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
            enumerate(&space, 0, &mut Vec::new(), &mut found);
            let [finals, deadlocks, faults] = found.map(|traces| BigUint::from(traces.len()));
            let counted = count_traces(&space, &Components::new(&space)).expect("the program has no loops");
            assert_eq!(counted, Traces { finals, deadlocks, faults }, "{memory}:\n{text}");
        }
    }
}
