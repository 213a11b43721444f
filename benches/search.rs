//! How fast is the search, and what does each part of it cost?
//!
//! - `whole graph`: states a second of the search for every state, without reductions.
//! - `reduced graph`: the same programs with fusion; compare the times, the answers are the same.
//! - `counting`: schedules and probabilities of 2 threads x 10 increments, C(80,40) schedules.
//! - `traces`: classes of equivalent schedules by sleep sets.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use racevm::asm::{NoFiles, Options, assemble};
use racevm::check::{Counting, Limits, Unwatched, explored};
use racevm::explore::{Reduction, Reductions};
use racevm::program::{Models, Program};
use racevm::vm::{DEFAULT_BUFFER, Machine};

/// `threads` threads, each `each` times `x += 1`, written out.
fn increments(threads: u32, each: usize) -> Program {
    let body = "LOAD x\nPUSH 1\nADD\nSTORE x\n".repeat(each);
    assembled(&format!("shared x = 0\nthread T[{threads}]\n{body}end\n"))
}

/// Philosophers who take the left fork first.
fn philosophers(count: u32) -> Program {
    let mut text = format!("mutex fork[{count}]\nthread p[{count}]\nlocal right = 0\n");
    text += &format!("SELF\nPUSH 1\nADD\nPUSH {count}\nMOD\nSTORE right\nSELF\nLOCK fork[]\n");
    text += "LOAD right\nLOCK fork[]\nLOAD right\nUNLOCK fork[]\nSELF\nUNLOCK fork[]\nend\nexpect deadlock\n";
    assembled(&text)
}

fn assembled(text: &str) -> Program {
    assemble("bench.rvm", text, &Options::default(), &NoFiles).expect("the program assembles")
}

fn search(c: &mut Criterion) {
    let programs = [("3 threads x 3 increments", increments(3, 3)), ("5 philosophers", philosophers(5))];
    for (name, program) in &programs {
        let machine = Machine::new(program, Models::default(), DEFAULT_BUFFER).expect("small states");
        let reduction = Reduction::new(&machine, Reductions::ALL);
        let run = |reduction: Option<&Reduction>| {
            explored(&machine, reduction, &Limits::default(), Counting::Nothing, &mut Unwatched)
        };
        let mut group = c.benchmark_group(*name);
        group.sample_size(10);
        group.throughput(Throughput::Elements(run(None).search.states));
        group.bench_function("whole graph", |b| b.iter(|| run(None)));
        group.throughput(Throughput::Elements(run(reduction.as_ref()).search.states));
        group.bench_function("reduced graph", |b| b.iter(|| run(reduction.as_ref())));
        group.finish();
    }
}

fn counting(c: &mut Criterion) {
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

criterion_group!(benches, search, counting);
criterion_main!(benches);
