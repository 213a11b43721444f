//! What bounds a search, and who watches it.

/// How far a search may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// The most states to store; no limit without it.
    pub max_states: Option<u64>,
    /// The most bytes to hold; no limit without it.
    pub max_memory: Option<u64>,
}

/// Why a search was cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// The limit on states.
    States,
    /// The limit on memory.
    Memory,
    /// The disk that was to take what memory does not hold is full, or fails.
    Disk,
    /// The limit on time.
    Time,
    /// The person asked for it.
    Interrupt,
}

/// How far a search has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// What it is doing: `searching`, `counting`, `finding witnesses`.
    pub phase: &'static str,
    /// States stored.
    pub states: u64,
    /// Transitions seen.
    pub transitions: u64,
    /// States stored and not yet expanded, or not yet counted.
    pub frontier: u64,
    /// Bytes held.
    pub memory: u64,
    /// How many states there will be in all, roughly, where the sizes of levels foretell it.
    pub whole: Option<u64>,
}

/// Watches a search, and may cut it: a clock, a progress bar, a key press. The search reads none of them.
pub trait Monitor {
    /// Called every few thousand states; an answer cuts the search, or the count.
    fn observe(&mut self, progress: &Progress) -> Option<Cut>;
}

/// A monitor that lets every search run to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Unwatched;

impl Monitor for Unwatched {
    fn observe(&mut self, _: &Progress) -> Option<Cut> {
        None
    }
}
