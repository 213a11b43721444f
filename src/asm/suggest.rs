//! "Did you mean": the candidate nearest to a misspelt word.

/// Words longer than this are no misspellings, and comparing them would cost too much.
const LONGEST: usize = 64;

/// Returns the candidate that a person who wrote `word` most likely meant, if any is near enough: at most a
/// third of its letters wrong, where swapping two neighbours is one mistake and case is none. Of equally
/// near candidates the first wins.
pub(super) fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let wanted = word.to_ascii_lowercase();
    let allowed = (word.len() / 3).max(1);
    let near = candidates.into_iter().filter(|candidate| candidate.len() <= LONGEST && *candidate != word);
    let measured = near
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_ascii_lowercase()), candidate));
    // One mistake in a word of one letter is another word.
    let plausible =
        measured.filter(|&(distance, candidate)| distance <= allowed && distance < candidate.len());
    plausible.min_by_key(|&(distance, _)| distance).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn the_nearest_word_is_suggested_and_no_other() {
        let words = ["LOCK", "UNLOCK", "LOAD", "x", "counter"];
        assert_eq!(suggest("LOKC", words), Some("LOCK"));
        assert_eq!(suggest("unlok", words), Some("UNLOCK"));
        assert_eq!(suggest("cuonter", words), Some("counter"));
        assert_eq!(suggest("X", words), Some("x"));
        assert_eq!(suggest("y", words), None);
        assert_eq!(suggest("queue", words), None);
        assert_eq!(suggest(&"x".repeat(1 << 20), words), None);
    }
}
