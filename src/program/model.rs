//! Switch models and memory models: under which rules a program is explored.

use std::fmt;
use std::str::FromStr;

/// Where a thread may be switched out (the page's *switch points*).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum SwitchModel {
    /// After every step.
    #[default]
    Every,
    /// After a jump that is taken backwards, a `CALL`, a `YIELD`, a `START` and a `JOIN`: CPython's GIL.
    Gil,
    /// After a `YIELD` alone: cooperative tasks.
    Await,
}

/// How stores reach memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum MemoryModel {
    /// Sequential consistency: every access at once.
    #[default]
    Sc,
    /// Total store order: one FIFO store buffer a thread.
    Tso,
    /// Partial store order: one FIFO store buffer a thread and element.
    Pso,
}

/// The combination of models that one exploration runs under.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Models {
    /// Where threads may be switched out.
    pub switch: SwitchModel,
    /// How stores reach memory.
    pub memory: MemoryModel,
}

impl SwitchModel {
    /// All switch models, from the most to the fewest switch points.
    pub const ALL: [SwitchModel; 3] = [SwitchModel::Every, SwitchModel::Gil, SwitchModel::Await];

    /// Returns the word that names the model in programs and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            SwitchModel::Every => "every",
            SwitchModel::Gil => "gil",
            SwitchModel::Await => "await",
        }
    }
}

impl MemoryModel {
    /// All memory models, from the strongest to the weakest.
    pub const ALL: [MemoryModel; 3] = [MemoryModel::Sc, MemoryModel::Tso, MemoryModel::Pso];

    /// Returns the word that names the model in programs and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            MemoryModel::Sc => "sc",
            MemoryModel::Tso => "tso",
            MemoryModel::Pso => "pso",
        }
    }
}

impl FromStr for SwitchModel {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|model| model.word() == word);
        found.ok_or_else(|| format!("unknown switch model `{word}` (every, gil or await)"))
    }
}

impl FromStr for MemoryModel {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|model| model.word() == word);
        found.ok_or_else(|| format!("unknown memory model `{word}` (sc, tso or pso)"))
    }
}

impl fmt::Display for SwitchModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for MemoryModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.switch, self.memory)
    }
}
