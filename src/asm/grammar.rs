//! Tokens to syntax tree, with nom, one line at a time.
//!
//! Every line stands for itself, so every wrong line of a file is reported in one run. A line that cannot
//! be read still opens or closes its body when its first words say so: what follows it is then judged as it
//! was meant. Nothing here knows what a name means.

mod code;
mod declare;
mod expect;
mod expr;
mod tokens;

use nom::combinator::map;
use nom::multi::many0;
use nom::sequence::terminated;
use nom::{Err, Input, Parser};

use self::tokens::{LineState, Parsed, Problem, Tokens, Wanted, end_of_line, label, symbol};
use super::ast::{Line, Name, Spanned, Statement, VariableWord};
use super::diagnostic::Diagnostic;
use super::lexer::{self, Kind, LexedLine, Symbol, Token, shorten};
use super::limits;
use super::suggest::suggest;
use crate::program::{ObjectSort, Op, OperandKind, Span, TABLE};

/// What the codes of syntax errors mean.
pub(crate) const SYNTAX_CODES: &[(&str, &str)] = &[
    ("E0001", "Something else should stand at this place of the line."),
    ("E0002", "A line begins with a word that is neither a keyword nor a mnemonic."),
    ("E0003", "A number does not fit into signed 64 bits."),
    ("E0004", "A word that begins with a digit is not a number."),
    ("E0005", "A string is not closed on its line."),
    ("E0006", "A character has no meaning outside strings and comments."),
    ("E0007", "An expression is nested too deep or has too many operators."),
    ("E0008", "A reserved word cannot be a name."),
    ("E0009", "Comparisons do not chain."),
    ("E0010", "`=` stands where `==` compares."),
    ("E0011", "`not` must stand in parentheses behind an operator that binds stronger."),
    ("E0012", "An expression that must be known before the program runs speaks of its state."),
    ("E0013", "`under` names two models of one sort."),
    ("E0014", "A label stands before something that is no instruction."),
    ("E0015", "An instruction has an operand too many, or none where it needs one."),
    ("E0016", "The file has so many errors that the rest of it was not read."),
];

/// The most errors that one file is told of, so that [`limits::DIAGNOSTICS`] has room for saying so.
const MAX_ERRORS: usize = limits::DIAGNOSTICS - 1;

/// The keywords that begin a line, each with the forms it begins.
const KEYWORDS: &[(&str, &str)] = &[
    ("const", "`const N = 3`"),
    ("shared", "`shared x = 0`, `shared a[4] = 0` or `shared a[3] = {1, 2, 3}`"),
    ("atomic", "`atomic x = 0`, or `atomic` alone for a block"),
    ("local", "`local i = 0` or `local a[4] = 0`"),
    ("mutex", "`mutex m` or `mutex m[3]`"),
    ("rlock", "`rlock r` or `rlock r[3]`"),
    ("rwlock", "`rwlock w` or `rwlock w[3]`"),
    ("semaphore", "`semaphore s = 2` or `semaphore s = 2 max 2`"),
    ("condition", "`condition c on m`"),
    ("event", "`event e` or `event e = 1`"),
    ("barrier", "`barrier b = 3`"),
    ("queue", "`queue q max 10`"),
    ("thread", "`thread T`, `thread T[3]` or `thread T deferred`"),
    ("proc", "`proc f`"),
    ("end", "`end` alone"),
    ("include", "`include \"file.rvm\"`"),
    ("switch", "`switch every`, `switch gil` or `switch await`"),
    ("memory", "`memory sc`, `memory tso` or `memory pso`"),
    ("observe", "`observe x, a, T[1].r`"),
    ("expect", "`expect always E`, `expect outcomes x = {1, 2}`, `expect no deadlock`, …"),
];

/// The word that says what is expected stands among so many: `expect under await, pso no race`.
const MAX_CLAIM: usize = 7;

/// The words that say what is expected, each with its forms.
const CLAIMS: &[(&str, &str)] = &[
    ("always", "`expect always E`, as in `expect always x == 1 or T done`"),
    ("never", "`expect never E`, as in `expect never T at l and U at l`"),
    ("finally", "`expect finally E`, as in `expect finally x in {1, 2..4}`"),
    ("possibly", "`expect possibly E`, as in `expect possibly x == 1`"),
    ("outcomes", "`expect outcomes x = {1, 2..4}` or `expect outcomes (x, y) = {(0, 1), (1, 0)}`"),
    ("schedules", "`expect schedules = 70`"),
    ("deadlock", "`expect deadlock` or `expect no deadlock`"),
    ("race", "`expect race`, `expect race on x`, or either with `no`"),
    ("livelock", "`expect livelock` or `expect no livelock`"),
    ("fault", "`expect fault`, `expect fault \"text\"`, or either with `no`"),
];

