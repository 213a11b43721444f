//! racevm shows everything a concurrent program can do.
//!
//! A program for a small stack machine, a few threads of `LOAD`, `ADD`, `STORE`, `LOCK`, is executed under
//! every possible schedule. What comes out is exact: each outcome, in how many schedules, with what
//! probability, and by which schedule; each deadlock, fault, livelock and data race; and whether that is what
//! the program says of itself. The language is described in [`mod@reference`].
//!
//! ```
//! use racevm::asm::{NoFiles, Options, assemble};
//! use racevm::check::{Request, Unwatched, explore};
//!
//! let text = "
//!     shared x = 0
//!     thread inc[2]
//!         LOAD  x
//!         PUSH  1
//!         ADD
//!         STORE x
//!     end
//!     expect outcomes x = {1, 2}
//! ";
//! let program = assemble("lost_update.rvm", text, &Options::default(), &NoFiles).expect("it assembles");
//! let found = explore(&program, &Request::new(program.models), &mut Unwatched).expect("its states are small");
//!
//! assert_eq!(found.search.states, 32);
//! let lost = &found.outcomes[0];
//! assert_eq!(lost.values, [[1]]);
//! assert_eq!(lost.reached.schedules.as_ref().unwrap().finite().unwrap().to_string(), "68");
//! assert_eq!(lost.reached.probability.as_ref().unwrap().value, 0.875);
//! assert!(lost.reached.witness.to_text(&program).starts_with("A3 B4 A1@"));
//! ```
//!
//! In a `#[test]`, begin with [`testing`], whose [chapter on locks](testing::guide) shows how.
//!
//! # Bird's eye
//!
//! ```text
//! text ──asm──▶ Program ──vm──▶ Machine ──explore──▶ Space ──graph──▶ counts, probabilities
//!                                  │                   │ observer
//!                                  │                   ▼
//!                               schedule             check ──▶ Exploration ──report──▶ text, JSON
//!                          one execution at a time
//! ```
//!
//! A [`program::Program`] is closed: names are ids, stack heights are known, nothing can be out of range. A
//! [`vm::Machine`] is a program under a switch model and a memory model; its states are vectors of fixed
//! length, and a step is a function of state and choice. A [`explore::Space`] is what a search has visited:
//! every state once, whole, and every edge; a [`explore::sweep()`] visits millions, in boxes of many states
//! each, and keeps no edges. [`check::explore`] puts it all together.
//!
//! # Map
//!
//! | layer | what it knows |
//! | --- | --- |
//! | [`program`] | what a program is: the instruction table, ids, code, expectations, source map |
//! | [`asm`] | text to program and back: grammar, names, stack heights, diagnostics, layout, listing |
//! | [`memory`] | store buffers: `sc`, `tso`, `pso` |
//! | [`vm`] | one step: state, enabled, successors, faults, footprints |
//! | [`schedule`] | a schedule and its text, one execution of it, strategies that draw one |
//! | [`explore`] | the search: the one expansion, the store, reductions, witnesses |
//! | [`graph`] | what is computed over the graph: components, counts, probabilities, traces, drawing |
//! | [`check`] | what a search found, and verdicts |
//! | [`verify`] | questions that take many explorations: lock suites, linearizability, mutants |
//! | [`report`] | text, JSON, DOT |
//! | [`testing`] | what a `#[test]` calls: assertions, strategies |
//! | [`cli`] | the command line: arguments, files, clocks, exit codes |
//!
//! # Invariants
//!
//! - Imports go down this list read from the bottom, never up; a test reads the sources and says so.
//! - No layer but [`testing`] and [`cli`] opens a file, reads a clock or the environment, or prints.
//! - Nothing but [`explore::Expander`] decides what the successors of a node are.
//! - Two states are never taken for one: the store compares them whole.
//! - A reduction only takes away, and says what survives; `tests/oracle` holds it against the whole graph.
//! - A search that was cut never says that something does not happen.
//! - Whatever reaches an output is ordered; two runs give the same bytes.
//! - There is no `unsafe` code.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod asm;
pub mod check;
pub mod cli;
pub mod explore;
pub mod graph;
pub mod memory;
pub mod program;
pub mod report;
pub mod schedule;
pub mod testing;
pub mod verify;
pub mod vm;

#[doc = include_str!("reference.md")]
pub mod reference {}
