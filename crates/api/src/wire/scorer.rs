//! Scorers as they are answered, and what is said of them.

use serde::{Deserialize, Serialize};
use touchbook_engine::{Activation, ScorerStatus};
use touchbook_events::Timestamp;
use utoipa::ToSchema;

/// What scores what customers say.
#[derive(Serialize, ToSchema)]
pub(crate) struct Scorer {
    #[schema(example = "vader")]
    pub name: &'static str,
    #[schema(example = "3.3.2-1")]
    pub version: &'static str,
    /// Whether this node scores with it.
    pub is_on: bool,
    /// Everything up to this position is scored; null before it has looked.
    pub position: Option<u64>,
    /// Durable records that it has yet to look at.
    pub lag: Option<u64>,
    /// When somebody last said that its words count, and since when.
    pub activated: Option<ScorerActivated>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ScorerActivated {
    /// Of the record that says so.
    pub position: u64,
    /// Null: since it was said.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
}

impl From<Activation> for ScorerActivated {
    fn from(activation: Activation) -> Self {
        Self {
            position: activation.position,
            since: activation.since,
        }
    }
}

impl Scorer {
    /// As it stands with a tenant whose last durable position is `head`.
    pub(crate) fn of(status: ScorerStatus, head: u64) -> Self {
        let position = status.progress.map(|progress| progress.position);
        let activation = status.progress.and_then(|progress| progress.activation);
        Self {
            name: status.name,
            version: status.version,
            is_on: status.is_on,
            position,
            lag: position.map(|position| head.saturating_sub(position)),
            activated: activation.map(ScorerActivated::from),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ScorerList {
    pub items: Vec<Scorer>,
    pub next_cursor: Option<String>,
}

/// Since when a scorer's words are to count.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScorerActivation {
    /// The one that there is, if absent.
    #[schema(example = "3.3.2-1")]
    pub version: Option<String>,
    /// Entries that happened since then are scored too where they have no score of this version;
    /// absent, what comes from now on.
    #[schema(example = "2024-01-01T00:00:00Z")]
    pub since: Option<String>,
}
