//! What a pass says nothing about.

use serde::Serialize;

use super::json::places_file;
use super::names::{self, wrap};
use super::palette::Page;
use super::timeline::COLUMNS;
use crate::program::Program;
use crate::verify::vacuity::{LOOKED_AT, Vacuity};

/// Writes what a pass says nothing about as a section of its own, where there is anything and the page is not
/// [`quiet`](Page::quiet).
pub fn vacuous(program: &Program, vacuity: &Vacuity, page: &Page<'_>) -> String {
    let remarks = remarks(program, vacuity, page);
    if remarks.is_empty() || page.quiet {
        return String::new();
    }
    let heading = page.palette.strong("What the pass says nothing about");
    format!("\n{heading}\n{remarks}")
}

/// Writes what is most often a mistake; with `-v` all there is, and what was not looked at.
pub(super) fn remarks(program: &Program, vacuity: &Vacuity, page: &Page<'_>) -> String {
    let palette = page.palette;
    let mut text = String::new();
    for remark in vacuity.remarks.iter().filter(|remark| page.verbose || remark.kind.is_warning()) {
        let line = names::line(program, remark.line);
        let expectation = program.expectations.iter().find(|expectation| expectation.line == remark.line);
        let what = expectation.map_or("", |expectation| expectation.text.as_str());
        let (word, line) = (palette.warn("vacuous"), palette.faint(line));
        text.push_str(format!("  {word}  {line}  {what}").trim_end());
        text.push('\n');
        text.push_str(&wrap(&remark.says, COLUMNS, "           "));
    }
    if page.verbose {
        for models in &vacuity.not_known {
            text.push_str(&format!("  vacuity is not known under {models}: more than {LOOKED_AT} states\n"));
        }
    }
    text
}

#[derive(Serialize)]
pub(super) struct VacuityJson {
    remarks: Vec<RemarkJson>,
    not_known: Vec<String>,
}

#[derive(Serialize)]
struct RemarkJson {
    kind: &'static str,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    text: String,
}

/// Puts it into a document.
pub(super) fn vacuity_json(program: &Program, vacuity: &Vacuity) -> VacuityJson {
    let remark = |remark: &crate::verify::vacuity::Remark| RemarkJson {
        kind: remark.kind.word(),
        line: remark.line.number,
        file: places_file(program, remark.line),
        text: remark.says.clone(),
    };
    VacuityJson {
        remarks: vacuity.remarks.iter().map(remark).collect(),
        not_known: vacuity.not_known.iter().map(ToString::to_string).collect(),
    }
}
