//! What is wrong with a program that was explored, one finding each: what the documents for CI are made of.

use super::checked::Explored;
use super::{explored, names};
use crate::check::{Exploration, Judged, Unexpected, Verdict};
use crate::program::{Line, Program};
use crate::schedule::Schedule;

/// What a finding is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Rule {
    /// An expectation does not hold.
    Expectation,
    /// A deadlock that no expectation names.
    Deadlock,
    /// A fault that no expectation names.
    Fault,
    /// A limit cut the search before this could be decided.
    Undecided,
    /// A pass says nothing about something.
    Vacuous,
    /// Nothing notices a mutant of the program.
    Survivor,
}

impl Rule {
    pub const ALL: [Rule; 6] =
        [Rule::Expectation, Rule::Deadlock, Rule::Fault, Rule::Undecided, Rule::Vacuous, Rule::Survivor];

    /// Returns its name, which stays the same from version to version.
    pub fn id(self) -> &'static str {
        match self {
            Rule::Expectation => "expectation",
            Rule::Deadlock => "deadlock",
            Rule::Fault => "fault",
            Rule::Undecided => "undecided",
            Rule::Vacuous => "vacuous",
            Rule::Survivor => "survivor",
        }
    }

    /// Returns what it is about, in a sentence.
    pub fn describe(self) -> &'static str {
        match self {
            Rule::Expectation => "An expectation of the program does not hold.",
            Rule::Deadlock => "A deadlock can be reached that the program does not expect.",
            Rule::Fault => "A fault can be reached that the program does not expect.",
            Rule::Undecided => "A limit stopped the search before this could be decided.",
            Rule::Vacuous => "That the program passes says nothing about this.",
            Rule::Survivor => {
                "With one thing wrong the program would still do all that it expects of itself."
            }
        }
    }
}

/// One finding.
pub(super) struct Finding<'a> {
    pub rule: Rule,
    /// Where it is.
    pub line: Line,
    /// What is wrong, in a sentence.
    pub message: String,
    /// A schedule that shows it.
    pub witness: Option<&'a Schedule>,
}

/// Lists what an exploration shows that is not as expected, expectations first.
pub(super) fn findings<'a>(of: &Explored<'a>, found: &'a Exploration) -> Vec<Finding<'a>> {
    let expectations = found.expectations.iter().filter_map(|judged| of_expectation(found, judged));
    expectations.chain(beyond(of.program, found)).collect()
}

/// Returns what is wrong with an expectation, unless it holds.
pub(super) fn of_expectation<'a>(found: &Exploration, judged: &'a Judged) -> Option<Finding<'a>> {
    let text = &judged.expectation.text;
    let under = found.models;
    let (rule, message) = match judged.verdict {
        Verdict::Holds => return None,
        Verdict::Fails if judged.reason.is_empty() => {
            (Rule::Expectation, format!("`{text}` does not hold under {under}."))
        }
        Verdict::Fails => {
            (Rule::Expectation, format!("`{text}` does not hold under {under}: {}.", judged.reason))
        }
        Verdict::Unknown => (
            Rule::Undecided,
            format!("`{text}` could not be decided under {under}: {}.", explored::verdict(found)),
        ),
    };
    Some(Finding { rule, line: judged.expectation.line, message, witness: judged.witness.as_ref() })
}

/// Lists what no expectation speaks of: deadlocks, faults, and a search that was cut before it had found any.
pub(super) fn beyond<'a>(program: &Program, found: &'a Exploration) -> Vec<Finding<'a>> {
    let finding = |unexpected: Unexpected| match unexpected {
        Unexpected::Deadlock(index) => {
            let deadlock = &found.deadlocks[index];
            let stuck: Vec<String> = deadlock
                .blocked
                .iter()
                .map(|&(id, at)| {
                    format!("{} at {}", names::thread(program, id), names::instruction(program, at))
                })
                .collect();
            Finding {
                rule: Rule::Deadlock,
                line: deadlock.blocked.first().map_or_else(Line::default, |&(_, at)| program.line(at)),
                message: format!("Deadlock under {}: {}.", found.models, stuck.join(", ")),
                witness: Some(&deadlock.reached.witness),
            }
        }
        Unexpected::Fault(index) => {
            let fault = &found.faults[index];
            let thread = names::thread(program, fault.thread);
            let at = names::instruction(program, fault.at);
            Finding {
                rule: Rule::Fault,
                line: program.line(fault.at),
                message: format!("Fault under {}: {thread} at {at}: {}.", found.models, fault.message),
                witness: Some(&fault.reached.witness),
            }
        }
    };
    let mut findings: Vec<Finding<'a>> = found.unexpected().into_iter().map(finding).collect();
    if let (true, Some(cut)) = (findings.is_empty(), found.search.cut) {
        findings.push(Finding {
            rule: Rule::Undecided,
            line: Line { source: 0, number: 1 },
            message: format!("The search under {} was cut: {}.", found.models, names::cut(cut)),
            witness: None,
        });
    }
    findings
}
