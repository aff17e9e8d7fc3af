//! Keys, users and sessions, as they are asked for and answered.

use serde::{Deserialize, Serialize};
use touchbook_events::catalogue::access::{Role, WebhookKind};
use utoipa::ToSchema;
use uuid::Uuid;

/// A key that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// Absent for a webhook's.
    #[schema(value_type = Option<String>, example = "producer")]
    pub role: Option<Role>,
    /// What people call it.
    #[schema(example = "shop connector")]
    pub name: Option<String>,
    /// Whose it is; absent for a program's.
    pub user_id: Option<String>,
    /// The one webhook that it opens: `timeline`, `call_system`, `meta` or `shopify`.
    #[schema(value_type = Option<String>, example = "timeline")]
    pub webhook: Option<WebhookKind>,
}

/// A key that was issued.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyIssued {
    /// All of it. It is shown here, and never again.
    #[schema(example = "tb_default_3f9c1a2b4d5e_…")]
    pub key: String,
    #[schema(example = "3f9c1a2b4d5e")]
    pub prefix: String,
    pub position: u64,
}

/// A key that opens nothing any more.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyRevoked {
    pub prefix: String,
    /// Of the record that revoked it.
    pub position: u64,
}

/// A key as it is known: never the key itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyItem {
    #[schema(example = "3f9c1a2b4d5e")]
    pub prefix: String,
    #[schema(value_type = String, example = "producer")]
    pub role: Role,
    pub name: Option<String>,
    pub user_id: Option<String>,
    #[schema(value_type = Option<String>)]
    pub webhook: Option<WebhookKind>,
    /// Of the record that created it.
    pub position: u64,
    /// Of the record that revoked it; null while it opens.
    pub revoked_position: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct KeyList {
    pub items: Vec<KeyItem>,
    pub next_cursor: Option<String>,
}

/// A user as it is to stand.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    #[schema(value_type = String, example = "agent")]
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The customer that the user is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Uuid>,
}

/// A user as it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserItem {
    pub user_id: String,
    #[schema(value_type = String, example = "agent")]
    pub role: Role,
    pub name: Option<String>,
    pub email: Option<String>,
    /// The customer that the user is.
    pub customer_id: Option<Uuid>,
    /// Of the record that defined it last.
    pub position: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct UserList {
    pub items: Vec<UserItem>,
    pub next_cursor: Option<String>,
}

/// How somebody signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// An API key.
    #[schema(example = "tb_default_3f9c1a2b4d5e_…")]
    pub key: String,
}

/// Who one is.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionState {
    #[schema(example = "default")]
    pub tenant: String,
    /// Null where nobody has to say who they are.
    #[schema(value_type = Option<String>, example = "agent")]
    pub role: Option<Role>,
    /// As records name it.
    pub principal: Option<String>,
    /// The customer that it is, where it sees no other.
    pub customer_id: Option<Uuid>,
}
