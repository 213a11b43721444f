//! Dead values: what nobody will read any more is forgotten, so that states which differ in nothing else are
//! one.
//!
//! Locals and places on the stack: the textbook's backward liveness (Aho, Lam, Sethi and Ullman, "Compilers",
//! §9.2.5) over the code, with one refinement: what is only copied to where it is dead is dead itself. A proc
//! is looked at once for all its calls. Memory and synchronization objects: what no thread can still read, or
//! touch, from where it is. (Holzmann, "The Engineering of a Model Checker: the Gnu i-Protocol Case Study
//! Revisited", SPIN 1999, on resetting dead variables; Bozga, Fernandez and Ghirvu, "State Space Reduction
//! Based on Live Variables Analysis", 1999.)
//!
//! SOUND: two states that differ in dead values only take the same steps to states that differ in dead values
//! only (a strong bisimulation), and nothing that is shown or asked for is among them: what the program
//! observes, and every cell and object of an expectation, is never dead. Conditions and barriers are left
//! alone, because threads that wait there do not touch them again.

use super::independence::Situation;
use crate::program::{
    Addr, Cell, Claim, Expr, Group, Instr, ObjectId, ObjectKind, Place, Predicate, Program, ThreadId,
};
use crate::vm::{Machine, State};

/// What is dead where.
#[derive(Clone, Debug)]
pub(super) struct Dead {
    /// For each group, the liveness of its threads' locals and stack.
    liveness: Vec<Liveness>,
    /// For each thread, the locals that are shown or asked for.
    kept_locals: Vec<Vec<bool>>,
    /// For each memory cell and each object, whether it may be forgotten.
    cells: Vec<bool>,
    objects: Vec<bool>,
}

/// For each address a set of locals and, behind them, places on the stack.
#[derive(Clone, Debug)]
struct Liveness {
    locals: usize,
    /// The locals that are shown or asked for, of any copy.
    kept: Vec<bool>,
    len: usize,
    live: Vec<bool>,
}

impl Dead {
    pub fn new(machine: &Machine<'_>) -> Dead {
        let program = machine.program();
        let mut kept = Kept::new(program);
        for cell in program.observed.iter().flat_map(|observed| &observed.cells) {
            kept.keep(*cell, 1);
        }
        for expectation in program.expectations.iter().filter(|e| e.applies(machine.models())) {
            kept.keep_claim(&expectation.claim);
        }
        let forgettable = |(index, object): (usize, &crate::program::Object)| {
            let waits = matches!(object.kind, ObjectKind::Condition { .. } | ObjectKind::Barrier { .. });
            !kept.objects[index] && !waits
        };
        let objects = program.objects.iter().enumerate().map(forgettable).collect();
        let liveness = |group: &Group| {
            let copies = &kept.locals[group.first.index()..(group.first.0 + group.copies) as usize];
            let any = |cell| copies.iter().any(|kept| kept[cell]);
            Liveness::new(program, group, (0..group.locals as usize).map(any).collect())
        };
        let liveness = program.groups.iter().map(liveness).collect();
        Dead {
            liveness,
            kept_locals: kept.locals,
            cells: kept.cells.iter().map(|kept| !kept).collect(),
            objects,
        }
    }

    /// Sets everything that is dead in a state to zero.
    pub fn forget(&self, machine: &Machine<'_>, situation: &mut Situation<'_, '_>, state: &mut State) {
        self.forget_locals(machine, state);
        situation.reset();
        for (cell, _) in self.cells.iter().enumerate().filter(|&(_, &forgettable)| forgettable) {
            if state.words()[cell] != 0 && !situation.can_be_read(state, cell as u32) {
                state.words_mut()[cell] = 0;
            }
        }
        for (index, _) in self.objects.iter().enumerate().filter(|&(_, &forgettable)| forgettable) {
            let object = ObjectId(index as u32);
            let words = machine.layout().object_words(object);
            let is_used = state.words()[words.clone()].iter().any(|&word| word != 0);
            if is_used && !situation.can_be_touched(state, object) {
                state.words_mut()[words].fill(0);
            }
        }
    }

    /// Sets the dead locals and places on the stack of every thread to zero.
    pub fn forget_locals(&self, machine: &Machine<'_>, state: &mut State) {
        for thread in machine.program().thread_ids() {
            self.forget_own(machine, state, thread);
        }
    }

