//! Problem details (RFC 9457).

use serde::Serialize;
use utoipa::ToSchema;

/// What was wrong with a request, in words its sender can act on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemDetails {
    /// Stable name of the kind of problem, `/problems/<code>`.
    #[schema(example = "/problems/invalid_value")]
    pub r#type: String,
    #[schema(example = "Invalid value")]
    pub title: String,
    #[schema(example = 422)]
    pub status: u16,
    pub detail: String,
    /// Where one member of the body is wrong: a JSON pointer (RFC 6901) from the body's root.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/data/total/currency")]
    pub pointer: Option<String>,
    /// The values that would have been accepted, where they can be listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// The record that stands in the way: the first of the same id, or the winner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// What is wrong with each bad item of an atomic batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ItemProblem>,
}

/// What is wrong with one item of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemProblem {
    /// The item's place in the batch, from 0.
    pub index: usize,
    #[schema(example = "/problems/unknown_type")]
    pub r#type: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// JSON pointer from the item's root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
}
