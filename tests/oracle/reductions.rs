//! Reductions against the whole graph: the same outcomes, deadlocks, faults, races and verdicts.

use std::collections::BTreeSet;

use proptest::prelude::*;
use racevm::check::{Counting, Exploration, Verdict, explored};
use racevm::explore::{Limits, Reduction, Reductions, Unwatched};
use racevm::program::{Models, Program};
use racevm::vm::{DEFAULT_BUFFER, Machine};

use crate::witnesses;

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
    pub fn of(program: &Program, found: &Exploration) -> Survives {
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

/// Some combinations of reductions, others for other programs; all of them last.
fn combinations(text: &str) -> impl Iterator<Item = Reductions> {
    let seed = text.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let bits = [seed % 16, seed / 16 % 16, seed / 256 % 16, 15].into_iter().filter(|&bits| bits > 0);
    bits.map(|bits| Reductions {
        fusion: bits & 1 != 0,
        stubborn: bits & 2 != 0,
        dead: bits & 4 != 0,
        symmetry: bits & 8 != 0,
    })
}

/// Explores with combinations of reductions and with none; returns how many states it took with all and
/// with none, `None` where there are too many.
pub fn compare(program: &Program, models: Models, text: &str) -> Option<(u64, u64)> {
    let machine = Machine::new(program, models, DEFAULT_BUFFER).expect("small states");
    let limits = Limits { max_states: Some(50_000), max_memory: None };
    let whole = explored(&machine, None, &limits, Counting::WhereSmall, &mut Unwatched);
    if whole.search.cut.is_some() {
        return None;
    }
    let reduction = Reduction::new(&machine, Reductions::ALL);
    never_says_no_when_cut(&machine, None, &whole, text);
    never_says_no_when_cut(&machine, reduction.as_ref(), &whole, text);
    let expected = Survives::of(program, &whole);
    let mut states = whole.search.states;
    for wanted in combinations(text) {
        let reduction = Reduction::new(&machine, wanted).expect("the program is small");
        let limits = Limits { max_states: Some(200_000), max_memory: None };
        let found = explored(&machine, Some(&reduction), &limits, Counting::WhereSmall, &mut Unwatched);
        assert_eq!(Survives::of(program, &found), expected, "{wanted:?} under {models}:\n{text}");
        witnesses::replay_all(&machine, &found, text);
        states = found.search.states;
    }
    assert!(states <= whole.search.states, "reductions only take away:\n{text}");
    Some((states, whole.search.states))
}

/// Pieces of bodies: loops, spinning, private work, every kind of object and every way to stop. `@` becomes a
/// prefix of labels.
const PIECES: &[&str] = &[
    "    LOAD x\n    PUSH 1\n    ADD\n    STORE x\n",
    "    PUSH 2\n    STORE t\n    LOAD t\n    PUSH 3\n    MUL\n    STORE t\n",
    "  @spin:\n    LOAD x\n    JZ @spin\n",
    "  @spin:\n    LOAD y\n    PUSH 2\n    NE\n    JZ @spin\n",
    "  @try:\n    TRYLOCK m\n    JZ @try\n    LOAD y\n    STORE x\n    UNLOCK m\n",
    "    PUSH 2\n    STORE t\n  @loop:\n    LOAD t\n    PUSH 1\n    SUB\n    DUP\n    STORE t\n    JNZ @loop\n",
    "    LOCK m\n    LOAD x\n    PUSH 2\n    ADD\n    STORE x\n    UNLOCK m\n",
    "    LOAD x\n    ASSERT \"x\"\n",
    "    LOAD y\n    ASSUME\n",
    "    CHOOSE 0..1\n    JZ @skip\n    PUSH 5\n    STORE y\n  @skip:\n",
    "    PUSH 1\n    PUSH 0\n    DIV\n    STORE x\n",
    "    atomic\n    LOAD x\n    PUSH 1\n    ADD\n    STORE x\n    end\n    PUSH 1\n    POP\n",
    "    atomic\n    LOCK m\n    LOAD y\n    ASSUME\n    UNLOCK m\n    end\n",
    "    CALL f\n",
    "    CALL g\n",
    "  @ever:\n    JMP @ever\n",
    "    SELF\n    DUP\n    MUL\n    PRINT\n",
    "    LOAD x\n    PRINT\n",
    "    LOCK m\n    LOCK n\n    UNLOCK n\n    UNLOCK m\n",
    "    LOCK n\n    LOCK m\n    UNLOCK m\n    UNLOCK n\n",
    "    LOCK n\n    LOAD p\n    PUSH 1\n    ADD\n    STORE p\n    UNLOCK n\n",
    "    PUSH 1\n    XADD x\n    STORE t\n    LOAD own\n    PUSH 1\n    ADD\n    STORE own\n",
    "    LOCK m\n    WAIT c\n    UNLOCK m\n",
    "    LOCK m\n    NOTIFY c\n    UNLOCK m\n",
    "    NOTIFYALL c\n",
    "    LOCK m\n  @wait:\n    LOAD x\n    JNZ @go\n    WAIT c\n    JMP @wait\n  @go:\n    UNLOCK m\n",
    "    LOCK r\n    LOCK r\n    LOAD p\n    STORE y\n    UNLOCK r\n    UNLOCK r\n",
    "    RDLOCK w\n    LOAD p\n    STORE t\n    UNLOCK w\n",
    "    WRLOCK w\n    LOAD x\n    STORE p\n    UNLOCK w\n",
    "    ACQUIRE s\n    PUSH 3\n    STORE p\n    RELEASE s\n",
    "    RELEASE u\n",
    "    ACQUIRE u\n    LOAD p\n    STORE x\n",
    "    TRYACQUIRE s\n    JZ @no\n    RELEASE s\n    RELEASE s\n  @no:\n",
    "    PUSH 1\n    STORE p\n    SET e\n",
    "    WAIT e\n    LOAD p\n    STORE x\n",
    "    CLEAR e\n    ISSET e\n    STORE y\n",
    "    WAIT b\n    LOAD x\n    STORE y\n",
    "    LOAD x\n    PUT q\n",
    "    GET q\n    STORE x\n",
    "    LEN q\n    STORE t\n    PUSH 7\n    TRYPUT q\n    STORE y\n",
    "    TRYGET q\n    POP\n    STORE x\n",
    "    SELF\n    LOAD a[]\n    PUSH 1\n    ADD\n    SELF\n    STORE a[]\n",
    "    PUSH 6\n    LOAD x\n    STORE a[]\n",
    "    LOAD a[1]\n    STORE y\n    PUSH 4\n    STORE a[0]\n",
    "    PUSH 0\n    PUSH 1\n    CAS x\n    JZ @lost\n    PUSH 2\n    STORE p\n  @lost:\n",
    "    FENCE\n    LOAD p\n    STORE y\n",
    "    PUSH 1\n    STORE x\n    LOAD y\n    STORE t\n",
    "    PUSH 1\n    STORE y\n    LOAD x\n    STORE t\n    YIELD\n",
    "    START L\n",
    "    START L\n    JOIN L\n    LOAD p\n    STORE x\n",
    "    JOIN L\n",
    "    JOIN B\n    LOAD x\n    STORE p\n",
    "    JOIN A\n    LOAD a[0]\n    STORE x\n",
    "    PUSH 0\n    JOIN A[]\n",
    "    HALT\n",
    "    UNLOCK m\n",
];

/// What every such program declares.
const DECLARED: &str = "\
shared x = 0
shared own = 0
shared a[2] = {3, 4}
shared p = 0
atomic y = 0
local t = 0
mutex m
mutex n
rlock r
rwlock w
semaphore s = 1 max 2
semaphore u = 0
condition c on m
event e
barrier b = 2
queue q max 2
";

/// Bodies put together of pieces at random, in up to five threads.
pub fn looping_program() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(PIECES.to_vec());
    let body = || prop::collection::vec(piece.clone(), 1..4);
    let short = || prop::collection::vec(piece.clone(), 0..2);
    let claims = prop::collection::vec(
        prop::sample::select(vec![
            "expect always x < 3\n",
            "expect never x == 2 and y == 5\n",
            "expect never count(A holds m) == 1 and x == 2\n",
            "expect never B holds r and p == 3\n",
            "expect never B done and x == 1\n",
            "expect always B.t != 5 or not B done\n",
            "expect never B in first..last and A[0] at first\n",
            "expect never A[0] at last and len(q) == 1\n",
            "expect always a[x % 2] != 0\n",
            "expect finally x in {0..3}\n",
            "expect possibly x == 4\nexpect no race on x\n",
            "expect never count(A at last) == 2\n",
        ]),
        0..3,
    );
    let observed =
        prop::sample::select(vec!["observe x, y, B.t\n", "observe x\n", "observe p, A[0].t\n", ""]);
    let bodies = (body(), body(), short(), short(), short());
    (1..=3_u32, bodies, claims, observed).prop_map(|(copies, (a, b, f, g, l), claims, observed)| {
        let mut text = DECLARED.to_owned() + observed;
        let mut labels = 0;
        let mut add = |head: &str, pieces: &[&str]| {
            let mut body = String::new();
            for (index, piece) in pieces.iter().enumerate() {
                labels += 1;
                let is_last = index + 1 == pieces.len();
                let first = if index == 0 { "  first:\n" } else { "" };
                let last = if is_last { "  last:\n" } else { "" };
                body += &format!("{first}{last}{}", piece.replace('@', &format!("l{labels}_")));
            }
            let labels = if pieces.is_empty() { "  first:\n  last:\n" } else { "" };
            text += &format!("{head}\n{labels}{body}end\n");
        };
        let without = |pieces: Vec<&'static str>, words: &[&str]| -> Vec<&'static str> {
            pieces.into_iter().filter(|piece| !words.iter().any(|word| piece.contains(word))).collect()
        };
        add("proc f", &without(f, &["CALL"]));
        add("proc g", &without(g, &["CALL g"]));
        add(&format!("thread A[{copies}]"), &a);
        add("thread B", &b);
        add("thread L deferred", &l);
        text + &claims.concat()
    })
}

/// A search that is cut finds nothing that is not there, and holds nothing to be absent.
pub fn never_says_no_when_cut(
    machine: &Machine<'_>,
    reduction: Option<&Reduction>,
    whole: &Exploration,
    text: &str,
) {
    let program = machine.program();
    let everything = Survives::of(program, whole);
    for divisor in [2, 3, 7] {
        let limits = Limits { max_states: Some(1 + whole.search.states / divisor), max_memory: None };
        let cut = explored(machine, reduction, &limits, Counting::Nothing, &mut Unwatched);
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
