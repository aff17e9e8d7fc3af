//! What goes from the thread that reads a file to the task that sends its events.

use super::fates::{Fate, Frame, Ordinals};
use touchbook_engine::Submission;
use touchbook_ingest::csv::CellError;

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
    /// How many identifiers its other rows have.
    pub(super) identifiers: usize,
    /// The first errors.
    pub(super) errors: Vec<CellError>,
}

/// Some rows and their events.
pub(super) struct Batch {
    /// From 1.
    pub(super) number: u64,
    pub(super) submissions: Vec<Submission>,
    /// All rows from the first one on, none left out.
    pub(super) rows: Vec<Changed>,
}

impl Batch {
    /// The last row that is in it; 0 if it has none.
    pub(super) fn last_row(&self) -> u64 {
        self.rows.last().map_or(0, |last| last.row)
    }

    /// A frame of its rows that has none of them yet.
    pub(super) fn frame(&self, is_final: bool) -> Frame {
        let first = self.rows.first().map_or(0, |first| first.row);
        Frame::new(is_final, first)
    }

    /// What is to be known of its rows before their events are sent.
    pub(super) fn planned(&self) -> Frame {
        let mut frame = self.frame(false);
        for row in &self.rows {
            frame.push(match &row.plan {
                Plan::Nothing(fate) | Plan::Refused(fate, _) => *fate,
                Plan::Sends(sends) => Fate::Sent(sends.ordinals),
            });
        }
        frame
    }
}

/// A row, and what it is to change.
pub(super) struct Changed {
    pub(super) row: u64,
    pub(super) line: u64,
    pub(super) plan: Plan,
}

pub(super) enum Plan {
    /// It makes no event, and this is what became of it.
    Nothing(Fate),
    /// The same of a row that is right in itself, with what is wrong all the same.
    Refused(Fate, CellError),
    Sends(Sends),
}

pub(super) struct Sends {
    /// How many of the batch's events are its own.
    pub(super) events: usize,
    pub(super) ordinals: Ordinals,
    pub(super) is_new: bool,
    /// What became of a part of it before the service ended.
    pub(super) part: Option<Fate>,
}
