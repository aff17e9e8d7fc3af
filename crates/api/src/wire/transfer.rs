//! Customer files as they are described.

use serde::Serialize;
use touchbook_ingest::csv::ColumnGuide;
use utoipa::ToSchema;

/// The columns that customer files may have, beside custom fields.
#[derive(Serialize, ToSchema)]
pub(crate) struct ColumnList {
    #[schema(value_type = Vec<ColumnDocument>)]
    pub items: &'static [ColumnGuide],
    pub next_cursor: Option<String>,
}

/// What may stand in a column.
#[derive(ToSchema)]
#[schema(as = CustomerColumn)]
#[expect(dead_code, reason = "the documentation of `ColumnGuide`")]
pub(crate) struct ColumnDocument {
    #[schema(example = "Total_Agent_Calls")]
    name: String,
    #[schema(example = "Total Agent Calls")]
    readable_name: String,
    /// `standard`, `agent` or `history`.
    #[schema(example = "agent")]
    group: String,
    #[schema(example = "count")]
    r#type: String,
    /// `no`, `one_identifier` (one of those columns must name somebody) or `history_row`.
    #[schema(example = "no")]
    required: String,
    #[schema(example = "12")]
    example: String,
    rule: String,
}
