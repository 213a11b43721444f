//! `racevm explore`: every schedule of one program.

use clap::Args;

use super::args::{BeyondArgs, BeyondMemory, ProgramArgs, SearchArgs};
use super::console::Console;
use super::disk::Files;
use super::exit::{Exit, Failure};
use super::load;
use super::watch::Watch;
use crate::check::{self, Cut, Exploration, Request, Summary};
use crate::report;
use crate::testing::again;
use crate::verify::vacuity::{LOOKED_AT, vacuity_under};
use crate::vm::Machine;

const AFTER_HELP: &str = "\
Examples:
  racevm explore programs/lost_update.rvm
  racevm explore programs/lost_update.rvm --switch gil
  racevm explore programs/counters/two_loops.rvm -D N=3 --json
  racevm examples deadlock/abba | racevm explore -";

/// Explore every schedule: what can come out, how likely, and why
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ExploreArgs {
    /// The program; - is standard input
    file: String,

    #[command(flatten)]
    program: ProgramArgs,

    #[command(flatten)]
    search: SearchArgs,

    #[command(flatten)]
    beyond: BeyondArgs,

    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

pub(super) fn run(args: &ExploreArgs, console: &Console) -> Result<Exit, Failure> {
    let program = load::program(&args.file, &args.program)?;
    let models = args.program.models(&program);
    let machine = Machine::new(&program, models, args.program.store_buffer)
        .map_err(|error| Failure::Limit(error.to_string()))?;
    let request =
        Request { workers: args.search.bounds.threads(), ..args.search.request(models, &args.program, 1) };
    let mut watch = Watch::start(console, args.search.bounds.time_limit);
    let files = args.beyond.files()?;
    let beyond = args.beyond.beyond(files.as_ref());
    let explored = check::explore_beyond(&program, &request, beyond, &mut watch);
    let mut exploration = explored.map_err(|error| Failure::Limit(error.to_string()))?;
    exploration.search.elapsed = watch.elapsed();
    // What a pass is worth is looked at where there is a pass.
    let holds = exploration.summary() == Summary::Holds;
    let is_too_large = |_| exploration.search.states > LOOKED_AT;
    let vacuity =
        holds.then(|| vacuity_under(&program, &[models], is_too_large, &request, &mut watch)).transpose();
    let vacuity = vacuity.map_err(|error| Failure::Limit(error.to_string()))?;
    drop(watch);
    if let Some(error) = files.as_ref().and_then(Files::error) {
        console.report(&Failure::Limit(error));
    }
    if let Some(note) = note_on_memory(args, &request, &exploration) {
        console.complain(&format!("note: {note}\n"));
    }
    if args.json {
        console.print(&report::explored_json(&program, &exploration, vacuity.as_ref()))?;
    } else {
        let again = again("replay", &args.file, &args.program.flags(&program, models));
        let page = console.page(&again);
        console.print(&report::explored(&machine, &exploration, &page))?;
        if let Some(vacuity) = vacuity {
            console.print(&report::vacuous(&program, &vacuity, &page))?;
        }
    }
    Ok(exploration.summary().into())
}

/// Says why a search ended at its limit on memory, where that is not what one would expect.
fn note_on_memory(args: &ExploreArgs, request: &Request, found: &Exploration) -> Option<&'static str> {
    if found.search.cut != Some(Cut::Memory) {
        return None;
    }
    if request.limits.max_memory == Some(0) {
        return Some("racevm itself takes all the memory that --max-memory allows");
    }
    (args.beyond.beyond_memory == BeyondMemory::Disk).then_some(
        "the search could not be ended on disk: what stays in memory found no room there, or a state takes more than \
         128 bits, or livelocks would have to be looked for",
    )
}
