//! Laws: what holds between programs, between models, and between a result and its witness, whatever the
//! program is. Each is a property of random programs.

mod generate;
mod sampling;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use num_bigint::BigUint;
use num_rational::BigRational;
use num_traits::{One, Zero};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use racevm::asm::{self, Loaded, Loader, NoFiles, Options};
use racevm::check::{Count, Exploration, Limits, Reached, Request, Unwatched, Verdict, evaluate, explore};
use racevm::explore::{Head, Kind, NodeId, Observer, Space};
use racevm::graph::{Components, DecisionGraph};
use racevm::program::{Claim, MemoryModel, Models, Program, SwitchModel};
use racevm::schedule::{End, Execution, Schedule, parse, replay};
use racevm::vm::{Actor, DEFAULT_BUFFER, Machine, State};

use generate::{Features, HEADER, Stmt, Tree, body, lines, tree};
use walk::{Cost, Goal, Walk};

/// Programs with more states than this are left out; those without loops rarely have so many.
const STATES: u64 = 3_000;

/// Puts a law to the test.
fn law<S: Strategy>(cases: u32, strategy: S, holds: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |value| {
        holds(value);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

fn models() -> impl Strategy<Value = Models> {
    let switch = select(SwitchModel::ALL.to_vec());
    (switch, memory()).prop_map(|(switch, memory)| Models { switch, memory })
}

fn memory() -> impl Strategy<Value = MemoryModel> {
    select(MemoryModel::ALL.to_vec())
}

fn assembled(text: &str) -> Program {
    asm::assemble("law.rvm", text, &Options::default(), &NoFiles)
        .unwrap_or_else(|failure| panic!("{failure:?}\n{text}"))
}

/// Explores a program; `None` when it is too large.
fn explored_with(text: &str, models: Models, buffer: u32) -> Option<Exploration> {
    let limits = Limits { max_states: Some(STATES), ..Limits::default() };
    let request = Request { buffer, count: true, limits, ..Request::new(models) };
    let found = explore(&assembled(text), &request, &mut Unwatched).expect("small states");
    found.search.cut.is_none().then_some(found)
}

fn explored(text: &str, models: Models) -> Option<Exploration> {
    explored_with(text, models, DEFAULT_BUFFER)
}

/// Values and output.
type Outcome = (Vec<i64>, Vec<i64>);

fn outcomes(found: &Exploration) -> BTreeSet<Outcome> {
    found.outcomes.iter().map(|outcome| (outcome.values.concat(), outcome.output.clone())).collect()
}

/// Everything that can happen, without how often: ends and races, addresses and all.
fn happenings(found: &Exploration) -> BTreeSet<String> {
    let outcomes = outcomes(found).into_iter().map(|outcome| format!("outcome {outcome:?}"));
    let deadlock =
        |deadlock: &racevm::check::Deadlock| format!("deadlock {:?} {:?}", deadlock.values, deadlock.blocked);
    let deadlocks = found.deadlocks.iter().map(deadlock);
    let faults =
        found.faults.iter().map(|fault| format!("{} {:?} {:?}", fault.message, fault.thread, fault.at));
    let race =
        |race: &racevm::check::Race| format!("race {} {:?}", race.cell, race.accesses.map(|(_, at)| at));
    outcomes.chain(deadlocks).chain(faults).chain(found.races.iter().map(race)).collect()
}

fn reached(found: &Exploration) -> impl Iterator<Item = &Reached> {
    let outcomes = found.outcomes.iter().map(|outcome| &outcome.reached);
    let deadlocks = found.deadlocks.iter().map(|deadlock| &deadlock.reached);
    outcomes.chain(deadlocks).chain(found.faults.iter().map(|fault| &fault.reached))
}

fn exact(reached: &Reached) -> Option<BigRational> {
    reached.probability.clone().expect("counted").exact
}

/// What the orders of a list are.
fn orders(len: usize) -> Vec<Vec<usize>> {
    if len == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(len - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, len - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..len).map(move |at| insert(order, at))).collect()
}

#[test]
fn locking_everything_gives_the_outcomes_of_serial_orders() {
    let features = Features {
        branches: true,
        choices: true,
        yields: true,
        blocks: true,
        output: true,
        ..Features::default()
    };
    let bodies = vec(body(features, 0..4), 1..4);
    law(600, (bodies, models()), |(bodies, models)| {
        let mut text = HEADER.to_owned() + "local t\n";
        for (index, body) in bodies.iter().enumerate() {
            text += &format!("thread T{index}\nLOCK k\n{}UNLOCK k\nend\n", lines(body));
        }
        let Some(found) = explored(&text, models) else { return };
        // Whoever takes the lock first is a fair draw, and then only he can go on: every order is equally
        // likely.
        let orders = orders(bodies.len());
        let share = BigRational::new(1.into(), orders.len().into());
        let mut expected: BTreeMap<Outcome, BigRational> = BTreeMap::new();
        for order in &orders {
            let parts = order.iter().map(|&index| bodies[index].clone());
            let one_after_another: Vec<Stmt> =
                parts.flat_map(|body| [vec![Stmt::Lines("PUSH 0\nSTORE t")], body].concat()).collect();
            let text = format!("{HEADER}local t\nthread S\n{}end\n", lines(&one_after_another));
            let sc = Models { switch: SwitchModel::Every, memory: MemoryModel::Sc };
            let Some(serial) = explored(&text, sc) else { return };
            for outcome in &serial.outcomes {
                let key = (outcome.values.concat(), outcome.output.clone());
                let exact = exact(&outcome.reached).expect("there are no loops");
                *expected.entry(key).or_insert_with(BigRational::zero) += exact * &share;
            }
        }
        let probability = |outcome: &racevm::check::Outcome| {
            let key = (outcome.values.concat(), outcome.output.clone());
            (key, exact(&outcome.reached).expect("there are no loops"))
        };
        assert_eq!(found.outcomes.iter().map(probability).collect::<BTreeMap<_, _>>(), expected, "{text}");
        assert!(found.deadlocks.is_empty() && found.races.is_empty() && found.faults.is_empty(), "{text}");
    });
}

/// Whatever can happen with more locked regions can happen without them: leave their steps out. That needs
/// three things. Nobody looks at the lock otherwise (`TRYLOCK`, `WAIT` on a condition tied to it, an `UNLOCK`
/// without `LOCK`). Waiting for the lock lets nobody run who could not have run before, so there is a switch
/// point wherever a region begins: `every` has them, `gil` and `await` do not. For the same reason no region
/// lies in an `atomic` block.
#[test]
fn adding_a_nested_lock_region_never_adds_a_final_value() {
    let without_blocks = Features { blocks: false, ..Features::ALL };
    let without_regions = Features { regions: false, ..Features::ALL };
    let trees = prop_oneof![tree(without_blocks), tree(without_regions)];
    let ranges = vec((any::<Index>(), any::<Index>()), 3);
    law(1_500, (trees, ranges, memory()), |(tree, ranges, memory)| {
        let models = Models { switch: SwitchModel::Every, memory };
        let Some(mut before) = explored(&tree.text(), models) else { return };
        let mut locked = tree.clone();
        for (index, (one, other)) in (0..tree.threads.len()).zip(ranges) {
            let body = &mut locked.threads[index];
            let (one, other) = (one.index(body.len() + 1), other.index(body.len() + 1));
            let (start, end) = (one.min(other), one.max(other));
            let inside: Vec<Stmt> = body.drain(start..end).collect();
            body.insert(start, Stmt::Locked("k", inside));
            let Some(after) = explored(&locked.text(), models) else { return };
            let new: Vec<Outcome> = outcomes(&after).difference(&outcomes(&before)).cloned().collect();
            assert!(new.is_empty(), "{new:?} come with the last region of\n{}", locked.text());
            before = after;
        }
    });
}

/// An execution with few switch points is one with more of them in which the running thread is chosen again.
/// So this holds for every program, with blocks, deadlocks, faults, `TRYLOCK`, `START` and loops, and for
/// races, which are states with a decision. (Livelocks are another matter: more switch points can free one.)
#[test]
fn whatever_happens_under_await_happens_under_gil_and_under_every() {
    let trees = prop_oneof![3 => tree(Features::ALL), 1 => tree(Features::LOOPS)];
    law(1_500, (trees, memory()), |(tree, memory)| {
        let text = tree.text();
        let under = |switch| explored(&text, Models { switch, memory }).map(|found| happenings(&found));
        let (few, some) = (under(SwitchModel::Await), under(SwitchModel::Gil));
        if let (Some(few), Some(some)) = (&few, &some) {
            assert!(few.is_subset(some), "await, not gil, under {memory}:\n{text}");
        }
        if let (Some(some), Some(all)) = (some.or(few), under(SwitchModel::Every)) {
            assert!(some.is_subset(&all), "gil, not every, under {memory}:\n{text}");
        }
    });
}

/// With buffers that nobody fills, an execution under a stronger model is one under the weaker in which
/// stores reach memory as they would have: right behind the store, before anybody else is chosen, or in the
/// order of the one buffer.
#[test]
fn whatever_happens_under_sc_happens_under_tso_and_under_pso() {
    law(1_500, (tree(Features::ALL), select(SwitchModel::ALL.to_vec())), |(tree, switch)| {
        subsets_by_memory(&tree.text(), switch, DEFAULT_BUFFER);
    });
}

/// A `STORE` into a full buffer waits, and who waits gives way. Under `tso` the one buffer is full before
/// those of `pso` are, which makes a switch point that `pso` lacks; so with small buffers the law is one of
/// `every`, where there is a switch point anyway, and of programs without `atomic` blocks.
#[test]
fn with_full_buffers_too_where_there_is_a_switch_point_at_every_step() {
    let features = Features { blocks: false, ..Features::ALL };
    law(800, (tree(features), 1..3_u32), |(tree, buffer)| {
        subsets_by_memory(&tree.text(), SwitchModel::Every, buffer);
    });
}

fn subsets_by_memory(text: &str, switch: SwitchModel, buffer: u32) {
    let under = |memory| {
        let found = explored_with(text, Models { switch, memory }, buffer)?;
        Some(happenings(&found))
    };
    let [Some(sc), Some(tso), Some(pso)] = MemoryModel::ALL.map(under) else { return };
    let new = |strong: &BTreeSet<String>, weak| strong.difference(weak).cloned().collect::<Vec<String>>();
    assert_eq!(new(&sc, &tso), [""; 0], "sc, not tso, under {switch}:\n{text}");
    assert_eq!(new(&tso, &pso), [""; 0], "tso, not pso, under {switch}:\n{text}");
}

#[test]
fn probabilities_sum_to_1_and_schedules_to_their_number() {
    let lossless = |features| Features { assumptions: false, ..features };
    let trees = prop_oneof![
        2 => tree(lossless(Features::ALL)).prop_map(|tree| (tree, true)),
        2 => tree(lossless(Features::LOOPS)).prop_map(|tree| (tree, true)),
        1 => tree(Features::ALL).prop_map(|tree| (tree, false)),
    ];
    law(2_000, (trees, models()), |((tree, lossless), models)| {
        let text = tree.text();
        let Some(found) = explored(&text, models) else { return };
        let mut schedules = Count::zero();
        for reached in reached(&found) {
            schedules += reached.schedules.as_ref().expect("counted");
        }
        if found.schedules != Some(Count::Infinite) {
            assert_eq!(found.schedules, Some(schedules), "under {models}:\n{text}");
        }
        let Some(sum) = reached(&found).map(exact).sum::<Option<BigRational>>() else { return };
        // Only a failed ASSUME and a livelock keep an execution from an end that is counted.
        let complete = sum.is_one();
        assert!(sum <= BigRational::one(), "{sum} under {models}:\n{text}");
        assert!(!lossless || complete == found.livelocks.is_empty(), "{sum} under {models}:\n{text}");
    });
}

fn factorial(n: usize) -> BigUint {
    (1..=n).map(BigUint::from).product()
}

#[test]
fn straight_programs_without_locks_have_the_multinomial_number_of_schedules() {
    let features = Features { yields: true, choices: true, ..Features::default() };
    let strategy = (vec(body(features, 0..3), 1..4), select(SwitchModel::ALL.to_vec()));
    law(600, strategy, |(bodies, switch)| {
        let mut text = HEADER.to_owned() + "local t\n";
        let mut decisions = Vec::new();
        let mut values = BigUint::one();
        for (index, body) in bodies.iter().enumerate() {
            let code = lines(body);
            let steps: Vec<&str> = code.lines().collect();
            for step in &steps {
                values *= match *step {
                    "CHOOSE 0..1" => 2_u32,
                    "CHOOSE -1..1" => 3,
                    _ => 1,
                };
            }
            // A thread is chosen once for every stretch without a switch point.
            decisions.push(match switch {
                SwitchModel::Every => steps.len(),
                _ => steps.split_inclusive(|&step| step == "YIELD").count(),
            });
            text += &format!("thread T{index}\n{code}end\n");
        }
        let Some(found) = explored(&text, Models { switch, memory: MemoryModel::Sc }) else { return };
        let orders = factorial(decisions.iter().sum())
            / decisions.iter().map(|&count| factorial(count)).product::<BigUint>();
        assert_eq!(found.schedules, Some(Count::Finite(orders * values)), "under {switch}:\n{text}");
    });
}

/// Expectations that some states decide, one way or the other.
const EXPECTATIONS: &str = "\
expect always x < 2
expect never y == 0 and x == 1
expect finally x + y < 3
expect possibly z == 0
expect possibly len(q) == 1
expect deadlock
expect no fault
expect no race
expect race on a[1]
expect no livelock
expect outcomes x = {0..1}
";

#[test]
fn every_witness_replays_to_what_it_claims_with_the_fewest_switches_and_steps() {
    let trees = prop_oneof![3 => tree(Features::ALL), 2 => tree(Features::LOOPS)];
    law(2_000, (trees, models()), |(tree, models)| {
        let text = tree.text() + EXPECTATIONS;
        let program = assembled(&text);
        let Some(found) = explored(&text, models) else { return };
        assert!(found.search.minimal_witnesses);
        let machine = Machine::new(&program, models, DEFAULT_BUFFER).expect("a small state");
        let Some(walk) = Walk::new(&machine, 40_000) else { return };
        Witnesses { program: &program, machine: &machine, walk: &walk, found: &found, text: &text }.check();
    });
}

/// What is needed to judge the witnesses of one exploration.
struct Witnesses<'a> {
    program: &'a Program,
    machine: &'a Machine<'a>,
    walk: &'a Walk<'a, 'a>,
    found: &'a Exploration,
    text: &'a str,
}

