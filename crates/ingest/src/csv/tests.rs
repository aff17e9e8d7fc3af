//! Whole files: what is read of them, what events they become, and that they come back.

mod error_files;
mod exports;
mod history;
mod imports;
mod known;

use super::{CellError, Reader, Row};
use std::io::{self, Read};
use touchbook_events::Policies;

/// Gives away so many bytes at once, and no more.
pub(super) struct Trickle<'a> {
    bytes: &'a [u8],
    portion: usize,
}

impl<'a> Trickle<'a> {
    pub(super) fn new(bytes: &'a [u8], portion: usize) -> Self {
        Self { bytes, portion }
    }
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.portion.min(self.bytes.len()).min(buffer.len());
        let (now, later) = self.bytes.split_at(bytes);
        buffer[..bytes].copy_from_slice(now);
        self.bytes = later;
        Ok(bytes)
    }
}

/// Every row of a file that can be read to its end, under default policies.
pub(super) fn rows_of(file: impl AsRef<[u8]>) -> Vec<Result<Row, Vec<CellError>>> {
    let mut reader = Reader::open(file.as_ref()).unwrap();
    let policies = Policies::default();
    let mut rows = Vec::new();
    while let Some(raw) = reader.next_row().unwrap() {
        rows.push(raw.read(&policies));
    }
    rows
}

/// The only row of a file.
fn row_of(header: &str, row: &str) -> Result<Row, Vec<CellError>> {
    let mut rows = rows_of(format!("{header}\n{row}\n"));
    assert_eq!(rows.len(), 1, "{row}");
    rows.remove(0)
}
