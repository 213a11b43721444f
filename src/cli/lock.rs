//! `racevm lock`: is this lock right, for every client up to a size and under every memory model?

use std::sync::Mutex;

use clap::Args;

use super::args::{BoundArgs, ProgramArgs};
use super::console::Console;
use super::exit::{Exit, Failure};
use super::load::{self, Named};
use super::watch::{self, Watch};
use super::workers;
use crate::program::{Models, Program};
use crate::report::{self, Asked, Lock};
use crate::testing::replaying;
use crate::verify::lock::{
    Client, DEFAULT_SIZES, ModelReport, Prepared, Refused, Remedy, Report, Size, Suite,
};

const AFTER_HELP: &str = "\
A lock is a file without threads that declares its variables and two procs:
acquire and release; acquire_shared and release_shared too, if readers may be
inside together. SELF is the number of the thread. `const THREADS`, where the
file has it, is set to the number of threads. What the file says of itself
stands in comments:
  ; lock: for 2 threads                    it is made for no more
  ; lock: reentrant                        its holder may take it again
  ; lock: bypass 1 with 2 threads          so often others enter while one waits
  ; lock: fails under tso, pso: exclusion  or deadlock, livelock, progress, fault
  ; lock: fences 2 under tso               so many FENCEs repair it, no fewer
Waiting begins at the label `waiting` in acquire, where there is one.

Examples:
  racevm lock programs/locks
  racevm lock --fences programs/locks/peterson.rvm
  racevm lock --repair mine.rvm > repaired.rvm
  racevm lock --client 1,1 mine.rvm | racevm explore -";

/// Check locks against every client, under every memory model
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct LockArgs {
    /// Locks and folders of locks; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// Clients of so many threads, each taking the lock so often [default: 2x2,3x1]
    #[arg(long, value_name = "TxR,…", value_delimiter = ',', help_heading = "Lock")]
    size: Vec<Size>,

    /// Ask whether its holder may take it again
    #[arg(long, help_heading = "Lock")]
    reentrant: bool,

    /// Ask how often others can go first while one waits
    #[arg(long, help_heading = "Lock")]
    bypass: bool,

    /// Find the smallest sets of FENCEs that repair it
    #[arg(long, help_heading = "Lock")]
    fences: bool,

    /// Print the repaired lock, and nothing else
    #[arg(long, help_heading = "Lock", conflicts_with_all = ["json", "client"])]
    repair: bool,

    /// Print the lock with this client, and nothing else: rounds by thread, as in 2,1
    #[arg(long, value_name = "ROUNDS,…", help_heading = "Lock", conflicts_with = "json")]
    client: Option<Client>,

    #[command(flatten)]
    program: ProgramArgs,

    #[command(flatten)]
    bounds: BoundArgs,

    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// A file, ready to be asked about.
struct Job {
    suite: Prepared,
    /// What was found so far, in the order of the memory models.
    found: Mutex<Vec<Option<ModelReport>>>,
}

/// What became of one file.
enum Outcome {
    Reported(Box<Report>),
    Failed(Failure),
    /// It stands in a folder and is no lock, for this reason.
    PassedOver(String),
}

pub(super) fn run(args: &LockArgs, console: &Console) -> Result<Exit, Failure> {
    if let Some(client) = &args.client {
        return print_client(args, client, console);
    }
    let files = load::expand(&args.files)?;
    watch::catch_interrupts();
    let mut jobs = Vec::new();
    let mut outcomes: Vec<Option<Outcome>> = Vec::new();
    for file in &files {
        let (job, outcome) = match prepare(args, file) {
            Ok(job) => (Some(job), None),
            Err(outcome) => (None, Some(outcome)),
        };
        jobs.push(job);
        outcomes.push(outcome);
    }
    explore(args, &jobs, &mut outcomes);
    let width = files.iter().map(|file| file.name.chars().count()).max().unwrap_or(0);
    let listing = Listing { args, console, files: &files, width };
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    listing.print(&outcomes)?;
    Ok(outcomes.iter().map(Outcome::exit).max().unwrap_or(Exit::Success))
}

fn suite(args: &LockArgs, name: &str) -> Result<Suite, Failure> {
    let text = load::read(name)?;
    let mut suite = Suite::new(name, text.text)
        .options(load::options(&args.program))
        .store_buffer(args.program.store_buffer)
        .reentrant(args.reentrant)
        .bypass(args.bypass)
        .fences(args.fences || args.repair)
        .limits(args.bounds.limits(args.bounds.threads() as u64))
        .sizes(if args.size.is_empty() { DEFAULT_SIZES.to_vec() } else { args.size.clone() });
    if let Some(memory) = args.program.memory {
        suite = suite.memories([memory]);
    }
    if let Some(switch) = args.program.switch {
        suite = suite.switch(switch);
    }
    Ok(suite)
}

fn prepare(args: &LockArgs, file: &Named) -> Result<Job, Outcome> {
    let suite = suite(args, &file.name).map_err(Outcome::Failed)?;
    match suite.prepare(&load::files(&args.program)) {
        Ok(suite) => {
            let found = Mutex::new(vec![None; suite.memories().len()]);
            Ok(Job { suite, found })
        }
        Err(Refused::NoLock(why)) if file.was_found => Err(Outcome::PassedOver(why)),
        Err(refused) => Err(Outcome::Failed(failure(&file.name, refused))),
    }
}

fn failure(name: &str, refused: Refused) -> Failure {
    match refused {
        Refused::Assembly(failure) => load::unassembled(name, failure),
        Refused::TooLarge(_) => Failure::Limit(format!("{name}: {refused}")),
        Refused::Claim(_) | Refused::NoLock(_) => Failure::usage(format!("{name}: {refused}")),
    }
}

/// Explores every lock under every memory model, several at a time, and fills in what becomes of them.
fn explore(args: &LockArgs, jobs: &[Option<Job>], outcomes: &mut [Option<Outcome>]) {
    let ready = jobs.iter().enumerate().filter_map(|(index, job)| Some((index, job.as_ref()?)));
    let tasks: Vec<(usize, &Job, usize)> = ready
        .flat_map(|(index, job)| (0..job.suite.memories().len()).map(move |at| (index, job, at)))
        .collect();
    let done = workers::all(tasks, args.bounds.threads(), |(index, job, at)| (index, work(args, job, at)));
    for (index, outcome) in done {
        if outcome.is_some() {
            outcomes[index] = outcome;
        }
    }
}

/// Explores a lock under one memory model, and sums up if that was the last.
fn work(args: &LockArgs, job: &Job, at: usize) -> Option<Outcome> {
    let loader = load::files(&args.program);
    let mut watch = Watch::start_silently(args.bounds.time_limit);
    let refuse = |refused| Some(Outcome::Failed(Failure::Limit(format!("{refused}"))));
    let report = match job.suite.explore(job.suite.memories()[at], &loader, &mut watch) {
        Ok(report) => report,
        Err(refused) => return refuse(refused),
    };
    let models = {
        let mut found = job.found.lock().expect("no worker panics while it notes what it found");
        found[at] = Some(report);
        found.iter().cloned().collect::<Option<Vec<ModelReport>>>()?
    };
    match job.suite.conclude(models, &loader, &mut watch) {
        Ok(report) => Some(Outcome::Reported(Box::new(report))),
        Err(refused) => refuse(refused),
    }
}

fn print_client(args: &LockArgs, client: &Client, console: &Console) -> Result<Exit, Failure> {
    let name = load::only(&args.files, "lock")?;
    let suite = suite(args, name)?;
    let (text, _) =
        suite.client(client, &load::files(&args.program)).map_err(|refused| failure(name, refused))?;
    console.print(&text)?;
    Ok(Exit::Success)
}

/// Makes the command that replays a schedule of a client.
type Replaying<'a> = Box<dyn Fn(&Client, &Program, Models) -> String + 'a>;

/// Prints what became of the files, in their order.
struct Listing<'a> {
    args: &'a LockArgs,
    console: &'a Console,
    files: &'a [Named],
    width: usize,
}

