//! Facts: what mathematics and the literature say of small programs, in closed form.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::One;
use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Count, Exploration, Request, Unwatched, explore};
use racevm::explore::{Head, Kind, Limits, NodeId, Observer, Space};
use racevm::graph::{Components, DecisionGraph, Drawer};
use racevm::program::{MemoryModel, Models, Program, SwitchModel};
use racevm::schedule::{Draw, ParsedSchedule, parse, replay};
use racevm::vm::{Actor, DEFAULT_BUFFER, Machine, State};

const INCREMENT: &str = "LOAD x\nPUSH 1\nADD\nSTORE x\n";

fn assembled(text: &str) -> Program {
    assemble("fact.rvm", text, &Options::default(), &NoFiles)
        .unwrap_or_else(|failure| panic!("{failure:?}\n{text}"))
}

fn explored_under(text: &str, models: Models) -> Exploration {
    let request = Request { count: true, ..Request::new(models) };
    explore(&assembled(text), &request, &mut Unwatched).expect("small states")
}

/// Explores under the models that the program names.
fn explored(text: &str) -> Exploration {
    explored_under(text, assembled(text).models)
}

/// The final values, one list an outcome.
fn values(found: &Exploration) -> BTreeSet<Vec<i64>> {
    found.outcomes.iter().map(|outcome| outcome.values.concat()).collect()
}

fn number(digits: &str) -> Count {
    Count::Finite(digits.parse().unwrap())
}

fn fraction(numerator: i64, denominator: i64) -> BigRational {
    BigRational::new(BigInt::from(numerator), BigInt::from(denominator))
}

/// The exact probability of each list of final values; those with equal values and different output add up.
fn probabilities(found: &Exploration) -> BTreeMap<Vec<i64>, BigRational> {
    let mut sums = BTreeMap::new();
    for outcome in &found.outcomes {
        let exact = outcome.reached.probability.clone().and_then(|p| p.exact).expect("an exact probability");
        *sums.entry(outcome.values.concat()).or_insert_with(|| fraction(0, 1)) += exact;
    }
    sums
}

fn schedules_of(found: &Exploration) -> BTreeMap<Vec<i64>, Count> {
    let of = |reached: &racevm::check::Reached| reached.schedules.clone().expect("counted");
    found.outcomes.iter().map(|outcome| (outcome.values.concat(), of(&outcome.reached))).collect()
}

fn factorial(n: u32) -> BigUint {
    (1..=n).map(BigUint::from).product()
}

/// Does nothing with what it meets.
struct Blind;

impl Observer for Blind {
    fn state(&mut self, _: NodeId, _: &State, _: Kind, _: &[Actor]) {}
}

fn space_of<'m, 'p>(machine: &'m Machine<'p>) -> Space<'m, 'p> {
    Space::explore(machine, &Limits::default(), &mut Unwatched, &mut Blind)
}

/// `threads` copies, each with `times` unlocked increments.
fn increments(threads: u32, times: usize) -> String {
    format!("shared x\nthread inc[{threads}]\n{}end\n", INCREMENT.repeat(times))
}

#[test]
fn two_threads_increment() {
    let found = explored(&increments(2, 1));
    assert_eq!(found.schedules, Some(number("70")));
    assert_eq!(schedules_of(&found), BTreeMap::from([(vec![1], number("68")), (vec![2], number("2"))]));
    let shares = BTreeMap::from([(vec![1], fraction(7, 8)), (vec![2], fraction(1, 8))]);
    assert_eq!(probabilities(&found), shares);
    assert_eq!((found.search.states, found.search.transitions), (32, 46));
    assert_eq!(found.races.len(), 2, "LOAD with STORE and STORE with STORE");
    assert!(found.deadlocks.is_empty() && found.faults.is_empty() && found.livelocks.is_empty());
    let switches: Vec<usize> =
        found.outcomes.iter().map(|outcome| outcome.reached.witness.switches()).collect();
    assert_eq!(switches, [2, 1]);
}

#[test]
fn three_threads_increment() {
    let found = explored(&increments(3, 1));
    assert_eq!(found.schedules, Some(number("34650")));
    let schedules = [(vec![1], number("32880")), (vec![2], number("1764")), (vec![3], number("6"))];
    assert_eq!(schedules_of(&found), BTreeMap::from(schedules));
    let shares = [(vec![1], fraction(379, 486)), (vec![2], fraction(419, 1944)), (vec![3], fraction(1, 216))];
    assert_eq!(probabilities(&found), BTreeMap::from(shares));
}

