//! Where a call stands in every list, for ever.

use serde::{Deserialize, Serialize};
use touchbook_events::{Record, Timestamp};

/// When a call's first record happened, ties by position: as its entry on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) occurred_at: Timestamp,
    /// Of the call's first record.
    pub(crate) position: u64,
}

impl Place {
    pub(crate) const FIRST: Self = Self {
        occurred_at: Timestamp::MIN,
        position: 0,
    };
    pub(crate) const LAST: Self = Self {
        occurred_at: Timestamp::MAX,
        position: u64::MAX,
    };

    pub(crate) fn of(record: &Record) -> Self {
        Self {
            occurred_at: record.header.time,
            position: record.header.position,
        }
    }
}
