//! A program under test: its text, and everything that decides how it is explored.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use super::again::{self, again, flags};
use super::failure::{Failure, FailureKind, loud};
use super::files::{self, Files};
use super::{Explored, Replayed};
use crate::asm::{self, Options};
use crate::check::{self, Cut, Exploration, Limits, Monitor, Progress, Request};
use crate::program::{MemoryModel, Models, Program, SwitchModel};
use crate::verify::mutate::{Setup, Survey, survey};
use crate::vm::{DEFAULT_BUFFER, Machine};

/// The most bytes that a search holds, unless the test says otherwise: a gibibyte, about ten million states of
/// a small program. The same everywhere, so that a test does not pass on one machine and fail on another.
pub const DEFAULT_MEMORY: u64 = 1 << 30;

/// What a program that is given as a text is called, unless it is named.
const NAME: &str = "program.rvm";

/// A program under test, built step by step: the methods say what it is made of and how it is explored.
///
/// ```
/// use racevm::testing::{self, MemoryModel, SwitchModel};
///
/// testing::program("const N = 1\nshared x = N\nthread t[2]\n LOAD x\n PUSH 1\n ADD\n STORE x\nend")
///     .define("N", 5)
///     .switch(SwitchModel::Gil)
///     .memory(MemoryModel::Tso)
///     .explore()
///     .outcomes()
///     .assert_exactly([6, 7]);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a program is only explored when that is asked for"]
pub struct Subject {
    /// The path, or what a text is called.
    name: String,
    text: Result<String, String>,
    is_file: bool,
    texts: Vec<(String, String)>,
    /// Lines behind the end of the text: `observe` and `expect`, which schedules do not depend on.
    appended: String,
    options: Options,
    switches: Vec<SwitchModel>,
    memories: Vec<MemoryModel>,
    buffer: u32,
    limits: Limits,
    time: Option<Duration>,
}

/// Begins with a program's text.
pub fn program(text: impl Into<String>) -> Subject {
    Subject::new(NAME.to_owned(), Ok(text.into()), false)
}

/// Begins with a program's file; a relative path is looked up from the folder of the package, where `cargo
/// test` runs. A file that cannot be read fails what is asked of it.
pub fn file(path: impl AsRef<Path>) -> Subject {
    let path = path.as_ref();
    let name = path.to_string_lossy().into_owned();
    let bytes = File::open(path).and_then(files::bytes);
    let text = bytes
        .map_err(|error| format!("cannot read `{name}`: {}", files::plain(&error)))
        .and_then(|bytes| files::decode(&name, bytes));
    Subject::new(name, text, true)
}

impl Subject {
    fn new(name: String, text: Result<String, String>, is_file: bool) -> Subject {
        Subject {
            name,
            text,
            is_file,
            texts: Vec::new(),
            appended: String::new(),
            options: Options::default(),
            switches: Vec::new(),
            memories: Vec::new(),
            buffer: DEFAULT_BUFFER,
            limits: Limits { max_states: None, max_memory: Some(DEFAULT_MEMORY) },
            time: None,
        }
    }

    /// Names the program, for messages: `ticket.rvm`. What it includes is looked up beside that path.
    pub fn named(mut self, name: impl Into<String>) -> Subject {
        self.name = name.into();
        self
    }

    /// Gives a text that stands for an included file: `include "lock.rvm"` finds it under this name, whatever
    /// is on the disk. So a lock and the program that uses it can stand in one test. Of two texts under one name
    /// the last one counts.
    pub fn with_file(mut self, name: impl Into<String>, text: impl Into<String>) -> Subject {
        let name = name.into();
        self.texts.retain(|(other, _)| *other != name);
        self.texts.push((name, text.into()));
        self
    }

    /// Gives a constant of the program another value, as `-D NAME=VALUE` does.
    pub fn define(mut self, name: impl Into<String>, value: i64) -> Subject {
        self.options.defines.push((name.into(), value));
        self
    }

    /// Puts another file in the place of an include, as `--replace FILE=OTHER` does.
    pub fn replace(mut self, file: impl Into<String>, other: impl Into<String>) -> Subject {
        self.options.replacements.push((file.into(), other.into()));
        self
    }

