//! Pages of a list, newest first.

use serde::{Serialize, Serializer};
use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;
use touchbook_events::Timestamp;

/// Most rows that a page has, whatever was asked for.
pub const PAGE_MAX: usize = 500;

/// Where a row stands in its list: by instant, ties by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub at: Timestamp,
    pub position: u64,
}

/// Rows, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<Cursor>,
}

/// The place of the last row that was shown, as text that means nothing to its bearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub(crate) Place);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor; take `next_cursor` of the page before")]
pub struct NotACursor;

impl<T> Page<T> {
    /// The newest of `rows` after `cursor`, at most `limit`.
    pub(crate) fn cut(
        rows: impl Iterator<Item = (Place, T)>,
        limit: usize,
        cursor: Option<Cursor>,
    ) -> Self {
        let limit = limit.min(PAGE_MAX);
        let is_after = |place: Place| cursor.is_none_or(|Cursor(shown)| place < shown);
        let mut rows: Vec<_> = rows.filter(|(place, _)| is_after(*place)).collect();
        rows.sort_unstable_by_key(|(place, _)| Reverse(*place));
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().map(|(place, _)| Cursor(*place));
        Self {
            items: rows.into_iter().map(|(_, row)| row).collect(),
            next_cursor: last.filter(|_| has_more),
        }
    }

    pub(crate) fn map<U>(self, of: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(of).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

/// Hexadecimal digits of a cursor: instant and position.
const DIGITS: usize = 32;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.0.at.micros(), self.0.position)
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
            at: Timestamp::from_micros(read(at)?.cast_signed()),
            position: read(position)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(at: i64, position: u64) -> Place {
        Place {
            at: Timestamp::from_micros(at),
            position,
        }
    }

    #[test]
    fn a_cursor_is_read_back_and_anything_else_is_refused() {
        for micros in [0, -1, i64::MIN, i64::MAX] {
            let cursor = Cursor(place(micros, 7));
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in ["", "abc", &"é".repeat(16), &"+".repeat(32)] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text}");
        }
    }

    proptest! {
        /// S1-047, S2-090: pages one after another are the whole list, newest first.
        #[test]
        fn pages_together_are_the_list(
            times in prop::collection::vec(-3_i64..3, 0..30),
            limit in 1_usize..7,
        ) {
            let rows = || (1..).zip(&times).map(|(position, at)| place(*at, position));
            let mut wanted: Vec<Place> = rows().collect();
            wanted.sort_unstable_by_key(|place| Reverse(*place));
            let (mut shown, mut cursor) = (Vec::new(), None);
            loop {
                let page = Page::cut(rows().map(|place| (place, place)), limit, cursor);
                prop_assert!(page.items.len() <= limit);
                shown.extend(page.items);
                cursor = page.next_cursor;
                if cursor.is_none() { break }
            }
            prop_assert_eq!(shown, wanted);
        }
    }
}
