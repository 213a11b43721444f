//! One lock against every client.

use std::fmt;
use std::sync::Arc;

use super::bypass;
use super::claims::{Claims, Misclaim};
use super::client::{Client, HALF_WRITTEN, Kinds, Names, Size};
use super::fences;
use super::result::{Deviation, Failure, Finding, How, ModelReport, Property, Report};
use crate::asm::{self, Diagnostics, Loader, NoFiles, Options};
use crate::check::{self, Exploration, Limits, Monitor, Request, Verdict};
use crate::explore::Reductions;
use crate::program::{Instr, MemoryModel, Models, Program, SwitchModel};
use crate::schedule::{ParsedSchedule, Schedule, replay};
use crate::vm::{DEFAULT_BUFFER, Machine, TooLarge};

/// The constant that holds the number of threads, where a lock declares it.
const THREADS: &str = "THREADS";

/// The sizes of clients unless others are asked for: two threads that come back, and three.
pub const DEFAULT_SIZES: [Size; 2] = [Size { threads: 2, rounds: 2 }, Size { threads: 3, rounds: 1 }];

/// What is asked of a lock.
///
/// ```
/// use racevm::verify::lock::{Property, Suite};
/// use racevm::check::{Unwatched, Verdict};
/// use racevm::program::MemoryModel;
///
/// let report = Suite::new(
///     "spin.rvm",
///     "
///     atomic taken = 0
///     proc acquire
///       again:
///         PUSH 1
///         XCHG taken
///         JNZ  again
///     end
///     proc release
///         PUSH  0
///         STORE taken
///     end
///     ",
/// )
/// .run(&mut Unwatched)
/// .expect("it is a lock");
///
/// let found = |memory| report.under(memory).unwrap().verdict(Property::Exclusion);
/// assert_eq!(found(MemoryModel::Tso), Some(Verdict::Holds));
/// assert_eq!(found(MemoryModel::Pso), Some(Verdict::Fails));
/// ```
#[derive(Clone, Debug)]
pub struct Suite {
    name: String,
    text: String,
    options: Options,
    sizes: Vec<Size>,
    memories: Vec<MemoryModel>,
    switch: Option<SwitchModel>,
    buffer: u32,
    limits: Limits,
    reentrant: bool,
    bypass: bool,
    fences: bool,
}

/// Why a text cannot be asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It does not assemble, alone or with a client.
    Diagnostics(Diagnostics),
    /// A constant that is to get another value is not there.
    UnknownDefine(String),
    /// A file that is to be replaced is not included.
    UnknownReplacement(String),
    /// A line that begins with `; lock:` says nothing known.
    Claim(Misclaim),
    /// It is no lock, for this reason.
    NoLock(String),
    /// A single state would not fit into memory.
    TooLarge(TooLarge),
}

/// A lock with its clients, assembled and ready to be explored under any memory model.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) suite: Suite,
    /// What the file says of itself.
    pub claims: Claims,
    /// The sizes that are asked about: no more threads than the lock is made for.
    pub sizes: Vec<Size>,
    /// Every client with its program, the smallest first.
    pub clients: Vec<(Client, Arc<Program>)>,
    pub(super) lock: Lock,
}

/// What the text of a lock turned out to be.
#[derive(Clone, Debug)]
pub(super) struct Lock {
    pub names: Names,
    pub kinds: Kinds,
    /// It declares how many threads there are.
    pub knows_threads: bool,
}

