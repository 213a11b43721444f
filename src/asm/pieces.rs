//! What stands on each line of a text, for those who rewrite programs: which part of the line is the
//! statement, and what kind of statement it is. Names are not looked at.

use super::ast::{Line, OperandText, Statement};
use super::grammar;
use super::limits;
use crate::program::Op;

/// One line of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// The labels at its start, in order.
    pub labels: Vec<String>,
    /// The bytes of the line that its statement takes, comment and labels left out; empty without one.
    pub code: std::ops::Range<usize>,
    /// What the statement is.
    pub kind: PieceKind,
}

/// What stands on a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PieceKind {
    /// An instruction with its operand as it is written, white space squeezed; empty without one.
    Instruction(Op, String),
    /// `thread` or `proc`.
    Body,
    /// `atomic` alone: a block.
    Block,
    /// `end`.
    End,
    /// `include`.
    Include,
    /// A declaration, an expectation, or anything else that is no code.
    Other,
    /// No statement.
    Nothing,
}

/// Returns what stands on each line, or `None` where the text cannot be parsed.
///
/// ```
/// use racevm::asm::{PieceKind, pieces};
/// use racevm::program::Op;
///
/// let text = "thread t\n  l: LOCK  m  ; enter\nend\n";
/// let pieces = pieces(text).unwrap();
/// assert_eq!(pieces[0].kind, PieceKind::Body);
/// assert_eq!(pieces[1].kind, PieceKind::Instruction(Op::Lock, "m".to_owned()));
/// assert_eq!((pieces[1].labels.as_slice(), pieces[1].code.clone()), (&["l".to_owned()][..], 5..12));
/// ```
pub fn pieces(text: &str) -> Option<Vec<Piece>> {
    if text.len() > limits::FILE_BYTES {
        return None;
    }
    let (lines, errors) = grammar::parse(0, text);
    errors.is_empty().then(|| lines.iter().map(|line| piece(text, line)).collect())
}

fn piece(text: &str, line: &Line) -> Piece {
    let labels = line.labels.iter().map(|label| label.value.clone()).collect();
    let Some(statement) = &line.statement else {
        return Piece { labels, code: 0..0, kind: PieceKind::Nothing };
    };
    let start = line.span.start as usize;
    let code = statement.span.start as usize - start..statement.span.end as usize - start;
    let kind = match &statement.value {
        Statement::Instruction(instruction) => {
            let operand = instruction.operand.as_ref().map(|operand| match &operand.value {
                OperandText::Text(text) => format!("\"{text}\""),
                _ => text[operand.span.range()].split_whitespace().collect(),
            });
            PieceKind::Instruction(instruction.op.value, operand.unwrap_or_default())
        }
        Statement::Thread { .. } | Statement::Proc { .. } => PieceKind::Body,
        Statement::AtomicBlock => PieceKind::Block,
        Statement::End => PieceKind::End,
        Statement::Include { .. } => PieceKind::Include,
        _ => PieceKind::Other,
    };
    Piece { labels, code, kind }
}
