//! Draws arbitrary programs.

use proptest::prelude::RngExt;
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::{TestRng, TestRunner};

use super::draft::{Draft, instructions};
use super::expr::{Expr, Var};
use super::shrink::Shrinking;
use super::stmt::{Object, Region, Stmt, retakes};
use super::tuning::{Locking, Tuning};

/// How deep statements are nested at most.
const DEPTH: usize = 2;

/// After so many statements in a row that do not fit any more a thread is full.
const MISSES: usize = 6;

/// A strategy for arbitrary programs.
#[derive(Clone, Debug)]
#[must_use = "strategies do nothing unless used"]
pub struct Programs {
    tuning: Tuning,
}

/// Arbitrary programs that assemble, of what a [`Tuning`] allows.
///
/// ```
/// use proptest::prelude::*;
/// use racevm::testing::strategies::{Tuning, programs};
///
/// proptest! {
///     # #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
///     fn a_mutex_leaves_no_thread_out(draft in programs(Tuning { mutexes: 1, ..Tuning::plain() })) {
///         draft.subject().explore().deadlock_free()?;
///     }
/// }
/// # a_mutex_leaves_no_thread_out();
/// ```
pub fn programs(tuning: Tuning) -> Programs {
    Programs { tuning }
}

impl Strategy for Programs {
    type Tree = Shrinking<Draft>;
    type Value = Draft;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let tuning = &self.tuning;
        if tuning.threads.is_empty() || *tuning.threads.start() == 0 {
            return Err("a program has at least one thread".into());
        }
        let mut generator = Generator { tuning, rng: runner.rng() };
        let threads = generator.rng.random_range(tuning.threads.clone());
        let bodies = (0..threads).map(|_| generator.thread()).collect();
        Ok(Shrinking::new(Draft::new(bodies, *tuning.threads.start(), tuning.largest)))
    }
}

/// What sort of statement to draw.
#[derive(Clone, Copy)]
enum Sort {
    Assign,
    Increment,
    Atomic,
    Choose,
    Consume(&'static str),
    Put,
    Get,
    Step(&'static str, Option<Object>),
    Held(&'static str, Object, &'static str),
    Tried(&'static str, Object, &'static str),
    Wait,
    Block,
    If,
    Until,
}

struct Generator<'t> {
    tuning: &'t Tuning,
    rng: &'t mut TestRng,
}

/// Where a statement stands.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    is_looped: bool,
}

