//! Source texts and places in them: what a diagnostic, a listing and a report point at.

/// A file of a program, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name as a person would write it (a path, or `-` for standard input).
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A stretch of one source, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    /// Index into the list of sources; 0 is the file the person named.
    pub source: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A line of one source, as listings and reports name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Line {
    /// Index into the list of sources; 0 is the file the person named.
    pub source: u32,
    /// Line number from 1.
    pub number: u32,
}

impl Span {
    /// Returns the smallest stretch that covers both; they must lie in one source.
    pub fn to(self, other: Span) -> Span {
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl Source {
    /// Returns line and column, both from 1 and the column in characters, of a byte offset.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let offset = (offset as usize).min(self.text.len());
        let before = &self.text.as_bytes()[..offset];
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = before.iter().filter(|&&byte| byte == b'\n').count() as u32 + 1;
        let column = String::from_utf8_lossy(&before[start..]).chars().count() as u32 + 1;
        (line, column)
    }
}
