//! What does the search cost? One question a file: [`graphs`], [`scaling`], [`counting`].
//!
//! What the same models cost beside Spin, `benches/compare.sh` says.

mod counting;
mod graphs;
mod scaling;

use std::fs;
use std::path::Path;

use criterion::{criterion_group, criterion_main};
use racevm::asm::{NoFiles, Options, assemble};
use racevm::program::Program;

/// `threads` threads, each `each` times `x += 1`, written out.
fn increments(threads: u32, each: usize) -> Program {
    let body = "LOAD x\nPUSH 1\nADD\nSTORE x\n".repeat(each);
    let text = format!("shared x = 0\nthread T[{threads}]\n{body}end\n");
    assemble("increments.rvm", &text, &Options::default(), &NoFiles).expect("the program assembles")
}

/// One of the models beside the benches, with another value for one of its constants.
fn model(name: &str, constant: &str, value: i64) -> Program {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/models").join(name).with_extension("rvm");
    let text = fs::read_to_string(&path).expect("the model is there");
    let options = Options { defines: vec![(constant.to_owned(), value)], ..Options::default() };
    assemble(name, &text, &options, &NoFiles).expect("the model assembles")
}

criterion_group!(benches, graphs::search, scaling::scaling, counting::counting);
criterion_main!(benches);
