//! Dead letters as they are answered.

use serde::{Deserialize, Serialize};
use touchbook_events::Timestamp;
use touchbook_events::catalogue::dead_letter::RawBytes;
use utoipa::ToSchema;

/// What came in and could not be used, byte for byte, with the reason.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadLetterItem {
    pub position: u64,
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// The problem's code.
    #[schema(example = "unknown_type")]
    pub reason: String,
    /// Pointer to the member at fault.
    pub pointer: Option<String>,
    pub detail: Option<String>,
    /// The stream subject or the route it came by.
    pub origin: String,
    /// In the node's own ledger, the tenant that it names; it is sent again to that one.
    pub tenant: Option<String>,
    /// What came in, `text` where it is UTF-8, else `hex`; null once erased.
    #[schema(value_type = Option<Object>)]
    pub raw: Option<RawBytes>,
    /// How it was dealt with; null while it is open.
    pub resolution: Option<Resolution>,
}

#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Resolution {
    /// Of the record that says so.
    pub position: u64,
    /// Of what became of it when it was sent again, in the ledger of `tenant` if there is one; null
    /// when it was dismissed, or was needless.
    pub resubmitted_position: Option<u64>,
    pub reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DeadLetterList {
    /// Newest first.
    pub items: Vec<DeadLetterItem>,
    pub next_cursor: Option<u64>,
}

/// Why a dead letter is dealt with as it is.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolutionReason {
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}
