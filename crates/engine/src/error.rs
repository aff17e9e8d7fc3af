//! What can go wrong, by operation.

use crate::jobs::JobView;
use std::path::PathBuf;
use std::time::Duration;
use touchbook_events::Problem;

/// Why the engine did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("could not open the ledger in {}", path.display())]
    Ledger {
        path: PathBuf,
        #[source]
        source: touchbook_ledger::Error,
    },
    #[error("could not read the ledger of tenant {tenant}")]
    Tenant {
        tenant: u32,
        #[source]
        source: ReadError,
    },
    #[error("the ledger of tenant {tenant} does not begin with tenant.created")]
    NoBeginning { tenant: u32 },
    #[error("could not open the stream")]
    Stream(#[source] touchbook_stream::OpenError),
    #[error("could not bring {what} of tenant {tenant} to the head")]
    CatchUp {
        what: &'static str,
        tenant: String,
        #[source]
        source: Box<crate::runner::FoldError>,
    },
    #[error("could not start the {name} thread")]
    Thread {
        name: String,
        #[source]
        source: std::io::Error,
    },
}

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("could not read from the ledger")]
    Ledger(#[source] touchbook_ledger::Error),
    #[error("could not decode the record at position {position}")]
    Decode {
        position: u64,
        #[source]
        source: touchbook_events::record::CodecError,
    },
}

/// Why a submission has no outcome.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    #[error("too many events wait for the writer; retry in {} ms", retry_after.as_millis())]
    Busy { retry_after: Duration },
    #[error("{detail}")]
    TooLarge { detail: String },
    #[error("{0}")]
    Refused(Problem),
    /// Writes have stopped, or the stream can't be reached. Not a promise that nothing was stored.
    #[error("{reason}")]
    Unavailable { reason: String },
}

/// Why a wait for a projection ended without it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    #[error("position {position} is beyond the ledger's head {head}")]
    Ahead { position: u64, head: u64 },
    #[error("projection {projection} can't go on: {reason}")]
    Stalled {
        projection: &'static str,
        reason: String,
    },
    #[error("position {position} was not applied in time; {applied} is")]
    TimedOut { position: u64, applied: u64 },
}

/// Why a job was not begun.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("there is no projection of that name; there are {}", allowed.join(", "))]
    UnknownProjection { allowed: Vec<&'static str> },
    #[error("the service is stopping")]
    Stopping,
    #[error("it runs already, as job {}", .0.id)]
    Running(Box<JobView>),
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
