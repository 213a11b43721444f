//! The outcomes of a program, for claims about their set.

use std::collections::BTreeSet;

use super::explored::{Explored, Ruling};
use super::failure::{Failure, FailureKind, loud};
use crate::check::{Exploration, Outcome};
use crate::program::Program;
use crate::schedule::Schedule;

/// The most rows that a message lists.
const LISTED: usize = 8;

/// The outcomes of a program, as rows of numbers: the values that it observes in final states, arrays laid out
/// element by element, or what it prints.
///
/// Rows are written as numbers, tuples of up to four, arrays or vectors: `exactly([1, 2])` for one variable,
/// `exactly([(0, 1), (1, 0)])` for two.
#[derive(Clone, Debug)]
#[must_use = "outcomes claim nothing by themselves"]
pub struct Outcomes<'e> {
    explored: &'e Explored,
    what: String,
    columns: Result<Columns, Failure>,
}

/// Which part of an outcome is looked at.
#[derive(Clone, Debug)]
enum Columns {
    /// These places among all observed values.
    Values(Vec<usize>),
    /// The output.
    Output,
}

/// Something that can be written for a row of numbers.
pub trait Row {
    /// Returns the numbers.
    fn numbers(self) -> Vec<i64>;
}

impl<'e> Outcomes<'e> {
    pub(super) fn all(explored: &'e Explored) -> Outcomes<'e> {
        let program = explored.program();
        let names: Vec<&str> = program.observed.iter().map(|observed| observed.name.as_str()).collect();
        Outcomes {
            explored,
            what: tuple(&names.join(", "), names.len()),
            columns: Ok(Columns::Values((0..width(program)).collect())),
        }
    }

    pub(super) fn of<V: AsRef<str>>(
        explored: &'e Explored,
        variables: impl IntoIterator<Item = V>,
    ) -> Outcomes<'e> {
        let names: Vec<String> = variables.into_iter().map(|name| name.as_ref().trim().to_owned()).collect();
        let places = names.iter().map(|name| places(explored.program(), name));
        let columns = places.collect::<Result<Vec<_>, _>>().map(|places| Columns::Values(places.concat()));
        Outcomes { explored, what: tuple(&names.join(", "), names.len()), columns }
    }

