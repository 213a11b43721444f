//! What goes wrong with atomics: blocks that are none, or end too soon; reading and writing in pieces.

use super::draft::{Code, Draft, Edits, Item, instruction};
use super::{Operator, Proposal};
use crate::program::{Line, Op};

/// Proposes mutants of everything that is atomic.
pub(super) fn proposals(draft: &Draft<'_>) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for body in &draft.bodies {
        for (at, item) in body.iter().enumerate() {
            match item {
                Item::Open(open) => proposals.extend(blocks(draft, body, at, *open)),
                Item::Code(code) if draft.is_shared(code) => proposals.extend(split(draft, code)),
                _ => {}
            }
        }
    }
    proposals
}

/// Takes a block away, and ends it before each visible instruction but the first.
fn blocks(draft: &Draft<'_>, body: &[Item], open: usize, opened: Line) -> Vec<Proposal> {
    let mut depth = 0;
    let mut visible = 0;
    let mut proposals = Vec::new();
    for item in &body[open..] {
        match item {
            Item::Open(_) => depth += 1,
            Item::Close(closed) => {
                depth -= 1;
                if depth == 0 {
                    let edits = Edits::default().delete(opened).delete(*closed);
                    let says = "the block is not atomic".to_owned();
                    proposals.push(Proposal::new(Operator::BlockSplit, says, edits));
                    break;
                }
            }
            Item::Code(code) if draft.is_visible(code) => {
                visible += 1;
                if visible > 1 && depth == 1 {
                    let edits = Edits::default()
                        .before(code.at, "end".to_owned())
                        .before(code.at, "atomic".to_owned());
                    let says = format!("the block is in two parts, before and from `{}` on", code.text());
                    proposals.push(Proposal::new(Operator::BlockSplit, says, edits));
                }
            }
            _ => {}
        }
    }
    proposals
}

/// Puts a LOAD and a STORE in place of an instruction that reads and writes at once. What the stack machine
/// cannot turn over on the stack goes through locals of the mutant's own.
fn split(draft: &Draft<'_>, code: &Code) -> Option<Proposal> {
    let names = Names { stem: free_stem(draft) };
    let place = &code.operand;
    let takes_index = code.takes_index();
    let access = |op: Op| {
        let index = takes_index.then(|| instruction(Op::Load, &names.local("index")));
        index.into_iter().chain([instruction(op, place)])
    };
    let store = |name: &str| instruction(Op::Store, &names.local(name));
    let load = |name: &str| instruction(Op::Load, &names.local(name));
    let mut pieces: Vec<String> = takes_index.then(|| store("index")).into_iter().collect();
    let mut locals: Vec<&str> = takes_index.then_some("index").into_iter().collect();
    match code.op {
        Op::Xadd => {
            pieces.extend(access(Op::Load));
            pieces.extend(["SWAP", "OVER", "ADD"].map(str::to_owned));
            pieces.extend(access(Op::Store));
        }
        Op::Xchg => {
            pieces.extend(access(Op::Load));
            pieces.push("SWAP".to_owned());
            pieces.extend(access(Op::Store));
        }
        Op::Cas => {
            let (other, done) = (names.label("other", code.at), names.label("done", code.at));
            locals.extend(["expected", "new"]);
            pieces.extend([store("new"), store("expected")]);
            pieces.extend(access(Op::Load));
            pieces.extend([load("expected"), "EQ".to_owned(), format!("JZ {other}"), load("new")]);
            pieces.extend(access(Op::Store));
            pieces.extend(["PUSH 1".to_owned(), format!("JMP {done}"), format!("{other}: PUSH 0")]);
            pieces.push(format!("{done}: NOP"));
        }
        _ => return None,
    }
    let mut edits = Edits::default().replace(code.at, pieces);
    for name in locals {
        edits = edits.declare(format!("local {}", names.local(name)));
    }
    let says = format!("`{}` reads and writes in pieces", code.text());
    Some(Proposal::new(Operator::AtomicSplit, says, edits))
}

/// Names that the program does not use.
struct Names {
    stem: String,
}

impl Names {
    fn local(&self, what: &str) -> String {
        format!("{}{what}", self.stem)
    }

    fn label(&self, what: &str, at: Line) -> String {
        format!("{}{what}_{}", self.stem, at.number)
    }
}

/// Returns the beginning of names that no text of the program has.
fn free_stem(draft: &Draft<'_>) -> String {
    let mut stem = "piece_".to_owned();
    while draft.program.sources.iter().any(|source| source.text.contains(&stem)) {
        stem.push('_');
    }
    stem
}
