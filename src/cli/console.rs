//! Where output goes: results to stdout, everything else to stderr, colour only where it is wanted.

use std::cell::Cell;
use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::ValueEnum;

use super::args::OutputArgs;
use super::exit::Failure;
use crate::report::{Page, Palette};

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The two streams, and how a person wants them.
#[derive(Debug)]
pub(super) struct Console {
    /// True when results are coloured.
    pub color: bool,
    /// True when diagnostics are coloured.
    pub error_color: bool,
    /// `-q`.
    pub quiet: bool,
    /// `-v`.
    pub verbose: bool,
    /// The reader of the results has gone away, as `head` does.
    closed: Cell<bool>,
}

impl Console {
    /// Looks at the flags, the environment and the streams.
    pub fn new(args: &OutputArgs) -> Console {
        Console {
            color: wants_color(args.color, &io::stdout()),
            error_color: wants_color(args.color, &io::stderr()),
            quiet: args.quiet,
            verbose: args.verbose,
            closed: Cell::new(false),
        }
    }

    /// Writes results. A reader that has gone away is no error: the rest is dropped.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        if self.closed.get() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.closed.set(true),
            other => other?,
        }
        Ok(())
    }

    /// Writes an error, or anything else that is no result. Where stderr is gone there is nobody to tell.
    pub fn complain(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes());
    }

    /// Returns what a report for a person is told; `again` is the command that replays.
    pub fn page<'a>(&self, again: &'a str) -> Page<'a> {
        Page { palette: Palette::new(self.color), verbose: self.verbose, quiet: self.quiet, again }
    }

    /// Returns true when progress may be shown.
    pub fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Describes a failure on stderr.
    pub fn report(&self, failure: &Failure) {
        match failure {
            Failure::Usage(message, help) => {
                let mut text = format!("{} {message}\n", self.label("error:"));
                for line in help {
                    text.push_str(&format!("  {line}\n"));
                }
                self.complain(&text);
            }
            Failure::Limit(message) | Failure::Misfit(message) => {
                self.complain(&format!("{} {}\n", self.label("error:"), message.trim_end()));
            }
            Failure::Diagnostics(diagnostics) => self.complain(&diagnostics.render(self.error_color)),
        }
    }

    fn label(&self, label: &str) -> String {
        if self.error_color {
            let style = anstyle::AnsiColor::Red.on_default().bold();
            format!("{style}{label}{style:#}")
        } else {
            label.to_owned()
        }
    }
}

fn wants_color(choice: ColorChoice, stream: &impl IsTerminal) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
                || env::var_os("TERM").is_some_and(|value| value == "dumb");
            stream.is_terminal() && !refused
        }
    }
}
