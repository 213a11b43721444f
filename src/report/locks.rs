//! The report of the lock suite: a table of properties by memory models, and how what fails comes about.

mod words;

use super::clients;
use super::names::{self, wrap};
use super::number::plural;
use super::palette::{Page, Palette};
use super::replayed::next;
use super::story::{self, Rank};
use super::table::table;
use super::timeline::{self, COLUMNS};
use crate::check::{Summary, Verdict};
use crate::program::{Models, Program};
use crate::schedule::{End, ParsedSchedule, Schedule, replay};
use crate::verify::lock::{
    Bypass, BypassFound, Client, Deviation, Failure, How, ModelReport, Overtaking, Property, Remedy, Repair,
    Report,
};
use crate::vm::{Fault, Machine};

pub(super) use words::what_goes_wrong;
use words::{broken, lower_first, overtaken, remedy, times, title, upper_first};

/// The most smallest sets of FENCEs that are listed unless more is asked for.
const LISTED_SETS: usize = 4;

/// Returns the command that replays a schedule of a client, without the schedule.
pub type Again<'a> = &'a dyn Fn(&Client, &Program, Models) -> String;

/// Writes one line for a lock among others: what fails first under each memory model. `width` is that of the
/// longest name.
pub fn lock_line(report: &Report, width: usize, page: &Page<'_>) -> String {
    let words = report.models.iter().map(|model| match model.failures().next() {
        Some((property, _)) => property.word(),
        None if model.is_right() => "right",
        None => "unknown",
    });
    clients::line(report.summary(), &report.name, width, words, page)
}

/// Writes what was found of one lock.
pub fn locked(report: &Report, page: &Page<'_>, again: Again<'_>) -> String {
    let writer = Writer { report, page, palette: page.palette, again };
    let mut text = writer.head();
    if !page.quiet {
        text.push('\n');
        text.push_str(&writer.properties());
    }
    text.push_str(&writer.deviations());
    if !page.quiet {
        text.push_str(&writer.failures());
        text.push_str(&writer.overtaking());
        text.push_str(&writer.fences());
    }
    text
}

/// Writes what of one lock among others is not as its file says.
pub fn lock_details(report: &Report, page: &Page<'_>, again: Again<'_>) -> String {
    if report.is_as_claimed() && !page.verbose {
        return String::new();
    }
    let writer = Writer { report, page, palette: page.palette, again };
    format!("{}{}", writer.deviations(), if page.quiet { String::new() } else { writer.failures() })
}

struct Writer<'a> {
    report: &'a Report,
    page: &'a Page<'a>,
    palette: Palette,
    again: Again<'a>,
}

