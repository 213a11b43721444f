//! What is shown and what is expected: `observe` and `expect` lines.

use std::collections::HashSet;

use num_bigint::BigUint;

use crate::program::{
    Cell, CellRange, Claim, Expectation, Line, Observed, OutcomeSet, ScheduleCount, Span, VarKind,
};

use super::super::ast::{self, ClaimText, Expect, Reference, ScheduleText, SetEntry, VariableWord};
use super::super::diagnostic::Diagnostic;
use super::super::names::Meaning;
use super::super::structure::Outline;
use super::declare::count;
use super::state::{Index, Located};
use super::{Context, Wanted};

/// A variable or element that a reference names.
struct Referred {
    located: Located,
    /// The element; `None` for a whole array.
    element: Option<u32>,
    name: String,
}

impl<'a> Context<'a> {
    /// Resolves all `observe` lines; every shared and atomic variable where there is none.
    pub(super) fn observed(&mut self, outline: &Outline<'a>) -> Vec<Observed> {
        if outline.observes.is_empty() {
            let in_memory = |kind| matches!(kind, VarKind::Shared | VarKind::Atomic);
            let shown = self.variables.iter().filter(|variable| in_memory(variable.kind));
            return shown
                .map(|variable| Observed {
                    name: variable.name.clone(),
                    cells: (variable.base..variable.base + variable.len).map(Cell::Memory).collect(),
                    is_array: variable.is_array,
                })
                .collect();
        }
        let mut observed = Vec::new();
        let mut seen = HashSet::new();
        for reference in outline.observes.iter().copied().flatten() {
            let Some(referred) = self.refer(reference) else { continue };
            if seen.insert(referred.name.clone()) {
                let cells = self.cells(&referred);
                observed.push(Observed { name: referred.name, cells, is_array: referred.element.is_none() });
            }
        }
        observed
    }

    /// Resolves `x`, `a`, `a[2]`, `T.r`, `T[1].r` or `T[1].a[0]`.
    fn refer(&mut self, reference: &Reference) -> Option<Referred> {
        let Reference { name, index, local, .. } = reference;
        if local.is_none()
            && let Some(Meaning::Constant(_)) =
                self.names.file.get(name.value.as_str()).map(|symbol| symbol.meaning)
        {
            let message = format!("constant `{}` is the same in every state", name.value);
            self.errors.push(Diagnostic::new("E0201", message, name.span, "expected a variable"));
            return None;
        }
        let (variable_name, element, thread_index) = match local {
            None => (name, index.as_ref(), None),
            Some((local, element)) => (local, element.as_ref(), index.as_ref()),
        };
        let located = self.locate(name, Index::of(thread_index), local.as_ref().map(|(name, _)| name))?;
        let variable = self.variable(located.id);
        let (len, is_array, base) = (variable.len, variable.is_array, variable.base);
        let element = match element {
            None if is_array => None,
            index => Some(self.element(variable_name, located.meaning, index, len, is_array)?),
        };
        let variable = self.variable(located.id);
        let mut text = match element {
            None => variable.name.clone(),
            Some(element) => variable.cell_name(base + element),
        };
        if let Some(thread) = located.thread {
            let group = &self.groups[self.threads[thread.index()].index()];
            let copy = thread.0 - group.first.0;
            let index = if group.is_array { format!("[{copy}]") } else { String::new() };
            text = format!("{}{index}.{text}", group.name);
        }
        Some(Referred { located, element, name: text })
    }

    fn cells(&self, referred: &Referred) -> Vec<Cell> {
        let variable = self.variable(referred.located.id);
        let cells = match referred.element {
            None => variable.base..variable.base + variable.len,
            Some(element) => variable.base + element..variable.base + element + 1,
        };
        cells
            .map(|cell| match referred.located.thread {
                None => Cell::Memory(cell),
                Some(thread) => Cell::Local(thread, cell),
            })
            .collect()
    }

    /// Resolves all `expect` lines.
    pub(super) fn expectations(&mut self, outline: &Outline<'a>) -> Vec<Expectation> {
        let mut expectations = Vec::with_capacity(outline.expects.len());
        for &(expect, span, line) in &outline.expects {
            if let Some(claim) = self.claim(&expect.claim) {
                expectations.push(self.expectation(expect, claim, span, line));
            }
        }
        expectations
    }

    fn expectation(&self, expect: &Expect, claim: Claim, span: Span, line: Line) -> Expectation {
        let source = &self.sources[span.source as usize].text;
        let text = squeeze(source.get(span.start as usize..span.end as usize).unwrap_or(""));
        Expectation { line, text, switch: expect.switch, memory: expect.memory, claim }
    }

    fn claim(&mut self, claim: &ClaimText) -> Option<Claim> {
        Some(match claim {
            ClaimText::Always(expr) => Claim::Always(self.expr(expr)?),
            ClaimText::Never(expr) => Claim::Never(self.expr(expr)?),
            ClaimText::Finally(expr) => Claim::Finally(self.expr(expr)?),
            ClaimText::Possibly(expr) => Claim::Possibly(self.expr(expr)?),
            ClaimText::Outcomes { tuple, vars, set } => {
                let cells: Vec<_> = vars.iter().map(|var| self.outcome_cell(var)).collect();
                let set = self.outcome_set(*tuple, vars.len(), &set.value);
                Claim::Outcomes { cells: cells.into_iter().collect::<Option<_>>()?, set: set? }
            }
            ClaimText::Deadlock(is_expected) => Claim::Deadlock(*is_expected),
            ClaimText::Race(is_expected, None) => Claim::Race(*is_expected, None),
            ClaimText::Race(is_expected, Some(on)) => Claim::Race(*is_expected, Some(self.race_cells(on)?)),
            ClaimText::Livelock(is_expected) => Claim::Livelock(*is_expected),
            ClaimText::Fault(is_expected, text) => Claim::Fault(*is_expected, text.clone()),
            ClaimText::Schedules(count) => Claim::Schedules(self.schedule_count(count)?),
        })
    }

