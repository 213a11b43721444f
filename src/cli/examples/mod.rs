//! `racevm examples`: the programs that are inside the binary.

mod course;

use clap::Args;

use super::console::Console;
use super::exit::{Exit, Failure};
use super::load::closest;
use course::{Chapter, chapters};

const AFTER_HELP: &str = "\
Examples:
  racevm examples                                    list them all
  racevm examples counters                           list one folder
  racevm examples lost_update                        print one
  racevm examples lost_update | racevm explore -     explore it without a file";

/// The width that lists are wrapped to.
const WIDTH: usize = 80;

/// The widest column of names; a longer name puts its title on the next line.
const NAMES: usize = 30;

/// List the programs inside this binary, or print one
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ExamplesArgs {
    /// A program (lost_update, counters/two_loops) or a folder of them
    name: Option<String>,

    /// Print the way through all of them, which is programs/README.md
    #[arg(long, conflicts_with = "name")]
    course: bool,
}

/// A program inside the binary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Example {
    /// The path below `programs/`.
    path: &'static str,
    /// The text.
    text: &'static str,
}

/// All programs, ordered by path.
const EXAMPLES: &[Example] = &include!(concat!(env!("OUT_DIR"), "/examples.rs"));

impl Example {
    /// Returns `counters/two_loops`.
    pub fn name(self) -> &'static str {
        self.path.trim_end_matches(".rvm")
    }

    /// Returns `two_loops`.
    fn stem(self) -> &'static str {
        self.name().rsplit('/').next().unwrap_or_default()
    }

    /// Returns `counters`; empty for a program of no folder.
    fn folder(self) -> &'static str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Returns the first line of the comment at its head.
    fn title(self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches(';').trim()
    }

    /// Returns what it expects, without the word `expect` and without comments; of a lock what it claims.
    fn expectations(self) -> impl Iterator<Item = String> {
        self.text.lines().filter_map(|line| {
            if let Some(claim) = line.strip_prefix("; lock:") {
                return Some(claim.trim().to_owned());
            }
            let rest = line.trim().strip_prefix("expect")?;
            let rest = rest.starts_with(char::is_whitespace).then_some(rest)?;
            let words: Vec<&str> = without_comment(rest).split_whitespace().collect();
            Some(words.join(" "))
        })
    }
}

/// Cuts a comment off; a semicolon in a string starts none.
fn without_comment(line: &str) -> &str {
    let mut in_string = false;
    let end = line.find(|c| {
        in_string ^= c == '"';
        c == ';' && !in_string
    });
    &line[..end.unwrap_or(line.len())]
}

pub(super) fn run(args: &ExamplesArgs, console: &Console) -> Result<Exit, Failure> {
    let text = match &args.name {
        _ if args.course => course::render(),
        None => chapters().iter().map(list).collect::<Vec<_>>().join("\n"),
        Some(name) => match find(name)? {
            Found::Example(example) => example.text.to_owned(),
            Found::Chapter(chapter) => list(&chapter),
        },
    };
    console.print(&text)?;
    Ok(Exit::Success)
}

enum Found {
    Example(Example),
    Chapter(Chapter),
}

/// Finds the example of a name that somebody took for a file, if there is exactly one.
pub(super) fn find_exactly(name: &str) -> Option<Example> {
    match find(name) {
        Ok(Found::Example(example)) => Some(example),
        _ => None,
    }
}

/// Finds what a name names: with or without folder, `programs/` and `.rvm`.
fn find(name: &str) -> Result<Found, Failure> {
    let wanted = name.trim_end_matches('/').trim_end_matches(".rvm");
    let wanted = wanted.strip_prefix("programs/").unwrap_or(wanted);
    if let Some(example) = EXAMPLES.iter().find(|example| example.name() == wanted) {
        return Ok(Found::Example(*example));
    }
    let alike: Vec<Example> = EXAMPLES.iter().copied().filter(|example| example.stem() == wanted).collect();
    if let [example] = alike[..] {
        return Ok(Found::Example(example));
    }
    if let Some(chapter) =
        chapters().into_iter().find(|chapter| chapter.folder == wanted && !wanted.is_empty())
    {
        return Ok(Found::Chapter(chapter));
    }
    if !alike.is_empty() {
        let names: Vec<&str> = alike.iter().map(|example| example.name()).collect();
        return Err(Failure::usage(format!("`{wanted}` is the name of several: {}", names.join(", "))));
    }
    let names = EXAMPLES.iter().flat_map(|example| [example.name(), example.stem(), example.folder()]);
    let near = closest(wanted, names.filter(|name| !name.is_empty()));
    let help =
        near.map_or("`racevm examples` lists them all".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Failure::Usage(format!("there is no example `{name}`"), vec![help]))
}

/// Lists a chapter: its heading, then name and title of each program.
fn list(chapter: &Chapter) -> String {
    let column = chapter.examples.iter().map(|example| example.stem().len()).max().unwrap_or(0).min(NAMES);
    let indent = column + 4;
    let mut text = String::new();
    if !chapter.folder.is_empty() {
        text.push_str(&format!("{}/\n", chapter.folder));
    }
    for example in &chapter.examples {
        let mut lines = wrap(example.title(), WIDTH - indent).into_iter();
        let stem = example.stem();
        if stem.len() > column {
            text.push_str(&format!("  {stem}\n"));
        } else {
            text.push_str(&format!("  {stem:column$}  {}\n", lines.next().unwrap_or_default()));
        }
        for line in lines {
            text.push_str(&format!("{:indent$}{line}\n", ""));
        }
    }
    text
}

/// Breaks a text into lines of at most so many characters, between words.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_a_title_and_expects_something() {
        for example in EXAMPLES {
            assert!(example.text.starts_with("; "), "{} has no comment at its head", example.path);
            assert!(!example.title().is_empty(), "{} has no title", example.path);
        }
    }

    #[test]
    fn comments_are_cut_off_outside_strings() {
        assert_eq!(without_comment(" no fault \"a;b\" ; never"), " no fault \"a;b\" ");
        assert_eq!(without_comment("x"), "x");
    }

    #[test]
    fn lists_keep_to_their_width() {
        for chapter in chapters() {
            for line in list(&chapter).lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
        }
    }
}
