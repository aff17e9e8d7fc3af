//! The rows that failed, each with what was wrong, to be corrected and imported again.

use super::cell_error::CellError;
use super::header::{Header, IMPORT_ERRORS, Slot};
use super::reader::{Fault, RawRow};
use super::{formula, quote};
use std::io::{self, Write};

/// Writes failed rows as they stood, and beside them what was wrong.
///
/// An import of the file passes that column over. A row that could not be cut into the right cells
/// has too many or too few here too, so that it fails again until somebody corrects it; one whose
/// quotes are broken is a single cell, and of one that is too long only the error is left.
pub struct ErrorFile<W> {
    sink: W,
    delimiter: u8,
    /// Which columns stay: all but the errors of an earlier import.
    stay: Vec<bool>,
    line: Vec<u8>,
}

impl<W: Write> ErrorFile<W> {
    /// Writes the header, as it stands in the file, and `Import_Errors`.
    ///
    /// # Errors
    /// When `sink` fails, here and below.
    pub fn new(sink: W, header: &Header) -> io::Result<Self> {
        let stay = header.slots.iter().map(|slot| *slot != Slot::ImportErrors);
        let mut file = Self {
            sink,
            delimiter: header.delimiter,
            stay: stay.collect(),
            line: Vec::new(),
        };
        if header.has_byte_order_mark {
            file.line.extend_from_slice("\u{feff}".as_bytes());
        }
        let names = header.names.iter().map(|name| name.as_bytes());
        let stays = names.zip(&file.stay).filter(|(_, stays)| **stays);
        let names = stays
            .map(|(name, _)| name)
            .chain([IMPORT_ERRORS.as_bytes()]);
        quote::write_row(&mut file.line, file.delimiter, names);
        file.sink.write_all(&file.line)?;
        Ok(file)
    }

    pub fn write(&mut self, row: &RawRow<'_>, errors: &[CellError]) -> io::Result<()> {
        self.line.clear();
        let errors: Vec<String> = errors.iter().map(CellError::to_string).collect();
        let errors = errors.join("; ");
        let mut cells = self.kept(row);
        // With the errors it would have as many cells as the header, each in a wrong column.
        if !is_whole(row.fault) && cells.len() + 1 == self.columns() {
            cells.push(b"");
        }
        let errors = formula::neutral(&errors);
        cells.push(errors.as_bytes());
        quote::write_row(&mut self.line, self.delimiter, cells);
        self.sink.write_all(&self.line)
    }

    /// The sink, to which everything was handed over.
    pub fn into_inner(self) -> W {
        self.sink
    }

    fn columns(&self) -> usize {
        1 + self.stay.iter().filter(|stays| **stays).count()
    }

    fn kept<'a>(&self, row: &RawRow<'a>) -> Vec<&'a [u8]> {
        let cells = row.scanned.cells();
        match row.fault {
            None | Some(Fault::NotUtf8 { .. }) => {
                let stays = cells.zip(&self.stay).filter(|(_, stays)| **stays);
                stays.map(|(cell, _)| cell).collect()
            }
            Some(Fault::CellCount { .. }) => cells.collect(),
            Some(Fault::Quotes) => vec![&row.scanned.raw],
            Some(Fault::TooLong) => Vec::new(),
        }
    }
}

/// Whether the row's cells are those of the header.
fn is_whole(fault: Option<Fault>) -> bool {
    matches!(fault, None | Some(Fault::NotUtf8 { .. }))
}
