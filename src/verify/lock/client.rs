//! The clients of a lock: which threads take it, how often, and the code that they run.

use std::fmt;
use std::str::FromStr;

/// The fault of a reader that sees a writer at work.
pub const HALF_WRITTEN: &str = "a reader sees half of a write";

/// The rounds of a thread that takes the lock again and again.
pub const FOREVER: u32 = u32::MAX;

/// How many threads a client has at most, and how often each of them takes the lock at most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Size {
    /// Threads, at least 1.
    pub threads: u32,
    /// Rounds of each of them, at least 1.
    pub rounds: u32,
}

/// What one thread of a client does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Part {
    /// How often it takes the lock; 0 for a thread that stays outside, [`FOREVER`] for one that never ends.
    pub rounds: u32,
    /// Which of the two ways in it takes.
    pub role: Role,
}

/// Which procs a thread calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// `acquire` and `release`: alone in the critical section.
    Holder,
    /// `acquire_shared` and `release_shared`: together with other readers.
    Reader,
}

/// One client: what each of its threads does. As text `2,1r` is two rounds of the first thread and one of the
/// second, a reader; with `n` (`1n,1n`) each round takes the lock twice, one inside the other; `*,*` is two
/// threads that take it for ever.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Client {
    /// The threads, by `SELF`.
    pub parts: Vec<Part>,
    /// Each round takes the lock a second time while it holds it.
    pub nested: bool,
}

/// What decides which clients there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kinds {
    /// The lock has a way in for readers.
    pub readers: bool,
    /// It claims to be reentrant.
    pub reentrant: bool,
    /// Its code does not look at `SELF`, so that the order of the threads does not matter.
    pub symmetric: bool,
}

/// The names of a client's variables and threads: such as the lock does not use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    /// The thread.
    pub client: String,
    /// What it changes inside.
    pub counter: String,
    /// What it changes too, where there are readers.
    pub copy: String,
    /// How many rounds it has left.
    pub left: String,
    /// How many rounds each copy has, where they differ.
    pub rounds: String,
    /// Which copies are readers.
    pub reads: String,
}

impl Client {
    /// Lists every client of a size, the smallest first: each thread takes the lock 0 to `rounds` times.
    ///
    /// A client in which some threads stay outside is one in which the others are alone with the lock for
    /// good; that is how progress is asked for.
    pub fn all(size: Size, kinds: Kinds) -> Vec<Client> {
        let roles: &[Role] = if kinds.readers { &[Role::Holder, Role::Reader] } else { &[Role::Holder] };
        let mut parts = vec![Part { rounds: 0, role: Role::Holder }];
        for rounds in 1..=size.rounds {
            parts.extend(roles.iter().map(|&role| Part { rounds, role }));
        }
        let mut choices: Vec<Vec<Part>> = vec![Vec::new()];
        for _ in 0..size.threads {
            let longer = |chosen: &Vec<Part>| {
                parts.iter().map(|&part| chosen.iter().copied().chain([part]).collect()).collect::<Vec<_>>()
            };
            choices = choices.iter().flat_map(longer).collect();
        }
        choices.retain(|chosen| chosen.iter().any(|part| part.rounds > 0));
        if kinds.symmetric {
            choices.retain(|chosen| chosen.is_sorted_by(|a, b| a >= b));
        }
        let nestings: &[bool] = if kinds.reentrant { &[false, true] } else { &[false] };
        let mut clients: Vec<Client> = nestings
            .iter()
            .flat_map(|&nested| choices.iter().map(move |parts| Client { parts: parts.clone(), nested }))
            .filter(|client| !client.nested || client.parts.iter().all(|part| part.role == Role::Holder))
            .collect();
        clients.sort_by_key(|client| (client.rounds(), client.nested));
        clients
    }

    /// Returns the client of so many threads that take the lock for ever.
    pub fn endless(threads: u32) -> Client {
        let part = Part { rounds: FOREVER, role: Role::Holder };
        Client { parts: vec![part; threads as usize], nested: false }
    }