/// Reads a whole text: one line of syntax tree for each line of text, and everything that is wrong.
pub(crate) fn parse(source: u32, text: &str) -> (Vec<Line>, Vec<Diagnostic>) {
    let mut lines = Vec::new();
    let mut errors = Vec::new();
    for lexed in lexer::lines(source, text) {
        lines.push(parse_line(lexed, &mut errors));
        if errors.len() >= MAX_ERRORS {
            errors.truncate(MAX_ERRORS);
            let last = lines.last().map(|line: &Line| line.span).unwrap_or_default();
            let message = format!("more than {MAX_ERRORS} errors; the rest of the file was not read");
            errors.push(Diagnostic::new("E0016", message, Span { start: last.end, ..last }, ""));
            break;
        }
    }
    (lines, errors)
}

/// Reads one line; what is wrong with it is added to `errors`.
fn parse_line(lexed: LexedLine<'_>, errors: &mut Vec<Diagnostic>) -> Line {
    let LexedLine { span, tokens, comment, errors: unreadable } = lexed;
    let state = LineState::new(end_of_tokens(&tokens, span));
    let all = Tokens::new(&tokens, &state);
    let (rest, labels) =
        many0(terminated(label, symbol(Symbol::Colon))).parse(all).unwrap_or((all, Vec::new()));
    state.forget();
    let statement = if unreadable.is_empty() {
        whole_statement(rest, &labels).map(|(_, statement)| statement).unwrap_or_else(|problem| {
            errors.push(diagnostic(problem, rest));
            recover(rest)
        })
    } else {
        // What the grammar would say of the remains is no news.
        errors.extend(unreadable);
        recover(rest)
    };
    let statement =
        statement.map(|value| Spanned { value, span: rest.until(rest.take_from(rest.rest.len())) });
    Line { span, labels, statement, comment }
}

/// The empty place behind the last token.
fn end_of_tokens(tokens: &[Token<'_>], line: Span) -> Span {
    let end = tokens.last().map_or(line.start, |token| token.span.end);
    Span { start: end, end, ..line }
}

/// Reads everything behind the labels of a line.
fn whole_statement<'a>(input: Tokens<'a>, labels: &[Name]) -> Parsed<'a, Option<Statement>> {
    if input.rest.is_empty() {
        return Ok((input, None));
    }
    let (rest, statement) = terminated(statement, end_of_line).parse(input)?;
    match (&statement, labels.last()) {
        (Statement::Instruction(_), _) | (_, None) => Ok((rest, Some(statement))),
        (_, Some(label)) => {
            let message = format!("the label `{}` stands before no instruction", shorten(&label.value));
            let error = Diagnostic::new("E0014", message, label.span, "");
            input.fail(error.help("put it on a line of its own"))
        }
    }
}

/// Reads a statement, up to where it can end.
fn statement(input: Tokens<'_>) -> Parsed<'_, Statement> {
    use VariableWord::{Atomic, Local, Shared};
    let Some(Kind::Word(word)) = input.first() else {
        return input.want(Wanted::Some("a declaration, label, instruction or expectation"));
    };
    let rest = input.take_from(1);
    match word {
        "const" => declare::constant_declaration(rest),
        "shared" => declare::variable(Shared, rest),
        "atomic" if rest.rest.is_empty() => Ok((rest, Statement::AtomicBlock)),
        "atomic" => declare::variable(Atomic, rest),
        "local" => declare::variable(Local, rest),
        "thread" => declare::thread(rest),
        "proc" => declare::procedure(rest),
        "end" => Ok((rest, Statement::End)),
        "include" => declare::include(rest),
        "switch" => map(declare::switch_model, Statement::Switch).parse(rest),
        "memory" => map(declare::memory_model, Statement::Memory).parse(rest),
        "observe" => declare::observe(rest),
        "expect" => expect::expectation(rest),
        _ => match (object_sort(word), Op::from_mnemonic(word)) {
            (Some(sort), _) => declare::object(sort, rest),
            (None, Some(op)) => instruction(Spanned { value: op, span: input.here() }, rest),
            (None, None) => input.fail(unknown_word(word, input)),
        },
    }
}

fn object_sort(word: &str) -> Option<ObjectSort> {
    use ObjectSort::{Barrier, Condition, Event, Mutex, Queue, Rlock, Rwlock, Semaphore};
    let sorts = [Mutex, Rlock, Rwlock, Semaphore, Condition, Event, Barrier, Queue];
    sorts.into_iter().find(|sort| sort.keyword() == word)
}

/// Reads an instruction, and says by its name what is wrong with the number of its operands.
fn instruction<'a>(op: Spanned<Op>, rest: Tokens<'a>) -> Parsed<'a, Statement> {
    let spec = op.value.spec();
    let mnemonic = spec.mnemonic;
    let (wanted, example) = operand_of(op.value);
    if wanted.is_empty() && !rest.rest.is_empty() {
        let message = format!("`{mnemonic}` takes no operand");
        let error =
            Diagnostic::new("E0015", message, rest.until(rest.take_from(rest.rest.len())), "unexpected");
        return rest.fail(error.help(format!("its effect on the stack is `{}`", spec.effect)));
    }
    if !wanted.is_empty() && rest.rest.is_empty() && !example.is_empty() {
        let message = format!("`{mnemonic}` needs an operand");
        let error = Diagnostic::new("E0015", message, rest.here(), format!("{wanted} is missing"));
        return rest.fail(error.help(format!("write `{mnemonic} {example}`")));
    }
    let (rest, instruction) = code::instruction(op, rest)?;
    Ok((rest, Statement::Instruction(instruction)))
}

