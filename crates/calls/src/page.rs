//! Pages of calls, newest first.

use crate::call::Call;
use serde::Serialize;
use touchbook_events::Timestamp;
use touchbook_events::catalogue::call::Direction;
use touchbook_projection::{Cursor, Place};

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
