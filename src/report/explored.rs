//! The report of an exploration: the verdict, how the search went, what can happen and how likely it is, what
//! was expected, and the most interesting execution as a timeline.
//!
//! A search that was cut never says that something does not happen.

mod scenes;
mod sections;

use super::names::{self, wrap};
use super::number::{big, count, grouped, plural};
use super::palette::{Page, Palette};
use super::timeline::COLUMNS;
use crate::check::{Exploration, Summary, Unexpected, Verdict};
use crate::program::Program;
use crate::schedule::Schedule;
use crate::vm::Machine;

pub(super) use sections::expectation;

/// Writes what an exploration found. The machine is the one that was explored; it executes the witness whose
/// timeline is shown.
pub fn explored(machine: &Machine<'_>, found: &Exploration, page: &Page<'_>) -> String {
    let writer = Writer { machine, program: machine.program(), found, page, palette: page.palette };
    let mut text = writer.head();
    if !page.quiet {
        text.push_str(&writer.search());
    }
    for section in [
        writer.outcomes(),
        writer.deadlocks(),
        writer.faults(),
        writer.livelocks(),
        writer.races(),
        writer.expectations(),
    ] {
        if !section.is_empty() {
            text.push('\n');
            text.push_str(&section);
        }
    }
    if !page.quiet {
        text.push_str(&writer.remarks());
        text.push_str(&writer.timelines());
    }
    text
}

/// Writes what can happen and, of one witness, the story and the timeline: what somebody needs to see to whom
/// a claim about the program has just been refuted. `title` stands above the timeline.
pub fn evidence(
    machine: &Machine<'_>,
    found: &Exploration,
    title: &str,
    witness: Option<&Schedule>,
    page: &Page<'_>,
) -> String {
    let writer = Writer { machine, program: machine.program(), found, page, palette: page.palette };
    let mut text = wrap(&format!("{}: {}", writer.program.name, writer.headline()), COLUMNS, "");
    text.push_str(&writer.search());
    for section in
        [writer.outcomes(), writer.deadlocks(), writer.faults(), writer.livelocks(), writer.races()]
    {
        if !section.is_empty() {
            text.push('\n');
            text.push_str(&section);
        }
    }
    if let Some(witness) = witness {
        text.push_str(&writer.timeline(title, witness));
    }
    text
}

/// Says in one line whether a program does what it says, for the headline here and in lists of programs.
pub(super) fn verdict(found: &Exploration) -> String {
    let of = |verdict| found.expectations.iter().filter(|judged| judged.verdict == verdict).count() as u64;
    let unexpected = found.unexpected();
    let deadlocks = unexpected.iter().filter(|one| matches!(one, Unexpected::Deadlock(_))).count() as u64;
    let faults = unexpected.len() as u64 - deadlocks;
    let mut parts = Vec::new();
    match (of(Verdict::Fails), found.expectations.len()) {
        (0, _) => {}
        (_, 1) => parts.push("the expectation does not hold".to_owned()),
        (1, all) => parts.push(format!("1 of {all} expectations does not hold")),
        (fails, all) => parts.push(format!("{fails} of {all} expectations do not hold")),
    }
    if deadlocks > 0 {
        parts.push(format!("{} that the program does not expect", plural(deadlocks, "deadlock")));
    }
    if faults > 0 {
        parts.push(format!("{} that the program does not expect", plural(faults, "fault")));
    }
    match found.summary() {
        Summary::Fails => parts.join("; "),
        Summary::Inconclusive => match found.search.cut {
            Some(cut) => format!("the search was cut: {}", names::cut(cut)),
            None => format!("{} could not be decided", plural(of(Verdict::Unknown), "expectation")),
        },
        Summary::Holds if found.expectations.is_empty() => "as far as anything is expected".to_owned(),
        Summary::Holds if found.expectations.len() == 1 => "the expectation holds".to_owned(),
        Summary::Holds => format!("all {} expectations hold", found.expectations.len()),
    }
}

struct Writer<'a> {
    machine: &'a Machine<'a>,
    program: &'a Program,
    found: &'a Exploration,
    page: &'a Page<'a>,
    palette: Palette,
}

