//! `racevm graph`: the decision graph.

use clap::{Args, ValueEnum};

use super::args::{ProgramArgs, SearchArgs};
use super::console::Console;
use super::exit::{Exit, Failure};
use super::load;
use super::watch::Watch;
use crate::explore::{Kind, Limits, NodeId, Observer, Sink, Space};
use crate::graph::{DecisionGraph, GraphNode};
use crate::report::{self, EdgeView, GraphView, NodeView};
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

impl GraphArgs {
    pub fn wants_json(&self) -> bool {
        self.json || self.format == Format::Json
    }
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
    let limits = args.search.bounds.limits(1);
    let limits = Limits { max_states: limits.max_states.or(Some(MAX_STATES)), ..limits };
    let mut watch = Watch::start(console, args.search.bounds.time_limit);
    let space = Space::explore(&machine, &limits, &mut watch, &mut Unobserved);
    drop(watch);
    let view = view(&space, &DecisionGraph::new(&space));
    console.print(&if args.wants_json() { report::graph_json(&view) } else { report::graph_dot(&view) })?;
    match space.cut {
        None => Ok(Exit::Success),
        Some(_) => Err(Failure::Limit(format!(
            "the graph is not complete: the search was cut at {} states; --max-states asks for more",
            space.states()
        ))),
    }
}

fn view(space: &Space<'_, '_>, graph: &DecisionGraph) -> GraphView {
    let machine = space.machine;
    let program = machine.program();
    let mut components = vec![0; graph.graph.node_count()];
    // The list ends with the component of the initial state, which is to be number 0.
    for (number, component) in graph.strongly_connected_components().iter().rev().enumerate() {
        for &node in component {
            components[node.index()] = number as u32;
        }
    }
    let nodes = graph.graph.node_weights().zip(&components).map(|(node, &component)| NodeView {
        kind: kind(node),
        label: label(machine, node),
        component,
    });
    let edges = graph.graph.edge_indices().filter_map(|edge| {
        let (from, to) = graph.graph.edge_endpoints(edge)?;
        let text = graph.graph[edge].run.to_text(program);
        let steps = text.split('@').next().unwrap_or_default().trim_end();
        Some(EdgeView { from: from.index(), to: to.index(), label: steps.to_owned() })
    });
    GraphView {
        program: program.name.clone(),
        models: machine.models(),
        nodes: nodes.collect(),
        edges: edges.collect(),
        cut: space.cut.is_some(),
    }
}

fn kind(node: &GraphNode) -> &'static str {
    match (node.sink, node.kind) {
        (Some(Sink::Assume), _) => "assume",
        (Some(Sink::Fault { .. }), _) | (None, Kind::FaultEnd) => "fault",
        (None, Kind::Decision) => "decision",
        (None, Kind::Final) => "final",
        (None, Kind::Deadlock) => "deadlock",
        (None, Kind::Branch) => "branch",
        (None, Kind::Unexpanded) => "unexpanded",
    }
}

/// What stands in a node: the observed values, then where each thread is.
fn label(machine: &Machine<'_>, node: &GraphNode) -> String {
    let program = machine.program();
    let Some(state) = &node.state else {
        return match node.sink {
            Some(Sink::Fault { fault, thread, at }) => {
                let line = program.line(at).number;
                format!("{thread}: {line} {}\n{}", program.instruction_text(at), fault.message(program))
            }
            _ => "ASSUME failed".to_owned(),
        };
    };
    let values = program.observed.iter().map(|entry| {
        let values: Vec<String> =
            entry.cells.iter().map(|&cell| machine.value(state, cell).to_string()).collect();
        let text = values.join(", ");
        if entry.is_array { format!("{} = [{text}]", entry.name) } else { format!("{} = {text}", entry.name) }
    });
    let threads = program.thread_ids().map(|id| match machine.pc(state, id) {
        Some(at) => format!("{id}: {} {}", program.line(at).number, program.instruction_text(at)),
        None if machine.is_finished(state, id) => format!("{id}: finished"),
        None => format!("{id}: not started"),
    });
    values.chain(threads).collect::<Vec<_>>().join("\n")
}
