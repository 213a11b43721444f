//! Colours: which part of a report means what. Whether there are any is the caller's decision.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use crate::check::Summary;

/// The colours of a report, or none at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Palette {
    color: bool,
}

impl Palette {
    /// Makes a palette; without colour every method returns its text as it is.
    pub fn new(color: bool) -> Palette {
        Palette { color }
    }

    /// A headline.
    pub(super) fn strong(self, text: impl Display) -> String {
        self.paint(Style::new().bold(), text)
    }

    /// What holds.
    pub(super) fn good(self, text: impl Display) -> String {
        self.paint(AnsiColor::Green.on_default().bold(), text)
    }

    /// What fails.
    pub(super) fn bad(self, text: impl Display) -> String {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    /// What is worth a second look.
    pub(super) fn warn(self, text: impl Display) -> String {
        self.paint(AnsiColor::Yellow.on_default().bold(), text)
    }

    /// Schedules and commands, which can be copied.
    pub(super) fn code(self, text: impl Display) -> String {
        self.paint(AnsiColor::Cyan.on_default(), text)
    }

    /// Rules, line numbers and other scaffolding.
    pub(super) fn faint(self, text: impl Display) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    /// The word that a report begins with.
    pub(super) fn tag(self, summary: Summary) -> String {
        match summary {
            Summary::Holds => self.good("OK"),
            Summary::Fails => self.bad("FAILS"),
            Summary::Inconclusive => self.warn("INCONCLUSIVE"),
        }
    }

    fn paint(self, style: Style, text: impl Display) -> String {
        let text = text.to_string();
        if self.color && !text.trim().is_empty() { format!("{style}{text}{style:#}") } else { text }
    }
}

/// What every report for people is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page<'a> {
    /// The colours.
    pub palette: Palette,
    /// More: every timeline, nothing folded.
    pub verbose: bool,
    /// Less: no timelines, and of what is as expected nothing but the headline.
    pub quiet: bool,
    /// The command that replays a schedule of this program under these models, ready for a shell, without the
    /// schedule itself.
    pub again: &'a str,
}

impl Page<'_> {
    /// Returns the line that replays a schedule.
    pub(super) fn replay_line(&self, schedule: &str) -> String {
        self.palette.code(format_args!("{} '{schedule}'", self.again))
    }
}
