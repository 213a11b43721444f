//! `racevm fmt`: programs in canonical layout.

use std::fs;

use clap::Args;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::load;
use crate::asm;

const AFTER_HELP: &str = "\
Files are rewritten in place; folders are searched through for *.rvm; what comes
from standard input goes to standard output.

Examples:
  racevm fmt programs
  racevm fmt --check programs   change nothing, name what is not in layout, exit with 1
  racevm fmt - < draft.rvm";

/// Put programs into canonical layout
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct FmtArgs {
    /// Programs and folders of programs; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// Change nothing; name the files that are not in canonical layout, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &FmtArgs, console: &Console) -> Result<Exit, Failure> {
    let mut worst = Exit::Success;
    for file in load::expand(&args.files)? {
        // One file that cannot be read or parsed does not keep the others from being formatted.
        let exit = format(&file.name, args.check, console).unwrap_or_else(|failure| {
            console.report(&failure);
            failure.exit()
        });
        worst = worst.max(exit);
    }
    Ok(worst)
}

fn format(file: &str, check: bool, console: &Console) -> Result<Exit, Failure> {
    let text = load::read(file)?;
    let formatted = asm::format(&text.name, &text.text)
        .map_err(|diagnostics| Failure::Diagnostics(Box::new(diagnostics)))?;
    if check {
        if formatted == text.text {
            return Ok(Exit::Success);
        }
        if !console.quiet {
            console.print(&format!("{file} is not in canonical layout\n"))?;
        }
        return Ok(Exit::Fails);
    }
    if file == load::STDIN {
        console.print(&formatted)?;
    } else if formatted != text.text {
        fs::write(file, formatted)
            .map_err(|error| Failure::usage(format!("cannot write `{file}`: {error}")))?;
        if console.verbose {
            console.print(&format!("{file} reformatted\n"))?;
        }
    }
    Ok(Exit::Success)
}
