//! Suggestions to merge, as they are answered and dismissed.

use serde::{Deserialize, Serialize};
use touchbook_events::Identifier;
use utoipa::ToSchema;
use uuid::Uuid;

/// Two customers that may be one.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuggestionItem {
    pub position: u64,
    /// The older of the two.
    pub customer_id: Uuid,
    pub other_id: Uuid,
    /// Position of the event that showed it.
    pub because_position: u64,
    /// What it showed of either; empty once erased.
    pub identifiers: Vec<SharedIdentifier>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SharedIdentifier {
    #[schema(example = "phone")]
    pub kind: &'static str,
    /// In normal form.
    #[schema(example = "+27123456789")]
    pub value: String,
}

impl From<&Identifier> for SharedIdentifier {
    fn from(identifier: &Identifier) -> Self {
        Self {
            kind: identifier.kind.as_str(),
            value: identifier.value.as_str().to_owned(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SuggestionList {
    pub items: Vec<SuggestionItem>,
    pub next_cursor: Option<u64>,
}

/// Who are not one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DismissRequest {
    /// A customer id, an e-mail address, or `kind:value`.
    pub customer: String,
    pub other: String,
    pub reason: Option<String>,
}
