//! What the text of an object turned out to be.

use super::claims::Roles;
use super::client::{Client, Made, Names, Results};
use super::model::Numbered;
use super::specification::{Argument, Operation};
use super::suite::Refused;
use crate::asm::{self, Loader, Options};
use crate::program::{Instr, Program};

/// The constant that holds the number of threads, where an object declares it.
const THREADS: &str = "THREADS";

/// A proc of an object that is an operation of its specification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Procedure {
    /// The name of the proc.
    pub proc: String,
    /// The name of the operation in the specification.
    pub operation: String,
    /// What clients pass.
    pub arguments: Vec<Argument>,
    /// How many values it leaves.
    pub results: usize,
}

/// An object, and how programs are made of it.
#[derive(Clone, Debug)]
pub(super) struct Object {
    name: String,
    text: String,
    options: Options,
    /// Its operations, in the order of the specification.
    pub procedures: Vec<Procedure>,
    /// Its code does not look at `SELF`.
    pub symmetric: bool,
    /// It declares how many threads there are.
    knows_threads: bool,
    /// What clients call their own.
    names: Names,
}

impl Object {
    /// Looks at what a text declares.
    pub fn read(
        name: &str,
        text: &str,
        options: &Options,
        operations: &[Operation],
        loader: &dyn Loader,
    ) -> Result<Object, Refused> {
        let mut object = Object {
            name: name.to_owned(),
            text: text.to_owned(),
            options: options.clone(),
            procedures: Vec::new(),
            symmetric: true,
            knows_threads: true,
            names: Names::unlike([text].into_iter()),
        };
        let probe = format!("thread {}\n    HALT\nend\n", object.names.thread);
        let program = match object.assemble(&probe, 1, loader) {
            Err(asm::Failure::UnknownDefine(unknown)) if unknown == THREADS => {
                object.knows_threads = false;
                object.assemble(&probe, 1, loader)?
            }
            other => other?,
        };
        if program.groups.len() > 1 {
            let thread = &program.groups[0].name;
            return Err(Refused::NoObject(format!(
                "it has a thread of its own, `{thread}`; an object's file declares none"
            )));
        }
        let included = program.sources[1..].iter().map(|source| source.text.as_str());
        object.names = Names::unlike(included.chain([text]));
        object.symmetric = !program.code.contains(&Instr::SelfIndex);
        object.procedures = procedures(&program, operations)?;
        Ok(object)
    }

    /// Checks that what roles name is there.
    pub fn check_roles(&self, roles: &Roles) -> Result<(), Refused> {
        let names = roles.roles.iter().flat_map(|role| &role.procs);
        match names.into_iter().find(|name| self.procedure(name).is_none()) {
            Some(name) => {
                Err(Refused::NoObject(format!("its roles name `{name}`, which is no operation of it")))
            }
            None => Ok(()),
        }
    }

    /// Numbers the calls of a client.
    pub fn numbered(&self, client: &Client) -> Result<Vec<Numbered>, Refused> {
        let number = |made: &Made| {
            let found = self.procedure(&made.proc);
            let found = found.filter(|procedure| procedure.arguments.len() == made.arguments.len());
            let procedure = found.ok_or_else(|| {
                Refused::NoObject(format!(
                    "`{made}` is no call of one of its operations: {}",
                    self.described()
                ))
            })?;
            Ok(Numbered {
                text: made.to_string(),
                operation: procedure.operation.clone(),
                arguments: made.arguments.clone(),
                results: procedure.results,
            })
        };
        client.iter().map(number).collect()
    }

    fn procedure(&self, name: &str) -> Option<&Procedure> {
        self.procedures.iter().find(|procedure| procedure.proc == name)
    }

    fn described(&self) -> String {
        let described = self.procedures.iter().map(|procedure| {
            let arguments = vec!["x"; procedure.arguments.len()].join(", ");
            if arguments.is_empty() {
                procedure.proc.clone()
            } else {
                format!("{}({arguments})", procedure.proc)
            }
        });
        described.collect::<Vec<_>>().join(", ")
    }

    /// Assembles the object with a client.
    pub fn program(
        &self,
        client: &Client,
        results: Results,
        loader: &dyn Loader,
    ) -> Result<Program, Refused> {
        let left_by = |proc: &str| self.procedure(proc).map_or(0, |procedure| procedure.results);
        let code = client.code(&self.names, &left_by, results);
        Ok(self.assemble(&code, client.threads.len() as u32, loader)?)
    }

    fn assemble(&self, code: &str, threads: u32, loader: &dyn Loader) -> Result<Program, asm::Failure> {
        let text = format!("{}\n\n{code}", self.text.trim_end());
        let options = Options { defines: self.defines(threads), ..self.options.clone() };
        asm::assemble(&self.name, &text, &options, loader)
    }

    /// Returns the values of constants for so many threads.
    pub fn defines(&self, threads: u32) -> Vec<(String, i64)> {
        let own = self.knows_threads.then(|| (THREADS.to_owned(), i64::from(threads)));
        let given =
            self.options.defines.iter().filter(|(name, _)| name != THREADS || !self.knows_threads).cloned();
        given.chain(own).collect()
    }
}

/// Finds the procs that are operations.
fn procedures(program: &Program, operations: &[Operation]) -> Result<Vec<Procedure>, Refused> {
    let mut procedures = Vec::new();
    for operation in operations {
        let names = || std::iter::once(&operation.name).chain(&operation.aliases);
        let Some(proc) = names().find_map(|name| program.procs.iter().find(|proc| proc.name == *name)) else {
            continue;
        };
        let takes = operation.arguments.len();
        let wrong = |why: String| Err(Refused::NoObject(format!("`proc {}` {why}", proc.name)));
        let Some(effect) = proc.effect else { return wrong("never returns".to_owned()) };
        let left = i64::from(effect) + takes as i64;
        let results = operation.results.iter().copied().find(|&results| results as i64 == left);
        let Some(results) = results else {
            let wanted: Vec<String> = operation.results.iter().map(usize::to_string).collect();
            return wrong(format!(
                "changes the height of the stack by {effect}: it should take {takes} and leave {}",
                wanted.join(" or ")
            ));
        };
        procedures.push(Procedure {
            proc: proc.name.clone(),
            operation: operation.name.clone(),
            arguments: operation.arguments.clone(),
            results,
        });
    }
    if procedures.is_empty() {
        let names: Vec<String> = operations.iter().map(|operation| format!("`{}`", operation.name)).collect();
        return Err(Refused::NoObject(format!("it declares no proc that is one of {}", names.join(", "))));
    }
    Ok(procedures)
}
