//! Where a long text is cut.

/// What is longer is cut between two words, so that a text without a full stop costs no more than
/// any other. Rules about negation and emphasis look at few words around each, so a cut changes
/// little.
pub(crate) const SENTENCE_BYTES_MAX: usize = 1_000;

/// The sentences of `text` in order, none of them blank or longer than [`SENTENCE_BYTES_MAX`].
///
/// One ends with `.`, `!`, `?` or `…` before white space, and with its line, unless the next line
/// goes on in lower case, as it does in mail that was wrapped.
pub(crate) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let (sentence, after) = rest.split_at(end_of_first(rest));
        rest = after;
        (!sentence.is_empty()).then_some(sentence)
    })
}

/// Where the sentence ends with which `text` begins; no white space stands before it.
fn end_of_first(text: &str) -> usize {
    let mut last_gap = None;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        if character.is_whitespace() {
            let is_complete = matches!(before, '.' | '!' | '?' | '…');
            if is_complete || character == '\n' && !goes_on(&text[at + 1..]) {
                return at;
            }
            last_gap = Some(at);
        }
        if at + character.len_utf8() > SENTENCE_BYTES_MAX {
            return last_gap.unwrap_or(at);
        }
        before = character;
    }
    text.len()
}

/// Whether what follows a line break is part of the sentence before it.
fn goes_on(next_line: &str) -> bool {
    let words = next_line.trim_start_matches([' ', '\t']);
    words.starts_with(|first: char| first.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text).map(str::trim_end).collect()
    }

    #[test]
    fn sentences_end_with_their_marks_and_lines() {
        for (text, want) in [
            ("", &[][..]),
            (" \n ", &[]),
            ("One. Two!! Three?", &["One.", "Two!!", "Three?"]),
            ("It costs 3.50 today", &["It costs 3.50 today"]),
            ("no stop here\nNext line", &["no stop here", "Next line"]),
            ("I am not\r\nhappy", &["I am not\r\nhappy"]),
            ("Dear team\n\nthanks", &["Dear team", "thanks"]),
            ("Well… yes", &["Well…", "yes"]),
        ] {
            assert_eq!(cut(text), want, "{text:?}");
        }
    }

    #[test]
    fn a_sentence_without_end_is_cut_between_words() {
        let endless = "good day ".repeat(1_000);
        let cut = cut(&endless);
        assert!(cut.len() > 8);
        assert!(
            cut.iter()
                .all(|part| part.starts_with("good") || part.starts_with("day"))
        );
    }

    proptest! {
        #[test]
        fn nothing_but_white_space_is_lost_and_nothing_is_too_long(
            text in prop_oneof![any::<String>(), "[a-zé.!? \n]{0,3000}", "[!é💘]{900,1500}"],
        ) {
            let parts: Vec<&str> = sentences(&text).collect();
            prop_assert!(parts.iter().all(|part| part.len() <= SENTENCE_BYTES_MAX));
            prop_assert!(parts.iter().all(|part| !part.trim().is_empty()));
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&parts.concat()), bare(&text));
        }
    }
}
