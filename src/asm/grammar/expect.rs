//! Expectations.

use nom::branch::alt;
use nom::combinator::{cut, map, opt, value};
use nom::multi::{separated_list0, separated_list1};
use nom::sequence::{delimited, preceded};
use nom::{Input, Parser};

use super::super::ast::{ClaimText, Const, Expect, ScheduleText, SetEntry, Spanned, Statement};
use super::super::diagnostic::Diagnostic;
use super::super::lexer::{Kind, Symbol};
use super::declare::{memory_model, references, switch_model};
use super::expr::{constant, expression, reference};
use super::tokens::{Parsed, Tokens, Wanted, keyword, symbol, text};
use crate::program::{MemoryModel, SwitchModel};

/// The longest number of schedules that can be expected: reading one costs time in the square of its length.
const MAX_DIGITS: usize = 10_000;

/// Reads what stands behind `expect`.
pub(super) fn expectation(input: Tokens<'_>) -> Parsed<'_, Statement> {
    let (rest, models) = opt(preceded(keyword("under"), cut(models))).parse(input)?;
    let (switch, memory) = models.unwrap_or_default();
    let (rest, claim) = claim(rest)?;
    Ok((rest, Statement::Expect(Expect { switch, memory, claim })))
}

/// A model of either sort, as they are listed behind `under`.
#[derive(Clone, Copy)]
enum Model {
    Switch(SwitchModel),
    Memory(MemoryModel),
}

/// Reads `gil`, `pso` or `await, pso`, in any order, at most one of each sort.
fn models(input: Tokens<'_>) -> Parsed<'_, (Option<SwitchModel>, Option<MemoryModel>)> {
    fn model(input: Tokens<'_>) -> Parsed<'_, (Model, Tokens<'_>)> {
        let (rest, model) =
            alt((map(switch_model, Model::Switch), map(memory_model, Model::Memory))).parse(input)?;
        Ok((rest, (model, input)))
    }
    let (rest, listed) = separated_list1(symbol(Symbol::Comma), model).parse(input)?;
    let (mut switch, mut memory) = (None, None);
    for (model, at) in listed {
        let twice = match model {
            Model::Switch(model) => switch.replace(model).map(|_| "switch"),
            Model::Memory(model) => memory.replace(model).map(|_| "memory"),
        };
        if let Some(sort) = twice {
            let message = format!("`under` names two {sort} models");
            let error = Diagnostic::new("E0013", message, at.here(), "the second one");
            return at.fail(error.help("write one `expect` line for each"));
        }
    }
    Ok((rest, (switch, memory)))
}

fn claim(input: Tokens<'_>) -> Parsed<'_, ClaimText> {
    alt((
        map(preceded(keyword("always"), cut(expression)), ClaimText::Always),
        map(preceded(keyword("never"), cut(expression)), ClaimText::Never),
        map(preceded(keyword("finally"), cut(expression)), ClaimText::Finally),
        map(preceded(keyword("possibly"), cut(expression)), ClaimText::Possibly),
        preceded(keyword("outcomes"), cut(outcomes)),
        preceded(keyword("schedules"), cut(schedules)),
        preceded(keyword("no"), cut(|input| ending(false, input))),
        |input| ending(true, input),
    ))
    .parse(input)
}

/// Reads `deadlock`, `race on x`, `livelock` or `fault "text"`.
fn ending(reachable: bool, input: Tokens<'_>) -> Parsed<'_, ClaimText> {
    let race = preceded(keyword("race"), opt(preceded(keyword("on"), cut(reference))));
    let fault = preceded(keyword("fault"), opt(text));
    alt((
        value(ClaimText::Deadlock(reachable), keyword("deadlock")),
        map(race, |variable| ClaimText::Race(reachable, variable)),
        value(ClaimText::Livelock(reachable), keyword("livelock")),
        map(fault, |text| ClaimText::Fault(reachable, text.map(|text| text.value))),
    ))
    .parse(input)
}

/// Reads `x = {1, 2..4}` or `(x, y) = {(0, 1)}`. A single variable may stand in parentheses too, and so may
/// its values.
fn outcomes(input: Tokens<'_>) -> Parsed<'_, ClaimText> {
    let listed = delimited(symbol(Symbol::Open), cut(references), cut(symbol(Symbol::Close)));
    let single = map(reference, |variable| vec![variable]);
    let (rest, vars) = alt((listed, single)).parse(input)?;
    let tuple = vars.len() > 1;
    let entry = |input| if tuple { tuple_entry(input) } else { single_entry(input) };
    let (rest, _) = symbol(Symbol::Assign)(rest)?;
    let entries = separated_list0(symbol(Symbol::Comma), spanned_entry(entry));
    let (end, set) = delimited(symbol(Symbol::OpenSet), entries, symbol(Symbol::CloseSet)).parse(rest)?;
    let set = Spanned { value: set, span: rest.until(end) };
    Ok((end, ClaimText::Outcomes { tuple, vars, set }))
}

fn spanned_entry<'a>(
    entry: impl Fn(Tokens<'a>) -> Parsed<'a, SetEntry>,
) -> impl Fn(Tokens<'a>) -> Parsed<'a, Spanned<SetEntry>> {
    move |input| {
        let (rest, value) = entry(input)?;
        Ok((rest, Spanned { value, span: input.until(rest) }))
    }
}

fn tuple_entry(input: Tokens<'_>) -> Parsed<'_, SetEntry> {
    let values = separated_list1(symbol(Symbol::Comma), constant);
    map(delimited(symbol(Symbol::Open), values, symbol(Symbol::Close)), SetEntry::Tuple).parse(input)
}

fn single_entry(input: Tokens<'_>) -> Parsed<'_, SetEntry> {
    let range = (constant, opt(preceded(symbol(Symbol::Dots), cut(constant))));
    map(range, |(low, high): (Const, _)| match high {
        Some(high) => SetEntry::Range(low, high),
        None => SetEntry::Value(low),
    })
    .parse(input)
}

/// Reads `= 70`, `= N * 2` or `= infinite`, which is racevm's own and no constant's name here.
fn schedules(input: Tokens<'_>) -> Parsed<'_, ClaimText> {
    let (rest, _) = symbol(Symbol::Assign)(input)?;
    let number =
        alt((value(ScheduleText::Infinite, keyword("infinite")), digits, map(constant, ScheduleText::Const)));
    map(cut(number), ClaimText::Schedules).parse(rest)
}

/// Reads a decimal number that is the last token of its line: it may have any size.
fn digits(input: Tokens<'_>) -> Parsed<'_, ScheduleText> {
    match input.first() {
        Some(Kind::Number(written)) if input.rest.len() == 1 && !written.starts_with("0x") => {
            if written.len() > MAX_DIGITS {
                let message = format!("a number of schedules has at most {MAX_DIGITS} digits");
                return input.fail(Diagnostic::new("E0003", message, input.here(), ""));
            }
            Ok((input.take_from(1), ScheduleText::Digits(written.replace('_', ""))))
        }
        _ => input.want(Wanted::Some("a number")),
    }
}
