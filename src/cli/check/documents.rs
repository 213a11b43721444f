//! The files that results are written to besides the terminal.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::report::{self, Checked};

/// Writes what became of many files as one document.
type Format = fn(&[Checked<'_>]) -> String;

/// The documents that are wanted: opened before the work, so that it is not done for nothing.
pub(super) struct Documents {
    files: Vec<(PathBuf, File, Format)>,
}

impl Documents {
    pub fn create(junit: Option<&Path>, sarif: Option<&Path>) -> Result<Documents, Failure> {
        let wanted: [(Option<&Path>, Format); 2] =
            [(junit, report::checked_junit), (sarif, report::checked_sarif)];
        let mut files = Vec::new();
        for (path, format) in wanted {
            if let Some(path) = path {
                let file = File::create(path).map_err(|error| unwritable(path, &error))?;
                files.push((path.to_owned(), file, format));
            }
        }
        Ok(Documents { files })
    }

    pub fn are_wanted(&self) -> bool {
        !self.files.is_empty()
    }

    pub fn write(self, checked: &[Checked<'_>]) -> Result<(), Failure> {
        for (path, mut file, format) in self.files {
            file.write_all(format(checked).as_bytes()).map_err(|error| unwritable(&path, &error))?;
        }
        Ok(())
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot write `{}`: {error}", path.display()))
}
