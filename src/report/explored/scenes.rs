//! The executions that an exploration's report shows as timelines, and what it says of them.

use super::super::names::{self, wrap};
use super::super::number::count;
use super::super::story::{self, Rank, Story};
use super::super::timeline::{self, COLUMNS};
use super::Writer;
use crate::check::{Outcome, Reached, Unexpected, Verdict};
use crate::schedule::{Execution, ParsedSchedule, Schedule, replay};

/// Among so many outcomes the most interesting one is looked for.
const RANKED: usize = 64;

/// An execution worth showing.
struct Scene<'a> {
    title: String,
    /// What to say below the timeline.
    moral: String,
    witness: &'a Schedule,
    execution: Execution,
    story: Story,
}

impl<'a> Writer<'a> {
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

    pub(super) fn timelines(&self) -> String {
        let mut text = String::new();
        for scene in self.scenes() {
            text.push_str(&self.draw(&scene));
            let schedule = self.witness(scene.witness);
            text.push_str(&format!("  Replay it: {}\n", self.page.replay_line(&schedule)));
        }
        text
    }

    /// Writes one witness as a scene.
    pub(super) fn timeline(&self, title: &str, witness: &'a Schedule) -> String {
        let scene = self.scene(title.to_owned(), String::new(), witness);
        scene.map_or_else(String::new, |scene| self.draw(&scene))
    }

    fn draw(&self, scene: &Scene<'_>) -> String {
        let mut text = format!("\n{}", self.heading(&scene.title));
        text.push_str(&wrap(&scene.story.text, COLUMNS, "  "));
        text.push('\n');
        text.push_str(&timeline::draw(self.machine, &scene.execution, &scene.story, self.page));
        text.push('\n');
        if !scene.moral.is_empty() {
            text.push_str(&wrap(&scene.moral, COLUMNS, "  "));
        }
        text
    }
}
