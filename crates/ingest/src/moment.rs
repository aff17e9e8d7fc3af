//! Times that follow from others, and those that are counted in seconds.

use touchbook_events::{Moment, Timestamp};

/// `seconds` after `at`, in a zone if `at` is in one; `at` itself where that is no time.
pub(crate) fn later(at: &str, seconds: u32) -> String {
    let Ok(moment) = Moment::parse(at) else {
        return at.to_owned();
    };
    if seconds == 0 {
        return at.to_owned();
    }
    let seconds = i64::from(seconds);
    let moment = match moment {
        Moment::At(time) => Moment::At(time.plus_seconds(seconds)),
        Moment::Local(time) => Moment::Local(time.plus_seconds(seconds)),
    };
    text_of(moment).unwrap_or_else(|| at.to_owned())
}

/// As payloads have it; `None` for years that take more than four digits.
fn text_of(moment: Moment) -> Option<String> {
    let json = serde_json::to_string(&moment).ok()?;
    let text = json.trim_matches('"');
    Moment::parse(text).is_ok().then(|| text.to_owned())
}

/// Seconds, or milliseconds, since 1970, as some platforms count.
pub(crate) fn since_1970(count: i64) -> Option<String> {
    /// Seconds reach this in the year 5138, milliseconds did in 1973.
    const MILLISECONDS_FROM: u64 = 100_000_000_000;
    let micros = match count.unsigned_abs() < MILLISECONDS_FROM {
        true => count.checked_mul(1_000_000)?,
        false => count.checked_mul(1_000)?,
    };
    text_of(Moment::At(Timestamp::from_micros(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_time_is_written_as_the_first_was() {
        assert_eq!(
            later("2024-01-15T10:30:00+02:00", 90),
            "2024-01-15T08:31:30Z"
        );
        assert_eq!(later("2024-01-15 23:59:30", 45), "2024-01-16 00:00:15");
        assert_eq!(later("2024-01-15", 0), "2024-01-15");
        assert_eq!(later("9999-12-31T23:59:59Z", 1), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn seconds_and_milliseconds_are_told_apart() {
        for count in [1_705_314_600, 1_705_314_600_000] {
            assert_eq!(since_1970(count).as_deref(), Some("2024-01-15T10:30:00Z"));
        }
        assert_eq!(since_1970(i64::MAX), None);
        assert_eq!(since_1970(i64::MIN), None);
    }
}
