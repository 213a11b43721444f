//! Vacuity: what a pass does not say anything about.
//!
//! An expectation that no execution could break holds, and means nothing; an `ASSERT` that is never executed
//! holds too. Beer, Ben-David, Eisner and Rodeh ("Efficient Detection of Vacuity in Temporal Model Checking",
//! Formal Methods in System Design 18, 2001) found that a fifth of the formulas in their projects were such at
//! first, and that each pointed at a mistake. Looked for are:
//!
//! - expectations that hold of any execution of such code: nothing they look at is ever written, nothing in
//!   the code can block, fault or loop, or the expression is true of all values;
//! - parts of `always`, `never` and `finally` that play no part: a condition under `and`, `or` and `not` that
//!   could have the value that is worst for the claim, in every state, and the claim would still hold;
//! - code that no schedule executes, with its labels and `ASSERT`s.
//!
//! Searched are the whole graphs under each combination of models, up to [`LOOKED_AT`] states each. What was
//! cut is not said to be vacuous.

mod coverage;
mod parts;
mod unbreakable;
mod words;

use std::collections::BTreeMap;

use crate::check::{Limits, Monitor, Request};
use crate::explore::Space;
use crate::program::{Addr, Body, Claim, Instr, Line, Models, Program};
use crate::vm::{Machine, TooLarge};

use coverage::Coverage;
use parts::Parts;

/// The most states that are looked at, under each combination of models.
pub const LOOKED_AT: u64 = 50_000;

/// What a pass says nothing about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Vacuity {
    /// What was found, in order of place.
    pub remarks: Vec<Remark>,
    /// The combinations whose graphs were too large to be looked at: there may be more.
    pub not_known: Vec<Models>,
}

/// Something that a pass says nothing about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Remark {
    /// Where it is.
    pub line: Line,
    /// What it is.
    pub kind: Kind,
    /// The same in a clause.
    pub says: String,
}

/// What a remark is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// No execution could break an expectation.
    Expectation,
    /// The code alone shows that there is no deadlock, race or livelock, as an expectation says.
    Certain,
    /// A part of an expectation plays no part.
    Part,
    /// An `ASSERT` is never executed.
    Assert,
    /// Code is never executed.
    Code,
}

impl Kind {
    /// Returns its name, which stays the same from version to version.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Expectation => "expectation",
            Kind::Certain => "certain",
            Kind::Part => "part",
            Kind::Assert => "assert",
            Kind::Code => "code",
        }
    }

    /// Returns true when it is most often a mistake. That there is no deadlock is worth saying even where no
    /// instruction can block; and code that is never executed may belong to a library, or stand behind a
    /// deadlock that the program is about.
    pub fn is_warning(self) -> bool {
        !matches!(self, Kind::Code | Kind::Certain)
    }
}

/// Looks for what a pass of a program says nothing about. The program's models without `under`, the size of its
/// store buffers and the limits are those of `request`.
///
/// # Errors
///
/// Says so when a single state would not fit into memory.
pub fn vacuity(program: &Program, request: &Request, monitor: &mut dyn Monitor) -> Result<Vacuity, TooLarge> {
    vacuity_under(program, &program.combinations(request.models), |_| false, request, monitor)
}

