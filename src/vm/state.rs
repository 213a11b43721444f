//! A state: everything that decides how an execution can go on.

/// The words of one state, of a fixed length that [`Layout`](super::Layout) gives. Equal states are equal
/// words: whatever is not in use is zero.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct State {
    pub(super) words: Box<[i64]>,
}

impl Clone for State {
    fn clone(&self) -> State {
        State { words: self.words.clone() }
    }

    /// Copies the words in place: expansions do so for every edge, and the derived form would allocate.
    fn clone_from(&mut self, source: &State) {
        self.words.clone_from(&source.words);
    }
}

impl State {
    /// Makes a state of words that came from [`words`](Self::words) under the same layout.
    pub fn from_words(words: Box<[i64]>) -> State {
        State { words }
    }

    /// Returns the words.
    pub fn words(&self) -> &[i64] {
        &self.words
    }

    /// Returns the words for a store to fill in; it must put back what it took from a state.
    pub fn words_mut(&mut self) -> &mut [i64] {
        &mut self.words
    }
}
