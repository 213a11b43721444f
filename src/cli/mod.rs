//! The command line: arguments, a file for each subcommand, exit codes, progress.
//!
//! This is the only layer that reads files, clocks and the environment, and the only one that knows clap.

mod args;
mod batch;
mod check;
mod console;
mod dis;
mod disk;
mod examples;
mod exit;
mod explore;
mod fmt;
mod graph;
mod linear;
mod load;
mod lock;
mod quantity;
mod replay;
mod run;
mod watch;
mod workers;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use args::OutputArgs;
use console::Console;
use exit::{Exit, Failure};

use crate::report;

const ABOUT: &str = "Shows everything a concurrent program can do.";

const AFTER_HELP: &str = "\
Examples:
  racevm examples                          what there is to try
  racevm explore programs/lost_update.rvm  every outcome, how likely, and why
  racevm check programs                    do all programs do what they say they do?

Exit codes: 0 as expected · 1 not as expected · 2 wrong usage ·
3 does not assemble · 4 cut by a limit · 5 the schedule does not fit";

/// Shows everything a concurrent program can do.
#[derive(Parser, Debug)]
#[command(name = "racevm", version, about = ABOUT, after_help = AFTER_HELP, max_term_width = 80)]
#[command(disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    output: OutputArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Explore(explore::ExploreArgs),
    Check(check::CheckArgs),
    Lock(lock::LockArgs),
    Linear(linear::LinearArgs),
    Run(run::RunArgs),
    Replay(replay::ReplayArgs),
    Dis(dis::DisArgs),
    Fmt(fmt::FmtArgs),
    Graph(graph::GraphArgs),
    Examples(examples::ExamplesArgs),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let console = Console::new(&arguments.output);
    let result = match &arguments.command {
        Command::Explore(args) => explore::run(args, &console),
        Command::Check(args) => check::run(args, &console),
        Command::Lock(args) => lock::run(args, &console),
        Command::Linear(args) => linear::run(args, &console),
        Command::Run(args) => run::run(args, &console),
        Command::Replay(args) => replay::run(args, &console),
        Command::Dis(args) => dis::run(args, &console),
        Command::Fmt(args) => fmt::run(args, &console),
        Command::Graph(args) => graph::run(args, &console),
        Command::Examples(args) => examples::run(args, &console),
    };
    let exit = result.unwrap_or_else(|failure| give_up(&failure, arguments.command.wants_json(), &console));
    exit.into()
}

impl Command {
    fn wants_json(&self) -> bool {
        match self {
            Command::Explore(args) => args.json,
            Command::Check(args) => args.json,
            Command::Lock(args) => args.json,
            Command::Linear(args) => args.json,
            Command::Run(args) => args.json,
            Command::Replay(args) => args.json,
            Command::Graph(args) => args.wants_json(),
            Command::Dis(_) | Command::Fmt(_) | Command::Examples(_) => false,
        }
    }
}

/// Prints help or what is wrong with the arguments. That nobody reads it is no error.
fn refuse(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
    exit.into()
}

/// Says why there is no result. To a program that reads JSON, errors of the text are one.
fn give_up(failure: &Failure, json: bool, console: &Console) -> Exit {
    let told = match failure {
        Failure::Diagnostics(diagnostics) if json => console.print(&report::errors_json(diagnostics)),
        _ => Err(Failure::usage("not JSON")),
    };
    if told.is_err() {
        console.report(failure);
    }
    failure.exit()
}