impl Listing<'_> {
    fn print(&self, outcomes: &[Outcome]) -> Result<(), Failure> {
        if self.args.json {
            return self.print_json(outcomes);
        }
        let first = outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Reported(report) => Some(report),
            _ => None,
        });
        if let Some(report) = first.filter(|_| self.files.len() > 1 && !self.args.repair) {
            let models = report.models.iter().map(|model| model.memory);
            self.console.print(&report::clients_head(models, self.width, &self.console.page("")))?;
        }
        for (index, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Outcome::Failed(failure) => self.console.report(failure),
                Outcome::PassedOver(why) if self.console.verbose => {
                    self.console.complain(&format!("{}: passed over: {why}\n", self.files[index].name));
                }
                Outcome::PassedOver(_) => {}
                Outcome::Reported(report) if self.args.repair => self.print_repaired(report)?,
                Outcome::Reported(report) => self.print_report(report)?,
            }
        }
        Ok(())
    }

    fn print_report(&self, report: &Report) -> Result<(), Failure> {
        let again = replaying(report);
        let page = self.console.page("");
        let mut text = String::new();
        if self.files.len() == 1 {
            text.push_str(&report::locked(report, &page, &again));
        } else {
            text.push_str(&report::lock_line(report, self.width, &page));
            text.push_str(&report::lock_details(report, &page, &again));
        }
        self.console.print(&text)
    }

    fn print_repaired(&self, report: &Report) -> Result<(), Failure> {
        let name = &report.name;
        match report.repair.as_ref().map(|repair| &repair.remedy) {
            Some(Remedy::Fences { text, .. }) => self.console.print(text),
            Some(Remedy::None(_)) => Err(Failure::usage(format!("{name}: no FENCEs in the lock repair it"))),
            Some(Remedy::Cut(_)) => {
                Err(Failure::Limit(format!("{name}: a limit cut the search for what repairs it")))
            }
            None if report.models.iter().all(ModelReport::is_right) => {
                Err(Failure::usage(format!("{name}: there is nothing to repair")))
            }
            None => Err(Failure::usage(format!("{name}: it is wrong without store buffers already"))),
        }
    }

    fn print_json(&self, outcomes: &[Outcome]) -> Result<(), Failure> {
        let again: Vec<Option<Replaying<'_>>> = outcomes.iter().map(Outcome::replaying).collect();
        let asked = outcomes.iter().zip(self.files).zip(&again).filter_map(|((outcome, file), again)| {
            let file = file.name.as_str();
            Some(match outcome {
                Outcome::Reported(report) => {
                    Asked::Found(Lock { report, again: again.as_ref().expect("every report has one") })
                }
                Outcome::Failed(failure) => failure.asked(file),
                Outcome::PassedOver(_) => return None,
            })
        });
        self.console.print(&report::locks_json(&asked.collect::<Vec<_>>()))
    }
}

impl Outcome {
    fn replaying(&self) -> Option<Replaying<'_>> {
        match self {
            Outcome::Reported(report) => Some(Box::new(replaying(report))),
            Outcome::Failed(_) | Outcome::PassedOver(_) => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Outcome::Reported(report) => report.summary().into(),
            Outcome::Failed(failure) => failure.exit(),
            Outcome::PassedOver(_) => Exit::Success,
        }
    }
}
