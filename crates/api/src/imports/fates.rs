//! What became of each row of a file, and the one rule that an import follows: a row that was
//! decided is never decided again, and a row that failed is tried again when its file is sent
//! again.
//!
//! Fates are kept in the order of the file, as [`Frame`]s of consecutive rows, one or two for each
//! batch. So nothing that is held grows with the file: a frame is what is held at once.

#[cfg(test)]
mod tests;

use super::manifest::Counts;
use serde::{Deserialize, Serialize};
use std::io;
use touchbook_ingest::csv::CellError;

/// Changes of one row, each with an ordinal of its own from 1 on.
pub(super) const ORDINALS: u8 = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fate {
    Created,
    Updated,
    Unchanged,
    Failed,
    /// It was decided or it failed, and nobody knows which any more. It counts as failed.
    Unknown,
    /// Events with these ordinals were about to be sent; the ledger knows what became of them.
    Sent(Ordinals),
}

/// A set of ordinals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ordinals(u8);

impl Ordinals {
    pub(super) fn insert(&mut self, ordinal: u8) {
        if (1..=ORDINALS).contains(&ordinal) {
            self.0 |= 1 << ordinal;
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn has_all(self, of: Self) -> bool {
        self.0 & of.0 == of.0
    }
}

impl FromIterator<u8> for Ordinals {
    fn from_iter<I: IntoIterator<Item = u8>>(ordinals: I) -> Self {
        let mut set = Self::default();
        ordinals.into_iter().for_each(|ordinal| set.insert(ordinal));
        set
    }
}

impl Fate {
    pub(super) fn is_decided(self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::Unchanged)
    }

    pub(super) fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Unknown)
    }

    /// As the next sending of the file sees it.
    fn later(self) -> Self {
        match self.is_decided() {
            true => Self::Unchanged,
            false => self,
        }
    }
}

/// Consecutive rows of one fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) fate: Fate,
    pub(super) rows: u64,
}

/// Consecutive rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frame {
    /// What became of them is known; otherwise their events are about to be sent.
    pub(super) is_final: bool,
    pub(super) first_row: u64,
    runs: Vec<Run>,
    /// Why the ledger refused rows of it, in order.
    pub(super) refused: Vec<CellError>,
}

