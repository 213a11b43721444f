//! racevm as somebody else's dependency: a fresh crate whose tests use it, run by cargo.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{CLIENT, file, folder, root};

const LOCK: &str = "\
; Test-and-set, with a mistake: to look and to take are two steps.
atomic taken = 0

proc acquire
  again:
    LOAD  taken
    JNZ   again
    PUSH  1
    STORE taken
end

proc release
    PUSH  0
    STORE taken
end
";

/// Tests as the documentation shows them. The last two must fail.
const TESTS: &str = r#"
use proptest::prelude::*;
use racevm::testing::{self, MemoryModel, strategies::{Tuning, programs}};

const RIGHT: &str = "atomic taken\nproc acquire\n a: PUSH 1\n XCHG taken\n JNZ a\nend\n\
                     proc release\n PUSH 0\n STORE taken\nend";

#[test]
fn the_right_lock_is_right() {
    let found = testing::file("programs/client.rvm").with_file("lock.rvm", RIGHT).memories(MemoryModel::ALL);
    found.explore().assert_race_free().assert_deadlock_free();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_without_locks_come_to_an_end(draft in programs(Tuning::plain())) {
        draft.subject().explore().deadlock_free()?;
    }

    #[test]
    fn programs_are_deterministic(draft in programs(Tuning::plain())) {
        prop_assert!(draft.subject().explore().outcomes().rows()?.len() <= 1);
    }
}

#[test]
fn the_lock_is_right() {
    testing::file("programs/client.rvm").explore().outcomes_of(["x"]).assert_exactly([2]);
}
"#;

#[test]
fn a_crate_that_depends_on_racevm_tests_its_lock() {
    let user = folder("user_crate");
    file(&user, "Cargo.toml", manifest());
    file(&user, "src/lib.rs", "");
    file(&user, "programs/lock.rvm", LOCK);
    file(&user, "programs/client.rvm", CLIENT);
    file(&user, "tests/lock.rs", TESTS);
    // The versions are those of the repository, so that nothing has to be fetched.
    fs::copy(root().join("Cargo.lock"), user.join("Cargo.lock")).expect("the repository has a lock file");

    let output = cargo_test(&user);
    assert!(output.contains("test the_right_lock_is_right ... ok"), "{output}");
    assert!(output.contains("test programs_without_locks_come_to_an_end ... ok"), "{output}");
    assert!(output.contains("test programs_are_deterministic ... FAILED"), "{output}");
    assert!(output.contains("test the_lock_is_right ... FAILED"), "{output}");

    let line = TESTS.lines().position(|line| line.contains("assert_exactly")).expect("it is there") + 1;
    assert!(output.contains(&format!("tests/lock.rs:{line}:")), "{output}");
    assert!(output.contains("expected  x in exactly {2}\nfound     also 1\n"), "{output}");
    assert!(output.contains("Replay it: racevm replay programs/client.rvm '"), "{output}");
    assert!(output.contains("minimal failing input: draft = \nshared x\n"), "{output}");

    // The line that the failure ends in is a test by itself.
    let pinned = output.lines().find_map(|line| line.strip_prefix("As a test: ")).expect("there is a line");
    assert!(pinned.contains(".assert_outcome([0, 1])"), "{pinned}");
    file(&user, "tests/lock.rs", format!("#[test]\nfn the_lost_update() {{\n    {pinned}\n}}\n"));
    let output = cargo_test(&user);
    assert!(output.contains("test the_lost_update ... ok"), "{output}");

    // Once the lock is mended, the schedule is no longer one of the program, and the test says so.
    file(&user, "programs/lock.rvm", LOCK.replace("LOAD  taken", "PUSH  1\n    XCHG  taken"));
    let output = cargo_test(&user);
    assert!(output.contains("`programs/client.rvm` has changed: the schedule was made for @"), "{output}");
}

fn manifest() -> String {
    format!(
        "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dev-dependencies]\n\
         racevm = {{ path = {:?}, features = [\"proptest\"] }}\n\
         proptest = {{ version = \"1\", default-features = false, features = [\"std\"] }}\n\n{}",
        root(),
        profiles()
    )
}

/// Returns the profiles of the repository: with the same ones, what it has built need not be built again.
fn profiles() -> String {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the repository has a manifest");
    let start = manifest.find("[profile.dev]").expect("the manifest sets a profile");
    let end = manifest.find("[[bench]]").unwrap_or(manifest.len());
    // Here racevm is a dependency, for which the manifest has other settings than for its own crate.
    format!("{}[profile.dev.package.racevm]\nopt-level = 1\n", &manifest[start..end])
}

/// Runs the tests of a crate and returns everything that is printed.
fn cargo_test(user: &Path) -> String {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = tmp.parent().expect("the folder for temporary files is in the build folder");
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--offline", "--no-fail-fast"]).current_dir(user);
    command.env("CARGO_TARGET_DIR", target).env("CARGO_TERM_COLOR", "never").env("RUST_BACKTRACE", "0");
    let output = command.output().expect("cargo runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}\n{err}")
}