impl Writer<'_> {
    fn head(&self) -> String {
        let report = self.report;
        let summary = report.summary();
        let said = match summary {
            Summary::Holds if !report.claims.fails.is_empty() => "as its file says",
            Summary::Holds => "right for every client",
            Summary::Inconclusive => "a limit cut the search",
            Summary::Fails => "not as it should be",
        };
        let sizes = report.sizes.iter().map(|size| clients::size(size.threads, size.rounds, "round"));
        let clients = report.models.iter().map(|model| model.clients).max().unwrap_or(0);
        let states: u64 = report.models.iter().map(|model| model.states).sum();
        let searched = format!(
            "Searched {} ({}) under {}: {} in all.",
            plural(clients, "client"),
            sizes.collect::<Vec<_>>().join("; "),
            plural(report.models.len() as u64, "memory model"),
            plural(states, "state")
        );
        clients::head(summary, &report.name, said, &searched, self.page)
    }

    /// The table: a row a property, a column a memory model.
    fn properties(&self) -> String {
        let models = &self.report.models;
        let mut rows = vec![vec![String::new()]];
        rows[0].extend(models.iter().map(|model| model.memory.word().to_owned()));
        for property in Property::ALL {
            if models.iter().all(|model| model.finding(property).is_none()) {
                continue;
            }
            let mut row = vec![title(property).to_owned()];
            row.extend(models.iter().map(|model| self.cell(model, property)));
            rows.push(row);
        }
        let mut threads: Vec<u32> =
            models.iter().flat_map(|model| model.bypass.iter().map(|found| found.threads)).collect();
        threads.sort_unstable();
        threads.dedup();
        for threads in threads {
            let mut row = vec![format!("overtaken, {threads} threads")];
            row.extend(models.iter().map(|model| {
                let found = model.bypass.iter().find(|found| found.threads == threads);
                found.map_or_else(|| "-".to_owned(), overtaken)
            }));
            rows.push(row);
        }
        if models.iter().any(|model| model.fences.is_some()) {
            let mut row = vec!["FENCEs that repair it".to_owned()];
            row.extend(models.iter().map(|model| model.fences.as_ref().map_or("-".to_owned(), remedy)));
            rows.push(row);
        }
        // One more column, empty, because the table sets off the last.
        rows.iter_mut().for_each(|row| row.push(String::new()));
        let mut text = table(&rows, &[], self.palette);
        if models.iter().any(|model| model.stopped) {
            let why = "-: not decided, because no larger clients are tried where small ones fail";
            text.push_str(&format!("  {}\n", self.palette.faint(why)));
        }
        text
    }

    fn cell(&self, model: &ModelReport, property: Property) -> String {
        let is_claimed =
            self.report.claims.fails.get(&model.memory).is_some_and(|set| set.contains(&property));
        match (model.verdict(property), is_claimed) {
            (None, _) => "-".to_owned(),
            (Some(Verdict::Holds), false) => "yes".to_owned(),
            (Some(Verdict::Holds), true) => "yes (!)".to_owned(),
            (Some(Verdict::Fails), false) => "NO".to_owned(),
            (Some(Verdict::Fails), true) => "no, as said".to_owned(),
            (Some(Verdict::Unknown), _) if model.stopped => "-".to_owned(),
            (Some(Verdict::Unknown), _) => "unknown".to_owned(),
        }
    }

    fn deviations(&self) -> String {
        let mut text = String::new();
        for deviation in &self.report.deviations {
            let said = match deviation {
                Deviation::Fails(..) => continue,
                Deviation::Holds(memory, property) => {
                    format!("Under {memory} the file says that {property} fails, and it does not.")
                }
                Deviation::Unknown(memory, property) => {
                    format!("Under {memory} a limit cut the search before {property} was decided.")
                }
                Deviation::Bypass(memory, threads, found) => {
                    let found = found.map_or("not known".to_owned(), |bound| bound.to_string());
                    let claimed = self.report.claims.bypass.get(threads).map(ToString::to_string);
                    let claimed = claimed.unwrap_or_default();
                    format!(
                        "Under {memory} one of {threads} threads can be overtaken: {found}; the file says \
                         {claimed}."
                    )
                }
                Deviation::Fences(memory, found) => {
                    let found = found.map_or("none".to_owned(), |least| least.to_string());
                    format!("Under {memory} the least number of FENCEs is {found}, not what the file says.")
                }
            };
            text.push_str(&wrap(&said, COLUMNS, "  "));
        }
        if text.is_empty() { text } else { format!("\n{text}") }
    }

    /// Every failure that the file does not claim, or every one. What one execution shows is told once, and so
    /// is what one client shows under several models.
    fn failures(&self) -> String {
        let mut told: Vec<(Property, &Client)> = Vec::new();
        let mut scenes: Vec<(Vec<Property>, &Failure)> = Vec::new();
        for model in &self.report.models {
            for (property, failure) in model.failures() {
                let claimed =
                    self.report.claims.fails.get(&model.memory).is_some_and(|set| set.contains(&property));
                if claimed && !self.page.verbose || told.contains(&(property, &failure.client)) {
                    continue;
                }
                told.push((property, &failure.client));
                let same = |other: &&mut (Vec<Property>, &Failure)| {
                    other.1.client == failure.client && other.1.witness == failure.witness
                };
                match scenes.iter_mut().find(same) {
                    Some((properties, _)) => properties.push(property),
                    None => scenes.push((vec![property], failure)),
                }
            }
        }
        let with_timeline = |index: usize| index == 0 || self.page.verbose;
        let scenes = scenes.iter().enumerate();
        scenes
            .map(|(index, (properties, failure))| self.failure(properties, failure, with_timeline(index)))
            .collect()
    }

    fn failure(&self, properties: &[Property], failure: &Failure, with_timeline: bool) -> String {
        let Failure { client, program, models, how, witness } = failure;
        let broken: Vec<&str> = properties.iter().map(|&property| broken(property)).collect();
        let title = format!("{} under {}, client {client}", upper_first(&broken.join(", ")), models.memory);
        let again = (self.again)(client, program, *models);
        let mut text = format!("\n{}\n", self.palette.strong(title));
        text.push_str(&wrap(&what_goes_wrong(how), COLUMNS, "  "));
        let is_past_an_array = *how == How::Fault(Fault::IndexOutOfRange.message(program).to_owned());
        if is_past_an_array && client.parts.len() > 2 && self.report.claims.most_threads.is_none() {
            let hint = "A lock for two threads says so: `; lock: for 2 threads`. One for any number has arrays of \
                        `const THREADS` elements.";
            text.push_str(&wrap(hint, COLUMNS, "  "));
        }
        text.push_str(&self.scene(program, *models, witness, with_timeline));
        if !witness.actions.is_empty() {
            let page = Page { again: &again, ..*self.page };
            text.push_str(&format!("  Replay it:\n  {}\n", page.replay_line(&witness.to_text(program))));
        }
        text
    }

    /// The story of an execution, its timeline where that is wanted, and what would come next.
    fn scene(&self, program: &Program, models: Models, witness: &Schedule, with_timeline: bool) -> String {
        let Ok(machine) = Machine::new(program, models, self.report.buffer) else { return String::new() };
        let Ok(execution) = replay(&machine, &ParsedSchedule::from(witness)) else { return String::new() };
        let story = story::tell(&machine, &execution);
        let mut text = String::new();
        if story.rank != Rank::Plain {
            text.push_str(&wrap(&story.text, COLUMNS, "  "));
        }
        if with_timeline {
            text.push_str(&format!("\n{}\n", timeline::draw(&machine, &execution, &story, self.page)));
        }
        if matches!(execution.end, End::Open | End::Deadlock) {
            text.push_str(&wrap(&next(&machine, &execution), COLUMNS, "  "));
        }
        text
    }

    fn overtaking(&self) -> String {
        let mut text = String::new();
        for model in &self.report.models {
            for found in &model.bypass {
                let claim = self.report.claims.bypass.get(&found.threads);
                let is_news = claim.is_none_or(|claim| found.bound != Some(*claim));
                if let Some(shown) = found.shown.as_ref().filter(|_| is_news || self.page.verbose) {
                    text.push_str(&self.overtaken(found, shown));
                }
            }
        }
        text
    }

    fn overtaken(&self, found: &BypassFound, shown: &Overtaking) -> String {
        let Overtaking { client, program, models, victim, witness, cycle } = shown;
        let victim = names::thread(program, crate::program::ThreadId(*victim));
        let title = format!("Overtaking among {} threads under {}", found.threads, models.memory);
        let again = (self.again)(client, program, *models);
        let page = Page { again: &again, ..*self.page };
        let said = match (found.bound, found.rounds) {
            (Some(Bypass::Unbounded), _) => format!("{victim} waits, and others enter again and again."),
            (Some(Bypass::AtMost(0)), _) => format!("Nobody enters while {victim} waits."),
            (Some(Bypass::AtMost(bound)), None) => {
                format!("Others enter {} while {victim} waits, and never more often.", times(bound))
            }
            (Some(Bypass::AtMost(bound)), Some(rounds)) => format!(
                "Others enter {} while {victim} waits, and never more often where each of them comes {}. (The \
                 lock's variables grow without bound, so that clients without end cannot be searched.)",
                times(bound),
                times(rounds)
            ),
            (None, _) => return String::new(),
        };
        let mut text = format!("\n{}\n{}", self.palette.strong(title), wrap(&said, COLUMNS, "  "));
        text.push_str(&format!("  Replay it:\n  {}\n", page.replay_line(&witness.to_text(program))));
        if !cycle.actions.is_empty() {
            let steps = cycle.to_text(program);
            let steps = steps.split('@').next().unwrap_or_default();
            text.push_str(&wrap(&format!("and from there, again and again: {steps}"), COLUMNS, "  "));
        }
        text
    }

    fn fences(&self) -> String {
        let mut text = String::new();
        for repair in self.report.models.iter().filter_map(|model| model.fences.as_ref()) {
            let models: Vec<&str> = repair.memories.iter().map(|memory| memory.word()).collect();
            let title = format!("What repairs it under {}", models.join(", "));
            text.push_str(&format!("\n{}\n", self.palette.strong(title)));
            text.push_str(&self.remedy(repair));
        }
        text
    }

    fn remedy(&self, repair: &Repair) -> String {
        match &repair.remedy {
            Remedy::Cut(cut) => wrap(&format!("Not known: {}.", names::cut(*cut)), COLUMNS, "  "),
            Remedy::None(failure) => {
                let said = format!(
                    "No FENCEs in the lock do: in an execution of client {} in which no FENCE would have to \
                     wait, {}",
                    failure.client,
                    lower_first(&what_goes_wrong(&failure.how))
                );
                wrap(&said, COLUMNS, "  ")
            }
            Remedy::Fences { sets, .. } => {
                let least = repair.least().unwrap_or(0);
                let ways = plural(sets.len() as u64, "way");
                let said = format!(
                    "{} and no fewer; {ways} in all ({} tried). A FENCE behind each of these lines:",
                    plural(u64::from(least), "FENCE"),
                    plural(repair.tried, "set")
                );
                let mut text = wrap(&said, COLUMNS, "  ");
                let most = if self.page.verbose { usize::MAX } else { LISTED_SETS };
                for set in sets.iter().take(most) {
                    let lines: Vec<String> = set.iter().map(u32::to_string).collect();
                    text.push_str(&wrap(&lines.join(", "), COLUMNS, "    "));
                }
                if sets.len() > most {
                    text.push_str("    (-v lists the others)\n");
                }
                text
            }
        }
    }
}
