//! Every client up to a size, the smallest first.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::claims::Roles;
use super::client::{Client, Made};
use super::object::Procedure;
use super::specification::Argument;

/// How many threads a client has at most, and how many calls each of them makes at most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Size {
    /// Threads, at least 1.
    pub threads: u32,
    /// Calls of each of them, at least 1.
    pub calls: u32,
}

/// The sizes that are asked about unless others are named, as far as they have few clients.
const USUAL_SIZES: [(u32, u32); 6] = [(1, 3), (2, 2), (1, 4), (3, 1), (2, 3), (1, 6)];

/// The size beyond the usual ones, which is gone into as far as is quick.
const FURTHER_SIZE: Size = Size { threads: 3, calls: 2 };

/// The most clients of one of the usual sizes, and of the one beyond them.
const FEW_CLIENTS: f64 = 2_500.0;

/// What decides which clients there are.
pub(super) struct Clients<'a> {
    /// What can be called.
    pub procedures: &'a [Procedure],
    /// Which threads may call what; any thread may call anything without them.
    pub roles: Option<&'a Roles>,
    /// The object's code does not look at `SELF`, so that the order of the threads does not matter.
    pub symmetric: bool,
}

/// A call whose fresh arguments have no values yet.
type Shape<'a> = (&'a str, Vec<Option<i64>>);

impl Clients<'_> {
    /// Lists every client of these sizes: by number of calls, then of threads.
    pub fn all(&self, sizes: &[Size]) -> Vec<Client> {
        let mut clients = BTreeSet::new();
        for &size in sizes {
            let kinds: Vec<(bool, Vec<Vec<Shape<'_>>>)> = self
                .kinds()
                .into_iter()
                .map(|(many, procedures)| (many, sequences(&procedures, size.calls)))
                .collect();
            let mut chosen = Vec::new();
            self.choose(&kinds, size.threads, &mut vec![false; kinds.len()], &mut chosen, &mut clients);
        }
        let mut clients: Vec<Client> = clients.into_iter().collect();
        clients.sort_by_key(|client| (client.calls(), client.threads.len()));
        clients
    }

    /// Returns the usual sizes that this object has few clients of.
    pub fn usual_sizes(&self) -> Vec<Size> {
        let sizes = USUAL_SIZES.iter().map(|&(threads, calls)| Size { threads, calls });
        let few: Vec<Size> = sizes.filter(|&size| self.estimate(size) <= FEW_CLIENTS).collect();
        let is_largest = |size: &&Size| {
            !few.iter()
                .any(|other| other != *size && other.threads >= size.threads && other.calls >= size.calls)
        };
        let mut largest: Vec<Size> = few.iter().filter(is_largest).copied().collect();
        largest.sort_unstable();
        largest
    }

    /// Lists the clients of the size beyond the usual ones, if they are few, that are not among these.
    pub fn further(&self, clients: &[Client]) -> Option<(Size, Vec<Client>)> {
        if self.estimate(FURTHER_SIZE) > FEW_CLIENTS {
            return None;
        }
        let known: BTreeSet<&Client> = clients.iter().collect();
        let mut further = self.all(&[FURTHER_SIZE]);
        further.retain(|client| !known.contains(client));
        Some((FURTHER_SIZE, further)).filter(|(_, further)| !further.is_empty())
    }

    /// Returns the procs of each kind of thread, and whether there may be many of it.
    fn kinds(&self) -> Vec<(bool, Vec<&Procedure>)> {
        match self.roles {
            None => vec![(true, self.procedures.iter().collect())],
            Some(roles) => roles
                .roles
                .iter()
                .map(|role| {
                    let named = |procedure: &&Procedure| role.procs.contains(&procedure.proc);
                    (role.many, self.procedures.iter().filter(named).collect())
                })
                .collect(),
        }
    }

    /// Returns about how many clients of a size there are.
    fn estimate(&self, size: Size) -> f64 {
        let sequences = |procedures: &[&Procedure]| {
            let calls = procedures.iter().map(|procedure| choices(procedure).len() as f64).sum::<f64>();
            (1..=size.calls).map(|length| calls.powi(length as i32)).sum::<f64>()
        };
        let kinds = self.kinds();
        let many = kinds.iter().filter(|(many, _)| *many).map(|(_, procs)| sequences(procs)).sum::<f64>();
        let single = kinds.iter().filter(|(many, _)| !many).map(|(_, procs)| sequences(procs));
        let (mut clients, mut threads) = (1.0, size.threads);
        for sequences in single {
            if threads > 0 {
                clients *= sequences;
                threads -= 1;
            }
        }
        for thread in 1..=threads {
            clients *= if many > 0.0 { many } else { 1.0 };
            clients /= if self.symmetric && many > 0.0 { f64::from(thread) } else { 1.0 };
        }
        clients
    }

    /// Adds every client whose first threads are chosen.
    fn choose<'k>(
        &self,
        kinds: &'k [(bool, Vec<Vec<Shape<'k>>>)],
        threads: u32,
        taken: &mut Vec<bool>,
        chosen: &mut Vec<&'k Vec<Shape<'k>>>,
        clients: &mut BTreeSet<Client>,
    ) {
        if !chosen.is_empty() {
            clients.insert(with_values(chosen));
        }
        if chosen.len() == threads as usize {
            return;
        }
        for (kind, (many, sequences)) in kinds.iter().enumerate() {
            if taken[kind] {
                continue;
            }
            taken[kind] = !many;
            for sequence in sequences {
                if self.symmetric && chosen.last().is_some_and(|last| *last > sequence) {
                    continue;
                }
                chosen.push(sequence);
                self.choose(kinds, threads, taken, chosen, clients);
                chosen.pop();
            }
            taken[kind] = false;
        }
    }
}

