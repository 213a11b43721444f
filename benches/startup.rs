//! How long does a person wait for the smallest answer: the whole process, from its start to its exit?
//!
//! `version` is what the process costs alone; the difference is what assembling, searching and reporting take.

use std::path::Path;
use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};

fn startup(c: &mut Criterion) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs/lost_update.rvm");
    let program = program.to_str().expect("a path in UTF-8");
    let mut group = c.benchmark_group("process");
    for (name, arguments) in
        [("version", &["--version"][..]), ("explore", &["explore", program]), ("check", &["check", program])]
    {
        let run = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_racevm"));
            let status = command.args(arguments).stdout(Stdio::null()).status().expect("it starts");
            assert!(status.success());
        };
        group.bench_function(name, |b| b.iter(run));
    }
    group.finish();
}

criterion_group!(benches, startup);
criterion_main!(benches);
