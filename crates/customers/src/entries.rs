//! How many timeline entries a customer has, and when the first and the last happened.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use touchbook_events::{Digest, Timestamp};

/// The subjects that made an entry. Each counts once, however many records it has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entries {
    subjects: BTreeMap<Digest, Seen>,
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
        if self.subjects.contains_key(&subject) {
            return false;
        }
        self.subjects.insert(subject, Seen::default());
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
        let seen = self.subjects.entry(subject).or_default();
        !std::mem::replace(&mut seen.sent, true)
    }

    pub(crate) fn count(&self) -> u64 {
        self.subjects.len() as u64
    }
}