impl Witnesses<'_> {
    fn check(&self) {
        let mut goals: BTreeMap<Goal, Cost> = BTreeMap::new();
        for outcome in &self.found.outcomes {
            let (execution, cost) = self.replayed(&outcome.reached.witness);
            assert_eq!(execution.end, End::Final, "{}", self.text);
            assert_eq!(self.observed(&execution.state), outcome.values.concat(), "{}", self.text);
            assert_eq!(self.machine.output(&execution.state), outcome.output, "{}", self.text);
            goals.insert(Goal::Final(outcome.values.concat(), outcome.output.clone()), cost);
        }
        for deadlock in &self.found.deadlocks {
            let (execution, cost) = self.replayed(&deadlock.reached.witness);
            assert_eq!(execution.end, End::Deadlock, "{}", self.text);
            let at = |id| Some((id, self.machine.pc(&execution.state, id)?));
            let blocked: Vec<_> = self.program.thread_ids().filter_map(at).collect();
            assert_eq!(blocked, deadlock.blocked, "{}", self.text);
            let blocked = blocked.into_iter().map(|(id, at)| (id.0, at.0)).collect();
            goals.insert(Goal::Deadlock(self.observed(&execution.state), blocked), cost);
        }
        for fault in &self.found.faults {
            let (execution, cost) = self.replayed(&fault.reached.witness);
            let End::Fault(met) = execution.end else { panic!("{:?}\n{}", execution.end, self.text) };
            assert_eq!(met.message(self.program), fault.message, "{}", self.text);
            let last = execution.steps.last().expect("a fault is a step");
            assert_eq!(last.action.actor, Actor::Thread(fault.thread), "{}", self.text);
            let line = self.program.line(last.addr).number;
            assert_eq!(line, self.program.line(fault.at).number, "{}", self.text);
            goals.insert(Goal::Fault(fault.message.clone(), fault.thread.0, line), cost);
        }
        for race in &self.found.races {
            let (execution, cost) = self.replayed(&race.witness);
            let [one, other] = race.accesses.map(|(thread, at)| {
                assert_eq!(self.machine.pc(&execution.state, thread), Some(at), "{}", self.text);
                assert!(self.machine.is_enabled(&execution.state, thread), "{}", self.text);
                let access = self.machine.shared_access(&execution.state, thread);
                (access.expect("a race is between accesses"), self.program.line(at).number)
            });
            assert_eq!((one.0.cell, other.0.cell), (race.cell, race.cell), "{}", self.text);
            assert!(one.0.races_with(other.0), "{}", self.text);
            goals.insert(Goal::Race(race.cell, one.1, other.1), cost);
        }
        self.expectations(&mut goals);
        assert_eq!(
            goals, self.walk.goals,
            "found with their costs, and the least, under {}:\n{}",
            self.found.models, self.text
        );
        self.livelocks();
    }

    fn expectations(&self, goals: &mut BTreeMap<Goal, Cost>) {
        for (index, judged) in self.found.expectations.iter().enumerate() {
            let Some(witness) = &judged.witness else { continue };
            let (execution, cost) = self.replayed(witness);
            let value = |expr| evaluate(self.machine, &execution.state, expr);
            match &judged.expectation.claim {
                Claim::Always(expr) | Claim::Finally(expr) => {
                    assert_eq!((judged.verdict, value(expr)), (Verdict::Fails, Some(0)), "{}", self.text);
                }
                Claim::Never(expr) => {
                    assert_eq!((judged.verdict, value(expr)), (Verdict::Fails, Some(1)), "{}", self.text);
                }
                Claim::Possibly(expr) => {
                    assert_eq!((judged.verdict, value(expr)), (Verdict::Holds, Some(1)), "{}", self.text);
                }
                Claim::Outcomes { cells, .. } => {
                    let x = self.machine.value(&execution.state, cells[0]);
                    assert_eq!(
                        (judged.verdict, execution.end),
                        (Verdict::Fails, End::Final),
                        "{}",
                        self.text
                    );
                    assert!(!(0..=1).contains(&x), "{}", self.text);
                    continue;
                }
                Claim::Deadlock(_) => {
                    assert_eq!(execution.end, End::Deadlock, "{}", self.text);
                    continue;
                }
                Claim::Fault(..) => {
                    assert!(matches!(execution.end, End::Fault(_)), "{}", self.text);
                    continue;
                }
                _ => continue,
            }
            goals.insert(Goal::Decided(index), cost);
        }
    }

    /// A livelock's witness leads into states that cannot be left, with the fewest switches to any of them. It
    /// may end between two decisions, where a run branches, and is never longer than the way to the nearest
    /// decision.
    fn livelocks(&self) {
        for livelock in &self.found.livelocks {
            let (execution, cost) = self.replayed(&livelock.witness);
            assert_eq!(execution.end, End::Open, "{}", self.text);
            assert_eq!(self.observed(&execution.state), livelock.values.concat(), "{}", self.text);
            let behind = self.walk.behind(&livelock.witness);
            let behind = behind.unwrap_or_else(|| panic!("no livelock, as executions end:\n{}", self.text));
            let least = self.walk.least(&behind).expect("the witness is a way to it");
            assert!(cost.0 == least.0 && cost >= least, "{cost:?} {least:?}\n{}", self.text);
            let decisions = behind.into_iter().filter(|(_, running)| running.is_none()).collect();
            let nearest = self.walk.least(&decisions);
            assert!(nearest.is_none_or(|nearest| cost <= nearest), "{cost:?} {nearest:?}\n{}", self.text);
        }
    }

    /// Executes a witness from its printed text.
    fn replayed(&self, witness: &Schedule) -> (Execution, Cost) {
        let text = witness.to_text(self.program);
        let parsed =
            parse(&text, self.program).unwrap_or_else(|error| panic!("{text}: {error}\n{}", self.text));
        assert!(parsed.fits(self.program), "{text}");
        let execution = replay(self.machine, &parsed)
            .unwrap_or_else(|misfit| panic!("{text}: {}\n{}", misfit.message(self.program), self.text));
        assert_eq!(execution.schedule(), *witness, "{text} of\n{}", self.text);
        (execution, (witness.switches(), witness.actions.len()))
    }

    fn observed(&self, state: &State) -> Vec<i64> {
        let cells = self.program.observed.iter().flat_map(|observed| &observed.cells);
        cells.map(|&cell| self.machine.value(state, cell)).collect()
    }
}

