//! The report of an exploration: the verdict, how the search went, what can happen and how likely it is, what
//! was expected, and the most interesting execution as a timeline.
//!
//! A search that was cut never says that something does not happen.

use super::names::{self, wrap};
use super::number::{count, plural, probability, share};
use super::palette::{Page, Palette};
use super::story::{self, Rank, Story};
use super::timeline::{self, COLUMNS};
use crate::check::{Exploration, Judged, Outcome, Reached, Summary, Unexpected, Verdict};
use crate::program::Program;
use crate::schedule::{Execution, ParsedSchedule, Schedule, replay};
use crate::vm::Machine;

/// Among so many outcomes the most interesting one is looked for.
const RANKED: usize = 64;

/// The most characters of a witness; a longer one is in the JSON document.
const LONGEST_WITNESS: usize = 400;

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

/// Says in one line whether a program does what it says, for the headline here and in lists of programs.
pub(super) fn verdict(found: &Exploration) -> String {
    let of = |verdict| found.expectations.iter().filter(|judged| judged.verdict == verdict).count() as u64;
    let unexpected = found.unexpected();
    let deadlocks = unexpected.iter().filter(|one| matches!(one, Unexpected::Deadlock(_))).count() as u64;
    let faults = unexpected.len() as u64 - deadlocks;
    let mut parts = Vec::new();
    if of(Verdict::Fails) > 0 {
        let all = found.expectations.len();
        let verb = if of(Verdict::Fails) == 1 { "does" } else { "do" };
        parts.push(format!(
            "{} of {} {verb} not hold",
            of(Verdict::Fails),
            plural(all as u64, "expectation")
        ));
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

/// An execution worth showing.
struct Scene<'a> {
    title: String,
    /// What to say below the timeline.
    moral: String,
    witness: &'a Schedule,
    execution: Execution,
    story: Story,
}

struct Writer<'a> {
    machine: &'a Machine<'a>,
    program: &'a Program,
    found: &'a Exploration,
    page: &'a Page<'a>,
    palette: Palette,
}

impl<'a> Writer<'a> {
    fn is_complete(&self) -> bool {
        self.found.search.cut.is_none()
    }

    fn head(&self) -> String {
        let mut text = wrap(&format!("{}: {}", self.program.name, self.headline()), COLUMNS, "");
        text = text.lines().map(|line| format!("{}\n", self.palette.strong(line))).collect();
        let verdict = verdict(self.found);
        match self.found.summary() {
            Summary::Fails => text.push_str(&self.tagged(self.palette.bad("FAILS"), &verdict)),
            Summary::Inconclusive => text.push_str(&self.tagged(self.palette.warn("INCONCLUSIVE"), &verdict)),
            Summary::Holds if self.found.expectations.is_empty() => {}
            Summary::Holds => text.push_str(&self.tagged(self.palette.good("OK"), &verdict)),
        }
        text
    }

