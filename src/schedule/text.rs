//! The text of a schedule: a run-length list of whose step comes next.
//!
//! `A3 B4 A1@9c41` is three steps of A, four of B, one of A, of a program whose hash begins with 9c41. A step
//! with several successors names its choice and stands alone: `A=5`, `A>C`. `A~` takes the oldest entry of A's
//! store buffer to memory; under `pso` that names the element: `A~x`, `A~a[1]`.
//!
//! What is printed is canonical: a number behind every run of steps without a choice, `~` once for each flush.
//! What is read is wider: `A` is `A1`, and `A~2` is two flushes.

use std::fmt::{self, Write};

use super::hash::program_hash;
use super::{Schedule, misfit};
use crate::program::{Program, ThreadId, VarKind, Variable};
use crate::vm::{Action, Actor, Choice};

/// The fewest hex digits of the hash that mark a schedule, and how many are printed.
const HASH_DIGITS: usize = 4;

/// A schedule as it was read: nothing is known yet of whether it can be executed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ParsedSchedule {
    /// The runs in order.
    pub runs: Vec<Run>,
    /// The hex digits behind the `@`, in lower case; `None` without a suffix.
    pub mark: Option<String>,
}

/// Equal steps one after another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// The step; its choice is [`Choice::Only`] where the text names none.
    pub action: Action,
    /// How often; at least 1. Numbers too large to hold are held as the largest.
    pub count: u64,
}

/// A text that is no schedule of the program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScheduleError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong there, and what would be right.
    pub message: String,
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.column, self.message)
    }
}

impl std::error::Error for ScheduleError {}

impl Schedule {
    /// Returns the canonical text, marked with the program's hash.
    pub fn to_text(&self, program: &Program) -> String {
        let mut text = String::new();
        for run in ParsedSchedule::from(self).runs {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&action_text(program, run.action));
            if run.action.choice == Choice::Only && matches!(run.action.actor, Actor::Thread(_)) {
                text.push_str(&run.count.to_string());
            }
        }
        let digits = hash_digits(program);
        text.push('@');
        text.push_str(&digits[..HASH_DIGITS]);
        text
    }
}

impl From<&Schedule> for ParsedSchedule {
    fn from(schedule: &Schedule) -> ParsedSchedule {
        let mut runs: Vec<Run> = Vec::new();
        for &action in &schedule.actions {
            let joins = action.choice == Choice::Only && matches!(action.actor, Actor::Thread(_));
            match runs.last_mut() {
                Some(last) if joins && last.action == action => last.count += 1,
                _ => runs.push(Run { action, count: 1 }),
            }
        }
        ParsedSchedule { runs, mark: None }
    }
}

impl ParsedSchedule {
    /// Returns true when the schedule is not marked, or marked with this program's hash.
    pub fn fits(&self, program: &Program) -> bool {
        self.mark.as_ref().is_none_or(|mark| hash_digits(program).starts_with(mark.as_str()))
    }
}

fn hash_digits(program: &Program) -> String {
    format!("{:016x}", program_hash(program))
}

/// Returns one step as text, without a run length: `A`, `A=5`, `A>C`, `A~`, `A~x`.
pub(super) fn action_text(program: &Program, action: Action) -> String {
    let mut text = action.actor.thread().letters();
    match action.actor {
        Actor::Thread(_) => {}
        Actor::Buffer(_, None) => text.push('~'),
        Actor::Buffer(_, Some(cell)) => {
            text.push('~');
            text.push_str(&program.memory_name(cell));
        }
    }
    // Writing to a string cannot fail.
    let _ = match action.choice {
        Choice::Only => Ok(()),
        Choice::Value(value) => write!(text, "={value}"),
        Choice::Waiter(waiter) => write!(text, ">{waiter}"),
    };
    text
}

