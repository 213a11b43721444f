//! Stack heights: the height before every instruction, the same on every path, so that a state's size is
//! known before the run.
//!
//! Each body is solved once by dataflow. Procs come first, callees before callers: a proc's heights are
//! counted from its `CALL`, and what callers need of it is its [`Summary`]. The order exists because procs
//! do not recurse, which is checked first. All searches keep their own stacks; the cost is linear in the
//! code.

use crate::program::{Addr, CodePlace, Instr, ProcId, Program, Span};

use super::diagnostic::Diagnostic;
use super::heights::Flow;
use super::limits;
use super::resolve::{CodeBody, CodeMap};

/// What a call of a proc does to the stack.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    /// By how much it raises the stack; `None` when it never returns.
    pub effect: Option<i32>,
    /// The values it takes from below, at most 0.
    pub lowest: i32,
    /// The instruction that reaches deepest.
    pub deepest: Option<Addr>,
    /// The highest it rises above its start.
    pub highest: i32,
    /// The deepest chain of calls inside it, its own excluded.
    pub calls: u32,
    /// False when the heights in it mean nothing, for a mistake that has been reported.
    pub is_sound: bool,
}

struct Verifier<'c> {
    code: &'c [Instr],
    map: &'c CodeMap,
    places: Vec<CodePlace>,
    summaries: Vec<Summary>,
    errors: Vec<Diagnostic>,
}

/// Finds the stack heights of a program and writes them into it; returns what is wrong with them.
pub(super) fn verify(program: &mut Program, map: &CodeMap) -> Vec<Diagnostic> {
    let mut verifier = Verifier {
        code: &program.code,
        map,
        places: std::mem::take(&mut program.places),
        summaries: vec![Summary::default(); program.procs.len()],
        errors: Vec::new(),
    };
    let procs: Vec<&CodeBody> = map.bodies.iter().filter(|body| body.proc.is_some()).collect();
    for proc in verifier.callees_first(&procs) {
        let body = procs[proc.index()];
        let summary = verifier.body(body);
        verifier.summaries[proc.index()] = summary;
        program.procs[proc.index()].effect = summary.effect;
    }
    let mut words = 0_u64;
    let mut widest = &Span::default();
    for body in map.bodies.iter().filter(|body| body.proc.is_none()) {
        let summary = verifier.body(body);
        program.max_stack = program.max_stack.max(summary.highest.unsigned_abs());
        program.max_calls = program.max_calls.max(summary.calls);
        let group = &program.groups[body.group];
        let locals = u64::from(group.locals) * u64::from(group.copies);
        if locals >= words {
            widest = &body.name_span;
        }
        words += locals;
    }
    let shared = u64::from(program.max_stack) + u64::from(program.max_calls);
    words += shared * program.threads.len() as u64;
    if words > limits::THREAD_WORDS && verifier.errors.is_empty() {
        let message = format!(
            "the threads take {words} words together, and at most {} are supported",
            limits::THREAD_WORDS
        );
        let error = Diagnostic::new("E0403", message, *widest, "this thread takes the most")
            .help("every thread has its locals, and room for the highest stack and the deepest calls");
        verifier.errors.push(error);
    }
    program.places = verifier.places;
    verifier.errors
}

impl Verifier<'_> {
    /// Orders the procs so that each comes after all that it calls; reports those that recurse.
    fn callees_first(&mut self, procs: &[&CodeBody]) -> Vec<ProcId> {
        #[derive(Clone, Copy, PartialEq)]
        enum Progress {
            Untouched,
            Open,
            Done,
        }
        let mut progress = vec![Progress::Untouched; procs.len()];
        let mut order = Vec::with_capacity(procs.len());
        for first in 0..procs.len() {
            if progress[first] != Progress::Untouched {
                continue;
            }
            progress[first] = Progress::Open;
            // The open procs, each with the address up to which its calls have been followed.
            let mut stack = vec![(first, procs[first].entry)];
            while let Some((proc, at)) = stack.last_mut() {
                let (caller, call) = (*proc, *at);
                if call == procs[caller].end {
                    progress[caller] = Progress::Done;
                    order.push(ProcId(caller as u32));
                    stack.pop();
                    continue;
                }
                at.0 += 1;
                let Instr::Call(callee) = self.code[call.index()] else { continue };
                match progress[callee.index()] {
                    Progress::Done => {}
                    Progress::Untouched => {
                        progress[callee.index()] = Progress::Open;
                        stack.push((callee.index(), procs[callee.index()].entry));
                    }
                    Progress::Open => {
                        let open = stack.iter().map(|(proc, at)| (*proc, Addr(at.0 - 1)));
                        let circle: Vec<_> = open.skip_while(|(proc, _)| *proc != callee.index()).collect();
                        self.recursion(procs, callee, &circle);
                    }
                }
            }
        }
        order
    }

    /// Reports a circle of calls: each proc of it with the address of its call, the last of `callee`.
    fn recursion(&mut self, procs: &[&CodeBody], callee: ProcId, circle: &[(usize, Addr)]) {
        let Some(((_, last), before)) = circle.split_last() else { return };
        let name = &procs[callee.index()].name;
        let message = format!("proc `{name}` calls itself");
        let mut error = Diagnostic::new("E0304", message, self.span(*last), "closes the circle of calls");
        for (proc, call) in before.iter().take(5) {
            error = error.related(self.span(*call), format!("called from `{}` here", procs[*proc].name));
        }
        self.errors.push(error.help("procs cannot recurse, so that a state's size is known before the run"));
    }

    /// Solves one body and reports what is wrong in it.
    fn body(&mut self, body: &CodeBody) -> Summary {
        let (summary, errors) = Flow::solve(self.code, self.map, &self.summaries, &mut self.places, body);
        self.errors.extend(errors);
        summary
    }

    fn span(&self, addr: Addr) -> Span {
        self.map.spans[addr.index()]
    }
}