impl Frame {
    pub(super) fn new(is_final: bool, first_row: u64) -> Self {
        Self {
            is_final,
            first_row,
            runs: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Adds the next row.
    pub(super) fn push(&mut self, fate: Fate) {
        self.extend(Run { fate, rows: 1 });
    }

    pub(super) fn extend(&mut self, run: Run) {
        match self.runs.last_mut() {
            Some(last) if last.fate == run.fate => last.rows += run.rows,
            _ if run.rows > 0 => self.runs.push(run),
            _ => {}
        }
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The row after its last.
    pub(super) fn next_row(&self) -> u64 {
        let rows: u64 = self.runs.iter().map(|run| run.rows).sum();
        self.first_row + rows
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for run in &self.runs {
            match run.fate {
                Fate::Created => counts.created += run.rows,
                Fate::Updated => counts.updated += run.rows,
                Fate::Unchanged => counts.unchanged += run.rows,
                Fate::Failed | Fate::Unknown => counts.failed += run.rows,
                Fate::Sent(_) => {}
            }
        }
        counts
    }
}

/// Fates by row, asked for in the order of the file.
pub(super) struct Fates<I> {
    frames: I,
    frame: Option<Frame>,
    /// Of the frame's runs, the one that is looked at, and its first row.
    at: usize,
    first_row: u64,
}

impl<I: Iterator<Item = io::Result<Frame>>> Fates<I> {
    /// `frames` follow each other, one for each row.
    pub(super) fn new(frames: I) -> Self {
        Self {
            frames,
            frame: None,
            at: 0,
            first_row: 0,
        }
    }

    /// `None` of rows that no frame has.
    pub(super) fn of(&mut self, row: u64) -> io::Result<Option<Fate>> {
        loop {
            if let Some(run) = self
                .frame
                .as_ref()
                .and_then(|frame| frame.runs.get(self.at))
            {
                if row < self.first_row {
                    return Ok(None);
                }
                if row < self.first_row + run.rows {
                    return Ok(Some(run.fate));
                }
                self.first_row += run.rows;
                self.at += 1;
                continue;
            }
            let Some(next) = self.frames.next().transpose()? else {
                return Ok(None);
            };
            (self.at, self.first_row) = (0, next.first_row);
            self.frame = Some(next);
        }
    }

    /// Why the ledger refused the row that was asked for last.
    pub(super) fn refusal(&self, row: u64) -> Option<&CellError> {
        let refused = self.frame.iter().flat_map(|frame| &frame.refused);
        refused.into_iter().find(|refused| refused.row == row)
    }
}

/// All fates as the next sending of the file sees them: those of the last sending, and beyond them
/// those of the ones before.
pub(super) fn together(
    last: impl Iterator<Item = io::Result<Frame>>,
    before: impl Iterator<Item = io::Result<Frame>>,
    mut each: impl FnMut(Run) -> io::Result<()>,
) -> io::Result<()> {
    let mut next_row = 1_u64;
    for frame in last.chain(before) {
        let frame = frame?;
        let mut first_row = frame.first_row;
        for run in frame.runs {
            let passed = next_row.saturating_sub(first_row).min(run.rows);
            let rows = run.rows - passed;
            first_row += run.rows;
            next_row += rows;
            if rows > 0 {
                let fate = run.fate.later();
                each(Run { fate, rows })?;
            }
        }
    }
    Ok(())
}

/// What the ledger has of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recorded {
    pub(super) ordinals: Ordinals,
    /// Of them, those since this sending began.
    pub(super) since: Ordinals,
    /// One of those made its customer.
    pub(super) is_new: bool,
}

impl Recorded {
    fn fate(self) -> Fate {
        match (self.since.is_empty(), self.is_new) {
            (true, _) => Fate::Unchanged,
            (false, false) => Fate::Updated,
            (false, true) => Fate::Created,
        }
    }
}

/// What is known of a row whose turn comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// By this sending, before the service ended.
    pub(super) now: Option<Fate>,
    /// By sendings before this one.
    pub(super) earlier: Option<Fate>,
    /// Seen from the last row of which something was recorded since this sending began: events
    /// are decided in order, so all before that one have been.
    pub(super) from_last: std::cmp::Ordering,
}

/// What is to be done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing: this is what became of it.
    Was(Fate),
    /// It is decided now; a part of it may have been before the service ended, with this result.
    Open(Option<Fate>),
    /// It may have been decided, and may not be again: what it would change fails.
    Doubtful,
}

impl Known {
    /// The rule; `recorded` looks the row up, which costs more than all the rest.
    pub(super) fn standing(self, recorded: impl FnOnce() -> Recorded) -> Standing {
        let sent = match self.now {
            Some(Fate::Sent(sent)) => Some(sent),
            None => None,
            Some(fate) => return Standing::Was(fate),
        };
        if self.earlier.is_some_and(Fate::is_decided) {
            return Standing::Was(Fate::Unchanged);
        }
        if self.from_last.is_gt() {
            return match self.earlier {
                Some(Fate::Unknown) => match recorded().ordinals.is_empty() {
                    true => Standing::Doubtful,
                    false => Standing::Was(Fate::Unchanged),
                },
                Some(Fate::Sent(sent)) if recorded().ordinals.has_all(sent) => {
                    Standing::Was(Fate::Unchanged)
                }
                _ => Standing::Open(None),
            };
        }
        let recorded = recorded();
        let is_whole = match sent {
            Some(sent) => recorded.ordinals.has_all(sent),
            None => self.from_last.is_lt() && !recorded.since.is_empty(),
        };
        match (is_whole, self.from_last.is_lt()) {
            (true, _) => Standing::Was(recorded.fate()),
            (false, true) if self.earlier == Some(Fate::Unknown) => Standing::Doubtful,
            // Something of it was refused.
            (false, true) => Standing::Was(Fate::Failed),
            (false, false) => {
                let part = recorded.fate();
                Standing::Open((part != Fate::Unchanged).then_some(part))
            }
        }
    }
}
