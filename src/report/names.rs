//! How threads, places, values and objects are called in reports.

use crate::check::{Cut, Lossy};
use crate::program::{Addr, Cell, Line, Program, ThreadId};
use crate::vm::{Blocked, Machine, State};

/// Returns `A inc[0]`.
pub(super) fn thread(program: &Program, id: ThreadId) -> String {
    format!("{id} {}", program.thread_name(id))
}

/// Returns `line 7`, or `ticket.rvm line 7` for an included file.
pub(super) fn line(program: &Program, line: Line) -> String {
    match line.source {
        0 => format!("line {}", line.number),
        source => format!("{} line {}", program.sources[source as usize].name, line.number),
    }
}

/// Returns the name of the file that a line is in, unless it is the program's own.
pub(super) fn file(program: &Program, line: Line) -> Option<&str> {
    (line.source > 0).then(|| program.sources[line.source as usize].name.as_str())
}

/// Returns `STORE x (line 7)`.
pub(super) fn instruction(program: &Program, at: Addr) -> String {
    format!("{} ({})", program.instruction_text(at), line(program, program.line(at)))
}

/// Returns `x = 1, a = [0, 1]`.
pub(super) fn values(program: &Program, values: &[Vec<i64>]) -> String {
    let entry = |(observed, values): (&crate::program::Observed, &Vec<i64>)| match observed.is_array {
        true => format!("{} = {}", observed.name, list(values)),
        false => format!("{} = {}", observed.name, values[0]),
    };
    program.observed.iter().zip(values).map(entry).collect::<Vec<_>>().join(", ")
}

/// Returns an outcome: values, then what was printed.
pub(super) fn outcome(program: &Program, observed: &[Vec<i64>], output: &[i64]) -> String {
    let values = values(program, observed);
    match (values.is_empty(), output.is_empty()) {
        (true, true) => "(nothing is observed)".to_owned(),
        (false, true) => values,
        (true, false) => format!("prints {}", bare_list(output)),
        (false, false) => format!("{values}, prints {}", bare_list(output)),
    }
}

/// Returns `[0, 1]`.
pub(super) fn list(values: &[i64]) -> String {
    format!("[{}]", values.iter().map(i64::to_string).collect::<Vec<_>>().join(", "))
}

fn bare_list(values: &[i64]) -> String {
    values.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")
}

/// Returns the observed values of a state.
pub(super) fn observed(machine: &Machine<'_>, state: &State) -> Vec<Vec<i64>> {
    let entries = machine.program().observed.iter();
    entries.map(|entry| entry.cells.iter().map(|&cell| machine.value(state, cell)).collect()).collect()
}

/// Returns a cell's name as its own thread would write it: a local without the thread.
pub(super) fn cell(program: &Program, cell: Cell) -> String {
    match cell {
        Cell::Memory(cell) => program.memory_name(cell),
        Cell::Local(id, local) => program.local_variable(program.threads[id.index()], local).cell_name(local),
    }
}

/// Returns the letters of threads as a person would list them: `A`, `A and B`, `A, B and 3 more`.
pub(super) fn letters(threads: &[ThreadId]) -> String {
    let all: Vec<String> = threads.iter().map(|id| id.letters()).collect();
    match all.as_slice() {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [first @ .., last] if all.len() <= 5 => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", all[..4].join(", "), all.len() - 4),
    }
}

/// Says what a blocked thread waits for, `id` being the thread: `m, which B holds`.
pub(super) fn waits_for(program: &Program, id: ThreadId, blocked: &Blocked) -> String {
    let name = |object| program.object_name(object);
    let held = |lock, holders: &[ThreadId]| match holders {
        [] => name(lock),
        [only] if *only == id => format!("{}, which it holds itself", name(lock)),
        _ => {
            let verb = if holders.len() == 1 { "holds" } else { "hold" };
            format!("{}, which {} {verb}", name(lock), letters(holders))
        }
    };
    match blocked {
        Blocked::Lock(lock, holders) => held(*lock, holders),
        Blocked::Notification(condition) => format!("a notification of {}", name(*condition)),
        Blocked::Relock(condition, lock, holders) => {
            format!("{} (notified of {})", held(*lock, holders), name(*condition))
        }
        Blocked::Permit(semaphore) => format!("a permit of {}", name(*semaphore)),
        Blocked::Event(event) => format!("{} to be set", name(*event)),
        Blocked::Barrier(barrier, 1) => format!("one more thread at {}", name(*barrier)),
        Blocked::Barrier(barrier, more) => format!("{more} more threads at {}", name(*barrier)),
        Blocked::Room(queue) => format!("room in {}", name(*queue)),
        Blocked::Value(queue) => format!("a value in {}", name(*queue)),
        Blocked::End(threads) if threads == &[id] => "its own end".to_owned(),
        Blocked::End(threads) => format!("the end of {}", letters(threads)),
        Blocked::Buffer => "its store buffer".to_owned(),
    }
}

/// Returns the names of the locks that a thread holds.
pub(super) fn held(machine: &Machine<'_>, state: &State, id: ThreadId) -> Vec<String> {
    let program = machine.program();
    let objects = (0..program.objects.len() as u32).map(crate::program::ObjectId);
    objects
        .filter(|&object| machine.holds(state, id, object))
        .map(|object| program.object_name(object))
        .collect()
}

/// Says what cut a search.
pub(super) fn cut(cut: Cut) -> &'static str {
    match cut {
        Cut::States => "the limit on states was reached (--max-states)",
        Cut::Memory => "the limit on memory was reached (--max-memory)",
        Cut::Disk => "the disk was full or failed (--disk)",
        Cut::Time => "the time limit was reached (--time-limit)",
        Cut::Interrupt => "it was interrupted",
    }
}

/// Says how a search went on without keeping states.
pub(super) fn lossy(lossy: &Lossy) -> String {
    let Lossy { states, bits, hashes, missed, .. } = *lossy;
    let end = match (lossy.cut, lossy.left_out) {
        (Some(why), _) => format!(" It was cut too: {}.", cut(why)),
        (None, 0) => String::new(),
        (None, left_out) => format!(" {left_out} states that waited found no room and were left out."),
    };
    format!(
        "Then it went on without keeping states: {states} of them, {hashes} bits each in a store of {bits}. \
         Each had a chance of up to {missed:.2e} to be taken for another and missed.{end}"
    )
}

/// Returns the word for what cut a search.
pub(super) fn cut_word(cut: Cut) -> &'static str {
    match cut {
        Cut::States => "states",
        Cut::Memory => "memory",
        Cut::Disk => "disk",
        Cut::Time => "time",
        Cut::Interrupt => "interrupt",
    }
}

/// Returns how many columns a text takes: every character is one wide, the only ones used here.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// Breaks a text into lines of at most `columns`, between words.
pub(super) fn wrap(text: &str, columns: usize, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) + width(indent) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("{indent}{line}\n")).collect()
}
