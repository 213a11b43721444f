//! Strategies: whatever is drawn assembles and can be explored, and what fails shrinks to what a person would
//! have written.

use std::fmt::Display;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use racevm::testing::strategies::{
    Client, Draft, Locking, Object, Placement, Tuning, clients, lock_placements, programs,
};
use racevm::testing::{self, FailureKind, MemoryModel, Subject, SwitchModel};

/// Makes a runner that draws the same values in every run.
fn runner(seed: u8, cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
}

/// Returns what a property that does not hold shrinks to.
fn smallest<S: Strategy>(seed: u8, strategy: &S, holds: impl Fn(&S::Value) -> bool) -> S::Value {
    let result = runner(seed, 500).run(strategy, |value| match holds(&value) {
        true => Ok(()),
        false => Err(TestCaseError::fail("it does not hold")),
    });
    match result {
        Err(TestError::Fail(_, value)) => value,
        other => panic!("seed {seed}: nothing failed: {other:?}"),
    }
}

/// Requires that a program assembles and is in canonical layout.
fn assert_well_formed(text: &impl Display, subject: &Subject) {
    let text = text.to_string();
    if let Err(failure) = subject.assemble() {
        panic!("{failure}\n{text}");
    }
    assert_eq!(racevm::asm::format("program.rvm", &text).as_deref(), Ok(text.as_str()));
}

/// Requires that everything on a way of shrinking is well formed, whichever way that is.
fn shrink_anyhow<S: Strategy>(seed: u8, strategy: &S, check: impl Fn(&S::Value)) {
    let mut runner = runner(seed, 1);
    for round in 0..60_u32 {
        let mut tree = strategy.new_tree(&mut runner).expect("the strategy draws");
        check(&tree.current());
        let mut goes_on = tree.simplify();
        let mut step = round;
        while goes_on && step < round + 60 {
            check(&tree.current());
            step += 1;
            goes_on = if step % 3 == 0 { tree.complicate() } else { tree.simplify() };
        }
    }
}

fn check_draft(tuning: &Tuning, draft: &Draft) {
    assert_well_formed(draft, &draft.subject());
    assert!(tuning.threads.contains(&draft.threads()), "{draft}");
    assert!(draft.instructions().into_iter().all(|len| len <= tuning.instructions), "{draft}");
}

fn tunings() -> Vec<Tuning> {
    vec![
        Tuning::plain(),
        Tuning::default(),
        Tuning::everything(),
        Tuning { locking: Locking::Nested, ..Tuning::everything() },
        Tuning { threads: 1..=4, instructions: 3, shared: 0, ..Tuning::plain() },
        Tuning { threads: 2..=2, instructions: 16, loops: true, ..Tuning::plain() },
    ]
}

#[test]
fn thousands_of_programs_assemble() {
    for tuning in tunings() {
        let mut runner = runner(1, 1);
        for _ in 0..700 {
            let draft = programs(tuning.clone()).new_tree(&mut runner).expect("it draws").current();
            check_draft(&tuning, &draft);
        }
    }
}

#[test]
fn programs_are_finite_under_every_memory_model() {
    for tuning in &tunings()[..5] {
        let mut runner = runner(2, 1);
        for _ in 0..20 {
            let draft = programs(tuning.clone()).new_tree(&mut runner).expect("it draws").current();
            let found =
                draft.subject().memories(MemoryModel::ALL).store_buffer(2).max_states(400_000).explore();
            for result in [found.deadlock_free(), found.livelock_free(), found.race_free()] {
                let is_decided = result.is_ok() || result.is_err_and(|one| one.kind() == FailureKind::Fails);
                assert!(is_decided, "{draft}");
            }
        }
    }
}

#[test]
fn every_feature_is_drawn() {
    let mut runner = runner(3, 1);
    let everything = Tuning { instructions: 12, ..Tuning::everything() };
    let nested = Tuning { locking: Locking::Nested, ..everything.clone() };
    let mut text = String::new();
    for tuning in [everything, nested] {
        for _ in 0..400 {
            text += &programs(tuning.clone()).new_tree(&mut runner).expect("it draws").current().text();
        }
    }
    let words = "LOAD STORE PUSH POP ADD SUB EQ DIV MOD CAS XADD XCHG FENCE LOCK UNLOCK TRYLOCK RDLOCK WRLOCK \
                 ACQUIRE RELEASE TRYACQUIRE WAIT NOTIFY NOTIFYALL SET CLEAR PUT GET YIELD CHOOSE ASSERT PRINT \
                 JZ shared atomic local mutex rlock rwlock semaphore condition event barrier queue";
    for word in words.split_whitespace() {
        assert!(text.lines().any(|line| line.trim_start().starts_with(word)), "{word} is never drawn");
    }
}

