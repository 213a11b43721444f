//! The report on an object: is it linearizable, and if not, the smallest client, what its calls returned, what
//! they could have returned, and how that comes about.

use super::clients;
use super::history;
use super::names::{self, wrap};
use super::palette::{Page, Palette};
use super::story;
use super::table::table;
use super::timeline::{self, COLUMNS};
use crate::check::Summary;
use crate::schedule::{ParsedSchedule, replay};
use crate::verify::linear::{Deviation, Failure, ModelReport, Report, Wrong};
use crate::vm::Machine;

/// The most values that are listed of those that a call could have returned.
const LISTED: usize = 4;

/// Returns the command that replays a schedule of the client that fails, without the schedule.
pub type ReplayOf<'a> = &'a dyn Fn(&Failure) -> String;

/// Writes one line for an object among others. `width` is that of the longest name.
pub fn linear_line(report: &Report, width: usize, page: &Page<'_>) -> String {
    clients::line(report.summary(), &report.name, width, report.models.iter().map(verdict), page)
}

/// Writes what was found of one object.
pub fn linear(report: &Report, page: &Page<'_>, again: ReplayOf<'_>) -> String {
    let writer = Writer { report, page, palette: page.palette, again };
    let mut text = writer.head();
    if !page.quiet {
        text.push('\n');
        text.push_str(&writer.models());
    }
    text.push_str(&writer.deviations());
    if !page.quiet {
        text.push_str(&writer.failures(false));
    }
    text
}

/// Writes what of one object among others is not as its file says.
pub fn linear_details(report: &Report, page: &Page<'_>, again: ReplayOf<'_>) -> String {
    if report.is_as_claimed() && !page.verbose {
        return String::new();
    }
    let writer = Writer { report, page, palette: page.palette, again };
    let failures = if page.quiet { String::new() } else { writer.failures(!page.verbose) };
    format!("{}{failures}", writer.deviations())
}

/// Returns the verdict under a memory model, in a word.
pub(super) fn verdict(model: &ModelReport) -> &'static str {
    match (&model.failure, model.cut) {
        (Some(failure), _) => failure.wrong.word(),
        (None, Some(_)) => "unknown",
        (None, None) => "right",
    }
}

/// Says what is wrong, in a sentence.
pub(super) fn what_is_wrong(failure: &Failure, specification: &str) -> String {
    let calls = &failure.history.calls;
    let pending: Vec<String> = calls
        .iter()
        .filter(|interval| interval.returned.is_none())
        .map(|interval| format!("{}'s {}", history::letter(interval.thread), interval.text))
        .collect();
    match (failure.wrong, failure.culprit) {
        (Wrong::Order, Some(culprit)) => {
            let culprit = &calls[culprit];
            let who = history::letter(culprit.thread);
            let values = culprit.returned.as_ref().map_or(&[][..], |(_, values)| values);
            if failure.allowed.is_empty() {
                return format!(
                    "{who}'s {} returned, and in every order a {specification} waits there.",
                    culprit.text
                );
            }
            let returned = history::result(values);
            format!("{who}'s {} returned {returned}, and no order of the calls explains that.", culprit.text)
        }
        (Wrong::Fault, _) => {
            let message = failure.fault.as_deref().unwrap_or_default();
            let last = failure.schedule.actions.last().map(|action| action.actor.thread().index());
            let of_last = |interval: &&crate::verify::linear::Interval| Some(interval.thread) == last;
            let call = calls.iter().rev().find(of_last);
            let whose = call.map_or_else(String::new, |interval| {
                format!("{}'s {} faults: ", history::letter(interval.thread), interval.text)
            });
            format!("{whose}{message}.")
        }
        (Wrong::Livelock, _) => format!("From here on nothing returns any more: {}.", pending.join(", ")),
        _ => format!("Nobody can go on, and this never returns: {}.", pending.join(", ")),
    }
}

struct Writer<'a> {
    report: &'a Report,
    page: &'a Page<'a>,
    palette: Palette,
    again: ReplayOf<'a>,
}

