//! One object against every client.

use std::fmt;

use super::claims::{Claims, Roles};
use super::client::{Client, Results};
use super::enumerate::{Clients, Size};
use super::explain;
use super::model::Table;
use super::object::{Object, Procedure};
use super::referee::Referee;
use super::result::{Failure, ModelReport, Report};
use super::search::{Search, Searched};
use super::specification::Specification;
use crate::asm::{self, Loader, NoFiles, Options};
use crate::explore::{Limits, Monitor};
use crate::program::{MemoryModel, Models, Program, SwitchModel};
use crate::verify::claims::Misclaim;
use crate::vm::{DEFAULT_BUFFER, Machine, TooLarge};

/// How many states the clients beyond the usual sizes may take together, under one memory model.
const FURTHER_STATES: u64 = 300_000;

/// What is asked of an object.
///
/// ```
/// use racevm::verify::linear::{Kind, Shipped, Suite};
/// use racevm::check::Unwatched;
///
/// let text = "
///     shared total = 0
///     proc increment
///         LOAD  total
///         PUSH  1
///         ADD
///         STORE total
///     end
///     proc read
///         LOAD  total
///     end
/// ";
/// let counter = Shipped::new(Kind::Counter);
/// let report = Suite::new("racy.rvm", text, counter).run(&mut Unwatched).expect("it is an object");
///
/// let failure = report.models[0].failure.as_ref().expect("an update can be lost");
/// assert_eq!(failure.client, "increment | increment read");
/// assert_eq!(failure.allowed[0].values, [2]);
/// ```
#[derive(Clone, Debug)]
pub struct Suite<S> {
    name: String,
    text: String,
    specification: S,
    options: Options,
    sizes: Option<Vec<Size>>,
    roles: Option<Roles>,
    memories: Vec<MemoryModel>,
    switch: Option<SwitchModel>,
    buffer: u32,
    limits: Limits,
}

/// Why a text cannot be asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It does not assemble, alone or with a client, or does not know a name that options give.
    Assembly(asm::Failure),
    /// A line that begins with `; object:` says nothing known.
    Claim(Misclaim),
    /// It is no such object, for this reason.
    NoObject(String),
    /// A single state would not fit into memory.
    TooLarge(TooLarge),
}

/// An object with its clients, ready to be explored under any memory model.
#[derive(Clone, Debug)]
pub struct Prepared<'s, S> {
    suite: &'s Suite<S>,
    object: Object,
    /// What the file says of itself.
    pub claims: Claims,
    /// The sizes of the clients.
    pub sizes: Vec<Size>,
    /// Every client, the smallest first.
    pub clients: Vec<Client>,
    /// Clients of a larger size that are explored too as far as that is quick, where no sizes were asked for.
    pub further: Option<(Size, Vec<Client>)>,
}

impl<S: Specification> Suite<S> {
    /// Asks about an object: a text without threads that declares a proc for each operation.
    pub fn new(name: impl Into<String>, text: impl Into<String>, specification: S) -> Suite<S> {
        Suite {
            name: name.into(),
            text: text.into(),
            specification,
            options: Options::default(),
            sizes: None,
            roles: None,
            memories: MemoryModel::ALL.to_vec(),
            switch: None,
            buffer: DEFAULT_BUFFER,
            limits: Limits::default(),
        }
    }

    /// Asks about every client of these sizes, instead of the usual ones.
    pub fn sizes(mut self, sizes: impl IntoIterator<Item = Size>) -> Suite<S> {
        self.sizes = Some(sizes.into_iter().collect());
        self
    }

    /// Lets threads make only these calls, whatever the file says.
    pub fn roles(mut self, roles: Roles) -> Suite<S> {
        self.roles = Some(roles);
        self
    }

    /// Asks about these memory models.
    pub fn memories(mut self, memories: impl IntoIterator<Item = MemoryModel>) -> Suite<S> {
        self.memories = memories.into_iter().collect();
        self
    }

    /// Puts the clients under a switch model other than the object's own.
    pub fn switch(mut self, switch: SwitchModel) -> Suite<S> {
        self.switch = Some(switch);
        self
    }

