//! Arbitrary placements of locks in a given program.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use proptest::prelude::RngExt;
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::{TestRng, TestRunner};

use super::shrink::{Shrink, Shrinking};
use crate::asm;
use crate::program::Program;
use crate::testing::{Subject, program};

/// A strategy for placements of locks.
#[derive(Clone, Debug)]
#[must_use = "strategies do nothing unless used"]
pub struct LockPlacements {
    base: Arc<Base>,
}

/// The program that locks are placed in.
#[derive(Debug)]
struct Base {
    lines: Vec<String>,
    /// For each thread of the text, the lines of its instructions, from 0.
    threads: Vec<Vec<usize>>,
    /// The locks to place.
    locks: Vec<String>,
    /// The locks that the program does not declare itself.
    declared: Vec<String>,
}

/// A program with locks placed in its threads. It prints itself as the `.rvm` file that can be saved and run.
#[derive(Clone)]
pub struct Placement {
    base: Arc<Base>,
    sections: Vec<Section>,
}

/// A stretch of a thread's instructions during which a lock is held.
#[derive(Clone, PartialEq, Eq)]
struct Section {
    lock: usize,
    thread: usize,
    /// Indices into the lines of the thread's instructions.
    steps: RangeInclusive<usize>,
}

/// Arbitrary placements of `LOCK` and `UNLOCK` in the threads of a program: any stretches of instructions, as
/// they stand in the text, those of one lock apart from each other. The lock is a new `mutex guard`, unless
/// [`LockPlacements::of`] names others.
///
/// A placement that makes a program right shrinks to the smallest locking that does:
///
/// ```
/// use proptest::test_runner::{TestCaseError, TestRunner};
/// use racevm::testing::strategies::lock_placements;
///
/// let counter = "shared x\nthread inc[2]\n LOAD x\n PUSH 1\n ADD\n STORE x\nend";
/// let mut runner = TestRunner::deterministic();
/// let result = runner.run(&lock_placements(counter), |placement| {
///     match placement.subject().explore().outcomes().exactly([2]) {
///         Ok(()) => Err(TestCaseError::fail("this one is right")),
///         Err(_) => Ok(()),
///     }
/// });
/// let smallest = result.unwrap_err().to_string();
/// assert!(smallest.contains("    LOCK   guard\n    LOAD   x\n    PUSH   1\n"), "{smallest}");
/// assert!(smallest.contains("    STORE  x\n    UNLOCK guard\n"), "{smallest}");
/// ```
///
/// # Panics
///
/// With the diagnostics, when the program does not assemble.
#[track_caller]
pub fn lock_placements(text: impl Into<String>) -> LockPlacements {
    let text = text.into();
    match program(text.as_str()).assemble() {
        Ok(program) => LockPlacements { base: Arc::new(Base::new(&text, &program, &["guard"])) },
        Err(failure) => panic!("{failure}"),
    }
}

impl LockPlacements {
    /// Places these locks instead, each by itself. One that the program does not declare becomes a mutex.
    ///
    /// # Panics
    ///
    /// With the diagnostics, when one of the names means something that cannot be locked.
    #[track_caller]
    pub fn of<L: AsRef<str>>(self, locks: impl IntoIterator<Item = L>) -> LockPlacements {
        let names: Vec<String> = locks.into_iter().map(|name| name.as_ref().to_owned()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = self.base.lines.join("\n");
        match program(text.as_str()).assemble() {
            Ok(program) => {
                let base = Arc::new(Base::new(&text, &program, &names));
                let everywhere = Placement { base: Arc::clone(&base), sections: base.everywhere() };
                match everywhere.subject().assemble() {
                    Ok(_) => LockPlacements { base },
                    Err(failure) => panic!("{failure}"),
                }
            }
            Err(failure) => panic!("{failure}"),
        }
    }
}

impl Base {
    fn new(text: &str, program: &Program, names: &[&str]) -> Base {
        let is_declared = |name: &str| program.object_groups.iter().any(|group| group.name == name);
        let is_free = |name: &str| {
            let is_named =
                |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
            !text.lines().any(is_named)
        };
        let mut locks = Vec::new();
        let mut declared = Vec::new();
        for &name in names {
            if is_declared(name) && names != ["guard"] {
                locks.push(name.to_owned());
                continue;
            }
            // A name that the program uses for something else is left to it.
            let numbered = (2..).map(|number| format!("{name}_{number}"));
            let fresh = std::iter::once(name.to_owned()).chain(numbered).find(|name| is_free(name));
            let fresh = fresh.unwrap_or_else(|| unreachable!("a text has finitely many words"));
            locks.push(fresh.clone());
            declared.push(fresh);
        }
        let of_thread = |body: &crate::program::Body| {
            let addresses = body.entry.index()..body.end.index();
            let lines = addresses.map(|at| program.places[at].line).filter(|line| line.source == 0);
            let mut lines: Vec<usize> = lines.map(|line| line.number as usize - 1).collect();
            lines.dedup();
            lines
        };
        Base {
            lines: text.lines().map(str::to_owned).collect(),
            threads: program.groups.iter().map(|group| of_thread(&group.body)).collect(),
            locks,
            declared,
        }
    }