    /// Returns the client in which one thread takes the lock once, and each of the others so often.
    pub fn overtakers(threads: u32, victim: u32, rounds: u32) -> Client {
        let part = |thread| Part { rounds: if thread == victim { 1 } else { rounds }, role: Role::Holder };
        Client { parts: (0..threads).map(part).collect(), nested: false }
    }

    fn is_endless(&self) -> bool {
        self.parts.iter().all(|part| part.rounds == FOREVER)
    }

    /// Returns how often the lock is taken in all.
    pub fn rounds(&self) -> u32 {
        self.parts.iter().map(|part| part.rounds).sum()
    }

    /// Returns how often the critical section of a holder is entered, inner ones included.
    pub fn writes(&self) -> u32 {
        let holders = self.parts.iter().filter(|part| part.role == Role::Holder);
        holders.map(|part| part.rounds).sum::<u32>() * if self.nested { 2 } else { 1 }
    }

    /// Writes the client's code, to stand behind the lock's.
    pub fn text(&self, names: &Names, readers: bool) -> String {
        let Names { client, counter, copy, left, rounds, reads } = names;
        let mut code = Code::default();
        if self.is_endless() {
            endless(&mut code, names, self.parts.len());
            return code.text;
        }
        code.line(&format!("shared {counter} = 0"));
        if readers {
            code.line(&format!("shared {copy} = 0"));
        }
        code.line(&format!("\nthread {client}[{}]", self.parts.len()));
        let every = |of: fn(&Part) -> i64| {
            let values: Vec<String> = self.parts.iter().map(|part| of(part).to_string()).collect();
            let first = of(&self.parts[0]);
            (self.parts.iter().all(|part| of(part) == first).then_some(first), values.join(", "))
        };
        let (same_rounds, list) = every(|part| i64::from(part.rounds));
        let loops = same_rounds != Some(1);
        if loops {
            code.line(&format!("    local {left} = {}", same_rounds.unwrap_or(0)));
        }
        if same_rounds.is_none() {
            code.line(&format!("    local {rounds}[{}] = {{{list}}}", self.parts.len()));
        }
        let (same_role, list) = every(|part| i64::from(part.role == Role::Reader));
        if same_role.is_none() {
            code.line(&format!("    local {reads}[{}] = {{{list}}}", self.parts.len()));
        }
        if same_rounds.is_none() {
            code.steps(&["SELF", &format!("LOAD  {rounds}[]"), &format!("STORE {left}")]);
        }
        if loops {
            code.label("again");
            code.steps(&[&format!("LOAD  {left}"), "JZ    over"]);
        }
        if same_role.is_none() {
            code.steps(&["SELF", &format!("LOAD  {reads}[]"), "JNZ   read"]);
        }
        if same_role != Some(1) {
            self.holder(&mut code, names, readers);
        }
        if same_role.is_none() {
            code.steps(&["JMP   next"]);
            code.label("read");
        }
        if same_role != Some(0) {
            reader(&mut code, names);
        }
        if same_role.is_none() {
            code.label("next");
        }
        if loops {
            let less = format!("STORE {left}");
            code.steps(&[&format!("LOAD  {left}"), "PUSH  1", "SUB", &less, "JMP   again"]);
            code.label("over");
        } else if same_role.is_none() {
            code.steps(&["NOP"]);
        }
        code.line("end\n");
        self.expectations(&mut code, names, readers);
        code.text
    }

    fn holder(&self, code: &mut Code, names: &Names, readers: bool) {
        let Names { counter, copy, .. } = names;
        let add = |code: &mut Code, name: &str| {
            code.steps(&[&format!("LOAD  {name}"), "PUSH  1", "ADD", &format!("STORE {name}")]);
        };
        code.steps(&["CALL  acquire"]);
        if self.nested {
            code.steps(&["CALL  acquire"]);
            add(code, counter);
            code.steps(&["CALL  release"]);
        }
        code.label("critical");
        add(code, counter);
        if readers {
            add(code, copy);
        }
        code.label("leave");
        code.steps(&["CALL  release"]);
    }

    fn expectations(&self, code: &mut Code, names: &Names, readers: bool) {
        let Names { counter, copy, .. } = names;
        code.line(&format!("observe {counter}"));
        code.line(&format!("expect no race on {counter}"));
        if readers {
            code.line(&format!("expect no race on {copy}"));
        }
        code.line(&format!("expect finally {counter} == {}", self.writes()));
        code.line("expect no livelock");
    }
}

