//! Every code of a diagnostic, with what it means.

use super::grammar::SYNTAX_CODES;

/// The codes of names, kinds, structure and bounds.
const MEANING_CODES: &[(&str, &str)] = &[
    ("E0101", "A name is not declared anywhere."),
    ("E0102", "A name is declared twice: all file-level names share one name space."),
    ("E0103", "A thread's own local has the name of a file-level declaration."),
    ("E0104", "A label stands twice in one thread or proc."),
    ("E0105", "A constant needs its own value."),
    ("E0106", "A label is not in this thread or proc."),
    ("E0107", "A local at file level has a value in every thread, and no thread is named."),
    ("E0201", "A name means something of another kind than is wanted in its place."),
    ("E0202", "An instruction does not work on this kind of synchronization object."),
    ("E0203", "An index stands behind something that is not an array."),
    ("E0204", "An array stands where one element is wanted."),
    ("E0205", "A constant index is out of range."),
    ("E0206", "A constant expression overflows 64 bits or divides by zero."),
    ("E0207", "A size or parameter is out of its bounds."),
    ("E0208", "A list of initial values does not have exactly the array's size."),
    ("E0209", "A range is empty: its first number is larger than its last."),
    ("E0210", "`START` names a thread that starts by itself."),
    ("E0211", "`RET` stands in a thread."),
    ("E0212", "A thread with copies stands where one copy is wanted."),
    ("E0213", "The index of a thread depends on the state."),
    ("E0214", "A tuple of an outcome set does not have one number for each variable."),
    ("E0301", "An instruction takes more values than the stack holds."),
    ("E0302", "Two paths come to an instruction with different stack heights."),
    ("E0303", "The returns of a proc leave different stack heights."),
    ("E0304", "Procs call each other in a circle."),
    ("E0401", "The program has too many threads, elements, objects or instructions."),
    ("E0402", "The program's text is too large, or included too deep."),
    ("E0403", "The program's threads take too much memory together."),
    ("E0404", "The stack can grow too high."),
    ("E0405", "`atomic` blocks are nested too deep."),
    ("E0501", "A thread, proc or `atomic` block is never closed."),
    ("E0502", "An `end` has nothing to close."),
    ("E0503", "Code stands outside a thread or proc."),
    ("E0504", "A declaration or expectation stands inside a body where it cannot."),
    ("E0505", "The switch model or memory model is chosen twice."),
    ("E0506", "The program has no thread."),
    ("E0601", "An included file cannot be read."),
    ("E0602", "A file includes itself, directly or through others."),
    ("E0603", "A file is included twice."),
];

/// Returns every code with one sentence that explains it, in order.
pub fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    SYNTAX_CODES.iter().chain(MEANING_CODES).copied()
}