    /// Returns every lock held during the whole of every thread.
    fn everywhere(&self) -> Vec<Section> {
        let threads = self.threads.iter().enumerate().filter(|(_, lines)| !lines.is_empty());
        let of = |(thread, lines): (usize, &Vec<usize>)| {
            let last = lines.len() - 1;
            (0..self.locks.len()).map(move |lock| Section { lock, thread, steps: 0..=last })
        };
        threads.flat_map(of).collect()
    }
}

impl Strategy for LockPlacements {
    type Tree = Shrinking<Placement>;
    type Value = Placement;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let rng = runner.rng();
        let mut sections = Vec::new();
        for (thread, lines) in self.base.threads.iter().enumerate() {
            for lock in 0..self.base.locks.len() {
                let stretches = stretches(rng, lines.len());
                sections.extend(stretches.into_iter().map(|steps| Section { lock, thread, steps }));
            }
        }
        Ok(Shrinking::new(Placement { base: Arc::clone(&self.base), sections }))
    }
}

/// Draws stretches of `0..len` that do not meet.
fn stretches(rng: &mut TestRng, len: usize) -> Vec<RangeInclusive<usize>> {
    let mut stretches = Vec::new();
    let mut from = 0;
    while from < len && rng.random_range(0..4) > 0 {
        let first = rng.random_range(from..len);
        let last = rng.random_range(first..len);
        stretches.push(first..=last);
        from = last + 1;
    }
    stretches
}

impl Placement {
    /// Returns the program's text with the locks in it, in canonical layout.
    pub fn text(&self) -> String {
        let mut text: String = self.base.declared.iter().map(|name| format!("mutex {name}\n")).collect();
        let mut before = vec![Vec::new(); self.base.lines.len()];
        let mut after = vec![Vec::new(); self.base.lines.len()];
        for Section { lock, thread, steps } in &self.sections {
            let lines = &self.base.threads[*thread];
            before[lines[*steps.start()]].push(&self.base.locks[*lock]);
            // The last to be taken is the first to be given back.
            after[lines[*steps.end()]].insert(0, &self.base.locks[*lock]);
        }
        for (index, line) in self.base.lines.iter().enumerate() {
            before[index].iter().for_each(|lock| text.push_str(&format!("LOCK {lock}\n")));
            text.push_str(&format!("{line}\n"));
            after[index].iter().for_each(|lock| text.push_str(&format!("UNLOCK {lock}\n")));
        }
        asm::format("program.rvm", &text).unwrap_or(text)
    }

    /// Returns the program as the subject of assertions.
    pub fn subject(&self) -> Subject {
        program(self.text())
    }

    /// Returns how many stretches of instructions are locked.
    pub fn sections(&self) -> usize {
        self.sections.len()
    }

    /// Returns how many instructions of the text are locked, those under two locks twice.
    pub fn locked(&self) -> usize {
        self.sections.iter().map(|section| section.steps.clone().count()).sum()
    }
}

impl Shrink for Placement {
    /// Sections, instructions in them.
    type Size = (usize, usize);

    fn size(&self) -> Self::Size {
        (self.sections(), self.locked())
    }

    fn neighbours(&self) -> Vec<Placement> {
        let mut all = Vec::new();
        for index in 0..self.sections.len() {
            let mut fewer = self.sections.clone();
            fewer.remove(index);
            all.push(Placement { sections: fewer, ..self.clone() });
            let (first, last) = self.sections[index].steps.clone().into_inner();
            let middle = first + (last - first) / 2;
            for steps in [middle + 1..=last, first..=middle, first + 1..=last, first..=last.saturating_sub(1)]
            {
                let mut smaller = self.sections.clone();
                if !steps.is_empty() {
                    smaller[index].steps = steps;
                    all.push(Placement { sections: smaller, ..self.clone() });
                }
            }
        }
        all
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.text())
    }
}

impl From<&Placement> for String {
    fn from(placement: &Placement) -> String {
        placement.text()
    }
}
