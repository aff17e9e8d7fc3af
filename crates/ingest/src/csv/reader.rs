//! A file's rows, one by one.

use super::cell_error::CellError;
use super::header::{Header, Slot};
use super::scan::Scanner;
use super::scanned::{Quoting, Scanned};
use super::{CUSTOM_COLUMNS_MAX, ROW_BYTES_MAX};
use std::io::{self, Read};

/// What ends the reading of a file. A row that can't be used doesn't: its [`RawRow`] says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file can't be read: {0}")]
    Io(#[from] io::Error),
    #[error("the file is empty; its first line must name its columns")]
    Empty,
    #[error("the file is UTF-16; save it as CSV UTF-8")]
    Utf16,
    #[error("the header is not UTF-8 at byte {offset} of the file; save it as CSV UTF-8")]
    HeaderNotUtf8 { offset: u64 },
    #[error("the header has more than {max} bytes; is this a CSV file?", max = ROW_BYTES_MAX)]
    HeaderTooLong,
    #[error(
        "column {first} (`{first_name}`) and column {second} (`{second_name}`) mean the same; \
         leave one out"
    )]
    SameColumn {
        first: usize,
        first_name: Box<str>,
        second: usize,
        second_name: Box<str>,
    },
    #[error(
        "{count} columns are custom fields, at most {max} are allowed",
        max = CUSTOM_COLUMNS_MAX
    )]
    TooManyCustomColumns { count: usize },
    #[error("no column says who a row is about: External_ID, Email or Phone; found: {found}")]
    NoIdentifier { found: String },
    /// Where the next row begins is not known, so nothing after this line can be believed.
    #[error(
        "from line {line} on, quotes don't match, and nothing after it was read; a quote within a \
         quoted cell is written twice"
    )]
    Quotes { line: u64 },
}

/// Reads a file row by row, in memory that does not grow with it.
pub struct Reader<R> {
    scanner: Scanner<R>,
    header: Header,
    scanned: Scanned,
    rows: u64,
    /// Quotes were broken in the row before: what seems to be the next row may lie within a cell.
    is_suspect: bool,
    is_over: bool,
}

/// A row as it stands in the file.
#[derive(Clone, Copy)]
pub struct RawRow<'a> {
    /// 1 = the first row of data.
    pub row: u64,
    /// The line of the file on which it begins; the header's is 1.
    pub line: u64,
    pub(super) header: &'a Header,
    pub(super) scanned: &'a Scanned,
    pub(super) fault: Option<Fault>,
}

/// Why a row has no cells that could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLong,
    CellCount { found: usize, expected: usize },
    NotUtf8 { offset: u64 },
    Quotes,
}

impl<R: Read> Reader<R> {
    /// Reads the header. Delimiter (comma, semicolon or tab), byte order mark and ends of lines are
    /// found out.
    ///
    /// # Errors
    /// For a file that has no rows to offer, with what to do about it.
    pub fn open(source: R) -> Result<Self, Error> {
        let mut scanner = Scanner::new(source)?;
        if matches!(scanner.unscanned(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
            return Err(Error::Utf16);
        }
        let mut scanned = Scanned::default();
        if !scanner.next(&mut scanned)? {
            return Err(Error::Empty);
        }
        let header = Header::read(&scanned, scanner.delimiter, scanner.has_byte_order_mark)?;
        Ok(Self {
            scanner,
            header,
            scanned,
            rows: 0,
            is_suspect: false,
            is_over: false,
        })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next row; lines without any text are passed over and not counted.
    ///
    /// # Errors
    /// When the file can't be read any more, or quotes make it impossible to tell its rows. After
    /// that there is no next row.
    pub fn next_row(&mut self) -> Result<Option<RawRow<'_>>, Error> {
        if self.is_over || !self.scan()? {
            self.is_over = true;
            return Ok(None);
        }
        self.rows += 1;
        let fault = self.fault();
        let quoting = self.scanned.quoting;
        let is_odd = quoting != Quoting::Sound || matches!(fault, Some(Fault::CellCount { .. }));
        if quoting == Quoting::Lost || self.is_suspect && is_odd {
            self.is_over = true;
            return Err(Error::Quotes {
                line: self.scanned.line,
            });
        }
        self.is_suspect = quoting == Quoting::Broken;
        Ok(Some(RawRow {
            row: self.rows,
            line: self.scanned.line,
            header: &self.header,
            scanned: &self.scanned,
            fault,
        }))
    }

    fn scan(&mut self) -> Result<bool, Error> {
        loop {
            let more = self.scanner.next(&mut self.scanned);
            self.is_over |= more.is_err();
            if !more? {
                return Ok(false);
            }
            if !self.scanned.is_blank() {
                return Ok(true);
            }
        }
    }

    fn fault(&self) -> Option<Fault> {
        let (found, expected) = (self.scanned.ends.len(), self.header.slots.len());
        if self.scanned.is_too_long {
            Some(Fault::TooLong)
        } else if self.scanned.quoting == Quoting::Broken {
            Some(Fault::Quotes)
        } else if let Some(offset) = self.scanned.not_utf8_at() {
            Some(Fault::NotUtf8 { offset })
        } else if found != expected {
            Some(Fault::CellCount { found, expected })
        } else {
            None
        }
    }
}

impl<'a> RawRow<'a> {
    /// Cells with what their column means and what stands there, restored.
    pub(super) fn cells(self) -> impl Iterator<Item = (usize, &'a Slot, &'a str)> {
        let slots = self.header.slots.iter().enumerate();
        // A row of other bytes has a fault, and its cells are not looked at.
        slots.map(move |(at, slot)| {
            let cell = std::str::from_utf8(self.scanned.cell(at)).unwrap_or_default();
            (at, slot, super::formula::restored(cell))
        })
    }

    pub(super) fn place(self) -> (u64, u64) {
        (self.row, self.line)
    }

    /// Why the row as a whole can't be read.
    pub(super) fn refusal(self) -> Option<CellError> {
        let rule = match self.fault? {
            Fault::TooLong => format!(
                "row {} (line {}) has more than {ROW_BYTES_MAX} bytes",
                self.row, self.line
            ),
            Fault::CellCount { found, expected } => {
                format!("the row has {found} cells, the header {expected}")
            }
            Fault::NotUtf8 { offset } => {
                format!("not UTF-8 at byte {offset} of the file; save it as CSV UTF-8")
            }
            Fault::Quotes => "text follows a closing quote; a quote within a quoted cell is \
                              written twice, and the whole cell stands in quotes"
                .to_owned(),
        };
        Some(CellError::of_row(self.place(), rule))
    }
}
