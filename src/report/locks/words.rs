//! How properties, failures and remedies are called.

use crate::verify::lock::{BypassFound, How, Property, Remedy, Repair};

pub(super) fn title(property: Property) -> &'static str {
    match property {
        Property::Exclusion => "mutual exclusion",
        Property::Fault => "no fault",
        Property::Deadlock => "no deadlock",
        Property::Livelock => "no livelock",
        Property::Progress => "whoever is alone gets in",
        Property::Reentrancy => "reentrant",
        Property::Expectation => "its own expectations",
    }
}

pub(super) fn broken(property: Property) -> &'static str {
    match property {
        Property::Exclusion => "no mutual exclusion",
        Property::Fault => "a fault",
        Property::Deadlock => "a deadlock",
        Property::Livelock => "a livelock",
        Property::Progress => "no progress",
        Property::Reentrancy => "not reentrant",
        Property::Expectation => "an expectation of its own fails",
    }
}

/// Says what goes wrong, in a sentence.
pub(in crate::report) fn what_goes_wrong(how: &How) -> String {
    match how {
        How::BothInside => "Two threads are in the critical section together.".to_owned(),
        How::LostUpdate => {
            "A write made in the critical section is lost: it comes to memory after the lock was given back."
                .to_owned()
        }
        How::HalfWritten => "A reader sees one of two writes and not the other.".to_owned(),
        How::Fault(message) => format!("An instruction is a fault: {message}."),
        How::Deadlock(false) => "Everybody left is blocked.".to_owned(),
        How::Deadlock(true) => "A thread is left alone, and is blocked for ever.".to_owned(),
        How::Livelock(false) => "Those who are left spin for ever: no schedule leads on.".to_owned(),
        How::Livelock(true) => "A thread is left alone, and spins for ever.".to_owned(),
        How::Expectation(text) => format!("`{text}` does not hold."),
    }
}

pub(super) fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

pub(super) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

pub(super) fn times(number: u32) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        number => format!("{number} times"),
    }
}

pub(super) fn overtaken(found: &BypassFound) -> String {
    match (found.bound, found.rounds) {
        (None, _) => "unknown".to_owned(),
        (Some(bound), None) => bound.to_string(),
        (Some(bound), Some(rounds)) => format!("{bound} in {rounds} rounds"),
    }
}

pub(super) fn remedy(repair: &Repair) -> String {
    match &repair.remedy {
        Remedy::Cut(_) => "unknown".to_owned(),
        Remedy::None(_) => "none".to_owned(),
        Remedy::Fences { sets, .. } => sets.first().map_or(0, Vec::len).to_string(),
    }
}
