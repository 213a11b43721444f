//! A history as a picture: a row a thread, each call from when it was made to when it returned.

use super::names::width;
use super::palette::Palette;
use super::timeline::COLUMNS;
use crate::verify::linear::{Failure, History, Interval};

/// How far the rows stand in: two blanks, a letter, two blanks.
const INDENT: usize = 5;

/// Returns `pop = 1`, or `push(1)` where nothing comes back or it is still pending.
pub(super) fn call(interval: &Interval) -> String {
    match &interval.returned {
        Some((_, values)) => with_result(&interval.text, values),
        None => interval.text.clone(),
    }
}

/// Returns `pop = 1`, `pop = 1, 1` or `push(1)`.
pub(super) fn with_result(text: &str, values: &[i64]) -> String {
    if values.is_empty() { text.to_owned() } else { format!("{text} = {}", result(values)) }
}

/// Returns `1, 1`.
pub(super) fn result(values: &[i64]) -> String {
    values.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns the letter of a thread in schedules.
pub(super) fn letter(thread: usize) -> String {
    crate::program::ThreadId(thread as u32).to_string()
}

/// Draws a history. Calls that do not fit by name get numbers, and a list below.
pub(super) fn draw(failure: &Failure, palette: Palette) -> String {
    let history = &failure.history;
    let by_name: Vec<String> = history.calls.iter().map(call).collect();
    if columns(history, &by_name).last().is_none_or(|last| *last < COLUMNS - INDENT) {
        return rows(failure, &by_name, palette);
    }
    let numbers: Vec<String> = (1..=history.calls.len()).map(|number| number.to_string()).collect();
    let mut text = rows(failure, &numbers, palette);
    text.push('\n');
    for (number, (interval, name)) in numbers.iter().zip(history.calls.iter().zip(&by_name)) {
        text.push_str(&format!("  {number:>2}  {} {name}\n", letter(interval.thread)));
    }
    text
}

/// Returns the column of each call and return, and the one behind the last: each behind the one before, and a
/// return so far from its call that the label fits in between.
fn columns(history: &History, labels: &[String]) -> Vec<usize> {
    let mut columns = vec![0; history.length + 1];
    for at in 0..=history.length {
        let mut column = if at == 0 { 0 } else { columns[at - 1] + 1 };
        for (interval, label) in history.calls.iter().zip(labels) {
            let end = interval.returned.as_ref().map_or(history.length, |(at, _)| *at);
            if end == at {
                column = column.max(columns[interval.called] + width(label) + 3);
            }
        }
        columns[at] = column;
    }
    columns
}

fn rows(failure: &Failure, labels: &[String], palette: Palette) -> String {
    let history = &failure.history;
    let columns = columns(history, labels);
    let threads = failure.program.threads.len();
    let mut text = String::new();
    for thread in 0..threads {
        let mut row = String::new();
        let mut at = 0;
        let of_thread = |index: &usize| history.calls[*index].thread == thread;
        for index in (0..history.calls.len()).filter(of_thread) {
            let (interval, label) = (&history.calls[index], &labels[index]);
            let start = columns[interval.called];
            let (end, close) = match &interval.returned {
                None => (columns[history.length], "···"),
                Some((returned, _)) if failure.culprit == Some(index) => (columns[*returned], "✗"),
                Some((returned, _)) => (columns[*returned], "┤"),
            };
            let dashes = "─".repeat(end - start - width(label) - 3);
            let piece = format!("├ {label} {dashes}{close}");
            row.push_str(&" ".repeat(start - at));
            at = end + width(close);
            row.push_str(&match failure.culprit {
                Some(culprit) if culprit == index => palette.bad(piece),
                _ => piece,
            });
        }
        text.push_str(&format!("  {}  {row}\n", palette.strong(letter(thread))));
    }
    text
}
