//! Executions that follow a schedule.

use super::super::{
    Effect, End, Execution, ParsedSchedule, Standing, StepAccess, Switch, Write, parse, replay,
};
use super::{LOST_UPDATE, every_sc, machine, program};
use crate::program::{Cell, MemoryModel, ObjectId, Program, SwitchModel, ThreadId};
use crate::vm::{Blocked, Fault, Machine};

const A: ThreadId = ThreadId(0);
const B: ThreadId = ThreadId(1);

fn follow(machine: &Machine<'_>, text: &str) -> Execution {
    let schedule = parse(text, machine.program()).expect("the text is a schedule");
    replay(machine, &schedule).map_err(|misfit| misfit.message(machine.program())).expect("the schedule fits")
}

fn refusal(machine: &Machine<'_>, text: &str) -> String {
    let schedule = parse(text, machine.program()).expect("the text is a schedule");
    replay(machine, &schedule).expect_err(text).message(machine.program())
}

fn x(program: &Program, execution: &Execution) -> i64 {
    every_sc(program).value(&execution.state, Cell::Memory(0))
}

#[test]
fn the_lost_update_step_by_step() {
    let program = program(LOST_UPDATE);
    let execution = follow(&every_sc(&program), "A3 B4 A1");
    assert_eq!((execution.end, x(&program, &execution)), (End::Final, 1));
    let switches: Vec<Switch> = execution.steps.iter().map(|step| step.switch).collect();
    let mut expected = vec![Switch::Same; 8];
    expected[3] = Switch::Preemption;
    expected[7] = Switch::Switch;
    assert_eq!(switches, expected);
    assert_eq!(execution.schedule().switches(), 2);
    let read = StepAccess { cell: Cell::Memory(0), read: Some(0), forwarded: false, write: None };
    assert_eq!(execution.steps[0].access, Some(read));
    assert_eq!(execution.steps[3].access, Some(read));
    assert_eq!(execution.steps[6].change(), Some((Cell::Memory(0), 0, 1)));
    assert_eq!(execution.steps[6].standing, Standing::Finished);
    let write = Some(Write { value: 1, old: 1, buffered: false });
    assert_eq!(execution.steps[7].access, Some(StepAccess { read: None, write, ..read }));
    assert_eq!(execution.steps[7].change(), None);
    assert!(execution.steps.iter().all(|step| step.decided));
}

#[test]
fn a_printed_schedule_leads_to_the_same_execution() {
    let program = program(LOST_UPDATE);
    let machine = every_sc(&program);
    let execution = follow(&machine, "A1 B1 A1 B2 A2 B");
    let schedule = execution.schedule();
    assert_eq!(replay(&machine, &ParsedSchedule::from(&schedule)), Ok(execution.clone()));
    assert_eq!(follow(&machine, &schedule.to_text(&program)), execution);
}

