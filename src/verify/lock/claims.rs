//! What a lock's file says of itself, in comments: the program is the same with them and without.
//!
//! ```text
//! ; lock: for 2 threads
//! ; lock: reentrant
//! ; lock: bypass 1 with 2 threads
//! ; lock: bypass unbounded with 3 threads
//! ; lock: fails under tso, pso: exclusion, livelock
//! ; lock: fences 2 under tso
//! ; lock: fences none under pso
//! ```
//!
//! What is not said to fail is expected to hold, under every memory model that is asked about.

use std::collections::{BTreeMap, BTreeSet};

use super::result::{Bypass, Property};
use crate::program::MemoryModel;
use crate::verify::claims::{self, Misclaim};

/// How a line of claims begins, behind its semicolons.
const MARK: &str = "lock:";

/// The claims of one file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Claims {
    /// The most threads that it is made for.
    pub most_threads: Option<u32>,
    /// Whoever holds it may take it again.
    pub reentrant: bool,
    /// By number of threads, how often others may go first while one waits.
    pub bypass: BTreeMap<u32, Bypass>,
    /// By memory model, what fails.
    pub fails: BTreeMap<MemoryModel, BTreeSet<Property>>,
    /// By memory model, how many fences repair it at least; `None` when no fences do.
    pub fences: BTreeMap<MemoryModel, Option<u32>>,
}

impl Claims {
    /// Reads the claims out of a lock's text.
    ///
    /// # Errors
    ///
    /// Says which line begins like a claim and is none.
    pub fn read(text: &str) -> Result<Claims, Misclaim> {
        let mut read = Claims::default();
        claims::read(text, MARK, |claim| read.add(claim))?;
        Ok(read)
    }

    fn add(&mut self, claim: &str) -> Result<(), String> {
        let words: Vec<&str> = claim.split_whitespace().collect();
        match words.as_slice() {
            ["for", most, "threads" | "thread"] => self.most_threads = Some(number(most)?),
            ["reentrant"] => self.reentrant = true,
            ["bypass", bound, "with", threads, "threads"] => {
                let bound = match *bound {
                    "unbounded" => Bypass::Unbounded,
                    bound => Bypass::AtMost(number(bound)?),
                };
                self.bypass.insert(number(threads)?, bound);
            }
            ["fences", least, "under", ..] => {
                let least = if *least == "none" { None } else { Some(number(least)?) };
                let (_, models) = claim.split_once("under").expect("the words were just matched");
                for model in claims::list(models)? {
                    self.fences.insert(model, least);
                }
            }
            ["fails", "under", ..] => {
                let (_, rest) = claim.split_once("under").expect("the words were just matched");
                claims::add_failing(rest, &mut self.fails)?;
            }
            _ => {
                return Err(format!(
                    "`{claim}` is no claim: expected `for N threads`, `reentrant`, `bypass N with N threads`, \
                     `fails under MODELS: WHAT` or `fences N under MODELS`"
                ));
            }
        }
        Ok(())
    }
}

fn number(word: &str) -> Result<u32, String> {
    word.parse().map_err(|_| format!("`{word}` is no number"))
}
