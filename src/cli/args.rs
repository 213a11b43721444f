//! The flags that have one meaning in every command.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::console::ColorChoice;
use super::disk::Files;
use super::exit::Failure;
use super::quantity;
use crate::check::{Beyond, Request};
use crate::explore::{Limits, Reductions};
use crate::program::{MemoryModel, Models, Program, SwitchModel};
use crate::testing::flags;
use crate::vm::DEFAULT_BUFFER;

/// How output looks.
#[derive(Args, Clone, Debug)]
pub(super) struct OutputArgs {
    /// Colour: auto, always or never; NO_COLOR is respected
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        global = true,
        help_heading = "Output",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: ColorChoice,

    /// Say less
    #[arg(short, long, global = true, help_heading = "Output", conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more
    #[arg(short, long, global = true, help_heading = "Output")]
    pub verbose: bool,
}

/// How a program is put together, and under which rules it runs.
#[derive(Args, Clone, Debug)]
pub(super) struct ProgramArgs {
    /// Give a constant of the program another value (repeatable)
    #[arg(short = 'D', value_name = "NAME=VALUE", value_parser = define, help_heading = "Program")]
    pub defines: Vec<(String, i64)>,

    /// Put another file in the place of an include (repeatable)
    #[arg(long, value_name = "FILE=OTHER", value_parser = replacement, help_heading = "Program")]
    pub replace: Vec<(String, String)>,

    /// Where threads may be switched out: every, gil or await
    #[arg(long, value_name = "MODEL", help_heading = "Program")]
    pub switch: Option<SwitchModel>,

    /// How stores reach memory: sc, tso or pso
    #[arg(long, value_name = "MODEL", help_heading = "Program")]
    pub memory: Option<MemoryModel>,

    /// Entries that a store buffer holds, under tso and pso
    #[arg(long, value_name = "N", default_value_t = DEFAULT_BUFFER, help_heading = "Program",
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub store_buffer: u32,
}

/// How far searches may go, and on how many threads.
#[derive(Args, Clone, Debug)]
pub(super) struct BoundArgs {
    /// Stop after so many states
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub max_states: Option<u64>,

    /// Stop before holding more memory: 512M, 2G [default: 75 % of what is free]
    #[arg(long, value_name = "SIZE", value_parser = quantity::size, help_heading = "Search")]
    pub max_memory: Option<u64>,

    /// Stop after so long: 10s, 2m
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, help_heading = "Search")]
    pub time_limit: Option<Duration>,

    /// Use at most so many threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096),
          help_heading = "Search")]
    pub threads: Option<u32>,
}

/// How a search goes.
#[derive(Args, Clone, Debug)]
pub(super) struct SearchArgs {
    #[command(flatten)]
    pub bounds: BoundArgs,

    /// Count schedules and compute probabilities whatever they cost
    #[arg(long, help_heading = "Search")]
    pub count: bool,

    /// Explore the whole decision graph
    #[arg(long, help_heading = "Search", conflicts_with = "reduce")]
    pub no_reduction: bool,

    /// Reduce from the start, by these alone: all, or a list of fusion, stubborn, dead, symmetry
    #[arg(long, value_name = "LIST", value_parser = reductions, help_heading = "Search",
          conflicts_with = "count")]
    pub reduce: Option<Reductions>,
}

/// Whether a search goes on where memory ends.
#[derive(Args, Clone, Debug)]
pub(super) struct BeyondArgs {
    /// Where memory ends: stop; disk: go on exactly, with the states on disk; lossy: go on without keeping
    /// them, and say how likely one was missed
    #[arg(
        long,
        value_name = "HOW",
        value_enum,
        default_value_t,
        help_heading = "Search",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub beyond_memory: BeyondMemory,

    /// The folder for states on disk [default: the system's for temporary files]
    #[arg(long, value_name = "DIR", help_heading = "Search")]
    pub disk: Option<PathBuf>,
}

impl BeyondArgs {
    /// Returns the files for what memory does not hold, where they are wanted.
    pub fn files(&self) -> Result<Option<Files>, Failure> {
        let folder = || self.disk.clone().unwrap_or_else(std::env::temp_dir);
        (self.beyond_memory == BeyondMemory::Disk).then(|| Files::new(folder())).transpose()
    }

    /// Returns what a search does where memory ends.
    pub fn beyond<'f>(&self, files: Option<&'f Files>) -> Beyond<'f> {
        match (self.beyond_memory, files) {
            (BeyondMemory::Lossy, _) => Beyond::Lossy,
            (BeyondMemory::Disk, Some(files)) => files.beyond(),
            (BeyondMemory::Disk, None) | (BeyondMemory::Stop, _) => Beyond::Stop,
        }
    }
}

