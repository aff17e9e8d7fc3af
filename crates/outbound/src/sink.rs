//! Where rows go.

use bytes::Bytes;
use std::future::Future;

/// Stores what a source tells. Rows that come again must be harmless: a poll begins a little
/// before where the last one ended.
pub trait Sink: Send + Sync + 'static {
    /// Stores rows, each the JSON of one as it came; those that can't be used are kept with the
    /// reason.
    ///
    /// # Errors
    /// When they could not be stored now; some of them may be.
    fn store(&self, rows: Vec<Bytes>) -> impl Future<Output = Result<Stored, Unstored>> + Send;

    /// Names what holds the rows that were stored so far, so that it is known again; `None` where
    /// it can't be named now.
    fn mark(&self) -> Option<String>;

    /// Whether what is behind this sink holds what was so named.
    fn confirms(&self, mark: &str) -> bool;

    /// Keeps that a row is too large to be read; `place` is the JSON of its `id` and `updated_at`.
    ///
    /// # Errors
    /// When that could not be stored now.
    fn pass_by(&self, place: Bytes) -> impl Future<Output = Result<Stored, Unstored>> + Send;
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Rows that said something new.
    pub accepted: u64,
    /// Rows that said what was known.
    pub duplicates: u64,
    /// Rows that can't be used, and are kept.
    pub dead_letters: u64,
}

/// Why rows could not be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct Unstored {
    /// Stable name of the reason; is shown.
    pub code: String,
}