#[test]
fn nested_locks_are_given_back() {
    let mut runner = runner(4, 1);
    let tuning = Tuning { rlock: true, rwlock: true, semaphore: true, ..Tuning::default() };
    for _ in 0..200 {
        let draft = programs(tuning.clone()).new_tree(&mut runner).expect("it draws").current();
        draft.subject().explore().assert_fault_free();
    }
}

#[test]
fn programs_stay_well_formed_while_they_shrink() {
    for tuning in tunings() {
        shrink_anyhow(5, &programs(tuning.clone()), |draft| check_draft(&tuning, draft));
    }
}

#[test]
fn a_program_that_depends_on_the_schedule_shrinks_to_two_stores_or_a_store_and_a_load() {
    for seed in 0..8 {
        let draft = smallest(seed, &programs(Tuning::default()), |draft| {
            draft.subject().explore().outcomes().rows().is_ok_and(|rows| rows.len() <= 1)
        });
        assert_eq!(draft.threads(), 2, "{draft}");
        assert_eq!(draft.instructions().iter().sum::<usize>(), 4, "{draft}");
    }
}

#[test]
fn what_no_serial_execution_does_shrinks_to_a_lost_update() {
    for seed in 0..6 {
        let draft = smallest(seed, &programs(Tuning::default()), |draft| {
            let rows = |model| draft.subject().switch(model).explore().outcomes().rows().unwrap_or_default();
            // Tasks that never yield run one after the other.
            rows(SwitchModel::Every) == rows(SwitchModel::Await)
        });
        let (read, written) = ("LOAD  x\n    STORE x", "PUSH  1\n    STORE x");
        let of = |a, b| format!("shared x\n\nthread A\n    {a}\nend\n\nthread B\n    {b}\nend\n");
        assert!([of(read, written), of(written, read)].contains(&draft.text()), "seed {seed}: {draft}");
    }
}

#[test]
fn the_lost_update_of_increments_shrinks_to_its_four_instructions_twice() {
    let expected = "\
shared x

thread A[2]
    LOAD  x
    PUSH  1
    ADD
    STORE x
end
";
    let tuning = Tuning { threads: 2..=3, instructions: 8, shared: 1, mutexes: 1, ..Tuning::plain() };
    for seed in 0..4 {
        let draft = smallest(seed, &programs(tuning.clone()), |draft| {
            sum_of_increments(draft)
                .is_none_or(|sum| draft.subject().explore().outcomes().exactly([sum]).is_ok())
        });
        assert_eq!(draft.text(), expected, "seed {seed}");
    }
}

/// Returns what `x` is in the end if no update is lost, for programs that do nothing but add to it.
fn sum_of_increments(draft: &Draft) -> Option<i64> {
    let text = draft.text();
    let mut sum = 0;
    if !text.starts_with("shared x\n") {
        return None;
    }
    for thread in text.split("thread ").skip(1) {
        let (head, body) = thread.split_once('\n')?;
        let copies = head.split_once('[').map_or(1, |(_, rest)| rest.trim_end_matches(']').parse().unwrap());
        let words: Vec<&str> = body.split_once("end")?.0.split_whitespace().collect();
        let words: Vec<&str> =
            words.into_iter().filter(|word| !["LOCK", "UNLOCK", "m"].contains(word)).collect();
        for increment in words.chunks(7) {
            let ["LOAD", "x", "PUSH", number, "ADD", "STORE", "x"] = *increment else { return None };
            let number: i64 = number.parse().unwrap();
            if number == 0 {
                return None;
            }
            sum += copies * number;
        }
    }
    Some(sum)
}

/// Writes the deadlock that has its name from the orders in which two threads lock.
fn in_two_orders(a: &str, b: &str) -> String {
    let thread = |name: &str, a: &str, b: &str| {
        format!("thread {name}\n    LOCK   {a}\n    LOCK   {b}\n    UNLOCK {b}\n    UNLOCK {a}\nend\n")
    };
    format!("mutex m\nmutex n\n\n{}\n{}", thread("A", a, b), thread("B", b, a))
}

#[test]
fn a_deadlock_shrinks_to_two_locks_in_two_orders() {
    for seed in 0..6 {
        let draft = smallest(seed, &programs(Tuning::default()), |draft| {
            draft.subject().explore().deadlock_free().is_ok()
        });
        let orders = [in_two_orders("m", "n"), in_two_orders("n", "m")];
        assert!(orders.contains(&draft.text()), "seed {seed}: {draft}");
    }
}

#[test]
fn what_tso_shows_and_sc_does_not_shrinks_to_store_buffering() {
    let tuning = Tuning { threads: 2..=2, instructions: 8, ..Tuning::plain() };
    for seed in 0..3 {
        let draft = smallest(seed, &programs(tuning.clone()), |draft| {
            let rows = |model| draft.subject().memory(model).explore().outcomes().rows().unwrap_or_default();
            rows(MemoryModel::Sc) == rows(MemoryModel::Tso)
        });
        // Each thread stores twice, or stores and loads what the other stores.
        assert_eq!(draft.instructions(), [4, 4], "seed {seed}: {draft}");
    }
}

