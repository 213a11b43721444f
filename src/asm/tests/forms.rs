//! Every form of the language page, and what it becomes.

use num_bigint::BigUint;

use super::program;
use crate::program::{
    Addr, Binary, Cell, CellRange, Claim, Expr, GroupId, Instr, MemoryModel, ObjectId, ObjectKind,
    OutcomeSet, Place, Predicate, ProcId, Program, Range, ScheduleCount, SwitchModel, TABLE, Target, TextId,
    ThreadId, Threads, VarKind,
};

#[test]
fn variables_get_their_cells_and_values() {
    let program = program(
        "const N = 3
shared x
shared y = 2 * N - 1
shared a[N + 1] = 7
local first = 9
atomic b[N] = {1, -2, 0x1F}
thread t[2]
    local own[2] = 4
    local other
    NOP
end
local second[2]
",
    );
    let shown: Vec<_> = program
        .variables
        .iter()
        .map(|variable| {
            (variable.name.as_str(), variable.kind, variable.base, variable.len, variable.is_array)
        })
        .collect();
    let own = VarKind::Own(GroupId(0));
    assert_eq!(
        shown,
        [
            ("x", VarKind::Shared, 0, 1, false),
            ("y", VarKind::Shared, 1, 1, false),
            ("a", VarKind::Shared, 2, 4, true),
            ("first", VarKind::ThreadLocal, 0, 1, false),
            ("b", VarKind::Atomic, 6, 3, true),
            ("own", own, 3, 2, true),
            ("other", own, 5, 1, false),
            ("second", VarKind::ThreadLocal, 1, 2, true),
        ]
    );
    assert_eq!(program.memory, [0, 5, 7, 7, 7, 7, 1, -2, 31]);
    assert_eq!(program.variables[5].init, [4, 4]);
    assert_eq!((program.thread_locals, program.groups[0].locals), (3, 6));
    let observed: Vec<_> = program.observed.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(observed, ["x", "y", "a", "b"]);
}

#[test]
fn objects_get_their_parameters() {
    let program = program(
        "mutex m
rlock r[2]
rwlock w
semaphore s = 2
semaphore bounded[2] = {1, 2} max 2
condition c[2] on r[1]
event e
event set[2] = {0, 1}
barrier b = 3
queue q[2] max 4
thread t
end
",
    );
    let kinds: Vec<ObjectKind> = program.objects.iter().map(|object| object.kind).collect();
    use ObjectKind::*;
    let condition = Condition { lock: ObjectId(2) };
    let bounded = |initial| Semaphore { initial, max: Some(2) };
    #[rustfmt::skip]
    assert_eq!(kinds, [
        Mutex, Rlock, Rlock, Rwlock, Semaphore { initial: 2, max: None }, bounded(1), bounded(2), condition, condition,
        Event { set: false }, Event { set: false }, Event { set: true }, Barrier { parties: 3 }, Queue { max: 4 },
        Queue { max: 4 },
    ]);
    assert_eq!(program.object_name(ObjectId(2)), "r[1]");
}

#[test]
fn threads_and_procs_get_their_bodies() {
    let program = program(
        "proc f
end
thread a[2] deferred
l: m: NOP
n:
end
thread b
end: YIELD
end
",
    );
    let [a, b] = program.groups.as_slice() else { panic!("two threads") };
    assert_eq!((a.first, a.copies, a.is_array, a.deferred), (ThreadId(0), 2, true, true));
    assert_eq!((b.first, b.copies, b.is_array, b.deferred), (ThreadId(2), 1, false, false));
    assert_eq!(program.threads, [GroupId(0), GroupId(0), GroupId(1)]);
    assert_eq!((a.body.entry, a.body.end), (Addr(1), Addr(2)));
    let labels: Vec<_> = a.body.labels.iter().map(|(name, at)| (name.as_str(), *at)).collect();
    assert_eq!(labels, [("l", Addr(1)), ("m", Addr(1)), ("n", Addr(2))]);
    assert_eq!(b.body.labels, [("end".to_owned(), Addr(3))]);
    assert_eq!(program.line(a.body.end).number, 6);
}

/// A program with everything that an instruction may name, and one instruction in a thread, before which
/// there are enough values on the stack.
fn with_instruction(instruction: &str) -> Program {
    program(&format!(
        "const N = 2
shared x
shared a[3]
local l
mutex m
mutex fork[N]
rwlock w
semaphore s = 1
condition c on m
event e
barrier b = 1
queue q max 1
proc f
end
thread t
    local own[2]
    PUSH 0
    PUSH 0
    PUSH 0
here:
    {instruction}
past:
end
thread d[3] deferred
end
"
    ))
}

