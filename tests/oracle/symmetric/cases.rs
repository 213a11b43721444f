//! Programs of copies that know their number, each symmetric, and each with changes that break the symmetry in
//! one place or make it harder to see. Lines have ` / ` between them.

/// A program that is symmetric, and what to replace in it, by what.
pub struct Case {
    pub text: &'static str,
    pub changes: &'static [(&'static str, &'static str)],
}

impl Case {
    /// Writes the program that is symmetric.
    pub fn whole(&self) -> String {
        self.text.replace(" / ", "\n") + "\n"
    }

    /// Writes the programs that are changed.
    pub fn changed(&self) -> impl Iterator<Item = String> {
        self.changes.iter().map(|(from, to)| {
            assert!(self.text.contains(from), "`{from}` is in `{}`", self.text);
            self.text.replacen(from, to, 1).replace(" / ", "\n") + "\n"
        })
    }
}

pub const CASES: &[Case] = &[
    // Nobody asks for its number.
    Case {
        text: "shared x / mutex m / thread T[3] / LOCK m / LOAD x / PUSH 1 / ADD / STORE x / UNLOCK m / end",
        changes: &[
            ("LOAD x", "SELF"),
            ("STORE x", "STORE x / SELF / PRINT"),
            ("end", "end / observe T[1].i / local i"),
        ],
    },
    // Philosophers, who have a place at a table; one of them left-handed, or one fork treated apart.
    Case {
        text: "mutex fork[3] / atomic meals / thread T[3] / SELF / SELF / PUSH 1 / ADD / PUSH 3 / MOD / \
               OVER / LOCK fork[] / DUP / LOCK fork[] / PUSH 1 / XADD meals / POP / UNLOCK fork[] / \
               UNLOCK fork[] / end",
        changes: &[
            ("OVER", "SELF / JNZ right / SWAP / right: / OVER"),
            ("OVER", "OVER / OVER / LT / JZ right / SWAP / right: / OVER"),
            ("PUSH 3 / MOD", "PUSH 2 / MOD"),
            ("DUP / LOCK fork[]", "DUP / TRYLOCK fork[0] / POP / LOCK fork[]"),
            ("end", "end / expect never T[1] holds fork[2]"),
            ("end", "end / thread B / LOCK fork[1] / UNLOCK fork[1] / end"),
        ],
    },
    // Peterson's lock.
    Case {
        text: "shared flag[2] / shared turn = -1 / thread T[2] / PUSH 1 / SELF / STORE flag[] / PUSH 1 / \
               SELF / SUB / STORE turn / spin: / PUSH 1 / SELF / SUB / LOAD flag[] / JZ go / LOAD turn / \
               SELF / NE / JNZ spin / go: / PUSH 0 / SELF / STORE flag[] / end / \
               expect never count(T at go) == 2",
        changes: &[
            ("turn = -1", "turn = 1"),
            ("SELF / NE", "SELF / GT"),
            ("STORE turn", "POP / PUSH 0 / STORE turn"),
            ("flag[2]", "flag[2] = {0, 1}"),
            ("expect", "expect never T[1] at spin and turn == 0 / expect"),
            ("expect", "expect finally turn == 1 / expect"),
        ],
    },
    // A queue of thread numbers, and who took whose.
    Case {
        text: "queue q max 3 / shared from[3] = -1 / thread T[3] / SELF / PUT q / GET q / SELF / \
               STORE from[] / end",
        changes: &[
            ("GET q", "GET q / PUSH 1 / ADD / PUSH 3 / MOD"),
            ("GET q", "TRYGET q / POP"),
            ("SELF / PUT q", "SELF / JZ none / SELF / PUT q / none:"),
            ("= -1", "= {-1, -1, 0}"),
            ("end", "end / observe from[1]"),
            ("end", "end / expect never from[0] == 2 / expect outcomes from[1] = {0..2}"),
        ],
    },
    // A list of those who wait, as in the lock of Mellor-Crummey and Scott.
    Case {
        text: "atomic tail = -1 / atomic next[2] = -1 / atomic go[2] / shared x = -1 / local before = -1 / \
               thread T[2] / SELF / XCHG tail / DUP / STORE before / PUSH -1 / EQ / JNZ in / SELF / \
               LOAD before / STORE next[] / spin: / SELF / LOAD go[] / JZ spin / in: / SELF / STORE x / \
               SELF / PUSH -1 / CAS tail / JNZ out / late: / SELF / LOAD next[] / PUSH -1 / EQ / \
               JNZ late / PUSH 1 / SELF / LOAD next[] / STORE go[] / out: / end",
        changes: &[
            ("tail = -1", "tail = 0"),
            ("PUSH -1 / EQ / JNZ in", "PUSH 0 / LT / JNZ in"),
            ("SELF / LOAD go[]", "PUSH 1 / LOAD go[]"),
            ("SELF / PUSH -1 / CAS tail", "PUSH 1 / PUSH -1 / CAS tail"),
            ("in: / SELF", "in: / SELF / NOT / NOT"),
        ],
    },
    // Values that are drawn, compared and looked up, and nothing else.
    Case {
        text: "shared pick = -1 / shared seen[3] / shared same / thread T[2] / CHOOSE 0..2 / DUP / \
               LOAD pick / EQ / STORE same / DUP / STORE pick / PUSH 1 / SWAP / STORE seen[] / end",
        changes: &[
            ("LOAD pick / EQ", "LOAD pick / LT"),
            ("CHOOSE 0..2", "CHOOSE 0..1"),
            ("seen[3]", "seen[3] = {0, 2, 0}"),
            ("DUP / STORE pick", "DUP / NOT / STORE pick"),
            ("pick = -1", "pick = 2"),
            ("end", "end / expect never pick == 1 / expect possibly seen[0] == 1 and seen[2] == 0"),
            ("end", "end / thread B / LOAD pick / JZ out / PUSH 1 / STORE same / out: / end"),
        ],
    },
    // Each drawn value belongs to whoever took it first.
    Case {
        text: "shared owner[2] = -1 / shared won[3] / thread T[3] / PUSH -1 / SELF / CHOOSE 0..1 / \
               CAS owner[] / SELF / STORE won[] / end",
        changes: &[
            ("PUSH -1 / SELF", "PUSH 1 / SELF"),
            ("owner[2] = -1", "owner[2] = {-1, 2}"),
            ("CHOOSE 0..1 / CAS owner[]", "CHOOSE 0..1 / XCHG owner[] / ADD"),
            ("SELF / STORE won[]", "SELF / PUSH 2 / MOD / STORE won[]"),
            ("end", "end / expect no race on owner / expect finally won[0] + won[1] > 0"),
        ],
    },
    // Each has its own semaphore, event and condition, and lets another go on.
    Case {
        text: "semaphore s[2] = 0 / event e[2] / mutex m / condition c[2] on m / shared last = -1 / \
               thread T[2] / CHOOSE 0..1 / DUP / RELEASE s[] / SET e[] / SELF / ACQUIRE s[] / SELF / \
               WAIT e[] / SELF / STORE last / end",
        changes: &[
            ("SELF / ACQUIRE s[]", "PUSH 1 / ACQUIRE s[]"),
            ("DUP / RELEASE s[]", "DUP / DUP / RELEASE s[] / JZ set / PUSH 0 / SET e[] / set:"),
            ("CHOOSE 0..1", "CHOOSE 1..1"),
            ("SELF / STORE last", "LOCK m / PUSH 1 / WAIT c[] / UNLOCK m / SELF / STORE last"),
        ],
    },
    // Waiters of one condition, whom the others wake.
    Case {
        text: "mutex m / condition d on m / shared n / shared woken[3] / thread T[3] / LOCK m / LOAD n / \
               PUSH 1 / ADD / DUP / STORE n / PUSH 3 / EQ / JNZ last / WAIT d / PUSH 1 / SELF / \
               STORE woken[] / UNLOCK m / HALT / last: / NOTIFY d / UNLOCK m / end",
        changes: &[
            ("WAIT d", "SELF / JZ on / WAIT d / on:"),
            ("NOTIFY d", "SELF / PUSH 2 / EQ / JZ one / NOTIFY d / one: / NOTIFY d"),
            ("end", "end / expect never woken[2] == 1 / expect deadlock"),
            ("end", "end / observe n, woken[0]"),
        ],
    },
    // Readers, writers and barriers by number.
    Case {
        text: "rwlock w[2] / rlock r[2] / barrier b[2] = 2 / shared a[2] / thread T[2] / SELF / \
               RDLOCK w[] / CHOOSE 0..1 / DUP / LOCK r[] / WRLOCK w[] / PUSH 1 / SELF / STORE a[] / \
               CHOOSE 0..1 / WAIT b[] / end",
        changes: &[
            ("SELF / RDLOCK w[]", "RDLOCK w[0]"),
            ("DUP / LOCK r[]", "LOCK r[1] / LOCK r[1] / DUP / LOCK r[]"),
            ("WAIT b[]", "POP / WAIT b[1]"),
            ("end", "end / expect never T[0] holds w[1]"),
        ],
    },
    // A thread that starts and joins the copies of another.
    Case {
        text: "shared a[3] / shared last = -1 / thread T[3] deferred / PUSH 1 / SELF / STORE a[] / end / \
               thread B / START T / CHOOSE 0..2 / DUP / JOIN T[] / STORE last / end",
        changes: &[
            ("START T", "START T[1] / START T[0] / START T[2]"),
            ("JOIN T[]", "POP / JOIN T[1]"),
            (
                "START T / CHOOSE 0..2",
                "CHOOSE 0..2 / DUP / START T[] / JZ on / START T[0] / on: / CHOOSE 1..2",
            ),
            ("CHOOSE 0..2", "CHOOSE 0..2 / PUSH 0 / JOIN T[]"),
        ],
    },
    // Numbers on the stack below a call, in a proc and in locals.
    Case {
        text: "shared next[3] = -1 / local to[3] = -1 / local me = -1 / thread T[3] / SELF / CHOOSE 0..2 / \
               CALL f / STORE next[] / end / proc f / DUP / STORE me / SELF / LOAD me / STORE to[] / \
               LOAD me / LOAD to[] / EQ / JNZ own / LOAD me / RET / own: / SELF / end",
        changes: &[
            ("JNZ own", "PUSH 1 / LT / JNZ own"),
            ("own: / SELF", "own: / PUSH 1"),
            ("to[3] = -1", "to[3] = {-1, 2, -1}"),
            ("CALL f", "CALL f / SELF / LOAD to[] / PRINT"),
            ("DUP / STORE me", "DUP / STORE me / LOAD to[0] / PRINT"),
            ("end", "end / observe next, T[1].me"),
            ("end", "end / expect never T[0].to[2] == 0 / expect always T[1].me != 2"),
        ],
    },
    // Output, assertions and assumptions about numbers.
    Case {
        text: "shared turn = -1 / thread T[3] / LOAD turn / SELF / STORE turn / DUP / PRINT / LOAD turn / \
               NE / DUP / ASSUME / LOAD turn / SELF / EQ / ASSERT \"kept\" / end",
        changes: &[
            ("DUP / ASSUME", "LOAD turn / ASSUME"),
            ("EQ / ASSERT", "GE / ASSERT"),
            ("DUP / PRINT", "DUP / PUSH 2 / MUL / PRINT"),
            ("turn = -1", "turn = 2"),
            ("end", "end / expect no fault \"kept\" / expect finally turn != 1"),
        ],
    },
    // What is asked of a number.
    Case {
        text: "shared turn = -1 / shared x / local me = -1 / queue q max 2 / thread T[2] / SELF / \
               STORE turn / LOAD turn / STORE me / LOAD me / SELF / EQ / STORE x / LOAD me / SELF / \
               STORE turn / STORE turn / end",
        changes: &[
            ("LOAD me / SELF / EQ", "LOAD me / ASSUME / LOAD me / SELF / EQ"),
            ("LOAD me / SELF / EQ", "LOAD me / ASSERT / LOAD me / SELF / EQ"),
            ("LOAD me / SELF / EQ", "PUSH 6 / LOAD me / DIV"),
            ("LOAD me / SELF / EQ", "PUSH 1 / LOAD me / PUSH -1 / ADD / SHL"),
            ("LOAD me / SELF / EQ", "LOAD me / SELF / CAS me / POP / LOAD me / SELF / EQ"),
            ("LOAD me / SELF / EQ", "PUSH 7 / PUSH 8 / CAS me / POP / LOAD me / SELF / EQ"),
            (
                "LOAD me / SELF / EQ",
                "SELF / TRYPUT q / TRYGET q / POP / STORE me / POP / TRYGET q / POP / STORE me / LOAD me",
            ),
            ("end", "end / expect always turn == -1 or turn / expect finally turn"),
            ("end", "end / expect never turn != -1 and turn / expect finally not turn"),
            ("end", "end / expect outcomes turn = {0, -1} / expect outcomes (turn, x) = {(0, 1), (1, 0)}"),
        ],
    },
    // Claims of each copy, which take one another's places.
    Case {
        text: "shared turn = -1 / shared a[2] = -1 / thread T[2] / SELF / STORE turn / LOAD turn / SELF / \
               STORE a[] / end / expect never turn == 0 and T[0] done / \
               expect never turn == 1 and T[1] done / expect possibly a[0] == 1 / \
               expect possibly a[1] == 0 / expect outcomes turn = {0, 1} / expect outcomes (turn, a[0], \
               a[1]) = {(0, 0, 0), (1, 1, 1), (0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 0, 0)}",
        changes: &[
            (" / expect never turn == 0 and T[0] done", ""),
            (" / expect possibly a[1] == 0", ""),
            ("outcomes turn = {0, 1}", "outcomes turn = {1}"),
            ("(1, 0, 1), ", ""),
            ("(1, 0, 1), ", "(1, 0, 2), "),
            ("expect never turn == 0", "expect never turn <= 0"),
            ("expect never turn == 0", "expect never turn == 0 / expect never turn == 0"),
            ("expect possibly", "expect possibly a[0] == 1 / expect possibly a[1] == 0 / expect possibly"),
            ("expect possibly a[0] == 1", "expect possibly a[a[0]] == 1 and a[a[1]] == 0"),
        ],
    },
    // A local that an exchange leaves as it is.
    Case {
        text: "shared a[2] = -1 / local me = -1 / thread T[2] / SELF / STORE me / PUSH 7 / PUSH 8 / \
               CAS me / POP / LOAD me / SELF / STORE a[] / end",
        changes: &[
            ("PUSH 7 / PUSH 8", "PUSH 1 / PUSH 8"),
            ("PUSH 7 / PUSH 8 / CAS me", "PUSH 1 / XADD me"),
            ("LOAD me / SELF", "LOAD me / PUSH 1 / AND / PUSH 1 / SHL / SELF"),
        ],
    },
    // A queue that may be empty.
    Case {
        text: "queue q max 2 / shared from[2] = -1 / thread T[2] / SELF / TRYPUT q / POP / GET q / SELF / \
               STORE from[] / end",
        changes: &[
            ("GET q", "GET q / POP / TRYGET q / POP"),
            ("SELF / TRYPUT q", "SELF / TRYPUT q / POP / PUSH 0 / TRYPUT q"),
            ("GET q", "GET q / LEN q / ADD"),
        ],
    },
    // Operands of which the first decides whether the second is looked at.
    Case {
        text: "shared a[2] / atomic once / thread T[2] / PUSH 0 / PUSH 1 / CAS once / JZ out / PUSH 1 / \
               SELF / STORE a[] / out: / end / expect never a[0] == 1 and a[1] == 1",
        changes: &[
            ("a[0] == 1 and a[1] == 1", "1 % (1 - a[0]) == 5 and 1 % (1 - a[1]) == 5"),
            ("a[0] == 1 and a[1] == 1", "a[1] == 1 and 1 % (1 - a[1]) == 5"),
            ("a[0] == 1 and a[1] == 1", "a[0] < a[1]"),
            ("expect never", "expect possibly a[0] == 1 / expect never"),
        ],
    },
    // Two threads of as many copies, which use each other's slots.
    Case {
        text: "shared a[2] = -1 / shared last = -1 / queue box[2] max 1 / thread T[2] / SELF / SELF / \
               PUT box[] / SELF / STORE last / end / thread U[2] / SELF / GET box[] / SELF / STORE a[] / \
               end",
        changes: &[
            ("SELF / SELF / PUT box[]", "SELF / PUSH 1 / SELF / SUB / PUT box[]"),
            ("SELF / GET box[]", "PUSH 0 / GET box[]"),
            ("SELF / STORE last", "JOIN U[1] / SELF / STORE last"),
            ("end / thread U", "end / expect never T[0] done and U[1] done / thread U"),
            ("a[2] = -1", "a[2] = {-1, 0}"),
        ],
    },
    // Numbers in store buffers.
    Case {
        text: "shared turn = -1 / shared prev = -1 / shared a[2] / thread T[2] / SELF / STORE turn / \
               LOAD prev / SELF / EQ / SELF / STORE prev / SELF / STORE a[] / LOAD turn / STORE prev / end",
        changes: &[
            ("SELF / STORE turn", "SELF / STORE turn / SELF / JZ on / FENCE / on:"),
            ("SELF / EQ", "SELF / LE"),
            ("LOAD turn / STORE prev", "LOAD turn / STORE a[1]"),
            ("prev = -1", "prev = 0"),
            (
                "end",
                "end / expect under pso never turn == 0 and prev == 1 / expect under tso no race on a[0]",
            ),
        ],
    },
    // A number that bounds a loop, or is counted with.
    Case {
        text: "shared turn = -1 / atomic n / thread T[3] / SELF / PUSH 1 / XADD n / POP / STORE turn / end",
        changes: &[
            (
                "POP",
                "POP / DUP / more: / DUP / JZ out / PUSH 1 / XADD n / POP / PUSH 1 / SUB / JMP more / out: / POP",
            ),
            ("PUSH 1 / XADD n", "SELF / XADD n"),
            ("STORE turn", "PUSH 1 / ADD / STORE turn"),
            ("STORE turn", "PUSH 1 / SHL / PRINT"),
            ("STORE turn", "XADD turn / PRINT"),
        ],
    },
];
