//! Declarations: everything at file level but expectations.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, map, opt, value};
use nom::multi::{separated_list0, separated_list1};
use nom::sequence::{delimited, preceded};

use super::super::ast::{Const, Init, Name, Reference, Spanned, Statement, VariableWord};
use super::super::lexer::Symbol;
use super::expr::{constant, reference};
use super::tokens::{Parsed, Tokens, keyword, name, symbol, text};
use crate::program::{MemoryModel, ObjectSort, SwitchModel};

/// Reads what stands behind `const`.
pub(super) fn constant_declaration(input: Tokens<'_>) -> Parsed<'_, Statement> {
    let number = preceded(symbol(Symbol::Assign), cut(constant));
    map((name, number), |(name, value)| Statement::Const { name, value }).parse(input)
}

/// Reads what stands behind `shared`, `atomic` or `local`.
pub(super) fn variable(word: VariableWord, input: Tokens<'_>) -> Parsed<'_, Statement> {
    let (rest, (name, size)) = sized_name(input)?;
    let (rest, init) = opt(initial).parse(rest)?;
    Ok((rest, Statement::Variable { word, name, size, init }))
}

/// Reads what stands behind the keyword of a synchronization object.
pub(super) fn object(sort: ObjectSort, input: Tokens<'_>) -> Parsed<'_, Statement> {
    let (rest, (name, size)) = sized_name(input)?;
    let (rest, init) = match sort {
        ObjectSort::Semaphore | ObjectSort::Barrier => map(initial, Some).parse(rest)?,
        ObjectSort::Event => opt(initial).parse(rest)?,
        _ => (rest, None),
    };
    let maximum = || preceded(keyword("max"), cut(constant));
    let (rest, max) = match sort {
        ObjectSort::Semaphore => opt(maximum()).parse(rest)?,
        ObjectSort::Queue => map(maximum(), Some).parse(rest)?,
        _ => (rest, None),
    };
    let (rest, on) = match sort {
        ObjectSort::Condition => preceded(keyword("on"), map(reference, Some)).parse(rest)?,
        _ => (rest, None),
    };
    Ok((rest, Statement::Object { sort, name, size, init, max, on }))
}

/// Reads what stands behind `thread`.
pub(super) fn thread(input: Tokens<'_>) -> Parsed<'_, Statement> {
    let (rest, (name, copies)) = sized_name(input)?;
    let (rest, deferred) = opt(keyword("deferred")).parse(rest)?;
    Ok((rest, Statement::Thread { name, copies, deferred: deferred.is_some() }))
}

/// Reads what stands behind `proc`.
pub(super) fn procedure(input: Tokens<'_>) -> Parsed<'_, Statement> {
    map(name, |name| Statement::Proc { name }).parse(input)
}

/// Reads what stands behind `include`.
pub(super) fn include(input: Tokens<'_>) -> Parsed<'_, Statement> {
    map(text, |path| Statement::Include { path }).parse(input)
}

/// Reads what stands behind `observe`.
pub(super) fn observe(input: Tokens<'_>) -> Parsed<'_, Statement> {
    map(references, Statement::Observe).parse(input)
}

/// Reads `x, a, T[1].r`.
pub(super) fn references(input: Tokens<'_>) -> Parsed<'_, Vec<Reference>> {
    separated_list1(symbol(Symbol::Comma), reference).parse(input)
}

/// Reads the word of a switch model.
pub(super) fn switch_model(input: Tokens<'_>) -> Parsed<'_, SwitchModel> {
    use SwitchModel::{Await, Every, Gil};
    let model = |model: SwitchModel| value(model, keyword(model.word()));
    alt((model(Every), model(Gil), model(Await))).parse(input)
}

/// Reads the word of a memory model.
pub(super) fn memory_model(input: Tokens<'_>) -> Parsed<'_, MemoryModel> {
    use MemoryModel::{Pso, Sc, Tso};
    let model = |model: MemoryModel| value(model, keyword(model.word()));
    alt((model(Sc), model(Tso), model(Pso))).parse(input)
}

/// Reads `name` or `name[n]`.
fn sized_name(input: Tokens<'_>) -> Parsed<'_, (Name, Option<Const>)> {
    let size = delimited(symbol(Symbol::OpenIndex), cut(constant), cut(symbol(Symbol::CloseIndex)));
    (name, opt(size)).parse(input)
}

/// Reads `= n` or `= {a, b}`.
fn initial(input: Tokens<'_>) -> Parsed<'_, Init> {
    preceded(symbol(Symbol::Assign), cut(alt((list, map(constant, Init::One))))).parse(input)
}

fn list(input: Tokens<'_>) -> Parsed<'_, Init> {
    let entries = cut(separated_list0(symbol(Symbol::Comma), constant));
    let (rest, entries) =
        delimited(symbol(Symbol::OpenSet), entries, cut(symbol(Symbol::CloseSet))).parse(input)?;
    Ok((rest, Init::List(Spanned { value: entries, span: input.until(rest) })))
}
