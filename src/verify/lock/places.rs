//! Where a FENCE could stand in a lock: behind which lines of its procs.
//!
//! A FENCE behind a line and one behind the next do the same where that next line is an instruction that
//! touches nothing but the thread's own stack and locals, bears no label and does not jump: what the thread has
//! stored may reach memory before it or after it, and nobody can tell. Of such neighbours the first counts. A
//! FENCE that control never comes to, behind a JMP, a RET or a HALT, is none.

use crate::program::{Addr, Instr, Operand, Place, Program};
use crate::vm::accessed;

/// What stands on a line of a proc.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Content {
    /// Nothing but white space and comment.
    Nothing,
    /// An instruction without a label before it, at this address.
    Instruction(Addr),
    /// A label, an instruction behind one, the beginning or end of a block, an include.
    Boundary,
}

/// Lists the places, each the number of the line that a FENCE would stand behind. The program is the lock with
/// some client behind it; only procs of the text itself count, not those of files that it includes.
pub fn places(program: &Program, lines: u32) -> Vec<u32> {
    let instructions = instructions(program, lines);
    let mut places = Vec::new();
    let mut depth = 0_u32;
    for (index, line) in program.sources[0].text.lines().take(lines as usize).enumerate() {
        let number = index as u32 + 1;
        let code = code_of(line);
        let first = code.split_whitespace().next().unwrap_or_default();
        if depth == 0 {
            if first == "proc" && !code.contains(':') {
                depth = 1;
                places.push(number);
            }
            continue;
        }
        match first {
            "end" => depth -= 1,
            "atomic" if code == "atomic" => depth += 1,
            _ => {}
        }
        let content = match (code.is_empty(), instructions[index]) {
            (true, _) => Content::Nothing,
            (false, Some(addr)) if !begins_with_label(code) => Content::Instruction(addr),
            (false, _) => Content::Boundary,
        };
        let counts = match content {
            Content::Nothing => false,
            Content::Instruction(addr) => is_a_difference(program.instr(addr)),
            Content::Boundary => instructions[index].is_none_or(|addr| goes_on(program.instr(addr))),
        };
        if depth > 0 && counts {
            places.push(number);
        }
    }
    places
}

/// Puts lines of code behind lines of a text, indented as what stands there: for each place in ascending order
/// what `instruction` says.
pub fn insert(text: &str, places: &[u32], instruction: impl Fn(usize) -> Option<&'static str>) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut result = String::new();
    for (index, line) in lines.iter().enumerate() {
        result.push_str(line);
        result.push('\n');
        let Ok(place) = places.binary_search(&(index as u32 + 1)) else { continue };
        if let Some(instruction) = instruction(place) {
            result.push_str(indentation(&lines, index));
            result.push_str(instruction);
            result.push('\n');
        }
    }
    result
}

/// Returns the white space before the nearest line of code that is no label, from `index` on down.
fn indentation<'t>(lines: &[&'t str], index: usize) -> &'t str {
    let is_instruction = |line: &&&str| {
        let code = code_of(line);
        let first = code.split_whitespace().next().unwrap_or_default();
        !code.is_empty() && !code.ends_with(':') && !matches!(first, "proc" | "atomic")
    };
    let nearest = lines[index..].iter().find(is_instruction);
    let is_end = |line: &str| code_of(line) == "end";
    match nearest {
        Some(line) if !is_end(line) => &line[..line.len() - line.trim_start().len()],
        _ => "    ",
    }
}

/// Returns the instruction of each line of the text.
fn instructions(program: &Program, lines: u32) -> Vec<Option<Addr>> {
    let mut found = vec![None; lines as usize];
    for (index, place) in program.places.iter().enumerate() {
        let addr = Addr(index as u32);
        let is_here = place.line.source == 0 && (1..=lines).contains(&place.line.number);
        if is_here && program.instr(addr) != Instr::End {
            found[place.line.number as usize - 1] = Some(addr);
        }
    }
    found
}

/// Returns true when a FENCE behind this instruction is another than one before it, and can be reached.
fn is_a_difference(instr: Instr) -> bool {
    if !goes_on(instr) {
        return false;
    }
    match accessed(instr) {
        Some((Place::Local(_) | Place::LocalAt { .. }, _)) => return false,
        Some(_) => return true,
        None => {}
    }
    let is_local = matches!(instr, Instr::Push(_) | Instr::SelfIndex | Instr::Nop | Instr::Not | Instr::Neg)
        || matches!(instr, Instr::Pop | Instr::Dup | Instr::Swap | Instr::Over)
        || is_arithmetic(instr);
    !is_local
}

fn is_arithmetic(instr: Instr) -> bool {
    let is_plain = matches!(instr.operand(), Operand::Nothing);
    let others = matches!(
        instr,
        Instr::Fence | Instr::Yield | Instr::Print | Instr::Assume | Instr::Ret | Instr::Halt | Instr::End
    );
    is_plain && !others
}

/// Returns true when the instruction behind this one can come next.
fn goes_on(instr: Instr) -> bool {
    !matches!(instr, Instr::Jmp(_) | Instr::Ret | Instr::Halt | Instr::End)
}

/// Returns a line without its comment and the white space around it.
fn code_of(line: &str) -> &str {
    let mut in_string = false;
    let end = line.char_indices().find(|&(_, c)| {
        in_string ^= c == '"';
        c == ';' && !in_string
    });
    line[..end.map_or(line.len(), |(at, _)| at)].trim()
}

fn begins_with_label(code: &str) -> bool {
    let word = code.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    word.trim_start().starts_with(':')
}
