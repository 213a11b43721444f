//! Tests of the assembler.

mod bounds;
mod diagnostics;
mod forms;
mod hostile;
mod includes;
mod listings;
mod stacks;

use std::fs;
use std::path::{Path, PathBuf};

use super::{Failure, Loaded, Loader, NoFiles, Options, assemble};
use crate::program::Program;

/// Reads included files next to the including one, names being relative to a folder.
struct Files(PathBuf);

impl Loader for Files {
    fn load(&self, from: &str, path: &str) -> Result<Loaded, String> {
        let folder = Path::new(from).parent().unwrap_or(Path::new(""));
        let name = folder.join(path).to_string_lossy().into_owned();
        let text = fs::read_to_string(self.0.join(&name)).map_err(|_| "no such file".to_owned())?;
        Ok(Loaded { identity: name.clone(), name, text })
    }
}

/// Assembles a text that is right.
fn program(text: &str) -> Program {
    match assemble("test.rvm", text, &Options::default(), &NoFiles) {
        Ok(program) => program,
        Err(Failure::Diagnostics(diagnostics)) => panic!("{}", diagnostics.render(false)),
        Err(other) => panic!("{other:?}"),
    }
}

/// The codes of what is wrong with a text, in order.
fn codes_of(text: &str, options: &Options, loader: &dyn Loader) -> Vec<&'static str> {
    match assemble("test.rvm", text, options, loader) {
        Err(Failure::Diagnostics(diagnostics)) => diagnostics.errors.iter().map(|error| error.code).collect(),
        other => panic!("{other:?}"),
    }
}

/// All programs of a folder and its folders, in order.
fn programs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("its entries too").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rvm") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_program_of_the_corpus_assembles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = String::new();
    for path in programs(&folder.join("programs")) {
        let text = fs::read_to_string(&path).expect("a program can be read");
        let name = path.to_string_lossy();
        match assemble(&name, &text, &Options::default(), &Files(PathBuf::new())) {
            Ok(_) => {}
            // A file that others include has no threads of its own.
            Err(Failure::Diagnostics(said)) if said.errors.iter().all(|error| error.code == "E0506") => {}
            Err(Failure::Diagnostics(diagnostics)) => wrong.push_str(&diagnostics.render(false)),
            Err(other) => panic!("{name}: {other:?}"),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
