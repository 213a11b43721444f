//! Tables of texts.

use super::names;
use super::palette::Palette;
use super::timeline::COLUMNS;

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
        if !beside && index > 0 && !row[columns - 1].is_empty() {
            text.push_str(&format!("      {}\n", palette.code(&row[columns - 1])));
        }
    }
    text
}
