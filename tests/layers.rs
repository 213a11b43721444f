//! The layers of the crate: imports go one way, and each foreign crate is known to the layers that need it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, each of which may use those before it.
const LAYERS: [&str; 12] = [
    "program", "asm", "memory", "vm", "schedule", "explore", "graph", "check", "verify", "report", "testing",
    "cli",
];

/// Crates that only some layers may know.
const KNOWN_TO: &[(&str, &[&str])] = &[
    ("nom", &["asm"]),
    ("annotate_snippets", &["asm"]),
    ("petgraph", &["graph"]),
    ("serde", &["report"]),
    ("serde_json", &["report"]),
    ("clap", &["cli"]),
    ("ctrlc", &["cli"]),
    ("proptest", &["testing"]),
];

/// What the core does not do: files, clocks, the environment, printing.
const NOT_IN_THE_CORE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "stdin(",
    "stdout(",
    "stderr(",
    "Instant",
    "SystemTime",
    "println!",
    "print!",
    "eprintln!",
    "dbg!",
];

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for (depth, layer) in LAYERS.iter().enumerate() {
        for (file, code) in sources(layer) {
            for used in modules_used(&code) {
                let allowed = LAYERS[..=depth].contains(&used.as_str());
                if !allowed {
                    wrong.push(format!("{}: {layer} uses crate::{used}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn each_crate_is_known_to_its_layers_alone() {
    let mut wrong = Vec::new();
    for layer in LAYERS {
        for (file, code) in sources(layer) {
            for (name, layers) in KNOWN_TO {
                let used = paths_from(&code, name).next().is_some();
                if used && !layers.contains(&layer) {
                    wrong.push(format!("{}: {layer} knows {name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_cli_touches_the_world() {
    let mut wrong = Vec::new();
    for layer in LAYERS.iter().filter(|&&layer| layer != "cli" && layer != "testing") {
        for (file, code) in sources(layer) {
            for word in NOT_IN_THE_CORE.iter().filter(|&&word| mentions(&code, word)) {
                wrong.push(format!("{}: {layer} uses {word}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_the_source_is_a_layer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found: BTreeSet<String> = entries(&root)
        .into_iter()
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().expect("a folder has a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(found, LAYERS.iter().map(|layer| (*layer).to_owned()).collect());
}

/// The code of a layer without comments and tests, file by file. Tests may use whatever they need.
fn sources(layer: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root.join(layer), &mut files);
    let single = root.join(layer).with_extension("rs");
    files.extend(single.exists().then_some(single));
    assert!(!files.is_empty(), "layer {layer} has no files");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file is readable");
        let code = without_comments(text.split("#[cfg(test)]").next().unwrap_or_default());
        (path, code)
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        let is_tests = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_tests {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_tests {
            files.push(path);
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder entry is readable").path()).collect();
    paths.sort();
    paths
}

fn without_comments(text: &str) -> String {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

/// The modules that code names behind `crate::`, alone or in braces.
fn modules_used(code: &str) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for rest in paths_from(code, "crate") {
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = &list[..list.find(';').unwrap_or(list.len())];
                let mut depth = 0_i32;
                for entry in list.split_inclusive(['{', '}', ',']) {
                    if depth == 0 {
                        modules.extend(first_word(entry));
                    }
                    depth += i32::from(entry.ends_with('{')) - i32::from(entry.ends_with('}'));
                }
            }
            None => modules.extend(first_word(rest)),
        }
    }
    modules.retain(|module| module.starts_with(|first: char| first.is_ascii_lowercase()));
    modules
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.trim_start().chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// What follows each `name::` that begins a path.
fn paths_from<'c>(code: &'c str, name: &str) -> impl Iterator<Item = &'c str> {
    let prefix = format!("{name}::");
    let starts: Vec<usize> = code.match_indices(&prefix).map(|(at, _)| at).collect();
    let begins_path = move |at: &usize| {
        !code[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
    };
    let len = prefix.len();
    starts.into_iter().filter(begins_path).map(move |at| &code[at + len..])
}

fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_word(before) && !is_word(after)
    })
}

#[test]
fn the_reader_of_imports_sees_what_is_there() {
    let code = "use crate::{asm::{ast, Loader}, program, vm};\nfn f() { crate::check::go(my_crate::x) }";
    let expected = ["asm", "check", "program", "vm"].map(str::to_owned);
    assert_eq!(modules_used(code), BTreeSet::from(expected));
}