/// What is found, with thread and line left out and everything that is counted kept.
fn nameless(found: &Exploration) -> Vec<String> {
    let number = |reached: &Reached| format!("{:?} {:?}", reached.schedules, reached.probability);
    let outcome = |outcome: &racevm::check::Outcome| {
        format!("outcome {:?} {:?} {}", outcome.values, outcome.output, number(&outcome.reached))
    };
    let deadlock = |deadlock: &racevm::check::Deadlock| {
        format!("deadlock {:?} {} {}", deadlock.values, deadlock.blocked.len(), number(&deadlock.reached))
    };
    let outcomes = found.outcomes.iter().map(outcome);
    let deadlocks = found.deadlocks.iter().map(deadlock);
    let faults = found.faults.iter().map(|fault| format!("{} {}", fault.message, number(&fault.reached)));
    let races = found.races.iter().map(|race| format!("race {}", race.cell));
    let livelocks = found.livelocks.iter().map(|livelock| format!("livelock {}", livelock.states));
    let search = (found.search.states, found.search.transitions, &found.schedules);
    let mut all: Vec<String> =
        outcomes.chain(deadlocks).chain(faults).chain(races).chain(livelocks).collect();
    all.push(format!("{search:?}"));
    all.sort();
    all
}

/// `a[1]` in one order of elimination is `a[1]` in any: exact numbers only.
fn is_exact(found: &Exploration) -> bool {
    reached(found).all(|reached| exact(reached).is_some())
}