/// Does the same for explorations under just these models. Those whose graphs are known to have more than
/// [`LOOKED_AT`] states need not be searched: all that would be found out is that they are too large.
///
/// # Errors
///
/// Says so when a single state would not fit into memory.
pub fn vacuity_under(
    program: &Program,
    combinations: &[Models],
    is_too_large: impl Fn(Models) -> bool,
    request: &Request,
    monitor: &mut dyn Monitor,
) -> Result<Vacuity, TooLarge> {
    let mut coverage = Coverage::new(program);
    let mut parts = Parts::new(program);
    let mut not_known = Vec::new();
    let most = request.limits.max_states.map_or(LOOKED_AT, |most| most.min(LOOKED_AT));
    let limits = Limits { max_states: Some(most), ..request.limits };
    for &models in combinations {
        if is_too_large(models) {
            not_known.push(models);
            continue;
        }
        let machine = Machine::new(program, models, request.buffer)?;
        let mut observer = parts.under(&machine);
        let space = Space::explore(&machine, &limits, monitor, &mut observer);
        coverage.add(&space);
        if space.cut.is_some() {
            not_known.push(models);
        }
    }
    let is_explored =
        |index: usize| combinations.iter().any(|&models| program.expectations[index].applies(models));
    let is_known = |index: usize| {
        is_explored(index) && !not_known.iter().any(|&models| program.expectations[index].applies(models))
    };
    let mut remarks = Vec::new();
    for (index, expectation) in program.expectations.iter().enumerate() {
        let line = expectation.line;
        if let Some(says) = unbreakable::reason(program, &expectation.claim).filter(|_| is_explored(index)) {
            let is_certain =
                matches!(expectation.claim, Claim::Deadlock(_) | Claim::Race(..) | Claim::Livelock(_));
            let kind = if is_certain { Kind::Certain } else { Kind::Expectation };
            remarks.push(Remark { line, kind, says });
        } else if is_known(index) {
            let says = parts.idle(index);
            remarks.extend(says.map(|(kind, says)| Remark { line, kind, says }));
        }
    }
    if not_known.is_empty() {
        remarks.extend(unexecuted(program, &coverage));
    }
    remarks.sort();
    Ok(Vacuity { remarks, not_known })
}

/// Says of each stretch of code that was never executed where it is, and of each ASSERT in it.
fn unexecuted(program: &Program, coverage: &Coverage) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let threads = program.groups.iter().map(|group| (&group.name, &group.body));
    let procs = program.procs.iter().map(|proc| (&proc.name, &proc.body));
    for (name, body) in threads.chain(procs) {
        let mut missing: Vec<Addr> = Vec::new();
        for addr in (body.entry.0..=body.end.0).map(Addr) {
            if addr < body.end && !coverage.is_executed(addr) {
                missing.push(addr);
            } else {
                remarks.extend(stretch(program, name, body, &std::mem::take(&mut missing)));
            }
        }
    }
    remarks
}

fn stretch(program: &Program, name: &str, body: &Body, missing: &[Addr]) -> Vec<Remark> {
    let (Some(first), Some(last)) = (missing.first(), missing.last()) else { return Vec::new() };
    let (line, end) = (program.line(*first), program.line(*last));
    let place = match line == end || line.source != end.source {
        true => format!("`{}` in `{name}`", program.instruction_text(*first)),
        false => format!("`{name}` from here to line {}", end.number),
    };
    let labels: Vec<String> = body
        .labels
        .iter()
        .filter(|(_, at)| (first..=last).contains(&at))
        .map(|(label, _)| format!("`{label}`"))
        .collect();
    let labels = match labels.as_slice() {
        [] => String::new(),
        [one] => format!(", with the label {one}"),
        _ => format!(", with the labels {}", labels.join(", ")),
    };
    let code = Remark { line, kind: Kind::Code, says: format!("no schedule executes {place}{labels}") };
    let asserts = missing.iter().filter(|&&at| matches!(program.instr(at), Instr::Assert(_)));
    let assert = |&at: &Addr| {
        let says = format!("no schedule executes `{}`", program.instruction_text(at));
        Remark { line: program.line(at), kind: Kind::Assert, says }
    };
    // Several instructions on a line are one remark.
    let asserts: BTreeMap<Line, Remark> = asserts.map(assert).map(|remark| (remark.line, remark)).collect();
    if missing.len() == 1 && !asserts.is_empty() {
        return asserts.into_values().collect();
    }
    std::iter::once(code).chain(asserts.into_values()).collect()
}

#[cfg(test)]
mod tests;