#[test]
fn two_threads_increment_n_times_and_may_be_left_with_2() {
    for n in 1..=6_u32 {
        let found = explored(&increments(2, n as usize));
        let least = i64::from(n.min(2));
        let expected: BTreeSet<Vec<i64>> = (least..=2 * i64::from(n)).map(|value| vec![value]).collect();
        // One increment each can be lost to 1; from two on the worst is 2, however many there are.
        assert_eq!(values(&found), expected, "n = {n}");
        let interleavings = factorial(8 * n) / (factorial(4 * n) * factorial(4 * n));
        assert_eq!(found.schedules, Some(Count::Finite(interleavings)), "n = {n}");
        let sum: BigRational = probabilities(&found).into_values().sum();
        assert!(sum.is_one(), "n = {n}: {sum}");
    }
}

#[test]
fn ten_increments_each_have_more_than_10_to_the_23_schedules() {
    let found = explored(&increments(2, 10));
    assert_eq!(found.schedules, Some(number("107507208733336176461620")));
    assert_eq!(found.search.states, 121_451);
    assert_eq!(values(&found), (2..=20).map(|value| vec![value]).collect());
}

#[test]
fn a_locked_increment_is_never_lost() {
    for n in 2..=4_u32 {
        let text = format!("shared x\nmutex m\nthread inc[{n}]\nLOCK m\n{INCREMENT}UNLOCK m\nend\n");
        let found = explored(&text);
        assert_eq!(values(&found), BTreeSet::from([vec![i64::from(n)]]));
        assert!(found.races.is_empty() && found.deadlocks.is_empty());
        // What lies between LOCK and UNLOCK runs alone: the only choice is who comes next.
        assert_eq!(found.schedules, Some(Count::Finite(factorial(n))), "n = {n}");
    }
}

/// A litmus test: declarations, one line of code a thread, the outcome in question with what is observed, and
/// under which of sc, tso and pso it is allowed.
struct Litmus {
    name: &'static str,
    threads: &'static [&'static str],
    observe: &'static str,
    outcome: &'static [i64],
    allowed: [bool; 3],
}

const NEVER: [bool; 3] = [false, false, false];
const WITH_BUFFERS: [bool; 3] = [false, true, true];
const PSO_ONLY: [bool; 3] = [false, false, true];

