//! What a `#[test]` calls: assertions over every schedule of a program.