#[test]
fn the_order_and_the_names_of_threads_do_not_matter() {
    let trees = prop_oneof![3 => tree(Features::ALL), 1 => tree(Features::LOOPS)];
    law(1_000, (trees, any::<Index>(), models()), |(tree, order, models)| {
        let orders = orders(tree.threads.len());
        let Some(found) = explored(&tree.text(), models) else { return };
        let other = tree.text_as(&["zebra", "ape", "Dog"], &orders[order.index(orders.len())]);
        let Some(permuted) = explored(&other, models) else { panic!("{other}") };
        if is_exact(&found) && is_exact(&permuted) {
            assert_eq!(nameless(&found), nameless(&permuted), "under {models}:\n{}\n{other}", tree.text());
        }
    });
}

#[test]
fn assembling_and_exploring_again_gives_the_same() {
    let trees = prop_oneof![tree(Features::ALL), tree(Features::LOOPS)];
    law(500, (trees, models()), |(tree, models)| {
        let text = tree.text() + EXPECTATIONS;
        assert_eq!(explored(&text, models), explored(&text, models), "under {models}:\n{text}");
    });
}

/// Does nothing with what it meets.
struct Blind;

impl Observer for Blind {
    fn state(&mut self, _: NodeId, _: &State, _: Kind, _: &[Actor]) {}
}

