//! The specifications that come with racevm.

use std::fmt;
use std::str::FromStr;

use super::specification::{Answer, Argument, Call, Operation, Specification};

/// A specification that comes with racevm. Its text is its name: `queue`, `bounded-queue:2`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shipped {
    /// What the object is.
    pub kind: Kind,
    /// An operation that finds nothing, or no room, waits instead of saying so.
    pub waits: bool,
}

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `increment`, `decrement` (each leaves nothing, or the number before), `read`; begins at 0.
    Counter,
    /// `write` takes so many values, `read` leaves them; they begin at 0. With one value also `exchange` and
    /// `compare_and_swap`.
    Register(u32),
    /// `push`, `pop`, `top`, `size`, `is_empty`.
    Stack,
    /// `enqueue`, `dequeue`, `peek`, `size`, `is_empty`.
    Queue,
    /// A queue with room for so many values.
    BoundedQueue(u32),
    /// `insert`, `remove`, `contains`: each leaves whether the value was in (for `insert`: was not); the first
    /// two may leave nothing.
    Set,
    /// `get` takes what its caller would put in and leaves what was put in first; `clear` empties it.
    Cache,
}

/// The values that clients pass where it matters which they are.
const FEW: [i64; 2] = [1, 2];

impl Shipped {
    /// The texts of all of them, for help.
    pub const TEXTS: [&str; 7] =
        ["counter", "register[:WIDTH]", "stack", "queue", "bounded-queue:ROOM", "set", "cache"];

    /// Makes a specification whose operations never wait.
    pub fn new(kind: Kind) -> Shipped {
        Shipped { kind, waits: false }
    }

    /// Lets operations that find nothing, or no room, wait.
    pub fn waiting(mut self, waits: bool) -> Shipped {
        self.waits = waits;
        self
    }

    /// What an operation does that finds nothing to take: a number below 1 for *nothing* where it leaves one
    /// value, `0 0` where it leaves two.
    fn nothing(self, call: &Call<'_>) -> Answer {
        if self.waits { Answer::Waits } else { Answer::Returns(vec![0; call.results]) }
    }

    fn room(self) -> usize {
        if let Kind::BoundedQueue(room) = self.kind { room as usize } else { usize::MAX }
    }

    /// Takes a value out of a container: it alone, or with a 1 behind it.
    fn take(self, state: &mut Vec<i64>, call: &Call<'_>, at: Option<usize>, remove: bool) -> Answer {
        let Some(at) = at else { return self.nothing(call) };
        let value = if remove { state.remove(at) } else { state[at] };
        Answer::Returns([value, 1][..call.results].to_vec())
    }
}

/// What an operation returns that may as well return nothing.
fn maybe(call: &Call<'_>, value: i64) -> Answer {
    Answer::Returns(if call.results == 0 { Vec::new() } else { vec![value] })
}

impl Specification for Shipped {
    type State = Vec<i64>;

    fn name(&self) -> String {
        match self.kind {
            Kind::Counter => "counter".to_owned(),
            Kind::Register(1) => "register".to_owned(),
            Kind::Register(width) => format!("register of {width} values"),
            Kind::Stack => "stack".to_owned(),
            Kind::Queue => "queue".to_owned(),
            Kind::BoundedQueue(room) => format!("queue with room for {room}"),
            Kind::Set => "set".to_owned(),
            Kind::Cache => "cache".to_owned(),
        }
    }

    fn operations(&self) -> Vec<Operation> {
        let few = || Argument::OneOf(FEW.to_vec());
        let fresh = || Argument::Fresh;
        let size = || {
            [
                Operation::new("size").or(&["len", "length"]).leaves([1]),
                Operation::new("is_empty").leaves([1]),
            ]
        };
        let mut operations = match self.kind {
            Kind::Counter => vec![
                Operation::new("increment").or(&["inc"]).leaves([0, 1]),
                Operation::new("decrement").or(&["dec"]).leaves([0, 1]),
                Operation::new("read").or(&["get", "value"]).leaves([1]),
            ],
            Kind::Register(width) => {
                let width = width as usize;
                let write = Operation::new("write").or(&["set"]);
                let write = (0..width).fold(write, |write, _| write.takes(fresh()));
                vec![write, Operation::new("read").or(&["get"]).leaves([width])]
            }
            Kind::Stack => vec![
                Operation::new("push").takes(fresh()).leaves([0]),
                Operation::new("pop").leaves([1, 2]),
                Operation::new("top").leaves([1, 2]),
            ],
            Kind::Queue | Kind::BoundedQueue(_) => vec![
                Operation::new("enqueue").or(&["put", "offer"]).takes(fresh()).leaves([0, 1]),
                Operation::new("dequeue").or(&["get", "take", "poll"]).leaves([1, 2]),
                Operation::new("peek").leaves([1, 2]),
            ],
            Kind::Set => vec![
                Operation::new("insert").or(&["add"]).takes(few()).leaves([0, 1]),
                Operation::new("remove").or(&["delete"]).takes(few()).leaves([0, 1]),
                Operation::new("contains").takes(few()).leaves([1]),
            ],
            Kind::Cache => vec![
                Operation::new("get").takes(fresh()).leaves([1]),
                Operation::new("clear").or(&["invalidate"]).leaves([0]),
            ],
        };
        match self.kind {
            Kind::Register(1) => operations.extend([
                Operation::new("exchange").or(&["swap"]).takes(fresh()).leaves([1]),
                Operation::new("compare_and_swap")
                    .or(&["cas"])
                    .takes(Argument::OneOf(vec![0, 1]))
                    .takes(fresh())
                    .leaves([1]),
            ]),
            Kind::Stack | Kind::Queue | Kind::BoundedQueue(_) => operations.extend(size()),
            _ => {}
        }
        operations
    }

