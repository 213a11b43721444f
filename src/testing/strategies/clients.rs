//! Arbitrary clients of a given object.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use proptest::prelude::RngExt;
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::TestRunner;

use super::expr::smaller;
use super::shrink::{Shrink, Shrinking};
use crate::asm;
use crate::testing::{Subject, program};

/// An object as procs, and how they are called.
///
/// ```
/// use racevm::testing::strategies::Object;
///
/// let counter = "atomic n = 0\nproc add\n XADD n\nend\nproc read\n LOAD n\nend";
/// let counter = Object::new(counter).operation("add", 1, 1).operation("read", 0, 1);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "an object does nothing without clients"]
pub struct Object {
    text: String,
    operations: Vec<Operation>,
}

/// One proc of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Operation {
    name: String,
    arguments: usize,
    results: usize,
}

/// A strategy for clients.
#[derive(Clone, Debug)]
#[must_use = "strategies do nothing unless used"]
pub struct Clients {
    object: Arc<Object>,
    threads: RangeInclusive<usize>,
    calls: RangeInclusive<usize>,
    largest: i64,
}

/// An object together with threads that call it. It prints itself as the `.rvm` file that can be saved and run.
#[derive(Clone)]
pub struct Client {
    object: Arc<Object>,
    threads: Vec<Vec<Call>>,
    /// Shrinking leaves so many threads.
    fewest: usize,
}

/// One call.
#[derive(Clone, PartialEq, Eq)]
struct Call {
    operation: usize,
    arguments: Vec<i64>,
}

impl Object {
    /// Begins with the declarations and procs of the object: a file without threads, or what includes one.
    pub fn new(text: impl Into<String>) -> Object {
        Object { text: text.into(), operations: Vec::new() }
    }

    /// Adds an operation: a proc that takes so many values from the stack and leaves so many there.
    pub fn operation(mut self, name: impl Into<String>, arguments: usize, results: usize) -> Object {
        self.operations.push(Operation { name: name.into(), arguments, results });
        self
    }
}

/// Arbitrary clients of an object: up to three threads of up to three calls each, with arguments from 1 to 3.
/// What the calls return is what an outcome shows, thread by thread, in order.
///
/// ```
/// use proptest::test_runner::{TestError, TestRunner};
/// use racevm::testing::strategies::{Object, clients};
///
/// // Is a number ever handed out twice? The load and the store are apart, so it is.
/// let tickets = "shared n = 0\nproc next\n LOAD n\n DUP\n PUSH 1\n ADD\n STORE n\nend";
/// let mut runner = TestRunner::deterministic();
/// let result = runner.run(&clients(Object::new(tickets).operation("next", 0, 1)), |client| {
///     client.subject().explore().outcomes().always(|row| (1..row.len()).all(|i| !row[..i].contains(&row[i])))?;
///     Ok(())
/// });
/// let Err(TestError::Fail(_, smallest)) = result else { panic!("it is, in some client") };
/// assert_eq!(smallest.calls(), [[("next", &[][..])], [("next", &[])]]);
/// ```
///
/// # Panics
///
/// With the diagnostics, when the object does not assemble, or a proc does not take and leave what its
/// operation says; and when there is no operation.
#[track_caller]
pub fn clients(object: Object) -> Clients {
    assert!(!object.operations.is_empty(), "an object without operations has no clients");
    let object = Arc::new(object);
    for operation in 0..object.operations.len() {
        let call = Call { operation, arguments: vec![1; object.operations[operation].arguments] };
        let client =
            Client { object: Arc::clone(&object), threads: vec![vec![call.clone(), call]], fewest: 1 };
        if let Err(failure) = client.subject().assemble() {
            panic!("{failure}");
        }
    }
    Clients { object, threads: 1..=3, calls: 1..=3, largest: 3 }
}

impl Clients {
    /// Draws so many threads.
    pub fn threads(mut self, threads: RangeInclusive<usize>) -> Clients {
        self.threads = threads;
        self
    }

    /// Draws so many calls of each thread.
    pub fn calls(mut self, calls: RangeInclusive<usize>) -> Clients {
        self.calls = calls;
        self
    }

    /// Draws arguments from 1 to this number.
    pub fn values(mut self, largest: i64) -> Clients {
        self.largest = largest;
        self
    }
}