impl Suite {
    /// Asks about a lock: a text without threads that declares `proc acquire` and `proc release`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Suite {
        Suite {
            name: name.into(),
            text: text.into(),
            options: Options::default(),
            sizes: DEFAULT_SIZES.to_vec(),
            memories: MemoryModel::ALL.to_vec(),
            switch: None,
            buffer: DEFAULT_BUFFER,
            limits: Limits::default(),
            reentrant: false,
            bypass: false,
            fences: false,
        }
    }

    /// Asks about clients of these sizes.
    pub fn sizes(mut self, sizes: impl IntoIterator<Item = Size>) -> Suite {
        self.sizes = sizes.into_iter().collect();
        self
    }

    /// Asks about these memory models.
    pub fn memories(mut self, memories: impl IntoIterator<Item = MemoryModel>) -> Suite {
        self.memories = memories.into_iter().collect();
        self
    }

    /// Puts the clients under a switch model other than the lock's own.
    pub fn switch(mut self, switch: SwitchModel) -> Suite {
        self.switch = Some(switch);
        self
    }

    /// Gives store buffers this many entries, at least 1.
    pub fn store_buffer(mut self, entries: u32) -> Suite {
        self.buffer = entries;
        self
    }

    /// Gives constants other values and puts other files in the place of included ones.
    pub fn options(mut self, options: Options) -> Suite {
        self.options = options;
        self
    }

    /// Bounds each search.
    pub fn limits(mut self, limits: Limits) -> Suite {
        self.limits = limits;
        self
    }

    /// Asks whether whoever holds the lock may take it again, even if the file does not claim it.
    pub fn reentrant(mut self, asked: bool) -> Suite {
        self.reentrant = asked;
        self
    }

    /// Asks how often others can go first, even if the file claims nothing about it.
    pub fn bypass(mut self, asked: bool) -> Suite {
        self.bypass = asked;
        self
    }

    /// Asks which fences repair the lock, even if the file claims nothing about it.
    pub fn fences(mut self, asked: bool) -> Suite {
        self.fences = asked;
        self
    }

    /// Asks everything, of a lock that includes no files.
    ///
    /// # Errors
    ///
    /// Says why the text is no lock.
    pub fn run(&self, monitor: &mut dyn Monitor) -> Result<Report, Refused> {
        let prepared = self.prepare(&NoFiles)?;
        let models = self.memories.iter().map(|&memory| prepared.explore(memory, &NoFiles, monitor));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        prepared.conclude(models, &NoFiles, monitor)
    }

    /// Assembles the lock with every client.
    ///
    /// # Errors
    ///
    /// Says why the text is no lock.
    pub fn prepare(&self, loader: &dyn Loader) -> Result<Prepared, Refused> {
        let claims = Claims::read(&self.text).map_err(Refused::Claim)?;
        let lock = self.look(&claims, loader)?;
        let mut sizes: Vec<Size> = Vec::new();
        for &size in &self.sizes {
            let most = claims.most_threads.unwrap_or(size.threads);
            let size = Size { threads: size.threads.min(most), ..size };
            let is_larger = |other: &Size| other.threads == size.threads && other.rounds >= size.rounds;
            if !sizes.iter().any(is_larger) {
                sizes.retain(|other| other.threads != size.threads);
                sizes.push(size);
            }
        }
        sizes.sort_unstable();
        let mut clients = Vec::new();
        for size in &sizes {
            for client in Client::all(*size, lock.kinds) {
                let program = self.program(&client, &lock, &self.text, loader)?;
                clients.push((client, Arc::new(program)));
            }
        }
        clients.sort_by_key(|(client, _): &(Client, _)| (client.rounds(), client.parts.len()));
        Ok(Prepared { suite: self.clone(), claims, sizes, clients, lock })
    }

    /// Returns the text of the lock with a client behind it, and the program.
    ///
    /// # Errors
    ///
    /// Says why the text is no lock.
    pub fn client(&self, client: &Client, loader: &dyn Loader) -> Result<(String, Program), Refused> {
        let claims = Claims::read(&self.text).map_err(Refused::Claim)?;
        let lock = self.look(&claims, loader)?;
        let program = self.program(client, &lock, &self.text, loader)?;
        Ok((program.sources[0].text.clone(), program))
    }

    /// Looks at what the text declares.
    fn look(&self, claims: &Claims, loader: &dyn Loader) -> Result<Lock, Refused> {
        let names = Names::unlike([self.text.as_str()].into_iter());
        let probe = format!("\nthread {}\n    HALT\nend\n", names.client);
        let mut options = self.options.clone();
        options.defines.push((THREADS.to_owned(), 1));
        let mut knows_threads = true;
        let text = format!("{}\n{probe}", self.text);
        let program = match asm::assemble(&self.name, &text, &options, loader) {
            Err(asm::Failure::UnknownDefine(name)) if name == THREADS => {
                knows_threads = false;
                options = self.options.clone();
                asm::assemble(&self.name, &text, &options, loader)
            }
            other => other,
        }?;
        let no_lock = |why: String| Err(Refused::NoLock(why));
        if program.groups.len() > 1 {
            let thread = &program.groups[0].name;
            return no_lock(format!("it has a thread of its own, `{thread}`; a lock's file declares none"));
        }
        let effect_of =
            |name: &str| program.procs.iter().find(|proc| proc.name == name).map(|proc| proc.effect);
        let readers = effect_of("acquire_shared").is_some() || effect_of("release_shared").is_some();
        let shared: &[&str] = if readers { &["acquire_shared", "release_shared"] } else { &[] };
        for &name in ["acquire", "release"].iter().chain(shared) {
            match effect_of(name) {
                None => return no_lock(format!("it declares no `proc {name}`")),
                Some(None) => return no_lock(format!("`proc {name}` never returns")),
                Some(Some(0)) => {}
                Some(Some(_)) => {
                    return no_lock(format!("`proc {name}` leaves the stack other than it found it"));
                }
            }
        }
        let included = program.sources[1..].iter().map(|source| source.text.as_str());
        let names = Names::unlike(included.chain([self.text.as_str()]));
        let symmetric = !program.code.contains(&Instr::SelfIndex);
        let reentrant = self.reentrant || claims.reentrant;
        Ok(Lock { names, kinds: Kinds { readers, reentrant, symmetric }, knows_threads })
    }

    /// Assembles a text of the lock with a client.
    fn program(
        &self,
        client: &Client,
        lock: &Lock,
        text: &str,
        loader: &dyn Loader,
    ) -> Result<Program, Refused> {
        let code = client.text(&lock.names, lock.kinds.readers);
        let text = format!("{}\n\n{code}", text.trim_end());
        let threads = client.parts.len() as u32;
        let options = Options { defines: self.defines(threads, lock), ..self.options.clone() };
        Ok(asm::assemble(&self.name, &text, &options, loader)?)
    }

    /// Returns the values of constants for so many threads.
    fn defines(&self, threads: u32, lock: &Lock) -> Vec<(String, i64)> {
        let own = lock.knows_threads.then(|| (THREADS.to_owned(), i64::from(threads)));
        let given = self.options.defines.iter().filter(|(name, _)| name != THREADS).cloned();
        given.chain(own).collect()
    }

    fn models(&self, program: &Program, memory: MemoryModel) -> Models {
        Models { switch: self.switch.unwrap_or(program.models.switch), memory }
    }
}

