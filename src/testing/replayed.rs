//! One execution that a test pins, and what it can be asked.

use super::explored::page;
use super::failure::{Failure, FailureKind, loud};
use super::outcomes::{Row, text};
use super::subject::Subject;
use crate::check::evaluate;
use crate::program::{Claim, Models, Program};
use crate::report;
use crate::schedule::{self, End, Execution, ParsedSchedule, program_hash};
use crate::vm::{Machine, State};

/// An execution that followed a schedule.
///
/// ```
/// use racevm::testing;
///
/// let lost = testing::file("programs/lost_update.rvm").replay("A3 B4 A1@10ba");
/// lost.assert_outcome(1);
/// lost.assert_holds("x == 1 and inc[0] done");
/// ```
#[derive(Clone, Debug)]
pub struct Replayed {
    subject: Subject,
    program: Program,
    models: Models,
    execution: Execution,
}

/// How an execution ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// In a final state, with this outcome: the observed values in a row, arrays element by element.
    Final(Vec<i64>),
    /// In a deadlock.
    Deadlock,
    /// In a fault, with this message.
    Fault(String),
    /// At an `ASSUME` of 0.
    Assume,
    /// The schedule stops before the execution ends.
    Open,
}

impl Replayed {
    pub(super) fn new(subject: &Subject, text: &str) -> Result<Replayed, Failure> {
        let program = subject.assemble()?;
        let models = match subject.models(&program)[..] {
            [models] => models,
            _ => {
                let message = "a schedule is replayed under one combination of models: name one of each";
                return Err(Failure::new(FailureKind::Usage, message));
            }
        };
        let execution = {
            let machine = subject.machine(&program, models)?;
            let schedule = parse(text, subject, &program)?;
            schedule::replay(&machine, &schedule).map_err(|misfit| {
                let message = misfit.message(&program);
                let name = subject.name();
                misfitting(format!(
                    "the schedule `{text}` does not fit `{name}` under switch {}, memory {}: {message}",
                    models.switch, models.memory
                ))
            })?
        };
        Ok(Replayed { subject: subject.clone(), program, models, execution })
    }

    /// Returns how it ended.
    ///
    /// # Panics
    ///
    /// Never: a program that has been executed has a machine.
    pub fn ended(&self) -> Ended {
        ended(&self.machine(), &self.execution)
    }

    /// Returns what it printed.
    ///
    /// # Panics
    ///
    /// Never: a program that has been executed has a machine.
    pub fn output(&self) -> Vec<i64> {
        self.machine().output(&self.execution.state).to_vec()
    }

    /// Returns every step and what it did, as plain data.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// Returns the timeline, as `racevm replay` prints it.
    ///
    /// # Panics
    ///
    /// Never: a program that has been executed has a machine.
    pub fn timeline(&self) -> String {
        report::replayed(&self.machine(), &self.execution, &page(""))
    }

    /// Claims that it ends in a final state with these observed values, arrays element by element.
    ///
    /// # Errors
    ///
    /// Says how it ends instead, with the timeline.
    pub fn outcome(&self, row: impl Row) -> Result<(), Failure> {
        let row = row.numbers();
        self.ends(&format!("the outcome {}", text(&row)), |end| *end == Ended::Final(row.clone()))
    }

    /// Claims that it ends in a deadlock.
    ///
    /// # Errors
    ///
    /// Says how it ends instead, with the timeline.
    pub fn deadlock(&self) -> Result<(), Failure> {
        self.ends("a deadlock", |end| *end == Ended::Deadlock)
    }

    /// Claims that it ends in a fault whose message contains this text.
    ///
    /// # Errors
    ///
    /// Says how it ends instead, with the timeline.
    pub fn fault(&self, part: impl AsRef<str>) -> Result<(), Failure> {
        let part = part.as_ref();
        let is_it = |end: &Ended| matches!(end, Ended::Fault(message) if message.contains(part));
        self.ends(&format!("a fault `{part}`"), is_it)
    }

    /// Claims that an expression of the language is true where it ends.
    ///
    /// # Errors
    ///
    /// Says that it is not, with the timeline, or what is wrong with the text.
    pub fn holds(&self, expression: impl AsRef<str>) -> Result<(), Failure> {
        let expression = expression.as_ref().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut program = self.subject.assemble_with(&format!("expect always {expression}\n"))?;
        let Some(Claim::Always(expr)) = program.expectations.pop().map(|expectation| expectation.claim)
        else {
            let message = format!("`{expression}` is no expression");
            return Err(Failure::new(FailureKind::Usage, message));
        };
        match evaluate(&self.machine(), &self.execution.state, &expr) {
            Some(value) if value != 0 => Ok(()),
            Some(_) => Err(self.refute(&expression, "it is false where the schedule ends")),
            None => Err(self.refute(&expression, "it has no value where the schedule ends")),
        }
    }

