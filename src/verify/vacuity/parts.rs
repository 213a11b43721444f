//! Parts of a claim that play no part.
//!
//! A claim over states is taken apart at `and`, `or` and `not` into conditions. A condition plays no part when
//! the claim would hold if the condition had, in every state, the value that is worst for the claim (Kupferman
//! and Vardi, "Vacuity Detection in Temporal Model Checking", CHARME 1999). In `never p at l and q at l` with a
//! `p` that never comes to `l`, that is `q at l`; and it is said that `p at l` is never true.

use super::{Kind, words};
use crate::check::evaluate;
use crate::explore::{self, NodeId, Observer};
use crate::program::{Binary, Claim, Expr, Models, Program};
use crate::vm::{Actor, Machine, State};

/// The conditions of all claims.
pub(super) struct Parts<'p> {
    program: &'p Program,
    conditions: Vec<Condition>,
    /// For each expectation that speaks of final states, whether there was one.
    has_final: bool,
}

/// One condition of a claim.
struct Condition {
    /// The expectation.
    of: usize,
    expr: Expr,
    /// The claim with the worst value in place of the condition.
    hardened: Claim,
    /// No state has shown that the hardened claim does not hold.
    is_idle: bool,
    /// It stands for the conditions on nothing but the program's constants: `N == 1` is there to switch a claim
    /// on, and where it switches it off, nothing else is expected to play a part.
    is_switch: bool,
    seen_true: bool,
    seen_false: bool,
}

impl<'p> Parts<'p> {
    pub fn new(program: &'p Program) -> Parts<'p> {
        let mut conditions = Vec::new();
        for (of, expectation) in program.expectations.iter().enumerate() {
            let (whole, wanted, claim): (&Expr, bool, fn(Expr) -> Claim) = match &expectation.claim {
                Claim::Always(expr) => (expr, true, Claim::Always),
                Claim::Never(expr) => (expr, false, Claim::Never),
                Claim::Finally(expr) => (expr, true, Claim::Finally),
                _ => continue,
            };
            let (own, switches): (Vec<_>, Vec<_>) =
                leaves(whole, wanted).into_iter().partition(|(path, _)| looks_at_states(at(whole, path)));
            let worst = |wanted: bool| Expr::Number(i64::from(!wanted));
            let condition = |expr: Expr, hardened: Expr, is_switch: bool| Condition {
                of,
                expr,
                hardened: claim(hardened),
                is_idle: true,
                is_switch,
                seen_true: false,
                seen_false: false,
            };
            if !switches.is_empty() {
                let hardened = own
                    .iter()
                    .fold(whole.clone(), |expr, (path, wanted)| replaced(&expr, path, worst(*wanted)));
                conditions.push(condition(Expr::Number(1), hardened, true));
            }
            for (path, wanted) in own {
                let hardened = replaced(whole, &path, worst(wanted));
                conditions.push(condition(at(whole, &path).clone(), hardened, false));
            }
        }
        Parts { program, conditions, has_final: false }
    }

    /// Returns the observer of a search under a machine's models.
    pub fn under<'o, 'm>(&'o mut self, machine: &'m Machine<'p>) -> Looking<'o, 'm, 'p> {
        Looking { models: machine.models(), machine, parts: self }
    }

    /// Says what plays no part in an expectation, where all its states have been looked at.
    pub fn idle(&self, expectation: usize) -> Option<(Kind, String)> {
        let own = || self.conditions.iter().filter(|condition| condition.of == expectation);
        let claim = &self.program.expectations[expectation].claim;
        if matches!(claim, Claim::Finally(_)) && !self.has_final {
            return Some((Kind::Expectation, "no execution comes to a final state".to_owned()));
        }
        if own().any(|condition| condition.is_switch && condition.is_idle) {
            return None;
        }
        let own = || own().filter(|condition| !condition.is_switch);
        let text = |condition: &Condition| format!("`{}`", words::expr(self.program, &condition.expr));
        let idle: Vec<String> = own().filter(|condition| condition.is_idle).map(text).collect();
        if idle.is_empty() {
            return None;
        }
        let constant = own().filter_map(|condition| match (condition.seen_true, condition.seen_false) {
            (true, false) => Some(format!("{} is always true", text(condition))),
            (false, true) => Some(format!("{} is never true", text(condition))),
            _ => None,
        });
        let constant: Vec<String> = constant.collect();
        let because = if constant.is_empty() { String::new() } else { format!(" ({})", constant.join(", ")) };
        Some((Kind::Part, format!("it holds whatever {} is{because}", idle.join(" or "))))
    }
}

/// Looks at the states of one search.
pub(super) struct Looking<'o, 'm, 'p> {
    models: Models,
    machine: &'m Machine<'p>,
    parts: &'o mut Parts<'p>,
}

impl Observer for Looking<'_, '_, '_> {
    fn state(&mut self, _: NodeId, state: &State, kind: explore::Kind, _: &[Actor]) {
        let is_final = kind == explore::Kind::Final;
        self.parts.has_final |= is_final;
        let Parts { program, conditions, .. } = &mut *self.parts;
        for condition in conditions {
            let speaks_of = is_final || !matches!(condition.hardened, Claim::Finally(_));
            let is_settled = !condition.is_idle && condition.seen_true && condition.seen_false;
            if is_settled || !speaks_of || !program.expectations[condition.of].applies(self.models) {
                continue;
            }
            if condition.is_idle {
                let (expr, wanted) = match &condition.hardened {
                    Claim::Always(expr) | Claim::Finally(expr) => (expr, true),
                    Claim::Never(expr) => (expr, false),
                    _ => continue,
                };
                let holds = evaluate(self.machine, state, expr).is_some_and(|value| (value != 0) == wanted);
                condition.is_idle = holds;
            }
            match evaluate(self.machine, state, &condition.expr) {
                Some(0) => condition.seen_false = true,
                Some(_) => condition.seen_true = true,
                None => (condition.seen_true, condition.seen_false) = (true, true),
            }
        }
    }
}

