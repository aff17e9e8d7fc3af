//! One customer's entries, close together in memory: a tenant has millions.
//!
//! Entries lie in chunks in the order in which they came, so a new one is appended and a revision
//! moves at most one chunk's bytes. Their order in time is a list of numbers, and there is none
//! while they came in that order.

mod chunk;

use crate::stored::{Entry, Packed};
use chunk::{CHUNK_ENTRIES, Chunk, Slot};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry::{Occupied, Vacant};
use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use touchbook_events::Digest;
use touchbook_projection::Place;

/// Chunks that are made room for on a snapshot's word: 6,400 entries, more than nearly anybody has.
const CHUNKS_TRUSTED: usize = 800;
/// Up to so many entries a subject is found by looking at all of them.
const UNINDEXED_ENTRIES: usize = 64;

#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    chunks: Vec<Chunk>,
    /// Numbers of the entries by place; empty while they came in that order.
    by_place: Vec<u32>,
    /// Numbers of the entries by subject, once there are more than [`UNINDEXED_ENTRIES`].
    by_subject: HashTable<u32>,
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        match self.chunks.split_last() {
            Some((last, full)) => full.len() * CHUNK_ENTRIES + last.slots.len(),
            None => 0,
        }
    }

    pub(crate) fn packed_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }

    /// The number of a subject's entry.
    pub(crate) fn find(&self, subject: Digest) -> Option<u32> {
        if self.by_subject.is_empty() {
            return self.find_back(subject);
        }
        self.by_subject
            .find(subject.hash(), |at| self.slot(*at).subject == subject)
            .copied()
    }

    /// Most of what is said of an entry is said soon.
    fn find_back(&self, subject: Digest) -> Option<u32> {
        let mut before = self.len();
        for chunk in self.chunks.iter().rev() {
            before -= chunk.slots.len();
            let at = chunk.slots.iter().rposition(|slot| slot.subject == subject);
            if let Some(at) = at {
                return Some(number(before + at));
            }
        }
        None
    }

    /// In the order in which their entries came.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Digest> {
        let slots = self.chunks.iter().flat_map(|chunk| &chunk.slots);
        slots.map(|slot| slot.subject)
    }

    pub(crate) fn get(&self, number: u32) -> Entry<'_> {
        Entry::new(self.slot(number).place, self.packed(number))
    }

    pub(crate) fn packed(&self, number: u32) -> Packed<'_> {
        let (chunk, at) = whereabouts(number);
        let chunk = &self.chunks[chunk];
        Packed(&chunk.bytes[chunk.range(at)])
    }

    pub(crate) fn place(&self, number: u32) -> Place {
        self.slot(number).place
    }

    /// Puts another content in an entry's place.
    pub(crate) fn replace(&mut self, number: u32, packed: &[u8]) {
        let (chunk, at) = whereabouts(number);
        self.chunks[chunk].replace(at, packed);
    }

    /// From the last place that is not past an end, which `is_before_end` tells, back to the first.
    pub(crate) fn newest_first(
        &self,
        is_before_end: impl Fn(Place) -> bool,
    ) -> impl Iterator<Item = (Place, Packed<'_>)> {
        let ranks = 0..self.rank_of_first(|place| !is_before_end(place));
        ranks.rev().map(|rank| {
            let number = self.number_of(rank);
            (self.place(number), self.packed(number))
        })
    }

    pub(crate) fn push(&mut self, place: Place, subject: Digest, packed: &[u8]) {
        let at = number(self.len());
        if !self.by_place.is_empty() || self.newest().is_some_and(|newest| place < newest) {
            self.rank(at, place);
        }
        if self.chunks.last().is_none_or(Chunk::is_full) {
            self.chunks.push(Chunk::default());
        }
        if let Some(last) = self.chunks.last_mut() {
            last.push(place, subject, packed);
        }
        self.index(at);
    }

    /// Gives the entry that will have this number its rank.
    fn rank(&mut self, at: u32, place: Place) {
        if self.by_place.is_empty() {
            self.by_place = (0..at).collect();
        }
        let rank = self.rank_of_first(|other| other > place);
        self.by_place.insert(rank, at);
    }

    fn index(&mut self, at: u32) {
        if self.len() <= UNINDEXED_ENTRIES {
            return;
        }
        let first = if self.by_subject.is_empty() { 0 } else { at };
        let mut by_subject = std::mem::take(&mut self.by_subject);
        for at in first..=at {
            by_subject.insert_unique(self.slot(at).subject.hash(), at, |at| {
                self.slot(*at).subject.hash()
            });
        }
        self.by_subject = by_subject;
    }

    fn newest(&self) -> Option<Place> {
        let rank = self.len().checked_sub(1)?;
        Some(self.place(self.number_of(rank)))
    }

    /// How many entries stand before the first whose place is `past`.
    fn rank_of_first(&self, past: impl Fn(Place) -> bool) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            if past(self.place(self.number_of(middle))) {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        from
    }

    fn number_of(&self, rank: usize) -> u32 {
        match self.by_place.get(rank) {
            Some(number) => *number,
            None => number(rank),
        }
    }

    fn slot(&self, number: u32) -> &Slot {
        let (chunk, at) = whereabouts(number);
        &self.chunks[chunk].slots[at]
    }

    /// Whether no subject has two entries. Many are indexed, at once.
    fn index_all(&mut self) -> bool {
        if self.len() <= UNINDEXED_ENTRIES {
            let mut subjects = self.subjects().enumerate();
            return subjects.all(|(at, subject)| self.find(subject) == Some(number(at)));
        }
        let mut by_subject = HashTable::with_capacity(self.len());
        for at in 0..number(self.len()) {
            let subject = self.slot(at).subject;
            let is_same = |other: &u32| self.slot(*other).subject == subject;
            let hash_of = |other: &u32| self.slot(*other).subject.hash();
            match by_subject.entry(subject.hash(), is_same, hash_of) {
                Occupied(_) => return false,
                Vacant(free) => free.insert(at),
            };
        }
        self.by_subject = by_subject;
        true
    }

    /// As a chunk that lies alone: the entries of these numbers, in this order.
    fn gather(&self, numbers: &[u32]) -> Chunk {
        let mut chunk = Chunk::default();
        for number in numbers {
            let slot = self.slot(*number);
            chunk.push(slot.place, slot.subject, self.packed(*number).0);
        }
        chunk
    }

    /// In the order of places: subject, place, bytes.
    fn iter(&self) -> impl Iterator<Item = (Digest, Place, Packed<'_>)> {
        (0..self.len()).map(|rank| {
            let number = self.number_of(rank);
            let Slot { subject, place, .. } = *self.slot(number);
            (subject, place, self.packed(number))
        })
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("a customer's entries are counted in 32 bits")
}

