//! The way through the programs: chapters in an order that makes sense, and `programs/README.md`.

use super::{EXAMPLES, Example, wrap};

/// The folders of `programs/` in the order of the course, each with a heading and what it is about.
const FOLDERS: &[(&str, &str, &str)] = &[
    ("", "Start here", "The smallest race there is, and everything that can be known about it."),
    ("counters", "Counters", "The lost update at different sizes, and what makes it more or less likely."),
    (
        "atomicity",
        "What is atomic",
        "Which operations are one step, which are several, and where that shows.",
    ),
    (
        "check_then_act",
        "Check, then act",
        "What was true when it was checked need not be true when it is acted on.",
    ),
    ("bank", "Accounts", "Deposits, withdrawals and transfers: too late, too narrow, or crosswise."),
    ("output", "Output", "Messages that are written in pieces mix."),
    (
        "sharing",
        "What may be shared",
        "Reading, writing, replacing, copying: what needs a lock and what does not.",
    ),
    (
        "fixes",
        "Ways to fix it",
        "Locks, thread-local values, immutable values, events: the same bug repaired.",
    ),
    ("regions", "Critical sections", "How long a lock is held, what belongs inside, and what that costs."),
    ("singleton", "Singletons", "Creating something exactly once, by several threads."),
    ("caches", "Caches", "Computing something once, and counting how often that was."),
    (
        "sync_objects",
        "Synchronization objects",
        "Locks, semaphores, events, barriers, conditions: one at a time.",
    ),
    ("deadlock", "Deadlock", "Two locks, two orders."),
    ("philosophers", "Dining philosophers", "Five ways to eat, and two ways to starve."),
    ("conditions", "Conditions", "Waiting for something to become true, and being woken for nothing."),
    ("barriers", "Barriers", "Waiting for each other, once and again."),
    ("queues", "Queues", "Handing work over, from the outside and from the inside."),
    ("pool", "Pools of workers", "Many tasks, few threads, one result."),
    ("readers_writers", "Readers and writers", "Many may read, one may write, and somebody goes first."),
    ("starvation", "Starvation", "Nobody is blocked, and somebody never gets on."),
    ("puzzles", "Puzzles", "The problems that courses and interviews ask for."),
    ("event_loop", "One thread, many tasks", "Coroutines that switch at an await and nowhere else."),
    ("async", "Futures", "Fetching once what many ask for at the same time."),
    (
        "free_threading",
        "With and without a GIL",
        "What a global lock hides, and what appears when it is gone.",
    ),
    ("memory_models", "Memory models", "Litmus tests: what store buffers let a program see."),
    (
        "mutual_exclusion",
        "Locks from nothing",
        "Peterson, Dekker, bakery, tickets, and how each of them breaks.",
    ),
    (
        "locks",
        "Locks in files of their own",
        "The same locks as two procs each, and their broken siblings, for `racevm lock` and for `include`.",
    ),
    ("lock_free", "Without locks", "Compare and swap, queues, sequence locks."),
    (
        "objects",
        "Objects in files of their own",
        "Counters, stacks, queues and caches as procs, right and wrong, for `racevm linear`.",
    ),
    ("game", "The game", "Level by level: how do two threads get into the critical section?"),
    ("quiz", "Quiz", "Read, guess, run."),
];

const PREFACE: &str = include_str!("preface.md");

/// What the commands show: sessions that `tests/readme.rs` executes.
const COMMANDS: &str = include_str!("commands.md");

/// The width that the page is wrapped to.
const WIDTH: usize = 100;

/// The most characters of one expectation.
const LONGEST: usize = 90;

/// The programs of one folder.
#[derive(Clone, Debug)]
pub(super) struct Chapter {
    /// The folder; empty for the top.
    pub folder: &'static str,
    /// The programs, ordered by name.
    pub examples: Vec<Example>,
    heading: &'static str,
    about: &'static str,
}

/// Returns the chapters that have programs, in the order of the course; folders that have no place in it
/// come last.
pub(super) fn chapters() -> Vec<Chapter> {
    let known = FOLDERS.iter().map(|&(folder, heading, about)| (folder, heading, about));
    let mut unknown: Vec<&str> = EXAMPLES.iter().map(|example| example.folder()).collect();
    unknown.retain(|folder| !FOLDERS.iter().any(|(known, ..)| known == folder));
    unknown.dedup();
    let all = known.chain(unknown.into_iter().map(|folder| (folder, folder, "")));
    let chapter = |(folder, heading, about)| {
        let examples = EXAMPLES.iter().copied().filter(|example| example.folder() == folder).collect();
        Chapter { folder, examples, heading, about }
    };
    all.map(chapter).filter(|chapter| !chapter.examples.is_empty()).collect()
}

/// Renders `programs/README.md`.
pub(super) fn render() -> String {
    let mut page = PREFACE.to_owned();
    for chapter in chapters() {
        page.push_str(&format!("\n## {}\n\n", chapter.heading));
        if !chapter.about.is_empty() {
            page.push_str(&format!("{}\n\n", chapter.about));
        }
        for example in &chapter.examples {
            page.push_str(&entry(*example));
        }
    }
    page.push_str(COMMANDS);
    page
}

fn entry(example: Example) -> String {
    let stem = example.stem();
    let code = |text: String| format!("`{}`", shortened(&text).replace('`', "'"));
    let reachable: Vec<String> = example.expectations().map(code).collect();
    let text = format!("**[{stem}]({})** {}", example.path, example.title());
    let mut lines = wrap(&text, WIDTH - 2);
    lines.extend(wrap(&reachable.join(" · "), WIDTH - 2));
    let mut entry = String::new();
    for (index, line) in lines.iter().enumerate() {
        entry.push_str(if index == 0 { "- " } else { "  " });
        entry.push_str(line);
        entry.push('\n');
    }
    entry
}

/// Cuts a long set of outcomes off, and says so: the file has all of it.
fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST - 2).collect();
    // A tuple is shown whole or not at all.
    let end = kept.rfind("), ").map(|at| at + 1).or(kept.rfind(", ")).unwrap_or(kept.len());
    format!("{}, …", &kept[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_has_its_place_in_the_course() {
        for chapter in chapters() {
            assert!(
                FOLDERS.iter().any(|(folder, ..)| *folder == chapter.folder),
                "programs/{} has no place in the order of chapters: add it to FOLDERS",
                chapter.folder
            );
        }
    }
}
