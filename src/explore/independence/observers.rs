//! Observers: what the expectations look at in every reachable state, as if somebody stood by and looked.
//!
//! An `expect always` or `never` is a process that only reads. A step that changes what it reads conflicts
//! with it, so it keeps that step from being taken for one that nobody sees.

use super::features::{Features, add, of};
use crate::program::{Addr, Cell, Claim, Expr, Instr, ObjectId, ObjectKind, Place, Predicate, ThreadId};
use crate::vm::Machine;

use super::flow::Flow;

/// One expectation that looks at every reachable state.
#[derive(Clone, Debug)]
pub(super) struct Observer {
    /// What it has: steps that mind it change what it looks at.
    pub has: Vec<u64>,
    /// What it minds: whoever can do that can change what it looks at.
    pub minds: Vec<u64>,
}

/// The observers of a machine, and what they look at in single threads.
#[derive(Clone, Debug, Default)]
pub(super) struct Observers {
    pub all: Vec<Observer>,
    /// The questions about the positions of threads.
    positions: Vec<(ThreadId, Predicate)>,
    /// The locals that are looked at.
    locals: Vec<(ThreadId, u32)>,
}

impl Observers {
    pub fn new(machine: &Machine<'_>, features: &Features) -> Observers {
        let mut observers = Observers::default();
        let program = machine.program();
        for expectation in program.expectations.iter().filter(|e| e.applies(machine.models())) {
            if let Claim::Always(expr) | Claim::Never(expr) = &expectation.claim {
                let empty = || vec![0; features.words];
                let mut observer = Observer { has: empty(), minds: empty() };
                observers.look(machine, features, expr, &mut observer);
                observers.all.push(observer);
            }
        }
        observers
    }

    fn look(&mut self, machine: &Machine<'_>, features: &Features, expr: &Expr, observer: &mut Observer) {
        let program = machine.program();
        match expr {
            Expr::Number(_) => {}
            Expr::Cell(cell) => self.look_at_cells(features, *cell, 1, observer),
            Expr::Element { first, len, index } => {
                self.look_at_cells(features, *first, *len, observer);
                self.look(machine, features, index, observer);
            }
            Expr::Len { first, count, index } => {
                for object in (first.0..first.0 + count).map(ObjectId) {
                    add(&mut observer.has, features.object(object, of::LEN));
                    add(&mut observer.minds, features.object(object, of::PUT));
                    add(&mut observer.minds, features.object(object, of::GET));
                }
                if let Some(index) = index {
                    self.look(machine, features, index, observer);
                }
            }
            Expr::Neg(operand) | Expr::Not(operand) => self.look(machine, features, operand, observer),
            Expr::Binary(_, left, right) => {
                self.look(machine, features, left, observer);
                self.look(machine, features, right, observer);
            }
            Expr::In(operand, entries) => {
                self.look(machine, features, operand, observer);
                for (low, high) in entries {
                    self.look(machine, features, low, observer);
                    if let Some(high) = high {
                        self.look(machine, features, high, observer);
                    }
                }
            }
            Expr::Thread(thread, predicate) => self.ask(features, [*thread], *predicate, observer),
            Expr::Count(group, predicate) => {
                let group = &program.groups[group.index()];
                let copies = (0..group.copies).map(|copy| ThreadId(group.first.0 + copy));
                self.ask(features, copies, *predicate, observer);
            }
        }
    }

    fn look_at_cells(&mut self, features: &Features, first: Cell, len: u32, observer: &mut Observer) {
        match first {
            Cell::Memory(base) => {
                for cell in base..base + len {
                    add(&mut observer.has, features.read(cell));
                    add(&mut observer.minds, features.write(cell));
                }
            }
            Cell::Local(thread, base) => {
                self.locals.extend((base..base + len).map(|cell| (thread, cell)));
                look_at_positions(features, observer);
            }
        }
    }

    fn ask(
        &mut self,
        features: &Features,
        threads: impl IntoIterator<Item = ThreadId>,
        predicate: Predicate,
        observer: &mut Observer,
    ) {
        if let Predicate::Holds(lock) = predicate {
            add(&mut observer.has, features.object(lock, of::HELD));
            for feature in [of::TAKE, of::TRY, of::GIVE] {
                add(&mut observer.minds, features.object(lock, feature));
            }
            return;
        }
        self.positions.extend(threads.into_iter().map(|thread| (thread, predicate)));
        look_at_positions(features, observer);
    }

    /// Returns, for each address, whether a thread's step there can change an answer about its position, about
    /// its locals, or about other threads that the step moves.
    pub fn visible(&self, machine: &Machine<'_>, flow: &Flow, thread: ThreadId) -> Vec<bool> {
        let program = machine.program();
        let visible = |index: usize| {
            let (addr, instr) = (Addr(index as u32), program.code[index]);
            let moves_others = match instr {
                Instr::Start(_) => true,
                Instr::Wait(_) => {
                    program.objects.iter().any(|o| matches!(o.kind, ObjectKind::Barrier { .. }))
                }
                _ => false,
            };
            (moves_others && !self.positions.is_empty())
                || self.locals.iter().any(|&(of, cell)| of == thread && writes_local(instr, cell))
                || self
                    .positions
                    .iter()
                    .any(|&(of, predicate)| of == thread && changes(machine, flow, thread, addr, predicate))
        };
        (0..program.code.len()).map(|index| flow.reached[index] && visible(index)).collect()
    }
}

fn look_at_positions(features: &Features, observer: &mut Observer) {
    add(&mut observer.has, features.position);
    add(&mut observer.minds, features.position);
}

fn writes_local(instr: Instr, cell: u32) -> bool {
    match instr {
        Instr::Store(place) | Instr::Cas(place) | Instr::Xadd(place) | Instr::Xchg(place) => match place {
            Place::Local(written) => written == cell,
            Place::LocalAt { base, len } => (base..base + len).contains(&cell),
            Place::Memory(_) | Place::MemoryAt { .. } => false,
        },
        _ => false,
    }
}

/// Returns true when the step at an address can change the answer to a question about the thread's position.
fn changes(machine: &Machine<'_>, flow: &Flow, thread: ThreadId, addr: Addr, predicate: Predicate) -> bool {
    let program = machine.program();
    let body = &program.group(thread).body;
    let instr = program.instr(addr);
    let next = &flow.next[addr.index()];
    let ends = |to: &Addr| matches!(program.instr(*to), Instr::End);
    let leaves = matches!(instr, Instr::Ret | Instr::Halt) || next.iter().any(ends);
    if !(body.entry..body.end).contains(&addr) || leaves {
        return leaves;
    }
    match predicate {
        Predicate::At(to) => to == addr || next.contains(&to),
        Predicate::Within(from, to) => {
            let inside = |addr: Addr| (from..to).contains(&addr);
            next.iter().any(|&to| inside(to) != inside(addr))
        }
        Predicate::Done | Predicate::Holds(_) => false,
    }
}
