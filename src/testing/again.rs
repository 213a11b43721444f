//! The lines that bring an execution back: for a shell, and for a test.

use crate::asm::Options;
use crate::program::{Models, Program};
use crate::vm::DEFAULT_BUFFER;

/// Returns the command that does something with the same file again, as a shell takes it.
pub(crate) fn again(command: &str, file: &str, flags: &[String]) -> String {
    let words = ["racevm", command, file].into_iter().chain(flags.iter().map(String::as_str));
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// Quotes a word for a shell, if it needs that.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Returns the flags that, given again, put a program under these models and make it the same program.
pub(crate) fn flags(
    defines: &[(String, i64)],
    replacements: &[(String, String)],
    buffer: u32,
    program: &Program,
    models: Models,
) -> Vec<String> {
    let mut flags = Vec::new();
    for (name, value) in defines {
        flags.extend(["-D".to_owned(), format!("{name}={value}")]);
    }
    for (file, other) in replacements {
        flags.extend(["--replace".to_owned(), format!("{file}={other}")]);
    }
    if models.switch != program.models.switch {
        flags.extend(["--switch".to_owned(), models.switch.to_string()]);
    }
    if models.memory != program.models.memory {
        flags.extend(["--memory".to_owned(), models.memory.to_string()]);
    }
    if buffer != DEFAULT_BUFFER {
        flags.extend(["--store-buffer".to_owned(), buffer.to_string()]);
    }
    flags
}

/// Returns the calls that, on the subject of a test, do the same as [`flags`].
pub(super) fn methods(options: &Options, buffer: u32, program: &Program, models: Models) -> String {
    let mut text = String::new();
    for (name, value) in &options.defines {
        text.push_str(&format!(".define({name:?}, {value})"));
    }
    for (file, other) in &options.replacements {
        text.push_str(&format!(".replace({file:?}, {other:?})"));
    }
    if models.switch != program.models.switch {
        text.push_str(&format!(".switch(SwitchModel::{:?})", models.switch));
    }
    if models.memory != program.models.memory {
        text.push_str(&format!(".memory(MemoryModel::{:?})", models.memory));
    }
    if buffer != DEFAULT_BUFFER {
        text.push_str(&format!(".store_buffer({buffer})"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        let flags = ["-D".to_owned(), "N=3".to_owned()];
        assert_eq!(again("replay", "a b.rvm", &flags), "racevm replay 'a b.rvm' -D N=3");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
