//! Executions at random: what nobody can see may be executed before it is chosen.

use proptest::prelude::*;
use racevm::program::{Models, SwitchModel};
use racevm::schedule::{Decision, Draw, Random, Sampling, Strategy, StrategyName, Tally, sample_with};
use racevm::vm::{Actor, DEFAULT_BUFFER, Machine};

use super::generate::{Features, tree};
use super::{assembled, law, memory};

/// The random walk, but one that may look at every state: each step is executed when it is chosen.
struct Seeing;

impl Strategy for Seeing {
    fn begin(&mut self, _: &Machine<'_>, _: &mut Draw) {}

    fn choose(&mut self, decision: &Decision<'_, '_>, draw: &mut Draw) -> Actor {
        Random.choose(decision, draw)
    }
}

fn tally(machine: &Machine<'_>, seed: u64, strategy: impl Strategy) -> Tally {
    let sampling = Sampling { strategy: StrategyName::Random, seed, runs: 20, limit: Some(2_000) };
    sample_with(machine, strategy, &sampling, &mut |_, _| true)
}

#[test]
fn hidden_steps_may_be_executed_before_they_are_chosen() {
    let features = Features { blocks: false, loops: true, ..Features::ALL };
    law(3_000, (tree(features), memory(), any::<u64>()), |(tree, memory, seed)| {
        let program = assembled(&tree.text());
        let models = Models { switch: SwitchModel::Every, memory };
        let machine = Machine::new(&program, models, DEFAULT_BUFFER).expect("small states");
        assert_eq!(tally(&machine, seed, Random), tally(&machine, seed, Seeing), "{}", tree.text());
    });
}
