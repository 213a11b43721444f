//! Random programs of copies that know which they are: their numbers and the values they draw are indices, are
//! stored, sent, compared and printed. Values of three sorts keep apart: *identities* (numbers of copies, or
//! nobody), *values* (drawn by `CHOOSE`), and *numbers*. What is written so is symmetric more often than not;
//! flaws then change single lines, so that a program is symmetric but for one place.

use proptest::collection::vec;
use proptest::prelude::*;

use super::body::{Body, Role};
use super::expressions::PROCS;
use super::flaws;
use super::names::{CLAIMS, CLAIMS_APART, DECLARED, OBSERVED, OBSERVED_APART};
use super::statements::{PROLOGUES, STARTS, STARTS_APART};

/// What something is read off; where the list ends, zeros follow.
type Genes = Vec<u16>;

/// What a program is read off, so that shrinking shrinks the program.
#[derive(Clone, Debug)]
struct Draft {
    copies: usize,
    company: Company,
    manners: Manners,
    /// Whether what is shown and what is claimed may tell copies apart.
    apart: bool,
    declared: Genes,
    copied: Vec<Genes>,
    other: Vec<Genes>,
    proc: Vec<Genes>,
    observed: u16,
    claims: Genes,
    flaws: Genes,
}

/// What statements are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// Whether neighbours in a ring are spoken of, which not every order of copies keeps.
    pub ring: bool,
    /// Whether copies or values may be treated differently.
    pub wild: bool,
    /// Which name many statements have in common.
    pub theme: u16,
}

/// The threads beside the copies of `T`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Company {
    Nobody,
    /// One thread `B`.
    Single,
    /// As many copies of a thread `U`.
    Copies,
    /// One thread `B`, which starts the copies of `T`.
    Starter,
}

/// A program as it was drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Its text.
    pub text: String,
    /// True when nothing in it tells copies apart, so that they can change places in every order.
    pub is_symmetric: bool,
}

/// Draws programs.
pub fn program() -> impl Strategy<Value = Drawn> {
    use Company::{Copies, Nobody, Single, Starter};
    let statement = || vec(any::<u16>(), 6..14);
    let sized = move |copies: usize, copied: usize, other: usize, company: [u32; 4]| {
        let [nobody, single, as_many, starter] = company;
        let company = prop_oneof![
            nobody => Just(Nobody), single => Just(Single), as_many => Just(Copies), starter => Just(Starter),
        ];
        let copied = vec(statement(), 1..=copied);
        let others = (vec(statement(), 1..=other), vec(statement(), 0..=1));
        (Just(copies), company, copied, others)
    };
    let sized = prop_oneof![
        10 => sized(2, 3, 1, [5, 3, 2, 2]),
        9 => sized(3, 2, 1, [8, 2, 1, 2]),
        1 => sized(4, 1, 1, [1, 0, 0, 0]),
    ];
    let weighted = prop::bool::weighted;
    let manners = (weighted(0.3), weighted(0.15), any::<u16>(), weighted(0.25), vec(any::<u16>(), 6..=6));
    let flaws = |count| vec(any::<u16>(), count..=count);
    let flaws = prop_oneof![5 => flaws(0), 4 => flaws(1), 1 => flaws(3)];
    let asked = (any::<u16>(), vec(any::<u16>(), 0..4), flaws);
    (sized, manners, asked).prop_map(|(sized, manners, (observed, claims, flaws))| {
        let (copies, company, copied, (other, proc)) = sized;
        let (ring, wild, theme, apart, declared) = manners;
        let manners = Manners { ring, wild, theme };
        let copied = if company == Copies { copied[..1].to_vec() } else { copied };
        let draft =
            Draft { copies, company, manners, apart, declared, copied, other, proc, observed, claims, flaws };
        draft.write()
    })
}

impl Draft {
    fn write(&self) -> Drawn {
        let mut code = self.code();
        code.extend(self.claims.iter().flat_map(|&gene| self.claim(gene)));
        code.push(self.shown());
        let mut lines = self.declarations(&code);
        if self.gene(5) % 3 == 1 && !code.iter().any(|line| line == "proc f") {
            move_locals(&mut lines, &mut code);
        }
        lines.extend(code);
        for &flaw in &self.flaws {
            flaws::add(flaw, &mut lines, self.copies, self.values());
        }
        let is_symmetric = !self.manners.ring && !self.manners.wild && !self.apart && self.flaws.is_empty();
        Drawn { text: lines.join("\n") + "\n", is_symmetric }
    }

    fn code(&self) -> Vec<String> {
        let deferred = if self.company == Company::Starter { " deferred" } else { "" };
        let mut code = self.body(&format!("thread T[N]{deferred}"), &self.copied, Role::Copy);
        match self.company {
            Company::Nobody => {}
            Company::Copies => code.extend(self.body("thread U[N]", &self.other, Role::Copy)),
            Company::Single | Company::Starter => {
                code.extend(self.body("thread B", &self.other, Role::Single));
            }
        }
        if code.iter().any(|line| line == "    CALL f") {
            code.extend(self.body("proc f", &self.proc, Role::Anybody));
        }
        for (name, piece) in PROCS {
            if code.iter().any(|line| *line == format!("    CALL {name}")) {
                let body: String = piece.split(" / ").map(|line| format!("    {line}\n")).collect();
                code.extend(format!("proc {name}\n{body}end").lines().map(str::to_owned));
            }
        }
        code
    }