#[test]
fn a_schedule_may_stop_anywhere() {
    let program = program(LOST_UPDATE);
    for text in ["", "A", "A4 B3"] {
        assert_eq!(follow(&every_sc(&program), text).end, End::Open, "{text}");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_step_and_reason() {
    let program = program(LOST_UPDATE);
    let every = every_sc(&program);
    for (text, message) in [
        ("A5", "step 5 (`A`): A (inc[0]) has finished; enabled there: B (inc[1])"),
        ("A999999999999", "step 5 (`A`): A (inc[0]) has finished; enabled there: B (inc[1])"),
        (
            "A4 B4 A",
            "step 9 (`A`): the execution has already ended in a final state; nothing is enabled there",
        ),
        (
            "A=1",
            "step 1 (`A=1`): A (inc[0]) is at `LOAD x` (line 4), which has nothing to choose from: write `A`; \
             enabled there: A (inc[0]), B (inc[1])",
        ),
        ("A4 A~", "step 5 (`A~`): the store buffer of A (inc[0]) is empty; enabled there: B (inc[1])"),
    ] {
        assert_eq!(refusal(&every, text), message);
    }
    let gil = machine(&program, SwitchModel::Gil, MemoryModel::Sc);
    assert_eq!(
        refusal(&gil, "A3 B4"),
        "step 4 (`B`): there is no switch point here: A (inc[0]) goes on with its next step"
    );
    let execution = follow(&gil, "A4 B4");
    assert_eq!(execution.end, End::Final);
    let decided: Vec<usize> = (0..8).filter(|&step| execution.steps[step].decided).collect();
    assert_eq!(decided, [0, 4]);
}

#[test]
fn a_deadlock_shows_who_waits_for_what() {
    let program = program(
        "mutex m
        mutex n
        thread P\n LOCK m\n LOCK n\n UNLOCK n\n UNLOCK m\n end
        thread Q\n LOCK n\n LOCK m\n UNLOCK m\n UNLOCK n\n end",
    );
    let machine = every_sc(&program);
    let execution = follow(&machine, "A1 B1");
    assert_eq!(execution.end, End::Deadlock);
    let (m, n) = (ObjectId(0), ObjectId(1));
    assert_eq!(execution.steps[0].effects, [Effect::Took(m)]);
    let last = &execution.steps[1];
    assert_eq!(last.effects, [Effect::Took(n)]);
    assert!(matches!(&last.standing, Standing::Blocked(_, Blocked::Lock(lock, holders))
        if *lock == m && *holders == [A]));
    assert_eq!(
        refusal(&machine, "A2 B"),
        "step 3 (`B`): B (Q) is blocked at `LOCK n` (line 10): it waits for `n`, held by A (P); \
         enabled there: A (P)"
    );
    assert_eq!(
        refusal(&machine, "A B A"),
        "step 3 (`A`): the execution has already ended in a deadlock; nothing is enabled there"
    );
    let whole = follow(&machine, "A3 B1 A1 B3");
    assert_eq!(whole.end, End::Final);
    assert_eq!(whole.steps[2].effects, [Effect::GaveBack(n), Effect::Unblocked(vec![B])]);
}

#[test]
fn faults_and_assumes_are_the_last_step() {
    let fault = program("shared x\nthread T\n PUSH 1\n PUSH 0\n DIV\n STORE x\nend");
    let machine = every_sc(&fault);
    let execution = follow(&machine, "A3");
    assert_eq!((execution.end, execution.steps.len()), (End::Fault(Fault::DivisionByZero), 3));
    assert_eq!(
        refusal(&machine, "A4"),
        "step 4 (`A`): the execution has already ended in a fault (division by zero); nothing is enabled there"
    );
    let assume = program("thread T\n PUSH 0\n ASSUME\nend");
    assert_eq!(follow(&every_sc(&assume), "A2").end, End::Assume);
}

#[test]
fn choices_are_named_where_there_are_several() {
    let program = program(
        "shared woken
        mutex m
        condition c on m
        thread W[2]\n LOCK m\n WAIT c\n UNLOCK m\n end
        thread N\n CHOOSE 1..2\n STORE woken\n NOTIFY c\n CHOOSE 7..7\n POP\n end",
    );
    let machine = every_sc(&program);
    assert!(refusal(&machine, "C").starts_with(
        "step 1 (`C`): `CHOOSE 1..2` (line 10) has several successors: write `C=1` or `C=2`; enabled there:"
    ));
    assert!(refusal(&machine, "C=3").starts_with(
        "step 1 (`C=3`): `CHOOSE 1..2` (line 10) does not have this successor: write `C=1` or `C=2`;"
    ));
    assert!(
        refusal(&machine, "A2 B2 C=2 C C")
            .starts_with("step 7 (`C`): `NOTIFY c` (line 12) has several successors: write `C>A` or `C>B`;")
    );
    let execution = follow(&machine, "A2 B2 C=2 C C>B C=7 C B2");
    assert_eq!(execution.end, End::Deadlock);
    let c = ObjectId(1);
    assert_eq!(execution.steps[1].effects[..2], [Effect::GaveBack(ObjectId(0)), Effect::Waits(c)]);
    assert_eq!(execution.steps[6].effects, [Effect::Woke(c, vec![B]), Effect::Unblocked(vec![B])]);
    assert_eq!(execution.steps[9].effects, [Effect::Took(ObjectId(0))]);
    assert_eq!(
        execution.schedule().to_text(&program)[.."A2 B2 C=2 C1 C>B C2 B2".len()],
        *"A2 B2 C=2 C1 C>B C2 B2"
    );
}

#[test]
fn a_flush_belongs_to_the_store_that_was_buffered() {
    let program =
        program("shared x\nshared y\nthread T\n PUSH 1\n STORE x\n PUSH 2\n STORE y\n LOAD x\n POP\nend");
    let tso = machine(&program, SwitchModel::Every, MemoryModel::Tso);
    let execution = follow(&tso, "A5 A~ A1 A~y");
    assert_eq!(execution.end, End::Final);
    let store = execution.steps[1].access.expect("a store is an access");
    assert_eq!(store.write, Some(Write { value: 1, old: 0, buffered: true }));
    assert_eq!(execution.steps[1].change(), None);
    let load = execution.steps[4].access.expect("a load is an access");
    assert_eq!((load.read, load.forwarded), (Some(1), true));
    assert_eq!(execution.steps[5].addr, execution.steps[1].addr);
    assert_eq!(execution.steps[5].change(), Some((Cell::Memory(0), 0, 1)));
    assert_eq!(execution.steps[7].addr, execution.steps[3].addr);
    assert!(refusal(&tso, "A4 A~y").contains("the oldest store in the buffer of A (T) is to `x`"));
    let pso = machine(&program, SwitchModel::Every, MemoryModel::Pso);
    let execution = follow(&pso, "A4 A~y A~ A2");
    assert_eq!(execution.end, End::Final);
    assert_eq!(execution.steps[4].addr, execution.steps[3].addr);
    assert_eq!(execution.schedule().to_text(&program)[.."A4 A~y A~x A2".len()], *"A4 A~y A~x A2");
    assert!(refusal(&pso, "A4 A~").contains("name the one that is meant"));
    assert!(refusal(&pso, "A2 A~y").contains("A (T) has no store to `y` in its buffer"));
}
