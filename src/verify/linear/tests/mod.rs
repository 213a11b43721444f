//! Objects that are known to be right and wrong, and the search held against others that are slow and plain.

mod objects;
mod oracle;
mod orders;

use super::{Kind, Report, Shipped, Size, Suite};
use crate::explore::Unwatched;
use crate::program::MemoryModel;

/// Asks about an object under sequential consistency.
fn ask(text: &str, kind: Kind, size: &str) -> Report {
    let size: Size = size.parse().expect("it is a size");
    let suite = Suite::new("object.rvm", text, Shipped::new(kind)).sizes([size]).memories([MemoryModel::Sc]);
    suite.run(&mut Unwatched).expect("it is an object")
}
