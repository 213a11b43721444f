//! `racevm run`: random executions, seeded and repeatable.

use clap::Args;

use super::args::{ProgramArgs, SearchArgs};
use super::console::Console;
use super::exit::{Exit, Failure};
use super::graph::Unobserved;
use super::load;
use super::watch::Watch;
use crate::check::{self, Exploration};
use crate::explore::{Limits, Space};
use crate::graph::{Components, Drawer};
use crate::program::{Claim, Models, Program};
use crate::report;
use crate::schedule::{self, Class, Drawn, Sampling, StrategyName, Tally};
use crate::testing::again;
use crate::vm::Machine;

const AFTER_HELP: &str = "\
random picks uniformly among the enabled threads; pct:D is probabilistic
concurrency testing for bugs of depth D; quantum:N gives each thread N steps in
turn; uniform draws every schedule with the same probability, by exact counts.

Examples:
  racevm run programs/lost_update.rvm --runs 100000
  racevm run programs/lost_update.rvm --strategy quantum:3 --seed 7";

/// How many states the exact probabilities beside a histogram may cost, divided by the number of threads.
const EXACT_STATES: u64 = 100_000;

/// Execute many random schedules and count what comes out
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct RunArgs {
    /// The program; - is standard input
    file: String,

    /// How many executions
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    runs: u64,

    /// Seed; the same gives the same output
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,

    /// random, pct:D, quantum:N, round-robin, uniform
    #[arg(long, value_name = "STRATEGY", default_value_t, hide_default_value = true)]
    strategy: StrategyName,

    /// The most steps of one execution
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_steps: Option<u64>,

    #[command(flatten)]
    program: ProgramArgs,

    #[command(flatten)]
    search: SearchArgs,

    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

pub(super) fn run(args: &RunArgs, console: &Console) -> Result<Exit, Failure> {
    let program = load::program(&args.file, &args.program)?;
    let models = args.program.models(&program);
    let machine = Machine::new(&program, models, args.program.store_buffer)
        .map_err(|error| Failure::Limit(error.to_string()))?;
    let tally = sample(args, &machine, console)?;
    let exact = explore(args, &program);
    let again = again("replay", &args.file, &args.program.flags(&program, models));
    console.print(&if args.json {
        report::sampled_json(&program, machine.models(), &tally, exact.as_ref())
    } else {
        report::sampled(&machine, &tally, exact.as_ref(), &console.page(&again))
    })?;
    Ok(exit(&program, models, &tally))
}

fn sample(args: &RunArgs, machine: &Machine<'_>, console: &Console) -> Result<Tally, Failure> {
    let sampling =
        Sampling { strategy: args.strategy, seed: args.seed, runs: args.runs, limit: args.max_steps };
    let mut watch = Watch::start(console, args.search.bounds.time_limit);
    if args.strategy == StrategyName::Uniform {
        return sample_uniformly(args, machine, &sampling, watch);
    }
    Ok(schedule::sample(machine, &sampling, &mut |runs, steps| watch.goes_on(args.runs, runs, steps)))
}

/// Draws schedules by their exact number, for which the whole graph has to be known.
fn sample_uniformly(
    args: &RunArgs,
    machine: &Machine<'_>,
    sampling: &Sampling,
    mut watch: Watch,
) -> Result<Tally, Failure> {
    let limits = args.search.bounds.limits(1);
    let space = Space::explore(machine, &limits, &mut watch, &mut Unobserved);
    if space.cut.is_some() {
        let message = "the uniform strategy needs the whole decision graph, and the search for it was cut";
        return Err(Failure::Limit(message.to_owned()));
    }
    let components = Components::new(&space);
    let Some(drawer) = Drawer::new(&space, &components) else {
        let number = if components.any_cyclic() { "infinitely many" } else { "none" };
        let message =
            format!("the uniform strategy needs a finite number of schedules, and there are {number}");
        let help = "`--strategy random` works with loops too".to_owned();
        return Err(Failure::Usage(message, vec![help]));
    };
    let strategy = Drawn::new(|words| drawer.draw(words));
    Ok(schedule::sample_with(machine, strategy, sampling, &mut |runs, steps| {
        watch.goes_on(args.runs, runs, steps)
    }))
}

/// Explores the program if it is small, for the exact probabilities beside what was counted. What is small is
/// counted in states, not in time, so that the output is the same on every machine.
fn explore(args: &RunArgs, program: &Program) -> Option<Exploration> {
    let mut request = args.search.request(args.program.models(program), &args.program, 1);
    let states = EXACT_STATES / program.threads.len() as u64;
    let states = args.search.bounds.max_states.unwrap_or(states);
    request.limits = Limits { max_states: Some(states), ..request.limits };
    let mut watch = Watch::start_silently(None);
    let exploration = check::explore(program, &request, &mut watch).ok()?;
    exploration.search.cut.is_none().then_some(exploration)
}

/// A deadlock, or a fault that nothing expects, was seen: that fails. Runs that were cut off leave it open.
fn exit(program: &Program, models: Models, tally: &Tally) -> Exit {
    let expectations = || program.expectations.iter().filter(|expectation| expectation.applies(models));
    let claims = || expectations().map(|expectation| &expectation.claim);
    let expects_deadlock = claims().any(|claim| *claim == Claim::Deadlock(true));
    let is_expected = |message: &str| {
        claims().any(|claim| match claim {
            Claim::Fault(true, text) => text.as_ref().is_none_or(|text| message.contains(text.as_str())),
            _ => false,
        })
    };
    let is_wrong = |class: &Class| match class {
        Class::Deadlock { .. } => !expects_deadlock,
        Class::Fault { fault, .. } => !is_expected(fault.message(program)),
        _ => false,
    };
    let mut classes = tally.results.iter().map(|result| &result.class);
    if classes.clone().any(is_wrong) {
        Exit::Fails
    } else if tally.cut || classes.any(|class| *class == Class::Unfinished) {
        Exit::Inconclusive
    } else {
        Exit::Success
    }
}