    fn forget_own(&self, machine: &Machine<'_>, state: &mut State, thread: ThreadId) {
        let program = machine.program();
        let kept = &self.kept_locals[thread.index()];
        let liveness = &self.liveness[program.threads[thread.index()].index()];
        let body = &program.group(thread).body;
        let pc = match machine.pc(state, thread) {
            Some(pc) => pc,
            None if machine.is_started(state, thread) => body.end,
            None => body.entry,
        };
        let row = liveness.row(pc);
        for cell in (0..liveness.locals).filter(|&cell| !row[cell] && !kept[cell]) {
            let at = machine.layout().local(thread, cell as u32);
            state.words_mut()[at] = 0;
        }
        let in_body = machine.depth(state, thread) == 0;
        if let Some(height) = program.places[pc.index()].height.filter(|_| in_body && pc != body.end) {
            for place in (0..height as usize).filter(|&place| !row[liveness.locals + place]) {
                let at = machine.layout().stack(thread, place as u32);
                state.words_mut()[at] = 0;
            }
        }
    }
}

/// What is shown or asked for.
struct Kept {
    cells: Vec<bool>,
    objects: Vec<bool>,
    locals: Vec<Vec<bool>>,
}

impl Kept {
    fn new(program: &Program) -> Kept {
        let locals = |thread| vec![false; program.group(thread).locals as usize];
        Kept {
            cells: vec![false; program.memory.len()],
            objects: vec![false; program.objects.len()],
            locals: program.thread_ids().map(locals).collect(),
        }
    }

    fn keep(&mut self, first: Cell, len: u32) {
        let (cells, base) = match first {
            Cell::Memory(base) => (&mut self.cells, base),
            Cell::Local(thread, base) => (&mut self.locals[thread.index()], base),
        };
        cells[base as usize..(base + len) as usize].fill(true);
    }

    fn keep_claim(&mut self, claim: &Claim) {
        match claim {
            Claim::Always(expr) | Claim::Never(expr) | Claim::Finally(expr) | Claim::Possibly(expr) => {
                self.keep_expr(expr);
            }
            Claim::Outcomes { cells, .. } => cells.iter().for_each(|&cell| self.keep(cell, 1)),
            Claim::Deadlock(_)
            | Claim::Race(..)
            | Claim::Livelock(_)
            | Claim::Fault(..)
            | Claim::Schedules(_) => {}
        }
    }

    fn keep_expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Number(_) => {}
            Expr::Cell(cell) => self.keep(*cell, 1),
            Expr::Element { first, len, index } => {
                self.keep(*first, *len);
                self.keep_expr(index);
            }
            Expr::Len { first, count, index } => {
                self.objects[first.index()..first.index() + *count as usize].fill(true);
                if let Some(index) = index {
                    self.keep_expr(index);
                }
            }
            Expr::Neg(operand) | Expr::Not(operand) => self.keep_expr(operand),
            Expr::Binary(_, left, right) => {
                self.keep_expr(left);
                self.keep_expr(right);
            }
            Expr::In(operand, entries) => {
                self.keep_expr(operand);
                for (low, high) in entries {
                    self.keep_expr(low);
                    if let Some(high) = high {
                        self.keep_expr(high);
                    }
                }
            }
            Expr::Thread(_, predicate) | Expr::Count(_, predicate) => {
                if let Predicate::Holds(lock) = predicate {
                    self.objects[lock.index()] = true;
                }
            }
        }
    }
}

impl Liveness {
    fn new(program: &Program, group: &Group, kept: Vec<bool>) -> Liveness {
        let locals = group.locals as usize;
        let len = locals + program.max_stack as usize;
        let mut liveness = Liveness { locals, kept, len, live: vec![false; program.code.len() * len] };
        let bodies: Vec<_> = called(program, group);
        let mut row = vec![false; len];
        let mut changed = true;
        while changed {
            changed = false;
            for (body, proc) in &bodies {
                for index in (body.entry.index()..=body.end.index()).rev() {
                    let addr = Addr(index as u32);
                    row.fill(false);
                    let is_end = matches!(program.instr(addr), Instr::End | Instr::Ret);
                    match proc {
                        Some(proc) if is_end => liveness.add_callers(program, &bodies, *proc, &mut row),
                        _ => liveness.add_step(program, addr, proc.is_none(), &mut row),
                    }
                    let known = &mut liveness.live[index * len..][..len];
                    if *known != row[..] {
                        known.copy_from_slice(&row);
                        changed = true;
                    }
                }
            }
        }
        liveness
    }

