//! Times as they were sent.

use super::Timestamp;
use chrono::{NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// A time as a producer sent it: with an offset, or in the tenant's zone until it is resolved.
///
/// Only the policies decider, which knows the zone, resolves; a record holds resolved times alone.
/// JSON form as sent: RFC 3339, `YYYY-MM-DD HH:MM:SS`, `YYYY-MM-DDTHH:MM:SS` or `YYYY-MM-DD` (C12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "MomentForm", try_from = "MomentForm")]
pub enum Moment {
    At(Timestamp),
    /// Wall clock of the tenant, as if it were UTC.
    Local(Timestamp),
}

impl Moment {
    /// # Errors
    /// For every other form: one digit too few, a 30th of February, a time without seconds.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        let bytes = text.as_bytes();
        let (date, rest) = bytes.split_at_checked(DATE_BYTES).ok_or(NotATime)?;
        let date = date_of(date).ok_or(NotATime)?;
        if rest.is_empty() {
            return Ok(Self::Local(date.and_time(NaiveTime::MIN).and_utc().into()));
        }
        let (time, offset) = time_of(rest).ok_or(NotATime)?;
        let wall_clock = Timestamp::from(date.and_time(time).and_utc());
        match offset {
            [] => Ok(Self::Local(wall_clock)),
            [b'Z' | b'z'] => Ok(Self::At(wall_clock)),
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let hours = number(&[*h1, *h2])
                    .filter(|hours| *hours < 24)
                    .ok_or(NotATime)?;
                let minutes = number(&[*m1, *m2])
                    .filter(|minutes| *minutes < 60)
                    .ok_or(NotATime)?;
                let seconds = i64::from(hours * 60 + minutes) * 60;
                let ahead = if *sign == b'-' { -seconds } else { seconds };
                Ok(Self::At(wall_clock.plus_seconds(-ahead)))
            }
            _ => Err(NotATime),
        }
    }

    /// The instant this means in `zone`: of two, the earlier; of none, moved forward by the gap
    /// (C12).
    pub fn in_zone(self, zone: Tz) -> Timestamp {
        let local = match self {
            Self::At(at) => return at,
            Self::Local(local) => local.to_utc().naive_utc(),
        };
        if let Some(time) = zone.from_local_datetime(&local).earliest() {
            return time.to_utc().into();
        }
        // In a gap: read the wall clock with the offset that held just before it.
        let before = local - chrono::Duration::days(1);
        let shifted = zone
            .from_local_datetime(&before)
            .earliest()
            .map(|time| time.to_utc() + chrono::Duration::days(1));
        shifted.map_or_else(|| local.and_utc().into(), Into::into)
    }

    /// The instant, once resolved; a local wall clock is read as UTC, which only happens before
    /// that.
    pub fn at(self) -> Timestamp {
        match self {
            Self::At(at) | Self::Local(at) => at,
        }
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self::At(at)
    }
}

/// Binary records hold instants; JSON holds what was sent.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct MomentForm(MomentText);

impl From<Moment> for MomentForm {
    fn from(moment: Moment) -> Self {
        Self(MomentText(moment))
    }
}

impl TryFrom<MomentForm> for Moment {
    type Error = NotATime;

    fn try_from(form: MomentForm) -> Result<Self, NotATime> {
        Ok(form.0.0)
    }
}

struct MomentText(Moment);

impl Serialize for MomentText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (serializer.is_human_readable(), self.0) {
            (false, moment) => moment.at().serialize(serializer),
            (true, Moment::At(at)) => at.serialize(serializer),
            (true, Moment::Local(at)) => {
                serializer.collect_str(&at.to_utc().naive_utc().format("%Y-%m-%d %H:%M:%S%.f"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for MomentText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = Cow::<'de, str>::deserialize(deserializer)?;
            Moment::parse(&text)
                .map(Self)
                .map_err(serde::de::Error::custom)
        } else {
            Timestamp::deserialize(deserializer).map(|at| Self(Moment::At(at)))
        }
    }
}

impl schemars::JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "RFC 3339, or `YYYY-MM-DD HH:MM:SS` or `YYYY-MM-DD` in the tenant's zone",
            "pattern": PATTERN
        })
    }
}

