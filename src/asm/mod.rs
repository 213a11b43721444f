//! Text to program and back.

pub mod ast;
mod diagnostic;

pub use diagnostic::{Diagnostic, Diagnostics};
