//! What the reports on locks and on objects share: both say of a file what was found for every client up to a
//! size, under each memory model.

use super::names::wrap;
use super::number::plural;
use super::palette::Page;
use super::timeline::COLUMNS;
use crate::check::Summary;
use crate::program::MemoryModel;

/// Writes one line for a file among others, with a word for each memory model. `width` is that of the longest
/// name.
pub(super) fn line(
    summary: Summary,
    name: &str,
    width: usize,
    words: impl Iterator<Item = &'static str>,
    page: &Page<'_>,
) -> String {
    let word = match summary {
        Summary::Holds if page.quiet => return String::new(),
        Summary::Holds => page.palette.good("ok   "),
        Summary::Inconclusive => page.palette.warn("open "),
        Summary::Fails => page.palette.bad("FAILS"),
    };
    format!("{}\n", row(&word, name, width, words))
}

/// Writes the line above the lines of several files: the memory models. `width` is that of the longest name.
pub fn clients_head(models: impl IntoIterator<Item = MemoryModel>, width: usize, page: &Page<'_>) -> String {
    if page.quiet {
        return String::new();
    }
    let words = models.into_iter().map(MemoryModel::word);
    format!("{}\n", page.palette.faint(row("     ", "", width, words)))
}

fn row(first: &str, name: &str, width: usize, words: impl Iterator<Item = &'static str>) -> String {
    let words: Vec<String> = words.map(|word| format!("{word:<9}")).collect();
    format!("{first}  {name:<width$}  {}", words.join("  ")).trim_end().to_owned()
}

/// Writes what a report begins with: the verdict, in words too, and what was searched.
pub(super) fn head(summary: Summary, name: &str, said: &str, searched: &str, page: &Page<'_>) -> String {
    let head = wrap(&format!("{name}: {said}"), COLUMNS - 14, "");
    let searched = if page.quiet { String::new() } else { wrap(searched, COLUMNS, "") };
    format!("{}: {head}{searched}", page.palette.tag(summary))
}

/// Returns a size of clients in words: `2 threads with up to 3 calls each`.
pub(super) fn size(threads: u32, times: u32, what: &str) -> String {
    let (threads, times) = (plural(u64::from(threads), "thread"), plural(u64::from(times), what));
    format!("{threads} with up to {times} each")
}
