//! Instants as text. A page of 50 entries has 120 of them, and chrono's own formatting, which makes
//! a string of each, took half of that page's time.

use super::Timestamp;
use chrono::{Datelike, SecondsFormat, Timelike};

/// `2024-01-15T10:30:00.123456Z`.
const LENGTH_MAX: usize = 27;

/// RFC 3339 in UTC, with as many digits of a second as it needs: none, three, or six.
pub(super) fn with_text<R>(time: Timestamp, take: impl FnOnce(&str) -> R) -> R {
    // Without its offset, which each part of it would add again.
    let utc = time.to_utc().naive_utc();
    let Some(year) = u32::try_from(utc.year()).ok().filter(|year| *year <= 9999) else {
        let utc = utc.and_utc();
        return take(&utc.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    };
    let mut text = Text::default();
    text.digits::<4>(year).byte(b'-').digits::<2>(utc.month());
    text.byte(b'-').digits::<2>(utc.day()).byte(b'T');
    text.digits::<2>(utc.hour()).byte(b':');
    text.digits::<2>(utc.minute()).byte(b':');
    text.digits::<2>(utc.second());
    match utc.nanosecond() / 1000 {
        0 => {}
        micros if micros % 1000 == 0 => {
            text.byte(b'.').digits::<3>(micros / 1000);
        }
        micros => {
            text.byte(b'.').digits::<6>(micros);
        }
    }
    text.byte(b'Z');
    take(text.as_str())
}

#[derive(Default)]
struct Text {
    bytes: [u8; LENGTH_MAX],
    length: usize,
}

impl Text {
    fn byte(&mut self, byte: u8) -> &mut Self {
        self.bytes[self.length] = byte;
        self.length += 1;
        self
    }

    /// The last `N` decimal digits.
    fn digits<const N: usize>(&mut self, number: u32) -> &mut Self {
        let mut left = number;
        for place in self.bytes[self.length..self.length + N].iter_mut().rev() {
            *place = b'0' + (left % 10) as u8;
            left /= 10;
        }
        self.length += N;
        self
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("digits and signs are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_of(time: Timestamp) -> String {
        with_text(time, str::to_owned)
    }

    #[test]
    fn a_second_has_as_many_digits_as_it_needs() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_705_314_600_120_000, "2024-01-15T10:30:00.120Z"),
            (1_705_314_600_000_001, "2024-01-15T10:30:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(text_of(Timestamp::from_micros(micros)), text);
        }
    }

    proptest! {
        #[test]
        fn it_is_what_chrono_writes(micros in any::<i64>(), step in 1..2_000_000_000_000_000_i64) {
            for micros in [micros, micros % step, micros / 1_000_000 * 1_000_000] {
                let time = Timestamp::from_micros(micros);
                let by_chrono = time.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true);
                prop_assert_eq!(text_of(time), by_chrono);
            }
        }
    }
}
