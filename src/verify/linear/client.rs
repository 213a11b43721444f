//! The clients of an object: which thread makes which calls, and the code that does it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One client: the calls of each thread, in order. As text `push(1) pop | pop` is two threads, the first of
/// which calls twice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Client {
    /// The calls of each thread, by `SELF`.
    pub threads: Vec<Vec<Made>>,
}

/// One call that a client makes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Made {
    /// The name of the proc.
    pub proc: String,
    /// The arguments, the last on top of the stack.
    pub arguments: Vec<i64>,
}

/// What a client's thread, and what it keeps of results, are called: as nothing in the object is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Names {
    pub thread: String,
    pub got: String,
}

impl Names {
    /// Chooses names that are no words of any of these texts.
    pub fn unlike<'t>(texts: impl Iterator<Item = &'t str>) -> Names {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words: BTreeSet<&str> = texts.flat_map(|text| text.split(|c: char| !is_part(c))).collect();
        let fresh = |name: &str| {
            let mut candidates =
                std::iter::once(name.to_owned()).chain((2..).map(|n: u64| format!("{name}_{n}")));
            candidates.find(|name| !words.contains(name.as_str())).expect("there is always another number")
        };
        Names { thread: fresh("client"), got: fresh("got") }
    }
}

/// What becomes of the values that calls leave on the stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Results {
    /// They are looked at and dropped: whoever searches sees them when the call returns, and behind that,
    /// states that differ in them alone are one. A jump to the next instruction looks at a value, so that it
    /// is not taken for one that nobody reads.
    Dropped,
    /// Each thread keeps its own in `got`, so that a person sees them. The steps are the same.
    Kept,
}

impl Client {
    /// Returns the number of calls of all threads.
    pub fn calls(&self) -> usize {
        self.threads.iter().map(Vec::len).sum()
    }

    /// Iterates over the calls, thread by thread: that is how they are numbered.
    pub fn iter(&self) -> impl Iterator<Item = &Made> {
        self.threads.iter().flatten()
    }

    /// Writes the client's code, to stand behind the object's. `left_by` says how many values a proc leaves.
    pub(super) fn code(&self, names: &Names, left_by: &dyn Fn(&str) -> usize, results: Results) -> String {
        let Names { thread, got } = names;
        let mut text = format!("thread {thread}[{}]\n", self.threads.len());
        let values = |calls: &Vec<Made>| calls.iter().map(|made| left_by(&made.proc)).sum::<usize>();
        let most = self.threads.iter().map(values).max().unwrap_or(0);
        if results == Results::Kept && most > 0 {
            text.push_str(&format!("    local {got}[{most}] = 0\n"));
        }
        for index in 1..self.threads.len() {
            let test = if index == 1 && self.threads.len() == 2 {
                String::new()
            } else {
                format!("    PUSH  {index}\n    EQ\n")
            };
            text.push_str(&format!("    SELF\n{test}    JNZ   of_{index}\n"));
        }
        for (index, calls) in self.threads.iter().enumerate() {
            if index > 0 {
                text.push_str(&format!("    HALT\n  of_{index}:\n"));
            }
            let mut kept = 0;
            for made in calls {
                for argument in &made.arguments {
                    text.push_str(&format!("    PUSH  {argument}\n"));
                }
                text.push_str(&format!("    CALL  {}\n", made.proc));
                let left = left_by(&made.proc);
                for place in (kept..kept + left).rev() {
                    text.push_str(&match results {
                        Results::Dropped => {
                            format!("    JZ    seen_{index}_{place}\n  seen_{index}_{place}:\n")
                        }
                        Results::Kept => format!("    STORE {got}[{place}]\n"),
                    });
                }
                kept += left;
            }
        }
        text.push_str("end\n");
        if results == Results::Kept && most > 0 {
            text.push_str("\nobserve ");
            let of = |(index, calls): (usize, &Vec<Made>)| {
                (0..values(calls))
                    .map(move |place| format!("{thread}[{index}].{got}[{place}]"))
                    .collect::<Vec<_>>()
            };
            let observed: Vec<String> = self.threads.iter().enumerate().flat_map(of).collect();
            text.push_str(&observed.join(", "));
            text.push('\n');
        }
        text
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.proc)?;
        if !self.arguments.is_empty() {
            let arguments: Vec<String> = self.arguments.iter().map(i64::to_string).collect();
            write!(f, "({})", arguments.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, calls) in self.threads.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            let calls: Vec<String> = calls.iter().map(Made::to_string).collect();
            f.write_str(&calls.join(" "))?;
        }
        Ok(())
    }
}

impl FromStr for Client {
    type Err = String;

    fn from_str(text: &str) -> Result<Client, String> {
        let threads: Vec<Vec<Made>> = text.split('|').map(calls).collect::<Result<_, _>>()?;
        if threads.iter().any(Vec::is_empty) || threads.len() > 64 {
            return Err(format!(
                "`{text}` is no client: expected the calls of each thread, as in `push(1) pop | pop`"
            ));
        }
        Ok(Client { threads })
    }
}

/// Reads the calls of one thread.
fn calls(text: &str) -> Result<Vec<Made>, String> {
    let mut calls = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let proc = rest[..end].to_owned();
        rest = rest[end..].trim_start();
        let mut arguments = Vec::new();
        if let Some(behind) = rest.strip_prefix('(') {
            let (list, after) =
                behind.split_once(')').ok_or_else(|| format!("a `)` is missing behind `{proc}`"))?;
            let number =
                |word: &str| word.trim().parse().map_err(|_| format!("`{}` is no number", word.trim()));
            arguments = list.split(',').map(number).collect::<Result<_, _>>()?;
            rest = after.trim_start();
        }
        if proc.is_empty() {
            return Err(format!("a call should stand at `{rest}`"));
        }
        calls.push(Made { proc, arguments });
    }
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_read_back() {
        for text in ["push(1) pop | pop", "write(1, -2)", "read | read | read"] {
            assert_eq!(text.parse::<Client>().unwrap().to_string(), text);
        }
        assert_eq!("a ( 1 )b|c".parse::<Client>().unwrap().to_string(), "a(1) b | c");
        for text in ["", "a |", "a(1", "a(x)", "(1)", "a, b"] {
            assert!(text.parse::<Client>().is_err(), "{text}");
        }
    }

    #[test]
    fn both_codes_have_the_same_steps() {
        let client: Client = "push(1) pop | pop pop".parse().unwrap();
        let names = Names::unlike([""].into_iter());
        let left = |name: &str| if name == "pop" { 2 } else { 0 };
        let steps = |results| {
            let code = client.code(&names, &left, results);
            let is_step = |line: &&str| {
                let word = line.trim();
                !word.starts_with(|c: char| c.is_lowercase()) && !word.is_empty()
            };
            code.lines().filter(is_step).count()
        };
        assert_eq!(steps(Results::Dropped), steps(Results::Kept));
        assert!(client.code(&names, &left, Results::Kept).contains("STORE got[3]"));
    }
}
