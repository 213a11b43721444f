//! racevm shows everything a concurrent program can do.

pub mod asm;
pub mod program;
