//! What a call could have returned instead, and in which orders.

use super::history::History;
use super::model::Model;
use super::order;
use super::referee::Referee;
use super::result::{Allowed, Wrong};
use super::search::Found;

/// Returns the call that returned what it could not return, as an index into the history, and what it could
/// have returned.
pub(super) fn order(referee: &mut Referee<'_>, found: &Found) -> (Option<usize>, Vec<Vec<i64>>) {
    let Some(thread) = found.thread.filter(|_| found.wrong == Wrong::Order) else {
        return (None, Vec::new());
    };
    let culprit = found.history.calls.iter().rposition(|interval| interval.thread == thread);
    (culprit, referee.allowed(found.known, thread))
}

/// Finds for each value that the culprit could have returned an order in which it does.
pub(super) fn with_orders(
    model: &mut dyn Model,
    history: &History,
    culprit: Option<usize>,
    allowed: Vec<Vec<i64>>,
) -> Vec<Allowed> {
    let Some(culprit) = culprit else { return Vec::new() };
    let with_order = |values: Vec<i64>| {
        let order = order::find(model, history, Some((culprit, &values)));
        Allowed { order: order.expect("what the referee allows has an order"), values }
    };
    allowed.into_iter().map(with_order).collect()
}
