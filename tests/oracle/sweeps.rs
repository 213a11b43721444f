//! Sweeps against the search that keeps edges: the same states, transitions, ends, races and verdicts, by any
//! number of workers, and witnesses that show what they are for.

use racevm::check::{Counting, Exploration, explored, explored_by_sweep};
use racevm::explore::{Limits, Unwatched};
use racevm::program::{Models, Program};
use racevm::schedule::{End, Schedule, parse, replay};
use racevm::vm::{DEFAULT_BUFFER, Machine};

use crate::reductions::Survives;

/// Compares the two searches; false where a sweep has no answer or the graph is too large.
pub fn compare(program: &Program, models: Models, text: &str) -> bool {
    let machine = Machine::new(program, models, DEFAULT_BUFFER).expect("small states");
    let limits = Limits { max_states: Some(50_000), max_memory: None };
    let kept = explored(&machine, None, &limits, Counting::Nothing, &mut Unwatched);
    if kept.search.cut.is_some() {
        return false;
    }
    let Some(swept) = explored_by_sweep(&machine, &Limits::default(), 1, &mut Unwatched) else {
        assert!(!kept.livelocks.is_empty(), "a sweep has an answer under {models}:\n{text}");
        return false;
    };
    let sizes = |found: &Exploration| (found.search.states, found.search.transitions);
    assert_eq!(sizes(&swept), sizes(&kept), "states and transitions under {models}:\n{text}");
    assert_eq!(Survives::of(program, &swept), Survives::of(program, &kept), "under {models}:\n{text}");
    for (outcome, shortest) in swept.outcomes.iter().zip(&kept.outcomes) {
        let witness = &outcome.reached.witness;
        let values = ends_in(&machine, witness, text).expect("an outcome's witness ends in it");
        assert_eq!(values, outcome.values.concat(), "under {models}:\n{text}");
        if machine.decides_after_every_step() {
            assert!(witness.actions.len() <= shortest.reached.witness.actions.len(), "{text}");
        }
    }
    let others = swept.deadlocks.iter().map(|deadlock| &deadlock.reached.witness);
    let others = others.chain(swept.faults.iter().map(|fault| &fault.reached.witness));
    let others = others.chain(swept.races.iter().map(|race| &race.witness));
    let of_claims = swept.expectations.iter().filter_map(|judged| judged.witness.as_ref());
    others.chain(of_claims).for_each(|witness| drop(ends_in(&machine, witness, text)));
    true
}

/// Replays a witness; returns the observed values if it ends in a final state.
fn ends_in(machine: &Machine<'_>, witness: &Schedule, text: &str) -> Option<Vec<i64>> {
    let program = machine.program();
    let parsed = parse(&witness.to_text(program), program).expect("a witness is a schedule");
    let execution =
        replay(machine, &parsed).unwrap_or_else(|misfit| panic!("{misfit:?} in {witness:?} of\n{text}"));
    let cells = program.observed.iter().flat_map(|observed| &observed.cells);
    let values = cells.map(|&cell| machine.value(&execution.state, cell)).collect();
    matches!(execution.end, End::Final).then_some(values)
}
