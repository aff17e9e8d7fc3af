//! Instants, and times as they were sent.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// An instant in microseconds since 1970-01-01T00:00:00Z; RFC 3339 in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1900-01-01T00:00:00Z, the earliest time that an event may claim.
    pub const EARLIEST: Self = Self(-2_208_988_800_000_000);
    pub const MIN: Self = Self(i64::MIN);
    pub const MAX: Self = Self(i64::MAX);

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 1_000_000
    }

    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = Cow::<'de, str>::deserialize(deserializer)?;
            DateTime::parse_from_rfc3339(&text)
                .map(|time| time.to_utc().into())
                .map_err(|_| serde::de::Error::custom(NotATime))
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

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
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(time.to_utc().into()));
        }
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"))
            .or_else(|_| {
                NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN))
            })
            .map_err(|_| NotATime)?;
        Ok(Self::Local(local.and_utc().into()))
    }

    /// The instant this means in `zone`: of two, the earlier; of none, moved forward by the gap (C12).
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

    /// The instant, once resolved; a local wall clock is read as UTC, which only happens before that.
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
            "pattern": "^\\d{4}-\\d{2}-\\d{2}([T ]\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([Zz]|[+-]\\d{2}:\\d{2})?)?$"
        })
    }
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
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "15/01/24",
            "2024-13-01",
            "2024-01-15T25:00:00Z",
        ] {
            assert_eq!(Moment::parse(text), Err(NotATime), "{text}");
        }
    }
}
