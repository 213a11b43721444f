//! Watches a search: the clock, the interrupt key, and the line that shows how far it has come.

use std::io::Write;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::console::Console;
use crate::explore::{Cut, Monitor, Progress};

/// Nothing is shown of a search that is faster than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is written anew.
const REFRESH: Duration = Duration::from_millis(200);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets the interrupt key end searches with what they have so far; pressed again, it ends the process.
pub(super) fn catch_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let handler = || {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        };
        // Without a handler the key ends the process at once, which is a poorer but a correct answer.
        let _ = ctrlc::set_handler(handler);
    });
}

/// Returns true once the person has pressed the interrupt key.
pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A monitor that knows the time.
#[derive(Debug)]
pub(super) struct Watch {
    started: Instant,
    limit: Option<Duration>,
    line: Option<ProgressLine>,
}

impl Watch {
    /// Starts the clock.
    pub fn start(console: &Console, limit: Option<Duration>) -> Watch {
        catch_interrupts();
        let line = console.shows_progress().then(ProgressLine::default);
        Watch { started: Instant::now(), limit, line }
    }

    /// Starts the clock of a search that shows nothing of its own progress.
    pub fn start_silently(limit: Option<Duration>) -> Watch {
        Watch { started: Instant::now(), limit, line: None }
    }

    /// Takes the line of progress away, so that results can be written; the next tick shows it again.
    pub fn clear(&mut self) {
        if let Some(line) = &mut self.line {
            *line = ProgressLine::default();
        }
    }

    /// Returns the time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns why to stop now, if there is a reason, and shows what `describe` says where it is time to.
    pub fn tick(&mut self, describe: impl FnOnce(Duration) -> String) -> Option<Cut> {
        if is_interrupted() {
            return Some(Cut::Interrupt);
        }
        let elapsed = self.started.elapsed();
        if self.limit.is_some_and(|limit| elapsed >= limit) {
            return Some(Cut::Time);
        }
        if let Some(line) = &mut self.line
            && elapsed >= PATIENCE
        {
            line.show(elapsed, describe);
        }
        None
    }
}

impl Watch {
    /// Returns true while sampling may go on.
    pub fn goes_on(&mut self, wanted: u64, runs: u64, steps: u64) -> bool {
        let cut = self.tick(|elapsed| {
            let rate = scaled(steps as f64 / elapsed.as_secs_f64(), 1000.0);
            format!("running: {runs} of {wanted} runs, {rate} steps/s, {} s", elapsed.as_secs())
        });
        cut.is_none()
    }
}

impl Monitor for Watch {
    fn observe(&mut self, progress: &Progress) -> Option<Cut> {
        let progress = *progress;
        self.tick(|elapsed| describe(&progress, elapsed))
    }
}

/// The line on the terminal; dropping it takes it away.
#[derive(Debug, Default)]
struct ProgressLine {
    shown: Option<Duration>,
}

impl ProgressLine {
    fn show(&mut self, now: Duration, describe: impl FnOnce(Duration) -> String) {
        if self.shown.is_none_or(|shown| now.saturating_sub(shown) >= REFRESH) {
            self.shown = Some(now);
            write(&format!("\r\x1b[K{}", describe(now)));
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.shown.is_some() {
            write("\r\x1b[K");
        }
    }
}

fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

fn describe(progress: &Progress, elapsed: Duration) -> String {
    let rate = progress.states as f64 / elapsed.as_secs_f64();
    let whole = progress.whole.map_or_else(String::new, |whole| {
        let percent = (progress.states as f64 / whole.max(1) as f64 * 100.0).min(99.0);
        format!(", roughly {percent:.0} % of {}", scaled(whole as f64, 1000.0))
    });
    format!(
        "{}: {} states{whole}, {}/s, {} open, {}iB, {} s",
        progress.phase,
        scaled(progress.states as f64, 1000.0),
        scaled(rate, 1000.0),
        scaled(progress.frontier as f64, 1000.0),
        scaled(progress.memory as f64, 1024.0),
        elapsed.as_secs()
    )
}

/// Three digits and a letter: 1.23 M.
fn scaled(mut number: f64, step: f64) -> String {
    let mut letters = ["", " k", " M", " G", " T"].into_iter();
    let mut letter = letters.next().unwrap_or_default();
    while number >= step {
        let Some(next) = letters.next() else { break };
        number /= step;
        letter = next;
    }
    let decimals = if letter.is_empty() || number >= 100.0 { 0 } else { 1 + usize::from(number < 10.0) };
    format!("{number:.decimals$}{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_progress_is_short() {
        let progress = Progress {
            phase: "searching",
            states: 12_345_678,
            transitions: 30_000_000,
            frontier: 4_096,
            memory: 3 << 29,
            whole: None,
        };
        let line = describe(&progress, Duration::from_secs(10));
        assert_eq!(line, "searching: 12.3 M states, 1.23 M/s, 4.10 k open, 1.50 GiB, 10 s");
        let foreseen = Progress { whole: Some(50_000_000), ..progress };
        let line = describe(&foreseen, Duration::from_secs(10));
        assert!(line.contains("12.3 M states, roughly 25 % of 50.0 M, 1.23 M/s"), "{line}");
    }
}
