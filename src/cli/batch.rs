//! Many files to programs, with one set of flags for all of them.
//!
//! A constant that `-D` names, and a file that `--replace` names, need not be known to every program: those
//! that do not know it are assembled without it. What none of them knows is wrong usage, said once.

use super::args::ProgramArgs;
use super::exit::Failure;
use super::load::{self, Named};
use crate::asm;
use crate::program::Program;

/// What a file without any thread is refused with.
const NO_THREAD: &str = "E0506";

/// What became of one file.
pub(super) enum Loaded {
    /// It is a program; with the flags that it knows.
    Program(Box<Program>, ProgramArgs),
    /// It is there to be included.
    Part,
    /// It cannot be read, or does not assemble.
    Failed(Failure),
}

/// Reads and assembles files.
///
/// # Errors
///
/// Says which constant or replaced file no program knows.
pub(super) fn programs(files: &[Named], args: &ProgramArgs) -> Result<Vec<Loaded>, Failure> {
    if let [file] = files
        && !file.was_found
    {
        let loaded = match load::program(&file.name, args) {
            Ok(program) => Loaded::Program(Box::new(program), args.clone()),
            Err(failure) => Loaded::Failed(failure),
        };
        return Ok(vec![loaded]);
    }
    let loaded: Vec<Loaded> = files.iter().map(|file| fit(file, args)).collect();
    // A program that does not assemble may know the name: its mistakes come first.
    let is_sure = !loaded.iter().any(|one| matches!(one, Loaded::Failed(_)));
    let known = || {
        loaded.iter().filter_map(|one| match one {
            Loaded::Program(_, args) => Some(args),
            Loaded::Part | Loaded::Failed(_) => None,
        })
    };
    let unknown = |is_known: &dyn Fn(&ProgramArgs) -> bool| is_sure && !known().any(is_known);
    for define in &args.defines {
        if unknown(&|args| args.defines.contains(define)) {
            return Err(load::unknown_define("no program has a", &define.0));
        }
    }
    for replacement in &args.replace {
        if unknown(&|args| args.replace.contains(replacement)) {
            return Err(load::unknown_replacement("no program includes a", &replacement.0));
        }
    }
    Ok(loaded)
}

/// Assembles a file with as many of the flags as it knows.
fn fit(file: &Named, args: &ProgramArgs) -> Loaded {
    let text = match load::read(&file.name) {
        Ok(text) => text,
        Err(failure) => return Loaded::Failed(failure),
    };
    let mut args = args.clone();
    loop {
        match load::assembled(&text, &args) {
            Ok(program) => return Loaded::Program(Box::new(program), args),
            Err(asm::Failure::UnknownDefine(unknown)) => args.defines.retain(|(name, _)| *name != unknown),
            Err(asm::Failure::UnknownReplacement(unknown)) => {
                args.replace.retain(|(path, _)| *path != unknown);
            }
            Err(asm::Failure::Diagnostics(diagnostics)) => {
                let is_part =
                    file.was_found && diagnostics.errors.iter().all(|error| error.code == NO_THREAD);
                return if is_part {
                    Loaded::Part
                } else {
                    Loaded::Failed(Failure::Diagnostics(Box::new(diagnostics)))
                };
            }
        }
    }
}