    fn initial(&self) -> Vec<i64> {
        match self.kind {
            Kind::Counter => vec![0],
            Kind::Register(width) => vec![0; width as usize],
            _ => Vec::new(),
        }
    }

    fn apply(&self, state: &mut Vec<i64>, call: &Call<'_>) -> Answer {
        match call.operation {
            "increment" | "decrement" => {
                let before = state[0];
                state[0] += if call.operation == "increment" { 1 } else { -1 };
                maybe(call, before)
            }
            "read" => Answer::Returns(state.clone()),
            "write" => {
                state.copy_from_slice(call.arguments);
                Answer::Returns(Vec::new())
            }
            "exchange" => Answer::Returns(vec![std::mem::replace(&mut state[0], call.arguments[0])]),
            "compare_and_swap" => {
                let is_as_expected = state[0] == call.arguments[0];
                if is_as_expected {
                    state[0] = call.arguments[1];
                }
                Answer::Returns(vec![i64::from(is_as_expected)])
            }
            "push" | "enqueue" => {
                let has_room = state.len() < self.room();
                if has_room {
                    state.push(call.arguments[0]);
                } else if self.waits || call.results == 0 {
                    return Answer::Waits;
                }
                maybe(call, i64::from(has_room))
            }
            "pop" | "top" => self.take(state, call, state.len().checked_sub(1), call.operation == "pop"),
            "dequeue" | "peek" => {
                let first = (!state.is_empty()).then_some(0);
                self.take(state, call, first, call.operation == "dequeue")
            }
            "size" => Answer::Returns(vec![state.len() as i64]),
            "is_empty" => Answer::Returns(vec![i64::from(state.is_empty())]),
            "insert" | "remove" | "contains" => {
                let value = call.arguments[0];
                let at = state.binary_search(&value);
                match (call.operation, at) {
                    ("insert", Err(at)) => state.insert(at, value),
                    ("remove", Ok(at)) => {
                        state.remove(at);
                    }
                    _ => {}
                }
                maybe(call, i64::from(at.is_ok() != (call.operation == "insert")))
            }
            "get" => {
                if state.is_empty() {
                    state.push(call.arguments[0]);
                }
                Answer::Returns(state.clone())
            }
            "clear" => {
                state.clear();
                Answer::Returns(Vec::new())
            }
            other => unreachable!("no operation of a shipped specification is called {other}"),
        }
    }

    /// A container says *nothing* as it likes: with any number below 1, because clients put in 1, 2, 3, …; or
    /// with a 0 on top, whatever lies below.
    fn agrees(&self, call: &Call<'_>, expected: &[i64], returned: &[i64]) -> bool {
        let takes = matches!(call.operation, "pop" | "top" | "dequeue" | "peek");
        match (expected, returned) {
            ([0], [said]) if takes => *said < 1,
            ([_, 0], [_, said]) if takes => *said == 0,
            _ => expected == returned,
        }
    }
}

impl fmt::Display for Shipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Counter => f.write_str("counter"),
            Kind::Register(1) => f.write_str("register"),
            Kind::Register(width) => write!(f, "register:{width}"),
            Kind::Stack => f.write_str("stack"),
            Kind::Queue => f.write_str("queue"),
            Kind::BoundedQueue(room) => write!(f, "bounded-queue:{room}"),
            Kind::Set => f.write_str("set"),
            Kind::Cache => f.write_str("cache"),
        }
    }
}

impl FromStr for Shipped {
    type Err = String;

