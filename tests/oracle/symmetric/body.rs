//! Bodies of random programs, put together of pieces.

use super::expressions::{IDS, INDICES, KEYS, LEAVES, NEIGHBOURS, NUMBERS, OTHERS, VALUES};
use super::names::SHOWN;
use super::programs::{Manners, mentions, pick};
use super::statements::{PLAIN, RING, RISKY, SECTIONS, THEMES, WILD};

/// Who executes a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Copy,
    Single,
    Anybody,
}

/// A body while it is written.
pub struct Body<'d> {
    role: Role,
    manners: Manners,
    /// What is left of the list that a statement is read off.
    genes: std::slice::Iter<'d, u16>,
    lines: Vec<String>,
    labels: usize,
}

impl<'d> Body<'d> {
    /// Begins a body.
    pub fn new(head: &str, role: Role, manners: Manners) -> Body<'d> {
        Body { role, manners, genes: [].iter(), lines: vec![head.to_owned()], labels: 0 }
    }

    /// Writes the statement that is read off a list.
    pub fn add_statement(&mut self, genes: &'d [u16]) {
        self.genes = genes.iter();
        self.expand("$do", 0);
    }

    /// Writes a label.
    pub fn add_label(&mut self, label: &str) {
        self.lines.push(format!("  {label}:"));
    }

    /// Returns the lines of the whole body.
    pub fn end(mut self) -> Vec<String> {
        self.lines.push("end".to_owned());
        self.lines
    }

    fn next(&mut self) -> u16 {
        self.genes.next().copied().unwrap_or(0)
    }

    /// Writes a piece, with others in the places that it leaves for them.
    pub fn expand(&mut self, piece: &str, depth: usize) {
        let prefix = format!("l{}_", self.labels);
        self.labels += 1;
        for line in piece.split(" / ") {
            let within = match line {
                "$do" => self.statement(depth),
                "$id" => self.expression(IDS, depth),
                "$other" => self.expression(OTHERS, depth),
                "$of" => self.expression(INDICES, depth),
                "$value" => self.expression(VALUES, depth),
                "$key" => self.expression(KEYS, depth),
                "$number" => self.expression(NUMBERS, depth),
                // What is nobody's number says nothing of the copies.
                "SELF" if self.is_outsider() => "CHOOSE 0..N - 1",
                "" => continue,
                _ => {
                    let indent = if line.ends_with(':') { "  " } else { "    " };
                    self.lines.push(format!("{indent}{}", line.replace('@', &prefix)));
                    continue;
                }
            };
            self.expand(within, depth + 1);
        }
    }

    /// Writes the locals that were stored to where everybody sees them.
    pub fn show_locals(&mut self) {
        for (local, array) in SHOWN {
            let stored = format!("    STORE {local}");
            if self.lines.contains(&stored) {
                self.expand(&format!("LOAD {local} / SELF / STORE {array}[]"), 0);
            }
        }
    }

    /// Returns true for a thread whose number must not be taken for that of a copy.
    fn is_outsider(&self) -> bool {
        self.role == Role::Single && !self.manners.wild
    }

    fn statement(&mut self, depth: usize) -> &'static str {
        let sort = self.next();
        let themed = self.themed();
        let pieces = match sort % 6 {
            _ if depth > 1 => PLAIN,
            _ if sort % 7 < 3 && !themed.is_empty() => &themed[..],
            0..3 => PLAIN,
            3 | 4 => SECTIONS,
            _ => RISKY,
        };
        let more = pieces.len() / 3;
        let mut pieces = pieces.to_vec();
        if self.manners.ring && depth == 0 {
            pieces.extend(RING.iter().cycle().take(more));
        }
        if self.manners.wild && depth == 0 {
            pieces.extend(WILD.iter().cycle().take(more));
        }
        self.draw(pieces)
    }

    /// Lists the statements that belong to the program's theme.
    fn themed(&self) -> Vec<&'static str> {
        let theme = pick(THEMES, self.manners.theme);
        let pieces = [PLAIN, SECTIONS, RISKY].concat();
        pieces.into_iter().filter(|piece| piece.split(" / ").any(|line| mentions(line, theme))).collect()
    }

    fn expression(&mut self, pieces: &[&'static str], depth: usize) -> &'static str {
        let mut pieces = pieces[..if depth < 2 { pieces.len() } else { LEAVES }].to_vec();
        if self.manners.ring && depth < 2 && pieces.contains(&"SELF") {
            pieces.extend(NEIGHBOURS);
        }
        self.draw(pieces)
    }

    /// Draws one of the pieces that may stand in this body.
    fn draw(&mut self, mut pieces: Vec<&'static str>) -> &'static str {
        match self.role {
            Role::Single if self.is_outsider() => pieces.retain(|piece| !piece.contains("CALL")),
            Role::Anybody => pieces.retain(|piece| !piece.contains("CALL f")),
            Role::Copy | Role::Single => {}
        }
        pick(&pieces, self.next())
    }
}
