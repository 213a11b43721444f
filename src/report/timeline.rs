//! The timeline of an execution: a column for each thread and one for each shared variable that changes. Time
//! runs downwards, a row a step, a rule wherever another thread goes on.
//!
//! Threads that do not fit side by side are listed below each other instead. What is folded is always counted.

mod rows;

use rows::{Row, Rows, StepRow};

use super::names::{self, width};
use super::palette::{Page, Palette};
use super::story::Story;
use crate::program::{Program, ThreadId};
use crate::schedule::Execution;
use crate::vm::Machine;

/// How wide a report is.
pub(super) const COLUMNS: usize = 80;

/// Rules are at least this long, so that their labels fit.
const NARROWEST_RULE: usize = 56;

/// Draws the timeline of an execution.
pub(super) fn draw(machine: &Machine<'_>, execution: &Execution, story: &Story, page: &Page<'_>) -> String {
    if execution.steps.is_empty() {
        return String::new();
    }
    let rows = Rows::new(machine, execution, story, page.verbose);
    let table = Table::new(machine.program(), &rows);
    let mut text = table.draw(page.palette, &rows);
    if rows.marks_stale {
        let legend = "! computed from a value that another thread had overwritten by then";
        text.push_str(&format!("\n  {}\n", page.palette.faint(legend)));
    }
    text
}

/// Says of each step of an execution what it does.
pub(super) fn step_texts(machine: &Machine<'_>, execution: &Execution, story: &Story) -> Vec<String> {
    let rows = Rows::new(machine, execution, story, true);
    rows.steps().take(execution.steps.len()).map(|row| row.text.clone()).collect()
}

/// Where the columns stand.
struct Table<'p> {
    program: &'p Program,
    line: usize,
    /// The threads side by side, each with its width; `None` when they are listed below each other.
    threads: Option<Vec<(ThreadId, usize)>>,
    /// In a list, the widths of the thread's name and of the text.
    list: (usize, usize),
    /// The variables that are shown: the index into [`Rows::cells`], and the width.
    cells: Vec<(usize, usize)>,
    total: usize,
}

