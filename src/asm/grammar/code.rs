//! Instructions.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, map, opt, value};
use nom::sequence::{delimited, separated_pair};

use super::super::ast::{IndexText, Instruction, Name, OperandText, Spanned};
use super::super::lexer::Symbol;
use super::expr::constant;
use super::tokens::{Parsed, Tokens, label, name, symbol, text};
use crate::program::{Op, OperandKind};

/// Reads what stands behind a mnemonic.
pub(super) fn instruction(op: Spanned<Op>, input: Tokens<'_>) -> Parsed<'_, Instruction> {
    let (rest, operand) = match op.value.spec().operand {
        OperandKind::Nothing => (input, None),
        OperandKind::Number => map(map(constant, OperandText::Number), Some).parse(input)?,
        OperandKind::Place | OperandKind::Target | OperandKind::Threads => map(indexed, Some).parse(input)?,
        OperandKind::Addr => map(map(label, plain), Some).parse(input)?,
        OperandKind::ProcId => map(map(name, plain), Some).parse(input)?,
        OperandKind::Range => map(range, Some).parse(input)?,
        OperandKind::Text => opt(map(text, |text| OperandText::Text(text.value))).parse(input)?,
    };
    let operand = operand.map(|value| Spanned { value, span: input.until(rest) });
    Ok((rest, Instruction { op, operand }))
}

fn plain(name: Name) -> OperandText {
    OperandText::Name { name, index: None }
}

/// Reads `x`, `a[]` or `a[2]`.
fn indexed(input: Tokens<'_>) -> Parsed<'_, OperandText> {
    let inside = alt((value(IndexText::Stack, peek_close), map(constant, IndexText::Const)));
    let index = delimited(symbol(Symbol::OpenIndex), cut(inside), cut(symbol(Symbol::CloseIndex)));
    map((name, opt(index)), |(name, index)| OperandText::Name { name, index }).parse(input)
}

fn peek_close(input: Tokens<'_>) -> Parsed<'_, ()> {
    let (_, _) = symbol(Symbol::CloseIndex)(input)?;
    Ok((input, ()))
}

/// Reads `a..b`.
fn range(input: Tokens<'_>) -> Parsed<'_, OperandText> {
    map(separated_pair(constant, symbol(Symbol::Dots), constant), |(low, high)| OperandText::Range(low, high))
        .parse(input)
}