#[test]
fn components_are_those_that_petgraph_finds() {
    law(1_000, (tree(Features::LOOPS), models()), |(tree, models)| {
        let program = assembled(&tree.text());
        let machine = Machine::new(&program, models, DEFAULT_BUFFER).expect("a small state");
        let limits = Limits { max_states: Some(STATES), ..Limits::default() };
        let space = Space::explore(&machine, &limits, &mut Unwatched, &mut Blind);
        let components = Components::new(&space);
        let of_node = |node: usize| components.of[node] as usize;
        let theirs: BTreeSet<BTreeSet<usize>> = DecisionGraph::new(&space)
            .strongly_connected_components()
            .into_iter()
            .map(|component| component.into_iter().map(|node| node.index()).collect())
            .filter(|component: &BTreeSet<usize>| component.iter().all(|&node| node < space.len()))
            .collect();
        let ours: BTreeSet<BTreeSet<usize>> = (0..components.len() as u32)
            .map(|component| components.nodes(component).iter().map(|&node| node as usize).collect())
            .collect();
        assert_eq!(ours, theirs, "under {models}:\n{}", tree.text());
        for node in 0..space.len() {
            for edge in space.edges(node as NodeId) {
                if let Head::Node(head) = edge.head {
                    assert!(of_node(node) >= of_node(head as usize), "numbers fall along edges");
                }
            }
        }
        let cyclic = |component: &u32| {
            let [node] = components.nodes(*component) else { return true };
            space.edges(*node).any(|edge| edge.head == Head::Node(*node))
        };
        let all: Vec<bool> = (0..components.len() as u32).map(|component| cyclic(&component)).collect();
        assert_eq!(all, components.cyclic, "under {models}:\n{}", tree.text());
    });
}

