//! racevm shows everything a concurrent program can do.

pub mod asm;
pub mod check;
pub mod cli;
pub mod explore;
pub mod graph;
pub mod memory;
pub mod program;
pub mod report;
pub mod schedule;
pub mod vm;

#[doc = include_str!("reference.md")]
pub mod reference {}