impl Generator<'_> {
    fn thread(&mut self) -> Vec<Stmt> {
        let wanted = self.rng.random_range(self.tuning.instructions.min(1)..=self.tuning.instructions);
        self.body(wanted, Place { depth: DEPTH, is_looped: false })
    }

    /// Draws statements of so many instructions in all, or fewer.
    fn body(&mut self, wanted: usize, place: Place) -> Vec<Stmt> {
        let mut body = Vec::new();
        let (mut left, mut misses) = (wanted, 0);
        while left > 0 && misses < MISSES {
            let stmt = self.stmt(left, place);
            let cost = instructions(std::slice::from_ref(&stmt));
            // Who holds a mutex and takes it again waits for ever, which would be all that is ever found.
            if cost <= left && !retakes(std::slice::from_ref(&stmt), &mut Vec::new()) {
                body.push(stmt);
                left -= cost;
            } else {
                misses += 1;
            }
        }
        body
    }

    fn stmt(&mut self, left: usize, place: Place) -> Stmt {
        let sorts = self.sorts(place);
        let total: usize = sorts.iter().map(|(weight, _)| weight).sum();
        let mut ticket = self.rng.random_range(0..total);
        for (weight, sort) in sorts {
            if ticket < weight {
                return self.of(sort, left, place);
            }
            ticket -= weight;
        }
        unreachable!("a ticket is smaller than the sum of the weights")
    }

    /// Returns the sorts of statements that are wanted at a place, with their weights.
    fn sorts(&self, place: Place) -> Vec<(usize, Sort)> {
        let tuning = self.tuning;
        let mut sorts = vec![(3, Sort::Assign), (3, Sort::Increment)];
        let mut add = |wanted: bool, weight: usize, sort: Sort| {
            if wanted {
                sorts.push((weight, sort));
            }
        };
        add(tuning.atomic_instructions, 2, Sort::Atomic);
        add(tuning.choices, 1, Sort::Choose);
        add(tuning.fences, 1, Sort::Step("FENCE", None));
        add(tuning.yields, 1, Sort::Step("YIELD", None));
        // A loop would print without end.
        add(tuning.output && !place.is_looped, 1, Sort::Consume("PRINT"));
        add(tuning.faults, 1, Sort::Consume("ASSERT"));
        add(tuning.queue, 1, Sort::Put);
        add(tuning.queue, 1, Sort::Get);
        add(tuning.event, 1, Sort::Step("SET", Some(Object::Event)));
        add(tuning.event, 1, Sort::Step("WAIT", Some(Object::Event)));
        add(tuning.event, 1, Sort::Step("CLEAR", Some(Object::Event)));
        add(tuning.barrier, 1, Sort::Step("WAIT", Some(Object::Barrier)));
        add(tuning.condition, 1, Sort::Wait);
        add(tuning.condition, 1, Sort::Step("NOTIFY", Some(Object::Condition)));
        add(tuning.condition, 1, Sort::Step("NOTIFYALL", Some(Object::Condition)));
        let is_free = tuning.locking == Locking::Free;
        for (take, object, give) in self.locks() {
            add(is_free, 1, Sort::Step(take, Some(object)));
            add(is_free, 1, Sort::Step(give, Some(object)));
            add(!is_free && place.depth > 0, 2, Sort::Held(take, object, give));
        }
        if place.depth > 0 {
            for (take, object, give) in self.tries() {
                add(true, 1, Sort::Tried(take, object, give));
            }
            add(tuning.blocks, 1, Sort::Block);
            add(tuning.branches, 2, Sort::If);
            add(tuning.loops, 2, Sort::Until);
        }
        sorts
    }

    /// Returns the locks with the mnemonics that take them and give them back.
    fn locks(&self) -> Vec<(&'static str, Object, &'static str)> {
        let tuning = self.tuning;
        let mutexes = (0..tuning.mutexes).map(|number| ("LOCK", Object::Mutex(number), "UNLOCK"));
        let others = [
            (tuning.rlock, ("LOCK", Object::Rlock, "UNLOCK")),
            (tuning.rwlock, ("RDLOCK", Object::Rwlock, "UNLOCK")),
            (tuning.rwlock, ("WRLOCK", Object::Rwlock, "UNLOCK")),
            (tuning.semaphore, ("ACQUIRE", Object::Semaphore, "RELEASE")),
        ];
        mutexes.chain(others.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, lock)| lock)).collect()
    }

    /// Returns the locks that can be tried, with the mnemonics.
    fn tries(&self) -> Vec<(&'static str, Object, &'static str)> {
        let tuning = self.tuning;
        let all = [
            (tuning.mutexes > 0, ("TRYLOCK", Object::Mutex(0), "UNLOCK")),
            (tuning.rlock, ("TRYLOCK", Object::Rlock, "UNLOCK")),
            (tuning.semaphore, ("TRYACQUIRE", Object::Semaphore, "RELEASE")),
        ];
        all.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, lock)| lock).collect()
    }

    fn of(&mut self, sort: Sort, left: usize, place: Place) -> Stmt {
        match sort {
            Sort::Assign => {
                let value = self.expr(place);
                Stmt::Assign(self.var(), value)
            }
            Sort::Increment => {
                let var = self.var();
                let number = self.rng.random_range(0..=self.tuning.largest.max(1));
                let sum = Expr::Binary("ADD", Box::new(Expr::Load(var)), Box::new(Expr::Number(number)));
                Stmt::Assign(var, bounded(sum, place))
            }
            Sort::Atomic => self.atomic(place),
            Sort::Choose => Stmt::Choose(self.var(), self.rng.random_range(1..=self.tuning.largest.max(1))),
            Sort::Consume(mnemonic) => Stmt::Consume(mnemonic, self.expr(place)),
            Sort::Put => Stmt::Put(self.expr(place)),
            Sort::Get => Stmt::Get(self.var()),
            Sort::Step(mnemonic, object) => Stmt::Step(mnemonic, object),
            Sort::Wait => {
                let wait = Stmt::Step("WAIT", Some(Object::Condition));
                Stmt::Region(Region::Held("LOCK", Object::ConditionLock, "UNLOCK"), vec![wait])
            }
            Sort::Held(take, object, give) => self.region(Region::Held(take, object, give), left, place),
            Sort::Tried(take, object, give) => self.region(Region::Tried(take, object, give), left, place),
            Sort::Block => self.region(Region::Block, left, place),
            Sort::If => {
                let condition = self.condition();
                self.region(Region::If(condition), left, place)
            }
            Sort::Until => {
                let condition = self.condition();
                self.region(Region::Until(condition), left, Place { is_looped: true, ..place })
            }
        }
    }

    fn region(&mut self, region: Region, left: usize, place: Place) -> Stmt {
        let around = instructions(&[Stmt::Region(region.clone(), Vec::new())]);
        let room = left.saturating_sub(around);
        let wanted = self.rng.random_range(room.min(2)..=room);
        let body = self.body(wanted, Place { depth: place.depth - 1, ..place });
        Stmt::Region(region, body)
    }

    fn atomic(&mut self, place: Place) -> Stmt {
        // A sum in a loop would grow for ever.
        let mnemonics = if place.is_looped { &["XCHG", "CAS"][..] } else { &["XCHG", "CAS", "XADD"] };
        let mnemonic = mnemonics[self.rng.random_range(0..mnemonics.len())];
        let len = if mnemonic == "CAS" { 2 } else { 1 };
        let numbers = (0..len).map(|_| self.rng.random_range(0..=self.tuning.largest)).collect();
        Stmt::Atomic { mnemonic, numbers, var: self.var(), is_kept: self.rng.random_range(0..2) == 0 }
    }

    fn var(&mut self) -> Var {
        let (shared, atomics) = (self.tuning.shared, self.tuning.atomics);
        // The local is drawn less often: what only its thread sees is less interesting.
        let all = (shared + atomics) * 3;
        match self.rng.random_range(0..=all) {
            ticket if ticket == all => Var::Local,
            ticket if ticket / 3 < shared => Var::Shared(ticket / 3),
            ticket => Var::Atomic(ticket / 3 - shared),
        }
    }

    fn number(&mut self) -> Expr {
        Expr::Number(self.rng.random_range(0..=self.tuning.largest))
    }

    fn operand(&mut self) -> Expr {
        if self.rng.random_range(0..3) == 0 { self.number() } else { Expr::Load(self.var()) }
    }

    fn expr(&mut self, place: Place) -> Expr {
        if self.rng.random_range(0..2) == 0 {
            return self.operand();
        }
        let sums = &["ADD", "SUB", "MUL", "EQ", "LT"];
        let mnemonics = if self.tuning.faults { &["ADD", "SUB", "EQ", "DIV", "MOD"] } else { sums };
        let mnemonic = mnemonics[self.rng.random_range(0..mnemonics.len())];
        let (left, right) = (self.operand(), self.operand());
        bounded(Expr::Binary(mnemonic, Box::new(left), Box::new(right)), place)
    }

    fn condition(&mut self) -> Expr {
        let var = Expr::Load(self.var());
        if self.rng.random_range(0..2) == 0 {
            return var;
        }
        Expr::Binary("EQ", Box::new(var), Box::new(self.number()))
    }
}

/// Keeps what a loop computes small.
fn bounded(expr: Expr, place: Place) -> Expr {
    if place.is_looped { Expr::Low(Box::new(expr)) } else { expr }
}