    pub(super) fn printed(explored: &'e Explored) -> Outcomes<'e> {
        Outcomes { explored, what: "the output".to_owned(), columns: Ok(Columns::Output) }
    }

    /// Returns all rows, in order, each once: those of every combination of models.
    ///
    /// # Errors
    ///
    /// Says so when a limit cut a search, since some may be missing then, and when a variable is not observed.
    pub fn rows(&self) -> Result<Vec<Vec<i64>>, Failure> {
        let columns = self.columns.as_ref().map_err(Clone::clone)?;
        let mut rows = BTreeSet::new();
        for found in self.explored.explorations() {
            if found.search.cut.is_some() {
                return Err(self.explored.inconclusive(&format!("all outcomes of {}", self.what), found));
            }
            rows.extend(found.outcomes.iter().map(|outcome| columns.row(outcome)));
        }
        Ok(rows.into_iter().collect())
    }

    /// Claims that these are the outcomes, all of them and no others, under each combination of models.
    ///
    /// # Errors
    ///
    /// Says which are missing or too many, with a schedule of the first that is too many, or that a limit cut
    /// the search.
    pub fn exactly<R: Row>(&self, rows: impl IntoIterator<Item = R>) -> Result<(), Failure> {
        let expected: BTreeSet<Vec<i64>> = rows.into_iter().map(Row::numbers).collect();
        let claim = format!("{} in exactly {{{}}}", self.what, listed(&expected));
        self.widths(expected.iter())?;
        self.ask(&claim, |columns, found| {
            let reached: BTreeSet<Vec<i64>> =
                found.outcomes.iter().map(|outcome| columns.row(outcome)).collect();
            let missing: BTreeSet<Vec<i64>> = expected.difference(&reached).cloned().collect();
            let surplus: BTreeSet<Vec<i64>> = reached.difference(&expected).cloned().collect();
            match (surplus.first(), missing.is_empty(), found.search.cut) {
                (Some(first), true, _) | (Some(first), _, Some(_)) => {
                    Ruling::Fails(format!("also {}", listed(&surplus)), witness(columns, found, first))
                }
                (Some(first), false, None) => {
                    let reason = format!("also {}; never {}", listed(&surplus), listed(&missing));
                    Ruling::Fails(reason, witness(columns, found, first))
                }
                (None, _, Some(_)) => Ruling::Unknown,
                (None, false, None) => Ruling::Fails(format!("never {}", listed(&missing)), None),
                (None, true, None) => Ruling::Holds,
            }
        })
    }

    /// Claims that no execution ends in this outcome.
    ///
    /// # Errors
    ///
    /// Shows an execution that does, or says that a limit cut the search.
    pub fn never(&self, row: impl Row) -> Result<(), Failure> {
        let row = row.numbers();
        let claim = format!("{} never {}", self.what, text(&row));
        self.widths([&row])?;
        self.all_satisfy(&claim, |other| other != row)
    }

    /// Claims that some execution ends in this outcome, under each combination of models.
    ///
    /// # Errors
    ///
    /// Says that none does, or that a limit cut the search before one was found.
    pub fn possibly(&self, row: impl Row) -> Result<(), Failure> {
        let row = row.numbers();
        let claim = format!("{} possibly {}", self.what, text(&row));
        self.widths([&row])?;
        self.ask(&claim, |columns, found| {
            let is_reached = found.outcomes.iter().any(|outcome| columns.row(outcome) == row);
            match (is_reached, found.search.cut) {
                (true, _) => Ruling::Holds,
                (false, None) => Ruling::Fails("no execution that ends so".to_owned(), None),
                (false, Some(_)) => Ruling::Unknown,
            }
        })
    }

    /// Claims that every outcome satisfies a predicate.
    ///
    /// # Errors
    ///
    /// Shows an execution whose outcome does not, or says that a limit cut the search.
    pub fn always(&self, predicate: impl Fn(&[i64]) -> bool) -> Result<(), Failure> {
        self.all_satisfy(&format!("{} always as the predicate says", self.what), predicate)
    }

    fn all_satisfy(&self, claim: &str, predicate: impl Fn(&[i64]) -> bool) -> Result<(), Failure> {
        self.ask(claim, |columns, found| {
            let bad = found.outcomes.iter().find(|outcome| !predicate(&columns.row(outcome)));
            match (bad, found.search.cut) {
                (Some(outcome), _) => {
                    Ruling::Fails(text(&columns.row(outcome)), Some(&outcome.reached.witness))
                }
                (None, None) => Ruling::Holds,
                (None, Some(_)) => Ruling::Unknown,
            }
        })
    }

    /// Asserts [`Outcomes::exactly`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_exactly<R: Row>(&self, rows: impl IntoIterator<Item = R>) {
        loud(self.exactly(rows));
    }

    /// Asserts [`Outcomes::never`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_never(&self, row: impl Row) {
        loud(self.never(row));
    }

    /// Asserts [`Outcomes::possibly`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_possibly(&self, row: impl Row) {
        loud(self.possibly(row));
    }

    /// Asserts [`Outcomes::always`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_always(&self, predicate: impl Fn(&[i64]) -> bool) {
        loud(self.always(predicate));
    }

    fn ask(
        &self,
        claim: &str,
        judge: impl Fn(&Columns, &'e Exploration) -> Ruling<'e>,
    ) -> Result<(), Failure> {
        let columns = self.columns.as_ref().map_err(Clone::clone)?;
        self.explored.ask(claim, "", |found| judge(columns, found))
    }

    /// Refuses rows that are longer or shorter than an outcome: they could never be met.
    fn widths<'r>(&self, rows: impl IntoIterator<Item = &'r Vec<i64>>) -> Result<(), Failure> {
        let Columns::Values(places) = self.columns.as_ref().map_err(Clone::clone)? else { return Ok(()) };
        match rows.into_iter().find(|row| row.len() != places.len()) {
            None => Ok(()),
            Some(row) => {
                let message = format!(
                    "a row of {} has {} numbers, and {} has {}",
                    self.what,
                    places.len(),
                    text(row),
                    row.len()
                );
                Err(Failure::new(FailureKind::Usage, message))
            }
        }
    }
}

