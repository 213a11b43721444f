//! What an object's file says of itself, in comments: the program is the same with them and without.
//!
//! ```text
//! ; object: queue
//! ; object: waits
//! ; object: roles enqueue | dequeue*
//! ; object: fails under tso, pso: order, livelock
//! ```
//!
//! What is not said to fail is expected to hold, under every memory model that is asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::result::Wrong;
use crate::program::MemoryModel;
use crate::verify::claims::{self, Misclaim};

/// How a line of claims begins, behind its semicolons.
const MARK: &str = "object:";

/// The claims of one file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Claims {
    /// The text of its specification: `queue`.
    pub specification: Option<String>,
    /// Its operations wait where there is nothing to take, or no room.
    pub waits: bool,
    /// Which threads may call what.
    pub roles: Option<Roles>,
    /// By memory model, what goes wrong.
    pub fails: BTreeMap<MemoryModel, BTreeSet<Wrong>>,
}

/// Which threads may call what. As text `enqueue | dequeue*` is one thread that only enqueues, and any number
/// of threads that only dequeue; `push, pop` is a thread that may do both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roles {
    /// The kinds of threads.
    pub roles: Vec<Role>,
}

/// A kind of thread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Role {
    /// The procs that it may call.
    pub procs: Vec<String>,
    /// There may be any number of such threads; otherwise there is at most one.
    pub many: bool,
}

impl Claims {
    /// Reads the claims out of an object's text.
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
        if claim == "waits" {
            self.waits = true;
        } else if let Some(roles) = claim.strip_prefix("roles ") {
            self.roles = Some(roles.parse()?);
        } else if let Some(fails) = claim.strip_prefix("fails under ") {
            claims::add_failing(fails, &mut self.fails)?;
        } else if !claim.is_empty() && !claim.contains(char::is_whitespace) {
            self.specification = Some(claim.to_owned());
        } else {
            return Err(format!(
                "`{claim}` is no claim: expected a specification, `waits`, `roles PROC | PROC*` or \
                 `fails under MODELS: WHAT`"
            ));
        }
        Ok(())
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Roles, String> {
        let role = |entry: &str| {
            let entry = entry.trim();
            let (entry, many) = entry.strip_suffix('*').map_or((entry, false), |entry| (entry, true));
            let words = entry.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
            let procs: Vec<String> = words.map(str::to_owned).collect();
            let is_name = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if procs.is_empty() || !procs.iter().all(is_name) {
                return Err(format!("`{text}` names no roles: expected procs, as in `enqueue | dequeue*`"));
            }
            Ok(Role { procs, many })
        };
        Ok(Roles { roles: text.split('|').map(role).collect::<Result<_, _>>()? })
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = |role: &Role| format!("{}{}", role.procs.join(", "), if role.many { "*" } else { "" });
        f.write_str(&self.roles.iter().map(role).collect::<Vec<_>>().join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_from_comments() {
        let text = "; A queue.\n; object: queue\n;; object: roles enqueue | dequeue, peek*\n; object: waits\n\
                    ; object: fails under tso, pso: order, livelock\nshared x";
        let claims = Claims::read(text).unwrap();
        assert_eq!(claims.specification.as_deref(), Some("queue"));
        assert!(claims.waits);
        assert_eq!(claims.roles.unwrap().to_string(), "enqueue | dequeue, peek*");
        let wrongs = BTreeSet::from([Wrong::Order, Wrong::Livelock]);
        assert_eq!(
            claims.fails,
            BTreeMap::from([(MemoryModel::Tso, wrongs.clone()), (MemoryModel::Pso, wrongs)])
        );
    }

    #[test]
    fn what_is_no_claim_is_refused_with_its_line() {
        for claim in ["a b", "fails under sc", "fails under x: order", "fails under sc: x", "roles |", ""] {
            let text = format!("\n; object: {claim}\n");
            assert_eq!(Claims::read(&text).unwrap_err().line, 2, "{claim}");
        }
    }
}
