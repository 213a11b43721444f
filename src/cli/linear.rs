//! `racevm linear`: is this object linearizable, for every client up to a size and under every memory model?

use clap::Args;

use super::args::{BoundArgs, ProgramArgs};
use super::console::Console;
use super::exit::{Exit, Failure};
use super::load::{self, Named};
use super::watch::{self, Watch};
use super::workers;
use crate::program::MemoryModel;
use crate::report::{self, Asked, Object};
use crate::testing::{again, flags};
use crate::verify::linear::{
    self, Claims, Client, ModelReport, Prepared, Refused, Report, Roles, Shipped, Size, Suite,
};

const AFTER_HELP: &str = "\
An object is a file without threads that declares its variables and a proc for
each operation: arguments are on the stack at the call, results at the return.
  counter             increment ( -- ) or ( -- old ), decrement, read ( -- n )
  register, register:N   write ( x -- ), read ( -- x ), exchange, compare_and_swap
  stack               push ( x -- ), pop ( -- x ) or ( -- x 1 ), top
  queue, bounded-queue:N   enqueue ( x -- ) or ( x -- 0/1 ), dequeue as pop, peek
  set                 insert, remove, contains ( x -- 0/1 )
  cache               get ( mine -- first ), clear ( -- )
pop and dequeue say that there is nothing with a number below 1, or with 0 0.
`const THREADS`, where the file has it, is set to the number of threads. What
the file says of itself stands in comments:
  ; object: queue                      what it is
  ; object: waits                      nothing there, or no room: it waits
  ; object: roles enqueue | dequeue*   who may call what; * is any number of threads
  ; object: fails under tso, pso: order    or deadlock, livelock, fault

Examples:
  racevm linear programs/objects
  racevm linear --spec queue --size 2x3 mine.rvm
  racevm linear --client 'push(1) pop | pop' mine.rvm | racevm explore -";

