//! What a row of a list shows of the entry that it is in the timeline.

use serde::Serialize;
use touchbook_events::Timestamp;
use touchbook_projection::Place;
use touchbook_timeline::Entry;

/// The members that a row has in common with its entry (`http.md` §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Head<'a> {
    /// The subject as text; `None` once erased, as is `event_id`.
    pub entry_id: Option<&'a str>,
    /// Of its first record, as are `event_id` and `occurred_at`.
    pub position: u64,
    pub event_id: Option<&'a str>,
    pub last_position: u64,
    pub revision_count: u32,
    pub occurred_at: Timestamp,
}

impl<'a> Head<'a> {
    pub(crate) fn of(entry: &Entry<'a>) -> Self {
        Self {
            entry_id: entry.entry_id(),
            position: entry.position(),
            event_id: entry.event_id(),
            last_position: entry.last_position(),
            revision_count: entry.revision_count(),
            occurred_at: entry.occurred_at(),
        }
    }
}

pub(crate) fn place(entry: &Entry<'_>) -> Place {
    Place {
        occurred_at: entry.occurred_at(),
        position: entry.position(),
    }
}