impl Prepared {
    /// Returns the memory models that are asked about.
    pub fn memories(&self) -> &[MemoryModel] {
        &self.suite.memories
    }

    /// Returns the values that constants have in clients of so many threads.
    pub fn defines(&self, threads: u32) -> Vec<(String, i64)> {
        self.suite.defines(threads, &self.lock)
    }

    /// Explores every client under one memory model, and asks what else is asked under it. Once a client fails,
    /// none is explored that takes the lock more often: what else would fail there stays open.
    ///
    /// # Errors
    ///
    /// Says so when a single state would not fit into memory.
    pub fn explore(
        &self,
        memory: MemoryModel,
        loader: &dyn Loader,
        monitor: &mut dyn Monitor,
    ) -> Result<ModelReport, Refused> {
        let mut report = ModelReport {
            memory,
            clients: 0,
            states: 0,
            findings: self.properties().map(Finding::open).collect(),
            bypass: Vec::new(),
            fences: None,
            stopped: false,
            cut: None,
        };
        let mut most_rounds = u32::MAX;
        for (client, program) in &self.clients {
            if client.rounds() > most_rounds {
                report.stopped = true;
                break;
            }
            let found = self.search(program, memory, monitor)?;
            report.clients += 1;
            report.states += found.search.states;
            report.cut = report.cut.or(found.search.cut);
            for (property, how, witness) in failures(self, client, program, memory, &found) {
                report.add(property, how, witness, client, program, found.models);
                most_rounds = client.rounds();
            }
        }
        if report.cut.is_none() && !report.stopped {
            for finding in report.findings.iter_mut().filter(|finding| finding.failure.is_none()) {
                finding.verdict = Verdict::Holds;
            }
        }
        let is_exclusive = report.verdict(Property::Exclusion) == Some(Verdict::Holds);
        if is_exclusive && (self.suite.bypass || !self.claims.bypass.is_empty()) {
            report.bypass = bypass::measure(self, memory, loader, monitor)?;
        }
        Ok(report)
    }