#[test]
fn a_drawn_program_prints_itself_as_a_file() {
    let draft = smallest(0, &programs(Tuning::default()), |draft| draft.instructions() == [0]);
    assert_eq!(format!("{draft:?}"), format!("\n{draft}"));
    assert_eq!(String::from(&draft), draft.text());
    testing::program(&draft).explore().assert_expectations();
}

const COUNTER: &str = "\
shared x
shared y
thread inc[2]
    LOAD x
    PUSH 1
    ADD
    STORE x
    NOP
end
thread other
  again:
    LOAD y
    JZ again
end
thread set
    PUSH 1
    STORE y
end
";

#[test]
fn placements_stay_well_formed_while_they_shrink() {
    let strategies = [
        lock_placements(COUNTER),
        lock_placements(COUNTER).of(["m", "n"]),
        lock_placements(format!("rlock m\n{COUNTER}")).of(["m"]),
        lock_placements("shared guard\nthread t\nend\nthread u\n l: LOAD guard\n POP\nend"),
    ];
    for strategy in strategies {
        shrink_anyhow(6, &strategy, |placement: &Placement| {
            assert_well_formed(placement, &placement.subject());
            assert_eq!(placement.text().matches("  LOCK").count(), placement.sections(), "{placement}");
            assert_eq!(placement.text().matches("  UNLOCK").count(), placement.sections(), "{placement}");
        });
    }
}

#[test]
fn the_smallest_locking_that_helps_is_found() {
    for seed in 0..4 {
        let placement = smallest(seed, &lock_placements(COUNTER), |placement| {
            let found = placement.subject().explore();
            found.outcomes_of(["x"]).exactly([2]).is_err() || found.deadlock_free().is_err()
        });
        assert_eq!((placement.sections(), placement.locked()), (1, 4), "{placement}");
    }
}

#[test]
fn a_deadlock_by_placement_needs_two_locks() {
    let work = "shared x\nthread a\n NOP\n NOP\nend\nthread b\n NOP\n NOP\nend";
    let placement = smallest(7, &lock_placements(work).of(["m", "n"]), |placement| {
        placement.subject().explore().deadlock_free().is_ok()
    });
    assert_eq!(placement.sections(), 4, "{placement}");
}

#[test]
#[should_panic(expected = "does not assemble")]
fn locks_are_placed_in_programs_that_assemble() {
    let _ = lock_placements("thread t\n LOAD nothing\nend");
}

#[test]
#[should_panic(expected = "does not assemble")]
fn only_locks_are_placed() {
    let _ = lock_placements("event e\nthread t\n NOP\nend").of(["e"]);
}

const STACK: &str = "\
shared top = 0
shared items[9]
proc push
    LOAD top
    STORE items[]
    LOAD top
    PUSH 1
    ADD
    STORE top
end
proc pop
    LOAD top
    PUSH 1
    SUB
    DUP
    STORE top
    LOAD items[]
end
";

#[test]
fn clients_stay_well_formed_while_they_shrink() {
    let stack = Object::new(STACK).operation("push", 1, 0).operation("pop", 0, 1);
    let wide = clients(stack.clone()).threads(2..=2).calls(0..=4).values(9);
    for strategy in [clients(stack), wide] {
        shrink_anyhow(8, &strategy, |client: &Client| assert_well_formed(client, &client.subject()));
    }
}

#[test]
fn a_broken_stack_shrinks_to_two_pushes() {
    let stack = Object::new(STACK).operation("push", 1, 0).operation("pop", 0, 1);
    for seed in 0..4 {
        let client = smallest(seed, &clients(stack.clone()).threads(1..=2), |client| {
            client.subject().explore().race_free().is_ok()
        });
        let calls: Vec<usize> = client.calls().iter().map(Vec::len).collect();
        assert_eq!(calls, [1, 1], "{client}");
        assert!(
            client.calls().concat().iter().all(|(name, arguments)| match *name {
                "push" => arguments == &[1],
                _ => false,
            }),
            "{client}"
        );
    }
}

#[test]
fn results_are_what_an_outcome_shows() {
    let counter =
        Object::new("atomic n = 5\nproc take\n PUSH 1\n XADD n\n PUSH 7\nend").operation("take", 0, 2);
    let mut runner = runner(9, 1);
    let strategy = clients(counter).threads(1..=1).calls(2..=2);
    let client = strategy.new_tree(&mut runner).expect("it draws").current();
    client.subject().explore().outcomes().assert_exactly([[5, 7, 6, 7]]);
}

#[test]
#[should_panic(expected = "does not assemble")]
fn an_operation_has_the_arity_it_says() {
    let _ = clients(Object::new(STACK).operation("pop", 0, 2));
}