/// The names are those of Alglave, Maranget and Tautschnig, "Herding Cats" (TOPLAS 2014), and, for n5, n6 and
/// iwp2.4, of Owens, Sarkar and Sewell, "A Better x86 Memory Model: x86-TSO" (TPHOLs 2009). `Wx1` stores 1 in
/// x, `Ra=x` reads x into a, `F` is a fence, `X` an exchange of 1 with x.
const LITMUS: &[Litmus] = &[
    Litmus {
        name: "SB",
        threads: &["Wx1 Ra=y", "Wy1 Rb=x"],
        observe: "a, b",
        outcome: &[0, 0],
        allowed: WITH_BUFFERS,
    },
    Litmus {
        name: "SB+fences",
        threads: &["Wx1 F Ra=y", "Wy1 F Rb=x"],
        observe: "a, b",
        outcome: &[0, 0],
        allowed: NEVER,
    },
    Litmus {
        name: "SB+fence+po",
        threads: &["Wx1 F Ra=y", "Wy1 Rb=x"],
        observe: "a, b",
        outcome: &[0, 0],
        allowed: WITH_BUFFERS,
    },
    Litmus {
        name: "SB+exchanges",
        threads: &["Xx1 Ra=y", "Xy1 Rb=x"],
        observe: "a, b",
        outcome: &[0, 0],
        allowed: NEVER,
    },
    Litmus {
        name: "MP",
        threads: &["Wx1 Wy1", "Ra=y Rb=x"],
        observe: "a, b",
        outcome: &[1, 0],
        allowed: PSO_ONLY,
    },
    Litmus {
        name: "MP+fence+po",
        threads: &["Wx1 F Wy1", "Ra=y Rb=x"],
        observe: "a, b",
        outcome: &[1, 0],
        allowed: NEVER,
    },
    Litmus {
        name: "MP+po+fence",
        threads: &["Wx1 Wy1", "Ra=y F Rb=x"],
        observe: "a, b",
        outcome: &[1, 0],
        allowed: PSO_ONLY,
    },
    Litmus {
        name: "LB",
        threads: &["Ra=x Wy1", "Rb=y Wx1"],
        observe: "a, b",
        outcome: &[1, 1],
        allowed: NEVER,
    },
    Litmus {
        name: "S",
        threads: &["Wx2 Wy1", "Ra=y Wx1"],
        observe: "x, a",
        outcome: &[2, 1],
        allowed: PSO_ONLY,
    },
    Litmus {
        name: "R",
        threads: &["Wx1 Wy1", "Wy2 Ra=x"],
        observe: "y, a",
        outcome: &[2, 0],
        allowed: WITH_BUFFERS,
    },
    Litmus {
        name: "R+fence on the reader's side",
        threads: &["Wx1 Wy1", "Wy2 F Ra=x"],
        observe: "y, a",
        outcome: &[2, 0],
        allowed: PSO_ONLY,
    },
    Litmus {
        name: "2+2W",
        threads: &["Wx1 Wy2", "Wy1 Wx2"],
        observe: "x, y",
        outcome: &[1, 1],
        allowed: PSO_ONLY,
    },
    Litmus {
        name: "2+2W+fences",
        threads: &["Wx1 F Wy2", "Wy1 F Wx2"],
        observe: "x, y",
        outcome: &[1, 1],
        allowed: NEVER,
    },
    Litmus {
        name: "IRIW",
        threads: &["Wx1", "Wy1", "Ra=x Rb=y", "Rc=y Rd=x"],
        observe: "a, b, c, d",
        outcome: &[1, 0, 1, 0],
        allowed: NEVER,
    },
    Litmus {
        name: "WRC",
        threads: &["Wx1", "Ra=x Wy1", "Rb=y Rc=x"],
        observe: "a, b, c",
        outcome: &[1, 1, 0],
        allowed: NEVER,
    },
    Litmus {
        name: "RWC",
        threads: &["Wx1", "Ra=x Rb=y", "Wy1 Rc=x"],
        observe: "a, b, c",
        outcome: &[1, 0, 0],
        allowed: WITH_BUFFERS,
    },
    Litmus {
        name: "RWC+fence",
        threads: &["Wx1", "Ra=x Rb=y", "Wy1 F Rc=x"],
        observe: "a, b, c",
        outcome: &[1, 0, 0],
        allowed: NEVER,
    },
    Litmus {
        name: "ISA2",
        threads: &["Wx1 Wy1", "Ra=y Wz1", "Rb=z Rc=x"],
        observe: "a, b, c",
        outcome: &[1, 1, 0],
        allowed: PSO_ONLY,
    },
    Litmus {
        name: "CoRR",
        threads: &["Wx1", "Ra=x Rb=x"],
        observe: "a, b",
        outcome: &[1, 0],
        allowed: NEVER,
    },
    Litmus { name: "CoWW", threads: &["Wx1 Wx2", "Ra=x"], observe: "x", outcome: &[1], allowed: NEVER },
    Litmus {
        name: "n5",
        threads: &["Wx1 Ra=x", "Wx2 Rb=x"],
        observe: "a, b",
        outcome: &[2, 1],
        allowed: NEVER,
    },
    Litmus {
        name: "n6",
        threads: &["Wx1 Ra=x Rb=y", "Wy2 Wx2"],
        observe: "x, a, b",
        outcome: &[1, 1, 0],
        allowed: WITH_BUFFERS,
    },
    Litmus {
        name: "iwp2.4",
        threads: &["Wx1 Ra=x Rb=y", "Wy1 Rc=y Rd=x"],
        observe: "a, b, c, d",
        outcome: &[1, 0, 1, 0],
        allowed: WITH_BUFFERS,
    },
];

impl Litmus {
    fn program(&self) -> String {
        let mut text = "shared x\nshared y\nshared z\n".to_owned();
        for register in ["a", "b", "c", "d"] {
            text += &format!("atomic {register}\n");
        }
        text += &format!("observe {}\n", self.observe);
        for (index, thread) in self.threads.iter().enumerate() {
            text += &format!("thread T{index}\n");
            let mut reads = String::new();
            for step in thread.split(' ') {
                let name = |range: std::ops::Range<usize>| step.get(range).unwrap_or_default();
                match name(0..1) {
                    "W" => text += &format!("PUSH {}\nSTORE {}\n", name(2..3), name(1..2)),
                    "X" => text += &format!("PUSH {}\nXCHG {}\nPOP\n", name(2..3), name(1..2)),
                    "R" => {
                        // What was read stays on the stack; it is written down when the thread is done.
                        text += &format!("LOAD {}\n", name(3..4));
                        reads = format!("STORE {}\n{reads}", name(1..2));
                    }
                    _ => text += "FENCE\n",
                }
            }
            text += &format!("{reads}end\n");
        }
        text
    }
}