/// What a program is, apart from where its text stands.
fn meaning(program: &Program) -> String {
    let places: Vec<_> = program.places.iter().map(|place| (place.height, place.block)).collect();
    let claims: Vec<_> = program.expectations.iter().map(|e| (&e.claim, e.switch, e.memory)).collect();
    let names: Vec<_> = program.variables.iter().map(|v| (&v.name, v.kind, v.base, &v.init)).collect();
    let objects: Vec<_> = program.object_groups.iter().map(|o| (&o.name, o.base, o.len)).collect();
    let threads: Vec<_> = program.groups.iter().map(|g| (&g.name, g.copies, g.deferred, &g.body)).collect();
    let code = (&program.code, places, &program.blocks, &program.texts, &program.procs);
    let rest = (program.models, &program.observed, &program.description, &program.memory);
    format!("{code:?} {claims:?} {names:?} {objects:?} {:?} {threads:?} {rest:?}", program.objects)
}

fn formatted(text: &str) -> String {
    asm::format("law.rvm", text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

#[test]
fn printing_keeps_the_meaning_and_spacing_does_not_matter() {
    let trees = prop_oneof![tree(Features::ALL), tree(Features::LOOPS)];
    let gaps = vec(select(&["", " ", "  ", "\t", "   \t "][..]), 1..40);
    law(500, (trees, gaps), |(tree, gaps)| {
        let text = tree.text() + EXPECTATIONS;
        let printed = formatted(&text);
        assert_eq!(meaning(&assembled(&printed)), meaning(&assembled(&text)), "{text}");
        assert_eq!(formatted(&printed), printed);
        let mut gap = gaps.iter().cycle();
        let mut next = || gap.next().copied().unwrap_or_default();
        let mut spaced = String::new();
        for line in text.lines() {
            // What stands in a string stays as it is.
            let words: Vec<&str> = if line.contains('"') { vec![line] } else { line.split(' ').collect() };
            spaced += next();
            for (index, word) in words.iter().enumerate() {
                spaced += if index == 0 { "" } else { " " };
                spaced += if index == 0 { "" } else { next() };
                spaced += word;
            }
            spaced += next();
            spaced.push('\n');
        }
        assert_eq!(formatted(&spaced), printed, "{spaced}");
    });
}

/// Loads what stands beside the file that includes it.
struct Beside;

impl Loader for Beside {
    fn load(&self, from: &str, path: &str) -> Result<Loaded, String> {
        let path = Path::new(from).parent().unwrap_or(Path::new("")).join(path);
        let name = path.to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        Ok(Loaded { identity: name.clone(), name, text })
    }
}

fn programs_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of programs can be read") {
        let path = entry.expect("its entries can be read").path();
        if path.is_dir() {
            programs_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rvm") {
            found.push(path);
        }
    }
}

