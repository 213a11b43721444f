//! Expressions of random programs of copies that know their number: lines, with ` / ` between them, that push
//! one value. A line that begins with `$` stands for another expression: `$id` for an identity or nobody, `$other`
//! for one that is seldom the own, `$of` for an identity that is fit for an index, `$value` for a value or none,
//! `$key` for a value that is fit for an index, and `$number` for a number. `@` becomes a prefix of labels.

/// How many expressions of each sort, the first ones, have no others in them.
pub const LEAVES: usize = 8;

/// Expressions that push an identity or nobody.
pub const IDS: &[&str] = &[
    "SELF",
    "SELF",
    "SELF",
    "LOAD turn",
    "LOAD prev",
    "LOAD me",
    "CHOOSE 0..N - 1",
    "SELF / LOAD next[]",
    "SELF",
    "SELF",
    "LOAD top",
    "PUSH NONE",
    "$of",
    "$of / LOAD next[]",
    "$of / LOAD to[]",
    "$key / LOAD owner[]",
    "$id / XCHG turn",
    "$id / SELF / XCHG next[]",
    "TRYGET q / JNZ @got / POP / PUSH NONE / @got:",
    "SELF / TRYGET box[] / JNZ @got / POP / PUSH NONE / @got:",
    "$id / DUP / STORE me",
    "$id / $id / SWAP / POP",
];

/// Expressions that push an identity or nobody, seldom the own one.
pub const OTHERS: &[&str] = &[
    "LOAD turn",
    "LOAD turn",
    "LOAD prev",
    "LOAD me",
    "LOAD me",
    "CHOOSE 0..N - 1",
    "SELF / LOAD next[]",
    "LOAD top",
    "$of / LOAD next[]",
    "$of / LOAD to[]",
    "$key / LOAD owner[]",
    "SELF / XCHG turn",
    "TRYGET q / JNZ @got / POP / PUSH NONE / @got:",
    "$id",
];

/// Expressions that push an identity.
pub const INDICES: &[&str] = &[
    "SELF",
    "SELF",
    "SELF",
    "SELF",
    "SELF",
    "SELF",
    "CHOOSE 0..N - 1",
    "LOAD turn / DUP / PUSH NONE / NE / JNZ @ok / POP / SELF / @ok:",
    "SELF",
    "SELF",
    "SELF",
    "CALL who",
    "$id / DUP / PUSH NONE / NE / JNZ @ok / POP / SELF / @ok:",
    "$id / DUP / PUSH NONE / NE / JNZ @ok / POP / CHOOSE 0..N - 1 / @ok:",
    "$of / CALL succ / DUP / PUSH NONE / NE / JNZ @ok / POP / SELF / @ok:",
    "$id",
];

/// Expressions that push the identity of a neighbour.
pub const NEIGHBOURS: &[&str] = &[
    "SELF / PUSH 1 / ADD / PUSH N / MOD",
    "$of / PUSH 1 / ADD / PUSH N / MOD",
    "SELF / PUSH N - 1 / ADD / PUSH N / MOD",
    "PUSH N - 1 / SELF / SUB",
];

/// Expressions that push a value or none.
pub const VALUES: &[&str] = &[
    "CHOOSE 0..K - 1",
    "CHOOSE 0..K - 1",
    "CHOOSE 0..K - 1",
    "LOAD pick",
    "LOAD v",
    "SELF / LOAD chosen[]",
    "PUSH NONE",
    "CHOOSE 0..K - 1 / DUP / STORE v",
    "$of / LOAD chosen[]",
    "$value / XCHG pick",
    "$key",
    "CHOOSE 3..4",
    "TRYGET p / JNZ @got / POP / PUSH NONE / @got:",
];

/// Expressions that push a value.
pub const KEYS: &[&str] = &[
    "CHOOSE 0..K - 1",
    "CHOOSE 0..K - 1",
    "CHOOSE 0..K - 1",
    "CHOOSE 0..K - 1",
    "CHOOSE 0..K - 1",
    "CHOOSE 0..K - 1 / DUP / STORE v",
    "CHOOSE 0..K - 1 / DUP / STORE pick",
    "LOAD pick / DUP / PUSH NONE / NE / JNZ @ok / POP / CHOOSE 0..K - 1 / @ok:",
    "$value / DUP / PUSH NONE / NE / JNZ @ok / POP / CHOOSE 0..K - 1 / @ok:",
    "$value",
];

/// Expressions that push a number.
pub const NUMBERS: &[&str] = &[
    "PUSH 1",
    "PUSH 1",
    "LOAD x",
    "LOAD t",
    "SELF / LOAD a[]",
    "SELF / LOAD flag[]",
    "LOAD turn / SELF / EQ",
    "LOAD pick / LOAD v / EQ",
    "LOAD y",
    "PUSH 0",
    "$of / LOAD a[]",
    "$of / LOAD a[]",
    "$of / LOAD flag[]",
    "$of / LOAD mine[]",
    "$key / LOAD seen[]",
    "SELF / $other / EQ",
    "$other / SELF / NE",
    "$other / $other / EQ",
    "$of / LOAD a[] / NOT",
    "$value / $value / EQ",
    "$id / PUSH NONE / EQ",
    "PUSH NONE / SELF / CAS turn",
    "$other / $id / CAS top",
    "$other / $id / $of / CAS next[]",
    "PUSH 1 / $of / XADD a[]",
    "PUSH 1 / XADD y",
    "PUSH 1 / $key / XADD seen[]",
    "$of / TRYLOCK fork[]",
    "$of / TRYACQUIRE s[]",
    "$of / ISSET e[]",
    "$of / LEN box[]",
    "LEN q",
    "$id / TRYPUT q",
    "$id / $of / TRYPUT box[]",
    "TRYGET q / SWAP / POP",
    "$other / CALL same",
    "$number / NOT",
    "$number / $number / ADD",
    "$other / SELF / XOR / NOT",
];

/// Procs that a piece may call, with their names. Some take what their caller left, or leave something.
pub const PROCS: &[(&str, &str)] =
    &[("who", "SELF"), ("succ", "LOAD next[]"), ("same", "SELF / EQ"), ("put", "SELF / STORE a[]")];