/// Reads the text of a schedule. White space separates runs; the suffix may stand apart.
///
/// # Errors
///
/// Says what cannot be read, and where: a thread or variable that the program does not have, a run length
/// where none can stand, or anything else that is no schedule.
pub fn parse(text: &str, program: &Program) -> Result<ParsedSchedule, ScheduleError> {
    let mut parsed = ParsedSchedule::default();
    let mut cursor = Cursor { text, at: 0, program };
    loop {
        cursor.skip(char::is_whitespace);
        if cursor.rest().is_empty() {
            return Ok(parsed);
        }
        if cursor.eat('@') {
            parsed.mark = Some(cursor.mark()?);
            return Ok(parsed);
        }
        parsed.runs.push(cursor.run()?);
    }
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
    program: &'t Program,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    /// Takes the longest stretch of such characters; it may be empty.
    fn skip(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let len = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn error<T>(&self, at: usize, message: impl Into<String>) -> Result<T, ScheduleError> {
        let column = self.text[..at].chars().count() + 1;
        Err(ScheduleError { column, message: message.into() })
    }

    fn run(&mut self) -> Result<Run, ScheduleError> {
        let thread = self.thread()?;
        let (actor, choice) = match self.peek() {
            Some('~') => (self.buffer(thread)?, Choice::Only),
            Some('=') => (Actor::Thread(thread), self.value()?),
            Some('>') => {
                self.at += 1;
                (Actor::Thread(thread), Choice::Waiter(self.thread()?))
            }
            _ => (Actor::Thread(thread), Choice::Only),
        };
        let count = if choice == Choice::Only { self.count()? } else { 1 };
        match self.peek() {
            Some(c) if c.is_ascii_digit() => self.error(
                self.at,
                "a run length cannot stand behind a choice: write the step once for each time it is made",
            ),
            Some(c) if !c.is_whitespace() && c != '@' => self
                .error(self.at, format!("`{}` cannot stand here: steps are separated by spaces", shown(c))),
            _ => Ok(Run { action: Action { actor, choice }, count }),
        }
    }

    fn thread(&mut self) -> Result<ThreadId, ScheduleError> {
        let start = self.at;
        let letters = self.skip(|c| c.is_ascii_uppercase());
        if letters.is_empty() {
            return match self.peek() {
                Some(c) if c.is_ascii_lowercase() => {
                    self.error(start, format!("threads are named by capital letters, and `{c}` is none"))
                }
                Some(c) => {
                    self.error(start, format!("expected the letter of a thread, found `{}`", shown(c)))
                }
                None => self.error(start, "expected the letter of a thread, found the end"),
            };
        }
        match ThreadId::from_letters(letters) {
            Some(thread) if thread.index() < self.program.threads.len() => Ok(thread),
            _ => {
                let threads: Vec<ThreadId> = self.program.thread_ids().collect();
                let threads = misfit::thread_list(self.program, &threads);
                let message = format!("there is no thread {letters}: the program has {threads}");
                self.error(start, message)
            }
        }
    }

    fn value(&mut self) -> Result<Choice, ScheduleError> {
        self.at += 1;
        let start = self.at;
        let negative = self.eat('-');
        let digits = self.skip(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return self.error(start, "expected the number that CHOOSE takes");
        }
        let sign = if negative { "-" } else { "" };
        match format!("{sign}{digits}").parse() {
            Ok(value) => Ok(Choice::Value(value)),
            Err(_) => self.error(start, "the number does not fit 64 bits"),
        }
    }

    fn count(&mut self) -> Result<u64, ScheduleError> {
        let start = self.at;
        let digits = self.skip(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Ok(1);
        }
        if digits.bytes().all(|digit| digit == b'0') {
            return self.error(start, "a run has at least one step");
        }
        Ok(digits.parse().unwrap_or(u64::MAX))
    }

    fn buffer(&mut self, thread: ThreadId) -> Result<Actor, ScheduleError> {
        self.at += 1;
        if !self.peek().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
            return Ok(Actor::Buffer(thread, None));
        }
        let start = self.at;
        let name = self.skip(|c| c.is_ascii_alphanumeric() || c == '_');
        let found = self.program.variables.iter().find(|variable| {
            variable.name == name && matches!(variable.kind, VarKind::Shared | VarKind::Atomic)
        });
        let Some(variable) = found else {
            return self.error(start, format!("there is no shared or atomic variable `{name}`"));
        };
        let offset = self.element(variable)?;
        Ok(Actor::Buffer(thread, Some(variable.base + offset)))
    }

    fn element(&mut self, variable: &Variable) -> Result<u32, ScheduleError> {
        let start = self.at;
        let name = &variable.name;
        if !variable.is_array {
            return Ok(0);
        }
        if !self.eat('[') {
            return self.error(start, format!("`{name}` is an array: name the element, `{name}[0]`"));
        }
        let digits = self.skip(|c| c.is_ascii_digit());
        if digits.is_empty() || !self.eat(']') {
            return self.error(self.at, format!("expected an element of `{name}`, as `{name}[0]`"));
        }
        match digits.parse() {
            Ok(index) if index < variable.len => Ok(index),
            _ => self.error(start, format!("`{name}` has the elements 0 to {}", variable.len - 1)),
        }
    }

    fn mark(&mut self) -> Result<String, ScheduleError> {
        let start = self.at;
        let digits = self.skip(|c| c.is_ascii_hexdigit());
        if !(HASH_DIGITS..=16).contains(&digits.len()) {
            return self.error(start, "behind `@` stand 4 to 16 hex digits of the program's hash");
        }
        self.skip(char::is_whitespace);
        match self.peek() {
            Some(_) => self.error(self.at, "nothing may stand behind the program's hash"),
            None => Ok(digits.to_ascii_lowercase()),
        }
    }
}

/// A character as an error can show it without disturbing a terminal.
fn shown(c: char) -> String {
    c.escape_debug().collect()
}
