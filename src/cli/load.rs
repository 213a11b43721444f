//! Files to programs: the only place that reads sources.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::args::ProgramArgs;
use super::exit::Failure;
use crate::asm::{self, Loaded, Loader, Options};
use crate::program::Program;

/// The name of standard input.
pub(super) const STDIN: &str = "-";

/// The most bytes that are read of one file: more than the assembler takes, and few enough for a device that
/// never ends.
const MAX_BYTES: u64 = 32 << 20;

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

/// Reads to the end, if that is not too far.
fn bytes(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it has more than {} MiB", MAX_BYTES >> 20)));
    }
    Ok(bytes)
}

/// Reads a file and assembles it.
pub(super) fn program(name: &str, args: &ProgramArgs) -> Result<Program, Failure> {
    assemble(&read(name)?, args)
}

/// Assembles a text that has been read.
pub(super) fn assemble(text: &Text, args: &ProgramArgs) -> Result<Program, Failure> {
    assembled(text, args).map_err(|failure| match failure {
        asm::Failure::Diagnostics(diagnostics) => Failure::Diagnostics(Box::new(diagnostics)),
        asm::Failure::UnknownDefine(name) => unknown_define(&format!("`{}` has no", text.name), &name),
        asm::Failure::UnknownReplacement(file) => {
            unknown_replacement(&format!("`{}` includes no", text.name), &file)
        }
    })
}

pub(super) fn unknown_define(who: &str, name: &str) -> Failure {
    Failure::usage(format!("{who} constant `{name}` to give a value to with -D"))
}

pub(super) fn unknown_replacement(who: &str, file: &str) -> Failure {
    Failure::usage(format!("{who} file `{file}` that --replace could put another in the place of"))
}

/// Assembles a text, and leaves it to the caller what an unknown name is.
pub(super) fn assembled(text: &Text, args: &ProgramArgs) -> Result<Program, asm::Failure> {
    let options = Options { defines: args.defines.clone(), replacements: args.replace.clone() };
    let files = Files { replaced: args.replace.iter().map(|(_, other)| other.clone()).collect() };
    asm::assemble(&text.name, &text.text, &options, &files)
}

/// Finds the files that programs include.
struct Files {
    /// The files that stand in for others: paths that a person gave, so they are looked up from the current
    /// folder first.
    replaced: Vec<String>,
}

impl Loader for Files {
    fn load(&self, from: &str, path: &str) -> Result<Loaded, String> {
        let beside = Path::new(from).parent().unwrap_or(Path::new("")).join(path);
        let given = PathBuf::from(path);
        let found =
            if self.replaced.iter().any(|other| other == path) && given.exists() { given } else { beside };
        let name = found.to_string_lossy().into_owned();
        let bytes = File::open(&found).and_then(bytes).map_err(|error| plain(&error))?;
        let text = decode(&name, bytes)?;
        Ok(Loaded { identity: identity(&found), name, text })
    }

    fn identity(&self, name: &str) -> String {
        identity(Path::new(name))
    }
}

/// What tells files apart: equal for two paths to one file.
fn identity(path: &Path) -> String {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real.to_string_lossy().into_owned()
}

fn decode(name: &str, bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        format!("`{name}` is not UTF-8: line {line}, column {column} (byte {at})")
    })
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

/// The reason in words, without the number of the operating system.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
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
