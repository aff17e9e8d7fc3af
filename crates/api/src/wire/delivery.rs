//! Deliveries of other systems as they are answered.

use super::customer::ProfilesRefreshed;
use serde::Serialize;
use touchbook_engine::{Outcome, OutcomeKind};
use utoipa::ToSchema;
use uuid::Uuid;

/// What became of a delivery.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Delivered {
    /// Of its first event as the ledger has it: that of the first delivery where it came before.
    pub event_id: Option<Box<str>>,
    /// Whose it is, as decided.
    pub customer_id: Option<Uuid>,
    /// The highest position of its records; pass it as `min_position` to read what was sent.
    pub position: u64,
    /// All of it stood in the ledger already.
    pub duplicate: bool,
    /// Events that were appended.
    pub accepted: usize,
    /// Events that stood in the ledger already.
    pub duplicates: usize,
    /// Positions of the dead letters that keep what could not be used.
    pub dead_letters: Vec<u64>,
}

impl Delivered {
    pub(crate) fn take(&mut self, event_id: Box<str>, outcome: &Outcome) {
        self.event_id.get_or_insert(event_id);
        if self.customer_id.is_none() {
            self.customer_id = outcome.customer.map(|customer| customer.0);
        }
        self.position = self.position.max(outcome.position.unwrap_or_default());
        match outcome.kind {
            OutcomeKind::Duplicate => self.duplicates += 1,
            _ => self.accepted += 1,
        }
        self.duplicate = self.accepted == 0;
    }

    /// Notes what was kept because it can't be used.
    pub(crate) fn keep(&mut self, position: u64) {
        self.position = self.position.max(position);
        self.dead_letters.push(position);
        self.duplicate = false;
    }
}

/// What a synchronisation answers: what became of an object, or of profiles.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SyncAnswer {
    Delivered(Delivered),
    Profiles(ProfilesRefreshed),
}

/// What a webhook is and takes.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookInfo {
    #[schema(example = "/api/webhooks/timeline")]
    pub endpoint: &'static str,
    #[schema(example = "POST")]
    pub method: &'static str,
    pub authentication: &'static str,
    pub supported_types: Vec<&'static str>,
}
