//! Random programs that always assemble, small enough for the oracle. A program is read off a list of genes,
//! so that shrinking the list shrinks the program.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::*;

/// Declarations that every program has.
const HEADER: &str = "\
shared x = 0
shared a[2] = {1, 2}
atomic y = 1
local t = 0
mutex m
mutex n[2]
rlock r
rwlock w
semaphore s = 1 max 2
condition c on m
condition d on r
event e
barrier b = 2
queue q max 1
observe x, a, y, A[0].t, B.t
";

/// Instructions with the number of values they need on the stack and by how much they raise it. The words in
/// lower case at the end stand for several lines each.
const TEMPLATES: &[(&str, usize, i32)] = &[
    ("LOAD x", 0, 1),
    ("STORE x", 1, -1),
    ("LOAD y", 0, 1),
    ("STORE y", 1, -1),
    ("LOAD t", 0, 1),
    ("STORE t", 1, -1),
    ("LOAD a[1]", 0, 1),
    ("STORE a[0]", 1, -1),
    ("LOAD a[]", 1, 0),
    ("STORE a[]", 2, -2),
    ("PUSH 1", 0, 1),
    ("PUSH -3", 0, 1),
    ("PUSH 9223372036854775807", 0, 1),
    ("POP", 1, -1),
    ("DUP", 1, 1),
    ("SWAP", 2, 0),
    ("OVER", 2, 1),
    ("ADD", 2, -1),
    ("SUB", 2, -1),
    ("MUL", 2, -1),
    ("DIV", 2, -1),
    ("MOD", 2, -1),
    ("NEG", 1, 0),
    ("NOT", 1, 0),
    ("EQ", 2, -1),
    ("NE", 2, -1),
    ("LT", 2, -1),
    ("LE", 2, -1),
    ("GT", 2, -1),
    ("GE", 2, -1),
    ("AND", 2, -1),
    ("OR", 2, -1),
    ("XOR", 2, -1),
    ("SHL", 2, -1),
    ("SHR", 2, -1),
    ("HALT", 0, 0),
    ("SELF", 0, 1),
    ("NOP", 0, 0),
    ("CAS x", 2, -1),
    ("CAS a[]", 3, -2),
    ("CAS t", 2, -1),
    ("XADD x", 1, 0),
    ("XADD y", 1, 0),
    ("XCHG x", 1, 0),
    ("XCHG a[]", 2, -1),
    ("FENCE", 0, 0),
    ("LOCK m", 0, 0),
    ("UNLOCK m", 0, 0),
    ("TRYLOCK m", 0, 1),
    ("LOCK n[]", 1, -1),
    ("UNLOCK n[0]", 0, 0),
    ("LOCK r", 0, 0),
    ("UNLOCK r", 0, 0),
    ("TRYLOCK r", 0, 1),
    ("RDLOCK w", 0, 0),
    ("WRLOCK w", 0, 0),
    ("UNLOCK w", 0, 0),
    ("ACQUIRE s", 0, 0),
    ("RELEASE s", 0, 0),
    ("TRYACQUIRE s", 0, 1),
    ("WAIT c", 0, 0),
    ("NOTIFY c", 0, 0),
    ("NOTIFYALL c", 0, 0),
    ("WAIT d", 0, 0),
    ("NOTIFY d", 0, 0),
    ("WAIT e", 0, 0),
    ("SET e", 0, 0),
    ("CLEAR e", 0, 0),
    ("ISSET e", 0, 1),
    ("WAIT b", 0, 0),
    ("PUT q", 1, -1),
    ("GET q", 0, 1),
    ("TRYPUT q", 1, 0),
    ("TRYGET q", 0, 2),
    ("LEN q", 0, 1),
    ("YIELD", 0, 0),
    ("CHOOSE 0..1", 0, 1),
    ("CHOOSE 5..5", 0, 1),
    ("ASSERT", 1, -1),
    ("ASSERT \"kept\"", 1, -1),
    ("ASSUME", 1, -1),
    ("PRINT", 1, -1),
    ("CALL f", 0, 0),
    ("START L", 0, 0),
    ("JOIN L", 0, 0),
    ("JOIN A[0]", 0, 0),
    ("JOIN A[]", 1, -1),
    ("skip", 1, -1),
    ("lock", 0, 0),
    ("waits", 0, 0),
    ("lose", 0, 0),
    ("block", 0, 0),
];