    /// Gives store buffers this many entries, at least 1.
    pub fn store_buffer(mut self, entries: u32) -> Suite<S> {
        self.buffer = entries;
        self
    }

    /// Gives constants other values and puts other files in the place of included ones.
    pub fn options(mut self, options: Options) -> Suite<S> {
        self.options = options;
        self
    }

    /// Bounds the search of each client.
    pub fn limits(mut self, limits: Limits) -> Suite<S> {
        self.limits = limits;
        self
    }

    /// Asks everything, of an object that includes no files.
    ///
    /// # Errors
    ///
    /// Says why the text is no such object.
    ///
    /// # Panics
    ///
    /// When the specification returns another number of values than it was asked for.
    pub fn run(&self, monitor: &mut dyn Monitor) -> Result<Report, Refused> {
        let prepared = self.prepare(&NoFiles)?;
        let models = self.memories.iter().map(|&memory| prepared.explore(memory, &NoFiles, monitor));
        Ok(prepared.report(models.collect::<Result<_, _>>()?))
    }

    /// Reads the object and lists its clients.
    ///
    /// # Errors
    ///
    /// Says why the text is no such object.
    pub fn prepare(&self, loader: &dyn Loader) -> Result<Prepared<'_, S>, Refused> {
        let claims = Claims::read(&self.text).map_err(Refused::Claim)?;
        let object = self.object(loader)?;
        let roles = self.roles.as_ref().or(claims.roles.as_ref());
        if let Some(roles) = roles {
            object.check_roles(roles)?;
        }
        let clients = Clients { procedures: &object.procedures, roles, symmetric: object.symmetric };
        let sizes = self.sizes.clone().unwrap_or_else(|| clients.usual_sizes());
        let all = clients.all(&sizes);
        let further = if self.sizes.is_none() { clients.further(&all) } else { None };
        Ok(Prepared { suite: self, object, claims, sizes, clients: all, further })
    }

    /// Returns the text of the object with a client behind it, which keeps what its calls return.
    ///
    /// # Errors
    ///
    /// Says why the text is no such object, or the client none of it.
    pub fn client(&self, client: &Client, loader: &dyn Loader) -> Result<String, Refused> {
        let object = self.object(loader)?;
        object.numbered(client)?;
        Ok(object.program(client, Results::Kept, loader)?.sources[0].text.clone())
    }

    fn object(&self, loader: &dyn Loader) -> Result<Object, Refused> {
        Object::read(&self.name, &self.text, &self.options, &self.specification.operations(), loader)
    }

    fn models(&self, program: &Program, memory: MemoryModel) -> Models {
        Models { switch: self.switch.unwrap_or(program.models.switch), memory }
    }
}