fn reader(code: &mut Code, names: &Names) {
    let Names { counter, copy, .. } = names;
    code.steps(&["CALL  acquire_shared"]);
    code.label("reading");
    let read = [format!("LOAD  {counter}"), format!("LOAD  {copy}")];
    code.steps(&[&read[0], &read[1], "EQ", &format!("ASSERT \"{HALF_WRITTEN}\"")]);
    code.label("stop_reading");
    code.steps(&["CALL  release_shared"]);
}

/// Writes the code of threads that take the lock for ever.
fn endless(code: &mut Code, names: &Names, threads: usize) {
    code.line(&format!("thread {}[{threads}]", names.client));
    code.label("again");
    code.steps(&["CALL  acquire"]);
    code.label("critical");
    code.steps(&["CALL  release", "JMP   again"]);
    code.line("end");
}

/// A text that is being written.
#[derive(Default)]
struct Code {
    text: String,
}

impl Code {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn steps(&mut self, instructions: &[&str]) {
        for instruction in instructions {
            self.line(&format!("    {instruction}"));
        }
    }

    fn label(&mut self, name: &str) {
        self.line(&format!("  {name}:"));
    }
}

impl Names {
    /// Chooses names that are no words of any of these texts.
    pub fn unlike<'t>(texts: impl Iterator<Item = &'t str>) -> Names {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words: std::collections::BTreeSet<&str> =
            texts.flat_map(|text| text.split(|c: char| !is_part(c))).collect();
        let fresh = |name: &str| {
            let mut candidates =
                std::iter::once(name.to_owned()).chain((2..).map(|n: u64| format!("{name}_{n}")));
            candidates.find(|name| !words.contains(name.as_str())).expect("there is always another number")
        };
        Names {
            client: fresh("client"),
            counter: fresh("counter"),
            copy: fresh("copy"),
            left: fresh("left"),
            rounds: fresh("rounds"),
            reads: fresh("reads"),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.threads, self.rounds)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let wrong = || format!("`{text}` is no size: expected THREADSxROUNDS, as in 2x2");
        let (threads, rounds) = text.split_once('x').ok_or_else(wrong)?;
        let number = |digits: &str| digits.trim().parse().ok().filter(|&n: &u32| (1..=64).contains(&n));
        Ok(Size { threads: number(threads).ok_or_else(wrong)?, rounds: number(rounds).ok_or_else(wrong)? })
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            let separator = if index > 0 { "," } else { "" };
            let role = if part.role == Role::Reader && part.rounds > 0 { "r" } else { "" };
            let nested = if self.nested { "n" } else { "" };
            match part.rounds {
                FOREVER => write!(f, "{separator}*")?,
                rounds => write!(f, "{separator}{rounds}{role}{nested}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Client {
    type Err = String;

    fn from_str(text: &str) -> Result<Client, String> {
        let wrong =
            || format!("`{text}` is no client: expected the rounds of each thread, as in 2,1 or 1,1r");
        if text.split(',').all(|entry| entry.trim() == "*") {
            return Ok(Client::endless(text.split(',').count().min(64) as u32));
        }
        let mut nested = Vec::new();
        let mut parts = Vec::new();
        for entry in text.split(',') {
            let entry = entry.trim();
            let inner = entry.strip_suffix('n');
            let rest = inner.unwrap_or(entry);
            let reader = rest.strip_suffix('r');
            let rounds = reader.unwrap_or(rest).parse().ok().filter(|&n: &u32| n <= 64).ok_or_else(wrong)?;
            nested.push(inner.is_some());
            let role = if reader.is_some() { Role::Reader } else { Role::Holder };
            parts.push(Part { rounds, role });
        }
        let is_nested = nested.contains(&true);
        let has_reader = parts.iter().any(|part| part.role == Role::Reader);
        if is_nested && (nested.contains(&false) || has_reader) || parts.len() > 64 {
            return Err(wrong());
        }
        Ok(Client { parts, nested: is_nested })
    }
}