    /// Asserts [`Replayed::outcome`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_outcome(&self, row: impl Row) -> &Replayed {
        loud(self.outcome(row));
        self
    }

    /// Asserts [`Replayed::deadlock`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_deadlock(&self) -> &Replayed {
        loud(self.deadlock());
        self
    }

    /// Asserts [`Replayed::fault`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_fault(&self, part: impl AsRef<str>) -> &Replayed {
        loud(self.fault(part));
        self
    }

    /// Asserts [`Replayed::holds`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_holds(&self, expression: impl AsRef<str>) -> &Replayed {
        loud(self.holds(expression));
        self
    }

    fn machine(&self) -> Machine<'_> {
        loud(self.subject.machine(&self.program, self.models))
    }

    fn ends(&self, claim: &str, is_it: impl Fn(&Ended) -> bool) -> Result<(), Failure> {
        let end = self.ended();
        if is_it(&end) {
            return Ok(());
        }
        let found = match &end {
            Ended::Final(row) => format!("the outcome {}", text(row)),
            Ended::Deadlock => "a deadlock".to_owned(),
            Ended::Fault(message) => format!("the fault `{message}`"),
            Ended::Assume => "an ASSUME of 0: this execution does not count".to_owned(),
            Ended::Open => "the schedule stops before the execution ends".to_owned(),
        };
        Err(self.refute(claim, &found))
    }

    fn refute(&self, claim: &str, found: &str) -> Failure {
        let name = self.subject.name();
        let Models { switch, memory } = self.models;
        let head = format!(
            "expected  {claim}\nfound     {found}\nin        {name}, switch {switch}, memory {memory}"
        );
        let schedule = self.execution.schedule().to_text(&self.program);
        Failure::new(FailureKind::Fails, format!("{head}\n\n{}", self.timeline()))
            .with_schedule(Some(schedule))
    }
}

/// Reads a schedule that is of this program.
fn parse(text: &str, subject: &Subject, program: &Program) -> Result<ParsedSchedule, Failure> {
    let name = subject.name();
    let schedule = schedule::parse(text, program)
        .map_err(|error| misfitting(format!("`{text}` is no schedule of `{name}`: {error}")))?;
    if schedule.fits(program) {
        return Ok(schedule);
    }
    let made_for = schedule.mark.unwrap_or_default();
    let this = format!("{:016x}", program_hash(program));
    Err(misfitting(format!(
        "`{name}` has changed: the schedule was made for @{made_for}, and the program is now @{}. Look whether \
         what it shows still happens, and pin that, or take the test away.",
        &this[..made_for.len().clamp(4, this.len())]
    )))
}

fn misfitting(message: String) -> Failure {
    Failure::new(FailureKind::Misfit, message)
}

fn ended(machine: &Machine<'_>, execution: &Execution) -> Ended {
    match execution.end {
        End::Final => Ended::Final(observed(machine, &execution.state)),
        End::Deadlock => Ended::Deadlock,
        End::Fault(fault) => Ended::Fault(fault.message(machine.program()).to_owned()),
        End::Assume => Ended::Assume,
        End::Open => Ended::Open,
    }
}

fn observed(machine: &Machine<'_>, state: &State) -> Vec<i64> {
    let cells = machine.program().observed.iter().flat_map(|observed| &observed.cells);
    cells.map(|&cell| machine.value(state, cell)).collect()
}

/// Returns the call that, behind the replay of an execution, asserts how it ends; `open` where it does not.
pub(super) fn ending(machine: &Machine<'_>, execution: &Execution, open: &str) -> String {
    match ended(machine, execution) {
        Ended::Final(row) if row.len() == 1 => format!(".assert_outcome({})", row[0]),
        Ended::Final(row) => format!(".assert_outcome({row:?})"),
        Ended::Deadlock => ".assert_deadlock()".to_owned(),
        Ended::Fault(message) => format!(".assert_fault({message:?})"),
        Ended::Assume => String::new(),
        Ended::Open => open.to_owned(),
    }
}
