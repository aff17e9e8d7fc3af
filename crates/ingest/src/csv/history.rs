//! A row that is one interaction, at its own date (S0-027).

use super::cell_error::CellError;
use super::column::Column;
use super::header::Slot;
use super::reader::RawRow;
use super::value;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::text::{Description, Title, Word};
use touchbook_events::{Policies, Timestamp};

/// An interaction as a row says it.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// As it is spelt, in the catalogue's form where it is known (C4).
    pub kind: Word,
    pub at: Timestamp,
    pub direction: Option<Direction>,
    pub duration_seconds: Option<u32>,
    pub subject: Option<Title>,
    pub notes: Option<Description>,
    /// As it is spelt (C2).
    pub outcome: Option<Word>,
}

/// The cells of history while a row is read.
#[derive(Default)]
pub(super) struct HistoryCells {
    kind: Option<Word>,
    at: Option<Timestamp>,
    direction: Option<Direction>,
    duration_seconds: Option<u32>,
    subject: Option<Title>,
    notes: Option<Description>,
    outcome: Option<Word>,
    /// A bit for each column whose cell has something in it, be it right or wrong.
    filled: u32,
}

impl HistoryCells {
    /// `None` where the cell, which is not blank, is not what its column's rule says.
    pub(super) fn read(&mut self, column: Column, cell: &str, policies: &Policies) -> Option<()> {
        self.filled |= bit(column);
        let trimmed = cell.trim();
        match column {
            Column::InteractionType => {
                self.kind = Some(value::interaction_type(trimmed, policies)?);
            }
            Column::InteractionDate => self.at = Some(value::instant(trimmed, policies)?),
            Column::Direction => {
                self.direction = Some(Direction::parse(&trimmed.to_ascii_lowercase())?);
            }
            Column::DurationSeconds => {
                self.duration_seconds = Some(u32::try_from(value::count(trimmed)?).ok()?);
            }
            Column::Subject => self.subject = Some(Title::new(cell).ok()?),
            Column::Notes => self.notes = Some(Description::new(cell).ok()?),
            Column::Outcome => self.outcome = Some(value::outcome(trimmed, policies)?),
            _ => {}
        }
        Some(())
    }

    /// The interaction, if the row is one; adds what only the cells together have wrong.
    pub(super) fn finish(self, row: RawRow<'_>, errors: &mut Vec<CellError>) -> Option<History> {
        if self.filled == 0 {
            return None;
        }
        for column in [Column::InteractionType, Column::InteractionDate] {
            self.require(column, row, errors);
        }
        let (kind, at) = (self.kind.clone()?, self.at?);
        if matches!(kind.as_str(), "note" | "meeting") {
            self.require(Column::Notes, row, errors);
        }
        Some(History {
            kind,
            at,
            direction: self.direction,
            duration_seconds: self.duration_seconds,
            subject: self.subject,
            notes: self.notes,
            outcome: self.outcome,
        })
    }

    fn require(&self, column: Column, row: RawRow<'_>, errors: &mut Vec<CellError>) {
        if self.filled & bit(column) == 0 {
            errors.push(empty(row, column));
        }
    }
}

fn bit(column: Column) -> u32 {
    1 << column as u32
}

/// An error of a cell that should not be empty, or of a column that should be there.
fn empty(row: RawRow<'_>, column: Column) -> CellError {
    let mut slots = row.header.slots.iter();
    let name = match slots.position(|slot| *slot == Slot::Known(column)) {
        Some(at) => row.header.name(at),
        None => column.guide().name,
    };
    CellError::of_cell(row.place(), name, "", column.guide().rule)
}
