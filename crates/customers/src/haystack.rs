//! All searchable text of all customers in one piece of memory, so that a search is one scan.
//!
//! A row is a customer's lines, a line is a tag, folded text and an end. 200,000 customers are some
//! 16 MB, which are scanned in a few milliseconds; an index by substring would take ten times that.

use crate::fold::fold_into;
use crate::person::Held;
use crate::state::Contribution;
use memchr::{memchr, memmem, memrchr};
use std::collections::HashMap;
use touchbook_events::{CustomerId, IdentifierKind};

/// Ends a line; no folded text has it.
const END: u8 = b'\n';

/// Removed rows are swept once they are more than this and more than half of all bytes.
const SWEPT_BYTES_MIN: usize = 64 * 1024;

/// What of a customer matched; better ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    ExternalId = 1,
    User,
    Email,
    Phone,
    Handle,
    Name,
    Company,
}

impl Field {
    fn of_tag(tag: u8) -> Option<Self> {
        let all = [
            Self::ExternalId,
            Self::User,
            Self::Email,
            Self::Phone,
            Self::Handle,
            Self::Name,
            Self::Company,
        ];
        all.into_iter().find(|field| *field as u8 == tag)
    }

    fn of(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::ExternalId => Self::ExternalId,
            IdentifierKind::User => Self::User,
            IdentifierKind::Email => Self::Email,
            IdentifierKind::Phone => Self::Phone,
            IdentifierKind::Handle => Self::Handle,
        }
    }

    /// As in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExternalId => "external_id",
            Self::User => "user",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Handle => "handle",
            Self::Name => "name",
            Self::Company => "company",
        }
    }
}

/// How it matched; better ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum How {
    Exact,
    /// The text begins with what was asked; a phone number ends with it.
    Partly,
    Within,
}

/// Why a customer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matched {
    pub how: How,
    pub field: Field,
}

#[derive(Debug, Default)]
pub(crate) struct Haystack {
    text: Vec<u8>,
    /// Where each row begins, in ascending order; `None` once removed.
    rows: Vec<(usize, Option<CustomerId>)>,
    row_of: HashMap<CustomerId, usize>,
    removed_bytes: usize,
}

impl Haystack {
    pub(crate) fn remove(&mut self, customer: CustomerId) {
        let Some(row) = self.row_of.remove(&customer) else {
            return;
        };
        let range = self.range(row);
        self.removed_bytes += range.len();
        // Blank lines match nothing.
        self.text[range].fill(END);
        self.rows[row].1 = None;
        if self.removed_bytes > SWEPT_BYTES_MIN && self.removed_bytes > self.text.len() / 2 {
            self.sweep();
        }
    }

    pub(crate) fn insert(&mut self, customer: CustomerId, contribution: &Contribution) {
        self.remove(customer);
        self.row_of.insert(customer, self.rows.len());
        self.rows.push((self.text.len(), Some(customer)));
        let mut folded = String::new();
        let names = [
            (Field::Name, &contribution.name),
            (Field::Company, &contribution.company),
        ];
        for (field, text) in names {
            if let Some(text) = text {
                self.line(field, text, &mut folded);
            }
        }
        for Held { kind, value, .. } in contribution.identifiers.iter() {
            let value = match kind {
                IdentifierKind::Phone => value.trim_start_matches('+'),
                _ => value,
            };
            self.line(Field::of(*kind), value, &mut folded);
        }
    }

    fn line(&mut self, field: Field, text: &str, folded: &mut String) {
        folded.clear();
        fold_into(text, folded);
        self.text.push(field as u8);
        self.text.extend_from_slice(folded.as_bytes());
        self.text.push(END);
    }

    fn range(&self, row: usize) -> std::ops::Range<usize> {
        let end = self
            .rows
            .get(row + 1)
            .map_or(self.text.len(), |(start, _)| *start);
        self.rows[row].0..end
    }

    fn sweep(&mut self) {
        let mut kept = Self::default();
        for (row, (_, customer)) in self.rows.iter().enumerate() {
            let Some(customer) = customer else { continue };
            kept.row_of.insert(*customer, kept.rows.len());
            kept.rows.push((kept.text.len(), Some(*customer)));
            kept.text.extend_from_slice(&self.text[self.range(row)]);
        }
        *self = kept;
    }

    /// Hands over each customer of whom a line matches `folded` text or ends in `digits`, once,
    /// with the best match.
    pub(crate) fn search(
        &self,
        folded: &str,
        digits: Option<&str>,
        mut found: impl FnMut(CustomerId, Matched),
    ) {
        let mut phones = digits.map(|digits| self.phones(digits)).unwrap_or_default();
        let mut hits = Hits::new(self, folded).peekable();
        while let Some((row, mut best)) = hits.next() {
            while let Some((_, next)) = hits.next_if(|(same, _)| *same == row) {
                best = best.min(next);
            }
            if let Some(phone) = phones.remove(&row) {
                best = best.min(phone);
            }
            if let Some(customer) = self.rows[row].1 {
                found(customer, best);
            }
        }
        for (row, matched) in phones {
            if let Some(customer) = self.rows[row].1 {
                found(customer, matched);
            }
        }
    }

    /// Rows with a phone number that ends in `digits`.
    fn phones(&self, digits: &str) -> HashMap<usize, Matched> {
        let needle = format!("{digits}\n");
        let mut phones = HashMap::new();
        let mut row = 0;
        for at in memmem::find_iter(&self.text, needle.as_bytes()) {
            let start = self.line_start(at);
            if self.text[start] != Field::Phone as u8 {
                continue;
            }
            let how = if start + 1 == at {
                How::Exact
            } else {
                How::Partly
            };
            row = self.row_at(at, row);
            let matched = Matched {
                how,
                field: Field::Phone,
            };
            phones
                .entry(row)
                .and_modify(|best: &mut Matched| *best = matched.min(*best))
                .or_insert(matched);
        }
        phones
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
        while self
            .rows
            .get(row + step)
            .is_some_and(|(start, _)| *start <= at)
        {
            row += step;
            step *= 2;
        }
        let end = self.rows.len().min(row + step);
        row + self.rows[row..end]
            .partition_point(|(start, _)| *start <= at)
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

/// Matches of a text, row by row.
struct Hits<'a> {
    haystack: &'a Haystack,
    finder: memmem::Finder<'a>,
    length: usize,
    at: usize,
    row: usize,
}

impl<'a> Hits<'a> {
    fn new(haystack: &'a Haystack, folded: &'a str) -> Self {
        // A needle with an end of line or nothing in it would match everywhere.
        let usable = !folded.is_empty() && memchr(END, folded.as_bytes()).is_none();
        let at = if usable { 0 } else { haystack.text.len() };
        let finder = memmem::Finder::new(folded);
        Self {
            haystack,
            finder,
            length: folded.len(),
            at,
            row: 0,
        }
    }
}

impl Iterator for Hits<'_> {
    type Item = (usize, Matched);

    fn next(&mut self) -> Option<(usize, Matched)> {
        loop {
            let rest = self
                .haystack
                .text
                .get(self.at..)
                .filter(|rest| !rest.is_empty())?;
            let at = self.at + self.finder.find(rest)?;
            let matched = self.haystack.matched(at, self.length);
            // Nothing further on in a line is better than its first match.
            self.at = match matched {
                Some(_) => self.haystack.line_end(at),
                None => at + 1,
            };
            if let Some(matched) = matched {
                self.row = self.haystack.row_at(at, self.row);
                return Some((self.row, matched));
            }
        }
    }
}
