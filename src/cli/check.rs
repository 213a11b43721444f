//! `racevm check`: do many programs do what they say they do?

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;

use super::args::{ProgramArgs, SearchArgs};
use super::console::Console;
use super::exit::{Exit, Failure};
use super::load::{self, Named};
use super::watch::{self, Watch};
use crate::check::{self, Exploration};
use crate::program::Program;

const AFTER_HELP: &str = "\
Each program is explored under every combination of models that its expectations name. The limits
are those of each exploration.

Examples:
  racevm check programs
  racevm check -v programs/deadlock programs/lost_update.rvm
  racevm check --time-limit 10s --json programs";

/// What a file without any thread is refused with: in a folder, it is there to be included.
const NO_THREAD: &str = "E0506";

/// Check many programs against what they expect, one line each
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CheckArgs {
    /// Programs and folders of programs; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    #[command(flatten)]
    program: ProgramArgs,

    #[command(flatten)]
    search: SearchArgs,

    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// What became of one file.
enum Checked {
    /// It was explored under each combination of models it names.
    Explored(Box<Program>, Vec<Exploration>),
    /// It could not be.
    Failed(Failure),
    /// It is there to be included.
    Part,
    /// The interrupt key came first.
    Skipped,
}

pub(super) fn run(args: &CheckArgs, console: &Console) -> Result<Exit, Failure> {
    let files = load::expand(&args.files)?;
    watch::catch_interrupts();
    let workers = args.search.threads().min(files.len());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, files) = (sender.clone(), &next, &files);
            scope.spawn(move || {
                while let Some((index, file)) = take(files, next) {
                    let checked = check(file, args, workers as u64);
                    if sender.send((index, checked)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        report(&files, &receiver, console)
    })
}

fn take<'f>(files: &'f [Named], next: &AtomicUsize) -> Option<(usize, &'f Named)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    files.get(index).map(|file| (index, file))
}

fn check(file: &Named, args: &CheckArgs, share: u64) -> Checked {
    if watch::is_interrupted() {
        return Checked::Skipped;
    }
    let program = match load::program(&file.name, &args.program) {
        Ok(program) => program,
        Err(Failure::Diagnostics(diagnostics)) if file.was_found && diagnostics.errors.iter().all(|error| error.code == NO_THREAD) => {
            return Checked::Part;
        }
        Err(failure) => return Checked::Failed(failure),
    };
    match explore(&program, args, share) {
        Ok(explorations) => Checked::Explored(Box::new(program), explorations),
        Err(failure) => Checked::Failed(failure),
    }
}

fn explore(program: &Program, args: &CheckArgs, share: u64) -> Result<Vec<Exploration>, Failure> {
    let combinations = program.combinations(args.program.models(program));
    let explorations = combinations.into_iter().map(|models| {
        let request = args.search.request(models, &args.program, share);
        let mut watch = Watch::start_silently(args.search.time_limit);
        let mut exploration = check::explore(program, &request, &mut watch)
            .map_err(|error| Failure::Limit(format!("{}: {error}", program.sources[0].name)))?;
        exploration.search.elapsed = watch.elapsed();
        Ok(exploration)
    });
    explorations.collect()
}

/// Prints the results in the order of the files, each as soon as those before it are there.
fn report(
    files: &[Named],
    receiver: &mpsc::Receiver<(usize, Checked)>,
    console: &Console,
) -> Result<Exit, Failure> {
    let mut progress = Watch::start(console, None);
    let mut early = BTreeMap::new();
    let mut printed = 0;
    let mut worst = Exit::Success;
    while printed < files.len() {
        match receiver.recv_timeout(Duration::from_millis(200)) {
            Ok((index, checked)) => drop(early.insert(index, checked)),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        while let Some(checked) = early.remove(&printed) {
            worst = worst.max(show(&files[printed], &checked, console)?);
            printed += 1;
        }
        progress.tick(|_| format!("checked {printed} of {}", files.len()));
    }
    Ok(worst)
}

fn show(file: &Named, checked: &Checked, console: &Console) -> Result<Exit, Failure> {
    Ok(match checked {
        Checked::Explored(program, explorations) => {
            console.print(&super::draft::line(&file.name, program, explorations))?;
            let exits = explorations.iter().map(|exploration| Exit::from(exploration.summary()));
            exits.max().unwrap_or(Exit::Success)
        }
        Checked::Failed(failure) => {
            console.report(failure);
            failure.exit()
        }
        Checked::Part => Exit::Success,
        Checked::Skipped => Exit::Inconclusive,
    })
}