impl<S: Specification> Prepared<'_, S> {
    /// Returns the memory models that are asked about.
    pub fn memories(&self) -> &[MemoryModel] {
        &self.suite.memories
    }

    /// Returns the operations of the object.
    pub fn procedures(&self) -> &[Procedure] {
        &self.object.procedures
    }

    /// Returns the values that constants have in clients of so many threads.
    pub fn defines(&self, threads: u32) -> Vec<(String, i64)> {
        self.object.defines(threads)
    }

    /// Explores one client after the other under a memory model, until one fails or a limit is reached.
    ///
    /// # Errors
    ///
    /// Says so when a client does not assemble, or a single state would not fit into memory.
    pub fn explore(
        &self,
        memory: MemoryModel,
        loader: &dyn Loader,
        monitor: &mut dyn Monitor,
    ) -> Result<ModelReport, Refused> {
        let of_clients = self.clients.len() as u64;
        let of_further = self.further.as_ref().map_or(0, |(_, clients)| clients.len() as u64);
        let mut report = ModelReport {
            memory,
            clients: 0,
            of_clients,
            further: 0,
            of_further,
            states: 0,
            failure: None,
            cut: None,
        };
        for client in &self.clients {
            let (searched, failure) = self.search(client, memory, &self.suite.limits, loader, monitor)?;
            report.states += searched.states;
            report.failure = failure;
            report.cut = searched.cut;
            if report.cut.is_some() {
                break;
            }
            report.clients += 1;
            if report.failure.is_some() {
                break;
            }
        }
        if report.is_right() {
            self.explore_further(&mut report, loader, monitor)?;
        }
        Ok(report)
    }

    /// Explores clients of a larger size until one fails or they have had their share of states.
    fn explore_further(
        &self,
        report: &mut ModelReport,
        loader: &dyn Loader,
        monitor: &mut dyn Monitor,
    ) -> Result<(), Refused> {
        let mut left = FURTHER_STATES;
        for client in self.further.iter().flat_map(|(_, clients)| clients) {
            let most = self.suite.limits.max_states.map_or(left, |most| most.min(left));
            let limits = Limits { max_states: Some(most), ..self.suite.limits };
            let (searched, failure) = self.search(client, report.memory, &limits, loader, monitor)?;
            report.states += searched.states;
            report.failure = failure;
            if searched.cut.is_some() {
                break;
            }
            report.further += 1;
            if report.failure.is_some() {
                break;
            }
            left = left.saturating_sub(searched.states);
        }
        Ok(())
    }

    /// Puts together what was found under each model.
    pub fn report(&self, models: Vec<ModelReport>) -> Report {
        Report {
            name: self.suite.name.clone(),
            specification: self.suite.specification.name(),
            claims: self.claims.clone(),
            procedures: self.object.procedures.clone(),
            roles: self.suite.roles.clone().or(self.claims.roles.clone()),
            sizes: self.sizes.clone(),
            further: self.further.as_ref().map(|(size, _)| *size),
            buffer: self.suite.buffer,
            models,
        }
    }

    /// Searches one client.
    fn search(
        &self,
        client: &Client,
        memory: MemoryModel,
        limits: &Limits,
        loader: &dyn Loader,
        monitor: &mut dyn Monitor,
    ) -> Result<(Searched, Option<Failure>), Refused> {
        let calls = self.object.numbered(client)?;
        let mut program = self.object.program(client, Results::Dropped, loader)?;
        // Nothing of the final state is looked at, so that what nobody reads any more can be forgotten.
        program.observed.clear();
        program.expectations.clear();
        let models = self.suite.models(&program, memory);
        let machine = Machine::new(&program, models, self.suite.buffer).map_err(Refused::TooLarge)?;
        let mut table = Table::new(&self.suite.specification, &calls);
        let mut referee = Referee::new(&mut table, client.threads.len());
        let mut searched = Search::new(&machine, &mut referee, &calls).run(limits, monitor);
        let Some(found) = searched.found.take() else { return Ok((searched, None)) };
        let (culprit, allowed) = explain::order(&mut referee, &found);
        let allowed = explain::with_orders(&mut table, &found.history, culprit, allowed);
        let failure = Failure {
            wrong: found.wrong,
            client: client.to_string(),
            models,
            culprit,
            allowed,
            fault: found.fault.map(|fault| fault.message(&program).to_owned()),
            history: found.history,
            schedule: found.schedule,
            program: self.object.program(client, Results::Kept, loader)?,
        };
        Ok((searched, Some(failure)))
    }
}

impl From<asm::Failure> for Refused {
    fn from(failure: asm::Failure) -> Refused {
        Refused::Assembly(failure)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Assembly(asm::Failure::Diagnostics(diagnostics)) => {
                f.write_str(&diagnostics.render(false))
            }
            Refused::Assembly(asm::Failure::UnknownDefine(name)) => {
                write!(f, "it has no constant `{name}`")
            }
            Refused::Assembly(asm::Failure::UnknownReplacement(path)) => {
                write!(f, "it includes no file `{path}`")
            }
            Refused::Claim(misclaim) => misclaim.fmt(f),
            Refused::NoObject(why) => f.write_str(why),
            Refused::TooLarge(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
impl<S: Specification> Prepared<'_, S> {
    /// Searches one client, for tests.
    pub(super) fn search_one(
        &self,
        client: &Client,
        memory: MemoryModel,
    ) -> Result<(Option<Failure>, Vec<super::model::Numbered>), Refused> {
        let (_, failure) =
            self.search(client, memory, &self.suite.limits, &NoFiles, &mut crate::explore::Unwatched)?;
        Ok((failure, self.object.numbered(client)?))
    }
}
