//! Objects of which it is known what they do.

use super::super::{Client, Kind, Report, Roles, Shipped, Suite, Wrong};
use super::ask;
use crate::asm::NoFiles;
use crate::explore::{Cut, Limits, Unwatched};
use crate::program::{MemoryModel, Models};
use crate::schedule::{End, parse, replay};
use crate::vm::Machine;

const RACY_COUNTER: &str = "
    shared total = 0
    proc increment
        LOAD  total
        PUSH  1
        ADD
        STORE total
    end
    proc read
        LOAD  total
    end
";

const ATOMIC_COUNTER: &str = "
    atomic total = 0
    proc increment
        PUSH  1
        XADD  total
    end
    proc read
        LOAD  total
    end
";

/// A queue of two values that one lock guards.
const LOCKED_QUEUE: &str = "
    mutex m
    queue items max 8
    proc enqueue
        LOCK   m
        PUT    items
        UNLOCK m
    end
    proc dequeue
        LOCK   m
        TRYGET items
        UNLOCK m
    end
";

fn failing(report: &Report) -> (Wrong, &str) {
    let failure = report.models[0].failure.as_ref().expect("it fails");
    (failure.wrong, &failure.client)
}

/// Replays the schedule of a failure, and returns how it ends.
fn replayed(report: &Report) -> End {
    let failure = report.models[0].failure.as_ref().expect("it fails");
    let machine = Machine::new(&failure.program, failure.models, report.buffer).unwrap();
    let text = failure.schedule.to_text(&failure.program);
    let schedule = parse(&text, &failure.program).expect("a schedule is read back");
    assert!(schedule.fits(&failure.program));
    replay(&machine, &schedule).expect("a schedule can be replayed").end
}

#[test]
fn a_racy_counter_fails_and_an_atomic_one_does_not() {
    let report = ask(RACY_COUNTER, Kind::Counter, "2x2");
    assert_eq!(failing(&report), (Wrong::Order, "increment | increment read"));
    let failure = report.models[0].failure.as_ref().unwrap();
    let culprit = &failure.history.calls[failure.culprit.unwrap()];
    assert_eq!((culprit.text.as_str(), culprit.returned.as_ref().unwrap().1.as_slice()), ("read", &[1][..]));
    assert_eq!(failure.allowed.len(), 1);
    assert_eq!(failure.allowed[0].values, [2]);
    assert_eq!(failure.allowed[0].order.last(), Some(&(failure.culprit.unwrap(), vec![2])));
    assert_eq!(replayed(&report), End::Final);

    let report = ask(ATOMIC_COUNTER, Kind::Counter, "3x2");
    assert!(report.models[0].is_right());
    assert_eq!(report.models[0].clients, 83);
}

#[test]
fn what_a_lock_guards_is_right() {
    assert!(ask(LOCKED_QUEUE, Kind::Queue, "2x3").models[0].is_right());
    let report = ask(LOCKED_QUEUE, Kind::BoundedQueue(1), "2x2");
    assert_eq!(failing(&report), (Wrong::Order, "enqueue(1) enqueue(2)"));
    let failure = report.models[0].failure.as_ref().unwrap();
    assert!(failure.culprit.is_some() && failure.allowed.is_empty(), "it should have waited");
    let upside_down = LOCKED_QUEUE.replace("enqueue", "push").replace("dequeue", "pop");
    assert_eq!(failing(&ask(&upside_down, Kind::Stack, "1x3")), (Wrong::Order, "push(1) push(2) pop"));
}

