//! Phone numbers in E.164, the one normaliser for every way in.

/// Normalises `text` to E.164 such as `+27123456789`; a number without `+` needs `region`, an ISO
/// 3166 code such as `ZA`. `None` when it is no phone number that way.
///
/// Numbers written with `+` take a path of their own: the full metadata costs some 20 µs a number,
/// and an event stream is full of numbers that are normal already.
pub fn normalise(text: &str, region: Option<&str>) -> Option<String> {
    let text = text.trim();
    if text.starts_with('+') || text.starts_with("00") {
        return international(text);
    }
    let region: phonenumber::country::Id = region?.parse().ok()?;
    let number = phonenumber::parse(Some(region), text).ok()?;
    phonenumber::is_valid(&number)
        .then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

/// Whether `text` is E.164 already.
pub(crate) fn is_normal(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        DIGITS.contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// Whether people write phone numbers with `character`.
pub(crate) fn is_written_with(character: char) -> bool {
    character.is_ascii_digit() || character == '+' || is_separator(character)
}

fn is_separator(character: char) -> bool {
    matches!(character, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}')
}

/// Digits that an E.164 number has.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The prefix of calls within a country, as written beside the country code it is left out after.
const TRUNK_PREFIX: &str = "(0)";

/// `text` without the trunk prefix, where a country code stands before it.
fn without_trunk_prefix(text: &str) -> (&str, &str) {
    match text.split_once(TRUNK_PREFIX) {
        Some((code, number)) if code.contains(|character: char| character.is_ascii_digit()) => {
            (code, number)
        }
        _ => (text, ""),
    }
}

/// The first digit is not 0.
fn international(text: &str) -> Option<String> {
    let rest = text.strip_prefix('+').or_else(|| text.strip_prefix("00"))?;
    let mut digits = String::with_capacity(16);
    digits.push('+');
    let (code, number) = without_trunk_prefix(rest);
    for character in code.chars().chain(number.chars()) {
        match character {
            '0'..='9' => digits.push(character),
            separator if is_separator(separator) => {}
            _ => return None,
        }
    }
    let count = digits.len() - 1;
    (DIGITS.contains(&count) && !digits.starts_with("+0")).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::normalise;

    /// S1-026: spellings of one number find one customer.
    #[test]
    fn spellings_of_one_number_are_one() {
        for text in [
            "+27 12 345 6789",
            "0027123456789",
            "+27-12-345-6789",
            "+27 (12) 345 6789",
            "+27 (0)12 345 6789",
            "0027(0)123456789",
        ] {
            assert_eq!(
                normalise(text, None).as_deref(),
                Some("+27123456789"),
                "{text}"
            );
        }
        assert_eq!(
            normalise("012 345 6789", Some("ZA")).as_deref(),
            Some("+27123456789")
        );
        assert_eq!(normalise("0123456789", None), None);
        assert_eq!(normalise("+0123456789", None), None);
        assert_eq!(normalise("+(0)27123456789", None), None);
        assert_eq!(normalise("+27 CALL ME", None), None);
    }
}
