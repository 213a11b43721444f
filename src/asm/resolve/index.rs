//! Constant indices, and what is wrong with them: of variables, objects and threads alike.

use crate::program::Span;

use super::super::ast::{Const, Name};
use super::super::diagnostic::Diagnostic;
use super::super::names::Meaning;
use super::Context;

impl Context<'_> {
    /// Resolves a constant index, or the lack of one.
    pub(super) fn element(
        &mut self,
        name: &Name,
        meaning: Meaning,
        index: Option<&Const>,
        len: u32,
        is_array: bool,
    ) -> Option<u32> {
        let Some(index) = index else {
            if is_array {
                let message = format!("array `{}` without an index", name.value);
                let mut error = Diagnostic::new("E0204", message, name.span, "which element?");
                error.related.extend(
                    self.declaration(&name.value, meaning).map(|place| (place, "declared here".to_owned())),
                );
                self.errors.push(error.help(format!("write `{}[0]`, for example", name.value)));
                return None;
            }
            return Some(0);
        };
        if !is_array {
            self.not_an_array(name, meaning, index.span);
            return None;
        }
        let number = self.constant(index)?;
        match u32::try_from(number) {
            Ok(element) if element < len => Some(element),
            // How many there are is not known.
            _ if self.is_sizeless(meaning) => None,
            _ => {
                let message = format!("index {number} of `{}` is out of range", name.value);
                let label =
                    if len == 1 { "must be 0".to_owned() } else { format!("must be 0 to {}", len - 1) };
                let mut error = Diagnostic::new("E0205", message, index.span, label);
                error.related.extend(
                    self.declaration(&name.value, meaning).map(|place| (place, "declared here".to_owned())),
                );
                self.errors.push(error);
                None
            }
        }
    }

    pub(super) fn not_an_array(&mut self, name: &Name, meaning: Meaning, span: Span) {
        let message = format!("`{}` is not an array", name.value);
        let mut error = Diagnostic::new("E0203", message, span, "has no elements");
        if let Some(declared) = self.declaration(&name.value, meaning) {
            error = error.related(declared, "declared here without a size");
        }
        self.errors.push(error.help(format!("write `{}` without brackets", name.value)));
    }
}
