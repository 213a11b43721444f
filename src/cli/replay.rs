//! `racevm replay`: exactly one schedule, step by step.

use clap::Args;

use super::args::ProgramArgs;
use super::console::Console;
use super::exit::{Exit, Failure};
use super::load;
use crate::program::Program;
use crate::report;
use crate::schedule::{self, Execution, ParsedSchedule, program_hash};
use crate::testing::again;
use crate::vm::Machine;

const AFTER_HELP: &str = "\
A schedule is whose step comes next: A3 B4 A1 is three steps of the first
thread, four of the second, one of the first. A=5 chooses 5, A>C wakes C, A~
lets A's oldest buffered store reach memory. @9c41 says which program it was
made for.

Examples:
  racevm replay programs/lost_update.rvm 'A3 B4 A1'
  racevm replay programs/lost_update.rvm A3 B   a schedule may stop anywhere";

/// Execute exactly one schedule and show it step by step
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ReplayArgs {
    /// The program; - is standard input
    file: String,

    /// The schedule, in one argument or several
    #[arg(required = true)]
    schedule: Vec<String>,

    #[command(flatten)]
    program: ProgramArgs,

    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

pub(super) fn run(args: &ReplayArgs, console: &Console) -> Result<Exit, Failure> {
    let program = load::program(&args.file, &args.program)?;
    let models = args.program.models(&program);
    let machine = Machine::new(&program, models, args.program.store_buffer)
        .map_err(|error| Failure::Limit(error.to_string()))?;
    let schedule = parse(&args.schedule.join(" "), &program)?;
    let execution = execute(&machine, &schedule)?;
    let again = again("replay", &args.file, &args.program.flags(&program, models));
    console.print(&if args.json {
        report::replayed_json(&machine, &execution)
    } else {
        report::replayed(&machine, &execution, &console.page(&again))
    })?;
    Ok(Exit::Success)
}

fn parse(text: &str, program: &Program) -> Result<ParsedSchedule, Failure> {
    let schedule = schedule::parse(text, program)
        .map_err(|error| Failure::Misfit(format!("`{text}` is no schedule of this program: {error}")))?;
    if schedule.fits(program) {
        return Ok(schedule);
    }
    let made_for = schedule.mark.unwrap_or_default();
    let this = format!("{:016x}", program_hash(program));
    let this = &this[..made_for.len().clamp(4, this.len())];
    Err(Failure::Misfit(format!(
        "the schedule was made for @{made_for}, and this program is @{this}: the program has changed, or a \
         -D or --replace of then is missing"
    )))
}

fn execute(machine: &Machine<'_>, schedule: &ParsedSchedule) -> Result<Execution, Failure> {
    let program = machine.program();
    schedule::replay(machine, schedule).map_err(|misfit| {
        let models = machine.models();
        let message = misfit.message(program);
        Failure::Misfit(format!("the schedule does not fit this program under {models}: {message}"))
    })
}