/// Returns true when an expression can have different values in different states.
pub(super) fn looks_at_states(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) => false,
        Expr::Neg(one) | Expr::Not(one) => looks_at_states(one),
        Expr::Binary(_, left, right) => looks_at_states(left) || looks_at_states(right),
        Expr::In(one, _) => looks_at_states(one),
        _ => true,
    }
}

/// A way down an expression: at each step to the right or not. `not` has only one way.
type Path = Vec<bool>;

/// Lists the conditions of an expression, each with the value that is good for the claim.
fn leaves(expr: &Expr, wanted: bool) -> Vec<(Path, bool)> {
    let below = |right: bool, one: &Expr, wanted: bool| {
        let leaves = leaves(one, wanted).into_iter();
        leaves
            .map(|(path, wanted)| (std::iter::once(right).chain(path).collect(), wanted))
            .collect::<Vec<_>>()
    };
    match expr {
        Expr::Not(one) => below(false, one, !wanted),
        Expr::Binary(Binary::And | Binary::Or, left, right) => {
            let mut all = below(false, left, wanted);
            all.extend(below(true, right, wanted));
            all
        }
        _ => vec![(Vec::new(), wanted)],
    }
}

fn at<'e>(expr: &'e Expr, path: &[bool]) -> &'e Expr {
    match (expr, path) {
        (Expr::Not(one), [_, rest @ ..]) => at(one, rest),
        (Expr::Binary(_, left, right), [to_right, rest @ ..]) => {
            at(if *to_right { right } else { left }, rest)
        }
        _ => expr,
    }
}

fn replaced(expr: &Expr, path: &[bool], by: Expr) -> Expr {
    match (expr, path) {
        (Expr::Not(one), [_, rest @ ..]) => Expr::Not(Box::new(replaced(one, rest, by))),
        (Expr::Binary(binary, left, right), [false, rest @ ..]) => {
            Expr::Binary(*binary, Box::new(replaced(left, rest, by)), right.clone())
        }
        (Expr::Binary(binary, left, right), [true, rest @ ..]) => {
            Expr::Binary(*binary, left.clone(), Box::new(replaced(right, rest, by)))
        }
        _ => by,
    }
}
