//! What goes from the thread that reads a file to the task that sends its events.

use touchbook_engine::Submission;
use touchbook_ingest::csv::{CellError, Row};

/// In the order of the file, the survey first.
pub(super) enum Step {
    Surveyed(Survey),
    Batch(Batch),
}

/// What a first look at a whole file found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) rows: u64,
    /// Of them, those that are wrong in themselves.
    pub(super) failed: u64,
    /// The first errors.
    pub(super) errors: Vec<CellError>,
}

/// Some rows and their events.
pub(super) struct Batch {
    /// From 1.
    pub(super) number: u64,
    pub(super) submissions: Vec<Submission>,
    /// Those that are not wrong in themselves.
    pub(super) rows: Vec<Changed>,
    /// The last row that is in it, or was passed over.
    pub(super) last_row: u64,
}

/// A row, and what it is to change.
pub(super) struct Changed {
    pub(super) row: u64,
    pub(super) line: u64,
    pub(super) is_new: bool,
    /// How many of the batch's events are its own.
    pub(super) events: usize,
    /// Why it makes no event.
    pub(super) refused: Option<CellError>,
}

impl Changed {
    /// A row of which nothing is to be sent.
    pub(super) fn nothing(row: &Row) -> Self {
        Self {
            row: row.row,
            line: row.line,
            is_new: false,
            events: 0,
            refused: None,
        }
    }
}
