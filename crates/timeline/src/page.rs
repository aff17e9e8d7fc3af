//! Pages of a timeline, newest first.

use crate::sources::Sources;
use crate::state::State;
use crate::stored::Entry;
use std::collections::BTreeMap;
use touchbook_events::{EntrySource, Timestamp};
use touchbook_projection::{Cursor, Place};

/// Most entries that a page has, whatever was asked for.
pub const PAGE_MAX: usize = 500;

/// Which entries are asked for; the default asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub sources: Sources,
    /// Both ends are inclusive (S1-023).
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// Entries by `occurred_at`, newest first, ties by position (S1-006).
#[derive(Clone, Debug, PartialEq)]
pub struct Page<'a> {
    pub entries: Vec<Entry<'a>>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<Cursor>,
}

impl State {
    /// All entries that `filter` lets through, newest first.
    pub fn entries(&self, filter: &Filter) -> impl Iterator<Item = Entry<'_>> {
        let newest_first = self
            .entries
            .newest_first(|place| filter.is_before_end(place, None));
        newest_first
            .take_while(|(place, _)| filter.has_begun(*place))
            .filter(|(_, packed)| filter.sources.admit(*packed))
            .map(|(place, packed)| Entry::new(place, packed))
    }

    /// How many entries there are of each [source](Entry::source_name) that has any.
    pub fn counts_by_source(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for (_, packed) in self.entries.newest_first(|_| true) {
            let name = match packed.source() {
                EntrySource::Custom => packed.custom_source(),
                _ => None,
            };
            let name = name.unwrap_or_else(|| packed.source().as_str());
            *counts.entry(name).or_default() += 1;
        }
        counts
    }

    /// The newest entries that `filter` lets through, after `cursor`.
    pub fn page(&self, filter: &Filter, limit: usize, cursor: Option<Cursor>) -> Page<'_> {
        let limit = limit.min(PAGE_MAX);
        let mut entries = Vec::with_capacity(limit.min(self.len()));
        let newest_first = self
            .entries
            .newest_first(|place| filter.is_before_end(place, cursor));
        for (place, packed) in newest_first.take_while(|(place, _)| filter.has_begun(*place)) {
            if !filter.sources.admit(packed) {
                continue;
            }
            if entries.len() == limit {
                let next_cursor = entries.last().map(|last: &Entry<'_>| Cursor(last.place));
                return Page {
                    entries,
                    next_cursor,
                };
            }
            entries.push(Entry::new(place, packed));
        }
        Page {
            entries,
            next_cursor: None,
        }
    }
}

impl Filter {
    fn has_begun(&self, place: Place) -> bool {
        self.from.is_none_or(|from| place.occurred_at >= from)
    }

    fn is_before_end(&self, place: Place, cursor: Option<Cursor>) -> bool {
        self.to.is_none_or(|to| place.occurred_at <= to)
            && cursor.is_none_or(|Cursor(shown)| place < shown)
    }
}
