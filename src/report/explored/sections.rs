//! The lists of an exploration's report: what can happen, how often, and by which schedule.

use super::super::names::{self, wrap};
use super::super::number::{count, plural, probability, share};
use super::super::palette::Palette;
use super::super::table::table;
use super::super::timeline::COLUMNS;
use super::Writer;
use crate::check::{Judged, Outcome, Reached, Summary, Verdict};
use crate::program::Program;
use crate::schedule::Schedule;

/// The most characters of a witness; a longer one is in the JSON document.
const LONGEST_WITNESS: usize = 400;

impl Writer<'_> {
    pub(super) fn outcomes(&self) -> String {
        let outcomes = &self.found.outcomes;
        if outcomes.is_empty() || (self.page.quiet && self.found.summary() != Summary::Holds) {
            return String::new();
        }
        let head = ["outcome", "schedules", "", "probability", "witness"].map(str::to_owned).to_vec();
        let row = |outcome: &Outcome| {
            let Reached { schedules, probability: chance, witness } = &outcome.reached;
            let whole = self.found.schedules.as_ref();
            vec![
                names::outcome(self.program, &outcome.values, &outcome.output),
                schedules.as_ref().map_or_else(|| "?".to_owned(), count),
                schedules
                    .as_ref()
                    .zip(whole)
                    .and_then(|(part, whole)| share(part, whole))
                    .unwrap_or_default(),
                chance.as_ref().map_or_else(|| "?".to_owned(), probability),
                self.witness(witness),
            ]
        };
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(outcomes.iter().map(row)).collect();
        let mut text = table(&rows, &[1, 2], self.palette);
        if outcomes.iter().any(|outcome| outcome.reached.schedules.is_none()) && self.is_complete() {
            text.push_str("  ? not counted, because the graph is large: --count counts whatever it costs\n");
        }
        text
    }

    /// Writes how often something happens; empty where that is not known.
    fn frequency(&self, reached: &Reached) -> String {
        let mut parts = Vec::new();
        if let (Some(part), Some(whole)) = (&reached.schedules, &self.found.schedules) {
            parts.push(match (part.finite(), share(part, whole)) {
                (Some(_), Some(share)) => format!("{} of {} schedules ({share})", count(part), count(whole)),
                (Some(_), None) => format!("{} schedules", count(part)),
                (None, _) => "infinitely many schedules".to_owned(),
            });
        }
        if let Some(chance) = &reached.probability {
            parts.push(format!("probability {}", probability(chance)));
        }
        parts.join(", ")
    }

    pub(super) fn witness(&self, witness: &Schedule) -> String {
        let text = witness.to_text(self.program);
        if text.len() <= LONGEST_WITNESS {
            return text;
        }
        let shown: String = text.chars().take(LONGEST_WITNESS - 40).collect();
        format!("{shown} … ({}; --json has it in full)", plural(witness.actions.len() as u64, "step"))
    }

    fn entry(&self, title: &str, details: &[String], witness: &Schedule) -> String {
        let mut text = wrap(title, COLUMNS, "  ");
        for detail in details.iter().filter(|detail| !detail.is_empty()) {
            text.push_str(&wrap(detail, COLUMNS, "      "));
        }
        text.push_str(&format!("      {}\n", self.palette.code(self.witness(witness))));
        text
    }

    pub(super) fn deadlocks(&self) -> String {
        if self.found.deadlocks.is_empty() {
            return String::new();
        }
        let mut text = self.heading("Deadlocks");
        for deadlock in &self.found.deadlocks {
            let values = names::values(self.program, &deadlock.values);
            let at: Vec<String> = deadlock
                .blocked
                .iter()
                .take(6)
                .map(|&(id, at)| format!("{id} at {}", names::instruction(self.program, at)))
                .collect();
            let more = deadlock.blocked.len().saturating_sub(6);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let with = if values.is_empty() { String::new() } else { format!("; {values}") };
            let title = format!("{}{more}{with}", at.join(", "));
            text.push_str(&self.entry(
                &title,
                &[self.frequency(&deadlock.reached)],
                &deadlock.reached.witness,
            ));
        }
        text
    }

    pub(super) fn faults(&self) -> String {
        if self.found.faults.is_empty() {
            return String::new();
        }
        let mut text = self.heading("Faults");
        for fault in &self.found.faults {
            let thread = names::thread(self.program, fault.thread);
            let title =
                format!("{thread} at {}: {}", names::instruction(self.program, fault.at), fault.message);
            text.push_str(&self.entry(&title, &[self.frequency(&fault.reached)], &fault.reached.witness));
        }
        text
    }

    pub(super) fn livelocks(&self) -> String {
        if self.found.livelocks.is_empty() {
            return String::new();
        }
        let mut text = self.heading("Livelocks: from here on nothing can ever come to an end");
        for livelock in &self.found.livelocks {
            let values = names::values(self.program, &livelock.values);
            let title = format!("{values} ({} that cannot be left)", plural(livelock.states, "state"));
            text.push_str(&self.entry(title.trim(), &[], &livelock.witness));
        }
        text
    }

    pub(super) fn races(&self) -> String {
        if self.found.races.is_empty() || self.page.quiet {
            return String::new();
        }
        let mut text =
            self.heading("Data races: two threads about to access one variable, nothing orders them");
        for race in &self.found.races {
            let [a, b] = race.accesses.map(|(id, at)| {
                format!("{} at {}", names::thread(self.program, id), names::instruction(self.program, at))
            });
            let title = format!("{}: {a} against {b}", self.program.memory_name(race.cell));
            text.push_str(&self.entry(&title, &[], &race.witness));
        }
        text
    }

    pub(super) fn expectations(&self) -> String {
        let is_shown = |judged: &&Judged| !self.page.quiet || judged.verdict != Verdict::Holds;
        let lines: Vec<String> = self
            .found
            .expectations
            .iter()
            .filter(is_shown)
            .map(|judged| {
                expectation(self.program, judged, self.palette, |witness| self.palette.code(witness))
            })
            .collect();
        let others = self.program.expectations.len() - self.found.expectations.len();
        let hint = if others == 0 || self.page.quiet {
            String::new()
        } else {
            format!(
                "  {} for other models: racevm check explores those too\n",
                plural(others as u64, "expectation")
            )
        };
        if lines.is_empty() && hint.is_empty() {
            return String::new();
        }
        self.heading("Expectations") + &lines.concat() + &hint
    }
}

/// Writes an expectation with its verdict and, where it fails, why; `shown` is how a schedule is.
pub(in super::super) fn expectation(
    program: &Program,
    judged: &Judged,
    palette: Palette,
    shown: impl Fn(&str) -> String,
) -> String {
    let place = names::line(program, judged.expectation.line);
    let (word, is_explained) = match judged.verdict {
        Verdict::Holds => (palette.good("holds  "), false),
        Verdict::Fails => (palette.bad("FAILS  "), true),
        Verdict::Unknown => (palette.warn("unknown"), false),
    };
    let mut text = format!("  {word}  {}  {}\n", palette.faint(place), judged.expectation.text);
    if is_explained && !judged.reason.is_empty() {
        text.push_str(&wrap(&judged.reason, COLUMNS, "           "));
    }
    if let (true, Some(witness)) = (is_explained, &judged.witness) {
        text.push_str(&format!("           {}\n", shown(&witness.to_text(program))));
    }
    text
}
