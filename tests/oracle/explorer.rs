//! The oracle: plain recursion over every schedule, without storing or comparing a state.

use std::collections::{BTreeMap, BTreeSet};

use num_rational::BigRational;
use num_traits::{One, Zero};
use racevm::program::{Instr as I, SwitchModel, VarKind};

use super::interpreter::{Interpreter, Thread, World};

/// How an execution ends: values and output; values and the blocked threads with their addresses; or a fault
/// with its message, thread and line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum End {
    Final(Vec<i64>, Vec<i64>),
    Deadlock(Vec<i64>, Vec<(usize, usize)>),
    Fault(String, usize, u32),
}

/// Every end with its number of schedules and its probability, and every race as cell and sorted lines.
#[derive(Default)]
pub struct Found {
    pub ends: BTreeMap<End, (u64, BigRational)>,
    pub races: BTreeSet<(u32, u32, u32)>,
    pub schedules: u64,
    decisions: u64,
}

pub struct Explorer<'p> {
    pub interpreter: Interpreter<'p>,
    /// Decisions to look at before giving up.
    pub limit: u64,
    pub found: Found,
}

impl Explorer<'_> {
    /// Explores every schedule; false when there is too much to do.
    pub fn run(&mut self) -> bool {
        self.decide(self.interpreter.initial(), BigRational::one());
        self.found.decisions <= self.limit
    }

    fn decide(&mut self, w: World, p: BigRational) {
        self.found.decisions += 1;
        if self.found.decisions > self.limit {
            return;
        }
        let vm = self.interpreter;
        let enabled: Vec<usize> = (0..w.threads.len()).filter(|&t| vm.enabled(&w, t)).collect();
        let flushes: Vec<(usize, usize)> =
            (0..w.threads.len()).flat_map(|t| vm.flushes(&w, t).into_iter().map(move |i| (t, i))).collect();
        self.races(&w, &enabled);
        if enabled.is_empty() && flushes.is_empty() {
            return self.end(quiescent(vm, &w), p);
        }
        let share = p / BigRational::from_integer((enabled.len() + flushes.len()).into());
        for t in enabled {
            self.choose(w.clone(), t, share.clone());
        }
        for (t, place) in flushes {
            let mut w = w.clone();
            let (cell, value) = w.threads[t].buffer.remove(place);
            w.memory[cell as usize] = value;
            self.decide(w, share.clone());
        }
    }

    /// Takes every successor of a thread's next step, and goes on with the thread where no decision follows.
    fn choose(&mut self, w: World, t: usize, p: BigRational) {
        let vm = self.interpreter;
        let instr = vm.instr(&w, t);
        let choices = vm.choices(&w, t);
        let share = p / BigRational::from_integer(choices.len().into());
        for choice in choices {
            let mut next = w.clone();
            let pc = w.threads[t].pc;
            let target = match vm.step(&mut next, t, choice) {
                Ok(moved) => vm.go_on(&mut next, t, moved),
                Err(None) => continue,
                Err(Some(message)) => {
                    let line = vm.program.places[pc].line.number;
                    self.end(End::Fault(message, t, line), share.clone());
                    continue;
                }
            };
            let lets_go = match vm.models.switch {
                SwitchModel::Every => true,
                SwitchModel::Gil if target.is_some() => target <= Some(pc),
                SwitchModel::Gil => matches!(instr, I::Call(_) | I::Yield | I::Start(_) | I::Join(_)),
                SwitchModel::Await => instr == I::Yield,
            };
            let decision = lets_go && !self.in_one_block(&w.threads[t], &next.threads[t]);
            if decision || !vm.enabled(&next, t) {
                self.decide(next, share.clone());
            } else {
                self.choose(next, t, share.clone());
            }
        }
    }

    /// Both positions lie in one atomic block, at some depth up to which the open calls agree.
    fn in_one_block(&self, before: &Thread, now: &Thread) -> bool {
        let position = |t: &Thread| t.calls.iter().map(|c| c - 1).chain([t.pc]).collect::<Vec<usize>>();
        let (a, b) = (position(before), position(now));
        let agree = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
        let program = self.interpreter.program;
        let blocks =
            |pc: usize| std::iter::successors(program.places[pc].block, |b| program.blocks[b.index()]);
        let shared = |k: usize| blocks(a[k]).any(|x| blocks(b[k]).any(|y| x == y));
        !now.done && (0..a.len().min(b.len()).min(agree + 1)).any(shared)
    }

    fn races(&mut self, w: &World, enabled: &[usize]) {
        let vm = self.interpreter;
        let access = |&t: &usize| match vm.instr(w, t) {
            I::Load(place) => Some((t, vm.cell(w, t, place)?.ok()?, 0)),
            I::Store(place) => Some((t, vm.cell(w, t, place)?.ok()?, 1)),
            I::Cas(place) | I::Xadd(place) | I::Xchg(place) => Some((t, vm.cell(w, t, place)?.ok()?, 2)),
            _ => None,
        };
        let shared =
            |cell: u32| vm.program.variables.iter().any(|v| v.kind == VarKind::Shared && v.holds(cell));
        let line = |t: usize| vm.program.places[w.threads[t].pc].line.number;
        let all: Vec<(usize, u32, u32)> = enabled.iter().filter_map(access).collect();
        for &(a, cell, how_a) in &all {
            for &(b, other, how_b) in &all {
                if a != b && cell == other && (how_a, how_b) != (2, 2) && how_a + how_b > 0 && shared(cell) {
                    self.found.races.insert((cell, line(a).min(line(b)), line(a).max(line(b))));
                }
            }
        }
    }

    fn end(&mut self, end: End, p: BigRational) {
        self.found.schedules += 1;
        let entry = self.found.ends.entry(end).or_insert_with(|| (0, BigRational::zero()));
        *entry = (entry.0 + 1, &entry.1 + p);
    }
}

fn quiescent(vm: Interpreter<'_>, w: &World) -> End {
    let cells = vm.program.observed.iter().flat_map(|observed| &observed.cells);
    let values: Vec<i64> = cells.map(|&cell| vm.value(w, cell)).collect();
    let running = w.threads.iter().enumerate().filter(|(_, t)| t.started && !t.done);
    let blocked: Vec<(usize, usize)> = running.map(|(index, t)| (index, t.pc)).collect();
    if blocked.is_empty() { End::Final(values, w.output.clone()) } else { End::Deadlock(values, blocked) }
}