/// The address of the instruction behind the empty proc and three `PUSH`es.
const AT: usize = 4;

#[test]
fn operands_become_ids() {
    let object = |number| Target::One(ObjectId(number));
    #[rustfmt::skip]
    let cases: &[(&str, Instr)] = &[
        ("PUSH -N * 3", Instr::Push(-6)),
        ("push -9223372036854775808", Instr::Push(i64::MIN)),
        ("LOAD x", Instr::Load(Place::Memory(0))),
        ("load a[N]", Instr::Load(Place::Memory(3))),
        ("STORE a[]", Instr::Store(Place::MemoryAt { base: 1, len: 3 })),
        ("LOAD l", Instr::Load(Place::Local(0))),
        ("XADD own[1]", Instr::Xadd(Place::Local(2))),
        ("CAS own[]", Instr::Cas(Place::LocalAt { base: 1, len: 2 })),
        ("XCHG x", Instr::Xchg(Place::Memory(0))),
        ("JMP here", Instr::Jmp(Addr(4))),
        ("JZ past", Instr::Jz(Addr(5))),
        ("CALL f", Instr::Call(ProcId(0))),
        ("LOCK m", Instr::Lock(object(0))),
        ("TRYLOCK fork[N - 1]", Instr::TryLock(object(2))),
        ("UNLOCK fork[]", Instr::Unlock(Target::At { base: ObjectId(1), len: 2 })),
        ("UNLOCK w", Instr::Unlock(object(3))),
        ("RELEASE s", Instr::Release(object(4))),
        ("WAIT c", Instr::Wait(object(5))),
        ("WAIT e", Instr::Wait(object(6))),
        ("WAIT b", Instr::Wait(object(7))),
        ("TRYGET q", Instr::TryGet(object(8))),
        ("START d", Instr::Start(Threads::All(GroupId(1)))),
        ("JOIN d[2]", Instr::Join(Threads::Copy(GroupId(1), 2))),
        ("START d[]", Instr::Start(Threads::At(GroupId(1)))),
        ("JOIN t", Instr::Join(Threads::All(GroupId(0)))),
        ("CHOOSE -1..N", Instr::Choose(Range { low: -1, high: 2 })),
        ("ASSERT", Instr::Assert(None)),
        ("ASSERT \"a; b\" ; c", Instr::Assert(Some(TextId(0)))),
        ("SELF", Instr::SelfIndex),
    ];
    for (text, instr) in cases {
        let program = with_instruction(text);
        assert_eq!(program.code[AT], *instr, "{text}");
    }
    assert_eq!(with_instruction("ASSERT \"a; b\"").texts, ["a; b"]);
}

#[test]
fn every_mnemonic_assembles() {
    for spec in TABLE {
        let operands =
            ["", " 1", " x", " a[]", " here", " f", " m", " w", " s", " c", " q", " e", " d", " 0..1"];
        let forms = operands.map(|operand| format!("{}{operand}", spec.mnemonic));
        let accepted = forms.iter().filter(|form| {
            let text = format!("{}\nproc p\n{form}\nhere:\nend\n", include_str!("declarations.rvm"));
            crate::asm::assemble("test.rvm", &text, &Default::default(), &crate::asm::NoFiles).is_ok()
        });
        assert!(accepted.count() >= 1, "{}", spec.mnemonic);
    }
}

#[test]
fn models_are_chosen_once() {
    let program = program("switch await\nmemory pso\nthread t\nend\n");
    assert_eq!((program.models.switch, program.models.memory), (SwitchModel::Await, MemoryModel::Pso));
}

#[test]
fn observe_lines_add_up() {
    let program = program(
        "shared x\nshared a[2]\nlocal l\nthread t[2]\nlocal own[2]\nend\nobserve a, x\nobserve t[1].l, x, a[1], t[0].own\n",
    );
    let shown: Vec<_> = program
        .observed
        .iter()
        .map(|entry| (entry.name.as_str(), entry.cells.as_slice(), entry.is_array))
        .collect();
    let local = |thread, cell| Cell::Local(ThreadId(thread), cell);
    assert_eq!(
        shown,
        [
            ("a", &[Cell::Memory(1), Cell::Memory(2)][..], true),
            ("x", &[Cell::Memory(0)][..], false),
            ("t[1].l", &[local(1, 0)][..], false),
            ("a[1]", &[Cell::Memory(2)][..], false),
            ("t[0].own", &[local(0, 1), local(0, 2)][..], true),
        ]
    );
}