#[test]
fn litmus_tests_are_allowed_where_the_literature_allows_them() {
    for litmus in LITMUS {
        let text = litmus.program();
        for (memory, allowed) in MemoryModel::ALL.into_iter().zip(litmus.allowed) {
            let models = Models { switch: SwitchModel::Every, memory };
            let request = Request::new(models);
            let found = explore(&assembled(&text), &request, &mut Unwatched).expect("small states");
            let reached = values(&found).contains(litmus.outcome);
            assert_eq!(reached, allowed, "{} under {memory}:\n{text}", litmus.name);
        }
    }
}

#[test]
fn two_locks_in_two_orders_deadlock_in_2_schedules_of_6() {
    let text = "mutex a\nmutex b\nthread left\nLOCK a\nLOCK b\nUNLOCK b\nUNLOCK a\nend\n\
        thread right\nLOCK b\nLOCK a\nUNLOCK a\nUNLOCK b\nend\n";
    let found = explored(text);
    assert_eq!(found.schedules, Some(number("6")));
    let [deadlock] = found.deadlocks.as_slice() else { panic!("{:?}", found.deadlocks) };
    assert_eq!(deadlock.reached.schedules, Some(number("2")));
    assert_eq!(deadlock.reached.probability.clone().unwrap().exact, Some(fraction(1, 2)));
    assert_eq!(deadlock.reached.witness.switches(), 1);
    assert_eq!(deadlock.reached.witness.actions.len(), 2);
}

/// Philosophers who take both forks and put them back; the last may be left-handed.
fn philosophers(n: u32, last_is_left_handed: bool) -> String {
    let mut text = format!("mutex fork[{n}]\n");
    for seat in 0..n {
        let (mut first, mut second) = (seat, (seat + 1) % n);
        if last_is_left_handed && seat + 1 == n {
            (first, second) = (second, first);
        }
        text += &format!("thread P{seat}\nLOCK fork[{first}]\nLOCK fork[{second}]\n");
        text += &format!("UNLOCK fork[{second}]\nUNLOCK fork[{first}]\nend\n");
    }
    text
}

#[test]
fn philosophers_deadlock_once_for_each_order_of_their_first_forks() {
    for n in 2..=6 {
        let found = explored(&philosophers(n, false));
        let [deadlock] = found.deadlocks.as_slice() else { panic!("{n}: {:?}", found.deadlocks) };
        assert_eq!(deadlock.blocked.len(), n as usize);
        assert_eq!(deadlock.reached.schedules, Some(Count::Finite(factorial(n))), "{n} philosophers");
        assert_eq!(deadlock.reached.witness.switches(), n as usize - 1);
        assert_eq!(explored(&philosophers(n, true)).deadlocks, [], "{n} philosophers, one left-handed");
    }
}

#[test]
fn a_spin_lock_is_waited_for_for_ever_with_probability_0() {
    let text = format!(
        "atomic l\nshared x\nobserve x\nthread t[2]\nagain:\nPUSH 0\nPUSH 1\nCAS l\nJZ again\n{INCREMENT}\
         PUSH 0\nSTORE l\nend\n"
    );
    let found = explored(&text);
    assert_eq!(found.schedules, Some(Count::Infinite));
    assert_eq!(schedules_of(&found), BTreeMap::from([(vec![2], Count::Infinite)]));
    assert_eq!(probabilities(&found), BTreeMap::from([(vec![2], fraction(1, 1))]));
    assert!(found.livelocks.is_empty() && found.races.is_empty());
}

#[test]
fn a_coin_is_thrown_until_it_shows_1() {
    let found = explored("shared x\nthread t\nagain:\nCHOOSE 0..1\nSTORE x\nLOAD x\nJZ again\nend\n");
    assert_eq!(found.schedules, Some(Count::Infinite));
    assert_eq!(probabilities(&found), BTreeMap::from([(vec![1], fraction(1, 1))]));
    // A die is thrown until it shows a 1 (won) or one of 2, 3 (lost).
    let die = "shared x\nthread t\nagain:\nCHOOSE 1..6\nSTORE x\nLOAD x\nPUSH 3\nGT\nJNZ again\nend\n";
    let share = |value| (vec![value], fraction(1, 3));
    assert_eq!(probabilities(&explored(die)), [1, 2, 3].map(share).into());
}