#[test]
fn a_call_that_never_returns_is_wrong_unless_it_waits() {
    let blocking =
        LOCKED_QUEUE.replace("UNLOCK m", "NOP").replace("LOCK   m", "NOP").replace("TRYGET", "GET");
    assert_eq!(failing(&ask(&blocking, Kind::Queue, "2x2")), (Wrong::Deadlock, "dequeue"));
    let waiting = Suite::new("object.rvm", &blocking, Shipped::new(Kind::Queue).waiting(true));
    let report = waiting.memories([MemoryModel::Sc]).run(&mut Unwatched).unwrap();
    assert!(report.models[0].is_right(), "{:?}", failing(&report));

    let spinning = "
        atomic full = 0
        atomic value = 0
        proc enqueue
            STORE value
            PUSH  1
            STORE full
        end
        proc dequeue
          again:
            LOAD  full
            JZ    again
            PUSH  0
            STORE full
            LOAD  value
        end
    ";
    let report = ask(spinning, Kind::Queue, "1x1");
    assert_eq!(failing(&report), (Wrong::Livelock, "dequeue"));
    assert_eq!(replayed(&report), End::Open);
    let waiting = Suite::new("object.rvm", spinning, Shipped::new(Kind::Queue).waiting(true));
    let both =
        waiting.sizes(["2x2".parse().unwrap()]).memories([MemoryModel::Sc]).run(&mut Unwatched).unwrap();
    assert_eq!(failing(&both), (Wrong::Order, "dequeue | enqueue(1) dequeue"));
}

#[test]
fn a_fault_is_reported_as_such() {
    let text = "
        shared top = 0
        shared items[2] = 0
        proc push
            LOAD  top
            STORE items[]
            LOAD  top
            PUSH  1
            ADD
            STORE top
        end
        proc pop
            PUSH 0
        end
    ";
    let report = ask(text, Kind::Stack, "1x3");
    assert_eq!(failing(&report), (Wrong::Order, "push(1) pop"));
    let push_only = text.replace("proc pop", "proc drop");
    let report = ask(&push_only, Kind::Stack, "1x3");
    assert_eq!(failing(&report), (Wrong::Fault, "push(1) push(2) push(3)"));
    assert_eq!(report.models[0].failure.as_ref().unwrap().fault.as_deref(), Some("index out of range"));
    assert!(matches!(replayed(&report), End::Fault(_)));
}

#[test]
fn store_buffers_break_a_register_that_two_read() {
    // The write returns before it has reached memory.
    let text = "atomic x = 0\nproc write\n    STORE x\nend\nproc read\n    LOAD x\nend\n";
    let suite = Suite::new("object.rvm", text, Shipped::new(Kind::Register(1)));
    let report = suite.run(&mut Unwatched).unwrap();
    assert!(report.under(MemoryModel::Sc).unwrap().is_right());
    for memory in [MemoryModel::Tso, MemoryModel::Pso] {
        let failure = report.under(memory).unwrap().failure.as_ref().expect("it fails");
        assert_eq!(failure.client, "read | write(1)");
        assert_eq!(failure.models, Models { memory, ..Models::default() });
    }
    let fenced = text.replace("STORE x", "STORE x\n    FENCE");
    let report =
        Suite::new("object.rvm", fenced, Shipped::new(Kind::Register(1))).run(&mut Unwatched).unwrap();
    assert!(report.models.iter().all(|model| model.is_right()));
}

#[test]
fn roles_leave_out_what_nobody_may_do() {
    let suite =
        Suite::new("object.rvm", RACY_COUNTER, Shipped::new(Kind::Counter)).memories([MemoryModel::Sc]);
    let one_writer: Roles = "increment, read | read*".parse().unwrap();
    assert!(suite.clone().roles(one_writer).run(&mut Unwatched).unwrap().models[0].is_right());
    let two: Roles = "increment | increment, read".parse().unwrap();
    assert!(!suite.clone().roles(two).run(&mut Unwatched).unwrap().models[0].is_right());
    let unknown: Roles = "decrement".parse().unwrap();
    let refused = suite.roles(unknown).run(&mut Unwatched).unwrap_err();
    assert!(refused.to_string().contains("`decrement`"), "{refused}");
}