/// The claim of an expectation in a program with some declarations.
fn claim(expectation: &str) -> Claim {
    let program = program(&format!(
        "const N = 2
shared x
shared a[3]
local l
mutex m
queue q max 1
queue p[2] max 1
thread t
top: NOP
out:
end
thread u[2]
    local r
end
expect {expectation}
"
    ));
    program.expectations[0].claim.clone()
}

#[test]
fn claims_are_resolved() {
    assert_eq!(claim("deadlock"), Claim::Deadlock(true));
    assert_eq!(claim("no livelock"), Claim::Livelock(false));
    assert_eq!(claim("race"), Claim::Race(true, None));
    assert_eq!(claim("no race on a"), Claim::Race(false, Some(CellRange { base: 1, len: 3 })));
    assert_eq!(claim("race on a[N]"), Claim::Race(true, Some(CellRange { base: 3, len: 1 })));
    assert_eq!(claim("fault \"zero\""), Claim::Fault(true, Some("zero".to_owned())));
    assert_eq!(claim("schedules = N * 35"), Claim::Schedules(ScheduleCount::Exactly(BigUint::from(70_u32))));
    assert_eq!(claim("schedules = infinite"), Claim::Schedules(ScheduleCount::Infinite));
    let Claim::Schedules(ScheduleCount::Exactly(count)) =
        claim("schedules = 107_508_733_336_176_461_620_000")
    else {
        panic!("a number")
    };
    assert_eq!(count.to_string(), "107508733336176461620000");
    let scalars = OutcomeSet::Scalars(vec![(-1, -1), (2, 10)]);
    assert_eq!(
        claim("outcomes u[1].r = {-1, N..10}"),
        Claim::Outcomes { cells: vec![Cell::Local(ThreadId(2), 1)], set: scalars }
    );
    assert_eq!(
        claim("outcomes (x, a[1]) = {(0, 1), (N, -N)}"),
        Claim::Outcomes {
            cells: vec![Cell::Memory(0), Cell::Memory(2)],
            set: OutcomeSet::Tuples(vec![vec![0, 1], vec![2, -2]]),
        }
    );
}

#[test]
fn expressions_are_resolved() {
    let number = |number| Expr::Number(number);
    let x = || Expr::Cell(Cell::Memory(0));
    let at = |thread, predicate| Expr::Thread(ThreadId(thread), predicate);
    let equals = |left, right| Expr::Binary(Binary::Eq, Box::new(left), Box::new(right));
    let element = |index| Expr::Element { first: Cell::Memory(1), len: 3, index: Box::new(index) };
    let cases = [
        ("x == N", equals(x(), number(2))),
        ("-x == a[N]", equals(Expr::Neg(Box::new(x())), Expr::Cell(Cell::Memory(3)))),
        ("a[x] == a[3]", equals(element(x()), element(number(3)))),
        (
            "t.l == u[N - 1].r",
            equals(Expr::Cell(Cell::Local(ThreadId(0), 0)), Expr::Cell(Cell::Local(ThreadId(2), 1))),
        ),
        ("len(q)", Expr::Len { first: ObjectId(1), count: 1, index: None }),
        ("len(p[1])", Expr::Len { first: ObjectId(3), count: 1, index: None }),
        ("len(p[x])", Expr::Len { first: ObjectId(2), count: 2, index: Some(Box::new(x())) }),
        ("x in {1, N..3}", Expr::In(Box::new(x()), vec![(number(1), None), (number(2), Some(number(3)))])),
        ("x not in {}", Expr::Not(Box::new(Expr::In(Box::new(x()), vec![])))),
        ("t at top", at(0, Predicate::At(Addr(0)))),
        ("t in top..out", at(0, Predicate::Within(Addr(0), Addr(1)))),
        ("u[1] done", at(2, Predicate::Done)),
        ("t holds m", at(0, Predicate::Holds(ObjectId(0)))),
        ("count(u done)", Expr::Count(GroupId(1), Predicate::Done)),
    ];
    for (text, expected) in cases {
        assert_eq!(claim(&format!("always {text}")), Claim::Always(expected), "{text}");
    }
}

#[test]
fn an_expectation_keeps_its_text_and_models() {
    let program = program("thread t\nend\nexpect\tunder gil,  tso   fault \"a  ; b\" ; why\n");
    let expectation = &program.expectations[0];
    assert_eq!(expectation.text, "expect under gil, tso fault \"a  ; b\"");
    assert_eq!((expectation.switch, expectation.memory), (Some(SwitchModel::Gil), Some(MemoryModel::Tso)));
    assert_eq!(expectation.line.number, 3);
}
