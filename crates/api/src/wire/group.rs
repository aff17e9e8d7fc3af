//! Merging and its undoing, as they are asked for and answered.

use super::customer::{CustomerAnswer, CustomerDocument};
use super::event::Written;
use super::reference::ResolvedFrom;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Who is to be one with a customer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeRequest {
    /// Each a customer id, an e-mail address, or `kind:value`.
    #[schema(example = json!(["jane@example.com"]))]
    pub members: Vec<String>,
    pub reason: Option<String>,
}

/// Who is to be one with it no more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnmergeRequest {
    /// Each a member's own id, or an identifier that is the member's own.
    pub members: Vec<String>,
    pub reason: Option<String>,
}

/// What a merge would make.
#[derive(Serialize)]
pub(crate) struct MergePreview<'a> {
    pub dry_run: bool,
    pub members: Vec<Uuid>,
    pub customer: CustomerAnswer<'a>,
}

/// What a merge would make; nothing of it is stored.
#[derive(ToSchema)]
#[schema(as = MergePreview)]
#[expect(dead_code, reason = "the documentation of `MergePreview`")]
pub(crate) struct MergePreviewDocument {
    dry_run: bool,
    /// Everybody who would be one.
    members: Vec<Uuid>,
    customer: CustomerDocument,
}

/// What a merge answers: that it is stored, or with `dry_run` what it would make.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the documentation of two answers")]
pub(crate) enum MergeAnswer {
    Stored(Written),
    Preview(Box<MergePreviewDocument>),
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MemberItem {
    pub customer_id: Uuid,
    /// Whether the group goes by its id.
    pub is_canonical: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MemberList {
    /// The canonical one.
    pub customer_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_from: Option<ResolvedFrom>,
    pub items: Vec<MemberItem>,
    pub next_cursor: Option<String>,
}
