//! What is done with one program.

use super::super::load;
use super::super::watch::Watch;
use super::{CheckArgs, Failure, ProgramArgs};
use crate::check::{self, Exploration, Monitor, Request, Summary};
use crate::program::Program;
use crate::report::Explored;
use crate::testing::again;
use crate::verify::mutate::{self, Setup, Survey};
use crate::verify::vacuity::{LOOKED_AT, Vacuity, vacuity_under};
use crate::vm::TooLarge;

/// A program and everything that was found of it.
pub(super) struct Tried {
    program: Box<Program>,
    /// The flags that it knows.
    flags: ProgramArgs,
    /// One for each combination of models that it names.
    pub explorations: Vec<Exploration>,
    vacuity: Option<Vacuity>,
    mutants: Option<Survey>,
}

impl Tried {
    /// Explores a program; `share` programs are at work beside one another. What a pass is worth is looked at
    /// where there is a pass.
    pub fn new(
        program: Box<Program>,
        flags: ProgramArgs,
        args: &CheckArgs,
        share: u64,
    ) -> Result<Tried, Failure> {
        let explorations = explore(&program, args, share)?;
        let mut tried = Tried { program, flags, explorations, vacuity: None, mutants: None };
        if tried.explorations.iter().all(|found| found.summary() == Summary::Holds) {
            tried.vacuity = Some(tried.look_for_vacuity(args, share)?);
            tried.mutants = args.mutants.then(|| tried.survey(args, share)).transpose()?;
        }
        Ok(tried)
    }

    fn look_for_vacuity(&self, args: &CheckArgs, share: u64) -> Result<Vacuity, Failure> {
        let models = args.program.models(&self.program);
        let request = args.search.request(models, &args.program, share);
        let mut watch = Watch::start_silently(args.search.bounds.time_limit);
        let combinations = self.program.combinations(models);
        let is_too_large = |models| {
            let mut of_models = self.explorations.iter().filter(|found| found.models == models);
            of_models.any(|found| found.search.states > LOOKED_AT)
        };
        vacuity_under(&self.program, &combinations, is_too_large, &request, &mut watch).map_err(too_large)
    }

    fn survey(&self, args: &CheckArgs, share: u64) -> Result<Survey, Failure> {
        let options = load::options(&self.flags);
        // What a mutant is tried with is a share of what its program has.
        let threads = (args.search.bounds.threads() as u64).div_ceil(share).max(1);
        let models = args.program.models(&self.program);
        let request = args.search.request(models, &args.program, share * threads);
        let monitor =
            || -> Box<dyn Monitor> { Box::new(Watch::start_silently(args.search.bounds.time_limit)) };
        let setup = Setup { options: &options, request, threads: threads as usize, monitor: &monitor };
        mutate::survey(&self.program, &setup).map_err(too_large)
    }

    pub fn as_explored<'a>(&'a self, file: &'a str, args: &CheckArgs) -> Explored<'a> {
        let Tried { program, flags, explorations, vacuity, mutants } = self;
        Explored {
            file,
            program,
            explorations,
            buffer: args.program.store_buffer,
            // The report adds the models of each exploration itself.
            again: again("replay", file, &flags.flags(program, program.models)),
            mutants: mutants.as_ref(),
            vacuity: vacuity.as_ref(),
        }
    }
}

fn explore(program: &Program, args: &CheckArgs, share: u64) -> Result<Vec<Exploration>, Failure> {
    let combinations = program.combinations(args.program.models(program));
    let explorations = combinations.into_iter().map(|models| {
        let request =
            Request { verdicts_only: !args.json, ..args.search.request(models, &args.program, share) };
        let mut watch = Watch::start_silently(args.search.bounds.time_limit);
        let mut exploration = check::explore(program, &request, &mut watch).map_err(too_large)?;
        exploration.search.elapsed = watch.elapsed();
        Ok(exploration)
    });
    explorations.collect()
}

fn too_large(error: TooLarge) -> Failure {
    Failure::Limit(error.to_string())
}
