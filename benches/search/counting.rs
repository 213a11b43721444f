//! What does it cost to count schedules, and what do probabilities and traces add?
//!
//! Two threads that each do ten increments: C(80, 40) schedules. Compare with `verdicts alone`, where nothing is
//! counted.

use criterion::Criterion;
use racevm::check::{Counting, Limits, Unwatched, explored};
use racevm::program::Models;
use racevm::vm::{DEFAULT_BUFFER, Machine};

use super::increments;

pub fn counting(c: &mut Criterion) {
    let program = increments(2, 10);
    let machine = Machine::new(&program, Models::default(), DEFAULT_BUFFER).expect("small states");
    let mut group = c.benchmark_group("2 threads x 10 increments");
    group.sample_size(10);
    for (name, counting) in [
        ("verdicts alone", Counting::Nothing),
        ("schedules", Counting::Schedules),
        ("schedules and probabilities", Counting::Probabilities),
        ("traces too", Counting::Traces),
    ] {
        let run = || explored(&machine, None, &Limits::default(), counting, &mut Unwatched);
        group.bench_function(name, |b| b.iter(run));
    }
    group.finish();
}