impl Strategy for Clients {
    type Tree = Shrinking<Client>;
    type Value = Client;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        if self.threads.is_empty() || *self.threads.start() == 0 || self.calls.is_empty() || self.largest < 1
        {
            return Err("a client has at least one thread, and arguments from 1 upwards".into());
        }
        let rng = runner.rng();
        let threads = (0..rng.random_range(self.threads.clone())).map(|_| {
            let calls = (0..rng.random_range(self.calls.clone())).map(|_| {
                let operation = rng.random_range(0..self.object.operations.len());
                let arguments = self.object.operations[operation].arguments;
                let arguments = (0..arguments).map(|_| rng.random_range(1..=self.largest)).collect();
                Call { operation, arguments }
            });
            calls.collect()
        });
        let threads = threads.collect();
        Ok(Shrinking::new(Client {
            object: Arc::clone(&self.object),
            threads,
            fewest: *self.threads.start(),
        }))
    }
}

impl Client {
    /// Returns the program's text, in canonical layout.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.object.text.trim_end());
        let mut observed = Vec::new();
        for (index, calls) in self.threads.iter().enumerate() {
            let name = format!("client{index}");
            let (mut locals, mut code, mut results) = (String::new(), String::new(), 0);
            for call in calls {
                let operation = &self.object.operations[call.operation];
                call.arguments.iter().for_each(|number| code.push_str(&format!("PUSH {number}\n")));
                code.push_str(&format!("CALL {}\n", operation.name));
                // The last result is on top.
                for result in (results..results + operation.results).rev() {
                    code.push_str(&format!("STORE r{result}\n"));
                }
                for result in results..results + operation.results {
                    locals.push_str(&format!("local r{result}\n"));
                    observed.push(format!("{name}.r{result}"));
                }
                results += operation.results;
            }
            text.push_str(&format!("\nthread {name}\n{locals}{code}end\n"));
        }
        if !observed.is_empty() {
            text.push_str(&format!("\nobserve {}\n", observed.join(", ")));
        }
        asm::format("program.rvm", &text).unwrap_or(text)
    }

    /// Returns the program as the subject of assertions.
    pub fn subject(&self) -> Subject {
        program(self.text())
    }

    /// Returns the calls of each thread, each as the name of the proc and its arguments.
    pub fn calls(&self) -> Vec<Vec<(&str, &[i64])>> {
        let name = |call: &Call| self.object.operations[call.operation].name.as_str();
        let threads = self.threads.iter();
        threads
            .map(|calls| calls.iter().map(|call| (name(call), call.arguments.as_slice())).collect())
            .collect()
    }
}

impl Shrink for Client {
    /// Threads, calls, how far the operations are from the first, arguments.
    type Size = (usize, usize, usize, u64);

    fn size(&self) -> Self::Size {
        let calls = || self.threads.iter().flatten();
        let arguments = calls().flat_map(|call| &call.arguments).map(|number| number.unsigned_abs()).sum();
        (self.threads.len(), calls().count(), calls().map(|call| call.operation).sum(), arguments)
    }

    fn neighbours(&self) -> Vec<Client> {
        let mut all = Vec::new();
        let with = |threads: Vec<Vec<Call>>| Client { threads, ..self.clone() };
        for (index, calls) in self.threads.iter().enumerate() {
            if self.threads.len() > self.fewest {
                let mut threads = self.threads.clone();
                threads.remove(index);
                all.push(with(threads));
            }
            for (place, call) in calls.iter().enumerate() {
                let mut threads = self.threads.clone();
                threads[index].remove(place);
                all.push(with(threads));
                for instead in call.neighbours(&self.object) {
                    let mut threads = self.threads.clone();
                    threads[index][place] = instead;
                    all.push(with(threads));
                }
            }
        }
        all
    }
}

impl Call {
    /// Returns calls with smaller arguments, and of earlier operations.
    fn neighbours(&self, object: &Object) -> Vec<Call> {
        let earlier = (0..self.operation).map(|operation| {
            let mut arguments = self.arguments.clone();
            arguments.resize(object.operations[operation].arguments, 1);
            Call { operation, arguments }
        });
        let less = self.arguments.iter().enumerate().flat_map(|(index, &number)| {
            smaller(number).into_iter().filter(|&number| number > 0).map(move |number| {
                let mut arguments = self.arguments.clone();
                arguments[index] = number;
                Call { operation: self.operation, arguments }
            })
        });
        earlier.chain(less).collect()
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.text())
    }
}

impl From<&Client> for String {
    fn from(client: &Client) -> String {
        client.text()
    }
}
