//! Pages of a list, newest first.

use serde::Serialize;
use std::cmp::Reverse;
use touchbook_projection::{Cursor, Place};

/// Most rows that a page has, whatever was asked for.
pub const PAGE_MAX: usize = 500;

/// Rows, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<Cursor>,
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use touchbook_events::Timestamp;

    fn place(at: i64, position: u64) -> Place {
        Place {
            occurred_at: Timestamp::from_micros(at),
            position,
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
