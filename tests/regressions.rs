//! Shrunk programs on which racevm and an independent implementation of the language once disagreed.

use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Exploration, Request, Unwatched, explore};

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
