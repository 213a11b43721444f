//! Expectations that no execution of the code could break: what decides is the code alone, not how it runs.

use super::parts::looks_at_states;
use crate::program::{
    Binary, Body, Cell, CellRange, Claim, Expr, Instr, ObjectKind, OutcomeSet, Place, Program, ThreadId,
    VarKind,
};
use crate::vm::{AccessKind, accessed, cells_accessed};

/// Says why no execution could break a claim, if that is so.
pub(super) fn reason(program: &Program, claim: &Claim) -> Option<String> {
    let because = |is_so: bool, why: &str| is_so.then(|| why.to_owned());
    match claim {
        Claim::Always(expr) | Claim::Never(expr) | Claim::Finally(expr) | Claim::Possibly(expr) => {
            let wanted = !matches!(claim, Claim::Never(_));
            if range(program, expr).is_some_and(|range| range.is(wanted)) {
                return Some(format!("it is {wanted} whatever the values are"));
            }
            because(is_constant(program, expr), "nothing that it looks at is ever written")
        }
        Claim::Outcomes { cells, set } => {
            let is_small = match set {
                OutcomeSet::Scalars(ranges) => matches!(ranges.as_slice(), [(low, high)] if low == high),
                OutcomeSet::Tuples(tuples) => tuples.len() == 1,
            };
            let is_unwritten = cells.iter().all(|&cell| !is_written(program, cell));
            because(is_small && is_unwritten, "nothing that it looks at is ever written")
        }
        Claim::Deadlock(false) => because(!has(program, blocks), "no instruction can block"),
        Claim::Livelock(false) => because(!has_loop(program), "there is no loop"),
        Claim::Race(false, cells) => no_race(program, *cells),
        Claim::Fault(false, Some(text)) => {
            let is_possible = messages(program).any(|message| message.contains(text.as_str()));
            because(!is_possible, "no instruction has such a message")
        }
        _ => None,
    }
}

fn has(program: &Program, wanted: fn(Instr) -> bool) -> bool {
    program.code.iter().any(|&instr| wanted(instr))
}

fn blocks(instr: Instr) -> bool {
    matches!(
        instr,
        Instr::Lock(_)
            | Instr::RdLock(_)
            | Instr::WrLock(_)
            | Instr::Acquire(_)
            | Instr::Wait(_)
            | Instr::Put(_)
            | Instr::Get(_)
            | Instr::Join(_)
    )
}

fn has_loop(program: &Program) -> bool {
    program.code.iter().enumerate().any(|(at, instr)| match instr {
        Instr::Jmp(target) | Instr::Jz(target) | Instr::Jnz(target) => target.index() <= at,
        _ => false,
    })
}

/// Lists the messages of the faults that the instructions could have.
fn messages(program: &Program) -> impl Iterator<Item = &str> {
    let of = |wanted: fn(Instr) -> bool, message: &'static str| has(program, wanted).then_some(message);
    let plain = [
        of(|instr| instr == Instr::Assert(None), "assertion failed"),
        of(
            |instr| {
                matches!(
                    instr,
                    Instr::Add | Instr::Sub | Instr::Mul | Instr::Neg | Instr::Div | Instr::Xadd(_)
                )
            },
            "overflow",
        ),
        of(|instr| matches!(instr, Instr::Div | Instr::Mod), "division by zero"),
        of(Instr::takes_index, "index out of range"),
        of(|instr| matches!(instr, Instr::Shl | Instr::Shr), "shift count out of range"),
        of(|instr| matches!(instr, Instr::Unlock(_)), "unlock of a lock that is not held"),
        of(|instr| matches!(instr, Instr::Wait(_)), "wait without holding the lock"),
        of(|instr| matches!(instr, Instr::Release(_)), "release past the maximum"),
        of(|instr| matches!(instr, Instr::Start(_)), "thread started twice"),
        of(|instr| matches!(instr, Instr::Join(_)), "join of a thread that was not started"),
        of(|instr| matches!(instr, Instr::Print), "more than 64 values printed"),
    ];
    plain.into_iter().flatten().chain(program.texts.iter().map(String::as_str))
}

/// Says why no two threads could race on these cells, or on any.
fn no_race(program: &Program, cells: Option<CellRange>) -> Option<String> {
    let all = CellRange { base: 0, len: program.memory.len() as u32 };
    let CellRange { base, len } = cells.unwrap_or(all);
    let is_shared = |cell: u32| program.memory_variable(cell).kind == VarKind::Shared;
    if !(base..base + len).any(is_shared) {
        return Some("accesses to an `atomic` variable are no data race".to_owned());
    }
    let mut users = vec![0_u32; program.memory.len()];
    let mut writers = vec![false; program.memory.len()];
    for group in &program.groups {
        let uses = cells_accessed(program, &group.body, |_| true);
        let writes = cells_accessed(program, &group.body, |kind| kind != AccessKind::Read);
        for (cell, (uses, writes)) in uses.into_iter().zip(writes).enumerate() {
            users[cell] += if uses { group.copies } else { 0 };
            writers[cell] |= writes;
        }
    }
    let can_race = |cell: u32| is_shared(cell) && users[cell as usize] > 1 && writers[cell as usize];
    (!(base..base + len).any(can_race))
        .then(|| "no two threads access the same element, one of them writing".to_owned())
}

