//! What the exploration of a subject found, and how a claim about it is refuted.

use super::failure::{Failure, FailureKind, loud};
use super::outcomes::Outcomes;
use super::replayed::ending;
use super::subject::Subject;
use crate::check::{Cut, Exploration};
use crate::program::{Models, Program};
use crate::report::{self, Page, Palette};
use crate::schedule::{ParsedSchedule, Schedule, replay};
use crate::vm::Machine;

/// What a program's expectations claim.
pub(super) const OWN_CLAIMS: &str = "what the program says of itself";

/// Everything that a program can do under each combination of its models, to be asked.
///
/// A method that is called like a claim answers with a `Result`; the one with `assert_` before it panics, and
/// returns the exploration, so that assertions can be strung together.
#[derive(Clone, Debug)]
pub struct Explored {
    pub(super) subject: Subject,
    pub(super) program: Program,
    pub(super) explorations: Vec<Exploration>,
}

/// What one exploration says of a claim.
pub(super) enum Ruling<'e> {
    /// It holds.
    Holds,
    /// It does not, for this reason; an execution may show it.
    Fails(String, Option<&'e Schedule>),
    /// The search was cut before that could be said.
    Unknown,
}

impl Explored {
    pub(super) fn new(subject: Subject) -> Result<Explored, Failure> {
        let program = subject.assemble()?;
        let combinations = subject.models(&program);
        let explored = combinations.into_iter().map(|models| subject.search(&program, models, false));
        let explorations = explored.collect::<Result<_, _>>()?;
        Ok(Explored { subject, program, explorations })
    }

    /// Returns the program as it was assembled.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Returns everything that was found, one entry for each combination of models, as plain data.
    pub fn explorations(&self) -> &[Exploration] {
        &self.explorations
    }

    /// Returns the outcomes, all of what the program observes, for claims about them.
    pub fn outcomes(&self) -> Outcomes<'_> {
        Outcomes::all(self)
    }

    /// Returns the outcomes cut down to some of what the program observes, in this order: `["x", "T[1].r"]`.
    pub fn outcomes_of<V: AsRef<str>>(&self, variables: impl IntoIterator<Item = V>) -> Outcomes<'_> {
        Outcomes::of(self, variables)
    }

    /// Returns what can be printed in all, for claims about it.
    pub fn outputs(&self) -> Outcomes<'_> {
        Outcomes::printed(self)
    }

    /// Returns the report of everything that was found, as `racevm explore` prints it.
    ///
    /// # Panics
    ///
    /// Never for an exploration that succeeded: what was explored can be executed.
    pub fn report(&self) -> String {
        let report = |found: &Exploration| {
            let again = self.subject.command("replay", &self.program, found.models);
            let machine = loud(self.subject.machine(&self.program, found.models));
            report::explored(&machine, found, &page(&again))
        };
        self.explorations.iter().map(report).collect::<Vec<_>>().join("\n")
    }

    /// Asks each exploration. What fails under one combination of models fails; what is unknown under one is
    /// inconclusive. `open` is what a replayed schedule can be asked that shows the failure and stops before
    /// an execution ends.
    pub(super) fn ask<'e>(
        &'e self,
        claim: &str,
        open: &str,
        judge: impl Fn(&'e Exploration) -> Ruling<'e>,
    ) -> Result<(), Failure> {
        let mut unknown = None;
        for found in &self.explorations {
            match judge(found) {
                Ruling::Holds => {}
                Ruling::Fails(reason, witness) => {
                    return Err(self.refute(claim, &reason, open, found, witness));
                }
                Ruling::Unknown => unknown = unknown.or(Some(found)),
            }
        }
        unknown.map_or(Ok(()), |found| Err(self.inconclusive(claim, found)))
    }

    /// Says that a claim does not hold, with everything that helps to see why.
    pub(super) fn refute(
        &self,
        claim: &str,
        reason: &str,
        open: &str,
        found: &Exploration,
        witness: Option<&Schedule>,
    ) -> Failure {
        let machine = match self.subject.machine(&self.program, found.models) {
            Ok(machine) => machine,
            Err(failure) => return failure,
        };
        let evidence = report::evidence(&machine, found, "How that comes about", witness, &page(""));
        let head = self.head(claim, reason, found.models);
        self.pin(&machine, format!("{head}\n{}\n", evidence.trim_end()), open, witness)
    }

    /// Says what the program says of itself and does not do.
    pub(super) fn unfulfilled(&self, found: &Exploration, witness: Option<&Schedule>) -> Failure {
        let machine = match self.subject.machine(&self.program, found.models) {
            Ok(machine) => machine,
            Err(failure) => return failure,
        };
        let again = self.subject.command("replay", &self.program, found.models);
        let report = report::explored(&machine, found, &page(&again));
        let head = self.head(OWN_CLAIMS, "something else, see below", found.models);
        self.pin(&machine, format!("{head}\n{}\n", report.trim_end()), "", witness)
    }

    /// Ends a failure with the program, where no file holds it, and the lines that replay the witness.
    fn pin(
        &self,
        machine: &Machine<'_>,
        mut text: String,
        open: &str,
        witness: Option<&Schedule>,
    ) -> Failure {
        for (name, text_of_file) in self.subject.unsaved() {
            text.push_str(&saved(name, text_of_file));
        }
        let Some(witness) = witness else { return Failure::new(FailureKind::Fails, text) };
        let schedule = witness.to_text(&self.program);
        let command = self.subject.command("replay", &self.program, machine.models());
        let expression = self.subject.expression(&self.program, machine.models());
        let execution = replay(machine, &ParsedSchedule::from(witness));
        let asked = execution.map_or_else(|_| String::new(), |execution| ending(machine, &execution, open));
        text.push_str(&format!("\nReplay it: {command} '{schedule}'\n"));
        text.push_str(&format!("As a test: {expression}.replay(\"{schedule}\"){asked};\n"));
        Failure::new(FailureKind::Fails, text).with_schedule(Some(schedule))
    }

    pub(super) fn inconclusive(&self, claim: &str, found: &Exploration) -> Failure {
        let (limit, help) = match found.search.cut {
            Some(Cut::States) => ("the limit on states", "raise `max_states`, or make the program smaller"),
            Some(Cut::Memory) => ("the limit on memory", "raise `max_memory`, or make the program smaller"),
            Some(Cut::Disk) => ("the disk", "make room there, or make the program smaller"),
            Some(Cut::Time) => ("the limit on time", "raise `time_limit`, or make the program smaller"),
            Some(Cut::Interrupt) => ("an interrupt", "let it go on"),
            None => ("something that could not be counted", "ask for less"),
        };
        let reason =
            format!("the search came to no end: {limit} cut it after {} states", found.search.states);
        let head = self.head(claim, &reason, found.models);
        Failure::new(FailureKind::Inconclusive, format!("{head}help      {help}\n"))
    }

    fn head(&self, claim: &str, reason: &str, models: Models) -> String {
        let Models { switch, memory } = models;
        let name = self.subject.name();
        format!("expected  {claim}\nfound     {reason}\nin        {name}, switch {switch}, memory {memory}\n")
    }
}

/// A report in plain text.
pub(super) fn page(again: &str) -> Page<'_> {
    Page { palette: Palette::new(false), verbose: false, quiet: false, again }
}

/// Shows a text that no file holds yet, under the name that the commands know it by, its lines as they are: the
/// report has their numbers.
fn saved(name: &str, text: &str) -> String {
    format!("\n--- {name}, to be saved under that name ---\n{}\n---\n", text.trim_end())
}
