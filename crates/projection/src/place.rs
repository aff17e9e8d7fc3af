//! Where a row stands in a list for ever, and where a page of it ended.

use crate::latest::Stamp;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use touchbook_events::{Record, Timestamp};

/// When the first record of a row's subject happened, ties by that record's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub occurred_at: Timestamp,
    pub position: u64,
}

impl Place {
    pub const FIRST: Self = Self {
        occurred_at: Timestamp::MIN,
        position: 0,
    };
    pub const LAST: Self = Self {
        occurred_at: Timestamp::MAX,
        position: u64::MAX,
    };

    /// Of the row that `record` is the first of.
    pub fn of(record: &Record) -> Self {
        Self {
            occurred_at: record.data.placed_at().unwrap_or(record.header.time),
            position: record.header.position,
        }
    }
}

impl From<Place> for Stamp {
    fn from(place: Place) -> Self {
        Self {
            time: place.occurred_at,
            position: place.position,
        }
    }
}

/// The place of the last row that was shown, as text that means nothing to its bearer.
///
/// Rows never move, so what arrives between two pages stands before it or after it, and nothing is
/// skipped or repeated (S2-090).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub Place);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor; take `next_cursor` of the page before")]
pub struct NotACursor;

/// Hexadecimal digits of a cursor: instant and position.
const DIGITS: usize = 32;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(place) = self;
        let micros = place.occurred_at.micros();
        write!(f, "{micros:016x}{:016x}", place.position)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotACursor);
        }
        let (at, position) = text.split_at(DIGITS / 2);
        let read = |hex| u64::from_str_radix(hex, 16).map_err(|_| NotACursor);
        Ok(Self(Place {
            occurred_at: Timestamp::from_micros(read(at)?.cast_signed()),
            position: read(position)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_anything_else_is_refused() {
        for micros in [0, -1, i64::MIN, i64::MAX] {
            let occurred_at = Timestamp::from_micros(micros);
            let cursor = Cursor(Place {
                occurred_at,
                position: 7,
            });
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in ["", "abc", &"é".repeat(16), &"+".repeat(32)] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text}");
        }
    }
}