    fn from_str(text: &str) -> Result<Shipped, String> {
        let (word, number) = text.split_once(':').map_or((text, None), |(word, number)| (word, Some(number)));
        let number = match number.map(str::parse::<u32>) {
            None => None,
            Some(Ok(number)) if (1..=16).contains(&number) => Some(number),
            Some(_) => return Err(format!("`{text}`: a number from 1 to 16 should stand behind the colon")),
        };
        let kind = match (word, number) {
            ("counter", None) => Kind::Counter,
            ("register", width) => Kind::Register(width.unwrap_or(1)),
            ("stack", None) => Kind::Stack,
            ("queue", None) => Kind::Queue,
            ("bounded-queue", Some(room)) => Kind::BoundedQueue(room),
            ("bounded-queue", None) => return Err("how much room has it? bounded-queue:2".to_owned()),
            ("set", None) => Kind::Set,
            ("cache", None) => Kind::Cache,
            _ => return Err(format!("`{text}` is none of {}", Shipped::TEXTS.join(", "))),
        };
        Ok(Shipped::new(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs calls one after another; `None` for a call that waits.
    fn run(spec: Shipped, calls: &[(&str, &[i64], usize)]) -> Vec<Option<Vec<i64>>> {
        let mut state = spec.initial();
        let answer = |&(operation, arguments, results): &(&str, &[i64], usize)| match spec
            .apply(&mut state, &Call { operation, arguments, results })
        {
            Answer::Returns(values) => Some(values),
            Answer::Waits => None,
        };
        calls.iter().map(answer).collect()
    }

    fn returns(values: &[&[i64]]) -> Vec<Option<Vec<i64>>> {
        values.iter().map(|values| Some(values.to_vec())).collect()
    }

    #[test]
    fn a_stack_and_a_queue_differ_in_who_goes_first() {
        let put: [(&str, &[i64], usize); 2] = [("push", &[1], 0), ("push", &[2], 0)];
        let found = run(
            Shipped::new(Kind::Stack),
            &[&put[..], &[("pop", &[], 1), ("pop", &[], 2), ("pop", &[], 2)]].concat(),
        );
        assert_eq!(found, returns(&[&[], &[], &[2], &[1, 1], &[0, 0]]));
        let put: [(&str, &[i64], usize); 2] = [("enqueue", &[1], 0), ("enqueue", &[2], 1)];
        let found =
            run(Shipped::new(Kind::Queue), &[&put[..], &[("peek", &[], 1), ("dequeue", &[], 1)]].concat());
        assert_eq!(found, returns(&[&[], &[1], &[1], &[1]]));
    }

    #[test]
    fn a_bounded_queue_says_that_it_is_full_or_waits() {
        let calls: [(&str, &[i64], usize); 3] =
            [("enqueue", &[1], 1), ("enqueue", &[2], 1), ("dequeue", &[], 1)];
        let bounded = Shipped::new(Kind::BoundedQueue(1));
        assert_eq!(run(bounded, &calls), returns(&[&[1], &[0], &[1]]));
        assert_eq!(run(bounded.waiting(true), &calls), [Some(vec![1]), None, Some(vec![1])]);
    }

    #[test]
    fn the_others_do_what_their_names_say() {
        let found = run(
            Shipped::new(Kind::Counter),
            &[("increment", &[], 0), ("decrement", &[], 1), ("read", &[], 1)],
        );
        assert_eq!(found, returns(&[&[], &[1], &[0]]));
        let found = run(
            Shipped::new(Kind::Set),
            &[
                ("insert", &[2], 1),
                ("insert", &[2], 1),
                ("contains", &[1], 1),
                ("remove", &[2], 1),
                ("remove", &[2], 1),
            ],
        );
        assert_eq!(found, returns(&[&[1], &[0], &[0], &[1], &[0]]));
        let found = run(
            Shipped::new(Kind::Cache),
            &[("get", &[1], 1), ("get", &[2], 1), ("clear", &[], 0), ("get", &[3], 1)],
        );
        assert_eq!(found, returns(&[&[1], &[1], &[], &[3]]));
        let found = run(
            Shipped::new(Kind::Register(2)),
            &[("read", &[], 2), ("write", &[1, 2], 0), ("read", &[], 2)],
        );
        assert_eq!(found, returns(&[&[0, 0], &[], &[1, 2]]));
        let found = run(
            Shipped::new(Kind::Register(1)),
            &[("compare_and_swap", &[0, 5], 1), ("compare_and_swap", &[0, 6], 1), ("exchange", &[7], 1)],
        );
        assert_eq!(found, returns(&[&[1], &[0], &[5]]));
    }

    #[test]
    fn texts_are_read_back() {
        for text in ["counter", "register", "register:2", "stack", "queue", "bounded-queue:3", "set", "cache"]
        {
            assert_eq!(text.parse::<Shipped>().unwrap().to_string(), text);
        }
        for text in ["heap", "queue:2", "bounded-queue", "bounded-queue:0", "register:x"] {
            assert!(text.parse::<Shipped>().is_err(), "{text}");
        }
    }
}