/// What an operation wants behind it, and an example unless it can do without.
fn operand_of(op: Op) -> (&'static str, &'static str) {
    match op.spec().operand {
        OperandKind::Nothing => ("", ""),
        OperandKind::Number => ("a number", "1"),
        OperandKind::Place => ("a variable", "x"),
        OperandKind::Addr => ("a label", "loop"),
        OperandKind::ProcId => ("a proc", "f"),
        OperandKind::Target => ("a synchronization object", "name"),
        OperandKind::Threads => ("a thread", "T"),
        OperandKind::Range => ("a range", "0..3"),
        OperandKind::Text => ("a text", ""),
    }
}

/// What is wrong with a line whose first word means nothing.
fn unknown_word(word: &str, input: Tokens<'_>) -> Diagnostic {
    let message = format!("`{}` is neither a keyword nor an instruction", shorten(word));
    let error = Diagnostic::new("E0002", message, input.here(), "");
    let behind = input.nth(1);
    match behind {
        Some(Kind::Symbol(Symbol::Assign)) => {
            return error.help(format!("a variable is declared with `shared {} = …`", shorten(word)));
        }
        Some(Kind::Word(next)) if Op::from_mnemonic(next).is_some() => {
            return error.help(format!("a label is written `{}:`", shorten(word)));
        }
        _ => {}
    }
    let mnemonics = TABLE.iter().map(|spec| spec.mnemonic);
    let keywords = KEYWORDS.iter().map(|(keyword, _)| *keyword);
    match suggest(word, mnemonics.chain(keywords)) {
        Some(word) => error.help(format!("did you mean `{word}`?")),
        None => error,
    }
}

/// Turns a failure into what the person is told. `rest` is the line without its labels.
fn diagnostic(problem: Err<Problem>, rest: Tokens<'_>) -> Diagnostic {
    let problem = match problem {
        Err::Error(problem) | Err::Failure(problem) => problem,
        Err::Incomplete(_) => Problem(None),
    };
    if let Some(error) = problem.0 {
        return *error;
    }
    let error = rest.explain();
    match form(rest, error.span) {
        Some(form) if error.help.is_empty() => error.help(format!("the form is {form}")),
        _ => error,
    }
}

/// Returns the forms that a line may have wanted to take when it went wrong at a place.
fn form(rest: Tokens<'_>, wrong: Span) -> Option<&'static str> {
    let Some(Kind::Word(first)) = rest.first() else { return None };
    let of = |table: &[(&str, &'static str)], word: &str| {
        table.iter().find(|(keyword, _)| *keyword == word).map(|(_, form)| *form)
    };
    if first != "expect" {
        return of(KEYWORDS, first);
    }
    let right = rest.iter_elements().take_while(|token| token.span.end <= wrong.start);
    let claim = right.take(MAX_CLAIM).find_map(|token| match token.kind {
        Kind::Word(word) => of(CLAIMS, word),
        _ => None,
    });
    claim.or(of(KEYWORDS, first))
}

/// Returns what a line that cannot be read does to the lines around it: it may open or close a body.
fn recover(rest: Tokens<'_>) -> Option<Statement> {
    match (rest.first(), rest.nth(1)) {
        (Some(Kind::Word("end")), _) => Some(Statement::End),
        (Some(Kind::Word(word @ ("thread" | "proc"))), Some(Kind::Word(name))) => {
            let name = Name { value: name.to_owned(), span: rest.take_from(1).here() };
            Some(match word {
                "thread" => Statement::Thread { name, copies: None, deferred: false },
                _ => Statement::Proc { name },
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
