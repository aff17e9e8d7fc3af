//! Policies as they are answered.

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