    fn tagged(&self, tag: String, text: &str) -> String {
        format!("{tag}: {text}\n")
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
            (0, false) if others.is_empty() => "nothing found so far".to_owned(),
            (0, false) => format!("so far {}", others.join(", ")),
            (1, true) if others.is_empty() => {
                "1 outcome, whatever the schedule (confluent)".to_owned()
            }
            (1, true) => format!("1 outcome{also}: the schedule decides"),
            (1, false) => format!("1 outcome so far{also}"),
            (number, true) => {
                format!(
                    "{number} distinct outcomes{also}: the result depends on the schedule (order-dependent)"
                )
            }
            (number, false) => format!("at least {number} distinct outcomes{also}: the schedule decides"),
        }
    }

    fn search(&self) -> String {
        let search = &self.found.search;
        let (states, transitions) =
            (plural(search.states, "state"), plural(search.transitions, "transition"));
        let models = format!("switch {}, memory {}", self.found.models.switch, self.found.models.memory);
        let mut lines = vec![match search.cut {
            None if search.reduced => format!(
                "Searched every schedule: {states}, {transitions}, reduced by fusion (--no-reduction explores \
                 the whole graph); {models}."
            ),
            None => format!("Searched every schedule: {states}, {transitions}; {models}."),
            Some(cut) => format!(
                "The search was cut, because {}: {states}, {transitions}; {models}. What it has not found \
                 may still be possible.",
                names::cut(cut)
            ),
        }];
        if let Some(schedules) = &self.found.schedules {
            let mut line = match schedules.finite() {
                Some(_) => format!("Number of schedules: {}", count(schedules)),
                None => "Number of schedules: infinite (there are loops)".to_owned(),
            };
            if let Some(traces) = &self.found.traces {
                let all = &traces.finals + &traces.deadlocks + &traces.faults;
                line.push_str(&format!(
                    ", in {} classes of equivalent ones (traces)",
                    super::number::big(&all)
                ));
            }
            lines.push(format!("{line}."));
        }
        let threads: Vec<String> =
            self.program.thread_ids().take(12).map(|id| names::thread(self.program, id)).collect();
        let more = self.program.threads.len().saturating_sub(12);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("Threads: {}{more}.", threads.join(", ")));
        lines.iter().map(|line| wrap(line, COLUMNS, "")).collect()
    }

    fn heading(&self, heading: &str) -> String {
        format!("{}\n", self.palette.strong(heading))
    }

    fn outcomes(&self) -> String {
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

    fn witness(&self, witness: &Schedule) -> String {
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

    fn deadlocks(&self) -> String {
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

    fn faults(&self) -> String {
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

    fn livelocks(&self) -> String {
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

    fn races(&self) -> String {
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

    fn expectations(&self) -> String {
        let is_shown = |judged: &&Judged| !self.page.quiet || judged.verdict != Verdict::Holds;
        let lines: Vec<String> = self
            .found
            .expectations
            .iter()
            .filter(is_shown)
            .map(|judged| expectation(self.program, judged, self.palette))
            .collect();
        if lines.is_empty() { String::new() } else { self.heading("Expectations") + &lines.concat() }
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

    fn scene(&self, title: String, moral: String, witness: &'a Schedule) -> Option<Scene<'a>> {
        let execution = replay(self.machine, &ParsedSchedule::from(witness)).ok()?;
        let story = story::tell(self.machine, &execution);
        Some(Scene { title, moral, witness, execution, story })
    }

    /// Returns the executions to show: with `-v` one of everything, otherwise the one that explains most.
    fn scenes(&self) -> Vec<Scene<'a>> {
        let mut scenes = self.failures();
        if self.page.verbose || scenes.is_empty() {
            let mut outcomes = self.outcome_scenes();
            if !self.page.verbose {
                let is_plain = |scene: &Scene<'_>| scene.story.rank == Rank::Plain;
                if self.found.outcomes.len() == 1 {
                    outcomes.retain(|scene| !is_plain(scene));
                }
                // The sort is stable: of equally telling ones the first outcome is shown.
                outcomes.sort_by_key(|scene| scene.story.rank);
            }
            scenes.extend(outcomes);
        }
        if !self.page.verbose {
            scenes.truncate(1);
        }
        scenes
    }

    fn failures(&self) -> Vec<Scene<'a>> {
        let found = self.found;
        let mut scenes = Vec::new();
        for unexpected in found.unexpected() {
            let (title, reached) = match unexpected {
                Unexpected::Deadlock(index) => {
                    ("How the deadlock comes about", &found.deadlocks[index].reached)
                }
                Unexpected::Fault(index) => ("How the fault comes about", &found.faults[index].reached),
            };
            scenes.extend(self.scene(title.to_owned(), String::new(), &reached.witness));
        }
        for judged in &found.expectations {
            if let (Verdict::Fails, Some(witness)) = (judged.verdict, &judged.witness) {
                let title = format!("Why `{}` fails", judged.expectation.text);
                scenes.extend(self.scene(title, String::new(), witness));
            }
        }
        if scenes.is_empty() {
            let deadlocks = found.deadlocks.iter().map(|deadlock| ("deadlock", &deadlock.reached.witness));
            let faults = found.faults.iter().map(|fault| ("fault", &fault.reached.witness));
            let livelocks = found.livelocks.iter().map(|livelock| ("livelock", &livelock.witness));
            for (what, witness) in deadlocks.chain(faults).chain(livelocks) {
                scenes.extend(self.scene(format!("How the {what} comes about"), String::new(), witness));
                if !self.page.verbose {
                    break;
                }
            }
        }
        scenes
    }

    fn outcome_scenes(&self) -> Vec<Scene<'a>> {
        let number = if self.page.verbose { usize::MAX } else { RANKED };
        let scene = |outcome: &'a Outcome| {
            let name = names::outcome(self.program, &outcome.values, &outcome.output);
            let title = format!("How {name} comes about");
            let mut scene = self.scene(title, String::new(), &outcome.reached.witness)?;
            if scene.story.rank != Rank::Plain && self.is_complete() {
                scene.moral = self.moral(&name, &outcome.reached);
            }
            Some(scene)
        };
        self.found.outcomes.iter().take(number).filter_map(scene).collect()
    }

    fn moral(&self, name: &str, reached: &Reached) -> String {
        match (&reached.schedules, &self.found.schedules) {
            (Some(part), Some(whole)) if part.finite().is_some() && whole.finite().is_some() => format!(
                "{} of {} schedules end in {name}, and no instruction fails in any of them.",
                count(part),
                count(whole)
            ),
            _ => "No instruction fails on the way: nothing but the values tells.".to_owned(),
        }
    }

    fn timelines(&self) -> String {
        let mut text = String::new();
        for scene in self.scenes() {
            text.push('\n');
            text.push_str(&self.heading(&scene.title));
            text.push_str(&wrap(&scene.story.text, COLUMNS, "  "));
            text.push('\n');
            text.push_str(&timeline::draw(self.machine, &scene.execution, &scene.story, self.page));
            text.push('\n');
            if !scene.moral.is_empty() {
                text.push_str(&wrap(&scene.moral, COLUMNS, "  "));
            }
            let schedule = self.witness(scene.witness);
            text.push_str(&format!("  Replay it: {}\n", self.page.replay_line(&schedule)));
        }
        text
    }
}

/// Writes an expectation with its verdict and, where it fails, why.
pub(super) fn expectation(program: &Program, judged: &Judged, palette: Palette) -> String {
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
        text.push_str(&format!("           {}\n", palette.code(witness.to_text(program))));
    }
    text
}

fn or(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Writes rows below each other, the first being the head, the numbers of the columns in `right` flush right.
/// The last column stands on a line of its own below its row where the table would be too wide.
pub(super) fn table(rows: &[Vec<String>], right: &[usize], palette: Palette) -> String {
    let columns = rows[0].len();
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| names::width(&row[column])).max().unwrap_or(0))
        .collect();
    let is_shown = |column: &usize| widths[*column] > 0;
    let total: usize = (0..columns).filter(is_shown).map(|column| widths[column] + 2).sum();
    let beside = total <= COLUMNS;
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = (0..if beside { columns } else { columns - 1 }).filter(is_shown).map(|column| {
            let pad = " ".repeat(widths[column] - names::width(&row[column]));
            let value = match (index, column) {
                (0, _) => palette.faint(&row[column]),
                (_, 0) => palette.strong(&row[column]),
                (_, last) if last + 1 == columns => palette.code(&row[column]),
                _ => row[column].clone(),
            };
            if right.contains(&column) { format!("{pad}{value}") } else { format!("{value}{pad}") }
        });
        let line = format!("  {}", cells.collect::<Vec<_>>().join("  "));
        text.push_str(line.trim_end());
        text.push('\n');
        if !beside && index > 0 {
            text.push_str(&format!("      {}\n", palette.code(&row[columns - 1])));
        }
    }
    text
}
