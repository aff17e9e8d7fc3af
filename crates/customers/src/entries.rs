//! How many timeline entries a customer has, and when the first and the last happened.

use serde::{Deserialize, Serialize};
use touchbook_events::{Digest, Timestamp};
use touchbook_projection::ByDigest;

/// The subjects that made an entry. Each counts once, however many records it has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entries {
    subjects: ByDigest<Seen>,
    pub(crate) first_at: Option<Timestamp>,
    pub(crate) last_at: Option<Timestamp>,
    /// Later than `last_at` where an object says that it was active since (C22).
    pub(crate) active_at: Option<Timestamp>,
}

/// What is counted only once of a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    sent: bool,
}

impl Entries {
    /// Whether `subject` is new; its first record, at `at`, places it for ever.
    pub(crate) fn place(&mut self, subject: Digest, at: Timestamp) -> bool {
        let (_, is_new) = self.subjects.get_or_default(subject);
        if !is_new {
            return false;
        }
        self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
        self.last_at = self.last_at.max(Some(at));
        self.active_at = self.active_at.max(Some(at));
        true
    }

    pub(crate) fn active(&mut self, at: Timestamp) {
        self.active_at = self.active_at.max(Some(at));
    }

    /// Whether this is the first that is sent under `subject`.
    pub(crate) fn first_sent(&mut self, subject: Digest) -> bool {
        let (seen, _) = self.subjects.get_or_default(subject);
        !std::mem::replace(&mut seen.sent, true)
    }

    pub(crate) fn count(&self) -> u64 {
        self.subjects.len() as u64
    }
}
