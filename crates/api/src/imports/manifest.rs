//! What is known of one import, as it is kept in the data directory.

use serde::{Deserialize, Serialize};
use touchbook_events::catalogue::import::ImportConflict;
use touchbook_events::{Digest, Principal, PrincipalKind, Timestamp};
use touchbook_ingest::csv::CellError;
use utoipa::ToSchema;

/// How an import is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportOptions)]
pub(crate) struct Options {
    /// Counts and errors, and nothing is written.
    pub dry_run: bool,
    /// Nothing is written if any row is wrong.
    pub atomic: bool,
    /// Totals leave out what the file has as history too (C17).
    pub excludes_history: bool,
}

/// What became of rows; once all of them are decided, these add up to their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportCounts)]
pub(crate) struct Counts {
    /// Rows that made a customer.
    pub created: u64,
    /// Rows that changed one.
    pub updated: u64,
    /// Rows that said what is known.
    pub unchanged: u64,
    pub failed: u64,
}

impl Counts {
    pub(super) fn add(&mut self, more: Self) {
        self.created += more.created;
        self.updated += more.updated;
        self.unchanged += more.unchanged;
        self.failed += more.failed;
    }

    pub(super) fn rows(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.failed
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportState {
    Running,
    Succeeded,
    /// It ended early; sending the file again goes on.
    Failed,
    /// Rows were wrong, and with `atomic` nothing was written.
    Refused,
    Cancelled,
    Undoing,
    /// Undoing it ended early; undoing it again goes on, and until then its file is not taken.
    HalfUndone,
    Undone,
}

impl ImportState {
    /// Whether something is still to be done, by a job that works or that waits for its turn.
    pub(crate) fn is_unfinished(self) -> bool {
        matches!(self, Self::Running | Self::Undoing)
    }
}

/// What undoing an import came to, or would.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undone {
    /// Records that count no more.
    pub records: u64,
    /// Customers of whom nothing is left.
    pub customers: u64,
    pub conflict_count: u64,
    pub conflicts: Vec<ImportConflict>,
    /// Where the import caused policies, which stay in force.
    #[serde(default)]
    pub policies: Vec<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub id: String,
    pub tenant: String,
    /// What the ids of its events begin with; a dry run has that of the import that it tries.
    pub prefix: String,
    /// Keyed digest of the file's bytes.
    pub file_digest: Digest,
    pub file_name: Option<String>,
    pub options: Options,
    pub principal: PrincipalKind,
    pub principal_id: Option<Box<str>>,
    pub job_id: String,
    pub state: ImportState,
    pub reason: Option<String>,
    /// How many rows the file has, once that is known.
    pub rows: Option<u64>,
    /// Rows whose events are decided, from the first on.
    pub done: u64,
    pub counts: Counts,
    /// The first ones.
    pub errors: Vec<CellError>,
    /// The ledger's head when it began.
    #[serde(default)]
    pub began_after: u64,
    /// Whether there is a file of the rows that failed.
    #[serde(skip)]
    pub has_errors: bool,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub undone: Option<Undone>,
}

impl Manifest {
    pub(crate) fn principal(&self) -> Principal {
        Principal {
            kind: self.principal,
            id: self.principal_id.clone(),
        }
    }
}