impl Columns {
    fn row(&self, outcome: &Outcome) -> Vec<i64> {
        match self {
            Columns::Output => outcome.output.clone(),
            Columns::Values(places) => {
                let all = outcome.values.concat();
                places.iter().map(|&place| all[place]).collect()
            }
        }
    }
}

fn witness<'e>(columns: &Columns, found: &'e Exploration, row: &[i64]) -> Option<&'e Schedule> {
    let outcome = found.outcomes.iter().find(|outcome| columns.row(outcome) == row)?;
    Some(&outcome.reached.witness)
}

/// Returns how many numbers an outcome of all that is observed has.
fn width(program: &Program) -> usize {
    program.observed.iter().map(|observed| observed.cells.len()).sum()
}

/// Returns where a variable, array or element stands among the observed values.
fn places(program: &Program, name: &str) -> Result<Vec<usize>, Failure> {
    let mut first = 0;
    for observed in &program.observed {
        let len = observed.cells.len();
        if observed.name == name {
            return Ok((first..first + len).collect());
        }
        let index = name.strip_prefix(observed.name.as_str()).filter(|_| observed.is_array);
        let index = index.and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']')?.parse::<usize>().ok());
        if let Some(index) = index.filter(|&index| index < len) {
            return Ok(vec![first + index]);
        }
        first += len;
    }
    let names: Vec<&str> = program.observed.iter().map(|observed| observed.name.as_str()).collect();
    let all = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let message = format!(
        "`{name}` is not part of an outcome, which shows {all}: name it in a line `observe` of the program, or \
         with `.observe({name:?})` in the test"
    );
    Err(Failure::new(FailureKind::Usage, message))
}

fn tuple(text: &str, len: usize) -> String {
    if len == 1 { text.to_owned() } else { format!("({text})") }
}

/// Returns `1`, or `(1, 2)`.
pub(super) fn text(row: &[i64]) -> String {
    tuple(&row.iter().map(i64::to_string).collect::<Vec<_>>().join(", "), row.len())
}

fn listed(rows: &BTreeSet<Vec<i64>>) -> String {
    let mut texts: Vec<String> = rows.iter().take(LISTED).map(|row| text(row)).collect();
    if rows.len() > LISTED {
        texts.push(format!("and {} more", rows.len() - LISTED));
    }
    texts.join(", ")
}

impl Row for i64 {
    fn numbers(self) -> Vec<i64> {
        vec![self]
    }
}

impl<const N: usize> Row for [i64; N] {
    fn numbers(self) -> Vec<i64> {
        self.to_vec()
    }
}

impl Row for Vec<i64> {
    fn numbers(self) -> Vec<i64> {
        self
    }
}

impl Row for &[i64] {
    fn numbers(self) -> Vec<i64> {
        self.to_vec()
    }
}

impl Row for (i64, i64) {
    fn numbers(self) -> Vec<i64> {
        vec![self.0, self.1]
    }
}

impl Row for (i64, i64, i64) {
    fn numbers(self) -> Vec<i64> {
        vec![self.0, self.1, self.2]
    }
}

impl Row for (i64, i64, i64, i64) {
    fn numbers(self) -> Vec<i64> {
        vec![self.0, self.1, self.2, self.3]
    }
}
