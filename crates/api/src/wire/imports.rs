//! Imports as they are answered.

use crate::imports::{Counts, ImportState, Manifest, Options, Undone};
use serde::Serialize;
use touchbook_engine::JobView;
use touchbook_events::Timestamp;
use touchbook_ingest::csv::CellError;
use utoipa::ToSchema;
use uuid::Uuid;

/// The import of a customer file.
#[derive(Serialize, ToSchema)]
pub(crate) struct Import {
    pub id: String,
    /// The job that works on it, or did: `/api/v1/jobs/{id}`.
    pub job_id: String,
    pub state: ImportState,
    /// Why it did not succeed.
    pub reason: Option<String>,
    pub file_name: Option<String>,
    pub options: Options,
    /// How many the file has, once that is known.
    pub rows: Option<u64>,
    /// Rows that were dealt with so far.
    pub done: u64,
    pub rate_per_second: Option<u64>,
    pub eta_seconds: Option<u64>,
    pub counts: Counts,
    /// The first 100.
    pub errors: Vec<RowError>,
    /// Where all rows that failed are, as a file to be corrected and imported again.
    pub errors_url: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// What its undoing came to.
    pub undone: Option<UndoneImport>,
}

/// What is wrong with a row.
#[derive(Serialize, ToSchema)]
pub(crate) struct RowError {
    /// 1 = the first row of data.
    pub row: u64,
    /// The line of the file on which the row begins; the header's is 1.
    pub line: u64,
    /// Absent where it is the row as a whole.
    #[schema(example = "Total_Agent_Calls")]
    pub column: Option<String>,
    #[schema(example = "-1")]
    pub value: String,
    pub rule: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct UndoneImport {
    /// Records that count no more.
    pub records: u64,
    /// Customers of whom nothing is left.
    pub customers: u64,
    pub conflict_count: u64,
    /// The first 1,000.
    pub conflicts: Vec<Conflict>,
    /// Records by which the import changed policies, as where an identifier of many customers was
    /// blocked: these stay in force. The first 100.
    pub policy_positions: Vec<u64>,
}

/// What others changed after the import, and stays as it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Conflict {
    pub customer_id: Uuid,
    /// Absent where it is the customer itself, whom the import made and others wrote of since.
    #[schema(example = "name")]
    pub field: Option<String>,
    /// Of the record that changed it.
    pub position: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ImportList {
    /// Newest first.
    pub items: Vec<Import>,
    pub next_cursor: Option<String>,
}

impl Import {
    /// `job` is the one that works on it now.
    pub(crate) fn of(manifest: Manifest, job: Option<&JobView>, has_errors: bool) -> Self {
        let errors_url = format!("/api/v1/imports/{}/errors.csv", manifest.id);
        Self {
            id: manifest.id,
            job_id: manifest.job_id,
            state: manifest.state,
            reason: manifest.reason,
            file_name: manifest.file_name,
            options: manifest.options,
            rows: manifest.rows,
            done: manifest.done,
            rate_per_second: job.map(|job| job.rate_per_second),
            eta_seconds: job.and_then(|job| job.eta_seconds),
            counts: manifest.counts,
            errors: manifest.errors.into_iter().map(RowError::from).collect(),
            errors_url: has_errors.then_some(errors_url),
            started_at: manifest.started_at,
            finished_at: manifest.finished_at,
            undone: manifest.undone.map(UndoneImport::from),
        }
    }
}

impl From<CellError> for RowError {
    fn from(error: CellError) -> Self {
        Self {
            row: error.row,
            line: error.line,
            column: error.column.map(Into::into),
            value: error.value.into(),
            rule: error.rule.into_owned(),
        }
    }
}

impl From<Undone> for UndoneImport {
    fn from(undone: Undone) -> Self {
        let conflicts = undone.conflicts.into_iter().map(|conflict| Conflict {
            customer_id: conflict.customer.0,
            field: conflict.field.map(|field| field.as_str().to_owned()),
            position: conflict.position,
        });
        Self {
            records: undone.records,
            customers: undone.customers,
            conflict_count: undone.conflict_count,
            conflicts: conflicts.collect(),
            policy_positions: undone.policies,
        }
    }
}
