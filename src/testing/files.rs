//! Files to texts: the one place that reads the sources of programs, for tests and for the command line.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::asm::{Loaded, Loader};

/// The most bytes that are read of one file: more than the assembler takes, and few enough for a device that
/// never ends.
const MAX_BYTES: u64 = 32 << 20;

/// Finds the files that programs include.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    /// Texts that stand for files of these names, whatever the disk holds.
    pub texts: Vec<(String, String)>,
    /// The files that stand in for others: paths that a person gave, so they are looked up from the current
    /// folder first.
    pub replaced: Vec<String>,
}

impl Loader for Files {
    fn load(&self, from: &str, path: &str) -> Result<Loaded, String> {
        if let Some((name, text)) = self.texts.iter().find(|(name, _)| name == path) {
            return Ok(Loaded { name: name.clone(), identity: name.clone(), text: text.clone() });
        }
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

/// Reads to the end, if that is not too far.
pub(crate) fn bytes(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it has more than {} MiB", MAX_BYTES >> 20)));
    }
    Ok(bytes)
}

/// Makes a text of bytes, or says where they are none.
pub(crate) fn decode(name: &str, bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        format!("`{name}` is not UTF-8: line {line}, column {column} (byte {at})")
    })
}

/// Says why a file cannot be read, in words, without the number of the operating system.
pub(crate) fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// What tells files apart: equal for two paths to one file.
fn identity(path: &Path) -> String {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real.to_string_lossy().into_owned()
}