    fn outcome_cell(&mut self, reference: &Reference) -> Option<Cell> {
        let referred = self.refer(reference)?;
        let cells = self.cells(&referred);
        if referred.element.is_none() {
            let name = &referred.name;
            let message = format!("`{name}` is a whole array");
            let elements: Vec<String> =
                (0..cells.len().min(3)).map(|element| format!("{name}[{element}]")).collect();
            let dots = if cells.len() > 3 { ", …" } else { "" };
            let error = Diagnostic::new("E0204", message, reference.span, "outcomes are sets of numbers")
                .help(format!("name the elements: `expect outcomes ({}{dots}) = …`", elements.join(", ")));
            self.errors.push(error);
            return None;
        }
        cells.first().copied()
    }

    fn outcome_set(
        &mut self,
        is_tuple: bool,
        width: usize,
        entries: &[ast::Spanned<SetEntry>],
    ) -> Option<OutcomeSet> {
        if !is_tuple {
            let ranges: Vec<_> = entries.iter().map(|entry| self.outcome_range(entry)).collect();
            return ranges.into_iter().collect::<Option<_>>().map(OutcomeSet::Scalars);
        }
        let tuples: Vec<_> = entries.iter().map(|entry| self.outcome_tuple(width, entry)).collect();
        tuples.into_iter().collect::<Option<_>>().map(OutcomeSet::Tuples)
    }

    fn outcome_range(&mut self, entry: &ast::Spanned<SetEntry>) -> Option<(i64, i64)> {
        match &entry.value {
            SetEntry::Value(value) => self.constant(value).map(|value| (value, value)),
            SetEntry::Range(low, high) => {
                let (low, high) = (self.constant(low), self.constant(high));
                let (low, high) = (low?, high?);
                if low > high {
                    let message = format!("no number lies between {low} and {high}");
                    let error = Diagnostic::new("E0209", message, entry.span, "an empty range");
                    self.errors.push(error);
                    return None;
                }
                Some((low, high))
            }
            SetEntry::Tuple(_) => unreachable!("the grammar puts tuples behind variables in parentheses"),
        }
    }

    fn outcome_tuple(&mut self, width: usize, entry: &ast::Spanned<SetEntry>) -> Option<Vec<i64>> {
        let SetEntry::Tuple(values) = &entry.value else {
            unreachable!("the grammar puts only tuples behind variables in parentheses")
        };
        if values.len() != width {
            let message = format!("expected a tuple of {}", count(width, "number"));
            let label = format!("has {}", values.len());
            self.errors.push(Diagnostic::new("E0214", message, entry.span, label));
            return None;
        }
        let numbers: Vec<_> = values.iter().map(|value| self.constant(value)).collect();
        numbers.into_iter().collect()
    }

    /// Resolves what stands behind `race on`. An `atomic` variable may stand there: it never races, and a
    /// program may say so.
    fn race_cells(&mut self, on: &Reference) -> Option<CellRange> {
        if let Some((local, _)) = &on.local {
            let error = Diagnostic::new(
                "E0201",
                "a thread's local cannot race",
                local.span,
                "only its thread sees it",
            )
            .help("data races are on `shared` variables");
            self.errors.push(error);
            return None;
        }
        let name = &on.name;
        let meaning = self.lookup(name, Wanted::Variable)?;
        let Meaning::Variable(id, word) = meaning else {
            self.wrong_kind(&name.value, name.span, meaning, Wanted::Variable);
            return None;
        };
        if word == VariableWord::Local {
            let what = self.describe(meaning);
            let message = format!("`{}` cannot race", name.value);
            let mut error = Diagnostic::new("E0201", message, name.span, format!("this is {what}"));
            if let Some(declared) = self.declaration(&name.value, meaning) {
                error = error.related(declared, "declared here");
            }
            self.errors.push(error.help("data races are on `shared` variables"));
            return None;
        }
        let variable = self.variable(id);
        let (base, len, is_array) = (variable.base, variable.len, variable.is_array);
        if is_array && on.index.is_none() {
            return Some(CellRange { base, len });
        }
        let element = self.element(name, meaning, on.index.as_ref(), len, is_array)?;
        Some(CellRange { base: base + element, len: 1 })
    }

    fn schedule_count(&mut self, count: &ScheduleText) -> Option<ScheduleCount> {
        Some(match count {
            ScheduleText::Infinite => ScheduleCount::Infinite,
            ScheduleText::Digits(digits) => {
                // The grammar bounds the number of digits.
                ScheduleCount::Exactly(BigUint::parse_bytes(digits.as_bytes(), 10)?)
            }
            ScheduleText::Const(value) => {
                let number = self.constant(value)?;
                let Ok(number) = u64::try_from(number) else {
                    let message = format!("{number} schedules");
                    let error = Diagnostic::new("E0207", message, value.span, "must be at least 0");
                    self.errors.push(error);
                    return None;
                };
                ScheduleCount::Exactly(BigUint::from(number))
            }
        })
    }
}

/// Squeezes white space to one space outside strings.
fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    let mut is_quoted = false;
    for c in text.trim().chars() {
        is_quoted ^= c == '"';
        if is_quoted || !c.is_whitespace() {
            squeezed.push(c);
        } else if !squeezed.ends_with(' ') {
            squeezed.push(' ');
        }
    }
    squeezed
}
