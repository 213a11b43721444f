//! Statements of arbitrary programs. Each leaves the stack as it found it, so that whatever is drawn, combined
//! or left out assembles.

use super::draft::Writer;
use super::expr::{Expr, Var, smaller};

/// A synchronization object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Object {
    /// A mutex.
    Mutex(usize),
    /// The reentrant lock.
    Rlock,
    /// The readers-writer lock.
    Rwlock,
    /// The semaphore.
    Semaphore,
    /// The mutex of the condition.
    ConditionLock,
    /// The condition.
    Condition,
    /// The event.
    Event,
    /// The barrier.
    Barrier,
    /// The queue.
    Queue,
}

/// What stands around a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Region {
    /// Taken before and given back after: the mnemonics of both.
    Held(&'static str, Object, &'static str),
    /// The body only if it could be taken: the same two mnemonics.
    Tried(&'static str, Object, &'static str),
    /// No switch point inside.
    Block,
    /// The body unless this is 0.
    If(Expr),
    /// The body again and again until this is not 0.
    Until(Expr),
}

/// What a thread does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Stmt {
    /// A variable gets a value.
    Assign(Var, Expr),
    /// An atomic instruction with its numbers; its result is kept in `t` or dropped.
    Atomic { mnemonic: &'static str, numbers: Vec<i64>, var: Var, is_kept: bool },
    /// A variable gets any number up to this one.
    Choose(Var, i64),
    /// A value goes into an instruction: `PRINT`, `ASSERT`.
    Consume(&'static str, Expr),
    /// A value goes into the queue.
    Put(Expr),
    /// A variable gets a value of the queue.
    Get(Var),
    /// An instruction that leaves the stack alone.
    Step(&'static str, Option<Object>),
    /// Statements with something around them.
    Region(Region, Vec<Stmt>),
}

impl Object {
    pub(super) fn name(self) -> String {
        match self {
            Object::Mutex(0) => "m".to_owned(),
            Object::Mutex(1) => "n".to_owned(),
            Object::Mutex(number) => format!("m{number}"),
            Object::Rlock => "r".to_owned(),
            Object::Rwlock => "rw".to_owned(),
            Object::Semaphore => "s".to_owned(),
            Object::ConditionLock => "k".to_owned(),
            Object::Condition => "c".to_owned(),
            Object::Event => "e".to_owned(),
            Object::Barrier => "b".to_owned(),
            Object::Queue => "q".to_owned(),
        }
    }

    pub(super) fn declaration(self) -> String {
        let name = self.name();
        match self {
            Object::Mutex(_) | Object::ConditionLock => format!("mutex {name}"),
            Object::Rlock => format!("rlock {name}"),
            Object::Rwlock => format!("rwlock {name}"),
            Object::Semaphore => format!("semaphore {name} = 1 max 1"),
            Object::Condition => format!("condition {name} on {}", Object::ConditionLock.name()),
            Object::Event => format!("event {name}"),
            Object::Barrier => format!("barrier {name} = 2"),
            Object::Queue => format!("queue {name} max 1"),
        }
    }
}

impl Region {
    fn object(&self) -> Option<Object> {
        match self {
            Region::Held(_, object, _) | Region::Tried(_, object, _) => Some(*object),
            Region::Block | Region::If(_) | Region::Until(_) => None,
        }
    }

    fn neighbours(&self) -> Vec<Region> {
        match self {
            Region::Held("LOCK", Object::Mutex(number), give) => {
                (0..*number).map(|lower| Region::Held("LOCK", Object::Mutex(lower), give)).collect()
            }
            Region::Tried(_, object, give) if *object != Object::Semaphore => {
                vec![Region::Held("LOCK", *object, give)]
            }
            Region::If(condition) => condition.neighbours().into_iter().map(Region::If).collect(),
            Region::Until(condition) => condition.neighbours().into_iter().map(Region::Until).collect(),
            Region::Held(..) | Region::Tried(..) | Region::Block => Vec::new(),
        }
    }
}

/// Writes statements.
pub(super) fn write(body: &[Stmt], writer: &mut Writer) {
    for stmt in body {
        stmt.write(writer);
    }
}

/// Returns the sum of all numbers and ranks of variables.
pub(super) fn values(body: &[Stmt]) -> u64 {
    body.iter().map(Stmt::values).sum()
}

/// Returns bodies that are one reduction away.
pub(super) fn neighbours(body: &[Stmt]) -> Vec<Vec<Stmt>> {
    let mut all = Vec::new();
    let mut len = body.len();
    while len > 0 {
        for start in (0..body.len()).step_by(len) {
            let rest = body.iter().skip(start + len);
            all.push(body[..start].iter().chain(rest).cloned().collect());
        }
        len /= 2;
    }
    for (index, stmt) in body.iter().enumerate() {
        for instead in stmt.neighbours() {
            let (before, after) = (&body[..index], &body[index + 1..]);
            all.push([before, &instead, after].concat());
        }
    }
    all
}

/// Returns the statements without anything that is done to an object; what was done while it was held stays.
pub(super) fn without(body: &[Stmt], object: Object) -> Vec<Stmt> {
    let cut = |stmt: &Stmt| match stmt {
        Stmt::Step(_, Some(other)) if *other == object => Vec::new(),
        Stmt::Put(_) | Stmt::Get(_) if object == Object::Queue => Vec::new(),
        Stmt::Region(region, body) if region.object() == Some(object) => without(body, object),
        Stmt::Region(region, body) => vec![Stmt::Region(region.clone(), without(body, object))],
        other => vec![other.clone()],
    };
    body.iter().flat_map(cut).collect()
}

/// What stands for what.
pub(super) struct Renaming<'r> {
    pub var: &'r dyn Fn(Var) -> Var,
    pub object: &'r dyn Fn(Object) -> Object,
    pub number: &'r dyn Fn(i64) -> i64,
}

impl Renaming<'_> {
    /// Changes nothing.
    pub(super) const NOTHING: Renaming<'static> =
        Renaming { var: &|var| var, object: &|object| object, number: &|number| number };
}

