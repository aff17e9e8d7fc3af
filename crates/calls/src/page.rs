//! Pages of calls, newest first.

use crate::call::Call;
use crate::place::Place;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use touchbook_events::Timestamp;
use touchbook_events::catalogue::call::Direction;

/// Most calls that a page has, whatever was asked for.
pub const PAGE_MAX: usize = 500;

/// Which calls are asked for; the default asks for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter<'f> {
    pub agent_id: Option<&'f str>,
    pub direction: Option<Direction>,
    /// The canonical word (C2).
    pub outcome: Option<&'f str>,
    /// Of `occurred_at`; both ends are inclusive.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// Calls by `occurred_at`, newest first, ties by position.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<Cursor>,
}

/// The place of the last call that was shown. Calls never move, so what arrives between two pages
/// stands before the cursor or after it, and nothing is skipped or repeated (S2-090).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(Place);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor; take `next_cursor` of the page before")]
pub struct NotACursor;

impl Filter<'_> {
    /// The oldest place that is shown.
    pub(crate) fn first(&self) -> Place {
        let from = self.from.map(|occurred_at| Place {
            occurred_at,
            ..Place::FIRST
        });
        from.unwrap_or(Place::FIRST)
    }

    /// The newest place that is shown after `cursor`. No call has position 0.
    pub(crate) fn last(&self, cursor: Option<Cursor>) -> Place {
        let to = self.to.map(|occurred_at| Place {
            occurred_at,
            ..Place::LAST
        });
        let before_cursor = cursor.map(|Cursor(shown)| Place {
            position: shown.position.saturating_sub(1),
            ..shown
        });
        let ends = [to, before_cursor].into_iter().flatten();
        ends.min().unwrap_or(Place::LAST)
    }

    pub(crate) fn admits(&self, call: &Call<'_>) -> bool {
        (self.agent_id.is_none() || self.agent_id == call.agent_id())
            && (self.direction.is_none() || self.direction == call.direction())
            && (self.outcome.is_none() || self.outcome == call.outcome())
    }
}

impl<T> Page<T> {
    pub(crate) const EMPTY: Self = Self {
        items: Vec::new(),
        next_cursor: None,
    };

    /// Takes at most `limit` calls, and looks whether there is one more.
    pub(crate) fn of(
        mut calls: impl Iterator<Item = T>,
        limit: usize,
        place: impl Fn(&T) -> Place,
    ) -> Self {
        let items: Vec<T> = calls.by_ref().take(limit.min(PAGE_MAX)).collect();
        let next_cursor = calls.next().and_then(|_| items.last().map(place));
        Self {
            items,
            next_cursor: next_cursor.map(Cursor),
        }
    }
}

/// Hexadecimal digits of a cursor: instant and position.
const DIGITS: usize = 32;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(place) = self;
        write!(
            f,
            "{:016x}{:016x}",
            place.occurred_at.micros(),
            place.position
        )
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