    /// Puts together what was found under each model, and asks for repairs where that is wanted.
    ///
    /// # Errors
    ///
    /// Says so when a single state would not fit into memory.
    pub fn conclude(
        &self,
        mut models: Vec<ModelReport>,
        loader: &dyn Loader,
        monitor: &mut dyn Monitor,
    ) -> Result<Report, Refused> {
        let mut repair = None;
        if self.suite.fences || !self.claims.fences.is_empty() {
            repair = fences::repair_all(self, &mut models, loader, monitor)?;
        }
        let mut report = Report {
            name: self.suite.name.clone(),
            claims: self.claims.clone(),
            sizes: self.sizes.clone(),
            buffer: self.suite.buffer,
            models,
            deviations: Vec::new(),
            repair,
        };
        report.deviations = deviations(&report);
        Ok(report)
    }

    /// Explores one client.
    pub(super) fn search(
        &self,
        program: &Program,
        memory: MemoryModel,
        monitor: &mut dyn Monitor,
    ) -> Result<Exploration, Refused> {
        let Suite { limits, buffer, .. } = self.suite;
        let models = self.suite.models(program, memory);
        let reductions = Some(Reductions::ALL);
        let request = Request { verdicts_only: true, buffer, limits, reductions, ..Request::new(models) };
        check::explore(program, &request, monitor).map_err(Refused::TooLarge)
    }

    /// Returns the lock's text.
    pub(super) fn text(&self) -> &str {
        &self.suite.text
    }

    /// Assembles another text of the lock with a client.
    pub(super) fn program(
        &self,
        client: &Client,
        text: &str,
        loader: &dyn Loader,
    ) -> Result<Program, Refused> {
        self.suite.program(client, &self.lock, text, loader)
    }

    /// Returns how far each search may go.
    pub(super) fn limits(&self) -> Limits {
        self.suite.limits
    }

    /// Returns true when it does not matter which thread is which.
    pub(super) fn is_symmetric(&self) -> bool {
        self.lock.kinds.symmetric
    }

    /// Puts a program that has been explored under the suite's models.
    pub(super) fn machine<'p>(&self, program: &'p Program, memory: MemoryModel) -> Machine<'p> {
        Machine::new(program, self.suite.models(program, memory), self.suite.buffer)
            .expect("the states of a machine that was explored fit into memory")
    }

    /// Returns the properties that are looked at.
    fn properties(&self) -> impl Iterator<Item = Property> + '_ {
        let own_expectations = |program: &Arc<Program>| self.own_expectations(program) > 0;
        let expects = self.clients.first().is_some_and(|(_, program)| own_expectations(program));
        Property::ALL.into_iter().filter(move |property| match property {
            Property::Reentrancy => self.lock.kinds.reentrant,
            Property::Expectation => expects,
            _ => true,
        })
    }

    /// Returns how many expectations of a client's program are the lock's: they come first.
    fn own_expectations(&self, program: &Program) -> usize {
        let clients = if self.lock.kinds.readers { 4 } else { 3 };
        program.expectations.len() - clients
    }
}

/// Lists what goes wrong in one exploration.
pub(super) fn failures(
    prepared: &Prepared,
    client: &Client,
    program: &Program,
    memory: MemoryModel,
    found: &Exploration,
) -> Vec<(Property, How, Schedule)> {
    let mut list = Vec::new();
    let own = prepared.own_expectations(program);
    let applying = program.expectations[..own].iter().filter(|one| one.applies(found.models)).count();
    let (of_lock, of_client) = found.expectations.split_at(applying);
    let failing = |judged: &&check::Judged| judged.verdict == Verdict::Fails;
    // The client's expectations: no race, once or twice, then the sum.
    let (sum, races) = of_client[..of_client.len() - 1].split_last().expect("a client expects its sum");
    let race = races.iter().find(failing).and_then(|judged| judged.witness.clone());
    let lost = Some(sum).filter(failing).and_then(|judged| judged.witness.clone());
    let half = found.faults.iter().find(|fault| fault.message == HALF_WRITTEN);
    let half = half.map(|fault| (How::HalfWritten, fault.reached.witness.clone()));
    let inside = race.map(|witness| (How::BothInside, witness));
    let lost = lost.map(|witness| (How::LostUpdate, witness));
    list.extend(inside.or(lost).or(half).map(|(how, witness)| (Property::Exclusion, how, witness)));
    for fault in found.faults.iter().filter(|fault| fault.message != HALF_WRITTEN) {
        list.push((Property::Fault, How::Fault(fault.message.clone()), fault.reached.witness.clone()));
    }
    for deadlock in &found.deadlocks {
        let is_alone = deadlock.blocked.len() == 1;
        list.push((Property::Deadlock, How::Deadlock(is_alone), deadlock.reached.witness.clone()));
    }
    for livelock in &found.livelocks {
        let is_alone = is_alone(prepared, program, memory, &livelock.witness);
        list.push((Property::Livelock, How::Livelock(is_alone), livelock.witness.clone()));
    }
    let alone: Vec<_> = list
        .iter()
        .filter(|(_, how, _)| matches!(how, How::Deadlock(true) | How::Livelock(true)))
        .map(|(_, how, witness)| (Property::Progress, how.clone(), witness.clone()))
        .collect();
    list.extend(alone);
    for judged in of_lock.iter().filter(failing) {
        let how = How::Expectation(judged.expectation.text.clone());
        list.push((Property::Expectation, how, judged.witness.clone().unwrap_or_default()));
    }
    if client.nested {
        list.iter_mut().for_each(|(property, ..)| *property = Property::Reentrancy);
    }
    list
}

