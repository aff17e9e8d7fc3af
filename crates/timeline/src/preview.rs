//! The first words of what was said.

use touchbook_events::Data;

/// Longest preview.
pub const CHARS_MAX: usize = 80;

/// What the entry shows of the record's own words; `None` where it has none or they were erased.
pub(crate) fn preview(data: &Data) -> Option<String> {
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
fn shortened(text: &str) -> String {
    let mut short = String::with_capacity(text.len().min(CHARS_MAX + 4));
    let mut chars = 0;
    for word in text.split_whitespace() {
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
            let is_all = text.trim_end().ends_with(word) && short.len() >= text.trim().len();
            return if is_all { short } else { cut(short) };
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

    #[test]
    fn a_preview_is_one_line_of_at_most_80_characters() {
        assert_eq!(shortened("  Hello,\n\tworld  "), "Hello, world");
        assert_eq!(shortened(""), "");
        let exact = "é".repeat(CHARS_MAX);
        assert_eq!(shortened(&exact), exact);
        let long = shortened(&"word ".repeat(100));
        assert_eq!(long.chars().count(), CHARS_MAX);
        assert!(long.ends_with('…'), "{long}");
        let one_word = shortened(&"x".repeat(100_000));
        assert_eq!(one_word.chars().count(), CHARS_MAX);
    }
}