fn whereabouts(number: u32) -> (usize, usize) {
    let number = number as usize;
    (number / CHUNK_ENTRIES, number % CHUNK_ENTRIES)
}

/// In whatever order they came.
impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

/// In chunks by the order of places, all of them full but the last: equal entries have equal bytes,
/// in whatever order they came, and most came in that order, so that they are copied as they lie.
impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut chunks = serializer.serialize_seq(Some(self.chunks.len()))?;
        if self.by_place.is_empty() {
            for chunk in &self.chunks {
                chunks.serialize_element(chunk)?;
            }
        }
        for numbers in self.by_place.chunks(CHUNK_ENTRIES) {
            chunks.serialize_element(&self.gather(numbers))?;
        }
        chunks.end()
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("chunks of timeline entries in the order of their places")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entries, A::Error> {
        let mut entries = Entries::default();
        let announced = seq.size_hint().unwrap_or(0);
        entries.chunks.reserve_exact(announced.min(CHUNKS_TRUSTED));
        while let Some(chunk) = seq.next_element::<Chunk>()? {
            let follows_full = entries.chunks.last().is_none_or(Chunk::is_full);
            let first = chunk.slots.first().map(|slot| slot.place);
            if !follows_full || !chunk.is_sound() || entries.newest() >= first {
                return Err(A::Error::custom("not timeline entries, or not the next"));
            }
            entries.chunks.push(chunk);
        }
        if !entries.index_all() {
            return Err(A::Error::custom("two timeline entries of one subject"));
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::details::Details;
    use crate::stored::Stored;
    use touchbook_events::{EventType, Timestamp};
    use touchbook_projection::{Judged, Latest};

    fn nothing_said() -> Stored<'static> {
        Stored {
            details: Details::of(EventType::SmsSent).unwrap(),
            event_type: EventType::SmsSent,
            entry_id: Some("1"),
            event_id: None,
            recorded_at: Timestamp::from_micros(0),
            last_position: 0,
            revision_count: 1,
            sentiment: Judged::default(),
            preview: Latest::default(),
        }
    }

    /// One of `count` entries, from `first` on, each at a place and of a subject of its own.
    fn chunk(first: u8, count: u8) -> Chunk {
        let mut chunk = Chunk::default();
        for at in first..first + count {
            let place = Place {
                occurred_at: Timestamp::from_micros(0),
                position: u64::from(at),
            };
            chunk.push(place, Digest([at; 16]), &nothing_said().pack(place));
        }
        chunk
    }

    fn read(chunks: &[Chunk]) -> Option<Entries> {
        postcard::from_bytes(&postcard::to_stdvec(chunks).unwrap()).ok()
    }

    #[test]
    fn chunks_are_read_as_they_are_written() {
        for counts in [&[][..], &[1], &[8], &[8, 5], &[8, 8, 8, 1], &[8; 9]] {
            let chunks: Vec<Chunk> = (0..)
                .zip(counts)
                .map(|(at, count)| chunk(at * 8, *count))
                .collect();
            let entries = read(&chunks).unwrap();
            let bytes = postcard::to_stdvec(&chunks).unwrap();
            assert_eq!(postcard::to_stdvec(&entries).unwrap(), bytes);
            for at in 0..number(entries.len()) {
                assert_eq!(entries.find(Digest([at as u8; 16])), Some(at));
            }
        }
    }

    #[test]
    fn chunks_that_no_state_has_are_refused() {
        assert!(read(&[chunk(0, 0)]).is_none(), "an empty one");
        assert!(read(&[chunk(0, 9)]).is_none(), "one that is too full");
        assert!(
            read(&[chunk(0, 7), chunk(7, 1)]).is_none(),
            "one that is not full"
        );
        assert!(
            read(&[chunk(8, 8), chunk(0, 1)]).is_none(),
            "places that fall"
        );
        let with_one_more = |full: u8| {
            let chunks = (0..full).map(|at| chunk(at * 8, 8));
            let mut again = chunk(full * 8, 1);
            again.slots[0].subject = Digest([0; 16]);
            read(&chunks.chain([again]).collect::<Vec<_>>())
        };
        assert!(with_one_more(1).is_none(), "a subject that has two entries");
        assert!(with_one_more(9).is_none(), "a subject that has two of many");
    }

    #[test]
    fn a_chunk_whose_bytes_are_not_its_entries_is_refused() {
        let changed = |change: fn(&mut Chunk)| {
            let mut chunk = chunk(0, 2);
            change(&mut chunk);
            read(&[chunk])
        };
        assert!(changed(|_| {}).is_some());
        assert!(changed(|chunk| chunk.bytes.push(0)).is_none());
        assert!(changed(|chunk| chunk.slots[0].end = u32::MAX).is_none());
        assert!(changed(|chunk| chunk.slots[1].end = 0).is_none());
        assert!(changed(|chunk| chunk.slots[0].end -= 1).is_none());
        assert!(changed(|chunk| chunk.slots.swap(0, 1)).is_none());
        assert!(changed(|chunk| chunk.bytes[0] = u8::MAX).is_none());
    }
}
