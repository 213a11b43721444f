//! The report of one execution: what happened, the timeline, and how it ended.

use super::names::{self, wrap};
use super::number::plural;
use super::palette::Page;
use super::story;
use super::timeline::{self, COLUMNS};
use crate::schedule::{End, Execution};
use crate::vm::Machine;

/// Writes an execution as a timeline.
pub fn replayed(machine: &Machine<'_>, execution: &Execution, page: &Page<'_>) -> String {
    let (program, palette) = (machine.program(), page.palette);
    let schedule = execution.schedule();
    let mut text = String::new();
    if !page.quiet {
        let story = story::tell(machine, execution);
        let size = format!(
            "{}: {}, {}",
            program.name,
            plural(execution.steps.len() as u64, "step"),
            plural(schedule.switches() as u64, "context switch")
        );
        text.push_str(&format!("{}\n", palette.strong(size)));
        text.push_str(&wrap(&story.text, COLUMNS, ""));
        text.push('\n');
        text.push_str(&timeline::draw(machine, execution, &story, page));
        text.push('\n');
    }
    let values = names::outcome(
        program,
        &names::observed(machine, &execution.state),
        machine.output(&execution.state),
    );
    let end = match execution.end {
        End::Final => format!("{}: {values}", palette.good("Final state")),
        End::Deadlock => format!("{}: {values}", palette.bad("Deadlock")),
        End::Fault(fault) => format!("{}: {}; {values}", palette.bad("Fault"), fault.message(program)),
        End::Assume => format!("{}: this execution does not count; {values}", palette.warn("Failed ASSUME")),
        End::Open => format!("{}: {values}", palette.warn("Not over yet")),
    };
    text.push_str(&end);
    text.push('\n');
    if execution.end == End::Open && !page.quiet {
        text.push_str(&wrap(&next(machine, execution), COLUMNS, ""));
    }
    text
}

/// Says what each thread is about to do: for the witness of a race or of a broken invariant that is the point.
pub(super) fn next(machine: &Machine<'_>, execution: &Execution) -> String {
    let (program, state) = (machine.program(), &execution.state);
    let next = program.thread_ids().filter_map(|id| {
        let at = names::instruction(program, machine.pc(state, id)?);
        let waits = machine.blocked(state, id);
        let waits = waits.map(|blocked| format!(", waiting for {}", names::waits_for(program, id, &blocked)));
        Some(format!("{} at {at}{}", names::thread(program, id), waits.unwrap_or_default()))
    });
    let next: Vec<String> = next.take(9).collect();
    match next.len() {
        0 => "What is left is in store buffers.".to_owned(),
        9.. => format!("Next: {}; and more.", next[..8].join("; ")),
        _ => format!("Next: {}.", next.join("; ")),
    }
}
