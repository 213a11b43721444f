//! How many steps a second does sampling execute, and what does a strategy cost?
//!
//! - `counter loop`: two threads that each count to 10,000 in a loop, final value only, one run an iteration.
//! - `coroutines`: 1,000 threads under `await`, one run an iteration.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use racevm::asm::{NoFiles, Options, assemble};
use racevm::program::{Models, Program, SwitchModel};
use racevm::schedule::{Sampling, sample};
use racevm::vm::{DEFAULT_BUFFER, Machine};

const COUNTER_LOOP: &str = "
shared x = 0
thread T[2]
    local i = 0
loop:
    LOAD x
    PUSH 1
    ADD
    STORE x
    LOAD i
    PUSH 1
    ADD
    DUP
    STORE i
    PUSH 10000
    LT
    JNZ  loop
end
";

const COROUTINES: &str = "
shared x = 0
thread T[1000]
    LOAD x
    YIELD
    PUSH 1
    ADD
    STORE x
end
";

fn assembled(text: &str) -> Program {
    assemble("bench.rvm", text, &Options::default(), &NoFiles).expect("the program assembles")
}

fn sampling(c: &mut Criterion) {
    for (name, text, switch) in
        [("counter loop", COUNTER_LOOP, SwitchModel::Every), ("coroutines", COROUTINES, SwitchModel::Await)]
    {
        let program = assembled(text);
        let models = Models { switch, ..Models::default() };
        let machine = Machine::new(&program, models, DEFAULT_BUFFER).expect("small states");
        let mut group = c.benchmark_group(name);
        group.sample_size(20);
        for strategy in ["random", "pct:3", "quantum:100", "round-robin"] {
            let sampling =
                Sampling { strategy: strategy.parse().expect("a strategy"), seed: 1, runs: 1, limit: None };
            let run = || sample(&machine, &sampling, &mut |_, _| true);
            group.throughput(Throughput::Elements(run().steps));
            group.bench_function(strategy, |b| b.iter(run));
        }
        group.finish();
    }
}

criterion_group!(benches, sampling);
criterion_main!(benches);