    /// Adds a line `observe` to the program: `"x, T[1].r"`. As ever, a program with such a line shows what its
    /// lines name, and no longer every shared and atomic variable.
    pub fn observe(mut self, variables: impl AsRef<str>) -> Subject {
        self.appended.push_str(&format!("observe {}\n", variables.as_ref()));
        self
    }

    /// Adds an expectation to those of the program, written as behind `expect`: `"outcomes x = {2}"`. It is judged
    /// by [`Explored::expectations`](super::Explored::expectations).
    pub fn expect(mut self, claim: impl AsRef<str>) -> Subject {
        let claim = claim.as_ref().split_whitespace().collect::<Vec<_>>().join(" ");
        self.appended.push_str(&format!("expect {claim}\n"));
        self
    }

    /// Explores under one switch model, whatever the program names.
    pub fn switch(self, model: SwitchModel) -> Subject {
        self.switches([model])
    }

    /// Explores under each of these switch models.
    pub fn switches(mut self, models: impl IntoIterator<Item = SwitchModel>) -> Subject {
        self.switches = models.into_iter().collect();
        self
    }

    /// Explores under one memory model, whatever the program names.
    pub fn memory(self, model: MemoryModel) -> Subject {
        self.memories([model])
    }

    /// Explores under each of these memory models.
    pub fn memories(mut self, models: impl IntoIterator<Item = MemoryModel>) -> Subject {
        self.memories = models.into_iter().collect();
        self
    }

    /// Bounds the store buffers of `tso` and `pso` to so many entries, at least 1 (8 by default).
    pub fn store_buffer(mut self, entries: u32) -> Subject {
        self.buffer = entries.max(1);
        self
    }

    /// Gives a search up after so many states; what is asked of it is then inconclusive.
    pub fn max_states(mut self, states: u64) -> Subject {
        self.limits.max_states = Some(states);
        self
    }

    /// Gives a search up before it holds so many bytes (1 GiB by default, see [`DEFAULT_MEMORY`]).
    pub fn max_memory(mut self, bytes: u64) -> Subject {
        self.limits.max_memory = Some(bytes);
        self
    }

    /// Gives a search up after so long.
    pub fn time_limit(mut self, time: Duration) -> Subject {
        self.time = Some(time);
        self
    }

    /// Explores every schedule under every combination of the models.
    ///
    /// # Panics
    ///
    /// With the diagnostics, when the program does not assemble or a file cannot be read.
    #[track_caller]
    pub fn explore(&self) -> Explored {
        loud(self.try_explore())
    }

    /// Explores as [`Subject::explore`] does.
    ///
    /// # Errors
    ///
    /// Says so when the program does not assemble or a file cannot be read. A search that a limit has cut is no
    /// error here: what is asked of it is.
    pub fn try_explore(&self) -> Result<Explored, Failure> {
        Explored::new(self.clone())
    }

    /// Executes exactly one schedule, `A3 B4 A1@9c41`, as a failing assertion prints it. Behind the `@` stands
    /// which program it was made for: a schedule of another one is refused, so that a test which pins an
    /// execution says so when the program has changed.
    ///
    /// # Panics
    ///
    /// When the schedule is none of this program, with the step that does not fit and who was enabled there.
    #[track_caller]
    pub fn replay(&self, schedule: impl AsRef<str>) -> Replayed {
        loud(self.try_replay(schedule))
    }

    /// Executes one schedule as [`Subject::replay`] does.
    ///
    /// # Errors
    ///
    /// Says so when the program does not assemble, or the schedule is none of it.
    pub fn try_replay(&self, schedule: impl AsRef<str>) -> Result<Replayed, Failure> {
        Replayed::new(self, schedule.as_ref())
    }

    /// Assembles the program.
    ///
    /// # Errors
    ///
    /// Says what is wrong with its text, or which file cannot be read.
    pub fn assemble(&self) -> Result<Program, Failure> {
        self.assemble_with("")
    }

    /// Assembles the program with more lines behind its end.
    pub(super) fn assemble_with(&self, lines: &str) -> Result<Program, Failure> {
        let text = self.text.as_ref().map_err(|message| Failure::new(FailureKind::Usage, message))?;
        let whole = if self.appended.is_empty() && lines.is_empty() {
            text.clone()
        } else {
            let line_break = if text.ends_with('\n') { "" } else { "\n" };
            format!("{text}{line_break}{}{lines}", self.appended)
        };
        let replaced = self.options.replacements.iter().map(|(_, other)| other.clone()).collect();
        let files = Files { texts: self.texts.clone(), replaced };
        asm::assemble(&self.name, &whole, &self.options, &files).map_err(|failure| self.refused(failure))
    }