/// Returns true when some instruction can write a cell.
fn is_written(program: &Program, cell: Cell) -> bool {
    let bodies = program.groups.iter().map(|group| &group.body);
    match cell {
        Cell::Memory(cell) => bodies
            .into_iter()
            .any(|body| cells_accessed(program, body, |kind| kind != AccessKind::Read)[cell as usize]),
        Cell::Local(thread, cell) => writes_local(program, thread, cell),
    }
}

/// Looks through the thread's body and, for locals that all threads have, through the procs.
fn writes_local(program: &Program, thread: ThreadId, cell: u32) -> bool {
    let own = &program.group(thread).body;
    let procs = program.procs.iter().map(|proc| &proc.body).filter(|_| cell < program.thread_locals);
    let writes = |body: &Body| {
        program.code[body.entry.index()..body.end.index()].iter().any(|&instr| match accessed(instr) {
            None | Some((_, AccessKind::Read)) => false,
            Some((Place::Local(written), _)) => written == cell,
            Some((Place::LocalAt { base, len }, _)) => (base..base + len).contains(&cell),
            Some(_) => false,
        })
    };
    std::iter::once(own).chain(procs).any(writes)
}

/// Returns true when an expression has the same value in every state, because of the code.
fn is_constant(program: &Program, expr: &Expr) -> bool {
    let constant = |expr: &Expr| is_constant(program, expr);
    match expr {
        Expr::Number(_) => true,
        Expr::Cell(cell) => !is_written(program, *cell),
        Expr::Element { first, len, index } => {
            let cell = |offset| match *first {
                Cell::Memory(base) => Cell::Memory(base + offset),
                Cell::Local(thread, base) => Cell::Local(thread, base + offset),
            };
            constant(index) && (0..*len).all(|offset| !is_written(program, cell(offset)))
        }
        Expr::Neg(one) | Expr::Not(one) => constant(one),
        Expr::Binary(_, left, right) => constant(left) && constant(right),
        Expr::In(one, entries) => {
            let entry =
                |(low, high): &(Expr, Option<Expr>)| constant(low) && high.as_ref().is_none_or(constant);
            constant(one) && entries.iter().all(entry)
        }
        Expr::Len { .. } | Expr::Thread(..) | Expr::Count(..) => false,
    }
}

/// What an expression can be, whatever the state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Range {
    low: i64,
    high: i64,
}

impl Range {
    const TRUTH: Range = Range { low: 0, high: 1 };

    /// Returns true when it is true, or false, of all its values.
    fn is(self, wanted: bool) -> bool {
        if wanted { self.low > 0 || self.high < 0 } else { (self.low, self.high) == (0, 0) }
    }

    fn of_truth(can_be_false: bool, can_be_true: bool) -> Range {
        Range { low: i64::from(!can_be_false), high: i64::from(can_be_true) }
    }

    fn not(self) -> Range {
        Range::of_truth(!self.is(false), !self.is(true))
    }
}

/// Returns what an expression can be; `None` where it may have no value. Conditions on nothing but constants of
/// the program can be anything: they are there to switch a claim on for some of their values.
fn range(program: &Program, expr: &Expr) -> Option<Range> {
    if matches!(expr, Expr::Binary(..)) && !looks_at_states(expr) {
        return Some(Range::TRUTH);
    }
    let of = |expr: &Expr| range(program, expr);
    Some(match expr {
        Expr::Number(number) => Range { low: *number, high: *number },
        Expr::Cell(_) => Range { low: i64::MIN, high: i64::MAX },
        Expr::Element { .. } => return None,
        Expr::Len { first, index, .. } => match (program.objects[first.index()].kind, index) {
            (ObjectKind::Queue { max }, None) => Range { low: 0, high: i64::from(max) },
            _ => return None,
        },
        Expr::Neg(one) => {
            let Range { low, high } = of(one)?;
            Range { low: high.checked_neg()?, high: low.checked_neg()? }
        }
        Expr::Not(one) => of(one)?.not(),
        Expr::Binary(binary, left, right) => binary_range(*binary, left, right, of(left)?, of(right)?)?,
        Expr::In(..) => return None,
        Expr::Thread(..) => Range::TRUTH,
        Expr::Count(group, _) => Range { low: 0, high: i64::from(program.groups[group.index()].copies) },
    })
}

fn binary_range(binary: Binary, left: &Expr, right: &Expr, a: Range, b: Range) -> Option<Range> {
    let is_same = left == right;
    Some(match binary {
        Binary::Add => Range { low: a.low.checked_add(b.low)?, high: a.high.checked_add(b.high)? },
        Binary::Sub => Range { low: a.low.checked_sub(b.high)?, high: a.high.checked_sub(b.low)? },
        Binary::Mul | Binary::Div | Binary::Mod => return None,
        Binary::Eq => {
            let is_certain = is_same || a.low == a.high && a == b;
            Range::of_truth(!is_certain, a.low <= b.high && b.low <= a.high)
        }
        Binary::Ne => binary_range(Binary::Eq, left, right, a, b)?.not(),
        Binary::Lt => Range::of_truth(is_same || a.high >= b.low, !is_same && a.low < b.high),
        Binary::Ge => binary_range(Binary::Lt, left, right, a, b)?.not(),
        Binary::Gt => binary_range(Binary::Lt, right, left, b, a)?,
        Binary::Le => binary_range(Binary::Lt, right, left, b, a)?.not(),
        Binary::And => Range::of_truth(!(a.is(true) && b.is(true)), !(a.is(false) || b.is(false))),
        Binary::Or => Range::of_truth(!(a.is(true) || b.is(true)), !(a.is(false) && b.is(false))),
    })
}
