//! The stack heights of one body, by dataflow: every instruction is visited once, and every edge to it must
//! bring the same height.

use std::collections::HashSet;

use crate::program::{Addr, CodePlace, Instr, ProcId, Span};

use super::diagnostic::Diagnostic;
use super::limits;
use super::resolve::{CodeBody, CodeMap};
use super::verify::Summary;

/// A path into an instruction: the height it brings, and the instruction it comes from (`None` for the start
/// of the body).
type Path = (i32, Option<Addr>);

/// The search through one body.
pub(super) struct Flow<'c> {
    code: &'c [Instr],
    map: &'c CodeMap,
    summaries: &'c [Summary],
    places: &'c mut [CodePlace],
    body: &'c CodeBody,
    summary: Summary,
    /// For each instruction, where its height comes from.
    from: Vec<Option<Addr>>,
    work: Vec<Addr>,
    /// The first return of a proc.
    exit: Option<Path>,
    underflows: Vec<Diagnostic>,
    mismatches: Vec<Diagnostic>,
    /// The targets of `mismatches`; one report for each is enough.
    mismatched: HashSet<Addr>,
}

impl<'c> Flow<'c> {
    /// Finds the heights of a body, writes them into `places`, and returns the summary with what is wrong.
    pub fn solve(
        code: &'c [Instr],
        map: &'c CodeMap,
        summaries: &'c [Summary],
        places: &'c mut [CodePlace],
        body: &'c CodeBody,
    ) -> (Summary, Vec<Diagnostic>) {
        let mut flow = Flow {
            code,
            map,
            summaries,
            places,
            body,
            summary: Summary { is_sound: body.is_sound, ..Summary::default() },
            from: vec![None; (body.end.0 - body.entry.0) as usize],
            work: Vec::new(),
            exit: None,
            underflows: Vec::new(),
            mismatches: Vec::new(),
            mismatched: HashSet::new(),
        };
        if flow.summary.is_sound {
            flow.reach(body.entry, 0, None);
        }
        while let Some(addr) = flow.work.pop() {
            flow.step(addr);
        }
        flow.summary.effect = flow.exit.map(|(height, _)| height);
        if !flow.summary.is_sound {
            // A mistake that has been reported may be the cause of anything here.
            return (flow.summary, Vec::new());
        }
        // A height that is wrong already makes heights differ further down.
        let errors = if flow.underflows.is_empty() { flow.mismatches } else { flow.underflows };
        flow.summary.is_sound = errors.is_empty();
        (flow.summary, errors)
    }

    /// Takes a path to an instruction.
    fn reach(&mut self, addr: Addr, height: i32, from: Option<Addr>) {
        let known = self.places[addr.index()].height;
        if addr == self.body.end {
            // What is left at a thread's end does not matter.
            self.places[addr.index()].height = known.or(Some(height));
            if self.body.proc.is_some() {
                self.leave(height, from);
            }
            return;
        }
        match known {
            None => {
                self.places[addr.index()].height = Some(height);
                self.from[(addr.0 - self.body.entry.0) as usize] = from;
                self.work.push(addr);
            }
            Some(known) if known != height && !self.mismatched.contains(&addr) => {
                let first = (known, self.from[(addr.0 - self.body.entry.0) as usize]);
                let error = self.mismatch(addr, first, (height, from));
                self.mismatches.push(error);
                self.mismatched.insert(addr);
            }
            Some(_) => {}
        }
    }

    /// Takes a path out of a proc.
    fn leave(&mut self, height: i32, from: Option<Addr>) {
        match self.exit {
            None => self.exit = Some((height, from)),
            Some(first) if first.0 != height => {
                let error = self.exit_mismatch(first, (height, from));
                self.mismatches.push(error);
            }
            Some(_) => {}
        }
    }

    fn step(&mut self, addr: Addr) {
        let instr = self.code[addr.index()];
        let Some(before) = self.places[addr.index()].height else { return };
        let after = match instr {
            Instr::Call(proc) => self.call(addr, before, proc),
            _ => {
                let (pops, pushes) = (instr.pops() as i32, instr.pushes() as i32);
                let height = self.take(addr, before, pops, None);
                Some(height - pops + pushes)
            }
        };
        let Some(after) = after else { return };
        self.summary.highest = self.summary.highest.max(after);
        if self.summary.highest > limits::STACK || self.summary.lowest < -limits::STACK {
            let message = format!("the stack grows past {} values", limits::STACK);
            let error = Diagnostic::new("E0404", message, self.span(addr), "the bound is passed here");
            self.underflows.push(error);
            self.work.clear();
            return;
        }
        let next = Addr(addr.0 + 1);
        match instr {
            Instr::Halt => {}
            Instr::Ret => self.leave(after, Some(addr)),
            Instr::Jmp(target) => self.reach(target, after, Some(addr)),
            Instr::Jz(target) | Instr::Jnz(target) => {
                self.reach(target, after, Some(addr));
                self.reach(next, after, Some(addr));
            }
            _ => self.reach(next, after, Some(addr)),
        }
    }

