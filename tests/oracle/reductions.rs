//! Reductions against the whole graph: the same outcomes, deadlocks, faults, races and verdicts.

use std::collections::BTreeSet;

use proptest::prelude::*;
use racevm::check::{Counting, Exploration, Verdict, explored};
use racevm::explore::{Fusion, Limits, Unwatched};
use racevm::program::{Models, Program};
use racevm::vm::{DEFAULT_BUFFER, Machine};

/// The observed values, and the blocked threads with their addresses.
type Deadlock = (Vec<Vec<i64>>, Vec<(u32, u32)>);

/// What has to survive a reduction.
#[derive(PartialEq, Eq, Debug)]
pub struct Survives {
    outcomes: BTreeSet<(Vec<Vec<i64>>, Vec<i64>)>,
    deadlocks: BTreeSet<Deadlock>,
    faults: BTreeSet<(String, u32, u32)>,
    races: BTreeSet<(u32, u32, u32)>,
    livelock: bool,
    verdicts: Vec<Verdict>,
}

impl Survives {
    fn of(program: &Program, found: &Exploration) -> Survives {
        let line = |at| program.line(at).number;
        let outcomes = found.outcomes.iter().map(|o| (o.values.clone(), o.output.clone()));
        let deadlocks = found
            .deadlocks
            .iter()
            .map(|d| (d.values.clone(), d.blocked.iter().map(|&(thread, at)| (thread.0, at.0)).collect()));
        let faults = found.faults.iter().map(|f| (f.message.clone(), f.thread.0, line(f.at)));
        let races = found.races.iter().map(|r| (r.cell, line(r.accesses[0].1), line(r.accesses[1].1)));
        Survives {
            outcomes: outcomes.collect(),
            deadlocks: deadlocks.collect(),
            faults: faults.collect(),
            races: races.collect(),
            livelock: !found.livelocks.is_empty(),
            verdicts: found.expectations.iter().map(|judged| judged.verdict).collect(),
        }
    }
}

/// Explores with fusion and without; returns how many states each took, `None` where fusion does not apply.
pub fn compare(program: &Program, models: Models, text: &str) -> Option<(u64, u64)> {
    let machine = Machine::new(program, models, DEFAULT_BUFFER).expect("small states");
    let fusion = Fusion::new(&machine)?;
    let limits = Limits { max_states: Some(50_000), max_memory: None };
    let whole = explored(&machine, None, &limits, Counting::WhereSmall, &mut Unwatched);
    if whole.search.cut.is_some() {
        return None;
    }
    never_says_no_when_cut(&machine, &whole, text);
    let fused = explored(&machine, Some(&fusion), &limits, Counting::WhereSmall, &mut Unwatched);
    assert_eq!(Survives::of(program, &fused), Survives::of(program, &whole), "under {models}:\n{text}");
    assert!(fused.search.states <= whole.search.states, "a reduction only takes away:\n{text}");
    Some((fused.search.states, whole.search.states))
}

/// Bodies with loops, spinning, private work and every way to stop, put together at random.
pub fn looping_program() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "    LOAD x\n    PUSH 1\n    ADD\n    STORE x\n",
        "    PUSH 2\n    STORE t\n    LOAD t\n    PUSH 3\n    MUL\n    STORE t\n",
        "  @spin:\n    LOAD x\n    JZ @spin\n",
        "  @try:\n    TRYLOCK m\n    JZ @try\n    LOAD y\n    STORE x\n    UNLOCK m\n",
        "    PUSH 2\n    STORE t\n  @loop:\n    LOAD t\n    PUSH 1\n    SUB\n    DUP\n    STORE t\n    JNZ @loop\n",
        "    LOCK m\n    LOAD x\n    PUSH 2\n    ADD\n    STORE x\n    UNLOCK m\n",
        "    LOAD x\n    ASSERT \"x\"\n",
        "    LOAD y\n    ASSUME\n",
        "    CHOOSE 0..1\n    JZ @skip\n    PUSH 5\n    STORE y\n  @skip:\n",
        "    PUSH 1\n    PUSH 0\n    DIV\n    STORE x\n",
        "    atomic\n    LOAD x\n    PUSH 1\n    ADD\n    STORE x\n    end\n    PUSH 1\n    POP\n",
        "    CALL f\n",
        "  @ever:\n    JMP @ever\n",
        "    SELF\n    DUP\n    MUL\n    PRINT\n",
        "    LOCK m\n    LOCK n\n    UNLOCK n\n    UNLOCK m\n",
        "    LOCK n\n    LOCK m\n    UNLOCK m\n    UNLOCK n\n",
        "    PUSH 1\n    XADD x\n    STORE t\n    LOAD own\n    PUSH 1\n    ADD\n    STORE own\n",
        "    LOCK m\n    WAIT c\n    UNLOCK m\n",
        "    LOCK m\n    NOTIFY c\n    UNLOCK m\n",
        "    JOIN B\n",
        "    HALT\n",
    ]);
    let body = prop::collection::vec(piece, 0..3);
    let claims = prop::sample::select(vec![
        "",
        "expect always x < 3\n",
        "expect never x == 2 and y == 5\n",
        "expect never count(A holds m) == 1 and x == 2\n",
        "expect possibly x == 4\nexpect no race on x\n",
    ]);
    (1..=2_u32, body.clone(), body.clone(), body, claims).prop_map(|(copies, a, b, f, claims)| {
        let mut text = String::from(
            "shared x = 0\nshared own = 0\natomic y = 0\nlocal t = 0\nmutex m\nmutex n\ncondition c on m\nobserve x, y, B.t\n",
        );
        let mut labels = 0;
        let mut add = |head: &str, pieces: &[&str]| {
            let mut body = String::new();
            for piece in pieces {
                labels += 1;
                body += &piece.replace('@', &format!("l{labels}_"));
            }
            text += &format!("{head}\n{body}end\n");
        };
        let f: Vec<&str> = f.into_iter().filter(|piece| !piece.contains("CALL")).collect();
        add("proc f", &f);
        add(&format!("thread A[{copies}]"), &a);
        add("thread B", &b);
        text + claims
    })
}

/// A search that is cut finds nothing that is not there, and holds nothing to be absent.
fn never_says_no_when_cut(machine: &Machine<'_>, whole: &Exploration, text: &str) {
    let program = machine.program();
    let everything = Survives::of(program, whole);
    for divisor in [2, 3, 7] {
        let limits = Limits { max_states: Some(1 + whole.search.states / divisor), max_memory: None };
        let cut = explored(machine, None, &limits, Counting::Nothing, &mut Unwatched);
        if cut.search.cut.is_none() {
            continue;
        }
        assert!(cut.search.states <= 1 + whole.search.states / divisor, "the limit is kept:\n{text}");
        let found = Survives::of(program, &cut);
        assert!(found.outcomes.is_subset(&everything.outcomes), "{text}");
        assert!(found.deadlocks.is_subset(&everything.deadlocks), "{text}");
        assert!(found.faults.is_subset(&everything.faults), "{text}");
        assert!(found.races.is_subset(&everything.races), "{text}");
        assert!(everything.livelock || !found.livelock, "{text}");
        for (cut, whole) in found.verdicts.iter().zip(&everything.verdicts) {
            assert!(*cut == Verdict::Unknown || cut == whole, "{cut:?} where it is {whole:?}:\n{text}");
        }
    }
}
