//! `racevm dis`: the assembled bytecode.

use clap::Args;

use super::args::ProgramArgs;
use super::console::Console;
use super::exit::{Exit, Failure};
use super::load;
use crate::asm;

const AFTER_HELP: &str = "\
Examples:
  racevm dis programs/lost_update.rvm
  racevm dis --switch gil programs/lost_update.rvm   where the GIL may let go";

/// Print the bytecode: addresses, stack heights, switch points
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct DisArgs {
    /// The program; - is standard input
    file: String,

    #[command(flatten)]
    program: ProgramArgs,
}

pub(super) fn run(args: &DisArgs, console: &Console) -> Result<Exit, Failure> {
    let program = load::program(&args.file, &args.program)?;
    let models = args.program.models(&program);
    console.print(&asm::listing(&program, models))?;
    Ok(Exit::Success)
}