#[test]
fn printing_keeps_the_meaning_of_every_program_of_the_corpus() {
    let mut paths = Vec::new();
    programs_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("programs"), &mut paths);
    assert!(!paths.is_empty());
    for path in paths {
        let name = path.to_str().expect("the paths of programs are UTF-8");
        let text = fs::read_to_string(&path).expect("programs can be read");
        let printed = asm::format(name, &text).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        assert_eq!(asm::format(name, &printed).as_ref(), Ok(&printed), "{name}");
        // A file that is only ever included need not be a program by itself.
        let assembled = |text: &str| asm::assemble(name, text, &Options::default(), &Beside);
        let (before, after) = (assembled(&text), assembled(&printed));
        assert_eq!(before.is_ok(), after.is_ok(), "{name}");
        if let (Ok(before), Ok(after)) = (before, after) {
            assert_eq!(meaning(&before), meaning(&after), "{name}");
        }
    }
}

/// Keeps the type of a program's tree in one place.
#[test]
fn every_kind_of_statement_is_drawn() {
    let seen = std::cell::RefCell::new(BTreeSet::new());
    law(200, tree(Features::LOOPS), |tree: Tree| {
        for word in tree.text().split_whitespace() {
            seen.borrow_mut().insert(word.to_owned());
        }
    });
    let seen = seen.into_inner();
    for word in ["TRYLOCK", "WAIT", "NOTIFY", "atomic", "CHOOSE", "START", "JOIN", "CAS", "YIELD", "PRINT"] {
        assert!(seen.contains(word), "{word} is never drawn");
    }
}
