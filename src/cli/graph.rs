//! `racevm graph`: the decision graph.

use clap::{Args, ValueEnum};

use super::args::{ProgramArgs, SearchArgs};
use super::console::Console;
use super::exit::{Exit, Failure};
use super::load;
use super::watch::Watch;
use crate::explore::{Kind, Limits, NodeId, Observer, Space};
use crate::graph::DecisionGraph;
use crate::vm::{Actor, Machine, State};

const AFTER_HELP: &str = "\
Examples:
  racevm graph programs/lost_update.rvm | dot -Tsvg > lost_update.svg
  racevm graph programs/deadlock/abba.rvm --format json";

/// How many states a graph may have where no flag says otherwise: more cannot be looked at.
const MAX_STATES: u64 = 10_000;

/// Print the decision graph, for graphviz or as JSON
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct GraphArgs {
    /// The program; - is standard input
    file: String,

    /// dot, which graphviz reads, or json
    #[arg(long, value_enum, default_value_t, hide_default_value = true, hide_possible_values = true)]
    format: Format,

    #[command(flatten)]
    program: ProgramArgs,

    #[command(flatten)]
    search: SearchArgs,

    /// The same as --format json
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum Format {
    /// The language of graphviz
    #[default]
    Dot,
    /// One JSON document
    Json,
}

/// An observer that looks away.
pub(super) struct Unobserved;

impl Observer for Unobserved {
    fn state(&mut self, _: NodeId, _: &State, _: Kind, _: &[Actor]) {}
}

pub(super) fn run(args: &GraphArgs, console: &Console) -> Result<Exit, Failure> {
    let program = load::program(&args.file, &args.program)?;
    let models = args.program.models(&program);
    let machine = Machine::new(&program, models, args.program.store_buffer)
        .map_err(|error| Failure::Limit(error.to_string()))?;
    let limits = args.search.limits(1);
    let limits = Limits { max_states: limits.max_states.or(Some(MAX_STATES)), ..limits };
    let mut watch = Watch::start(console, args.search.time_limit);
    let space = Space::explore(&machine, &limits, &mut watch, &mut Unobserved);
    drop(watch);
    let graph = DecisionGraph::new(&space);
    let format = if args.json { Format::Json } else { args.format };
    console.print(&super::draft::graph(&machine, &graph, format == Format::Json))?;
    match space.cut {
        None => Ok(Exit::Success),
        Some(_) => Err(Failure::Limit(format!(
            "the graph is not complete: it ends at {} states; --max-states asks for more",
            space.states()
        ))),
    }
}
