//! What somebody types who looks for a phone number.

use touchbook_events::phone;

/// Fewer digits are no phone number, and would be found at the end of too many.
const DIGITS_MIN: usize = 4;

/// The digits that a number meant by `query` ends in: all of them where its country is known, else
/// those after the trunk zeros. `None` when `query` is no number (S1-026).
pub(crate) fn digits(query: &str, region: Option<&str>) -> Option<String> {
    let query = query.trim();
    let is_number = query
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '.' | '(' | ')' | '/'));
    if !is_number {
        return None;
    }
    if let Some(number) = phone::normalise(query, region) {
        return Some(number.trim_start_matches('+').to_owned());
    }
    let digits: String = query.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (digits.len() >= DIGITS_MIN).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::digits;

    /// S1-026.
    #[test]
    fn spellings_end_in_the_same_digits() {
        for text in ["+27 12 345 6789", "27123456789", "0027 12 345 6789"] {
            assert_eq!(digits(text, None).as_deref(), Some("27123456789"), "{text}");
        }
        assert_eq!(digits("0123456789", None).as_deref(), Some("123456789"));
        assert_eq!(
            digits("(012) 345-6789", Some("ZA")).as_deref(),
            Some("27123456789")
        );
        assert_eq!(digits("12", None), None);
        assert_eq!(digits("order 12345", None), None);
    }
}