/// Returns the statements with other variables, objects and numbers.
pub(super) fn renamed(body: &[Stmt], names: &Renaming<'_>) -> Vec<Stmt> {
    body.iter().map(|stmt| stmt.renamed(names)).collect()
}

/// Returns true when a lock is taken inside a region in which it is held, by something other than a try.
pub(super) fn retakes(body: &[Stmt], held: &mut Vec<Object>) -> bool {
    body.iter().any(|stmt| {
        let Stmt::Region(region, body) = stmt else { return false };
        let is_taken = matches!(region, Region::Held(_, object, _) if held.contains(object));
        let depth = held.len();
        held.extend(region.object().filter(|&object| object != Object::Rlock));
        let retakes = is_taken || retakes(body, held);
        held.truncate(depth);
        retakes
    })
}

impl Stmt {
    fn write(&self, writer: &mut Writer) {
        match self {
            Stmt::Assign(var, value) => {
                value.write(writer);
                writer.access("STORE", *var);
            }
            Stmt::Atomic { mnemonic, numbers, var, is_kept } => {
                for number in numbers {
                    writer.line(&format!("PUSH {number}"));
                }
                writer.access(mnemonic, *var);
                match is_kept {
                    true => writer.access("STORE", Var::Local),
                    false => writer.line("POP"),
                }
            }
            Stmt::Choose(var, high) => {
                writer.line(&format!("CHOOSE 0..{high}"));
                writer.access("STORE", *var);
            }
            Stmt::Consume(mnemonic, value) => {
                value.write(writer);
                writer.line(mnemonic);
            }
            Stmt::Put(value) => {
                value.write(writer);
                writer.act("PUT", Object::Queue);
            }
            Stmt::Get(var) => {
                writer.act("GET", Object::Queue);
                writer.access("STORE", *var);
            }
            Stmt::Step(mnemonic, None) => writer.line(mnemonic),
            Stmt::Step(mnemonic, Some(object)) => writer.act(mnemonic, *object),
            Stmt::Region(region, body) => write_region(region, body, writer),
        }
    }

    fn renamed(&self, names: &Renaming<'_>) -> Stmt {
        let Renaming { var, object, number } = names;
        match self {
            Stmt::Assign(old, value) => Stmt::Assign(var(*old), value.renamed(names)),
            Stmt::Atomic { mnemonic, numbers, var: old, is_kept } => Stmt::Atomic {
                mnemonic,
                numbers: numbers.iter().map(|&old| number(old)).collect(),
                var: var(*old),
                is_kept: *is_kept,
            },
            Stmt::Choose(old, high) => Stmt::Choose(var(*old), *high),
            Stmt::Consume(mnemonic, value) => Stmt::Consume(mnemonic, value.renamed(names)),
            Stmt::Put(value) => Stmt::Put(value.renamed(names)),
            Stmt::Get(old) => Stmt::Get(var(*old)),
            Stmt::Step(mnemonic, old) => Stmt::Step(mnemonic, old.map(object)),
            Stmt::Region(region, body) => {
                let region = match region {
                    Region::Held(take, old, give) => Region::Held(take, object(*old), give),
                    Region::Tried(take, old, give) => Region::Tried(take, object(*old), give),
                    Region::Block => Region::Block,
                    Region::If(condition) => Region::If(condition.renamed(names)),
                    Region::Until(condition) => Region::Until(condition.renamed(names)),
                };
                Stmt::Region(region, renamed(body, names))
            }
        }
    }

