//! Files to programs: what the command line names, read and assembled.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::args::ProgramArgs;
use super::exit::Failure;
use crate::asm::{self, Options};
use crate::program::Program;
use crate::testing::{Files, bytes, decode, plain};

/// The name of standard input.
pub(super) const STDIN: &str = "-";

/// A text that was read, and the name it was asked for by.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// The path as the person wrote it, or `-`.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Reads a file, or standard input where the name is `-`.
pub(super) fn read(name: &str) -> Result<Text, Failure> {
    let bytes = if name == STDIN {
        bytes(io::stdin().lock())
            .map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?
    } else {
        let path = Path::new(name);
        if path.is_dir() {
            let message = format!("`{name}` is a folder, and one program is expected");
            let help = format!("`racevm check {name}` checks every program in it");
            return Err(Failure::Usage(message, vec![help]));
        }
        File::open(path).and_then(bytes).map_err(|error| unreadable(name, &error))?
    };
    let text = decode(name, bytes).map_err(Failure::usage)?;
    Ok(Text { name: name.to_owned(), text })
}

/// Reads a file and assembles it.
pub(super) fn program(name: &str, args: &ProgramArgs) -> Result<Program, Failure> {
    assemble(&read(name)?, args)
}

/// Assembles a text that has been read.
pub(super) fn assemble(text: &Text, args: &ProgramArgs) -> Result<Program, Failure> {
    assembled(text, args).map_err(|failure| unassembled(&text.name, failure))
}

/// Says why the file of this name is no program.
pub(super) fn unassembled(name: &str, failure: asm::Failure) -> Failure {
    match failure {
        asm::Failure::Diagnostics(diagnostics) => Failure::Diagnostics(Box::new(diagnostics)),
        asm::Failure::UnknownDefine(constant) => unknown_define(&format!("`{name}` has no"), &constant),
        asm::Failure::UnknownReplacement(file) => {
            unknown_replacement(&format!("`{name}` includes no"), &file)
        }
    }
}

pub(super) fn unknown_define(who: &str, name: &str) -> Failure {
    Failure::usage(format!("{who} constant `{name}` to give a value to with -D"))
}

pub(super) fn unknown_replacement(who: &str, file: &str) -> Failure {
    Failure::usage(format!("{who} file `{file}` that --replace could put another in the place of"))
}

/// Returns what flags change in a program.
pub(super) fn options(args: &ProgramArgs) -> Options {
    Options { defines: args.defines.clone(), replacements: args.replace.clone() }
}

/// Returns what finds the files that programs include.
pub(super) fn files(args: &ProgramArgs) -> Files {
    let replaced = args.replace.iter().map(|(_, other)| other.clone()).collect();
    Files { texts: Vec::new(), replaced }
}

/// Assembles a text, and leaves it to the caller what an unknown name is.
pub(super) fn assembled(text: &Text, args: &ProgramArgs) -> Result<Program, asm::Failure> {
    asm::assemble(&text.name, &text.text, &options(args), &files(args))
}

/// Says why a file cannot be read, and which one may have been meant.
fn unreadable(name: &str, error: &io::Error) -> Failure {
    let mut help = Vec::new();
    if error.kind() == io::ErrorKind::NotFound {
        if let Some(near) = nearest(Path::new(name)) {
            help.push(format!("did you mean `{}`?", near.display()));
        } else if let Some(example) = super::examples::find_exactly(name) {
            help.push(format!("`racevm examples {}` prints the example of that name", example.name()));
        }
    }
    Failure::Usage(format!("cannot read `{name}`: {}", plain(error)), help)
}

/// Finds the file whose name is most like that of one that is not there: in the same folder, or with `.rvm`
/// behind it.
fn nearest(path: &Path) -> Option<PathBuf> {
    let wanted = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut programs: Vec<String> = names.filter(|name| name.ends_with(".rvm")).collect();
    programs.sort();
    let found =
        closest(wanted.trim_end_matches(".rvm"), programs.iter().map(|name| name.trim_end_matches(".rvm")))?;
    let file = format!("{found}.rvm");
    Some(folder.map_or_else(|| PathBuf::from(&file), |folder| folder.join(&file)))
}

/// Returns the candidate most like a word, if any is like it at all.
pub(super) fn closest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let bound = word.chars().count() / 3 + 1;
    let near = candidates.map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate));
    near.filter(|(distance, _)| *distance <= bound).min().map(|(_, candidate)| candidate)
}

/// A file to work on.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Its path, or `-`.
    pub name: String,
    /// True when a folder was named, and the file found in it.
    pub was_found: bool,
}

/// Lists the programs that arguments name: files as they are, folders searched through for `*.rvm`, sorted.
pub(super) fn expand(arguments: &[String]) -> Result<Vec<Named>, Failure> {
    let mut files = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        if argument != STDIN && path.is_dir() {
            let found = walk(path)?;
            if found.is_empty() {
                return Err(Failure::usage(format!("there is no program (*.rvm) in `{argument}`")));
            }
            files.extend(found.into_iter().map(|name| Named { name, was_found: true }));
        } else {
            files.push(Named { name: argument.clone(), was_found: false });
        }
    }
    Ok(files)
}

/// Returns the one file that --client puts a client behind.
pub(super) fn only<'a>(files: &'a [String], what: &str) -> Result<&'a str, Failure> {
    match files {
        [name] => Ok(name),
        _ => {
            let message = format!("--client puts a client behind one {what}, and several files are named");
            Err(Failure::usage(message))
        }
    }
}

/// Lists the programs in a folder and the folders below it, those of a folder before those of its folders.
fn walk(folder: &Path) -> Result<Vec<String>, Failure> {
    let unreadable = |error: io::Error| {
        Failure::usage(format!("cannot read the folder `{}`: {}", folder.display(), plain(&error)))
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    // A link to a folder could lead back up, so folders are entered only where they really stand.
    let (folders, files): (Vec<_>, Vec<_>) =
        paths.into_iter().partition(|path| path.is_dir() && !path.is_symlink());
    let is_program =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rvm") && path.is_file();
    let mut programs: Vec<String> =
        files.into_iter().filter(is_program).map(|path| path.to_string_lossy().into_owned()).collect();
    for folder in folders {
        programs.extend(walk(&folder)?);
    }
    Ok(programs)
}
