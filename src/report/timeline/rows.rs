//! What the rows of a timeline say: each step in words, the rules between threads, and what is folded.

use std::collections::BTreeMap;

use super::super::names;
use super::super::number::plural;
use super::super::story::Story;
use crate::program::{Addr, Cell, Instr, ObjectId, Program, ThreadId};
use crate::schedule::{Effect, End, ExecutedStep, Execution, Standing, StepAccess, Switch};
use crate::vm::{Actor, Choice, Machine};

/// Up to so many steps every one has a row; of longer executions, steps that nobody else can see share one.
const UNFOLDED: usize = 30;

/// The most rows between two context switches; more of them are left out in the middle.
const LONGEST_SLICE: usize = 16;

/// How many rows stay at the beginning and at the end of a slice of which the middle is left out.
const KEPT: (usize, usize) = (5, 8);

/// The most blocked threads that a deadlock's timeline ends with.
const STUCK: usize = 8;

/// The most rows of a timeline.
const LONGEST: usize = 120;

/// One row.
pub(super) enum Row {
    /// A step, or several that share a row.
    Step(StepRow),
    /// Another thread goes on.
    Rule { text: String, is_preemption: bool },
    /// Steps are left out.
    Gap { text: String, steps: u64 },
}

impl Row {
    fn steps(&self) -> u64 {
        match self {
            Row::Step(step) => step.steps as u64,
            Row::Rule { .. } => 0,
            Row::Gap { steps, .. } => *steps,
        }
    }
}

/// One step, or several of one thread that nobody else can see.
pub(super) struct StepRow {
    pub line: String,
    pub thread: ThreadId,
    pub text: String,
    /// The text is worth a second look.
    pub is_bad: bool,
    /// What the step means for other threads.
    pub asides: Vec<(ThreadId, String)>,
    /// Values that reached memory: the index into [`Rows::cells`], and the value.
    pub values: Vec<(usize, i64)>,
    /// How many steps.
    steps: usize,
}

/// The rows of a timeline.
pub(super) struct Rows {
    pub rows: Vec<Row>,
    /// The threads that step, in order.
    pub threads: Vec<ThreadId>,
    /// The memory cells that change, in order.
    pub cells: Vec<u32>,
    /// Some row is marked as working with a stale value.
    pub marks_stale: bool,
}

impl Rows {
    /// Puts an execution into rows; `verbose` folds nothing.
    pub fn new(machine: &Machine<'_>, execution: &Execution, story: &Story, verbose: bool) -> Rows {
        let mut threads: Vec<ThreadId> =
            execution.steps.iter().map(|step| step.action.actor.thread()).collect();
        let stuck = stuck(machine, execution);
        threads.extend(stuck.iter().map(|row| row.thread));
        threads.sort_unstable();
        threads.dedup();
        let mut cells: Vec<u32> = execution.steps.iter().filter_map(changed_cell).collect();
        cells.sort_unstable();
        cells.dedup();
        let writer = Writer { program: machine.program(), execution, story, cells: &cells };
        let rows = writer.rows(!verbose && execution.steps.len() > UNFOLDED);
        let mut rows = if verbose { rows } else { shorten(rows) };
        if !stuck.is_empty() {
            rows.push(Row::Rule { text: "nobody can go on".to_owned(), is_preemption: true });
            rows.extend(stuck.into_iter().map(Row::Step));
        }
        Rows { rows, threads, cells, marks_stale: !story.stale.is_empty() }
    }

    /// Iterates over the rows that show steps.
    pub fn steps(&self) -> impl Iterator<Item = &StepRow> {
        self.rows.iter().filter_map(|row| match row {
            Row::Step(step) => Some(step),
            _ => None,
        })
    }
}

/// Returns where the threads of a deadlock are stuck: the first of them, if there are many.
fn stuck(machine: &Machine<'_>, execution: &Execution) -> Vec<StepRow> {
    if execution.end != End::Deadlock {
        return Vec::new();
    }
    let program = machine.program();
    let row = |thread| {
        let at = machine.pc(&execution.state, thread)?;
        let text = format!("{}: blocked", program.instruction_text(at));
        let (asides, values) = (Vec::new(), Vec::new());
        Some(StepRow { line: line_text(program, at), thread, text, is_bad: true, asides, values, steps: 0 })
    };
    program.thread_ids().filter_map(row).take(STUCK).collect()
}

fn line_text(program: &Program, at: Addr) -> String {
    let place = program.line(at);
    match names::file(program, place) {
        None => place.number.to_string(),
        Some(file) => format!("{}:{}", file.rsplit('/').next().unwrap_or(file), place.number),
    }
}

fn changed_cell(step: &ExecutedStep) -> Option<u32> {
    match step.change()? {
        (Cell::Memory(cell), ..) => Some(cell),
        (Cell::Local(..), ..) => None,
    }
}

struct Writer<'a> {
    program: &'a Program,
    execution: &'a Execution,
    story: &'a Story,
    cells: &'a [u32],
}

