//! How fast is the search, what does a state take, and what do reductions take away?
//!
//! - `whole graph`: states a second of the search for every state, as `--no-reduction` does it. The bytes that it
//!   held for each state at its largest are printed before.
//! - `reduced graph`: the same programs with all reductions; compare the times, the answers are the same. How many
//!   states there were for each one that was left is printed before.

use criterion::{Criterion, Throughput};
use racevm::check::{Request, explore};
use racevm::explore::{Cut, Monitor, Progress, Reductions};
use racevm::program::{Models, Program};

use super::{increments, model};

/// Remembers the most that a search has held.
#[derive(Default)]
struct Peak(u64);

impl Monitor for Peak {
    fn observe(&mut self, progress: &Progress) -> Option<Cut> {
        self.0 = self.0.max(progress.memory);
        None
    }
}

/// Explores; returns the number of states and the most bytes held.
fn searched(program: &Program, reductions: Option<Reductions>) -> (u64, u64) {
    let request = Request { reduce: false, reductions, ..Request::new(Models::default()) };
    let mut peak = Peak::default();
    let found = explore(program, &request, &mut peak).expect("small states");
    (found.search.states, peak.0)
}

pub fn search(c: &mut Criterion) {
    let programs = [
        ("3 threads x 4 increments", increments(3, 4)),
        ("filter lock by instructions x 1 round", model("filter_3_2", "ROUNDS", 1)),
        ("bounded buffer by instructions x 2 items", model("buffer_4_4", "ITEMS", 2)),
        ("Treiber's stack x 3 rounds", model("stack_2_4", "ROUNDS", 3)),
        ("filter lock x 4 rounds", model("filter", "ROUNDS", 4)),
        ("bakery x 2 rounds", model("bakery", "ROUNDS", 2)),
        ("ticket lock x 2 rounds", model("ticket", "ROUNDS", 2)),
        ("queue lock x 4 rounds", model("mcs", "ROUNDS", 4)),
        ("bounded buffer x 6 items", model("buffer", "ITEMS", 6)),
    ];
    for (name, program) in &programs {
        let (whole, bytes) = searched(program, None);
        let (reduced, _) = searched(program, Some(Reductions::ALL));
        let ratio = whole as f64 / reduced as f64;
        println!(
            "{name}: {whole} states, {:.1} bytes each; reduced {reduced}, 1 of {ratio:.1}",
            bytes as f64 / whole as f64
        );
        let mut group = c.benchmark_group(*name);
        group.sample_size(10);
        group.throughput(Throughput::Elements(whole));
        group.bench_function("whole graph", |b| b.iter(|| searched(program, None)));
        group.throughput(Throughput::Elements(reduced));
        group.bench_function("reduced graph", |b| b.iter(|| searched(program, Some(Reductions::ALL))));
        group.finish();
    }
}
