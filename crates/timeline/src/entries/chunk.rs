//! A few entries, close together in memory.

use crate::stored::Packed;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Range;
use touchbook_events::Digest;
use touchbook_projection::Place;

/// Entries of a chunk. A revision moves half of a chunk's bytes on average: 600. A chunk that grows
/// is copied to each of its sizes; one that is full grows by revisions alone.
pub(super) const CHUNK_ENTRIES: usize = 8;
/// Slots that a chunk makes room for at a time.
const ROOM_ENTRIES: usize = 4;
/// jemalloc has four sizes a doubling: steps of an eighth of the power of two above are those. Its
/// smallest are so far apart.
const ROOMS_A_DOUBLING: usize = 8;
const ROOM_BYTES_MIN: usize = 16;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Chunk {
    pub(super) slots: Vec<Slot>,
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub(super) bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) place: Place,
    pub(super) subject: Digest,
    /// Where its bytes end in the chunk; they begin where those before end.
    pub(super) end: u32,
}

impl Chunk {
    pub(super) fn range(&self, at: usize) -> Range<usize> {
        let start = match at.checked_sub(1) {
            Some(before) => self.slots[before].end as usize,
            None => 0,
        };
        start..self.slots[at].end as usize
    }

    pub(super) fn push(&mut self, place: Place, subject: Digest, packed: &[u8]) {
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(ROOM_ENTRIES);
        }
        self.make_room(packed.len());
        self.bytes.extend_from_slice(packed);
        let end = end(self.bytes.len());
        self.slots.push(Slot {
            place,
            subject,
            end,
        });
        if self.is_full() {
            self.bytes.shrink_to_fit();
        }
    }

    /// As much as the allocator would give anyway, so that it is asked seldom.
    fn make_room(&mut self, bytes: usize) {
        let needed = self.bytes.len() + bytes;
        if needed > self.bytes.capacity() {
            let step = (needed.next_power_of_two() / ROOMS_A_DOUBLING).max(ROOM_BYTES_MIN);
            let room = needed.next_multiple_of(step) - self.bytes.len();
            self.bytes.reserve_exact(room);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.slots.len() == CHUNK_ENTRIES
    }

    /// Whether everything in it can be read, and its places rise. For one that was decoded: as many
    /// entries as a chunk may have, and no byte that is none of theirs.
    pub(super) fn is_sound(&self) -> bool {
        let mut rest = &*self.bytes;
        let mut start = 0;
        for slot in &self.slots {
            let packed = slot.end.checked_sub(start);
            let Some((packed, after)) = packed.and_then(|len| rest.split_at_checked(len as usize))
            else {
                return false;
            };
            if !Packed(packed).is_readable() {
                return false;
            }
            (start, rest) = (slot.end, after);
        }
        let places_rise = self.slots.is_sorted_by(|one, next| one.place < next.place);
        (1..=CHUNK_ENTRIES).contains(&self.slots.len()) && rest.is_empty() && places_rise
    }

    pub(super) fn replace(&mut self, at: usize, packed: &[u8]) {
        let range = self.range(at);
        let (before, after) = (range.len(), packed.len());
        self.make_room(after.saturating_sub(before));
        let (bytes, place) = (self.bytes.len(), range.start + after);
        self.bytes.resize(bytes.max(bytes + after - before), 0);
        self.bytes.copy_within(range.end..bytes, place);
        self.bytes[range.start..place].copy_from_slice(packed);
        self.bytes.truncate(bytes + after - before);
        for slot in &mut self.slots[at..] {
            slot.end = end(slot.end as usize + after - before);
        }
    }
}

/// A chunk's entries are far smaller than 4 GiB: each is a few values of limited length.
fn end(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a chunk of entries fits in 32 bits")
}

fn write_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

fn read_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    <&[u8]>::deserialize(deserializer).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_revision_moves_the_entries_after_it_and_changes_no_other(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..=8),
            revisions in prop::collection::vec(
                (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..90)),
                0..9,
            ),
        ) {
            let (mut chunk, mut model) = (Chunk::default(), contents.clone());
            for content in &contents {
                chunk.push(Place::FIRST, Digest::default(), content);
            }
            for (at, content) in revisions {
                let at = at.index(model.len());
                chunk.replace(at, &content);
                model[at] = content;
            }
            for (at, content) in model.iter().enumerate() {
                prop_assert_eq!(&chunk.bytes[chunk.range(at)], &content[..]);
            }
            prop_assert_eq!(chunk.bytes.len(), model.concat().len());
        }
    }
}