impl Writer<'_> {
    fn rows(&self, folds: bool) -> Vec<Row> {
        let overwrites = self.overwrites();
        let mut rows: Vec<Row> = Vec::new();
        let mut private: Vec<usize> = Vec::new();
        // How the thread that stepped last stands, which the rule in front of the next one explains.
        let mut last: Option<(ThreadId, &Standing)> = None;
        for (index, step) in self.execution.steps.iter().enumerate() {
            if step.switch != Switch::Same {
                self.close_private(&mut private, &mut rows);
                rows.push(self.rule(step.switch, last));
            }
            if let Actor::Thread(id) = step.action.actor {
                last = Some((id, &step.standing));
            }
            if folds && self.is_private(index) {
                if private.first().is_some_and(|&first| !self.is_same_thread(first, index)) {
                    self.close_private(&mut private, &mut rows);
                }
                private.push(index);
            } else {
                self.close_private(&mut private, &mut rows);
                let asides = overwrites.get(&index).cloned().unwrap_or_default();
                rows.push(Row::Step(self.step(index, asides)));
            }
        }
        self.close_private(&mut private, &mut rows);
        rows
    }

    fn is_same_thread(&self, a: usize, b: usize) -> bool {
        let actor = |step: usize| self.execution.steps[step].action.actor;
        actor(a) == actor(b)
    }

    /// Says of steps whose reads they make stale: thread and what it still works with.
    fn overwrites(&self) -> BTreeMap<usize, Vec<(ThreadId, String)>> {
        let mut overwrites: BTreeMap<usize, Vec<(ThreadId, String)>> = BTreeMap::new();
        for (&store, &read) in &self.story.stale {
            let steps = &self.execution.steps;
            let (reader, Some(access)) = (steps[read].action.actor.thread(), steps[read].access) else {
                continue;
            };
            let (Some(value), Some(change)) = (access.read, self.overwriting(read, store, access.cell))
            else {
                continue;
            };
            let aside = (reader, format!("{} = {value} is stale", names::cell(self.program, access.cell)));
            let asides = overwrites.entry(change).or_default();
            if !asides.contains(&aside) {
                asides.push(aside);
            }
        }
        overwrites
    }

    fn overwriting(&self, read: usize, store: usize, cell: Cell) -> Option<usize> {
        let steps = &self.execution.steps;
        let reader = steps[read].action.actor.thread();
        (read + 1..store).find(|&index| {
            let writes =
                |access: StepAccess| access.cell == cell && access.write.is_some_and(|write| !write.buffered);
            steps[index].action.actor.thread() != reader && steps[index].access.is_some_and(writes)
        })
    }

    fn rule(&self, switch: Switch, last: Option<(ThreadId, &Standing)>) -> Row {
        let text = match last {
            None => String::new(),
            Some((id, standing)) => match standing {
                _ if switch == Switch::Preemption => format!("{id} is preempted: it could have gone on"),
                Standing::Ready(_) => format!("{id} gives way"),
                Standing::Finished => format!("{id} has finished"),
                Standing::Blocked(_, blocked) => {
                    format!("{id} waits for {}", names::waits_for(self.program, id, blocked))
                }
            },
        };
        Row::Rule { text, is_preemption: switch == Switch::Preemption }
    }

    /// A step that no other thread can see: nothing but the thread's stack, locals and place change.
    fn is_private(&self, index: usize) -> bool {
        let step = &self.execution.steps[index];
        let is_failure = index + 1 == self.execution.steps.len()
            && matches!(self.execution.end, End::Fault(_) | End::Assume);
        step.action.choice == Choice::Only
            && step.effects.is_empty()
            && !is_failure
            && matches!(step.action.actor, Actor::Thread(_))
            && step.access.is_none_or(|access| matches!(access.cell, Cell::Local(..)))
    }

    fn close_private(&self, private: &mut Vec<usize>, rows: &mut Vec<Row>) {
        match private.as_slice() {
            [] => {}
            [only] => rows.push(Row::Step(self.step(*only, Vec::new()))),
            [first, .., last] => {
                let (from, to) = (self.step(*first, Vec::new()), self.step(*last, Vec::new()));
                let between = if private.len() == 2 { ", " } else { " … " };
                let count =
                    if private.len() == 2 { String::new() } else { format!(" ({} steps)", private.len()) };
                rows.push(Row::Step(StepRow {
                    text: format!("{}{between}{}{count}", from.text, to.text),
                    steps: private.len(),
                    ..from
                }));
            }
        }
        private.clear();
    }

    fn step(&self, index: usize, asides: Vec<(ThreadId, String)>) -> StepRow {
        let step = &self.execution.steps[index];
        let thread = step.action.actor.thread();
        let mut text = match (step.action.actor, step.access) {
            (Actor::Buffer(..), Some(access)) => {
                let value = access.write.map_or(0, |write| write.value);
                format!("~ {} ← {value} to memory", names::cell(self.program, access.cell))
            }
            _ => self.instruction(step),
        };
        let mut is_bad = false;
        if self.story.stale.contains_key(&index) {
            text.push_str(" !");
            is_bad = true;
        }
        if index + 1 == self.execution.steps.len() {
            let failure = match self.execution.end {
                End::Fault(fault) => Some(format!(" ✗ {}", fault.message(self.program))),
                End::Assume => Some(" ✗ does not count".to_owned()),
                _ => None,
            };
            is_bad |= failure.is_some();
            text.push_str(&failure.unwrap_or_default());
        }
        let line = line_text(self.program, step.addr);
        StepRow { line, thread, text, is_bad, asides, values: self.values(step), steps: 1 }
    }

    fn values(&self, step: &ExecutedStep) -> Vec<(usize, i64)> {
        let value = step.access.and_then(|access| {
            let Cell::Memory(cell) = access.cell else { return None };
            let index = self.cells.binary_search(&cell).ok()?;
            access.write.filter(|write| !write.buffered).map(|write| (index, write.value))
        });
        value.into_iter().collect()
    }

    /// Writes an instruction with what it read and wrote, and what came of it.
    fn instruction(&self, step: &ExecutedStep) -> String {
        let instr = self.program.instr(step.addr);
        let mut text = match step.access {
            None => self.program.instruction_text(step.addr),
            Some(access) => access_text(self.program, instr, access),
        };
        match step.action.choice {
            Choice::Value(value) => text.push_str(&format!(" → {value}")),
            Choice::Only | Choice::Waiter(_) => {}
        }
        if instr.takes_index()
            && let Some(object) = step.effects.iter().find_map(object_of)
        {
            text = text.replace("[]", "");
            let (mnemonic, _) = text.split_once(' ').unwrap_or((&text, ""));
            text = format!("{mnemonic} {}", self.program.object_name(object));
        }
        for effect in &step.effects {
            match effect {
                Effect::Refused(_) => text.push_str(": in vain"),
                Effect::Waits(_) => text.push_str(": waits"),
                Effect::Woke(_, threads) => text.push_str(&format!(": wakes {}", names::letters(threads))),
                Effect::Put(_, value) => text.push_str(&format!(" ← {value}")),
                Effect::Got(_, value) => text.push_str(&format!(" → {value}")),
                Effect::Printed(value) => text.push_str(&format!(" {value}")),
                Effect::Took(_)
                | Effect::GaveBack(_)
                | Effect::Passed(_)
                | Effect::SetTo(..)
                | Effect::Started(_)
                | Effect::Joined(_)
                | Effect::Unblocked(_) => {}
            }
        }
        text
    }
}