impl Writer<'_> {
    fn head(&self) -> String {
        let report = self.report;
        let what = &report.specification;
        let summary = report.summary();
        let said = match summary {
            Summary::Holds if report.models.iter().any(|model| model.failure.is_some()) => {
                "as its file says".to_owned()
            }
            Summary::Holds => format!("a {what} for every client"),
            Summary::Inconclusive => "a limit cut the search".to_owned(),
            Summary::Fails => format!("not a {what} for every client"),
        };
        let sizes = report.sizes.iter().map(|size| clients::size(size.threads, size.calls, "call"));
        let names: Vec<&str> = report.procedures.iter().map(|procedure| procedure.proc.as_str()).collect();
        let clients = report.models.first().map_or(0, |model| model.of_clients);
        let roles = report.roles.as_ref().map_or_else(String::new, |roles| format!(", in the roles {roles}"));
        let searched = format!(
            "Operations: {}{roles}. Clients: {} ({}).",
            names.join(", "),
            super::number::grouped(&clients.to_string()),
            sizes.collect::<Vec<_>>().join("; ")
        );
        clients::head(summary, &report.name, &said, &searched, self.page)
    }

    /// The table: a row a memory model.
    fn models(&self) -> String {
        let mut rows = vec![["memory", "", "clients", "states", ""].map(str::to_owned).to_vec()];
        for model in &self.report.models {
            let verdict = match (&model.failure, model.cut) {
                (Some(failure), _) => format!("fails: {}", failure.wrong),
                (None, Some(cut)) => format!("unknown: {}", names::cut(cut)),
                (None, None) => "linearizable".to_owned(),
            };
            let clients = super::number::grouped(&(model.clients + model.further).to_string());
            let client = model.failure.as_ref().map_or_else(String::new, |failure| failure.client.clone());
            let states = super::number::grouped(&model.states.to_string());
            rows.push(vec![model.memory.to_string(), verdict, clients, states, client]);
        }
        format!("{}{}", table(&rows, &[2, 3], self.palette), self.further())
    }

    /// Says how far the search went beyond the sizes.
    fn further(&self) -> String {
        let went = self.report.models.iter().filter(|model| model.further > 0);
        let went: Vec<String> = went
            .map(|model| format!("{} of {} under {}", model.further, model.of_further, model.memory))
            .collect();
        let Some(size) = self.report.further.filter(|_| !went.is_empty()) else { return String::new() };
        let what = format!(
            "Beyond that, and only as far as it is quick, clients of {}: {}.",
            clients::size(size.threads, size.calls, "call"),
            went.join(", ")
        );
        wrap(&what, COLUMNS, "")
    }

    fn deviations(&self) -> String {
        if self.report.claims.fails.is_empty() {
            return String::new();
        }
        let sentence = |deviation: Deviation| match deviation {
            Deviation::Fails(memory, wrong) => {
                format!("Its file does not say that it fails under {memory} in this way: {wrong}.")
            }
            Deviation::Right(memory) => {
                format!("Its file says that it fails under {memory}, and it does not.")
            }
        };
        let sentences = self.report.deviations().into_iter().map(sentence);
        sentences.map(|sentence| wrap(&sentence, COLUMNS, "")).collect()
    }

    /// Tells how what fails comes about: once for each client, under the strongest model that it fails under.
    fn failures(&self, only_unclaimed: bool) -> String {
        let mut text = String::new();
        let mut told: Vec<(&str, Wrong)> = Vec::new();
        for model in &self.report.models {
            let Some(failure) = &model.failure else { continue };
            let is_claimed = self
                .report
                .claims
                .fails
                .get(&model.memory)
                .is_some_and(|claimed| claimed.contains(&failure.wrong));
            if only_unclaimed && is_claimed || told.contains(&(&failure.client, failure.wrong)) {
                continue;
            }
            told.push((&failure.client, failure.wrong));
            text.push_str(&self.failure(failure));
        }
        text
    }

    fn failure(&self, failure: &Failure) -> String {
        let title = format!("{}, under {}", failure.client, failure.models.memory);
        let mut text = format!("\n{}\n", self.palette.strong(title));
        text.push_str(&history::draw(failure, self.palette));
        text.push('\n');
        text.push_str(&wrap(&what_is_wrong(failure, &self.report.specification), COLUMNS, ""));
        text.push_str(&self.allowed(failure));
        text.push('\n');
        if let Ok(machine) = Machine::new(&failure.program, failure.models, self.report.buffer) {
            let schedule = ParsedSchedule::from(&failure.schedule);
            let execution = replay(&machine, &schedule).expect("what the search walked can be replayed");
            let story = story::tell(&machine, &execution);
            text.push_str(&timeline::draw(&machine, &execution, &story, self.page));
        }
        let schedule = failure.schedule.to_text(&failure.program);
        text.push_str(&format!(
            "\n  {}\n",
            self.palette.code(format_args!("{} '{schedule}'", (self.again)(failure)))
        ));
        text
    }

    /// What the culprit could have returned, each with an order in which it does.
    fn allowed(&self, failure: &Failure) -> String {
        let (Some(culprit), false) = (failure.culprit, failure.allowed.is_empty()) else {
            return String::new();
        };
        let calls = &failure.history.calls;
        let mut text = wrap(&format!("A {} could return there:", self.report.specification), COLUMNS, "");
        for allowed in failure.allowed.iter().take(LISTED) {
            let order = allowed.order.iter().map(|(index, values)| {
                let call = history::with_result(&calls[*index].text, values);
                format!("{} {call}", history::letter(calls[*index].thread))
            });
            let order: Vec<String> = order.collect();
            let values = history::with_result(&calls[culprit].text, &allowed.values);
            text.push_str(&wrap(&format!("{values} in the order {}", order.join("; ")), COLUMNS, "  "));
        }
        if failure.allowed.len() > LISTED {
            text.push_str(&format!("  and {} more\n", failure.allowed.len() - LISTED));
        }
        text
    }
}
