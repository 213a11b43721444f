//! Random executions: who is ready, and what comes out.

use super::super::{
    Class, Decision, Draw, Drawn, End, ParsedSchedule, Random, Sampling, Schedule, Strategy, StrategyName,
    Tally, parse, replay, runs_needed, sample, sample_with,
};
use super::{LOST_UPDATE, every_sc, machine, program};
use crate::program::{MemoryModel, SwitchModel, ThreadId};
use crate::vm::{Actor, Machine};

/// Every way to wait, and every way to be let go on.
const WAITS: &[&str] = &[
    "mutex m\nrlock r\nshared x
    thread T[3]\n LOCK m\n LOCK r\n LOCK r\n LOAD x\n PUSH 1\n ADD\n STORE x\n UNLOCK r\n UNLOCK m\n TRYLOCK r\n POP\n
    UNLOCK r\n end",
    "rwlock w\nsemaphore s = 1 max 2\nshared x
    thread R[2]\n RDLOCK w\n RDLOCK w\n LOAD x\n POP\n UNLOCK w\n UNLOCK w\n ACQUIRE s\n RELEASE s\n end
    thread W[2]\n WRLOCK w\n PUSH 1\n STORE x\n UNLOCK w\n TRYACQUIRE s\n JZ out\n RELEASE s\n out:\n end",
    "mutex m\nrlock r\ncondition c[2] on m\ncondition d on r\nshared n
    thread W[4]\n LOCK m\n LOAD n\n PUSH 1\n ADD\n STORE n\n SELF\n PUSH 2\n MOD\n WAIT c[]\n UNLOCK m\n end
    thread V\n LOCK r\n LOCK r\n WAIT d\n UNLOCK r\n UNLOCK r\n end
    thread N\n again: LOAD n\n PUSH 4\n LT\n JNZ again\n LOCK m\n NOTIFYALL c[0]\n NOTIFY c[1]\n NOTIFY c[1]\n UNLOCK m\n
    NOTIFY d\n end",
    "barrier b = 2\nevent e\nqueue q max 1\nshared x
    thread P[4]\n WAIT b\n SELF\n PUT q\n WAIT e\n WAIT b\n end
    thread C\n GET q\n POP\n GET q\n POP\n SET e\n GET q\n POP\n CLEAR e\n GET q\n POP\n SET e\n LEN q\n STORE x\n end",
    "shared x\nthread Main\n START D\n START E[1]\n JOIN E[1]\n JOIN D\n START E[0]\n JOIN E\n end
    thread D[3] deferred\n LOAD x\n PUSH 1\n ADD\n STORE x\n CHOOSE 0..2\n POP\n end
    thread E[2] deferred\n PUSH 7\n STORE x\n end\nthread Empty\nend\nthread J\n again: LOAD x\n JZ again\n JOIN Empty\n end",
    "shared x\nshared y\nshared a[2]\nthread T[2]\n PUSH 1\n STORE x\n LOAD y\n POP\n PUSH 2\n STORE y\n PUSH 3\n SELF\n
    STORE a[]\n FENCE\n PUSH 1\n XADD x\n POP\n PUSH 5\n STORE x\n end\nthread J\n PUSH 1\n STORE y\n JOIN T\n end",
    "proc work\n atomic\n LOAD x\n YIELD\n PUSH 1\n ADD\n STORE x\n end\n end\nshared x\nmutex m
    thread T[2]\n LOCK m\n CALL work\n YIELD\n UNLOCK m\n CALL work\n end\nthread D[2]\n atomic\n LOCK m\n NOP\n UNLOCK m\n end\n end",
];

fn all_machines<'p>(program: &'p crate::program::Program) -> impl Iterator<Item = Machine<'p>> {
    let pairs = SwitchModel::ALL.into_iter().flat_map(|s| MemoryModel::ALL.into_iter().map(move |m| (s, m)));
    pairs.map(|(switch, memory)| machine(program, switch, memory))
}

/// The random walk, which compares at every decision who is ready with who is by definition.
struct Compared;