    fn refused(&self, failure: asm::Failure) -> Failure {
        let name = &self.name;
        match failure {
            asm::Failure::Diagnostics(diagnostics) => {
                let message = format!("`{name}` does not assemble\n\n{}", diagnostics.render(false));
                Failure::new(FailureKind::NotAssembled, message)
            }
            asm::Failure::UnknownDefine(constant) => Failure::new(
                FailureKind::Usage,
                format!("`{name}` has no constant `{constant}` to define another value for"),
            ),
            asm::Failure::UnknownReplacement(file) => {
                Failure::new(FailureKind::Usage, format!("`{name}` includes no file `{file}` to replace"))
            }
        }
    }

    /// Returns the combinations of models to explore, the program's own where the test names none.
    pub(super) fn models(&self, program: &Program) -> Vec<Models> {
        let own = program.models;
        let switches = if self.switches.is_empty() { vec![own.switch] } else { self.switches.clone() };
        let memories = if self.memories.is_empty() { vec![own.memory] } else { self.memories.clone() };
        let with = |switch| memories.iter().map(move |&memory| Models { switch, memory });
        switches.into_iter().flat_map(with).collect()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn search(
        &self,
        program: &Program,
        models: Models,
        verdicts_only: bool,
    ) -> Result<Exploration, Failure> {
        let request =
            Request { buffer: self.buffer, verdicts_only, limits: self.limits, ..Request::new(models) };
        let mut clock = Clock { started: Instant::now(), limit: self.time };
        check::explore(program, &request, &mut clock).map_err(too_large)
    }

    /// Tries every mutant of the program under one combination of models. The tests of a crate run beside each
    /// other, so each keeps to one thread.
    pub(super) fn survey(&self, program: &Program, models: Models) -> Result<Survey, Failure> {
        let monitor =
            || -> Box<dyn Monitor> { Box::new(Clock { started: Instant::now(), limit: self.time }) };
        let request = Request { buffer: self.buffer, limits: self.limits, ..Request::new(models) };
        let setup = Setup { options: &self.options, request, threads: 1, monitor: &monitor };
        survey(program, &setup).map_err(too_large)
    }

    pub(super) fn machine<'p>(&self, program: &'p Program, models: Models) -> Result<Machine<'p>, Failure> {
        Machine::new(program, models, self.buffer).map_err(too_large)
    }

    /// Returns the command line that does something with this program again.
    pub(super) fn command(&self, command: &str, program: &Program, models: Models) -> String {
        let Options { defines, replacements } = &self.options;
        again(command, &self.name, &flags(defines, replacements, self.buffer, program, models))
    }

    /// Returns the expression that builds this program again under one combination of models.
    pub(super) fn expression(&self, program: &Program, models: Models) -> String {
        let mut text = "racevm::testing::".to_owned();
        match self.is_file {
            true => text.push_str(&format!("file({:?})", self.name)),
            false => text.push_str("program(TEXT)"),
        }
        for (name, _) in &self.texts {
            text.push_str(&format!(".with_file({name:?}, …)"));
        }
        text.push_str(&again::methods(&self.options, self.buffer, program, models));
        text
    }

    /// Returns the texts that a reader has to save before a command can find them, by file name.
    pub(super) fn unsaved(&self) -> Vec<(&str, &str)> {
        let main = self.text.as_deref().ok().filter(|_| !self.is_file).map(|text| (self.name.as_str(), text));
        main.into_iter().chain(self.texts.iter().map(|(name, text)| (name.as_str(), text.as_str()))).collect()
    }
}

fn too_large(error: impl fmt::Display) -> Failure {
    Failure::new(FailureKind::Inconclusive, error.to_string())
}

/// Cuts a search that takes too long.
struct Clock {
    started: Instant,
    limit: Option<Duration>,
}

impl Monitor for Clock {
    fn observe(&mut self, _: &Progress) -> Option<Cut> {
        self.limit.filter(|&limit| self.started.elapsed() >= limit).map(|_| Cut::Time)
    }
}
