//! `racevm check`: do many programs do what they say they do?

mod documents;
mod tried;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;

use documents::Documents;
use tried::Tried;

use super::args::{ProgramArgs, SearchArgs};
use super::batch::{self, Loaded};
use super::console::Console;
use super::exit::{Exit, Failure};
use super::load::{self, Named};
use super::watch::{self, Watch};
use super::workers;
use crate::report::{self, Asked, Checked};

const AFTER_HELP: &str = "\
Each program is explored under every combination of models that it names; the
limits are those of each exploration. In a folder, files without threads are
there to be included, and passed over.

Examples:
  racevm check -v programs/deadlock programs/lost_update.rvm
  racevm check --junit results.xml --sarif results.sarif programs";

/// How often the line that shows how far the work has come is looked at.
const PULSE: Duration = Duration::from_millis(200);

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

    /// Show which mistakes nothing would notice in programs that pass
    #[arg(long, help_heading = "Search")]
    mutants: bool,

    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// Write the results to a file too, as JUnit XML
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    junit: Option<PathBuf>,

    /// Write the results to a file too, as SARIF 2.1.0
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    sarif: Option<PathBuf>,
}

/// What became of one file.
enum Outcome {
    /// It was explored.
    Explored(Box<Tried>),
    /// It could not be.
    Failed(Failure),
    /// It is there to be included.
    Part,
    /// The interrupt key came first.
    Skipped,
}

pub(super) fn run(args: &CheckArgs, console: &Console) -> Result<Exit, Failure> {
    let files = load::expand(&args.files)?;
    let documents = Documents::create(args.junit.as_deref(), args.sarif.as_deref())?;
    watch::catch_interrupts();
    let loaded = batch::programs(&files, &args.program)?;
    let workers = args.search.bounds.threads().min(files.len());
    let listing = Listing { files: &files, args, console, documents, kept: Vec::new() };
    workers::stream(
        loaded,
        workers,
        |loaded| check(loaded, args, workers as u64),
        |receiver| listing.run(&receiver),
    )
}

fn check(loaded: Loaded, args: &CheckArgs, share: u64) -> Outcome {
    if watch::is_interrupted() {
        return Outcome::Skipped;
    }
    let (program, flags) = match loaded {
        Loaded::Program(program, flags) => (program, flags),
        Loaded::Part => return Outcome::Part,
        Loaded::Failed(failure) => return Outcome::Failed(failure),
    };
    match Tried::new(program, flags, args, share) {
        Ok(tried) => Outcome::Explored(Box::new(tried)),
        Err(failure) => Outcome::Failed(failure),
    }
}

/// Prints what became of the files, in their order.
struct Listing<'a> {
    files: &'a [Named],
    args: &'a CheckArgs,
    console: &'a Console,
    documents: Documents,
    /// What the documents will hold.
    kept: Vec<(&'a Named, Outcome)>,
}

impl Listing<'_> {
    /// Receives results and shows each as soon as those before it have been shown.
    fn run(mut self, receiver: &mpsc::Receiver<(usize, Outcome)>) -> Result<Exit, Failure> {
        let mut progress = Watch::start(self.console, None);
        let mut early = BTreeMap::new();
        let mut done = 0;
        let mut worst = Exit::Success;
        while done < self.files.len() {
            match receiver.recv_timeout(PULSE) {
                Ok((index, outcome)) => drop(early.insert(index, outcome)),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            while let Some(outcome) = early.remove(&done) {
                progress.clear();
                worst = worst.max(self.take(done, outcome)?);
                done += 1;
            }
            // An interrupt reaches the workers by themselves.
            progress.tick(|_| format!("checked {done} of {}", self.files.len()));
        }
        drop(progress);
        let checked: Vec<Checked<'_>> = self
            .kept
            .iter()
            .filter_map(|(file, outcome)| outcome.as_checked(&file.name, self.args))
            .collect();
        if self.args.json {
            self.console.print(&report::checked_json(&checked))?;
        }
        self.documents.write(&checked)?;
        Ok(worst)
    }

    fn take(&mut self, index: usize, outcome: Outcome) -> Result<Exit, Failure> {
        let file = &self.files[index];
        let exit = outcome.exit();
        if !self.args.json {
            if let Outcome::Failed(failure) = &outcome {
                self.console.report(failure);
            }
            if let Some(checked) = outcome.as_checked(&file.name, self.args) {
                self.console.print(&report::checked(&checked, &self.console.page("")))?;
            }
        }
        if self.args.json || self.documents.are_wanted() {
            self.kept.push((file, outcome));
        }
        Ok(exit)
    }
}

impl Outcome {
    fn exit(&self) -> Exit {
        match self {
            Outcome::Explored(tried) => {
                let exits = tried.explorations.iter().map(|exploration| Exit::from(exploration.summary()));
                exits.max().unwrap_or(Exit::Success)
            }
            Outcome::Failed(failure) => failure.exit(),
            Outcome::Part => Exit::Success,
            Outcome::Skipped => Exit::Inconclusive,
        }
    }

    fn as_checked<'a>(&'a self, file: &'a str, args: &CheckArgs) -> Option<Checked<'a>> {
        Some(match self {
            Outcome::Explored(tried) => Asked::Found(tried.as_explored(file, args)),
            Outcome::Failed(failure) => failure.asked(file),
            Outcome::Skipped => Asked::Failed { file, message: "not checked: interrupted".to_owned() },
            Outcome::Part => return None,
        })
    }
}
