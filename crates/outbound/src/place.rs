//! How far a source was read.

use crate::limits::ROW_ID_CHARS_MAX;
use serde::{Deserialize, Serialize};
use touchbook_events::{Moment, Timestamp};

/// The row that was read last, in the source's order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    /// As the source wrote it.
    pub(crate) updated_at: String,
    /// Text, or a number's digits.
    pub(crate) id: String,
}

impl Place {
    /// `None` where either can't be compared with.
    pub(crate) fn new(updated_at: &str, id: &str) -> Option<Self> {
        let fits = (1..=ROW_ID_CHARS_MAX).contains(&id.chars().count());
        (fits && Moment::parse(updated_at).is_ok()).then(|| Self {
            updated_at: updated_at.to_owned(),
            id: id.to_owned(),
        })
    }

    /// Whether it was read from a file that holds what [`Place::new`] takes.
    pub(crate) fn is_sound(&self) -> bool {
        Self::new(&self.updated_at, &self.id).is_some()
    }

    /// Its instant; without an offset as if it were UTC, as all of its column are.
    pub(crate) fn at(&self) -> Timestamp {
        Moment::parse(&self.updated_at).map_or(Timestamp::MIN, Moment::at)
    }

    /// So much before it, in its own form: with an offset or without.
    fn before(&self, seconds: i64) -> String {
        let before = self.at().plus_seconds(-seconds);
        match Moment::parse(&self.updated_at) {
            Ok(Moment::Local(_)) => {
                let wall_clock = before.to_utc().naive_utc();
                wall_clock.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
            }
            _ => before.to_string(),
        }
    }
}

/// From where a page is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Rows that were changed then or later.
    pub(crate) since: String,
    /// Of those, rows behind this one.
    pub(crate) after: Option<Place>,
}

/// Before anybody's first row.
const BEGINNING: &str = "1970-01-01T00:00:00Z";

impl Cursor {
    /// Where a poll begins whose last one came to `place`, of which `again_seconds` are read again.
    pub(crate) fn first(place: Option<&Place>, again_seconds: Option<i64>) -> Self {
        match (place, again_seconds) {
            (Some(place), None) => Self::behind(place.clone()),
            (Some(place), Some(seconds)) => Self {
                since: place.before(seconds),
                after: None,
            },
            (None, _) => Self {
                since: BEGINNING.to_owned(),
                after: None,
            },
        }
    }

    /// The next page of the same poll.
    pub(crate) fn behind(last: Place) -> Self {
        Self {
            since: last.updated_at.clone(),
            after: Some(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_compared_is_no_place() {
        assert!(Place::new("2024-01-15T09:00:00.123456+00:00", "7").is_some());
        assert!(Place::new("2024-01-15 09:00:00", "qs_1").is_some());
        for (updated_at, id) in [("yesterday", "7"), ("", "7"), ("2024-01-15", "")] {
            assert_eq!(Place::new(updated_at, id), None, "{updated_at} {id}");
        }
        assert_eq!(Place::new("2024-01-15", &"7".repeat(501)), None);
    }

    #[test]
    fn a_poll_overlaps_the_last_one_until_there_is_nothing_new() {
        let since = |updated_at| {
            let place = Place::new(updated_at, "7").unwrap();
            Cursor::first(Some(&place), Some(60)).since
        };
        assert_eq!(since("2024-01-15T09:00:30+02:00"), "2024-01-15T06:59:30Z");
        assert_eq!(since("2024-01-15T09:00:30.25"), "2024-01-15T08:59:30.250");
        let place = Place::new("2024-01-15T09:00:30Z", "7").unwrap();
        let settled = Cursor::first(Some(&place), None);
        assert_eq!(settled, Cursor::behind(place));
        assert_eq!(Cursor::first(None, None).since, BEGINNING);
    }
}
