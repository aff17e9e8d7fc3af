//! What changed between two states of one customer's calls, without looking at what they share.

use crate::book::{Chunk, Slot};
use std::cmp::Ordering;
use std::sync::Arc;

/// Calls that are there, that are gone, or of which other things are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change<'b> {
    pub(crate) before: Option<&'b Slot>,
    pub(crate) after: Option<&'b Slot>,
}

/// In the order of places.
pub(crate) fn changes<'b>(
    before: &'b [Chunk],
    after: &'b [Chunk],
) -> impl Iterator<Item = Change<'b>> {
    let (mut before, mut after) = (Walk::of(before), Walk::of(after));
    std::iter::from_fn(move || {
        loop {
            before.skip_shared(&mut after);
            let change = Change {
                before: before.head(),
                after: after.head(),
            };
            let order = match (change.before, change.after) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(before), Some(after)) => before.place.cmp(&after.place),
            };
            match order {
                Ordering::Less => return before.step().map(Change::gone),
                Ordering::Greater => return after.step().map(Change::new),
                Ordering::Equal => {
                    before.step();
                    after.step();
                    if change.before != change.after {
                        return Some(change);
                    }
                }
            }
        }
    })
}

impl<'b> Change<'b> {
    fn gone(before: &'b Slot) -> Self {
        Self {
            before: Some(before),
            after: None,
        }
    }

    fn new(after: &'b Slot) -> Self {
        Self {
            before: None,
            after: Some(after),
        }
    }
}

/// The calls that are not looked at yet.
struct Walk<'b> {
    chunks: &'b [Chunk],
    /// In the first chunk.
    at: usize,
}

impl<'b> Walk<'b> {
    fn of(chunks: &'b [Chunk]) -> Self {
        Self { chunks, at: 0 }
    }

    fn head(&self) -> Option<&'b Slot> {
        self.chunks.first()?.get(self.at)
    }

    fn step(&mut self) -> Option<&'b Slot> {
        let slot = self.head()?;
        self.at += 1;
        if self.head().is_none() {
            self.chunks = &self.chunks[1..];
            self.at = 0;
        }
        Some(slot)
    }

    fn skip_shared(&mut self, other: &mut Self) {
        while self.at == 0
            && other.at == 0
            && let ([one, rest @ ..], [same, others @ ..]) = (self.chunks, other.chunks)
            && Arc::ptr_eq(one, same)
        {
            (self.chunks, other.chunks) = (rest, others);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Book;
    use crate::book::tests::slot;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use touchbook_projection::Place;

    type Pair<'b> = (Option<&'b Slot>, Option<&'b Slot>);

    /// By place, without looking at chunks.
    fn differences<'b>(before: &'b Book, after: &'b Book) -> Vec<Pair<'b>> {
        let mut pairs: BTreeMap<Place, Pair<'b>> = BTreeMap::new();
        for slot in before.iter() {
            pairs.entry(slot.place).or_default().0 = Some(slot);
        }
        for slot in after.iter() {
            pairs.entry(slot.place).or_default().1 = Some(slot);
        }
        let pairs = pairs.into_values();
        pairs.filter(|(before, after)| before != after).collect()
    }

    fn assert_are_differences(before: &Book, after: &Book) {
        let found = changes(before.chunks(), after.chunks());
        let found = found.map(|change| (change.before, change.after));
        assert!(found.eq(differences(before, after)));
    }

    proptest! {
        #[test]
        fn changes_are_what_differs_however_calls_are_chunked(
            puts in prop::collection::vec((0_u16..500, 0_u8..3), 0..400),
            more in prop::collection::vec((0_u16..500, 0_u8..3), 0..80),
        ) {
            let mut before = Book::default();
            puts.iter().for_each(|(time, revision)| before.put(slot(*time, *revision)));
            let mut after = before.clone();
            more.iter().for_each(|(time, revision)| after.put(slot(*time, *revision)));
            assert_are_differences(&before, &after);
            assert_are_differences(&after, &before);
            assert_are_differences(&before, &Book::default());
        }
    }
}