    fn body(&self, head: &str, statements: &[Genes], role: Role) -> Vec<String> {
        let mut body = Body::new(head, role, self.manners);
        if role == Role::Single && self.company == Company::Starter {
            let starts = if self.manners.wild { [STARTS, STARTS_APART].concat() } else { STARTS.to_vec() };
            body.expand(pick(&starts, self.gene(0)), 0);
        }
        let has_more = role == Role::Copy && self.is_short();
        if has_more {
            body.expand(pick(PROLOGUES, self.gene(4)), 0);
        }
        for (index, genes) in statements.iter().enumerate() {
            if index == 0 {
                body.add_label("first");
            }
            if index + 1 == statements.len() {
                body.add_label("last");
            }
            body.add_statement(genes);
        }
        if has_more && self.gene(3) % 4 != 3 {
            body.show_locals();
        }
        body.end()
    }

    /// Returns true where there are so few steps that some more make no large graph.
    fn is_short(&self) -> bool {
        let threads = self.copies + usize::from(self.company == Company::Single);
        self.company != Company::Copies && (threads < 3 || threads == 3 && self.copied.len() == 1)
    }

    fn shown(&self) -> String {
        let shown = if self.apart { [OBSERVED, OBSERVED_APART].concat() } else { OBSERVED.to_vec() };
        let of_each = |local: &str| {
            let locals: Vec<String> = (0..self.copies).map(|copy| format!("T[{copy}].{local}")).collect();
            locals.join(", ")
        };
        let form = pick(&shown, self.observed);
        form.replace("T[*].t", &of_each("t")).replace("T[*].me", &of_each("me"))
    }

    fn claim(&self, gene: u16) -> Vec<String> {
        let is_apart = self.apart && gene % 2 == 1;
        let form = pick(if is_apart { CLAIMS_APART } else { CLAIMS }, gene / 2);
        let each = |sign: char, count: usize| {
            let claims =
                (0..count).map(|number| format!("expect {}", form.replace(sign, &number.to_string())));
            claims.collect::<Vec<String>>()
        };
        let mut claims = match form {
            _ if form.contains('#') => each('#', self.copies),
            _ if form.contains('?') => each('?', self.values()),
            _ => vec![format!("expect {form}")],
        };
        if self.apart && claims.len() > 1 {
            claims.remove(usize::from(gene / 128) % claims.len());
        }
        claims
    }

    fn gene(&self, index: usize) -> u16 {
        self.declared.get(index).copied().unwrap_or(0)
    }

    /// Returns how many values can be drawn.
    fn values(&self) -> usize {
        pick(&[2, 2, 3], self.gene(1))
    }

    /// Declares what is mentioned.
    fn declarations(&self, code: &[String]) -> Vec<String> {
        let gene = |index| self.gene(index);
        let nobody = pick(&["-1", "-1", "N", "7"], gene(0));
        let (copies, values) = (self.copies.to_string(), self.values().to_string());
        let consts = [("N", copies), ("K", values), ("NONE", nobody.to_owned())];
        let mut lines: Vec<String> =
            consts.iter().map(|(name, value)| format!("const {name} = {value}")).collect();
        let list = |shift: usize| {
            let list: Vec<String> =
                (0..self.copies).map(|copy| ((copy + shift) % self.copies).to_string()).collect();
            format!("{{{}}}", list.join(", "))
        };
        let mentioned = |name: &str| code.iter().any(|line| mentions(line, name));
        let needed = |name: &str| mentioned(name) || name == "m" && (mentioned("c") || mentioned("d"));
        for (index, (_, forms)) in DECLARED.iter().enumerate().filter(|(_, (name, _))| needed(name)) {
            let form = pick(forms, gene(2 + index % 4));
            let own = if self.manners.ring && gene(1) % 2 == 1 { list(1) } else { list(0) };
            lines.push(form.replace("{own}", &own));
        }
        lines
    }
}

/// Returns the entry of a list that a gene stands for.
pub fn pick<T: Copy>(list: &[T], gene: u16) -> T {
    list[usize::from(gene) % list.len()]
}

/// Moves the declarations of locals into the threads.
fn move_locals(declared: &mut Vec<String>, code: &mut [String]) {
    let locals: String = declared
        .extract_if(.., |line| line.starts_with("local "))
        .map(|line| format!("\n    {line}"))
        .collect();
    code.iter_mut().filter(|line| line.starts_with("thread ")).for_each(|line| line.push_str(&locals));
}

/// Returns true when a line has a name as a word of its own.
pub fn mentions(line: &str, name: &str) -> bool {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == name)
}