/// Returns true when all threads but one have finished where a schedule ends.
fn is_alone(prepared: &Prepared, program: &Program, memory: MemoryModel, witness: &Schedule) -> bool {
    let machine = prepared.machine(program, memory);
    let end = replay(&machine, &ParsedSchedule::from(witness)).expect("a witness fits its program");
    let is_left = |id: &_| !machine.is_finished(&end.state, *id);
    program.thread_ids().filter(is_left).count() == 1
}

/// Compares what was found with what the file says.
fn deviations(report: &Report) -> Vec<Deviation> {
    let mut list = Vec::new();
    let claims = &report.claims;
    for model in &report.models {
        let memory = model.memory;
        let claimed = |property| claims.fails.get(&memory).is_some_and(|fails| fails.contains(&property));
        for finding in &model.findings {
            let property = finding.property;
            list.extend(match (finding.verdict, claimed(property)) {
                (Verdict::Fails, false) => Some(Deviation::Fails(memory, property)),
                (Verdict::Holds, true) => Some(Deviation::Holds(memory, property)),
                (Verdict::Unknown, false) if model.stopped => None,
                (Verdict::Unknown, _) => Some(Deviation::Unknown(memory, property)),
                _ => None,
            });
        }
        for found in &model.bypass {
            let claim = claims.bypass.get(&found.threads);
            if claim.is_some_and(|claim| found.bound != Some(*claim)) {
                list.push(Deviation::Bypass(memory, found.threads, found.bound));
            }
        }
        if let Some(claim) = claims.fences.get(&memory) {
            let found = model.fences.as_ref().map_or(Some(0), |repair| repair.least());
            if found != *claim {
                list.push(Deviation::Fences(memory, found));
            }
        }
    }
    list
}

impl ModelReport {
    /// Notes a failure, unless the property is known to fail already: clients come the smallest first.
    fn add(
        &mut self,
        property: Property,
        how: How,
        witness: Schedule,
        client: &Client,
        program: &Arc<Program>,
        models: Models,
    ) {
        let finding = self.findings.iter_mut().find(|finding| finding.property == property);
        let finding = finding.expect("every property that can fail is looked at");
        if finding.failure.is_none() {
            finding.verdict = Verdict::Fails;
            let (client, program) = (client.clone(), Arc::clone(program));
            finding.failure = Some(Failure { client, program, models, how, witness });
        }
    }
}

impl Finding {
    fn open(property: Property) -> Finding {
        Finding { property, verdict: Verdict::Unknown, failure: None }
    }
}

impl From<asm::Failure> for Refused {
    fn from(failure: asm::Failure) -> Refused {
        match failure {
            asm::Failure::Diagnostics(diagnostics) => Refused::Diagnostics(diagnostics),
            asm::Failure::UnknownDefine(name) => Refused::UnknownDefine(name),
            asm::Failure::UnknownReplacement(path) => Refused::UnknownReplacement(path),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Diagnostics(diagnostics) => f.write_str(diagnostics.render(false).trim_end()),
            Refused::UnknownDefine(name) => write!(f, "the lock has no constant `{name}`"),
            Refused::UnknownReplacement(path) => write!(f, "the lock includes no file `{path}`"),
            Refused::Claim(misclaim) => misclaim.fmt(f),
            Refused::NoLock(why) => write!(f, "not a lock: {why}"),
            Refused::TooLarge(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}