/// What a program is read off.
#[derive(Clone, Debug)]
pub struct Genes {
    threads: Vec<Vec<u16>>,
    proc: Vec<u16>,
    late: Vec<u16>,
}

/// Draws genes: two or three threads that run at once, a proc, and a thread that has to be started.
pub fn genes() -> impl Strategy<Value = Genes> {
    let two = vec(vec(any::<u16>(), 0..5), 2..=2);
    let three = vec(vec(any::<u16>(), 0..4), 3..=3);
    (prop_oneof![3 => two, 1 => three], vec(any::<u16>(), 0..3), vec(any::<u16>(), 0..3))
        .prop_map(|(threads, proc, late)| Genes { threads, proc, late })
}

/// Draws genes of two or three copies of one thread beside others, for [`Genes::program_of_copies`].
pub fn copies() -> impl Strategy<Value = Genes> {
    let copied = vec(any::<u16>(), 1..5);
    let others = vec(vec(any::<u16>(), 0..2), 2..=3);
    (copied, others, vec(any::<u16>(), 0..3), vec(any::<u16>(), 0..2)).prop_map(
        |(copied, others, proc, late)| {
            let threads = std::iter::once(copied).chain(others).collect();
            Genes { threads, proc, late }
        },
    )
}

impl Genes {
    /// Writes the program, which shows nothing of a single copy of `A`.
    pub fn program_of_copies(&self) -> String {
        self.program().replace("A[0].t, ", "")
    }

    /// Writes the program. Thread `A` has two copies when there are three threads.
    pub fn program(&self) -> String {
        let mut text = HEADER.to_owned();
        write_body(&mut text, "proc f", &self.proc, false);
        write_body(&mut text, &format!("thread A[{}]", self.threads.len() - 1), &self.threads[0], true);
        let rest: Vec<u16> = self.threads[1..].concat();
        write_body(&mut text, "thread B", &rest[..rest.len().min(4)], true);
        write_body(&mut text, "thread L deferred", &self.late, true);
        text
    }
}

fn write_body(text: &mut String, head: &str, genes: &[u16], is_thread: bool) {
    let mut body = Body { lines: Vec::new(), height: 0, labels: 0, is_thread };
    for &gene in genes {
        body.add(gene);
    }
    if !is_thread {
        for _ in 0..body.height {
            body.push("POP");
        }
    }
    writeln!(text, "{head}\n{}end", body.lines.concat()).unwrap();
}

struct Body {
    lines: Vec<String>,
    height: i32,
    labels: u32,
    is_thread: bool,
}

impl Body {
    fn push(&mut self, line: &str) {
        self.lines.push(format!("    {line}\n"));
    }

    fn add(&mut self, gene: u16) {
        let (line, needs, raises) = TEMPLATES[gene as usize % TEMPLATES.len()];
        let small = gene as usize / TEMPLATES.len() % 3;
        let unfit = !self.is_thread && (line.starts_with("CALL") || line == "HALT");
        if unfit {
            return self.push("NOP");
        }
        while self.height < needs as i32 {
            self.push(&format!("PUSH {small}"));
            self.height += 1;
        }
        match line {
            "skip" => {
                let label = format!("l{}", self.labels);
                self.labels += 1;
                let body = ["PUSH 7\n    STORE x", "YIELD", "CALL f"][small];
                let body = if self.is_thread { body } else { "NOP" };
                self.push(&format!("JZ {label}\n    {body}\n  {label}:"));
            }
            "lock" => self.push("LOCK m\n    LOAD x\n    PUSH 1\n    ADD\n    STORE x\n    UNLOCK m"),
            "waits" => self.push("LOCK m\n    WAIT c\n    UNLOCK m"),
            "lose" => self.push("LOAD x\n    PUSH 1\n    ADD\n    STORE x"),
            "block" => {
                let inside = ["LOAD x\nSTORE y", "CHOOSE 1..2\nSTORE x\nYIELD", "ACQUIRE s\nSET e"][small];
                self.push(&format!("atomic\n{inside}\nend"));
            }
            _ => self.push(line),
        }
        self.height += raises;
    }
}