#[test]
fn the_number_of_throws_is_geometric() {
    // The throws are counted up to 5: 1/6 * (5/6)^(n-1), and what is left for "5 or more".
    let text = "shared throws\nthread t\nagain:\nLOAD throws\nPUSH 1\nADD\nSTORE throws\n\
        LOAD throws\nPUSH 5\nEQ\nJNZ out\nCHOOSE 1..6\nPUSH 6\nNE\nJNZ again\nout:\nend\n";
    let mut expected = BTreeMap::new();
    let (mut power, mut left) = (fraction(1, 6), fraction(1, 1));
    for throws in 1..=4 {
        left -= &power;
        expected.insert(vec![throws], power.clone());
        power *= fraction(5, 6);
    }
    expected.insert(vec![5], left);
    assert_eq!(probabilities(&explored(text)), expected);
}

/// A walk from `k` that goes up with `CHOOSE 0..of-1` = 0, down otherwise, and ends at 0 and at `n`.
fn ruin(k: u32, n: u32, of: u32) -> String {
    format!(
        "const N = {n}\nshared x = {k}\nthread walk\nagain:\nLOAD x\nJZ out\nLOAD x\nPUSH N\nEQ\nJNZ out\n\
         CHOOSE 0..{of}-1\nJZ up\nLOAD x\nPUSH 1\nSUB\nSTORE x\nJMP again\n\
         up:\nLOAD x\nPUSH 1\nADD\nSTORE x\nJMP again\nout:\nend\n"
    )
}

#[test]
fn a_gambler_is_ruined_as_often_as_huygens_says() {
    for n in [2, 5, 8_u32] {
        for k in 1..n {
            for of in [2, 3, 4_u32] {
                // With q/p = r, he wins with (r^k - 1) / (r^n - 1), and with k/n when that is 1.
                let r = i64::from(of) - 1;
                let won = match r {
                    1 => fraction(i64::from(k), i64::from(n)),
                    _ => fraction(r.pow(k) - 1, r.pow(n) - 1),
                };
                let expected = [(vec![0], fraction(1, 1) - &won), (vec![i64::from(n)], won)];
                assert_eq!(probabilities(&explored(&ruin(k, n, of))), expected.into(), "{k} of {n}");
            }
        }
    }
}

#[test]
fn two_tasks_that_pull_in_two_directions_are_a_fair_walk() {
    let pull = |name: &str, step: &str| {
        format!(
            "thread {name}\nagain:\nLOAD x\nJZ out\nLOAD x\nPUSH N\nEQ\nJNZ out\n\
             LOAD x\nPUSH 1\n{step}\nSTORE x\nYIELD\nJMP again\nout:\nend\n"
        )
    };
    let (n, k) = (7, 3);
    let text =
        format!("const N = {n}\nswitch await\nshared x = {k}\n{}{}", pull("up", "ADD"), pull("down", "SUB"));
    let expected = [(vec![0], fraction(n - k, n)), (vec![n], fraction(k, n))];
    assert_eq!(probabilities(&explored(&text)), expected.into());
}

#[test]
fn a_loop_that_only_another_thread_ends_is_no_livelock() {
    let waits = "thread a\nagain:\nLOAD x\nJZ again\nend\n";
    let found = explored(&format!("shared x\n{waits}thread b\nPUSH 1\nSTORE x\nend\n"));
    assert_eq!(found.livelocks, []);
    assert_eq!(probabilities(&found), BTreeMap::from([(vec![1], fraction(1, 1))]));
    // Under await the loop never lets go: half of the executions come to nothing.
    let text = format!("switch await\nshared x\n{waits}thread b\nPUSH 1\nSTORE x\nend\n");
    let found = explored(&text);
    assert_eq!(found.livelocks.len(), 1);
    assert_eq!(probabilities(&found), BTreeMap::from([(vec![1], fraction(1, 2))]));
}

#[test]
fn a_loop_that_nobody_ends_is_a_livelock() {
    let found = explored("thread t\nagain:\nJMP again\nend\n");
    assert_eq!((found.livelocks.len(), found.outcomes.len()), (1, 0));
    assert_eq!(found.livelocks[0].witness.actions.len(), 0, "it begins at once");
    assert_eq!(found.schedules, Some(Count::Infinite));
    // Whether it comes to that is a coin's business.
    let found = explored(
        "shared x\nthread a\nCHOOSE 0..1\nSTORE x\nagain:\nLOAD x\nJZ again\nend\nthread b\nLOAD x\nPOP\nend\n",
    );
    let [livelock] = found.livelocks.as_slice() else { panic!("{:?}", found.livelocks) };
    assert_eq!(livelock.values, [[0]]);
    assert_eq!(probabilities(&found), BTreeMap::from([(vec![1], fraction(1, 2))]));
}

