//! The statuses that an object had, in the order in which it had them.

use serde::Serialize;
use touchbook_events::text::Word;
use touchbook_events::{Member, Timestamp};
use touchbook_projection::Stamp;

/// Most statuses of one object that a row shows: the last ones.
pub const HISTORY_MAX: usize = 500;

/// A status, as one revision of an object says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusChange {
    /// `None` where the revision clears it.
    pub status: Option<Word>,
    /// When the object changed.
    pub time: Timestamp,
    /// Of the revision's record.
    pub position: u64,
}

/// All that was said of one object's status, in the order in which it was learned.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusHistory(Vec<StatusChange>);

impl StatusHistory {
    /// A revision without a status says nothing of it.
    pub(crate) fn take(&mut self, stamp: Stamp, status: &Member<Word>) {
        if !status.is_absent() {
            self.0.push(StatusChange {
                status: status.value().cloned(),
                time: stamp.time,
                position: stamp.position,
            });
        }
    }

    /// By time, ties by position, so that the last one is current; and how many older ones are left
    /// out.
    pub(crate) fn last(&self) -> (Vec<&StatusChange>, u64) {
        let mut changes: Vec<_> = self.0.iter().collect();
        changes.sort_unstable_by_key(|change| (change.time, change.position));
        let omitted = changes.len().saturating_sub(HISTORY_MAX);
        (changes.split_off(omitted), omitted as u64)
    }
}