    /// Applies a call; `None` when it does not come back.
    fn call(&mut self, addr: Addr, before: i32, proc: ProcId) -> Option<i32> {
        let callee = self.summaries[proc.index()];
        if !callee.is_sound {
            self.summary.is_sound = false;
            return None;
        }
        self.summary.calls = self.summary.calls.max(callee.calls + 1);
        let height = self.take(addr, before, -callee.lowest, callee.deepest);
        self.summary.highest = self.summary.highest.max(height + callee.highest);
        callee.effect.map(|effect| height + effect)
    }

    /// Takes values from the stack: in a proc as many as it likes, in a thread those that are there. Returns
    /// the height to go on with, which is enough for what is taken.
    fn take(&mut self, addr: Addr, height: i32, pops: i32, deepest: Option<Addr>) -> i32 {
        if height - pops < self.summary.lowest {
            self.summary.lowest = height - pops;
            self.summary.deepest = deepest.or(Some(addr));
        }
        if self.body.proc.is_some() || height >= pops {
            return height;
        }
        let error = self.underflow(addr, height, pops, deepest);
        self.underflows.push(error);
        pops
    }

    fn underflow(&self, addr: Addr, height: i32, pops: i32, deepest: Option<Addr>) -> Diagnostic {
        let instr = self.code[addr.index()];
        let there = match height {
            0 => "the stack is empty".to_owned(),
            1 => "the stack holds 1".to_owned(),
            _ => format!("the stack holds {height}"),
        };
        let values = if pops == 1 { "1 value".to_owned() } else { format!("{pops} values") };
        let span = self.span(addr);
        let name = instr.op().map_or("end", |op| op.spec().mnemonic);
        let error = Diagnostic::new("E0301", "stack underflow", span, format!("takes {values}, {there}"));
        match (instr, deepest) {
            (Instr::Call(proc), Some(deepest)) => {
                let body = self.map.bodies.iter().find(|body| body.proc == Some(proc));
                let name = body.map_or("", |body| body.name.as_str());
                error
                    .related(self.span(deepest), "the last of them is taken here")
                    .help(format!("`{name}` takes {values} that its caller must have left on the stack"))
            }
            _ if instr.takes_index() => {
                error.help(format!("`{name}` with `[]` takes its index from the top of the stack"))
            }
            _ => match instr.op() {
                Some(op) => error.help(format!("the stack effect of `{name}` is `{}`", op.spec().effect)),
                None => error,
            },
        }
    }

    fn mismatch(&self, at: Addr, first: Path, second: Path) -> Diagnostic {
        let (low, high) = (self.height_text(first.0), self.height_text(second.0));
        let mut error = Diagnostic::new(
            "E0302",
            "two paths come here with different stack heights",
            self.span(at),
            format!("reached with height {low} and with height {high}"),
        );
        for (text, from) in [(low, first.1), (high, second.1)] {
            let (place, how) = match from {
                None => (self.body.name_span, "at the start"),
                Some(from) if from.0 + 1 == at.0 => (self.span(from), "from here"),
                Some(from) => (self.span(from), "by this jump"),
            };
            if place != error.span {
                error = error.related(place, format!("{how} with height {text}"));
            }
        }
        error.help("the height of the stack at an instruction is the same on every path to it")
    }

    fn exit_mismatch(&self, first: Path, second: Path) -> Diagnostic {
        let place = |path: Path| path.1.map_or(self.body.name_span, |from| self.span(from));
        let label = |path: Path| format!("returns with height {} here", self.height_text(path.0));
        let message = format!("proc `{}` returns with different stack heights", self.body.name);
        Diagnostic::new("E0303", message, place(second), label(second))
            .related(place(first), label(first))
            .help("every return of a proc leaves the same height, counted from its `CALL`")
    }

    /// Writes a height; in a proc, where it is counted from the `CALL`, with its sign.
    fn height_text(&self, height: i32) -> String {
        if self.body.proc.is_some() && height != 0 { format!("{height:+}") } else { height.to_string() }
    }

    fn span(&self, addr: Addr) -> Span {
        self.map.spans[addr.index()]
    }
}