impl<'p> Table<'p> {
    fn new(program: &'p Program, rows: &Rows) -> Table<'p> {
        let line = rows.steps().map(|row| width(&row.line)).max().unwrap_or(0).max(4) + 2;
        let cells: Vec<usize> = (0..rows.cells.len()).map(|index| cell_width(program, rows, index)).collect();
        let threads: Vec<(ThreadId, usize)> =
            rows.threads.iter().map(|&id| (id, thread_width(program, rows, id))).collect();
        let beside: usize = line + threads.iter().map(|(_, width)| width + 2).sum::<usize>();
        let all_cells: usize = 2 + cells.iter().map(|width| width + 2).sum::<usize>();
        let name = threads.iter().map(|&(id, _)| width(&names::thread(program, id))).max().unwrap_or(0) + 2;
        let text = threads.iter().map(|&(_, width)| width).max().unwrap_or(0) + 2;
        let fits = beside + all_cells <= COLUMNS;
        let before = if fits { beside } else { line + name + text };
        let mut room = COLUMNS.saturating_sub(before + 2);
        let mut shown = Vec::new();
        for (index, &width) in cells.iter().enumerate() {
            if width + 2 > room {
                break;
            }
            room -= width + 2;
            shown.push((index, width));
        }
        let total = (before + if shown.is_empty() { 0 } else { 2 })
            + shown.iter().map(|&(_, width)| width + 2).sum::<usize>();
        Table {
            program,
            line,
            threads: fits.then_some(threads),
            list: (name, text),
            cells: shown,
            total: total.min(COLUMNS),
        }
    }

    fn draw(&self, palette: Palette, rows: &Rows) -> String {
        let mut text = self.head(palette, rows);
        for row in &rows.rows {
            text.push_str(&match row {
                Row::Step(step) => self.step(palette, step),
                Row::Rule { text, is_preemption } => self.rule(palette, text, *is_preemption),
                Row::Gap { text, .. } => format!("{:>1$}  {text}\n", "⋮", self.line),
            });
        }
        let hidden = rows.cells.len() - self.cells.len();
        if hidden > 0 {
            let names: Vec<String> =
                rows.cells[self.cells.len()..].iter().map(|&cell| self.program.memory_name(cell)).collect();
            let note = format!("Without a column for lack of room: {}; see the steps.", names.join(", "));
            text.push_str(&names::wrap(&note, COLUMNS, "  "));
        }
        text
    }

    fn head(&self, palette: Palette, rows: &Rows) -> String {
        let mut names = Line::default();
        let mut values = Line::default();
        names.put(self.line - width("line"), "line", |text| palette.faint(text));
        match &self.threads {
            Some(threads) => {
                let mut at = self.line + 2;
                for &(id, width) in threads {
                    names.put(at, &names::thread(self.program, id), |text| palette.strong(text));
                    at += width + 2;
                }
            }
            None => names.put(self.line + 2, "thread", |text| palette.strong(text)),
        }
        let mut at = self.cells_at();
        if !self.cells.is_empty() {
            names.put(at, "│", |text| palette.faint(text));
            values.put(at, "│", |text| palette.faint(text));
        }
        at += 2;
        for &(index, cell_width) in &self.cells {
            let name = self.program.memory_name(rows.cells[index]);
            names.put(at + cell_width - width(&name), &name, |text| palette.strong(text));
            let value = self.program.memory[rows.cells[index] as usize].to_string();
            values.put(at + cell_width - width(&value), &value, |text| text.to_owned());
            at += cell_width + 2;
        }
        let mut head = names.finish();
        if !self.cells.is_empty() {
            head.push_str(&values.finish());
        }
        head
    }

    /// Returns the column of the rule before the variables.
    fn cells_at(&self) -> usize {
        match &self.threads {
            Some(threads) => self.line + 2 + threads.iter().map(|(_, width)| width + 2).sum::<usize>(),
            None => self.line + 2 + self.list.0 + self.list.1,
        }
    }

    /// Returns the column of a thread's text.
    fn text_at(&self, id: ThreadId) -> usize {
        match &self.threads {
            Some(threads) => {
                let before = threads.iter().take_while(|&&(other, _)| other != id);
                self.line + 2 + before.map(|(_, width)| width + 2).sum::<usize>()
            }
            None => self.line + 2 + self.list.0,
        }
    }

    fn step(&self, palette: Palette, row: &StepRow) -> String {
        let mut line = Line::default();
        line.put(self.line - width(&row.line), &row.line, |text| palette.faint(text));
        if self.threads.is_none() {
            line.put(self.line + 2, &names::thread(self.program, row.thread), |text| text.to_owned());
        }
        let mut pieces: Vec<(usize, &String, bool)> = vec![(self.text_at(row.thread), &row.text, row.is_bad)];
        if self.threads.is_some() {
            pieces.extend(row.asides.iter().map(|(id, aside)| (self.text_at(*id), aside, true)));
        }
        pieces.sort_unstable();
        for (at, text, is_bad) in pieces {
            line.put(at, text, |text| if is_bad { palette.warn(text) } else { text.to_owned() });
        }
        let mut at = self.cells_at();
        if !self.cells.is_empty() {
            line.put(at, "│", |text| palette.faint(text));
        }
        at += 2;
        for &(index, cell_width) in &self.cells {
            if let Some((_, value)) = row.values.iter().find(|(cell, _)| *cell == index) {
                let value = value.to_string();
                line.put(at + cell_width - width(&value), &value, |text| palette.strong(text));
            }
            at += cell_width + 2;
        }
        let mut text = line.finish();
        if self.threads.is_none() {
            for (id, aside) in &row.asides {
                let mut line = Line::default();
                line.put(self.line + 2, &names::thread(self.program, *id), |text| text.to_owned());
                line.put(self.text_at(*id), aside, |text| palette.warn(text));
                text.push_str(&line.finish());
            }
        }
        text
    }

    fn rule(&self, palette: Palette, label: &str, is_preemption: bool) -> String {
        let dash = if is_preemption { "━" } else { "─" };
        let label = format!("{} {label} ", dash.repeat(2));
        let rest = self.total.max(NARROWEST_RULE).saturating_sub(width(&label) + 2);
        let rule = format!("{label}{}", dash.repeat(rest));
        let rule = if is_preemption { palette.warn(rule) } else { palette.faint(rule) };
        format!("  {rule}\n")
    }
}

fn thread_width(program: &Program, rows: &Rows, id: ThreadId) -> usize {
    let texts = rows.steps().filter(|row| row.thread == id).map(|row| width(&row.text));
    let asides = rows.steps().flat_map(|row| &row.asides).filter(|aside| aside.0 == id);
    let widest = texts.chain(asides.map(|(_, aside)| width(aside))).max().unwrap_or(0);
    widest.max(width(&names::thread(program, id)))
}

fn cell_width(program: &Program, rows: &Rows, index: usize) -> usize {
    let values = rows.steps().flat_map(|row| &row.values).filter(|(cell, _)| *cell == index);
    let widest = values.map(|(_, value)| width(&value.to_string())).max().unwrap_or(0);
    let initial = width(&program.memory[rows.cells[index] as usize].to_string());
    widest.max(initial).max(width(&program.memory_name(rows.cells[index])))
}

/// A line that is filled from left to right.
#[derive(Default)]
struct Line {
    text: String,
    /// Columns filled so far; colours take none.
    at: usize,
}

impl Line {
    fn put(&mut self, at: usize, text: &str, paint: impl Fn(&str) -> String) {
        let gap = at.saturating_sub(self.at).max(usize::from(self.at > 0 && at <= self.at));
        self.text.push_str(&" ".repeat(gap));
        self.text.push_str(&paint(text));
        self.at += gap + width(text);
    }

    fn finish(self) -> String {
        format!("{}\n", self.text.trim_end())
    }
}
