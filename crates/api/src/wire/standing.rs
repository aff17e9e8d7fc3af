//! What people say of a customer, as they say it.

use serde::{Deserialize, Serialize};
use touchbook_events::catalogue::customer::{ConsentChannel, CustomerStatus};
use touchbook_events::{CustomerId, IdentifierKind, Member};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a customer is to be.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusChange {
    /// Null: as it follows from the policies.
    #[serde(default, skip_serializing_if = "Member::is_absent")]
    #[schema(value_type = Option<String>, example = "vip")]
    pub status: Member<CustomerStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a customer allows or forbids.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentChange {
    #[schema(value_type = String, example = "email")]
    pub channel: ConsentChannel,
    pub granted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An identifier to be attached or detached.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentifierChange {
    #[schema(value_type = String, example = "email")]
    pub kind: IdentifierKind,
    /// In any spelling.
    #[schema(example = "jane@example.com")]
    pub value: String,
}

/// The payload of an event about a customer.
#[derive(Serialize)]
pub(crate) struct Payload<'a, T> {
    customer: Reference,
    #[serde(flatten)]
    change: &'a T,
}

#[derive(Serialize)]
struct Reference {
    id: Uuid,
}

impl<'a, T> Payload<'a, T> {
    pub(crate) fn of(customer: CustomerId, change: &'a T) -> Self {
        Self {
            customer: Reference { id: customer.0 },
            change,
        }
    }
}
