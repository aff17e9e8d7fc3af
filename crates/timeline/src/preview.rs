//! The first words of what was said.

use std::borrow::Cow;
use touchbook_events::Data;

/// Longest preview.
pub const CHARS_MAX: usize = 80;

/// What the entry shows of the record's own words; `None` where it has none or they were erased.
pub(crate) fn preview(data: &Data) -> Option<Cow<'_, str>> {
    words(data).map(shortened).filter(|text| !text.is_empty())
}

fn words(data: &Data) -> Option<&str> {
    match data {
        Data::EmailReceived(d) => d.personal.as_ref()?.body.value().map(|text| &**text),
        Data::EmailSent(d) => d.personal.as_ref()?.body.value().map(|text| &**text),
        Data::SmsReceived(d) => d.personal.as_ref()?.body.as_deref(),
        Data::SmsSent(d) => d.personal.as_ref()?.body.as_deref(),
        Data::ChatReceived(d) => d.personal.as_ref()?.body.as_deref(),
        Data::ChatSent(d) => d.personal.as_ref()?.body.as_deref(),
        Data::SocialReceived(d) => d.personal.as_ref()?.content.value().map(|text| &**text),
        Data::SocialSent(d) => d.personal.as_ref()?.content.value().map(|text| &**text),
        Data::QuoteUpdated(d) => d.personal.as_ref()?.company.value().map(|text| &**text),
        Data::CallOutcomeRecorded(d) => d.personal.as_ref()?.notes.as_deref(),
        Data::CallTranscribed(d) => {
            let personal = d.personal.as_ref()?;
            personal.summary.as_deref().or(personal.text.as_deref())
        }
        Data::InteractionLogged(d) => d.personal.as_ref()?.description.value().map(|text| &**text),
        Data::InteractionCompleted(d) => d.personal.as_ref()?.outcome_details.as_deref(),
        Data::OrderRefunded(d) => d.personal.as_ref()?.reason.as_deref(),
        Data::Custom(d) => d.personal.as_ref()?.preview.as_deref(),
        _ => None,
    }
}

/// On one line, cut after [`CHARS_MAX`] characters, the last of them an ellipsis.
fn shortened(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let head = text.get(..text.len().min(CHARS_MAX));
    match head.filter(|head| is_plain(head.as_bytes())) {
        Some(head) if head.len() == text.len() => Cow::Borrowed(text),
        Some(head) => Cow::Owned(cut(head.to_owned())),
        None => Cow::Owned(squeezed(text)),
    }
}

/// Whether it is of ASCII words with one space between them, as most text is.
fn is_plain(text: &[u8]) -> bool {
    let is_printable = text.iter().all(|byte| matches!(byte, b' '..=b'~'));
    is_printable && !text.windows(2).any(|pair| pair == b"  ")
}

fn squeezed(text: &str) -> String {
    let mut short = String::with_capacity(text.len().min(CHARS_MAX + 4));
    let mut chars = 0;
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if chars > 0 {
            short.push(' ');
            chars += 1;
        }
        for character in word.chars() {
            if chars == CHARS_MAX {
                return cut(short);
            }
            short.push(character);
            chars += 1;
        }
        if chars == CHARS_MAX {
            return match words.peek() {
                Some(_) => cut(short),
                None => short,
            };
        }
    }
    short
}

fn cut(mut short: String) -> String {
    short.pop();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn plain_text_is_shortened_as_all_text_is(text in "([ -~]{0,30}|[ \\té\u{2003}a]{0,9}){0,9}") {
            prop_assert_eq!(shortened(&text), squeezed(&text));
        }
    }

    #[test]
    fn a_preview_is_one_line_of_at_most_80_characters() {
        assert_eq!(shortened("  Hello,\n\tworld  "), "Hello, world");
        assert_eq!(shortened(""), "");
        let exact = "é".repeat(CHARS_MAX);
        assert_eq!(shortened(&exact), exact);
        for (before, after) in [
            ("a", ""),
            ("  a", " "),
            ("a", " b"),
            ("a\r\n", ""),
            ("a", "b"),
        ] {
            for chars in [CHARS_MAX - 3, CHARS_MAX - 2, CHARS_MAX - 1, CHARS_MAX] {
                let text = format!("{before} {}{after}", "x".repeat(chars - 1));
                let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let is_cut = one_line.len() > CHARS_MAX;
                assert_eq!(shortened(&text).ends_with('…'), is_cut, "{text:?}");
                assert!(is_cut || shortened(&text) == one_line, "{text:?}");
            }
        }
        let words = "word ".repeat(100);
        let long = shortened(&words);
        assert_eq!(long.chars().count(), CHARS_MAX);
        assert!(long.ends_with('…'), "{long}");
        let one = "x".repeat(100_000);
        assert_eq!(shortened(&one).chars().count(), CHARS_MAX);
    }
}
