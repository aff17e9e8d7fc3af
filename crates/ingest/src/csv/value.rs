//! What stands in a cell: numbers, minutes, dates and words.

use touchbook_events::catalogue::interaction::{TYPES, canonical_type};
use touchbook_events::catalogue::outcome::KnownOutcome;
use touchbook_events::text::Word;
use touchbook_events::{Moment, Policies, Timestamp};

/// 9999-12-31T23:59:59.999999Z, the last instant that RFC 3339 can write.
const LATEST: Timestamp = Timestamp::from_micros(253_402_300_799_999_999);
/// Digits after the point of minutes.
const MINUTE_DECIMALS_MAX: usize = 6;

/// Digits and nothing else (S0-015).
pub(super) fn count(text: &str) -> Option<u64> {
    is_digits(text).then(|| text.parse().ok()).flatten()
}

/// Minutes in seconds, exactly where that is a whole number, else rounded half up (S0-018).
///
/// An export rounds to hundredths of a minute, which are finer than seconds: the seconds that it
/// was made of come back, and so the same text.
pub(super) fn seconds_of_minutes(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > MINUTE_DECIMALS_MAX {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let whole = whole.parse::<u128>().ok()?.checked_mul(scale)?;
    let minutes = whole.checked_add(fraction.parse().ok()?)?;
    let twice = minutes.checked_mul(2 * 60)?.checked_add(scale)?;
    u64::try_from(twice / (2 * scale)).ok()
}

/// Minutes with two decimals, rounded half up (C3).
pub(super) fn minutes_of_seconds(seconds: u64) -> String {
    let hundredths = (u128::from(seconds) * 100 + 30) / 60;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A date or a time from 1900 on, in the tenant's zone where it has none of its own (C12).
pub(super) fn instant(text: &str, policies: &Policies) -> Option<Timestamp> {
    let at = Moment::parse(text).ok()?.in_zone(policies.zone);
    (Timestamp::EARLIEST..=LATEST).contains(&at).then_some(at)
}

/// A type of interaction that is known or registered, however it is spelt (C4).
pub(super) fn interaction_type(text: &str, policies: &Policies) -> Option<Word> {
    let known = |word: &str| TYPES.contains(&canonical_type(word));
    let registered = |word: &str| {
        policies
            .interaction_types
            .iter()
            .any(|kind| **kind == *word)
    };
    let plain = text.to_ascii_lowercase().replace([' ', '-'], "_");
    let kind = [text, &plain]
        .into_iter()
        .find(|word| known(word) || registered(word))?;
    Word::new(kind).ok()
}

/// An outcome as it is spelt, if it is known or registered (C2).
pub(super) fn outcome(text: &str, policies: &Policies) -> Option<Word> {
    let registered = policies.outcomes.iter().any(|name| **name == *text);
    let known = registered || KnownOutcome::of(text).is_some();
    known.then(|| Word::new(text).ok()).flatten()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// S0-015, S0-016, S0-017.
    #[test]
    fn counts_are_whole_and_not_negative() {
        for (text, want) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("007", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("-1", None),
            ("+1", None),
            ("3.5", None),
            ("1,000", None),
            ("1e3", None),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(count(text), want, "{text}");
        }
    }

    /// S0-018, C3.
    #[test]
    fn minutes_are_kept_in_seconds() {
        for (text, want) in [
            ("2.25", Some(135)),
            ("0", Some(0)),
            ("90", Some(5400)),
            ("3.33", Some(200)),
            ("0.01", Some(1)),
            ("0.008333", Some(0)),
            ("0.008334", Some(1)),
            ("0.0083333", None),
            ("-1", None),
            ("1.", None),
            (".5", None),
            ("1.5.0", None),
            ("2,25", None),
            ("1e2", None),
            ("NaN", None),
            ("307445734561825860.25", Some(u64::MAX)),
            ("307445734561825860.27", None),
            ("99999999999999999999999999999999999999999", None),
        ] {
            assert_eq!(seconds_of_minutes(text), want, "{text}");
        }
        assert_eq!(minutes_of_seconds(90 + 45), "2.25");
        assert_eq!(minutes_of_seconds(0), "0.00");
        assert_eq!(minutes_of_seconds(1), "0.02");
    }

    proptest! {
        #[test]
        fn minutes_come_back_as_the_seconds_they_were_made_of(
            seconds in prop_oneof![any::<u64>(), 0..100_000_u64, Just(u64::MAX)],
        ) {
            let text = minutes_of_seconds(seconds);
            prop_assert_eq!(seconds_of_minutes(&text), Some(seconds));
        }
    }

    /// S0-019, S0-021, S0-025.
    #[test]
    fn dates_are_iso_and_zone_less_ones_are_the_tenants() {
        let policies = Policies {
            zone: "Africa/Johannesburg".parse().unwrap(),
            ..Policies::default()
        };
        for (text, want) in [
            ("2024-01-15", "2024-01-14T22:00:00Z"),
            ("2024-01-15 10:30:00", "2024-01-15T08:30:00Z"),
            ("2024-01-15T10:30:00", "2024-01-15T08:30:00Z"),
            ("2024-01-15T10:30:00Z", "2024-01-15T10:30:00Z"),
            ("2024-01-15T10:30:00.5+01:00", "2024-01-15T09:30:00.500Z"),
        ] {
            let read = instant(text, &policies).map(|at| at.to_string());
            assert_eq!(read.as_deref(), Some(want), "{text}");
        }
        for text in [
            "15/01/24",
            "01/15/2024",
            "2024-13-01",
            "2024-02-30",
            "yesterday",
            "2024",
            "45306",
            "1899-12-31T23:59:59Z",
            "9999-12-31T23:59:59-01:00",
            "",
        ] {
            assert_eq!(instant(text, &policies), None, "{text}");
        }
    }

    /// C2, C4.
    #[test]
    fn words_are_known_however_they_are_spelt_or_registered() {
        let mut policies = Policies::default();
        let kind = |text: &str, policies: &Policies| {
            interaction_type(text, policies).map(|word| word.to_string())
        };
        assert_eq!(kind("Call", &policies).as_deref(), Some("call"));
        assert_eq!(kind("Follow Up", &policies).as_deref(), Some("follow_up"));
        assert_eq!(kind("Phone-Call", &policies).as_deref(), Some("phone_call"));
        assert_eq!(kind("Site visit", &policies), None);
        assert_eq!(
            outcome("No Answer", &policies).as_deref(),
            Some("No Answer")
        );
        assert_eq!(outcome("success", &policies).as_deref(), Some("success"));
        assert_eq!(outcome("sold", &policies), None);
        policies
            .set("interaction_types", r#"["Site visit"]"#)
            .unwrap();
        policies.set("outcomes", r#"["sold"]"#).unwrap();
        assert_eq!(kind("Site visit", &policies).as_deref(), Some("Site visit"));
        assert_eq!(outcome("sold", &policies).as_deref(), Some("sold"));
    }
}
