//! Identifiers: dense indices into the tables of a [`Program`](super::Program).

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($repr:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub $repr);

        impl $name {
            /// Returns the identifier as an index into its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// One running thread: copy `k` of a declared thread, numbered in order of declaration, copies in order.
    ThreadId(u32);
    /// One declared thread (`thread T[3] … end` is one group of three copies).
    GroupId(u32);
    /// One declared `proc`.
    ProcId(u32);
    /// One synchronization object; every element of an object array has its own.
    ObjectId(u32);
    /// One declared synchronization object or array of them.
    ObjectGroupId(u32);
    /// One declared variable: `shared`, `atomic` or `local`.
    VarId(u32);
    /// One text of an `ASSERT`.
    TextId(u32);
    /// An address in [`Program::code`](super::Program::code).
    Addr(u32);
    /// A static `atomic … end` block.
    BlockId(u32);
}

impl ThreadId {
    /// Returns the letters that name the thread in schedules: A, B, …, Z, AA, AB, ….
    pub fn letters(self) -> String {
        let mut rest = u64::from(self.0) + 1;
        let mut letters = Vec::new();
        while rest > 0 {
            rest -= 1;
            letters.push(b'A' + (rest % 26) as u8);
            rest /= 26;
        }
        letters.iter().rev().map(|&b| char::from(b)).collect()
    }

    /// Reads what [`letters`](Self::letters) writes; `None` for anything else.
    pub fn from_letters(letters: &str) -> Option<ThreadId> {
        let mut number: u64 = 0;
        for byte in letters.bytes() {
            if !byte.is_ascii_uppercase() {
                return None;
            }
            number = number.checked_mul(26)?.checked_add(u64::from(byte - b'A') + 1)?;
        }
        u32::try_from(number.checked_sub(1)?).ok().map(ThreadId)
    }
}

impl fmt::Display for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.letters())
    }
}

#[cfg(test)]
mod tests {
    use super::ThreadId;

    #[test]
    fn letters_count_like_spreadsheet_columns() {
        for (number, letters) in [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(ThreadId(number).letters(), letters);
            assert_eq!(ThreadId::from_letters(letters), Some(ThreadId(number)));
        }
        assert_eq!(ThreadId::from_letters(""), None);
        assert_eq!(ThreadId::from_letters("a"), None);
        assert_eq!(ThreadId::from_letters("ZZZZZZZZZZZZZZZZ"), None);
    }
}
