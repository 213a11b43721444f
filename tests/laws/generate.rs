//! Random programs for the laws. A program is a tree of statements, each of which leaves the stack as it
//! found it, so that whatever is drawn, combined or shrunk assembles.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Declarations of every program. `k` is for locked regions alone; everything else uses the rest.
pub const HEADER: &str = "\
shared x
shared y
shared a[2] = {1, 2}
atomic z = 1
mutex k
mutex m
rlock r
rwlock w
semaphore s = 1 max 2
condition c on m
event e
barrier b = 2
queue q max 1
";

/// What a thread does, without a trace on its stack.
#[derive(Clone, Debug)]
pub enum Stmt {
    /// These lines.
    Lines(&'static str),
    /// `target = (source + number) mod 4`, so that no loop counts for ever.
    Assign { target: &'static str, source: &'static str, number: i64 },
    /// `LOCK lock`, the body, `UNLOCK lock`.
    Locked(&'static str, Vec<Stmt>),
    /// An `atomic` block.
    Block(Vec<Stmt>),
    /// The body, unless the variable is 0.
    If(&'static str, Vec<Stmt>),
    /// The body, if the lock is free.
    Try(Vec<Stmt>),
    /// The body again and again, until the variable is not 0.
    Until(&'static str, Vec<Stmt>),
}

/// What may occur in a program.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Features {
    /// Nested statements.
    pub branches: bool,
    /// `CHOOSE`.
    pub choices: bool,
    /// `YIELD`.
    pub yields: bool,
    /// Regions locked with `k`.
    pub regions: bool,
    /// Every other synchronization object, used rightly and wrongly.
    pub objects: bool,
    /// `atomic` blocks.
    pub blocks: bool,
    /// `ASSERT`, overflow and indices out of range.
    pub faults: bool,
    /// `ASSUME`.
    pub assumptions: bool,
    /// `PRINT`.
    pub output: bool,
    /// Loops.
    pub loops: bool,
    /// A deferred thread, with `START` and `JOIN`.
    pub deferred: bool,
}

impl Features {
    /// Everything but loops: such programs have finitely many schedules.
    pub const ALL: Features = Features {
        branches: true,
        choices: true,
        yields: true,
        regions: true,
        objects: true,
        blocks: true,
        faults: true,
        assumptions: true,
        output: true,
        loops: false,
        deferred: true,
    };
    /// Everything.
    pub const LOOPS: Features = Features { loops: true, ..Features::ALL };
}

const ACCESSES: &[&str] = &[
    "PUSH 1\nXADD x\nPUSH 3\nAND\nSTORE x",
    "PUSH 2\nXCHG y\nSTORE z",
    "PUSH 0\nPUSH 3\nCAS y\nSTORE t",
    "LOAD x\nPUSH 1\nAND\nLOAD a[]\nSTORE t",
    "LOAD t\nPUSH 1\nSTORE a[]",
    "FENCE",
    "NOP",
];

const OBJECTS: &[&str] = &[
    "LOCK m",
    "UNLOCK m",
    "LOCK m\nWAIT c\nUNLOCK m",
    "LOCK m\nNOTIFY c\nUNLOCK m",
    "NOTIFYALL c",
    "WAIT c",
    "LOCK r\nLOCK r\nUNLOCK r\nUNLOCK r",
    "UNLOCK r",
    "RDLOCK w\nLOAD x\nSTORE t\nUNLOCK w",
    "WRLOCK w\nPUSH 4\nSTORE x\nUNLOCK w",
    "ACQUIRE s",
    "RELEASE s",
    "TRYACQUIRE s\nSTORE t",
    "SET e",
    "CLEAR e",
    "WAIT e",
    "ISSET e\nSTORE x",
    "WAIT b",
    "LOAD x\nPUT q",
    "GET q\nSTORE x",
    "LOAD t\nTRYPUT q\nPOP",
    "TRYGET q\nSTORE t\nPOP",
    "LEN q\nSTORE t",
];

const FAULTS: &[&str] =
    &["LOAD x\nNOT\nASSERT \"x is 0\"", "PUSH 9\nLOAD y\nDIV\nPOP", "LOAD y\nLOAD a[]\nPOP"];

/// Draws a statement that is `depth` deep at most.
fn stmt(features: Features, depth: u32) -> BoxedStrategy<Stmt> {
    let of = |lines: &'static [&'static str]| select(lines).prop_map(Stmt::Lines).boxed();
    let shared = || select(&["x", "y", "z", "a[0]", "t"][..]);
    let assign = (shared(), shared(), -1..3_i64);
    let mut all = vec![
        (6, assign.prop_map(|(target, source, number)| Stmt::Assign { target, source, number }).boxed()),
        (2, of(ACCESSES)),
    ];
    let mut add = |wanted: bool, weight, strategy: BoxedStrategy<Stmt>| {
        if wanted {
            all.push((weight, strategy));
        }
    };
    add(features.choices, 1, of(&["CHOOSE 0..1\nSTORE x", "CHOOSE -1..1\nSTORE t"]));
    add(features.yields, 1, of(&["YIELD"]));
    add(features.objects, 4, of(OBJECTS));
    add(features.faults, 1, of(FAULTS));
    add(features.assumptions, 1, of(&["LOAD x\nASSUME", "LOAD y\nNOT\nASSUME"]));
    add(features.output, 1, of(&["LOAD x\nPRINT", "LOAD t\nPRINT"]));
    add(features.deferred, 1, of(&["START D", "JOIN D", "START D\nJOIN D"]));
    if depth > 0 {
        let body = || vec(stmt(features, depth - 1), 0..3);
        let condition = || select(&["x", "y", "t"][..]);
        add(features.regions, 2, body().prop_map(|body| Stmt::Locked("k", body)).boxed());
        add(features.objects, 1, body().prop_map(|body| Stmt::Locked("m", body)).boxed());
        add(features.objects, 1, body().prop_map(Stmt::Try).boxed());
        add(features.blocks, 1, body().prop_map(Stmt::Block).boxed());
        add(features.branches, 1, (condition(), body()).prop_map(|(v, body)| Stmt::If(v, body)).boxed());
        add(features.loops, 2, (condition(), body()).prop_map(|(v, body)| Stmt::Until(v, body)).boxed());
    }
    prop::strategy::Union::new_weighted(all).boxed()
}

/// Draws a body of so many statements.
pub fn body(features: Features, len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Stmt>> {
    vec(stmt(features, 2), len)
}

/// A program: the bodies of the threads that start at once, and that of the deferred one.
#[derive(Clone, Debug)]
pub struct Tree {
    pub threads: Vec<Vec<Stmt>>,
    pub deferred: Option<Vec<Stmt>>,
}

/// Draws a program of two or three threads.
pub fn tree(features: Features) -> impl Strategy<Value = Tree> {
    let two = vec(body(features, 0..4), 2..=2);
    let three = vec(body(features, 0..3), 3..=3);
    let deferred = body(Features { deferred: false, ..features }, 0..2);
    (prop_oneof![2 => two, 1 => three], deferred).prop_map(move |(threads, deferred)| {
        let deferred = features.deferred.then_some(deferred);
        Tree { threads, deferred }
    })
}

impl Tree {
    /// Writes the program; thread `i` is called `names[i]`, and they stand in the order of `order`.
    pub fn text_as(&self, names: &[&str], order: &[usize]) -> String {
        let mut text = HEADER.to_owned() + "local t\n";
        for &index in order {
            text += &format!("thread {}\n{}end\n", names[index], lines(&self.threads[index]));
        }
        if let Some(body) = &self.deferred {
            text += &format!("thread D deferred\n{}end\n", lines(body));
        }
        text
    }

    /// Writes the program.
    pub fn text(&self) -> String {
        let order: Vec<usize> = (0..self.threads.len()).collect();
        self.text_as(&["A", "B", "C"], &order)
    }
}

/// Writes statements, a line an instruction.
pub fn lines(body: &[Stmt]) -> String {
    let mut writer = Writer::default();
    writer.write(body);
    writer.text
}

#[derive(Default)]
struct Writer {
    text: String,
    labels: u32,
}

impl Writer {
    fn write(&mut self, body: &[Stmt]) {
        for stmt in body {
            self.stmt(stmt);
        }
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("l{}", self.labels)
    }

    fn line(&mut self, line: &str) {
        self.text += line;
        self.text.push('\n');
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Lines(lines) => self.line(lines),
            Stmt::Assign { target, source, number } => {
                self.line(&format!("LOAD {source}\nPUSH {number}\nADD\nPUSH 3\nAND\nSTORE {target}"));
            }
            Stmt::Locked(lock, body) => {
                self.line(&format!("LOCK {lock}"));
                self.write(body);
                self.line(&format!("UNLOCK {lock}"));
            }
            Stmt::Block(body) => {
                self.line("atomic");
                self.write(body);
                self.line("end");
            }
            Stmt::If(variable, body) => {
                let skip = self.label();
                self.line(&format!("LOAD {variable}\nJZ {skip}"));
                self.write(body);
                self.line(&format!("{skip}:"));
            }
            Stmt::Try(body) => {
                let skip = self.label();
                self.line(&format!("TRYLOCK m\nJZ {skip}"));
                self.write(body);
                self.line(&format!("UNLOCK m\n{skip}:"));
            }
            Stmt::Until(variable, body) => {
                let again = self.label();
                self.line(&format!("{again}:"));
                self.write(body);
                self.line(&format!("LOAD {variable}\nJZ {again}"));
            }
        }
    }
}
