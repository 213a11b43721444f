//! What happened, in a sentence or two: the pattern behind an execution, where it is one of the known ones.
//!
//! The patterns are looked for in the order in which they matter. Each says only what the steps show: a lost
//! update is a write computed from a value that another thread has overwritten since, and nothing less.

use std::collections::BTreeMap;

use super::flow::{self, Sources};
use super::names;
use crate::program::{Cell, Instr, MemoryModel, Program, ThreadId};
use crate::schedule::{End, ExecutedStep, Execution};
use crate::vm::{Actor, Machine};

/// The longest execution in which patterns are looked for: looking for the write between two steps is linear in
/// their distance, and nobody reads more steps than this.
const LONGEST: usize = 5_000;

/// What an execution shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Story {
    /// The pattern; the lower, the more it explains.
    pub rank: Rank,
    /// The sentences.
    pub text: String,
    /// The steps that work with a value that another thread has overwritten since, each with the read.
    pub stale: BTreeMap<usize, usize>,
}

/// The patterns, those that explain most first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Rank {
    /// A fault or a deadlock.
    Failure,
    /// A write over another thread's.
    LostUpdate,
    /// An act on a check that no longer held.
    CheckThenAct,
    /// A read that a store buffer kept from seeing a store.
    HiddenStore,
    /// A write of something computed from a value that is no longer there.
    StaleWrite,
    /// Nothing of these.
    Plain,
}

/// Finds out what an execution shows.
pub(super) fn tell(machine: &Machine<'_>, execution: &Execution) -> Story {
    let program = machine.program();
    let history = History { program, steps: &execution.steps, sources: flow::sources(program, execution) };
    let stale = history.stale();
    let (rank, text) = end(machine, execution)
        .or_else(|| history.lost_update(&stale))
        .or_else(|| history.check_then_act())
        .or_else(|| history.hidden_store(machine.models().memory))
        .or_else(|| history.stale_write(&stale))
        .unwrap_or_else(|| (Rank::Plain, history.plain(execution)));
    Story { rank, text, stale }
}

fn end(machine: &Machine<'_>, execution: &Execution) -> Option<(Rank, String)> {
    let program = machine.program();
    let text = match execution.end {
        End::Fault(fault) => {
            let last = execution.steps.last()?;
            let thread = names::thread(program, last.action.actor.thread());
            let at = names::instruction(program, last.addr);
            format!("{thread} fails at {at}: {}.", fault.message(program))
        }
        End::Deadlock => deadlock(machine, execution),
        _ => return None,
    };
    Some((Rank::Failure, text))
}

/// Says who holds what and who waits for whom.
fn deadlock(machine: &Machine<'_>, execution: &Execution) -> String {
    let (program, state) = (machine.program(), &execution.state);
    let mut sentences = Vec::new();
    for id in program.thread_ids() {
        let Some(blocked) = machine.blocked(state, id) else { continue };
        let held = names::held(machine, state, id);
        let holds = if held.is_empty() { String::new() } else { format!("holds {} and ", held.join(", ")) };
        let waits = names::waits_for(program, id, &blocked);
        sentences.push(format!("{} {holds}waits for {waits}.", names::thread(program, id)));
    }
    let more = sentences.len().saturating_sub(8);
    sentences.truncate(8);
    if more > 0 {
        sentences.push(format!("So do {more} more."));
    }
    format!("Deadlock: {}", sentences.join(" "))
}

struct History<'a> {
    program: &'a Program,
    steps: &'a [ExecutedStep],
    /// For each step, the reads that its operands come from.
    sources: Vec<Sources>,
}

