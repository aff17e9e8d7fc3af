//! The lines of all customers in some of their fields: a tag, folded text, an end.

use super::matched::{Field, How, Matched};
use memchr::{memchr, memmem, memrchr};
use std::ops::Range;

/// Ends a line; no folded text has it.
const END: u8 = b'\n';

/// A row, and how one of its lines matched; in ascending order of rows.
pub(super) type Hit = (usize, Matched);

#[derive(Debug, Default)]
pub(super) struct Part {
    text: Vec<u8>,
    /// Where each row begins, in ascending order; many are empty.
    rows: Vec<usize>,
    written: Bytes,
}

impl Part {
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) fn begin_row(&mut self) {
        self.rows.push(self.text.len());
    }

    /// Adds to the last row.
    pub(super) fn line(&mut self, field: Field, folded: &str) {
        self.text.push(field as u8);
        self.text.extend_from_slice(folded.as_bytes());
        self.text.push(END);
        self.written.extend(folded.as_bytes());
    }

    /// Leaves blank lines, which match nothing; tells how many bytes they are.
    pub(super) fn clear_row(&mut self, row: usize) -> usize {
        let range = self.range(row);
        self.text[range.clone()].fill(END);
        range.len()
    }

    /// Takes over a row of another as its own last one.
    pub(super) fn take_row(&mut self, of: &Self, row: usize) {
        self.begin_row();
        let lines = &of.text[of.range(row)];
        self.text.extend_from_slice(lines);
        self.written.extend(lines);
    }

    pub(super) fn range(&self, row: usize) -> Range<usize> {
        let end = self.rows.get(row + 1).copied();
        self.rows[row]..end.unwrap_or(self.text.len())
    }

    /// Lines that match `folded` text.
    pub(super) fn hits<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = Hit> + 'a {
        let finder = memmem::Finder::new(folded);
        let (mut at, mut row) = (0, 0);
        // An empty text would match everywhere.
        if folded.is_empty() || !self.written.have(folded) {
            at = self.text.len();
        }
        std::iter::from_fn(move || {
            loop {
                at += finder.find(self.text.get(at..)?)?;
                let Some(matched) = self.matched(at, folded.len()) else {
                    at += 1;
                    continue;
                };
                row = self.row_at(at, row);
                // Nothing further on in a line is better than its first match.
                at = self.line_end(at);
                return Some((row, matched));
            }
        })
    }

    /// Lines that end in `digits`.
    pub(super) fn endings(&self, digits: &str) -> impl Iterator<Item = Hit> {
        let finder = memmem::Finder::new(&format!("{digits}\n")).into_owned();
        let (mut at, mut row) = (0, 0);
        std::iter::from_fn(move || {
            at += finder.find(self.text.get(at..)?)?;
            let start = self.line_start(at);
            let field = Field::of_tag(*self.text.get(start)?)?;
            let how = match start + 1 == at {
                true => How::Exact,
                false => How::Partly,
            };
            row = self.row_at(at, row);
            at = self.line_end(at) + 1;
            Some((row, Matched { how, field }))
        })
    }

    fn line_start(&self, at: usize) -> usize {
        memrchr(END, &self.text[..at]).map_or(0, |end| end + 1)
    }

    fn line_end(&self, at: usize) -> usize {
        memchr(END, &self.text[at..]).map_or(self.text.len(), |end| at + end)
    }

    /// The row that holds byte `at`, which is not before row `from` and seldom far after it.
    fn row_at(&self, at: usize, from: usize) -> usize {
        let (mut row, mut step) = (from, 1);
        while self.rows.get(row + step).is_some_and(|start| *start <= at) {
            row += step;
            step *= 2;
        }
        let end = self.rows.len().min(row + step);
        row + self.rows[row..end]
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }

    /// How the line around byte `at` matches `length` bytes there; `None` where that is no match.
    fn matched(&self, at: usize, length: usize) -> Option<Matched> {
        let start = self.line_start(at);
        let field = Field::of_tag(*self.text.get(start)?)?;
        let rest = &self.text[at + length..];
        let begins = start + 1 == at;
        let ends = rest.first() == Some(&END);
        let how = match field {
            Field::Name | Field::Company if !begins => How::Within,
            // `opencart:67890` is found by its second part too.
            Field::ExternalId | Field::User | Field::Handle
                if !begins && self.text[at - 1] != b':' =>
            {
                return None;
            }
            Field::Email | Field::Phone if !begins => return None,
            _ if begins && ends => How::Exact,
            _ => How::Partly,
        };
        Some(Matched { how, field })
    }
}

/// Which bytes a text was ever made of, a bit each: what has another can't be in it.
#[derive(Debug, Default)]
struct Bytes([u64; 4]);

impl Bytes {
    fn extend(&mut self, text: &[u8]) {
        for byte in text {
            self.0[usize::from(byte / 64)] |= 1 << (byte % 64);
        }
    }

    fn have(&self, text: &str) -> bool {
        text.bytes()
            .all(|byte| self.0[usize::from(byte / 64)] & 1 << (byte % 64) != 0)
    }
}
