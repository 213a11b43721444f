//! Variables and expressions of arbitrary programs.

use super::draft::Writer;
use super::stmt::Renaming;

/// A variable, by kind and number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Var {
    /// `shared x`.
    Shared(usize),
    /// `atomic u`.
    Atomic(usize),
    /// `local t`, of which each thread has its own.
    Local,
}

/// Something that leaves one value on the stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Expr {
    /// A number.
    Number(i64),
    /// A variable.
    Load(Var),
    /// A binary operation, by its mnemonic.
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// The lowest two bits: what a loop computes stays small, even while it shrinks.
    Low(Box<Expr>),
}

impl Var {
    pub(super) fn name(self) -> String {
        let numbered = |letters: [&str; 3], number: usize| {
            letters.get(number).map_or_else(|| format!("{}{number}", letters[0]), |&letter| letter.to_owned())
        };
        match self {
            Var::Shared(number) => numbered(["x", "y", "z"], number),
            Var::Atomic(number) => numbered(["u", "v", "w"], number),
            Var::Local => "t".to_owned(),
        }
    }

    /// Returns what costs nothing to have in its place.
    pub(super) fn simpler(self) -> Option<Var> {
        match self {
            Var::Shared(number) => number.checked_sub(1).map(Var::Shared),
            Var::Atomic(number) => number.checked_sub(1).map(Var::Atomic),
            Var::Local => None,
        }
    }

    /// Returns how far the variable is from a number, and from the first of its kind.
    pub(super) fn rank(self) -> u64 {
        match self {
            Var::Shared(number) | Var::Atomic(number) => number as u64 + 1,
            Var::Local => 1,
        }
    }

    pub(super) fn neighbours(self) -> impl Iterator<Item = Var> {
        std::iter::successors(self.simpler(), |var| var.simpler())
    }
}

/// Returns the numbers to try in the place of one, none of them larger.
pub(super) fn smaller(number: i64) -> Vec<i64> {
    let mut numbers = vec![0, number / 2, number - number.signum()];
    numbers.dedup();
    numbers.retain(|other| other.unsigned_abs() < number.unsigned_abs());
    numbers
}

impl Expr {
    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Expr::Number(number) => writer.line(&format!("PUSH {number}")),
            Expr::Load(var) => {
                let name = writer.var(*var);
                writer.line(&format!("LOAD {name}"));
            }
            Expr::Binary(mnemonic, left, right) => {
                left.write(writer);
                right.write(writer);
                writer.line(mnemonic);
            }
            Expr::Low(inner) => {
                inner.write(writer);
                writer.line("PUSH 3");
                writer.line("AND");
            }
        }
    }

    /// Returns the sum of its numbers and of the ranks of its variables.
    pub(super) fn values(&self) -> u64 {
        match self {
            Expr::Number(number) => number.unsigned_abs(),
            Expr::Load(var) => var.rank(),
            Expr::Binary(_, left, right) => left.values() + right.values(),
            Expr::Low(inner) => inner.values(),
        }
    }

    /// Returns the expression with other variables and numbers.
    pub(super) fn renamed(&self, names: &Renaming<'_>) -> Expr {
        match self {
            Expr::Number(number) => Expr::Number((names.number)(*number)),
            Expr::Load(var) => Expr::Load((names.var)(*var)),
            Expr::Binary(mnemonic, left, right) => {
                Expr::Binary(mnemonic, Box::new(left.renamed(names)), Box::new(right.renamed(names)))
            }
            Expr::Low(inner) => Expr::Low(Box::new(inner.renamed(names))),
        }
    }

    /// Returns expressions that are one reduction away.
    pub(super) fn neighbours(&self) -> Vec<Expr> {
        match self {
            Expr::Number(number) => smaller(*number).into_iter().map(Expr::Number).collect(),
            Expr::Load(var) => var.neighbours().map(Expr::Load).chain([Expr::Number(0)]).collect(),
            Expr::Binary(mnemonic, left, right) => {
                let mut all = vec![(**left).clone(), (**right).clone()];
                // A constant may do, and need not be one of the operands.
                all.extend((0..3).map(Expr::Number));
                let with = |left: &Expr, right: &Expr| {
                    Expr::Binary(mnemonic, Box::new(left.clone()), Box::new(right.clone()))
                };
                all.extend(left.neighbours().iter().map(|left| with(left, right)));
                all.extend(right.neighbours().iter().map(|right| with(left, right)));
                all
            }
            Expr::Low(inner) => {
                // The mask goes only with what it guards: a sum without it could grow for ever.
                let bare = matches!(**inner, Expr::Number(_) | Expr::Load(_)).then(|| (**inner).clone());
                let inner = inner.neighbours().into_iter().map(|inner| Expr::Low(Box::new(inner)));
                bare.into_iter().chain(inner).collect()
            }
        }
    }
}