/// What a search does where memory ends.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum BeyondMemory {
    /// It stops.
    #[default]
    Stop,
    /// It goes on with its states on disk.
    Disk,
    /// It goes on without keeping states.
    Lossy,
}

impl ProgramArgs {
    /// Returns the models a program is put under: its own, unless a flag says otherwise.
    pub fn models(&self, program: &Program) -> Models {
        Models {
            switch: self.switch.unwrap_or(program.models.switch),
            memory: self.memory.unwrap_or(program.models.memory),
        }
    }

    /// Returns the flags that, given again, put a program under these models and make it the same program.
    pub fn flags(&self, program: &Program, models: Models) -> Vec<String> {
        flags(&self.defines, &self.replace, self.store_buffer, program, models)
    }
}

impl SearchArgs {
    /// Returns what a search is asked for. `share` searches run beside one another and share the memory.
    pub fn request(&self, models: Models, program: &ProgramArgs, share: u64) -> Request {
        Request {
            buffer: program.store_buffer,
            count: self.count,
            reduce: !self.no_reduction,
            reductions: self.reduce,
            limits: self.bounds.limits(share),
            ..Request::new(models)
        }
    }
}

impl BoundArgs {
    /// Returns how far a search may go that shares the memory with others, `share` in all.
    pub fn limits(&self, share: u64) -> Limits {
        let asked = self.max_memory.map(|bytes| bytes.saturating_sub(held() + PROCESS));
        let memory = asked.or_else(|| kilobytes("/proc/meminfo", "MemAvailable:").map(|bytes| bytes / 4 * 3));
        Limits { max_states: self.max_states, max_memory: memory.map(|bytes| bytes / share.max(1)) }
    }

    /// Returns how many threads to use.
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, |threads| threads as usize)
    }
}

/// What the process itself goes on to take: code that is not loaded yet, the stacks of threads, results.
const PROCESS: u64 = 3 << 20;

/// Returns how many bytes of memory the process holds now, where the machine says so.
fn held() -> u64 {
    kilobytes("/proc/self/status", "VmRSS:").unwrap_or(0)
}

/// Returns a number of bytes that the machine says about itself in units of 1024; `MemAvailable` is how much
/// memory it can give without swapping.
fn kilobytes(file: &str, label: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Reads a list of reductions.
fn reductions(text: &str) -> Result<Reductions, String> {
    let mut wanted = Reductions::NONE;
    for word in text.split(',') {
        let chosen = Reductions::named(word.trim());
        wanted = wanted.with(chosen.ok_or_else(|| {
            let known = Reductions::NAMES.map(|(name, _)| name).join(", ");
            format!("unknown reduction `{word}` (all, or some of {known})")
        })?);
    }
    Ok(wanted)
}

fn define(text: &str) -> Result<(String, i64), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let number = number(value.trim()).ok_or_else(|| format!("`{value}` is no 64-bit number"))?;
    Ok((name.trim().to_owned(), number))
}

/// Reads a number as the language writes it, with a sign.
fn number(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let hexadecimal = digits.strip_prefix("0x").or(digits.strip_prefix("0X"));
    let radix = if hexadecimal.is_some() { 16 } else { 10 };
    let digits = hexadecimal.unwrap_or(digits);
    if !digits.starts_with(|c: char| c.is_digit(radix)) || digits.ends_with('_') {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), radix).ok()
}

fn replacement(text: &str) -> Result<(String, String), String> {
    let (file, other) = text.split_once('=').ok_or("expected FILE=OTHER")?;
    if file.is_empty() || other.is_empty() {
        return Err("expected FILE=OTHER".to_owned());
    }
    Ok((file.to_owned(), other.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defines_take_the_numbers_of_the_language() {
        for (text, value) in [("N=5", 5), ("N=-5", -5), ("N=0x10", 16), ("N=1_000", 1000), ("N = 7", 7)] {
            assert_eq!(define(text), Ok(("N".to_owned(), value)), "{text}");
        }
        assert_eq!(define("N=-9223372036854775808"), Ok(("N".to_owned(), i64::MIN)));
        for text in ["N", "N=", "N=x", "N=1.5", "N=9223372036854775808", "N=--1", "N=+1", "N=_1", "N=1_"] {
            assert!(define(text).is_err(), "{text}");
        }
    }
}
