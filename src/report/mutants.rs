//! What became of the mutants of a program: how many were noticed, and the survivors, each as a small diff.

use serde::Serialize;

use super::json::places_file;
use super::names::{self, wrap};
use super::number::plural;
use super::palette::{Page, Palette};
use super::timeline::COLUMNS;
use crate::check::Cut;
use crate::program::{Line, Program};
use crate::verify::mutate::{Change, Fate, Mutant, Notice, Survey, Trial};

/// Writes the line of numbers and, below it, the mutants that are worth a look: survivors and what could not be
/// decided; with `-v` all of them.
pub fn mutants(program: &Program, survey: &Survey, page: &Page<'_>) -> String {
    let palette = page.palette;
    let mut text = format!("  {}\n", summary(survey));
    for trial in &survey.trials {
        let word = match trial.fate {
            Fate::Survived(_) => palette.bad("survived "),
            Fate::Undecided(..) => palette.warn("undecided"),
            Fate::Noticed(..) if page.verbose => palette.good("noticed  "),
            Fate::Same if page.verbose => palette.faint("the same "),
            Fate::Noticed(..) | Fate::Same => continue,
        };
        let line = names::line(program, place(program, &trial.mutant));
        text.push_str(&format!("  {word}  {}\n", palette.faint(line)));
        text.push_str(&wrap(&format!("{}: {}.", trial.mutant.says, fate(&trial.fate)), COLUMNS, "    "));
        text.push_str(&diff(program, &trial.mutant, palette));
    }
    text
}

/// Says how many mutants there are of each kind.
fn summary(survey: &Survey) -> String {
    let Some(score) = survey.score() else {
        return match survey.same() + survey.undecided() {
            0 => "mutants: there is nothing to mutate".to_owned(),
            _ => format!("mutants: {} the same, {} undecided", survey.same(), survey.undecided()),
        };
    };
    let mut parts = vec![format!("{} noticed ({score} %)", survey.noticed())];
    let others =
        [(survey.survived(), "survived"), (survey.same(), "the same"), (survey.undecided(), "undecided")];
    for (number, what) in others.into_iter().filter(|&(number, _)| number > 0) {
        parts.push(format!("{number} {what}"));
    }
    format!("{}: {}", plural(survey.trials.len() as u64, "mutant"), parts.join(", "))
}

/// Returns the first line of the program that a mutant changes; an added declaration stands behind the last.
fn place(program: &Program, mutant: &Mutant) -> Line {
    let is_there = |change: &&Change| {
        let text = &program.sources[change.line.source as usize].text;
        (change.line.number as usize) <= text.lines().count()
    };
    mutant.changes.iter().find(is_there).map_or(mutant.changes[0].line, |change| change.line)
}

fn fate(fate: &Fate) -> String {
    match fate {
        Fate::Noticed(models, Notice::Expectation(text)) => format!("noticed by `{text}` under {models}"),
        Fate::Noticed(models, Notice::Deadlock) => format!("noticed by a deadlock under {models}"),
        Fate::Noticed(models, Notice::Fault(message)) => {
            format!("noticed by the fault \"{message}\" under {models}")
        }
        Fate::Survived(difference) => format!("nothing notices; {}", difference.describe()),
        Fate::Same => "nothing that threads share tells it from the program".to_owned(),
        Fate::Undecided(models, Some((Cut::States, states))) => {
            format!("undecided under {models} after {}", plural(*states, "state"))
        }
        Fate::Undecided(models, Some((cut, _))) => {
            format!("undecided under {models}: {}", names::cut(*cut))
        }
        Fate::Undecided(models, None) => format!("undecided under {models}: a single state is too large"),
    }
}

fn diff(program: &Program, mutant: &Mutant, palette: Palette) -> String {
    let number = |line: Line| match names::file(program, line) {
        None => line.number.to_string(),
        Some(file) => format!("{}:{}", file.rsplit('/').next().unwrap_or(file), line.number),
    };
    let width = mutant.changes.iter().map(|change| names::width(&number(change.line))).max().unwrap_or(0);
    let mut text = String::new();
    for change in &mutant.changes {
        let number = number(change.line);
        let removed = change.removed.iter().map(|code| palette.bad(format_args!("- {code}")));
        let added = change.added.iter().map(|code| palette.good(format_args!("+ {code}")));
        for code in removed.chain(added) {
            text.push_str(&format!("    {} {code}\n", palette.faint(format_args!("{number:>width$}"))));
        }
    }
    text
}

#[derive(Serialize)]
pub(super) struct SurveyJson {
    noticed: usize,
    survived: usize,
    same: usize,
    undecided: usize,
    mutants: Vec<MutantJson>,
}

#[derive(Serialize)]
struct MutantJson {
    operator: &'static str,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    text: String,
    fate: &'static str,
    reason: String,
    diff: Vec<ChangeJson>,
}

#[derive(Serialize)]
struct ChangeJson {
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    removed: Option<String>,
    added: Vec<String>,
}

/// Puts a survey into a document.
pub(super) fn survey_json(program: &Program, survey: &Survey) -> SurveyJson {
    let change = |change: &Change| ChangeJson {
        line: change.line.number,
        file: places_file(program, change.line),
        removed: change.removed.clone(),
        added: change.added.clone(),
    };
    let mutant = |Trial { mutant, fate: end }: &Trial| {
        let line = place(program, mutant);
        MutantJson {
            operator: mutant.operator.word(),
            line: line.number,
            file: places_file(program, line),
            text: mutant.says.clone(),
            fate: match end {
                Fate::Noticed(..) => "noticed",
                Fate::Survived(_) => "survived",
                Fate::Same => "same",
                Fate::Undecided(..) => "undecided",
            },
            reason: fate(end),
            diff: mutant.changes.iter().map(change).collect(),
        }
    };
    SurveyJson {
        noticed: survey.noticed(),
        survived: survey.survived(),
        same: survey.same(),
        undecided: survey.undecided(),
        mutants: survey.trials.iter().map(mutant).collect(),
    }
}

/// Returns each survivor with its place and what is said of it.
pub(super) fn survivors(program: &Program, survey: &Survey) -> Vec<(Line, String)> {
    let survived = survey.trials.iter().filter(|trial| matches!(trial.fate, Fate::Survived(_)));
    survived
        .map(|trial| {
            let says = format!("Nothing notices a mutant: {}; {}.", trial.mutant.says, fate(&trial.fate));
            (place(program, &trial.mutant), says.replace("; nothing notices; ", "; "))
        })
        .collect()
}
