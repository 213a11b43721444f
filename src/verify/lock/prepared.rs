//! One lock against every client.

use std::sync::Arc;

use super::claims::Claims;
use super::client::{Client, Size};
use super::judge::{deviations, failures};
use super::refused::Refused;
use super::result::{Failure, Finding, How, ModelReport, Property, Report};
use super::suite::{Lock, Suite};
use super::{bypass, fences};
use crate::asm::Loader;
use crate::check::{self, Exploration, Limits, Monitor, Request, Verdict};
use crate::explore::Reductions;
use crate::program::{MemoryModel, Models, Program};
use crate::schedule::Schedule;
use crate::vm::Machine;

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

impl Prepared {
    /// Returns the memory models that are asked about.
    pub fn memories(&self) -> &[MemoryModel] {
        &self.suite.memories
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
            options: self.suite.options.clone(),
            knows_threads: self.lock.knows_threads,
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
    pub(super) fn own_expectations(&self, program: &Program) -> usize {
        let clients = if self.lock.kinds.readers { 4 } else { 3 };
        program.expectations.len() - clients
    }
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
