//! All searchable text of all customers in a few pieces of memory, so that a search is a scan.
//!
//! A row is a customer's lines. Those of each kind of field lie together: names hardly ever have an
//! `@` and phone numbers no letters, so that much of what is asked for can't be in some of the
//! pieces, and they are not looked at. 200,000 customers are some 16 MB; an index by substring
//! would take ten times that.

mod matched;
mod part;
#[cfg(test)]
mod tests;

pub use matched::{Field, How, Matched};

use crate::fold::fold_into;
use crate::person::Held;
use crate::state::Contribution;
use part::{Hit, Part};
use std::collections::HashMap;
use std::iter::Peekable;
use touchbook_events::{CustomerId, IdentifierKind};

/// Removed rows are swept once they are more than this and more than half of all bytes. Tests sweep
/// far fewer.
const SWEPT_BYTES_MIN: usize = if cfg!(test) { 64 } else { 64 * 1024 };

#[derive(Debug, Default)]
pub(crate) struct Haystack {
    /// Whose each row is; `None` once removed.
    rows: Vec<Option<CustomerId>>,
    row_of: HashMap<CustomerId, usize>,
    parts: Parts,
    removed_bytes: usize,
}

/// Each has every row.
#[derive(Debug, Default)]
struct Parts {
    names: Part,
    emails: Part,
    phones: Part,
    ids: Part,
}

impl Parts {
    fn each(&self) -> [&Part; 4] {
        [&self.names, &self.emails, &self.phones, &self.ids]
    }

    fn each_mut(&mut self) -> [&mut Part; 4] {
        [
            &mut self.names,
            &mut self.emails,
            &mut self.phones,
            &mut self.ids,
        ]
    }

    fn of(&mut self, field: Field) -> &mut Part {
        match field {
            Field::Name | Field::Company => &mut self.names,
            Field::Email => &mut self.emails,
            Field::Phone => &mut self.phones,
            Field::ExternalId | Field::User | Field::Handle => &mut self.ids,
        }
    }

    fn bytes(&self) -> usize {
        self.each().map(Part::bytes).iter().sum()
    }
}

impl Haystack {
    pub(crate) fn remove(&mut self, customer: CustomerId) {
        let Some(row) = self.row_of.remove(&customer) else {
            return;
        };
        for part in self.parts.each_mut() {
            self.removed_bytes += part.clear_row(row);
        }
        self.rows[row] = None;
        if self.removed_bytes > SWEPT_BYTES_MIN && self.removed_bytes > self.parts.bytes() / 2 {
            self.sweep();
        }
    }

    pub(crate) fn insert(&mut self, customer: CustomerId, contribution: &Contribution) {
        self.remove(customer);
        self.row_of.insert(customer, self.rows.len());
        self.rows.push(Some(customer));
        for part in self.parts.each_mut() {
            part.begin_row();
        }
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
        self.parts.of(field).line(field, folded);
    }

    fn sweep(&mut self) {
        let mut kept = Self::default();
        for (row, customer) in self.rows.iter().enumerate() {
            let Some(customer) = customer else { continue };
            kept.row_of.insert(*customer, kept.rows.len());
            kept.rows.push(Some(*customer));
            let parts = kept.parts.each_mut().into_iter().zip(self.parts.each());
            for (into, part) in parts {
                into.take_row(part, row);
            }
        }
        *self = kept;
    }

    /// Hands over each customer of whom a line matches `folded` text or a phone number ends in
    /// `digits`, once, with the best match.
    pub(crate) fn search(
        &self,
        folded: &str,
        digits: Option<&str>,
        mut found: impl FnMut(CustomerId, Matched),
    ) {
        let texts = self.parts.each().map(|part| boxed(part.hits(folded)));
        let ends = digits.map(|digits| boxed(self.parts.phones.endings(digits)));
        let mut hits: Vec<_> = texts.into_iter().chain(ends).collect();
        while let Some((row, best)) = next_row(&mut hits) {
            if let Some(customer) = self.rows[row] {
                found(customer, best);
            }
        }
    }
}

type Hits<'a> = Peekable<Box<dyn Iterator<Item = Hit> + 'a>>;

fn boxed<'a>(hits: impl Iterator<Item = Hit> + 'a) -> Hits<'a> {
    let hits: Box<dyn Iterator<Item = Hit>> = Box::new(hits);
    hits.peekable()
}

/// The first row that any of them has, with its best match.
fn next_row(hits: &mut [Hits<'_>]) -> Option<Hit> {
    let row = hits
        .iter_mut()
        .filter_map(|hits| hits.peek().map(|(row, _)| *row))
        .min()?;
    let matches = hits.iter_mut().flat_map(|hits| {
        std::iter::from_fn(move || hits.next_if(|(at, _)| *at == row).map(|(_, how)| how))
    });
    matches.min().map(|best| (row, best))
}
