//! Expressions, with Python's precedence: `or`, `and`, `not`, comparisons (which do not chain) and `in`,
//! `+ -`, `* / %`, unary minus.
//!
//! There is one ladder of parsers. A constant expression is the arithmetic part of it, and the parser then
//! checks that it is made of numbers and names alone.

use nom::Input;
use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, map, opt, value};
use nom::multi::separated_list0;
use nom::sequence::{delimited, preceded, separated_pair, terminated};

use super::super::ast::{
    Const, ConstKind, ConstOp, Expr, ExprKind, Name, PredicateText, Reference, Spanned, ThreadClaim,
};
use super::super::diagnostic::Diagnostic;
use super::super::lexer::{Kind, Symbol, shorten};
use super::tokens::{Parsed, Problem, Tokens, Wanted, keyword, label, name, operator_word, symbol};
use crate::program::{Binary, Span};

/// Reads an expression over a state.
pub(super) fn expression(input: Tokens<'_>) -> Parsed<'_, Expr> {
    disjunction(input.fresh())
}

/// Reads a constant expression.
pub(super) fn constant(input: Tokens<'_>) -> Parsed<'_, Const> {
    let (rest, expr) = sum(input.fresh())?;
    to_constant(rest, expr)
}

/// Reads `x`, `a[2]`, `T.v`, `T[1].a[0]`.
pub(super) fn reference(input: Tokens<'_>) -> Parsed<'_, Reference> {
    let index = |input| {
        opt(delimited(symbol(Symbol::OpenIndex), cut(constant), cut(symbol(Symbol::CloseIndex)))).parse(input)
    };
    let local = preceded(symbol(Symbol::Dot), cut((name, index)));
    let (rest, (name, index, local)) = (name, index, opt(local)).parse(input)?;
    Ok((rest, Reference { span: input.until(rest), name, index, local }))
}

fn disjunction(input: Tokens<'_>) -> Parsed<'_, Expr> {
    chain(conjunction, map(operator_word("or"), |_| Binary::Or), input)
}

fn conjunction(input: Tokens<'_>) -> Parsed<'_, Expr> {
    chain(negation, map(operator_word("and"), |_| Binary::And), input)
}

fn negation(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let Some(Kind::Word("not")) = input.first() else { return comparison(input) };
    let inner = input.take_from(1).count_operator()?.enter()?;
    let (rest, operand) = negation(inner)?;
    let span = input.until(rest);
    Ok((input.leave(rest), Spanned { value: ExprKind::Not(Box::new(operand)), span }))
}

/// Reads `sum`, `sum == sum`, `sum in {…}` or `sum not in {…}`.
fn comparison(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let (rest, left) = sum(input)?;
    if rest.first() == Some(Kind::Symbol(Symbol::Assign)) {
        let error = Diagnostic::new("E0010", "`=` does not compare", rest.here(), "");
        return rest.fail(error.help("write `==`"));
    }
    let (rest, whole) = if let Ok((rest, operator)) = comparison_operator(rest) {
        let (rest, right) = cut(sum).parse(rest.count_operator()?)?;
        let value = ExprKind::Binary(operator, Box::new(left), Box::new(right));
        (rest, Spanned { value, span: input.until(rest) })
    } else if let Ok((rest, negated)) = membership(rest) {
        let (rest, entries) = cut(set).parse(rest.count_operator()?)?;
        let value = ExprKind::In(Box::new(left), entries, negated);
        (rest, Spanned { value, span: input.until(rest) })
    } else {
        return Ok((rest, left));
    };
    if comparison_operator(rest).is_ok() || membership(rest).is_ok() {
        let error = Diagnostic::new("E0009", "comparisons do not chain", rest.here(), "second comparison");
        let error = error.related(whole.span, "the first comparison is complete here");
        return rest.fail(error.help("write `a < b and b < c`, or put one comparison in parentheses"));
    }
    Ok((rest, whole))
}

fn comparison_operator(input: Tokens<'_>) -> Parsed<'_, Binary> {
    let operator = match input.first() {
        Some(Kind::Symbol(Symbol::Equal)) => Binary::Eq,
        Some(Kind::Symbol(Symbol::NotEqual)) => Binary::Ne,
        Some(Kind::Symbol(Symbol::Less)) => Binary::Lt,
        Some(Kind::Symbol(Symbol::LessEqual)) => Binary::Le,
        Some(Kind::Symbol(Symbol::Greater)) => Binary::Gt,
        Some(Kind::Symbol(Symbol::GreaterEqual)) => Binary::Ge,
        _ => return input.want(Wanted::Operator),
    };
    Ok((input.take_from(1), operator))
}

/// Reads `in` (false) or `not in` (true).
fn membership(input: Tokens<'_>) -> Parsed<'_, bool> {
    alt((value(false, operator_word("in")), value(true, (operator_word("not"), operator_word("in")))))
        .parse(input)
}

/// Reads `{a, b..c}`.
fn set(input: Tokens<'_>) -> Parsed<'_, Vec<(Expr, Option<Expr>)>> {
    let entry = |input| (sum, opt(preceded(symbol(Symbol::Dots), cut(sum)))).parse(input);
    let entries = separated_list0(symbol(Symbol::Comma), entry);
    let (rest, entries) =
        delimited(symbol(Symbol::OpenSet), entries, symbol(Symbol::CloseSet)).parse(input.enter()?)?;
    Ok((input.leave(rest), entries))
}

fn sum(input: Tokens<'_>) -> Parsed<'_, Expr> {
    chain(product, sum_operator, input)
}

fn sum_operator(input: Tokens<'_>) -> Parsed<'_, Binary> {
    let operator = match input.first() {
        Some(Kind::Symbol(Symbol::Plus)) => Binary::Add,
        Some(Kind::Symbol(Symbol::Minus)) => Binary::Sub,
        _ => return input.want(Wanted::Operator),
    };
    Ok((input.take_from(1), operator))
}

fn product(input: Tokens<'_>) -> Parsed<'_, Expr> {
    chain(minus, product_operator, input)
}

fn product_operator(input: Tokens<'_>) -> Parsed<'_, Binary> {
    let operator = match input.first() {
        Some(Kind::Symbol(Symbol::Star)) => Binary::Mul,
        Some(Kind::Symbol(Symbol::Slash)) => Binary::Div,
        Some(Kind::Symbol(Symbol::Percent)) => Binary::Mod,
        _ => return input.want(Wanted::Operator),
    };
    Ok((input.take_from(1), operator))
}

/// Reads operands with operators of one level between them; they group to the left.
fn chain<'a>(
    operand: fn(Tokens<'a>) -> Parsed<'a, Expr>,
    mut operator: impl Parser<Tokens<'a>, Output = Binary, Error = Problem>,
    input: Tokens<'a>,
) -> Parsed<'a, Expr> {
    let (mut rest, mut left) = operand(input)?;
    while let Ok((behind, binary)) = operator.parse(rest) {
        let (after, right) = cut(operand).parse(behind.count_operator()?)?;
        let value = ExprKind::Binary(binary, Box::new(left), Box::new(right));
        left = Spanned { value, span: input.until(after) };
        rest = after;
    }
    Ok((rest, left))
}

/// Reads an operand with any number of minus signs. A sign right before a number belongs to the number, so
/// that the smallest number of 64 bits can be written.
fn minus(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let Some(Kind::Symbol(Symbol::Minus)) = input.first() else { return operand(input) };
    if let Some(Kind::Number(written)) = input.nth(1) {
        let rest = input.take_from(2);
        return number(input, rest, written, true);
    }
    let inner = input.take_from(1).count_operator()?.enter()?;
    let (rest, operand) = minus(inner)?;
    let span = input.until(rest);
    Ok((input.leave(rest), Spanned { value: ExprKind::Neg(Box::new(operand)), span }))
}

fn operand(input: Tokens<'_>) -> Parsed<'_, Expr> {
    match input.first() {
        Some(Kind::Number(written)) => number(input, input.take_from(1), written, false),
        Some(Kind::Symbol(Symbol::Open)) => {
            let (rest, inner) = delimited(symbol(Symbol::Open), cut(disjunction), cut(symbol(Symbol::Close)))
                .parse(input.enter()?)?;
            Ok((input.leave(rest), Spanned { value: inner.value, span: input.until(rest) }))
        }
        Some(Kind::Word("len")) => length(input),
        Some(Kind::Word("count")) => count(input),
        Some(Kind::Word("not")) => {
            let error =
                Diagnostic::new("E0011", "`not` binds weaker than what stands before it", input.here(), "");
            input.fail(error.help("put `not …` in parentheses"))
        }
        Some(Kind::Word(_)) => value_or_claim(input),
        _ => input.want(Wanted::Some("a number, name or `(`")),
    }
}

fn number<'a>(input: Tokens<'a>, rest: Tokens<'a>, written: &str, negative: bool) -> Parsed<'a, Expr> {
    let span = input.until(rest);
    if let Some(number) = parse_number(written, negative) {
        return Ok((rest, Spanned { value: ExprKind::Number(number), span }));
    }
    let sign = if negative { "-" } else { "" };
    let message = format!("`{sign}{}` does not fit into 64 bits", shorten(written));
    let error = Diagnostic::new("E0003", message, span, "");
    input.fail(error.help("numbers are signed: from -9223372036854775808 to 9223372036854775807"))
}

/// Reads a well-formed number; `None` when it is out of range.
fn parse_number(written: &str, negative: bool) -> Option<i64> {
    let plain = written.replace('_', "");
    let magnitude = match plain.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => plain.parse().ok()?,
    };
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Reads `len(q)` or `len(q[i])`.
fn length(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let queue = cut((name, index));
    let (rest, (name, index)) =
        preceded(keyword("len"), delimited(cut(symbol(Symbol::Open)), queue, cut(symbol(Symbol::Close))))
            .parse(input)?;
    Ok((rest, Spanned { value: ExprKind::Len { name, index }, span: input.until(rest) }))
}

/// Reads `count(T at l)` and the like.
fn count(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let claim =
        map(cut((name, predicate)), |(thread, predicate)| ThreadClaim { thread, index: None, predicate });
    let (rest, claim) =
        preceded(keyword("count"), delimited(cut(symbol(Symbol::Open)), claim, cut(symbol(Symbol::Close))))
            .parse(input)?;
    Ok((rest, Spanned { value: ExprKind::Count(claim), span: input.until(rest) }))
}

/// Reads an index over a state, `[e]`, if there is one.
fn index(input: Tokens<'_>) -> Parsed<'_, Option<Box<Expr>>> {
    fn inside(input: Tokens<'_>) -> Parsed<'_, Box<Expr>> {
        let (rest, inner) =
            terminated(cut(disjunction), cut(symbol(Symbol::CloseIndex))).parse(input.enter()?)?;
        Ok((input.leave(rest), Box::new(inner)))
    }
    opt(preceded(symbol(Symbol::OpenIndex), inside)).parse(input)
}

/// Reads what begins with a name: a value, or a question about a thread.
fn value_or_claim(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let (rest, (name, index)) = (name, index).parse(input)?;
    if asks_about_thread(rest) {
        return thread_claim(input, rest, name, index);
    }
    let local = preceded(symbol(Symbol::Dot), cut((self::name, self::index)));
    let (rest, local) = opt(local).parse(rest)?;
    Ok((rest, Spanned { value: ExprKind::Value { name, index, local }, span: input.until(rest) }))
}

/// Returns true when `at`, `done`, `holds` or an `in` without a set comes next. It only looks: in most
/// places where none of them stands nobody would have expected one.
fn asks_about_thread(input: Tokens<'_>) -> bool {
    let opens_set = |at| input.nth(at) == Some(Kind::Symbol(Symbol::OpenSet));
    match (input.first(), input.nth(1)) {
        (Some(Kind::Word("at" | "done" | "holds")), _) => true,
        (Some(Kind::Word("in")), Some(Kind::Word(_))) => !opens_set(1),
        (Some(Kind::Word("not")), Some(Kind::Word("in"))) => matches!(input.nth(2), Some(Kind::Word(_))),
        _ => false,
    }
}

fn thread_claim<'a>(
    input: Tokens<'a>,
    rest: Tokens<'a>,
    thread: Name,
    index: Option<Box<Expr>>,
) -> Parsed<'a, Expr> {
    let index = match index {
        Some(index) => Some(to_constant(rest, *index)?.1),
        None => None,
    };
    let (rest, negated) = opt(keyword("not")).parse(rest)?;
    let (rest, predicate) = cut(predicate).parse(rest)?;
    let claim = ThreadClaim { thread, index, predicate };
    let claim = Spanned { value: ExprKind::Thread(claim), span: input.until(rest) };
    match negated {
        None => Ok((rest, claim)),
        Some(_) => Ok((rest, Spanned { span: claim.span, value: ExprKind::Not(Box::new(claim)) })),
    }
}

fn predicate(input: Tokens<'_>) -> Parsed<'_, PredicateText> {
    let range = separated_pair(label, symbol(Symbol::Dots), label);
    alt((
        map(preceded(keyword("at"), cut(label)), PredicateText::At),
        map(preceded(keyword("in"), cut(range)), |(from, to)| PredicateText::Within(from, to)),
        value(PredicateText::Done, keyword("done")),
        map(preceded(keyword("holds"), cut(reference)), PredicateText::Holds),
    ))
    .parse(input)
}

/// Succeeds at `rest` with the constant expression that an expression is, if it is one.
fn to_constant(rest: Tokens<'_>, expr: Expr) -> Parsed<'_, Const> {
    match narrow(expr) {
        Ok(constant) => Ok((rest, constant)),
        Err(span) => {
            let message = "only constants and numbers can stand here";
            let error = Diagnostic::new("E0012", message, span, "not known before the program runs");
            rest.fail(error.help("a constant is declared with `const N = 3`"))
        }
    }
}

/// The place of what is not constant is the error.
fn narrow(expr: Expr) -> Result<Const, Span> {
    let Spanned { value, span } = expr;
    let value = match value {
        ExprKind::Number(number) => ConstKind::Number(number),
        ExprKind::Value { name, index: None, local: None } => ConstKind::Name(name.value),
        ExprKind::Neg(operand) => ConstKind::Neg(Box::new(narrow(*operand)?)),
        ExprKind::Binary(binary, left, right) => {
            let operation = match binary {
                Binary::Add => ConstOp::Add,
                Binary::Sub => ConstOp::Sub,
                Binary::Mul => ConstOp::Mul,
                Binary::Div => ConstOp::Div,
                Binary::Mod => ConstOp::Mod,
                _ => return Err(span),
            };
            ConstKind::Binary(operation, Box::new(narrow(*left)?), Box::new(narrow(*right)?))
        }
        _ => return Err(span),
    };
    Ok(Spanned { value, span })
}
