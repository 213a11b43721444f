//! The referee against the search for an order, on random histories.

use super::super::history::{History, Interval};
use super::super::model::{Model, Numbered, Table};
use super::super::order;
use super::super::referee::{Event, Referee};
use super::super::{Kind, Shipped};
use crate::schedule::Draw;

const KINDS: [Kind; 6] =
    [Kind::Counter, Kind::Register(1), Kind::Stack, Kind::Queue, Kind::BoundedQueue(1), Kind::Set];

/// Operations, arguments and results of each kind.
fn calls_of(kind: Kind) -> Vec<(&'static str, usize, usize)> {
    match kind {
        Kind::Counter => vec![("increment", 0, 1), ("increment", 0, 0), ("read", 0, 1)],
        Kind::Register(_) => vec![("write", 1, 0), ("read", 0, 1), ("exchange", 1, 1)],
        Kind::Stack => vec![("push", 1, 0), ("pop", 0, 1)],
        Kind::Set => vec![("insert", 1, 1), ("remove", 1, 1), ("contains", 1, 1)],
        _ => vec![("enqueue", 1, 1), ("dequeue", 0, 1), ("dequeue", 0, 2)],
    }
}

struct Random {
    calls: Vec<Numbered>,
    events: Vec<Event>,
}

/// Draws a history: calls take effect at random moments, and now and then one returns something else.
fn draw(draw: &mut Draw, specification: &Shipped) -> Random {
    let threads = 2 + draw.index(3);
    let count = 2 + draw.index(6);
    let of_kind = calls_of(specification.kind);
    let calls: Vec<Numbered> = (0..count)
        .map(|_| {
            let (operation, arguments, results) = of_kind[draw.index(of_kind.len())];
            Numbered {
                text: operation.to_owned(),
                operation: operation.to_owned(),
                arguments: (0..arguments).map(|_| 1 + draw.index(3) as i64).collect(),
                results,
            }
        })
        .collect();
    let mut table = Table::new(specification, &calls);
    let lies = draw.index(3) == 0;
    let (mut state, mut next, mut events) = (0, 0, Vec::new());
    // For each thread, its call, and the values once it has taken effect.
    let mut pending: Vec<Option<(u32, Option<Vec<i64>>)>> = vec![None; threads];
    for _ in 0..6 * count {
        let thread = draw.index(threads);
        match &mut pending[thread] {
            None if next < count => {
                events.push(Event::Call { thread, call: next as u32 });
                pending[thread] = Some((next as u32, None));
                next += 1;
            }
            None => {}
            Some((call, values @ None)) => {
                if let Some((after, returned)) = table.apply(state, *call) {
                    state = after;
                    *values = Some(returned);
                }
            }
            Some((_, Some(values))) => {
                let mut values = std::mem::take(values);
                if lies && draw.index(4) == 0 {
                    values.iter_mut().for_each(|value| *value = draw.index(3) as i64);
                }
                events.push(Event::Return { thread, values });
                pending[thread] = None;
            }
        }
    }
    Random { calls, events }
}

fn history_of(events: &[Event]) -> History {
    let mut history = History::default();
    for (at, event) in events.iter().enumerate() {
        history.length += 1;
        match event {
            Event::Call { thread, call } => history.calls.push(Interval {
                thread: *thread,
                call: *call,
                text: String::new(),
                called: at,
                returned: None,
            }),
            Event::Return { thread, values } => {
                let of_thread = history.calls.iter_mut().rev().find(|interval| interval.thread == *thread);
                of_thread.unwrap().returned = Some((at, values.clone()));
            }
        }
    }
    history
}

#[test]
fn the_referee_says_what_the_search_for_an_order_says() {
    let (mut right, mut wrong, mut pending) = (0, 0, 0);
    for run in 0..6_000 {
        let specification = Shipped::new(KINDS[run as usize % KINDS.len()]).waiting(run % 5 == 0);
        let random = draw(&mut Draw::new(7, run), &specification);
        let mut of_referee = Table::new(&specification, &random.calls);
        let mut of_search = Table::new(&specification, &random.calls);
        let mut referee = Referee::new(&mut of_referee, 8);
        let mut known = 0;
        for (at, event) in random.events.iter().enumerate() {
            let history = history_of(&random.events[..=at]);
            let order = order::find(&mut of_search, &history, None);
            let next = referee.step(known, event);
            assert_eq!(order.is_some(), next.is_some(), "run {run}, event {at}: {:?}", random.events);
            if let (Some(next), Some(order)) = (next, order) {
                pending +=
                    usize::from(order.iter().any(|(index, _)| history.calls[*index].returned.is_none()));
                known = next;
                continue;
            }
            wrong += 1;
            let Event::Return { thread, values } = event else { panic!("only a return can be wrong") };
            let culprit = history.calls.iter().rposition(|interval| interval.thread == *thread).unwrap();
            let allowed = referee.allowed(known, *thread);
            assert!(!allowed.contains(values));
            for values in allowed {
                let order = order::find(&mut of_search, &history, Some((culprit, &values)));
                assert!(order.is_some(), "run {run}: {values:?} is allowed without an order");
            }
            break;
        }
        right += 1;
    }
    right -= wrong;
    assert!(right > 1_000 && wrong > 500 && pending > 500, "{right} right, {wrong} wrong, {pending} pending");
}
