//! Shrunk programs on which racevm and an independent implementation of the language once disagreed.

use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Exploration, Request, Unwatched, explore};
use racevm::explore::{Expander, Mode};
use racevm::program::{Models, SwitchModel};
use racevm::vm::{DEFAULT_BUFFER, Machine};

fn explored(text: &str) -> Exploration {
    let program = assemble("test.rvm", text, &Options::default(), &NoFiles).expect("the program assembles");
    let request = Request { reduce: false, ..Request::new(program.models) };
    explore(&program, &request, &mut Unwatched).expect("small states")
}

/// The state before a fault counts once, whichever thread's run arrives at it: here both threads stand at the
/// `ASSERT` in the end, and either may have been the one to run into it.
#[test]
fn a_state_before_the_faults_of_two_runs_counts_once() {
    let found = explored(
        "switch await
        shared x = 0
        thread T[2]
            PUSH 0
            PUSH 1
            XADD x
            JNZ last
            YIELD
        last:
            ASSERT
        end",
    );
    assert_eq!(found.search.states, 4);
    assert_eq!(found.faults.len(), 2);
}

/// A loop that lets go at its jump back was followed once more, because the state behind the jump had been
/// met in the same run: the witness of the race was two steps too long.
#[test]
fn a_run_ends_at_its_decision_even_where_it_has_been_before() {
    let text = "
        shared x = 0
        thread A
            NOP
            NOP
            NOP
            NOP
          spin:
            LOAD x
            JZ   spin
        end
        thread B
            PUSH  1
            STORE x
        end";
    let program = assemble("spin.rvm", text, &Options::default(), &NoFiles).expect("the program assembles");
    let models = Models { switch: SwitchModel::Gil, ..Models::default() };
    let found = explore(&program, &Request::new(models), &mut Unwatched).expect("small states");
    let witness = found.outcomes[0].reached.witness.to_text(&program);
    assert!(witness.starts_with("B2 A6@"), "{witness}");
    let machine = Machine::new(&program, models, DEFAULT_BUFFER).expect("small states");
    let mut expander = Expander::new(&machine, None);
    let state = machine.initial();
    expander.prepare(&state, Mode::Decision, false);
    let mut steps = Vec::new();
    expander.expand(&state, Mode::Decision, &mut |successor| {
        steps.push(successor.steps);
        true
    });
    assert_eq!(steps, [6, 2]);
}