/// What [`Moment::parse`] takes, but for the lengths of months.
const PATTERN: &str = concat!(
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
    r"([Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?",
    r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)?)?$"
);

/// `YYYY-MM-DD`
const DATE_BYTES: usize = 10;
/// `THH:MM:SS`
const TIME_BYTES: usize = 9;

fn date_of(date: &[u8]) -> Option<NaiveDate> {
    let [_, _, _, _, b'-', _, _, b'-', _, _] = date else {
        return None;
    };
    let year = number(&date[..4])?;
    NaiveDate::from_ymd_opt(year as i32, number(&date[5..7])?, number(&date[8..])?)
}

/// Reads `THH:MM:SS` with an optional fraction; returns the rest too.
fn time_of(text: &[u8]) -> Option<(NaiveTime, &[u8])> {
    let (time, rest) = text.split_at_checked(TIME_BYTES)?;
    let [b'T' | b't' | b' ', _, _, b':', _, _, b':', _, _] = time else {
        return None;
    };
    let (micros, rest) = fraction(rest)?;
    let (hour, minute) = (number(&time[1..3])?, number(&time[4..6])?);
    // A leap second is the last second's end, as chrono has it.
    let (second, micros) = match number(&time[7..9])? {
        60 => (59, micros + 1_000_000),
        second => (second, micros),
    };
    Some((
        NaiveTime::from_hms_micro_opt(hour, minute, second, micros)?,
        rest,
    ))
}

/// Microseconds of `.123456`; further digits are dropped.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if count == 0 {
        return None;
    }
    let kept = count.min(6);
    let micros = number(&digits[..kept])? * 10_u32.pow(6 - kept as u32);
    Some((micros, &digits[count..]))
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time; write RFC 3339 such as 2024-01-15T10:30:00Z, or YYYY-MM-DD HH:MM:SS")]
pub struct NotATime;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        match Moment::parse(text).unwrap() {
            Moment::At(at) => at,
            Moment::Local(_) => panic!("{text} has no offset"),
        }
    }

    /// C12: an ambiguous local time is the earlier, a non-existent one moves forward by the gap.
    #[test]
    fn local_times_are_read_in_the_zone() {
        let zone = chrono_tz::Europe::Berlin;
        let read = |text| Moment::parse(text).unwrap().in_zone(zone);
        assert_eq!(read("2024-01-15 10:30:00"), at("2024-01-15T09:30:00Z"));
        assert_eq!(read("2024-10-27 02:30:00"), at("2024-10-27T00:30:00Z"));
        assert_eq!(read("2024-03-31 02:30:00"), at("2024-03-31T01:30:00Z"));
        assert_eq!(read("2024-01-15"), at("2024-01-14T23:00:00Z"));
    }

    #[test]
    fn offsets_and_fractions_are_read() {
        let noon = at("2024-01-15T12:00:00Z");
        for text in [
            "2024-01-15t14:00:00+02:00",
            "2024-01-15 06:30:00.0000009-05:30",
        ] {
            assert_eq!(at(text), noon, "{text}");
        }
        assert_eq!(
            at("2024-01-15T12:00:00.25z").micros(),
            noon.micros() + 250_000
        );
        assert_eq!(at("2016-12-31T23:59:60Z"), at("2017-01-01T00:00:00Z"));
        assert_eq!(at("1900-01-01T00:00:00Z"), Timestamp::EARLIEST);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "15/01/24",
            "2024-13-01",
            "2024-01-15T25:00:00Z",
            "2024-02-30",
            "2024-1-5",
            "2024-01-15T10:30",
            "2024-01-15T10:30:00.Z",
            "2024-01-15T10:30:00+24:00",
        ] {
            assert_eq!(Moment::parse(text), Err(NotATime), "{text}");
        }
    }
}
