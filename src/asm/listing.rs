//! The code of a program as `racevm dis` prints it: addresses, source lines, stack heights, blocks and
//! switch points.

use std::fmt::Write;
use std::path::Path;

use crate::program::{Addr, BlockId, Body, Group, Line, Models, ProcId, Program};

use super::switch_points::SwitchPoints;

/// What stands above the columns of a body.
const HEAD: &str = " addr   line  stack";

/// Prints the code of a program: for each body its instructions with address, source line, the stack height
/// before the instruction (in procs counted from the call; `-` where no path leads), a bar for each `atomic`
/// block around it, and a `*` where the switch model may switch after it.
///
/// The line is that of the file the person named; in an included file it stands behind that file's name.
pub fn listing(program: &Program, models: Models) -> String {
    let points = SwitchPoints::new(program, models.switch);
    let mut bodies: Vec<(String, &Body, Option<ProcId>)> = Vec::new();
    bodies.extend(program.groups.iter().map(|group| (header(group), &group.body, None)));
    let procs = (0..).map(ProcId).zip(&program.procs);
    bodies.extend(procs.map(|(id, proc)| (format!("proc {}", proc.name), &proc.body, Some(id))));
    bodies.sort_by_key(|(_, body, _)| body.entry);

    let mut text = format!("switch {}: * marks where another thread may go on\n", models.switch);
    for (header, body, proc) in bodies {
        let _ = write!(text, "\n{header}\n{HEAD}\n");
        print_body(program, &points, body, proc, &mut text);
    }
    text
}

fn header(group: &Group) -> String {
    let copies = if group.is_array { format!("[{}]", group.copies) } else { String::new() };
    let deferred = if group.deferred { " deferred" } else { "" };
    format!("thread {}{copies}{deferred}", group.name)
}

fn print_body(
    program: &Program,
    points: &SwitchPoints<'_>,
    body: &Body,
    proc: Option<ProcId>,
    text: &mut String,
) {
    let addresses = || (body.entry.0..=body.end.0).map(Addr);
    let deepest = addresses().map(|addr| depth(program, addr)).max().unwrap_or(0);
    let lines: Vec<String> = addresses().map(|addr| line_text(program, program.line(addr))).collect();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).max(5);
    let mut labels = body.labels.iter().peekable();
    for (addr, line) in addresses().zip(lines) {
        while let Some((label, _)) = labels.next_if(|(_, at)| *at == addr) {
            let _ = writeln!(text, "{:width$}{label}:", "", width = width + 16);
        }
        let place = program.places[addr.index()];
        let height = match (place.height, proc) {
            (None, _) => "-".to_owned(),
            (Some(height), Some(_)) if height != 0 => format!("{height:+}"),
            (Some(height), _) => height.to_string(),
        };
        let bars = "│".repeat(depth(program, addr));
        let instruction = program.instruction_text(addr);
        let row = format!("{:>5}  {line:>width$}  {height:>5}  {bars:deepest$}  {instruction}", addr.0);
        let mark = if points.may_follow(addr, proc) { "*" } else { "" };
        let _ = writeln!(text, "{}", format!("{row:<48} {mark}").trim_end());
    }
}

/// The number of blocks around an address.
fn depth(program: &Program, addr: Addr) -> usize {
    let parent = |block: &BlockId| program.blocks[block.index()];
    std::iter::successors(program.places[addr.index()].block, parent).count()
}

fn line_text(program: &Program, line: Line) -> String {
    if line.source == 0 {
        return line.number.to_string();
    }
    let name = &program.sources[line.source as usize].name;
    let file = Path::new(name).file_name().map_or(name.as_str().into(), |file| file.to_string_lossy());
    format!("{file}:{}", line.number)
}