impl Writer<'_> {
    fn is_complete(&self) -> bool {
        self.found.search.cut.is_none()
    }

    fn head(&self) -> String {
        let mut text = wrap(&format!("{}: {}", self.program.name, self.headline()), COLUMNS, "");
        text = text.lines().map(|line| format!("{}\n", self.palette.strong(line))).collect();
        let summary = self.found.summary();
        if summary != Summary::Holds || !self.found.expectations.is_empty() {
            text.push_str(&format!("{}: {}\n", self.palette.tag(summary), verdict(self.found)));
        }
        text
    }

    /// Says how many different things can happen.
    fn headline(&self) -> String {
        let found = self.found;
        let others = [
            (found.deadlocks.len(), "deadlock"),
            (found.faults.len(), "fault"),
            (found.livelocks.len(), "livelock"),
        ];
        let others: Vec<String> = others
            .into_iter()
            .filter(|&(number, _)| number > 0)
            .map(|(number, what)| plural(number as u64, what))
            .collect();
        let also = if others.is_empty() { String::new() } else { format!("; also {}", others.join(", ")) };
        match (found.outcomes.len(), self.is_complete()) {
            (0, true) if others.is_empty() => {
                "no outcome: no execution comes to an end that counts".to_owned()
            }
            (0, true) => format!("no outcome, but {}", others.join(", ")),
            (0, false) if others.is_empty() => "the search was cut before any execution ended".to_owned(),
            (0, false) => format!("so far {}", others.join(", ")),
            (1, true) if others.is_empty() => "1 outcome, whatever the schedule (confluent)".to_owned(),
            (1, true) => format!("1 outcome{also}: the schedule decides"),
            (1, false) => format!("1 outcome so far{also}"),
            (number, true) => {
                format!("{number} distinct outcomes{also}: the schedule decides (order-dependent)")
            }
            (number, false) => format!("at least {number} distinct outcomes{also}: the schedule decides"),
        }
    }

    fn search(&self) -> String {
        let search = &self.found.search;
        let (states, transitions) =
            (plural(search.states, "state"), plural(search.transitions, "transition"));
        let size = match search.cut {
            None if search.reduced && self.found.schedules.is_some() => format!(
                "Searched every schedule: {states}, {transitions}, with what nobody reads any more forgotten \
                 (--no-reduction explores the whole graph)."
            ),
            None if search.reduced => format!(
                "Searched every schedule: {states}, {transitions}, reduced by fusion (--no-reduction explores \
                 the whole graph)."
            ),
            None => {
                let kept = search.kept.map_or_else(String::new, |kept| {
                    let kept = grouped(&kept.to_string());
                    format!(" ({kept} kept: the order of like threads makes no difference)")
                });
                format!("Searched every schedule: {states}{kept}, {transitions}.")
            }
            Some(cut) => format!(
                "Searched {states} and {transitions}, then {}. What is not found yet may still be possible.",
                names::cut(cut)
            ),
        };
        let models =
            format!("Models: switch {}, memory {}.", self.found.models.switch, self.found.models.memory);
        let mut lines = vec![size];
        lines.extend(search.lossy.as_ref().map(names::lossy));
        lines.push(format!("{models}{}", self.schedules()));
        let threads: Vec<String> =
            self.program.thread_ids().take(12).map(|id| names::thread(self.program, id)).collect();
        let more = self.program.threads.len().saturating_sub(12);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("Threads: {}{more}.", threads.join(", ")));
        lines.iter().map(|line| wrap(line, COLUMNS, "")).collect()
    }

    fn schedules(&self) -> String {
        if self.found.search.uncounted {
            return " Schedules were not counted: there is no memory for it (--max-memory).".to_owned();
        }
        let Some(schedules) = &self.found.schedules else { return String::new() };
        let lacking = if self.found.search.traces_uncounted {
            " Traces were not counted: there is no memory for it (--max-memory)."
        } else {
            ""
        };
        let loops = if schedules.finite().is_none() { " (there are loops)" } else { "" };
        let traces = self.found.traces.as_ref().map_or_else(String::new, |traces| {
            let all = &traces.finals + &traces.deadlocks + &traces.faults;
            format!(", in {} classes of equivalent ones (traces)", big(&all))
        });
        format!(" Number of schedules: {}{loops}{traces}.{lacking}", count(schedules))
    }

    fn heading(&self, heading: &str) -> String {
        format!("{}\n", self.palette.strong(heading))
    }

    /// Says what did not happen, where that is certain, and what witnesses are.
    fn remarks(&self) -> String {
        let found = self.found;
        let kinds = [
            (found.deadlocks.is_empty(), "deadlock"),
            (found.faults.is_empty(), "fault"),
            (found.livelocks.is_empty(), "livelock"),
            (found.races.is_empty(), "data race"),
        ];
        let missing: Vec<&str> =
            kinds.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, what)| what).collect();
        let mut text = "\n".to_owned();
        match (missing.as_slice(), self.is_complete()) {
            ([], _) => {}
            (_, true) => text.push_str(&wrap(&format!("There is no {}.", or(&missing)), COLUMNS, "")),
            (_, false) => {
                let line = format!("Not found so far, but still possible: {}.", missing.join(", "));
                text.push_str(&wrap(&line, COLUMNS, ""));
            }
        }
        let has_witness = !(found.outcomes.is_empty()
            && found.deadlocks.is_empty()
            && found.faults.is_empty()
            && found.livelocks.is_empty());
        if has_witness && found.search.minimal_witnesses {
            text.push_str(&wrap(
                "Witnesses are minimal: fewest context switches, then fewest steps.",
                COLUMNS,
                "",
            ));
        } else if has_witness {
            text.push_str("Witnesses are short, but not proved to be the shortest.\n");
        }
        text
    }
}

fn or(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
