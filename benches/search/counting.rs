//! What does it cost to count schedules, and what do probabilities and traces add?
//!
//! Two threads that each do ten increments: C(80, 40) schedules. Compare with `verdicts alone`, where nothing is
//! counted. Three threads that each do four: 585,553 states, on edges, up to symmetry, and over a sweep.
//!
//! One run of `racevm explore benches/models/increments_4_3.rvm --count --max-memory 4G`, 10,147,279 states, on two
//! cores: up to symmetry 1.6 s and 97 MB, traces included; over a sweep (`--no-reduction`) 4.7 s and 227 MB, of
//! which the sweep itself is 2.2 s. Edges and counts of them did not fit into 4 GiB.

use criterion::Criterion;
use racevm::check::{Counting, Limits, Unwatched, counted_by_sweep, explored};
use racevm::explore::{Reduction, Reductions};
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
    let program = increments(3, 4);
    let machine = Machine::new(&program, Models::default(), DEFAULT_BUFFER).expect("small states");
    let symmetry = Reductions { symmetry: true, ..Reductions::NONE };
    let symmetry = Reduction::new(&machine, symmetry).expect("the program is small").for_counts();
    let limits = Limits::default();
    let mut group = c.benchmark_group("3 threads x 4 increments");
    group.sample_size(10);
    for (name, reduction) in [("on edges", None), ("up to symmetry", Some(&symmetry))] {
        let run = || explored(&machine, reduction, &limits, Counting::Probabilities, &mut Unwatched);
        group.bench_function(name, |b| b.iter(run));
    }
    let run = || counted_by_sweep(&machine, &limits, 2, Counting::Probabilities, &mut Unwatched);
    group.bench_function("over a sweep", |b| b.iter(run));
    group.finish();
}