    fn row(&self, addr: Addr) -> &[bool] {
        &self.live[addr.index() * self.len..][..self.len]
    }

    fn add(&self, addr: Addr, row: &mut [bool]) {
        for (word, &more) in row.iter_mut().zip(self.row(addr)) {
            *word |= more;
        }
    }

    /// Adds the locals that are live behind some call of a proc.
    fn add_callers(&self, program: &Program, bodies: &[Called<'_>], proc: usize, row: &mut [bool]) {
        for (body, _) in bodies {
            for index in body.entry.index()..body.end.index() {
                if program.code[index] == Instr::Call(crate::program::ProcId(proc as u32)) {
                    self.add(Addr(index as u32 + 1), row);
                }
            }
        }
        row[self.locals..].fill(false);
    }

    /// Computes what is live before an instruction from what is live behind it. The stack is looked at in the
    /// thread's own body only: in a proc all of it counts as live.
    fn add_step(&self, program: &Program, addr: Addr, in_thread: bool, row: &mut [bool]) {
        let instr = program.instr(addr);
        let behind = Addr(addr.0 + 1);
        match instr {
            Instr::End | Instr::Halt => return,
            Instr::Jmp(target) => self.add(target, row),
            Instr::Jz(target) | Instr::Jnz(target) => {
                self.add(target, row);
                self.add(behind, row);
            }
            Instr::Call(proc) => self.add(program.procs[proc.index()].body.entry, row),
            Instr::Ret => {}
            _ => self.add(behind, row),
        }
        match program.places[addr.index()].height {
            Some(height) if in_thread => self.before(instr, self.locals + height as usize, row),
            _ => self.before_in_proc(instr, row),
        }
    }

    /// Turns what is live behind an instruction into what is live before it; `top` is the place behind the
    /// topmost value then.
    fn before(&self, instr: Instr, top: usize, row: &mut [bool]) {
        match instr {
            Instr::Pop => {}
            Instr::Dup => row[top - 1] |= row[top],
            Instr::Over => row[top - 2] |= row[top],
            Instr::Swap => return row.swap(top - 1, top - 2),
            Instr::Load(Place::Local(cell)) => row[cell as usize] |= row[top],
            Instr::Store(Place::Local(cell)) => {
                let is_live = std::mem::take(&mut row[cell as usize]);
                row[top - 1] = is_live || self.kept[cell as usize];
            }
            Instr::Call(_) => row[self.locals..top].fill(true),
            _ => {
                let taken = top - instr.pops() as usize;
                row[taken..].fill(false);
                row[taken..top].fill(true);
                self.add_locals_read(instr, row);
                return;
            }
        }
        row[if instr == Instr::Pop { top - 1 } else { top }..].fill(false);
    }

    fn before_in_proc(&self, instr: Instr, row: &mut [bool]) {
        match instr {
            Instr::Load(Place::Local(cell)) => row[cell as usize] = true,
            Instr::Store(Place::Local(cell)) => row[cell as usize] = false,
            _ => self.add_locals_read(instr, row),
        }
    }

    fn add_locals_read(&self, instr: Instr, row: &mut [bool]) {
        match instr {
            Instr::Load(place) | Instr::Cas(place) | Instr::Xadd(place) | Instr::Xchg(place) => match place {
                Place::Local(cell) => row[cell as usize] = true,
                Place::LocalAt { base, len } => row[base as usize..(base + len) as usize].fill(true),
                Place::Memory(_) | Place::MemoryAt { .. } => {}
            },
            _ => {}
        }
    }
}

/// A body with the proc it belongs to, if it belongs to one.
type Called<'p> = (&'p crate::program::Body, Option<usize>);

/// Lists the bodies that a group's threads can execute: their own, and those of all procs.
fn called<'p>(program: &'p Program, group: &'p Group) -> Vec<Called<'p>> {
    let procs = program.procs.iter().enumerate().map(|(index, proc)| (&proc.body, Some(index)));
    std::iter::once((&group.body, None)).chain(procs).collect()
}