fn access_text(program: &Program, instr: Instr, access: StepAccess) -> String {
    let mnemonic = instr.op().map_or("", |op| op.spec().mnemonic);
    let cell = names::cell(program, access.cell);
    match (access.read, access.write) {
        (Some(read), Some(write)) => format!("{mnemonic} {cell}: {read} → {}", write.value),
        (Some(read), None) if matches!(instr, Instr::Cas(_)) => format!("{mnemonic} {cell}: {read}, in vain"),
        (Some(read), None) if access.forwarded => format!("{mnemonic} {cell} → {read} (own buffer)"),
        (Some(read), None) => format!("{mnemonic} {cell} → {read}"),
        (None, Some(write)) if write.buffered => format!("{mnemonic} {cell} ← {} (buffered)", write.value),
        (None, Some(write)) => format!("{mnemonic} {cell} ← {}", write.value),
        (None, None) => format!("{mnemonic} {cell}"),
    }
}

fn object_of(effect: &Effect) -> Option<ObjectId> {
    match effect {
        Effect::Took(object)
        | Effect::GaveBack(object)
        | Effect::Refused(object)
        | Effect::Waits(object)
        | Effect::Passed(object)
        | Effect::Woke(object, _)
        | Effect::SetTo(object, _)
        | Effect::Put(object, _)
        | Effect::Got(object, _) => Some(*object),
        Effect::Started(_) | Effect::Joined(_) | Effect::Printed(_) | Effect::Unblocked(_) => None,
    }
}

/// Leaves out the middle of long slices, then the middle of the whole, and says how much.
fn shorten(rows: Vec<Row>) -> Vec<Row> {
    let mut shortened = Vec::new();
    let mut slice = Vec::new();
    for row in rows {
        if matches!(row, Row::Rule { .. }) {
            shortened.extend(without_middle(std::mem::take(&mut slice), LONGEST_SLICE, KEPT));
            shortened.push(row);
        } else {
            slice.push(row);
        }
    }
    shortened.extend(without_middle(slice, LONGEST_SLICE, KEPT));
    without_middle(shortened, LONGEST, (LONGEST / 3, LONGEST / 2))
}

fn without_middle(mut rows: Vec<Row>, longest: usize, (head, tail): (usize, usize)) -> Vec<Row> {
    if rows.len() <= longest {
        return rows;
    }
    let end = rows.split_off(rows.len() - tail);
    let middle = rows.split_off(head);
    let steps: u64 = middle.iter().map(Row::steps).sum();
    rows.push(Row::Gap { text: format!("{} left out (-v shows them)", plural(steps, "step")), steps });
    rows.extend(end);
    rows
}
