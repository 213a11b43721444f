//! Files for what memory does not hold.
//!
//! A file is taken out of its folder as soon as it is open, where the system allows that (not on Windows): its
//! room is given back when the process ends, however that comes about. What could not be taken out is deleted
//! when the search is over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::exit::Failure;
use crate::check::Beyond;
use crate::explore::{Disk, DiskError, Spill};

/// How many files the process has opened: no two have the same name.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// Runs in files of one folder.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    files: Mutex<Vec<Option<Open>>>,
    error: Mutex<Option<io::Error>>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Where it still is, if it could not be taken out of the folder.
    path: Option<PathBuf>,
}

impl Files {
    /// Makes files in a folder, which must be there, and in which files can be made: a search that needs them
    /// may be hours away from now.
    pub fn new(folder: PathBuf) -> Result<Files, Failure> {
        let cannot = |folder: &Path, error: io::Error| {
            Failure::usage(format!("cannot use `{}`: {error}", folder.display()))
        };
        let found = fs::metadata(&folder).map_err(|error| cannot(&folder, error))?;
        if !found.is_dir() {
            return Err(Failure::usage(format!("`{}` is no folder", folder.display())));
        }
        let files = Files { folder, files: Mutex::default(), error: Mutex::default() };
        let first = files.open().map_err(|error| cannot(&files.folder, error))?;
        files.delete(first);
        Ok(files)
    }

    /// Returns how a search goes on with these files.
    pub fn beyond(&self) -> Beyond<'_> {
        Beyond::Disk(Spill { disk: self, buffer: None })
    }

    /// Returns what went wrong first, in words.
    pub fn error(&self) -> Option<String> {
        let error = held(&self.error);
        error.as_ref().map(|error| format!("the disk at `{}`: {error}", self.folder.display()))
    }

    fn kept<T>(&self, result: io::Result<T>) -> Result<T, DiskError> {
        result.map_err(|error| {
            held(&self.error).get_or_insert(error);
            DiskError
        })
    }

    fn open(&self) -> io::Result<u32> {
        let mut files = held(&self.files);
        let number = files.len();
        let name = format!("racevm-{}-{}.run", std::process::id(), OPENED.fetch_add(1, Ordering::Relaxed));
        let path = self.folder.join(name);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        let path = fs::remove_file(&path).is_err().then_some(path);
        files.push(Some(Open { file, path }));
        u32::try_from(number).map_err(io::Error::other)
    }

    fn with<T>(&self, run: u32, act: impl FnOnce(&mut File) -> io::Result<T>) -> Result<T, DiskError> {
        let mut files = held(&self.files);
        let open = files.get_mut(run as usize).and_then(Option::as_mut);
        self.kept(open.map_or_else(|| Err(io::ErrorKind::NotFound.into()), |open| act(&mut open.file)))
    }
}

/// What a lock guards; a worker that panicked while it held it leaves it usable.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk for Files {
    fn create(&self) -> Result<u32, DiskError> {
        self.kept(self.open())
    }

    fn append(&self, run: u32, bytes: &[u8]) -> Result<(), DiskError> {
        self.with(run, |file| {
            file.seek(SeekFrom::End(0))?;
            file.write_all(bytes)
        })
    }

    fn read(&self, run: u32, at: u64, bytes: &mut [u8]) -> Result<(), DiskError> {
        self.with(run, |file| {
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(bytes)
        })
    }

    fn delete(&self, run: u32) {
        if let Some(open) = held(&self.files).get_mut(run as usize) {
            *open = None;
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // A file that cannot be deleted does no harm to the result.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_appended_is_read_and_nothing_is_left() {
        let folder = std::env::temp_dir().join(format!("racevm-test-{}", std::process::id()));
        fs::create_dir(&folder).expect("the folder is new");
        let files = Files::new(folder.clone()).expect("it is a folder");
        let (a, b) = (files.create().expect("a file"), files.create().expect("another"));
        files.append(a, b"one ").expect("there is room");
        files.append(b, b"two").expect("there is room");
        files.append(a, b"more").expect("there is room");
        let mut bytes = [0; 6];
        files.read(a, 2, &mut bytes).expect("it is there");
        assert_eq!(&bytes, b"e more");
        files.delete(b);
        assert_eq!(files.read(b, 0, &mut bytes), Err(DiskError));
        assert!(files.error().is_some());
        drop(files);
        fs::remove_dir(&folder).expect("nothing is left in it");
        assert!(Files::new(folder).is_err());
    }
}
