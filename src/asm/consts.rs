//! Constants: evaluates them in any order, reports circles, and computes constant expressions as the
//! instructions compute.

use std::collections::HashMap;

use crate::program::{ArithmeticError, Span, floor_div, floor_mod};

use super::ast::{Const, ConstKind, ConstOp, Name, Statement};
use super::diagnostic::Diagnostic;
use super::names::Meaning;
use super::resolve::{Context, Wanted};
use super::structure::{Item, Outline};

/// How far a constant's evaluation has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Untouched,
    /// It is needed by one that stands further down on the stack of [`Context::constants`].
    Begun,
    Known,
}

/// The declared constants, in order.
struct Declared<'a> {
    name: &'a Name,
    value: &'a Const,
}

fn declared<'a>(outline: &Outline<'a>) -> Vec<Declared<'a>> {
    let declarations = outline.items.iter().filter_map(|item| match item {
        Item::Declaration(declaration) => Some(declaration.statement),
        Item::Body(_) => None,
    });
    declarations
        .filter_map(|statement| match statement {
            Statement::Const { name, value } => Some(Declared { name, value }),
            _ => None,
        })
        .collect()
}

impl<'a> Context<'a> {
    /// Evaluates every constant, those of `defines` excepted, which have their value. The ones without a
    /// value have been reported.
    ///
    /// A constant may need others, and so on; the search keeps its own stack, for the chain may be as long
    /// as the text.
    pub fn constants(&mut self, outline: &Outline<'a>, defines: &HashMap<usize, i64>) {
        let declared = declared(outline);
        let mut progress = vec![Progress::Untouched; declared.len()];
        self.values = vec![None; declared.len()];
        for (&constant, &value) in defines {
            self.values[constant] = Some(value);
            progress[constant] = Progress::Known;
        }
        for first in 0..declared.len() {
            let mut stack = vec![first];
            while let Some(&constant) = stack.last() {
                match progress[constant] {
                    Progress::Known => {
                        stack.pop();
                    }
                    Progress::Begun => {
                        progress[constant] = Progress::Known;
                        self.values[constant] = self.constant(declared[constant].value);
                        stack.pop();
                    }
                    Progress::Untouched => {
                        progress[constant] = Progress::Begun;
                        let mut needed = Vec::new();
                        self.needs(declared[constant].value, &mut needed);
                        for (need, span) in needed {
                            match progress[need] {
                                Progress::Known => {}
                                Progress::Untouched => stack.push(need),
                                Progress::Begun => {
                                    self.circle(&declared, need, constant, span);
                                    self.circular.insert(need);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Reports that `constant` needs `need`, whose own evaluation waits for `constant`.
    fn circle(&mut self, declared: &[Declared<'a>], need: usize, constant: usize, span: Span) {
        let needed = declared[need].name;
        let message = format!("constant `{}` needs its own value", needed.value);
        let mut error = Diagnostic::new("E0105", message, needed.span, "this value is needed to compute it");
        if need != constant {
            let label = format!("`{}` needs `{}`", declared[constant].name.value, needed.value);
            error = error.related(span, label);
        }
        self.errors.push(error);
    }

    /// Collects the constants that an expression names.
    fn needs(&self, value: &Const, needed: &mut Vec<(usize, Span)>) {
        match &value.value {
            ConstKind::Number(_) => {}
            ConstKind::Name(name) => {
                if let Some(symbol) = self.names.file.get(name.as_str())
                    && let Meaning::Constant(constant) = symbol.meaning
                {
                    needed.push((constant, value.span));
                }
            }
            ConstKind::Neg(inner) => self.needs(inner, needed),
            ConstKind::Binary(_, left, right) => {
                self.needs(left, needed);
                self.needs(right, needed);
            }
        }
    }

    /// Computes a constant expression; `None` when that is impossible, which has then been reported.
    pub fn constant(&mut self, value: &Const) -> Option<i64> {
        let result = match &value.value {
            ConstKind::Number(number) => return Some(*number),
            ConstKind::Name(name) => return self.named_constant(name, value.span),
            ConstKind::Neg(inner) => self.constant(inner)?.checked_neg().ok_or(ArithmeticError::Overflow),
            ConstKind::Binary(op, left, right) => {
                // Both sides are computed before either failure counts, so that both are reported.
                let (left, right) = (self.constant(left), self.constant(right));
                compute(*op, left?, right?)
            }
        };
        result.map_err(|error| self.errors.push(fault(error, value.span))).ok()
    }

    fn named_constant(&mut self, name: &str, span: Span) -> Option<i64> {
        let meaning = self.lookup_text(name, span, Wanted::Constant)?;
        match meaning {
            Meaning::Constant(constant) if self.circular.contains(&constant) => None,
            Meaning::Constant(constant) => self.values[constant],
            other => {
                self.wrong_kind(name, span, other, Wanted::Constant);
                None
            }
        }
    }
}

/// Computes one operation as the instruction of that name does.
pub(super) fn compute(op: ConstOp, left: i64, right: i64) -> Result<i64, ArithmeticError> {
    match op {
        ConstOp::Add => left.checked_add(right).ok_or(ArithmeticError::Overflow),
        ConstOp::Sub => left.checked_sub(right).ok_or(ArithmeticError::Overflow),
        ConstOp::Mul => left.checked_mul(right).ok_or(ArithmeticError::Overflow),
        ConstOp::Div => floor_div(left, right),
        ConstOp::Mod => floor_mod(left, right),
    }
}

fn fault(error: ArithmeticError, span: Span) -> Diagnostic {
    let (message, label) = match error {
        ArithmeticError::Overflow => ("overflow in a constant expression", "does not fit 64 bits"),
        ArithmeticError::DivisionByZero => ("division by zero in a constant expression", "divides by 0"),
        ArithmeticError::ShiftOutOfRange => {
            ("shift count out of range in a constant expression", "shifts too far")
        }
    };
    Diagnostic::new("E0206", message, span, label)
}
