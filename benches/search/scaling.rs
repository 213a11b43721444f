//! Does the search stay as fast when the graph grows, and does a second thread help?
//!
//! The same program at growing sizes: threads that do `x += 1` again and again, from ten thousand states to two
//! million, and with RACEVM_LARGE=1 in the environment on to a hundred million, which takes minutes and some
//! gigabytes. Throughput is in states.

use std::env;

use criterion::{BenchmarkId, Criterion, Throughput};
use racevm::check::{Request, Unwatched, explore};
use racevm::program::{Models, Program};

use super::increments;

/// Threads and increments of each: 6,762 states, 77,912, 530,217, 2,267,103.
const SIZES: &[(u32, usize)] = &[(3, 2), (3, 3), (3, 4), (3, 5)];

/// 10,147,279 states, 52,101,363, and more than a hundred million.
const LARGE: &[(u32, usize)] = &[(4, 3), (3, 8), (3, 9)];

fn states(program: &Program, workers: usize) -> u64 {
    let request = Request { reduce: false, verdicts_only: true, workers, ..Request::new(Models::default()) };
    explore(program, &request, &mut Unwatched).expect("small states").search.states
}

pub fn scaling(c: &mut Criterion) {
    let is_large = env::var_os("RACEVM_LARGE").is_some();
    let sizes = SIZES.iter().chain(if is_large { LARGE } else { &[] });
    let mut group = c.benchmark_group("increments");
    group.sample_size(10);
    for &(threads, each) in sizes {
        let program = increments(threads, each);
        let count = states(&program, 1);
        group.throughput(Throughput::Elements(count));
        for workers in [1, 2] {
            let id = BenchmarkId::new(format!("{count} states"), format!("{workers} workers"));
            group.bench_function(id, |b| b.iter(|| states(&program, workers)));
        }
    }
    group.finish();
}
