//! What is asked of a lock: its text, the sizes of clients, the models, and what else.

use std::sync::Arc;

use super::claims::Claims;
use super::client::{Client, Kinds, Names, Size};
use super::prepared::Prepared;
use super::refused::Refused;
use super::result::{Report, THREADS, defines};
use crate::asm::{self, Loader, NoFiles, Options};
use crate::check::{Limits, Monitor};
use crate::program::{Instr, MemoryModel, Models, Program, SwitchModel};
use crate::vm::DEFAULT_BUFFER;

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
    pub(super) name: String,
    pub(super) text: String,
    pub(super) options: Options,
    sizes: Vec<Size>,
    pub(super) memories: Vec<MemoryModel>,
    switch: Option<SwitchModel>,
    pub(super) buffer: u32,
    pub(super) limits: Limits,
    reentrant: bool,
    pub(super) bypass: bool,
    pub(super) fences: bool,
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
        self.run_with(&NoFiles, monitor)
    }

    /// Asks everything, of a lock whose includes a loader finds.
    ///
    /// # Errors
    ///
    /// Says why the text is no lock.
    pub fn run_with(&self, loader: &dyn Loader, monitor: &mut dyn Monitor) -> Result<Report, Refused> {
        let prepared = self.prepare(loader)?;
        let models = self.memories.iter().map(|&memory| prepared.explore(memory, loader, monitor));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        prepared.conclude(models, loader, monitor)
    }

    /// Assembles the lock with every client.
    ///
    /// # Errors
    ///
    /// Says why the text is no lock.
    pub fn prepare(&self, loader: &dyn Loader) -> Result<Prepared, Refused> {
        let claims = Claims::read(&self.text).map_err(Refused::Claim)?;
        let lock = self.look(loader)?;
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
                let program = self.program(&client, &lock, &self.text, loader);
                let program = program.map_err(|refused| {
                    if lock.knows_threads { refused.with_threads(size.threads) } else { refused }
                })?;
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
        let lock = self.look(loader)?;
        let program = self.program(client, &lock, &self.text, loader)?;
        Ok((program.sources[0].text.clone(), program))
    }

    /// Looks at what the text declares.
    fn look(&self, loader: &dyn Loader) -> Result<Lock, Refused> {
        let names = Names::unlike([self.text.as_str()].into_iter());
        let idle = format!("thread {}\n    HALT\nend", names.client);
        let text = format!("{}\n\n{idle}\n", self.text.trim_end());
        let program = asm::assemble(&self.name, &text, &self.options, loader)?;
        let asking = format!("{text}const {} = {THREADS}\n", names.counter);
        let knows_threads = asm::assemble(&self.name, &asking, &self.options, loader).is_ok();
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
        let reentrant = self.reentrant || Claims::read(&self.text).is_ok_and(|claims| claims.reentrant);
        Ok(Lock { names, kinds: Kinds { readers, reentrant, symmetric }, knows_threads })
    }

    /// Assembles a text of the lock with a client.
    pub(super) fn program(
        &self,
        client: &Client,
        lock: &Lock,
        text: &str,
        loader: &dyn Loader,
    ) -> Result<Program, Refused> {
        let code = client.text(&lock.names, lock.kinds.readers);
        let text = format!("{}\n\n{code}", text.trim_end());
        let threads = client.parts.len() as u32;
        let options =
            Options { defines: defines(&self.options, threads, lock.knows_threads), ..self.options.clone() };
        Ok(asm::assemble(&self.name, &text, &options, loader)?)
    }

    pub(super) fn models(&self, program: &Program, memory: MemoryModel) -> Models {
        Models { switch: self.switch.unwrap_or(program.models.switch), memory }
    }
}