#[test]
fn two_polite_tasks_can_give_way_for_ever_but_do_not() {
    // Each raises its flag, and lowers it again when it sees the other's.
    let polite = |name: &str, mine: &str, theirs: &str| {
        format!(
            "thread {name}\nagain:\nPUSH 1\nSTORE {mine}\nLOAD {theirs}\nJZ go\n\
             PUSH 0\nSTORE {mine}\nJMP again\ngo:\nPUSH 0\nSTORE {mine}\nend\n"
        )
    };
    let text = format!("atomic f\natomic g\n{}{}", polite("a", "f", "g"), polite("b", "g", "f"));
    let found = explored(&text);
    assert_eq!(found.livelocks, []);
    assert_eq!(found.schedules, Some(Count::Infinite));
    assert_eq!(probabilities(&found), BTreeMap::from([(vec![0, 0], fraction(1, 1))]));
}

#[test]
fn every_schedule_is_drawn_as_often_as_any_other() {
    const DRAWS: u32 = 14_000;
    for (text, critical) in [
        (increments(2, 1), 111.06),
        ("mutex m\nthread t[2]\nLOCK m\nUNLOCK m\nCHOOSE 0..2\nPOP\nend\n".to_owned(), 0.0),
    ] {
        let program = assembled(&text);
        let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("a small state");
        let space = space_of(&machine);
        let drawer = Drawer::new(&space, &Components::new(&space)).expect("finitely many schedules");
        let mut draw = Draw::new(42, 0);
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..DRAWS {
            let schedule = drawer.draw(|| draw.word());
            *seen.entry(schedule.to_text(&program)).or_insert(0) += 1;
        }
        let kinds = seen.len() as u32;
        assert_eq!(BigUint::from(kinds), *drawer.schedules(), "every schedule is drawn at some time");
        for text in seen.keys() {
            let parsed = parse(text, &program).expect("what is printed is read");
            let execution = replay(&machine, &parsed).expect("what is drawn can be executed");
            assert_eq!(execution.end, racevm::schedule::End::Final);
            assert_eq!(ParsedSchedule::from(&execution.schedule()).runs, parsed.runs);
        }
        let expected = f64::from(DRAWS) / f64::from(kinds);
        let square = |&count: &u32| (f64::from(count) - expected).powi(2) / expected;
        let chi_square: f64 = seen.values().map(square).sum();
        // Wilson and Hilferty's bound for a significance of 0.001; the seed is fixed, so this is no gamble.
        let freedom = f64::from(kinds - 1);
        let spread = (2.0 / (9.0 * freedom)).sqrt();
        let bound = freedom * (1.0 - 2.0 / (9.0 * freedom) + 3.09 * spread).powi(3);
        assert!(chi_square < bound, "{chi_square} is beyond {bound} for {kinds} schedules");
        assert!(critical == 0.0 || (bound - critical).abs() < 1.0, "the bound of the tables is {critical}");
    }
}

#[test]
fn nothing_is_drawn_where_no_draw_can_be_uniform() {
    for text in ["thread t\nagain:\nJMP again\nend\n", "thread t\nPUSH 0\nASSUME\nend\n"] {
        let program = assembled(text);
        let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("a small state");
        let space = space_of(&machine);
        assert!(Drawer::new(&space, &Components::new(&space)).is_none());
    }
}

#[test]
fn the_petgraph_graph_has_the_states_and_edges_of_the_space() {
    let program = assembled(&increments(2, 1));
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("a small state");
    let space = space_of(&machine);
    let graph = DecisionGraph::new(&space);
    assert_eq!((graph.graph.node_count(), graph.graph.edge_count()), (32, 46));
    assert_eq!(graph.strongly_connected_components().len(), 32);
    let ends = graph.graph.externals(petgraph::Direction::Outgoing);
    assert_eq!(ends.filter(|&node| graph.graph[node].kind == Kind::Final).count(), 2);
    let heads = space.edges(0).filter(|edge| matches!(edge.head, Head::Node(_))).count();
    assert_eq!(heads, 2);
}