#[test]
fn a_search_that_is_cut_says_nothing() {
    let ask = |limits| {
        let suite = Suite::new("object.rvm", ATOMIC_COUNTER, Shipped::new(Kind::Counter)).limits(limits);
        suite.sizes(["3x2".parse().unwrap()])
    };
    let limits = Limits { max_states: Some(1), max_memory: None };
    let report = ask(limits).run(&mut Unwatched).unwrap();
    assert_eq!((report.models[0].cut, report.models[0].clients), (Some(Cut::States), 0));
    struct AtOnce;
    impl crate::explore::Monitor for AtOnce {
        fn observe(&mut self, _: &crate::explore::Progress) -> Option<Cut> {
            Some(Cut::Time)
        }
    }
    let report = ask(Limits::default()).run(&mut AtOnce).unwrap();
    assert_eq!(report.models[0].cut, Some(Cut::Time));
    assert!(report.is_open() && !report.is_as_claimed());
}

#[test]
fn what_is_no_object_is_refused_and_says_why() {
    let refused = |text: &str| {
        let suite = Suite::new("object.rvm", text, Shipped::new(Kind::Queue));
        suite.run(&mut Unwatched).unwrap_err().to_string()
    };
    assert!(refused("proc push\n    POP\nend").contains("no proc that is one of `enqueue`"));
    assert!(refused("proc enqueue\n    POP\n    POP\nend").contains("should take 1 and leave 0 or 1"));
    assert!(refused("proc enqueue\n  again:\n    JMP again\nend").contains("never returns"));
    assert!(
        refused("proc enqueue\n    POP\nend\nthread t\n    NOP\nend").contains("a thread of its own, `t`")
    );
    assert!(refused("; object: fails under\nproc enqueue\n    POP\nend").contains("line 1"));
    assert!(refused("proc enqueue\n    PUP\nend").contains("PUP"));
}

#[test]
fn a_client_is_a_program_that_keeps_its_results() {
    let suite = Suite::new("object.rvm", LOCKED_QUEUE, Shipped::new(Kind::Queue));
    let client: Client = "enqueue(7) | dequeue".parse().unwrap();
    let text = suite.client(&client, &NoFiles).unwrap();
    assert!(text.starts_with(LOCKED_QUEUE.trim_end()), "{text}");
    assert!(text.ends_with("observe client[1].got[0], client[1].got[1]\n"), "{text}");
    let wrong: Client = "enqueue".parse().unwrap();
    assert!(suite.client(&wrong, &NoFiles).unwrap_err().to_string().contains("enqueue(x), dequeue"));
}

#[test]
fn beyond_the_usual_sizes_more_is_found() {
    // Both calls of the third thread are needed: what it puts in wakes the wrong one of the two that wait.
    let text = "
        mutex m
        condition changed on m
        queue items max 1
        proc enqueue
            LOCK m
          again:
            DUP
            TRYPUT items
            JNZ  there
            WAIT changed
            JMP  again
          there:
            POP
            NOTIFY changed
            UNLOCK m
        end
        proc dequeue
            LOCK m
          again:
            TRYGET items
            JNZ  there
            POP
            WAIT changed
            JMP  again
          there:
            NOTIFY changed
            UNLOCK m
        end
    ";
    let queue = Shipped::new(Kind::BoundedQueue(1)).waiting(true);
    let suite = Suite::new("object.rvm", text, queue).memories([MemoryModel::Sc]);
    let report = suite.run(&mut Unwatched).unwrap();
    let model = &report.models[0];
    assert_eq!((model.clients, model.cut), (model.of_clients, None));
    assert!(model.further > 0);
    assert_eq!(failing(&report).0, Wrong::Deadlock);
    assert!(failing(&report).1.matches('|').count() == 2, "{}", failing(&report).1);
    let only = suite.sizes(["2x3".parse().unwrap()]).run(&mut Unwatched).unwrap();
    assert!(only.models[0].is_right() && only.further.is_none());
}
