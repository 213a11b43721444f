//! The search of the product against a plain one: the calls and returns of every execution are printed, so
//! that the histories are the outputs of an ordinary exploration, and each is ordered by itself.

use super::super::client::Client;
use super::super::history::{History, Interval};
use super::super::model::{Numbered, Table};
use super::super::order;
use super::super::{Kind, Shipped, Suite};
use crate::asm::{NoFiles, Options, assemble};
use crate::check::{Request, explore};
use crate::explore::Unwatched;
use crate::program::{MemoryModel, Models};
use crate::schedule::Draw;

/// The kinds of random objects: each with its operations, arguments, results, and code that is right.
const KINDS: [(Kind, &[Operation]); 2] = [
    (Kind::Counter, &[("increment", 0, 1, "PUSH 1\n    XADD x"), ("read", 0, 1, "LOAD x")]),
    (
        Kind::Register(1),
        &[("write", 1, 0, "STORE x\n    FENCE"), ("read", 0, 1, "LOAD x"), ("exchange", 1, 1, "XCHG x")],
    ),
];

type Operation = (&'static str, usize, usize, &'static str);

/// Draws an object: procs that are right, and procs of a few steps on two variables.
fn object(draw: &mut Draw, operations: &[Operation]) -> String {
    let mut text = String::from("atomic x = 0\nshared y = 0\nlocal l = 0\nmutex m\n");
    let locked = draw.index(3) == 0;
    for &(name, arguments, results, right) in operations {
        text.push_str(&format!("proc {name}\n"));
        if locked {
            text.push_str("    LOCK m\n");
        }
        if draw.index(4) > 0 {
            text.push_str(&format!("    {right}\n"));
        } else {
            random_steps(draw, arguments, results, &mut text);
        }
        if locked {
            text.push_str("    UNLOCK m\n");
        }
        text.push_str("end\n");
    }
    text
}

fn random_steps(draw: &mut Draw, arguments: usize, results: usize, text: &mut String) {
    let mut height = arguments;
    for _ in 0..2 + draw.index(4) {
        let variable = ["x", "x", "y", "l"][draw.index(4)];
        let step = match draw.index(8) {
            0 | 1 => format!("LOAD {variable}"),
            2 if height > 0 => format!("STORE {variable}"),
            3 if height > 0 => format!("XADD {variable}"),
            4 if height > 0 => format!("XCHG {variable}"),
            5 if height > 1 => "ADD".to_owned(),
            6 => "FENCE".to_owned(),
            _ => format!("PUSH {}", draw.index(3)),
        };
        height = match step.split(' ').next().unwrap_or_default() {
            "LOAD" | "PUSH" => height + 1,
            "STORE" | "ADD" => height - 1,
            _ => height,
        };
        text.push_str(&format!("    {step}\n"));
    }
    text.push_str(&"    LOAD x\n".repeat(results.saturating_sub(height)));
    text.push_str(&"    POP\n".repeat(height.saturating_sub(results)));
}

fn client(draw: &mut Draw, operations: &[Operation]) -> Client {
    let call = |draw: &mut Draw| {
        let (name, arguments, ..) = operations[draw.index(operations.len())];
        let arguments: Vec<String> = (0..arguments).map(|_| (1 + draw.index(2)).to_string()).collect();
        if arguments.is_empty() { name.to_owned() } else { format!("{name}({})", arguments.join(", ")) }
    };
    let thread = |draw: &mut Draw| (0..1 + draw.index(2)).map(|_| call(draw)).collect::<Vec<_>>().join(" ");
    format!("{} | {}", thread(draw), thread(draw)).parse().expect("it is a client")
}

/// Writes a client that prints 100 + its call's number at each call; at each return 200 + that, then the
/// values. An `atomic` block keeps what belongs to one event together.
fn printing(client: &Client, operations: &[Operation]) -> String {
    let (mut text, mut number) = (String::new(), 0);
    for (index, calls) in client.threads.iter().enumerate() {
        text.push_str(&format!("thread t{index}\n"));
        for made in calls {
            let results = operations.iter().find(|(name, ..)| *name == made.proc).unwrap().2;
            text.push_str(&format!("    PUSH {}\n    PRINT\n", 100 + number));
            for argument in &made.arguments {
                text.push_str(&format!("    PUSH {argument}\n"));
            }
            text.push_str(&format!(
                "    CALL {}\n  atomic\n    PUSH {}\n    PRINT\n",
                made.proc,
                200 + number
            ));
            text.push_str(&"    PRINT\n".repeat(results));
            text.push_str("  end\n");
            number += 1;
        }
        text.push_str("end\n");
    }
    text
}

/// Reads a history back from what was printed. No proc leaves more than one value.
fn history(output: &[i64], client: &Client, calls: &[Numbered]) -> History {
    let threads: Vec<usize> =
        client.threads.iter().enumerate().flat_map(|(thread, calls)| vec![thread; calls.len()]).collect();
    let mut history = History::default();
    let mut rest = output.iter();
    while let Some(&word) = rest.next() {
        let at = history.length;
        history.length += 1;
        let call = (word % 100) as usize;
        if word < 200 {
            history.calls.push(Interval {
                thread: threads[call],
                call: call as u32,
                text: String::new(),
                called: at,
                returned: None,
            });
        } else {
            let values = (0..calls[call].results).map(|_| *rest.next().unwrap()).collect();
            let interval = history.calls.iter_mut().find(|interval| interval.call == call as u32).unwrap();
            interval.returned = Some((at, values));
        }
    }
    history
}

#[test]
fn every_history_is_judged_as_if_it_were_alone() {
    let (mut right, mut wrong) = (0, 0);
    for run in 0..400_u64 {
        let mut draw = Draw::new(11, run);
        let (kind, operations) = KINDS[draw.index(KINDS.len())];
        let memory = MemoryModel::ALL[draw.index(3)];
        let text = object(&mut draw, operations);
        let client = client(&mut draw, operations);
        let models = Models { memory, ..Models::default() };
        let specification = Shipped::new(kind);
        let suite = Suite::new("object.rvm", &text, specification).memories([memory]);

        let plain = format!("{text}\n{}", printing(&client, operations));
        let program = assemble("plain.rvm", &plain, &Options::default(), &NoFiles).expect("it assembles");
        let request = Request { reduce: false, verdicts_only: true, ..Request::new(models) };
        let explored = explore(&program, &request, &mut Unwatched).expect("it is small");
        assert!(explored.faults.is_empty() && explored.deadlocks.is_empty());

        let prepared = suite.prepare(&NoFiles).expect("it is an object");
        let (found, calls) = prepared.search_one(&client, memory).expect("it is a client");
        let mut table = Table::new(&specification, &calls);
        let is_right = explored.outcomes.iter().all(|outcome| {
            order::find(&mut table, &history(&outcome.output, &client, &calls), None).is_some()
        });
        assert_eq!(found.is_none(), is_right, "run {run}, {memory}: {client}\n{text}\n{found:?}");
        if is_right {
            right += 1;
        } else {
            wrong += 1;
        }
    }
    assert!(right > 60 && wrong > 60, "{right} right, {wrong} wrong");
}