impl Strategy for Compared {
    fn begin(&mut self, _: &Machine<'_>, _: &mut Draw) {}

    fn choose(&mut self, decision: &Decision<'_, '_>, draw: &mut Draw) -> Actor {
        let Decision { machine, state, ready, .. } = *decision;
        let mut expected = Vec::new();
        machine.actors(state, &mut expected);
        expected.sort_unstable();
        let mut found: Vec<Actor> = (0..ready.len()).map(|number| decision.actor(number)).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        let threads: Vec<ThreadId> = machine.program().thread_ids().collect();
        for &id in &threads {
            assert_eq!(ready.is_enabled(id), expected.contains(&Actor::Thread(id)));
            let (upto, behind) = threads.split_at(id.index() + 1);
            let next = behind.iter().chain(upto).find(|&&next| machine.is_enabled(state, next));
            assert_eq!(ready.next_thread(Some(id)), next.copied());
        }
        Random.choose(decision, draw)
    }
}

/// The random walk, which is not blind: every step is executed when it is chosen.
struct Seeing;

impl Strategy for Seeing {
    fn begin(&mut self, _: &Machine<'_>, _: &mut Draw) {}

    fn choose(&mut self, decision: &Decision<'_, '_>, draw: &mut Draw) -> Actor {
        Random.choose(decision, draw)
    }
}

fn sampling(strategy: StrategyName, runs: u64) -> Sampling {
    Sampling { strategy, seed: 7, runs, limit: Some(10_000) }
}

fn tally(machine: &Machine<'_>, strategy: StrategyName, runs: u64) -> Tally {
    sample(machine, &sampling(strategy, runs), &mut |_, _| true)
}

#[test]
fn who_is_ready_is_who_is_enabled() {
    for text in WAITS {
        let program = program(text);
        for machine in all_machines(&program) {
            let tally =
                sample_with(&machine, Compared, &sampling(StrategyName::Random, 60), &mut |_, _| true);
            assert_eq!(tally.runs, 60);
        }
    }
}

/// Hidden steps that fault, fail, never end, and stand before what blocks or can be seen.
const STRETCHES: &[&str] = &[
    "shared x\nthread T[2]\n local i\n local a[3]\n again: LOAD x\n DUP\n STORE i\n PUSH 1\n ADD\n STORE x\n LOAD i\n
    DUP\n DUP\n STORE a[]\n PUSH 4\n LT\n JNZ again\n end",
    "shared x\nthread T[2]\n local i = 5\n LOAD x\n JNZ again\n PUSH 1\n STORE x\n again: PUSH 12\n LOAD i\n PUSH 1\n
    SUB\n DUP\n STORE i\n DIV\n POP\n JMP again\n end",
    "shared x\nthread T[2]\n local i\n LOAD x\n JNZ again\n PUSH 1\n STORE x\n NOP\n HALT\n again: LOAD i\n PUSH 1\n XOR\n
    STORE i\n JMP again\n end",
    "shared x\nmutex m\nthread T[3]\n LOCK m\n LOAD x\n PUSH 1\n ADD\n STORE x\n NOP\n UNLOCK m\n NOP\n NOP\n LOCK m\n
    LOAD x\n PUSH 4\n LT\n ASSERT \"four\"\n UNLOCK m\n LOAD x\n PUSH 5\n NE\n ASSUME\n end",
    "shared x\nproc f\n SELF\n NOP\n JZ out\n NOP\n RET\n out:\n end
    thread T[3]\n CALL f\n NOP\n LOAD x\n SELF\n ADD\n STORE x\n CALL f\n NOP\n NOP\n JMP out\n NOP\n out:\n end
    thread J\n NOP\n JOIN T\n NOP\n CHOOSE 1..3\n XADD x\n PRINT\n end",
    "shared x\nshared y\nthread T[2]\n PUSH 1\n STORE x\n NOP\n PUSH 1\n STORE y\n NOP\n FENCE\n NOP\n LOAD x\n PUSH 2\n
    XADD y\n ADD\n PUSH 3\n CAS x\n JZ out\n PUSH 1\n NEG\n XCHG x\n STORE y\n NOP\n out:\n end",
];

#[test]
fn steps_that_nobody_sees_may_be_executed_before_they_are_chosen() {
    for text in WAITS.iter().chain(STRETCHES) {
        let program = program(text);
        for machine in all_machines(&program) {
            for limit in [7, 10_000] {
                let sampling = Sampling { limit: Some(limit), ..sampling(StrategyName::Random, 60) };
                let ahead = sample_with(&machine, Random, &sampling, &mut |_, _| true);
                assert_eq!(ahead, sample_with(&machine, Seeing, &sampling, &mut |_, _| true), "{text}");
            }
        }
    }
}

#[test]
fn every_recorded_schedule_leads_to_its_class() {
    let names = ["random", "pct:1", "pct:3", "quantum:1", "quantum:3", "round-robin"];
    for text in WAITS {
        let program = program(text);
        for machine in all_machines(&program) {
            for name in names {
                let tally = tally(&machine, name.parse().expect("a strategy"), 30);
                assert_eq!(tally.results.iter().map(|result| result.count).sum::<u64>(), 30);
                for result in tally.results {
                    let Some(schedule) = result.schedule else {
                        assert_eq!(result.class, Class::Unfinished);
                        continue;
                    };
                    let text = schedule.to_text(&program);
                    let parsed = parse(&text, &program).expect("a printed schedule is a schedule");
                    let execution = replay(&machine, &parsed).expect("a recorded schedule fits");
                    assert_eq!(execution.steps.len() as u64, result.steps);
                    let ends_alike = match result.class {
                        Class::Outcome { .. } => execution.end == End::Final,
                        Class::Deadlock { .. } => execution.end == End::Deadlock,
                        Class::Fault { fault, .. } => execution.end == End::Fault(fault),
                        Class::Assume => execution.end == End::Assume,
                        Class::Unfinished => false,
                    };
                    assert!(ends_alike, "{:?}", execution.end);
                }
            }
        }
    }
}

fn shares(tally: &Tally) -> Vec<(i64, u64)> {
    let results = tally.results.iter().map(|result| match &result.class {
        Class::Outcome { values, .. } => (values[0][0], result.count),
        other => panic!("only outcomes were expected: {other:?}"),
    });
    results.collect()
}

#[test]
fn the_random_walk_finds_outcomes_with_their_probability() {
    let program = program(LOST_UPDATE);
    let shares = shares(&tally(&every_sc(&program), StrategyName::Random, 16_000));
    // 7/8 and 1/8 of 16,000, within five standard deviations.
    let [(1, ones), (2, twos)] = shares[..] else { panic!("{shares:?}") };
    assert!(ones + twos == 16_000 && (1_790..2_210).contains(&twos), "{shares:?}");
}

#[test]
fn the_same_seed_gives_the_same_tally() {
    let program = program(LOST_UPDATE);
    let machine = every_sc(&program);
    for name in ["random", "pct:2", "quantum:3", "round-robin"] {
        let name = name.parse().expect("a strategy");
        assert_eq!(tally(&machine, name, 100), tally(&machine, name, 100));
    }
    let other = Sampling { seed: 8, ..sampling(StrategyName::Random, 100) };
    assert_ne!(
        sample(&machine, &other, &mut |_, _| true).results,
        tally(&machine, StrategyName::Random, 100).results
    );
}

#[test]
fn strategies_without_chance_give_the_schedule_of_their_definition() {
    let program = program(LOST_UPDATE);
    let machine = every_sc(&program);
    let only = |name: StrategyName, text: &str| {
        let tally = tally(&machine, name, 20);
        let texts: Vec<String> = tally
            .results
            .iter()
            .map(|result| result.schedule.as_ref().expect("short").to_text(&program))
            .collect();
        assert!(texts.len() == 1 && texts[0].starts_with(&format!("{text}@")), "{texts:?}");
    };
    only(StrategyName::RoundRobin, "A1 B1 A1 B1 A1 B1 A1 B1");
    only(StrategyName::Quantum(1), "A1 B1 A1 B1 A1 B1 A1 B1");
}

#[test]
fn a_quantum_cuts_every_slice_but_the_first_at_its_length() {
    let program = program("thread T[2]\n NOP\n NOP\n NOP\n NOP\n NOP\n NOP\n end");
    let machine = every_sc(&program);
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..60 {
        let sampling = Sampling { seed, ..sampling(StrategyName::Quantum(3), 1) };
        let tally = sample(&machine, &sampling, &mut |_, _| true);
        let text = tally.results[0].schedule.as_ref().expect("short").to_text(&program);
        seen.insert(text.split('@').next().expect("a text").to_owned());
    }
    let expected = ["A1 B3 A3 B3 A2", "A2 B3 A3 B3 A1", "A3 B3 A3 B3"];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn pct_keeps_its_promise() {
    // The order B before A in each of three places needs depth 3; each run finds it with at least
    // 1 / (n k^(d-1)), and depth 1 cannot.
    let program = program(
        "shared x\nshared r
        thread A\n PUSH 1\n STORE x\n LOAD x\n PUSH 2\n EQ\n STORE r\n end
        thread B\n PUSH 2\n STORE x\n end\nobserve r",
    );
    let machine = every_sc(&program);
    assert_eq!(shares(&tally(&machine, StrategyName::Pct(1), 500)), [(0, 500)]);
    let found = shares(&tally(&machine, StrategyName::Pct(2), 2_000));
    let [(0, _), (1, hits)] = found[..] else { panic!("{found:?}") };
    assert!(hits >= 2_000 / (2 * 8) / 2, "{hits}");
}

#[test]
fn pct_does_not_starve_whoever_a_loop_waits_for() {
    let program =
        program("shared x\nthread W\n again: LOAD x\n JZ again\n end\nthread S\n PUSH 1\n STORE x\n end");
    for depth in 1..4 {
        let tally = tally(&every_sc(&program), StrategyName::Pct(depth), 200);
        assert_eq!(shares(&tally), [(1, 200)]);
    }
}

#[test]
fn a_drawn_schedule_is_followed() {
    let program = program(LOST_UPDATE);
    let machine = every_sc(&program);
    let actions = |text: &str| -> Schedule {
        let parsed: ParsedSchedule = parse(text, &program).expect("a schedule");
        replay(&machine, &parsed).expect("it fits").schedule()
    };
    let both = [actions("A3 B4 A1"), actions("A4 B4")];
    let drawn = Drawn::new(|words: &mut dyn FnMut() -> u64| both[(words() >> 63) as usize].clone());
    let tally = sample_with(&machine, drawn, &sampling(StrategyName::Uniform, 100), &mut |_, _| true);
    let found: Vec<Option<Schedule>> = tally.results.into_iter().map(|result| result.schedule).collect();
    assert_eq!(found, both.map(Some));
}

#[test]
fn a_run_without_end_is_unfinished_and_a_sampling_can_be_given_up() {
    let program = program("thread T\n again: JMP again\n end");
    let machine = every_sc(&program);
    let result = tally(&machine, StrategyName::Random, 3);
    assert_eq!((&result.results[0].class, result.results[0].count), (&Class::Unfinished, 3));
    assert_eq!(result.steps, 30_000);
    let endless = Sampling { limit: None, ..sampling(StrategyName::Random, 3) };
    let cut = sample(&machine, &endless, &mut |_, steps| steps < 3_000_000);
    assert!(cut.cut && cut.runs == 0 && cut.results.is_empty());
}

#[test]
fn ten_thousand_threads_for_one_lock() {
    let program = program(
        "shared x\nmutex m\nthread T[10000]\n LOCK m\n LOAD x\n PUSH 1\n ADD\n STORE x\n UNLOCK m\n end",
    );
    let machine = every_sc(&program);
    let sampling = Sampling { limit: None, ..sampling(StrategyName::Random, 2) };
    let tally = sample(&machine, &sampling, &mut |_, _| true);
    assert_eq!((shares(&tally), tally.steps), (vec![(10_000, 2)], 120_000));
}

#[test]
fn the_number_of_runs_that_it_takes() {
    for (probability, confidence, runs) in [
        (0.5, 0.5, Some(1)),
        (0.5, 0.95, Some(5)),
        (0.5, 0.99, Some(7)),
        (0.125, 0.5, Some(6)),
        (0.125, 0.95, Some(23)),
        (1.0, 0.99, Some(1)),
        (1e-12, 0.5, Some(693_147_180_560)),
        (0.0, 0.5, None),
        (1e-300, 0.5, None),
    ] {
        assert_eq!(runs_needed(probability, confidence), runs, "{probability} {confidence}");
    }
}