/// Check objects against a sequential specification, with every client
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct LinearArgs {
    /// Objects and folders of objects; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// What it should be, whatever the file says
    #[arg(long, value_name = "SPEC", help_heading = "Object")]
    spec: Option<Shipped>,

    /// Operations may wait where there is nothing to take, or no room
    #[arg(long, help_heading = "Object")]
    waits: bool,

    /// Which threads may call what, whatever the file says: enqueue | dequeue*
    #[arg(long, value_name = "ROLES", help_heading = "Object")]
    roles: Option<Roles>,

    /// Clients of so many threads, each making so many calls [default: as many as are quick]
    #[arg(long, value_name = "TxK,…", value_delimiter = ',', help_heading = "Object")]
    size: Vec<Size>,

    /// Print the object with this client, and nothing else: push(1) pop | pop
    #[arg(long, value_name = "CALLS", help_heading = "Object", conflicts_with = "json")]
    client: Option<Client>,

    #[command(flatten)]
    program: ProgramArgs,

    #[command(flatten)]
    bounds: BoundArgs,

    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// What became of one file.
enum Outcome {
    Reported(Box<Report>),
    Failed(Failure),
    /// It was found in a folder, and is no object.
    PassedOver,
}

pub(super) fn run(args: &LinearArgs, console: &Console) -> Result<Exit, Failure> {
    if let Some(client) = &args.client {
        return print_client(args, client, console);
    }
    let files = load::expand(&args.files)?;
    watch::catch_interrupts();
    let loader = load::files(&args.program);
    let mut outcomes: Vec<Option<Outcome>> = Vec::new();
    let mut suites: Vec<Option<Suite<Shipped>>> = Vec::new();
    for file in &files {
        let (suite, outcome) = match suite(args, file) {
            Ok(suite) => (Some(suite), None),
            Err(outcome) => (None, Some(outcome)),
        };
        suites.push(suite);
        outcomes.push(outcome);
    }
    let mut prepared: Vec<Option<Prepared<'_, Shipped>>> = Vec::new();
    for (index, suite) in suites.iter().enumerate() {
        prepared.push(match suite.as_ref().map(|suite| suite.prepare(&loader)) {
            None => None,
            Some(Ok(prepared)) => Some(prepared),
            Some(Err(refused)) => {
                outcomes[index] = Some(refuse(&files[index], refused));
                None
            }
        });
    }
    let explored = explore(args, &prepared);
    for (index, models) in explored.into_iter().enumerate() {
        if let Some(prepared) = &prepared[index] {
            outcomes[index] = Some(match models.into_iter().collect::<Result<Vec<ModelReport>, Refused>>() {
                Ok(models) => Outcome::Reported(Box::new(prepared.report(models))),
                Err(refused) => refuse(&files[index], refused),
            });
        }
    }
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    if outcomes.iter().all(|outcome| matches!(outcome, Outcome::PassedOver)) {
        return Err(Failure::usage("none of these files says what it is: `; object: queue`, or --spec"));
    }
    Listing { args, console, files: &files, prepared: &prepared }.print(&outcomes)?;
    Ok(outcomes.iter().map(Outcome::exit).max().unwrap_or(Exit::Success))
}

/// Reads a file, and what it says that it is.
fn suite(args: &LinearArgs, file: &Named) -> Result<Suite<Shipped>, Outcome> {
    let wrong = |message: String| Outcome::Failed(Failure::usage(format!("{}: {message}", file.name)));
    let text = load::read(&file.name).map_err(Outcome::Failed)?;
    let claims = Claims::read(&text.text).map_err(|misclaim| wrong(misclaim.to_string()))?;
    let specification = match (&args.spec, &claims.specification) {
        (Some(spec), _) => *spec,
        (None, Some(said)) => said.parse().map_err(wrong)?,
        (None, None) if file.was_found => return Err(Outcome::PassedOver),
        (None, None) => {
            let help = format!("--spec is one of {}", Shipped::TEXTS.join(", "));
            let message = format!("{}: what should it be? `; object: queue`, or --spec queue", file.name);
            return Err(Outcome::Failed(Failure::Usage(message, vec![help])));
        }
    };
    let specification = specification.waiting(args.waits || claims.waits);
    let ProgramArgs { switch, memory, store_buffer, .. } = &args.program;
    let mut suite = Suite::new(&file.name, text.text, specification)
        .options(load::options(&args.program))
        .store_buffer(*store_buffer)
        .limits(args.bounds.limits(args.bounds.threads() as u64));
    if !args.size.is_empty() {
        suite = suite.sizes(args.size.iter().copied());
    }
    if let Some(roles) = &args.roles {
        suite = suite.roles(roles.clone());
    }
    if let Some(memory) = memory {
        suite = suite.memories([*memory]);
    }
    if let Some(switch) = switch {
        suite = suite.switch(*switch);
    }
    Ok(suite)
}

fn refuse(file: &Named, refused: Refused) -> Outcome {
    Outcome::Failed(failure(&file.name, refused))
}

fn failure(name: &str, refused: Refused) -> Failure {
    match refused {
        Refused::Assembly(failure) => load::unassembled(name, failure),
        Refused::TooLarge(_) => Failure::Limit(format!("{name}: {refused}")),
        Refused::Claim(_) | Refused::NoObject(_) => Failure::usage(format!("{name}: {refused}")),
    }
}

/// What was found of one file under each memory model.
type Explored = Vec<Result<ModelReport, Refused>>;

/// Explores every object under every memory model, several at a time.
fn explore(args: &LinearArgs, prepared: &[Option<Prepared<'_, Shipped>>]) -> Vec<Explored> {
    let mut tasks: Vec<(usize, &Prepared<'_, Shipped>, MemoryModel)> = Vec::new();
    for (index, prepared) in prepared.iter().enumerate() {
        let Some(prepared) = prepared else { continue };
        tasks.extend(prepared.memories().iter().map(|&memory| (index, prepared, memory)));
    }
    let loader = load::files(&args.program);
    let found = workers::all(tasks, args.bounds.threads(), |(index, prepared, memory)| {
        let mut watch = Watch::start_silently(args.bounds.time_limit);
        (index, prepared.explore(memory, &loader, &mut watch))
    });
    let mut explored: Vec<Explored> = prepared.iter().map(|_| Vec::new()).collect();
    for (index, found) in found {
        explored[index].push(found);
    }
    explored
}

fn print_client(args: &LinearArgs, client: &Client, console: &Console) -> Result<Exit, Failure> {
    let name = load::only(&args.files, "object")?;
    let file = Named { name: name.to_owned(), was_found: false };
    let suite = match suite(args, &file) {
        Ok(suite) => suite,
        Err(Outcome::Failed(failure)) => return Err(failure),
        Err(_) => return Err(Failure::usage(format!("{name} is no object"))),
    };
    let text = suite.client(client, &load::files(&args.program)).map_err(|refused| failure(name, refused))?;
    console.print(&text)?;
    Ok(Exit::Success)
}

/// Prints what became of the files, in their order.
struct Listing<'a> {
    args: &'a LinearArgs,
    console: &'a Console,
    files: &'a [Named],
    prepared: &'a [Option<Prepared<'a, Shipped>>],
}

impl Listing<'_> {
    fn print(&self, outcomes: &[Outcome]) -> Result<(), Failure> {
        if self.args.json {
            return self.print_json(outcomes);
        }
        let page = self.console.page("");
        let reports = || outcomes.iter().filter_map(Outcome::report);
        let width = reports().map(|report| report.name.chars().count()).max().unwrap_or(0);
        let is_alone = outcomes.len() == 1;
        if let Some(report) = reports().next().filter(|_| !is_alone) {
            let models = report.models.iter().map(|model| model.memory);
            self.console.print(&report::clients_head(models, width, &page))?;
        }
        for (index, outcome) in outcomes.iter().enumerate() {
            let again = self.again(index);
            match outcome {
                Outcome::Failed(failure) => self.console.report(failure),
                Outcome::PassedOver => {}
                Outcome::Reported(report) if is_alone => {
                    self.console.print(&report::linear(report, &page, &*again))?;
                }
                Outcome::Reported(report) => {
                    let mut text = report::linear_line(report, width, &page);
                    text.push_str(&report::linear_details(report, &page, &*again));
                    self.console.print(&text)?;
                }
            }
        }
        Ok(())
    }

    fn print_json(&self, outcomes: &[Outcome]) -> Result<(), Failure> {
        let again: Vec<_> = (0..outcomes.len()).map(|index| self.again(index)).collect();
        let asked = outcomes.iter().enumerate().filter_map(|(index, outcome)| {
            let file = self.files[index].name.as_str();
            Some(match outcome {
                Outcome::Reported(report) => Asked::Found(Object { report, again: &*again[index] }),
                Outcome::Failed(failure) => failure.asked(file),
                Outcome::PassedOver => return None,
            })
        });
        self.console.print(&report::linear_json(&asked.collect::<Vec<_>>()))
    }

    /// Returns what makes the command that replays a schedule of a client.
    fn again(&self, index: usize) -> Box<dyn Fn(&linear::Failure) -> String + '_> {
        let name = self.files[index].name.as_str();
        let ProgramArgs { defines, replace, store_buffer, .. } = &self.args.program;
        Box::new(move |failure| {
            let mut print = Vec::new();
            if let Some(spec) = self.args.spec {
                print.extend(["--spec".to_owned(), spec.to_string()]);
            }
            print.extend(["--client".to_owned(), failure.client.clone()]);
            for (name, value) in defines {
                print.extend(["-D".to_owned(), format!("{name}={value}")]);
            }
            let threads = failure.program.threads.len() as u32;
            let all =
                self.prepared[index].as_ref().map_or_else(Vec::new, |prepared| prepared.defines(threads));
            let rest = flags(&all, replace, *store_buffer, &failure.program, failure.models);
            format!("{} | {}", again("linear", name, &print), again("replay", "-", &rest))
        })
    }
}

impl Outcome {
    fn exit(&self) -> Exit {
        match self {
            Outcome::Reported(report) => report.summary().into(),
            Outcome::Failed(failure) => failure.exit(),
            Outcome::PassedOver => Exit::Success,
        }
    }

    fn report(&self) -> Option<&Report> {
        match self {
            Outcome::Reported(report) => Some(report),
            _ => None,
        }
    }
}
