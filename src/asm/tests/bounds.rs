//! The bounds of a text, which are too large to stand in a case.

use super::codes_of;
use crate::asm::{Loaded, Loader, NoFiles, Options};

/// Files that include one another without end: `1`, `2`, ….
struct Endless;

impl Loader for Endless {
    fn load(&self, _from: &str, path: &str) -> Result<Loaded, String> {
        let number: u64 = path.parse().map_err(|_| "no number".to_owned())?;
        let text = format!("include \"{}\"\n", number + 1);
        Ok(Loaded { name: path.to_owned(), identity: path.to_owned(), text })
    }
}

/// One file of any name, of 17 MiB.
struct Large;

impl Loader for Large {
    fn load(&self, _from: &str, path: &str) -> Result<Loaded, String> {
        Ok(Loaded { name: path.to_owned(), identity: path.to_owned(), text: " ".repeat(17 << 20) })
    }
}

#[test]
fn a_text_has_a_largest_size_and_includes_a_depth() {
    let include = "include \"1\"\nthread t\nend\n";
    assert_eq!(codes_of(include, &Options::default(), &Endless), ["E0402"]);
    assert_eq!(codes_of(include, &Options::default(), &Large), ["E0402"]);
    assert_eq!(codes_of(&" ".repeat(17 << 20), &Options::default(), &NoFiles), ["E0402"]);
}

#[test]
fn a_program_has_a_largest_number_of_instructions() {
    let text = format!("thread t\n{}end\n", "NOP\n".repeat(1 << 20));
    assert_eq!(codes_of(&text, &Options::default(), &NoFiles), ["E0401"]);
}

#[test]
fn two_hundred_errors_are_enough() {
    let text = format!("thread t\n{}end\n", "LOAD x\n".repeat(200_000));
    assert_eq!(codes_of(&text, &Options::default(), &NoFiles), ["E0101"; 200]);
}

#[test]
fn a_text_that_is_not_read_to_its_end_has_no_errors_of_meaning() {
    let text = format!("thread t\nLOAD x\n{}end\nshared x\n", "LOAD 5\n".repeat(200));
    let codes = codes_of(&text, &Options::default(), &NoFiles);
    assert!(codes.iter().all(|code| code.starts_with("E00")), "{codes:?}");
    assert_eq!(codes.last(), Some(&"E0016"));
}
