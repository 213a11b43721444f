//! Independence: which steps can change places, whatever the threads that stand by may still do.
//!
//! What the reductions [`fusion`](super::fusion) and [`stubborn`](super::stubborn) build on. Before the search
//! each thread's code is looked at once (where it can go, what it can still do from each address on, and what
//! of that while somebody else holds a lock or has not finished); in a state that is refined by where the
//! threads are.

mod closure;
mod features;
mod flow;
mod future;
mod minded;
mod observers;
mod situation;

use features::Features;
use flow::Flow;
use future::{Bar, Code};
use observers::Observers;

use crate::program::{
    Addr, Instr, ObjectId, ObjectKind, Operand, Program, SwitchModel, ThreadId, Threads, VarKind,
};
use crate::vm::Machine;

pub(super) use situation::Situation;

/// The most threads of a program that is looked at.
const MOST_THREADS: usize = 64;

/// The most words of all tables: 64 MiB. A program that would take more is searched without bars or, where
/// that is still too much, without these reductions.
const MOST_WORDS: usize = 1 << 23;

/// What is known of a machine's threads before the search.
#[derive(Clone, Debug)]
pub struct Independence {
    features: Features,
    codes: Vec<Code>,
    /// The code of each thread: copies that never ask which they are share one.
    code_of: Vec<usize>,
    bars: Vec<Bar>,
    observers: Observers,
    /// For each memory cell, whether unordered accesses to it are data races.
    races: Vec<bool>,
    /// Whether a decision may be several steps away.
    runs: bool,
    every: bool,
    /// Whether what one thread does may decide how far another comes in the steps up to its next decision.
    cut_short: bool,
}

impl Independence {
    /// Looks at a machine; `None` where its program is too large for that.
    pub fn new(machine: &Machine<'_>) -> Option<Independence> {
        let program = machine.program();
        let features = Features::new(program);
        let (representatives, code_of) = classes(program);
        let mut bars = bars(program);
        let rows = program.code.len() * representatives.len() * features.words;
        if program.threads.len() > MOST_THREADS || rows.saturating_mul(8) > MOST_WORDS {
            return None;
        }
        let switch = machine.models().switch;
        let cut_short = may_be_cut_short(program, switch);
        if cut_short || rows.saturating_mul(bars.len() + 8) > MOST_WORDS {
            bars.clear();
        }
        let observers = Observers::new(machine, &features);
        let initial = machine.initial();
        let code = |&thread: &ThreadId| {
            let flow = Flow::new(machine, &initial, thread);
            let visible = observers.visible(machine, &flow, thread);
            Code::new(program, switch, &features, &flow, visible, &bars)
        };
        let codes = representatives.iter().map(code).collect();
        let is_shared = |cell| program.memory_variable(cell).kind == VarKind::Shared;
        let races = (0..program.memory.len() as u32).map(is_shared).collect();
        let every = switch == SwitchModel::Every;
        let runs = !every || !program.blocks.is_empty();
        Some(Independence { features, codes, code_of, bars, observers, races, runs, every, cut_short })
    }

    fn code(&self, thread: ThreadId) -> &Code {
        &self.codes[self.code_of[thread.index()]]
    }
}

/// Sorts threads into classes that run the same code in the same way. Where an expectation looks at single
/// threads, and where a copy can ask which it is, each is a class of its own.
fn classes(program: &Program) -> (Vec<ThreadId>, Vec<usize>) {
    let apart = program.code.contains(&Instr::SelfIndex) || !program.expectations.is_empty();
    let mut representatives: Vec<ThreadId> = Vec::new();
    let mut class_of = Vec::new();
    for thread in program.thread_ids() {
        let first = program.group(thread).first;
        if apart || thread == first {
            representatives.push(thread);
        }
        class_of.push(representatives.len() - 1);
    }
    (representatives, class_of)
}

/// Returns true when a thread may be blocked between two steps that no decision lies between. Then it matters to
/// it whether a lock is free when it comes there, not only when it takes it: no thread is kept out by a bar
/// without having noticed.
fn may_be_cut_short(program: &Program, switch: SwitchModel) -> bool {
    let blocks = |instr: &Instr| {
        let waits = matches!(instr, Instr::Lock(_) | Instr::RdLock(_) | Instr::WrLock(_) | Instr::Acquire(_));
        waits || matches!(instr, Instr::Wait(_) | Instr::Put(_) | Instr::Get(_) | Instr::Join(_))
    };
    if switch != SwitchModel::Every {
        return program.code.iter().any(blocks);
    }
    let in_block = |index: usize| program.places[index].block.is_some();
    let in_proc = |index: usize| {
        let addr = Addr(index as u32);
        program.procs.iter().any(|proc| (proc.body.entry..proc.body.end).contains(&addr))
    };
    let calls = program.code.iter().enumerate();
    let calls = calls.into_iter().any(|(index, instr)| in_block(index) && matches!(instr, Instr::Call(_)));
    let code = program.code.iter().enumerate();
    code.into_iter().any(|(index, instr)| blocks(instr) && (in_block(index) || (calls && in_proc(index))))
}

/// Lists what can keep threads out: locks, and threads that others wait for.
fn bars(program: &Program) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (index, object) in program.objects.iter().enumerate() {
        let lock = ObjectId(index as u32);
        match object.kind {
            ObjectKind::Mutex | ObjectKind::Rlock => bars.push(Bar::Lock(lock)),
            ObjectKind::Rwlock => bars.extend([Bar::Lock(lock), Bar::Reader(lock)]),
            _ => {}
        }
    }
    let joins = |thread: ThreadId| {
        let group = program.threads[thread.index()];
        program.code.iter().any(|instr| match (instr, instr.operand()) {
            (Instr::Join(_), Operand::Threads(threads)) => {
                let (Threads::All(of) | Threads::Copy(of, _) | Threads::At(of)) = threads;
                of == group
            }
            _ => false,
        })
    };
    bars.extend(program.thread_ids().filter(|&thread| joins(thread)).map(Bar::Life));
    bars
}