/// Returns every sequence of 1 to `most` calls.
fn sequences<'a>(procedures: &[&'a Procedure], most: u32) -> Vec<Vec<Shape<'a>>> {
    let calls: Vec<Shape<'a>> = procedures
        .iter()
        .flat_map(|procedure| choices(procedure).into_iter().map(|values| (procedure.proc.as_str(), values)))
        .collect();
    let mut all: Vec<Vec<Shape<'a>>> = Vec::new();
    let mut last = vec![Vec::new()];
    for _ in 0..most {
        let longer = |sequence: &Vec<Shape<'a>>| {
            calls
                .iter()
                .map(|call| sequence.iter().cloned().chain([call.clone()]).collect())
                .collect::<Vec<_>>()
        };
        last = last.iter().flat_map(longer).collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// Returns every choice of arguments, those that are fresh left open.
fn choices(procedure: &Procedure) -> Vec<Vec<Option<i64>>> {
    let mut choices = vec![Vec::new()];
    for argument in &procedure.arguments {
        let values: Vec<Option<i64>> = match argument {
            Argument::Fresh => vec![None],
            Argument::OneOf(values) => values.iter().copied().map(Some).collect(),
        };
        choices = choices
            .iter()
            .flat_map(|chosen: &Vec<Option<i64>>| {
                values
                    .iter()
                    .map(|&value| chosen.iter().copied().chain([value]).collect())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    choices
}

/// Gives every fresh argument a value of its own.
fn with_values(chosen: &[&Vec<Shape<'_>>]) -> Client {
    let mut fresh = 0;
    let mut made = |(proc, arguments): &Shape<'_>| {
        let mut value = |argument: &Option<i64>| {
            argument.unwrap_or_else(|| {
                fresh += 1;
                fresh
            })
        };
        Made { proc: (*proc).to_owned(), arguments: arguments.iter().map(&mut value).collect() }
    };
    Client { threads: chosen.iter().map(|sequence| sequence.iter().map(&mut made).collect()).collect() }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.threads, self.calls)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let wrong = || format!("`{text}` is no size: expected THREADSxCALLS, as in 2x3");
        let (threads, calls) = text.split_once('x').ok_or_else(wrong)?;
        let number =
            |digits: &str| digits.trim().parse().ok().filter(|n| (1..=16).contains(n)).ok_or_else(wrong);
        let size = Size { threads: number(threads)?, calls: number(calls)? };
        if size.threads * size.calls > 64 {
            return Err(format!("`{text}`: a client makes at most 64 calls"));
        }
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn procedure(proc: &str, arguments: &[Argument]) -> Procedure {
        Procedure {
            proc: proc.to_owned(),
            operation: proc.to_owned(),
            arguments: arguments.to_vec(),
            results: 0,
        }
    }

    fn texts(procedures: &[Procedure], roles: Option<&str>, symmetric: bool, sizes: &[&str]) -> Vec<String> {
        let roles: Option<Roles> = roles.map(|roles| roles.parse().unwrap());
        let sizes: Vec<Size> = sizes.iter().map(|size| size.parse().unwrap()).collect();
        let clients = Clients { procedures, roles: roles.as_ref(), symmetric };
        clients.all(&sizes).iter().map(Client::to_string).collect()
    }

    #[test]
    fn the_smallest_come_first_and_threads_are_interchangeable() {
        let stack = [procedure("push", &[Argument::Fresh]), procedure("pop", &[])];
        let found = texts(&stack, None, true, &["2x1"]);
        assert_eq!(found, ["pop", "push(1)", "pop | pop", "pop | push(1)", "push(1) | push(2)"]);
        assert_eq!(texts(&stack, None, false, &["2x1"]).len(), 6);
    }

    #[test]
    fn the_number_of_clients_is_that_of_multisets_of_sequences() {
        let stack = [procedure("push", &[Argument::Fresh]), procedure("pop", &[])];
        // n sequences of up to K calls: multisets of one, two and three of them.
        assert_eq!(texts(&stack, None, true, &["3x2"]).len(), 6 + 21 + 56);
        let set = [
            procedure("insert", &[Argument::OneOf(vec![1, 2])]),
            procedure("contains", &[Argument::OneOf(vec![1, 2])]),
        ];
        assert_eq!(texts(&set, None, true, &["1x2"]).len(), 4 + 16);
    }

    #[test]
    fn roles_say_who_calls_what() {
        let queue = [procedure("enqueue", &[Argument::Fresh]), procedure("dequeue", &[])];
        let found = texts(&queue, Some("enqueue | dequeue"), true, &["2x1", "3x1"]);
        assert_eq!(found.len(), 3, "{found:?}");
        let found = texts(&queue, Some("enqueue | dequeue*"), true, &["3x1"]);
        assert_eq!(found.len(), 6, "{found:?}");
        assert!(!found.iter().any(|client| client.matches("enqueue").count() > 1));
    }

    #[test]
    fn many_operations_mean_small_clients() {
        let pick = |count: usize| {
            let procedures: Vec<Procedure> = (0..count).map(|n| procedure(&format!("p{n}"), &[])).collect();
            let clients = Clients { procedures: &procedures, roles: None, symmetric: true };
            clients.usual_sizes().iter().map(Size::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(pick(2), "1x6 2x3 3x1");
        assert_eq!(pick(6), "1x4 2x2 3x1");
    }
}