impl History<'_> {
    fn thread(&self, step: usize) -> ThreadId {
        self.steps[step].action.actor.thread()
    }

    fn cell(&self, step: usize) -> Option<Cell> {
        self.steps[step].access.map(|access| access.cell)
    }

    fn line(&self, step: usize) -> String {
        names::line(self.program, self.program.line(self.steps[step].addr))
    }

    fn name(&self, cell: Cell) -> String {
        names::cell(self.program, cell)
    }

    /// Returns the first write to memory by another thread that came between a read and a later step, to the
    /// cell that was read.
    fn overwritten(&self, read: usize, until: usize) -> Option<usize> {
        let (reader, cell) = (self.thread(read), self.cell(read)?);
        (read + 1..until).find(|&step| {
            self.thread(step) != reader
                && self.cell(step) == Some(cell)
                && self.steps[step]
                    .access
                    .and_then(|access| access.write)
                    .is_some_and(|write| !write.buffered)
        })
    }

    /// Returns the stores to memory whose value was computed from something overwritten since, with the read.
    fn stale(&self) -> BTreeMap<usize, usize> {
        if self.steps.len() > LONGEST {
            return BTreeMap::new();
        }
        let is_write = |step: &ExecutedStep| {
            matches!(self.program.instr(step.addr), Instr::Store(_))
                && matches!(step.action.actor, Actor::Thread(_))
                && step.access.is_some_and(|access| matches!(access.cell, Cell::Memory(_)))
        };
        let mut stale = BTreeMap::new();
        for (index, step) in self.steps.iter().enumerate().filter(|(_, step)| is_write(step)) {
            let reads = &self.sources[index];
            let own = reads.iter().rfind(|&&read| self.cell(read) == step.access.map(|access| access.cell));
            let read = own.into_iter().chain(reads.iter().rev());
            if let Some(&read) = read.into_iter().find(|&&read| self.overwritten(read, index).is_some()) {
                stale.insert(index, read);
            }
        }
        stale
    }

    fn lost_update(&self, stale: &BTreeMap<usize, usize>) -> Option<(Rank, String)> {
        let (&write, &read) = stale.iter().find(|&(&write, &read)| self.cell(write) == self.cell(read))?;
        let between = self.overwritten(read, write)?;
        let cell = self.name(self.cell(write)?);
        let (a, b) = (self.thread(write), self.thread(between));
        let seen = self.steps[read].access?.read?;
        let (theirs, ours) = (self.steps[between].access?.write?, self.steps[write].access?.write?);
        Some((
            Rank::LostUpdate,
            format!(
                "Lost update: {} read {cell} = {seen} ({}) before {b} wrote {cell} = {}, and then wrote {cell} = {} \
                 over it ({}): {b}'s update is lost.",
                names::thread(self.program, a),
                self.line(read),
                theirs.value,
                ours.value,
                self.line(write),
            ),
        ))
    }

    /// Finds a thread that branched on a value, and then wrote the same variable or printed, although another
    /// thread had changed the variable in between.
    fn check_then_act(&self) -> Option<(Rank, String)> {
        if self.steps.len() > LONGEST {
            return None;
        }
        for (act, step) in self.steps.iter().enumerate() {
            let Some(cell @ Cell::Memory(_)) = self.cell(act) else { continue };
            if step.access.is_none_or(|access| access.write.is_none())
                || !matches!(step.action.actor, Actor::Thread(_))
            {
                continue;
            }
            let thread = self.thread(act);
            // The last check of the variable counts, whatever the thread has read without deciding on it since.
            let branch = |&other: &usize| {
                self.thread(other) == thread
                    && matches!(self.program.instr(self.steps[other].addr), Instr::Jz(_) | Instr::Jnz(_))
            };
            let checked = (0..act).rev().filter(branch).find_map(|check| {
                let reads = &self.sources[check];
                reads.iter().rfind(|&&read| self.cell(read) == Some(cell)).map(|&read| (check, read))
            });
            let Some((check, read)) = checked else { continue };
            let Some(change) = self.overwritten(read, act) else { continue };
            let name = self.name(cell);
            let seen = self.steps[read].access?.read?;
            let changed = self.steps[change].access?.write?;
            let when = if change < check { "before it had decided" } else { "before it acted on that" };
            return Some((
                Rank::CheckThenAct,
                format!(
                    "Check, then act: {} saw {name} = {seen} ({}); {when}, {} set {name} = {}; {} acted all \
                     the same ({}).",
                    names::thread(self.program, thread),
                    self.line(read),
                    self.thread(change),
                    changed.value,
                    thread,
                    self.line(act),
                ),
            ));
        }
        None
    }

    fn hidden_store(&self, memory: MemoryModel) -> Option<(Rank, String)> {
        if memory == MemoryModel::Sc {
            return None;
        }
        let mut pending: Vec<(ThreadId, Cell, usize)> = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            let (thread, Some(access)) = (self.thread(index), step.access) else { continue };
            if matches!(step.action.actor, Actor::Buffer(..)) {
                let oldest = pending.iter().position(|&(id, cell, _)| id == thread && cell == access.cell);
                oldest.map(|at| pending.remove(at));
            } else if access.write.is_some_and(|write| write.buffered) {
                pending.push((thread, access.cell, index));
            } else if let Some(read) = access.read {
                let hidden = pending.iter().rfind(|&&(id, cell, _)| id != thread && cell == access.cell);
                if let Some(&(other, cell, store)) = hidden {
                    let name = self.name(cell);
                    let stored = self.steps[store].access?.write?.value;
                    let text = format!(
                        "{} read {name} = {read} ({}) while {other}'s store of {name} = {stored} ({}) was still in \
                         {other}'s store buffer.",
                        names::thread(self.program, thread),
                        self.line(index),
                        self.line(store),
                    );
                    return Some((Rank::HiddenStore, text));
                }
            }
        }
        None
    }

    fn stale_write(&self, stale: &BTreeMap<usize, usize>) -> Option<(Rank, String)> {
        let (&write, &read) = stale.first_key_value()?;
        let change = self.overwritten(read, write)?;
        let read_name = self.name(self.cell(read)?);
        let seen = self.steps[read].access?.read?;
        let text = format!(
            "{} wrote {} = {} ({}) from {read_name} = {seen}, which {} had changed to {} in the meantime.",
            names::thread(self.program, self.thread(write)),
            self.name(self.cell(write)?),
            self.steps[write].access?.write?.value,
            self.line(write),
            self.thread(change),
            self.steps[change].access?.write?.value,
        );
        Some((Rank::StaleWrite, text))
    }

    fn plain(&self, execution: &Execution) -> String {
        let mut order: Vec<ThreadId> = Vec::new();
        for step in self.steps {
            if let Actor::Thread(id) = step.action.actor
                && order.last() != Some(&id)
            {
                order.push(id);
            }
        }
        let mut distinct = order.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let over = if execution.end == End::Open { " The schedule stops before the end." } else { "" };
        match order.as_slice() {
            [] => "Nothing has been executed.".to_owned(),
            [only] => format!("{} runs alone.{over}", names::thread(self.program, *only)),
            _ if distinct.len() == order.len() && order.len() <= 8 => {
                let letters: Vec<String> = order.iter().map(|id| id.letters()).collect();
                format!("One thread after the other: {}.{over}", letters.join(", then "))
            }
            _ => {
                let switches = super::number::plural(order.len() as u64 - 1, "context switch");
                format!("{} threads take turns: {switches}.{over}", distinct.len())
            }
        }
    }
}
