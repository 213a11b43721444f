//! What the tests of the command line share: running it, and files for it to read.

#![allow(dead_code, reason = "no test needs all of it")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the repository, where the tests run the command.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a run of the command printed, and its exit code.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the command, without standard input and without colour from the environment.
pub fn racevm(arguments: &[&str]) -> Run {
    racevm_with(arguments, "")
}

/// Runs the command with a text as its standard input.
pub fn racevm_with(arguments: &[&str], input: &str) -> Run {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // A command that does not read its input closes it, and that is no error here.
    let _ = child.stdin.take().expect("the input is a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the command ends");
    Run {
        code: output.status.code().expect("the command was not killed"),
        stdout: String::from_utf8(output.stdout).expect("results are UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("errors are UTF-8"),
    }
}

/// Prepares the command in the root of the repository.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_racevm"));
    command.args(arguments).current_dir(root()).env_remove("NO_COLOR").env_remove("COLUMNS");
    command
}

/// A folder of its own for one test, empty.
pub fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the build folder can be written");
    folder
}

/// Writes a file into a folder and returns its path.
pub fn file(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("the path has a folder")).expect("the folder can be made");
    fs::write(&path, text).expect("the file can be written");
    path.to_str().expect("the build folder has a UTF-8 path").to_owned()
}

/// Two locks in two orders.
pub const DEADLOCK: &str = "\
mutex a
mutex b
thread left
    LOCK a
    LOCK b
    UNLOCK b
    UNLOCK a
end
thread right
    LOCK b
    LOCK a
    UNLOCK a
    UNLOCK b
end
";

/// A search that takes far longer than a test may.
pub const ENDLESS: &str = "\
const N = 1000000
shared a
shared b
thread worker[3]
    local i
  again:
    LOAD i
    PUSH 1
    ADD
    DUP
    STORE i
    STORE a
    LOAD i
    PUSH N
    LT
    JNZ again
end
";

/// Each thread writes a variable and reads the other's.
pub const STORE_BUFFERING: &str = include_str!("store_buffering.rvm");

/// Two threads add to a variable under a lock.
pub const LOCKED: &str = include_str!("locked.rvm");

/// Two threads add to a variable under the lock in the file beside it.
pub const CLIENT: &str = "\
include \"lock.rvm\"
shared x = 0
thread inc[2]
    CALL acquire
    LOAD x
    PUSH 1
    ADD
    STORE x
    CALL release
end
";
