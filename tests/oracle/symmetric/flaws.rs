//! Flaws: one line of a program changed, so that it is symmetric but for one place.

/// Changes one line of a program of so many copies and values, if there is one to be changed.
pub fn add(flaw: u16, lines: &mut [String], copies: usize, values: usize) {
    // To be nobody is not to be a copy before or behind another.
    let is_guard = |index: usize| index > 0 && lines[index - 1].trim() == "PUSH NONE";
    let changeable = lines.iter().enumerate().filter(|&(index, _)| !is_guard(index));
    let changes = changeable.flat_map(|(index, line)| {
        changes(line.trim(), copies, values).into_iter().map(move |changed| (index, changed))
    });
    let changes: Vec<(usize, String)> = changes.collect();
    if let Some((index, changed)) = changes.get(usize::from(flaw) % changes.len().max(1)) {
        lines[*index].clone_from(changed);
    }
}

/// Lists what can stand in the place of a line and has its effect on the stack.
fn changes(line: &str, copies: usize, values: usize) -> Vec<String> {
    let with = |others: &[&str]| others.iter().map(|&other| other.to_owned()).collect::<Vec<String>>();
    match line {
        "SELF" => with(&["PUSH 0", "PUSH 1", "PUSH N - 1", "SELF\nPUSH 1\nADD", "SELF\nNOT"]),
        "EQ" | "NE" => with(&["LT", "GE", "SUB"]),
        "CHOOSE 0..N - 1" => with(&["CHOOSE 0..N - 2", "CHOOSE 1..N - 1", "CHOOSE 0..N"]),
        "CHOOSE 0..K - 1" => with(&["CHOOSE 1..K", "CHOOSE 0..K", "CHOOSE 0..K - 1\nNOT"]),
        "LOAD turn" | "LOAD prev" | "LOAD top" | "LOAD me" | "LOAD pick" | "LOAD v" => {
            vec![format!("{line}\nNOT"), format!("{line}\nPUSH 1\nADD")]
        }
        "STORE turn" | "STORE prev" | "STORE me" | "STORE pick" | "STORE v" => {
            vec![format!("NOT\n{line}"), format!("POP\nPUSH 0\n{line}")]
        }
        _ => match (line.strip_suffix("[]"), line.split_once("] = ")) {
            (Some(element), _) => vec![format!("POP\n{element}[0]"), format!("POP\n{element}[1]")],
            (None, Some((array, filled))) if is_variable(line) && !filled.starts_with('{') => {
                let len = if array.ends_with('K') { values } else { copies };
                let with_first = |first: &str| {
                    let rest = vec![filled; len - 1];
                    format!("{array}] = {{{first}, {}}}", rest.join(", "))
                };
                vec![with_first("0"), with_first("1")]
            }
            (None, None) if line.ends_with("= NONE") => {
                let variable = line.trim_end_matches("NONE");
                vec![format!("{variable}0"), format!("{variable}1")]
            }
            _ => Vec::new(),
        },
    }
}

fn is_variable(line: &str) -> bool {
    ["shared ", "atomic ", "local "].iter().any(|word| line.starts_with(word))
}
