//! One row cut into cells: RFC 4180, and what its quotes are worth.

use super::ROW_BYTES_MAX;

/// The row that was scanned last; its memory is used again for the next one.
#[derive(Default)]
pub(super) struct Scanned {
    /// As it stands in the file.
    pub(super) raw: Vec<u8>,
    /// The cells without their quotes, one after another.
    pub(super) text: Vec<u8>,
    /// Where each cell ends in `text`.
    pub(super) ends: Vec<usize>,
    pub(super) offset: u64,
    pub(super) line: u64,
    /// More bytes than a row may have; what was scanned first is kept, the rest is dropped.
    pub(super) is_too_long: bool,
    pub(super) quoting: Quoting,
    /// The line on which the last quoted cell began.
    pub(super) quoted_line: u64,
    state: State,
    bytes: usize,
}

/// What quotes say of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quoting {
    #[default]
    Sound,
    /// A quote within a cell that does not begin with one: a character like others.
    Stray,
    /// Text follows a closing quote on the line on which it was opened.
    Broken,
    /// Text follows a closing quote some lines on, or none closes: where rows begin is not known.
    Lost,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    CellStart,
    Plain,
    Quoted,
    AfterQuote,
    /// Behind text that follows a closing quote, until the line ends.
    Skipping,
}

impl Scanned {
    pub(super) fn begin(&mut self, offset: u64, line: u64) {
        self.raw.clear();
        self.text.clear();
        self.ends.clear();
        self.offset = offset;
        self.line = line;
        self.is_too_long = false;
        self.quoting = Quoting::Sound;
        self.state = State::CellStart;
        self.bytes = 0;
    }

    /// Scans `portion` up to the end of the row; how far it got, and the byte that ends the row.
    pub(super) fn take(
        &mut self,
        portion: &[u8],
        delimiter: u8,
        line: &mut u64,
    ) -> (usize, Option<u8>) {
        let mut at = 0;
        let mut end = None;
        while let Some(byte) = portion.get(at).copied() {
            let is_end = matches!(byte, b'\n' | b'\r');
            match self.state {
                State::Quoted if byte != b'"' => {
                    let run = run(&portion[at..], |byte| byte == b'"');
                    *line += run.iter().filter(|byte| **byte == b'\n').count() as u64;
                    self.keep(run);
                    at += run.len();
                    continue;
                }
                State::Quoted => self.state = State::AfterQuote,
                _ if is_end => {
                    end = Some(byte);
                    break;
                }
                State::Skipping => {}
                _ if byte == delimiter => self.end_cell(),
                State::CellStart if byte == b'"' => {
                    self.quoted_line = *line;
                    self.state = State::Quoted;
                }
                State::AfterQuote if byte == b'"' => {
                    self.keep(b"\"");
                    self.state = State::Quoted;
                }
                State::AfterQuote => self.break_off(*line),
                State::CellStart | State::Plain => {
                    at += self.plain(&portion[at..], delimiter);
                    continue;
                }
            }
            at += 1;
        }
        self.count(&portion[..at]);
        if end.is_some() {
            self.end_row();
        }
        (at, end)
    }

    /// Takes what of a cell without quotes lies before whatever could end it.
    fn plain(&mut self, portion: &[u8], delimiter: u8) -> usize {
        let run = run(portion, |byte| {
            byte == delimiter || matches!(byte, b'\n' | b'\r')
        });
        if self.quoting == Quoting::Sound && run.contains(&b'"') {
            self.quoting = Quoting::Stray;
        }
        self.keep(run);
        self.state = State::Plain;
        run.len()
    }

    fn keep(&mut self, cell: &[u8]) {
        if !self.is_too_long {
            self.text.extend_from_slice(cell);
        }
    }

    fn end_cell(&mut self) {
        if !self.is_too_long {
            self.ends.push(self.text.len());
        }
        self.state = State::CellStart;
    }

    fn break_off(&mut self, line: u64) {
        self.quoting = match self.quoted_line == line {
            true => Quoting::Broken,
            false => Quoting::Lost,
        };
        self.state = State::Skipping;
    }

    fn count(&mut self, portion: &[u8]) {
        self.bytes = self.bytes.saturating_add(portion.len());
        if self.bytes > ROW_BYTES_MAX {
            self.is_too_long = true;
        } else {
            self.raw.extend_from_slice(portion);
        }
    }

    fn end_row(&mut self) {
        self.ends.push(self.text.len());
    }

    pub(super) fn end_of_file(&mut self) {
        if self.state == State::Quoted {
            self.quoting = Quoting::Lost;
        }
        self.end_row();
    }

    pub(super) fn cell(&self, at: usize) -> &[u8] {
        let start = match at.checked_sub(1) {
            Some(before) => self.ends[before],
            None => 0,
        };
        &self.text[start..self.ends[at]]
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|at| self.cell(at))
    }

    /// Cells with nothing in any of them, such as spreadsheets leave behind a table.
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty() && !self.is_too_long && self.quoting == Quoting::Sound
    }

    /// Where in the file the first byte stands that is not UTF-8.
    pub(super) fn not_utf8_at(&self) -> Option<u64> {
        let error = std::str::from_utf8(&self.raw).err()?;
        Some(self.offset + error.valid_up_to() as u64)
    }
}

/// The bytes before the first that ends a run.
fn run(portion: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    match portion.iter().position(|byte| ends(*byte)) {
        Some(end) => &portion[..end],
        None => portion,
    }
}
