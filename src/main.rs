//! The `racevm` command; everything it does is in [`racevm::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    racevm::cli::main()
}