    fn values(&self) -> u64 {
        match self {
            Stmt::Assign(var, value) => var.rank() + value.values(),
            Stmt::Atomic { numbers, var, is_kept, .. } => {
                let numbers: u64 = numbers.iter().map(|number| number.unsigned_abs()).sum();
                numbers + var.rank() + u64::from(*is_kept)
            }
            Stmt::Choose(var, high) => var.rank() + high.unsigned_abs(),
            Stmt::Consume(_, value) | Stmt::Put(value) => value.values(),
            Stmt::Get(var) => var.rank(),
            Stmt::Step(_, object) => object.map_or(0, rank),
            Stmt::Region(region, body) => {
                let of_region = match region {
                    Region::If(condition) | Region::Until(condition) => condition.values(),
                    other => other.object().map_or(0, rank),
                };
                of_region + values(body)
            }
        }
    }

    /// Returns what can stand in the place of the statement, one reduction away.
    fn neighbours(&self) -> Vec<Vec<Stmt>> {
        let one = |stmts: Vec<Stmt>| stmts.into_iter().map(|stmt| vec![stmt]).collect();
        match self {
            Stmt::Assign(var, value) => {
                let values = value.neighbours().into_iter().map(|value| Stmt::Assign(*var, value));
                let vars = var.neighbours().map(|var| Stmt::Assign(var, value.clone()));
                one(values.chain(vars).collect())
            }
            Stmt::Atomic { mnemonic, numbers, var, is_kept } => {
                one(atomic_neighbours(mnemonic, numbers, *var, *is_kept))
            }
            Stmt::Choose(var, high) => {
                let numbers = smaller(*high).into_iter().map(|high| Stmt::Choose(*var, high));
                one(numbers.chain(var.neighbours().map(|var| Stmt::Choose(var, *high))).collect())
            }
            Stmt::Consume(mnemonic, value) => {
                one(value.neighbours().into_iter().map(|value| Stmt::Consume(mnemonic, value)).collect())
            }
            Stmt::Put(value) => one(value.neighbours().into_iter().map(Stmt::Put).collect()),
            Stmt::Get(var) => one(var.neighbours().map(Stmt::Get).collect()),
            Stmt::Step(mnemonic, Some(Object::Mutex(number))) => {
                one((0..*number).map(|lower| Stmt::Step(mnemonic, Some(Object::Mutex(lower)))).collect())
            }
            Stmt::Step(..) => Vec::new(),
            Stmt::Region(region, body) => {
                let regions = region.neighbours().into_iter().map(|region| (region, body.clone()));
                let bodies = neighbours(body).into_iter().map(|body| (region.clone(), body));
                let wrapped = regions.chain(bodies).map(|(region, body)| vec![Stmt::Region(region, body)]);
                std::iter::once(body.clone()).chain(wrapped).collect()
            }
        }
    }
}

fn atomic_neighbours(mnemonic: &'static str, numbers: &[i64], var: Var, is_kept: bool) -> Vec<Stmt> {
    let with = |numbers: Vec<i64>, var, is_kept| Stmt::Atomic { mnemonic, numbers, var, is_kept };
    let mut all: Vec<Stmt> = vec![Stmt::Assign(var, Expr::Number(numbers[numbers.len() - 1]))];
    if is_kept {
        all.push(with(numbers.to_vec(), var, false));
    }
    all.extend(var.neighbours().map(|var| with(numbers.to_vec(), var, is_kept)));
    for (index, &number) in numbers.iter().enumerate() {
        for less in smaller(number) {
            let mut numbers = numbers.to_vec();
            numbers[index] = less;
            all.push(with(numbers, var, is_kept));
        }
    }
    all
}

fn rank(object: Object) -> u64 {
    match object {
        Object::Mutex(number) => number as u64,
        _ => 0,
    }
}

fn write_region(region: &Region, body: &[Stmt], writer: &mut Writer) {
    match region {
        Region::Held(take, object, give) => {
            writer.act(take, *object);
            write(body, writer);
            writer.act(give, *object);
        }
        Region::Tried(take, object, give) => {
            let skip = writer.label();
            writer.act(take, *object);
            writer.line(&format!("JZ {skip}"));
            write(body, writer);
            writer.act(give, *object);
            writer.mark(&format!("{skip}:"));
        }
        Region::Block => {
            writer.mark("atomic");
            write(body, writer);
            writer.mark("end");
        }
        Region::If(condition) => {
            let skip = writer.label();
            condition.write(writer);
            writer.line(&format!("JZ {skip}"));
            write(body, writer);
            writer.mark(&format!("{skip}:"));
        }
        Region::Until(condition) => {
            let again = writer.label();
            writer.mark(&format!("{again}:"));
            write(body, writer);
            condition.write(writer);
            writer.line(&format!("JZ {again}"));
        }
    }
}
