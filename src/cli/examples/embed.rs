//! The build script: lists the programs of `programs/`, so that they are inside the binary.
//!
//! A list that is written by hand would be wrong whenever somebody adds a program.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=programs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is"));
    let mut files = Vec::new();
    collect(&root.join("programs"), &mut files);
    files.sort();

    let mut list = String::from("[\n");
    for file in &files {
        let path = file.strip_prefix(root.join("programs")).expect("the file was found there");
        let path = path.to_str().expect("the names of programs are UTF-8").replace('\\', "/");
        let file = file.to_str().expect("the crate lies under a UTF-8 path");
        writeln!(list, "    Example {{ path: {path:?}, text: include_str!({file:?}) }},")
            .expect("writing to a string succeeds");
    }
    list.push_str("]\n");

    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo gives a build script a folder"));
    fs::write(target.join("examples.rs"), list).expect("the build folder can be written");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of programs can be read") {
        let path = entry.expect("the folder of programs can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rvm") {
            files.push(path);
        }
    }
}
