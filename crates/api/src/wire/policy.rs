//! Policies and event types as they are answered.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// What holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyValue {
    #[schema(example = "zone")]
    pub name: &'static str,
    /// In the policy's own shape.
    #[schema(value_type = Object, example = "Africa/Johannesburg")]
    pub value: serde_json::Value,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyList {
    pub items: Vec<PolicyValue>,
    pub next_cursor: Option<String>,
}

/// What is to hold from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyChange {
    /// In the policy's own shape; null returns to the default.
    #[schema(value_type = Object, example = "Africa/Johannesburg")]
    pub value: Box<RawValue>,
}

/// A type of the catalogue.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventTypeItem {
    #[schema(example = "order.updated")]
    pub r#type: &'static str,
    pub version: u8,
    /// The kind of object it is about.
    #[schema(example = "order")]
    pub object: &'static str,
    /// Whether the same subject with other content is a new revision of a whole object.
    pub whole_object: bool,
    /// Who may send it: `producer`, `user`; `writer` and `service` are Touchbook itself.
    pub sent_by: Vec<&'static str>,
    /// The source of the timeline entry it makes; null where it makes none.
    #[schema(example = "order")]
    pub entry_source: Option<&'static str>,
    /// Where the schema of its payload is.
    #[schema(example = "/schemas/events/order.updated/1")]
    pub schema: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EventTypeList {
    pub items: Vec<EventTypeItem>,
    pub next_cursor: Option<String>,
}
