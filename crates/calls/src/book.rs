//! One customer's calls in the order of their places, in chunks that a list can share.

use crate::stored::Packed;
use hashbrown::HashMap;
use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;
use touchbook_events::Digest;
use touchbook_projection::Place;

/// Calls of a chunk; a change copies one chunk's slots at most, not the calls.
pub(crate) const CHUNK_CALLS: usize = 64;
/// Slots that a chunk makes room for at a time.
const ROOM_CALLS: usize = 4;

/// A call, where it stands and what it is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) place: Place,
    pub(crate) subject: Digest,
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub(crate) packed: Arc<[u8]>,
}

pub(crate) type Chunk = Arc<Vec<Slot>>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    /// None of them empty.
    chunks: Vec<Chunk>,
    /// Where each call stands, once there is more than one chunk.
    by_subject: HashMap<Digest, Place>,
}

impl Book {
    pub(crate) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    pub(crate) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Slot> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    pub(crate) fn find(&self, subject: Digest) -> Option<&Slot> {
        if self.chunks.len() < 2 {
            return self.iter().find(|slot| slot.subject == subject);
        }
        let place = self.by_subject.get(&subject)?;
        let chunk = &self.chunks[self.chunk_of(*place)];
        let at = chunk.binary_search_by_key(place, |slot| slot.place).ok()?;
        Some(&chunk[at])
    }

    /// Up to and with `last`, newest first.
    pub(crate) fn newest_first(&self, last: Place) -> impl Iterator<Item = &Slot> {
        let chunks = self.chunks.partition_point(|chunk| chunk[0].place <= last);
        self.chunks[..chunks]
            .iter()
            .rev()
            .flat_map(|chunk| chunk.iter().rev())
            .skip_while(move |slot| slot.place > last)
    }

    /// Puts a call where it belongs, in place of what was known of it before.
    pub(crate) fn put(&mut self, slot: Slot) {
        if self.chunks.is_empty() {
            self.chunks.push(Chunk::default());
        }
        let number = self.chunk_of(slot.place);
        let chunk = Arc::make_mut(&mut self.chunks[number]);
        match chunk.binary_search_by_key(&slot.place, |slot| slot.place) {
            Ok(at) => chunk[at] = slot,
            Err(at) => self.insert(number, at, slot),
        }
    }

    fn insert(&mut self, number: usize, at: usize, slot: Slot) {
        let (subject, place) = (slot.subject, slot.place);
        let chunk = Arc::make_mut(&mut self.chunks[number]);
        if chunk.len() == chunk.capacity() {
            chunk.reserve_exact(ROOM_CALLS);
        }
        chunk.insert(at, slot);
        if chunk.len() > CHUNK_CALLS {
            // Most calls come in the order of time: then full chunks stay full.
            let kept = if at == CHUNK_CALLS {
                at
            } else {
                CHUNK_CALLS / 2
            };
            let rest = chunk.split_off(kept);
            self.chunks.insert(number + 1, Arc::new(rest));
        }
        match (self.chunks.len(), self.by_subject.is_empty()) {
            (..=1, _) => {}
            (_, true) => {
                self.index();
            }
            (_, false) => {
                self.by_subject.insert(subject, place);
            }
        }
    }

    /// Whether no two calls have one subject. Nothing is indexed while there is one chunk.
    fn index(&mut self) -> bool {
        let count = self.len();
        let places = self.iter().map(|slot| (slot.subject, slot.place));
        let by_subject: HashMap<_, _> = places.collect();
        let is_sound = by_subject.len() == count;
        if self.chunks.len() > 1 {
            self.by_subject = by_subject;
        }
        is_sound
    }

    /// The last chunk that begins at `place` or before, else the first.
    fn chunk_of(&self, place: Place) -> usize {
        let after = self
            .chunks
            .partition_point(|chunk| chunk.first().is_none_or(|slot| slot.place <= place));
        after.saturating_sub(1)
    }
}

/// In whatever order they came.
impl PartialEq for Book {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// In the order of places: equal calls have equal bytes, in whatever chunks they lie.
impl Serialize for Book {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut slots = serializer.serialize_seq(Some(self.len()))?;
        for slot in self.iter() {
            slots.serialize_element(slot)?;
        }
        slots.end()
    }
}

impl<'de> Deserialize<'de> for Book {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BookVisitor)
    }
}

struct BookVisitor;

impl<'de> Visitor<'de> for BookVisitor {
    type Value = Book;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("calls in the order of their places")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Book, A::Error> {
        let mut chunks: Vec<Vec<Slot>> = Vec::new();
        let mut last = None;
        while let Some(slot) = seq.next_element::<Slot>()? {
            if last >= Some(slot.place) || !Packed(&slot.packed).is_readable() {
                return Err(A::Error::custom("not calls in the order of their places"));
            }
            last = Some(slot.place);
            match chunks.last_mut().filter(|chunk| chunk.len() < CHUNK_CALLS) {
                Some(chunk) => chunk.push(slot),
                None => chunks.push(vec![slot]),
            }
        }
        let mut book = Book {
            chunks: chunks.into_iter().map(Arc::new).collect(),
            by_subject: HashMap::new(),
        };
        match book.index() {
            true => Ok(book),
            false => Err(A::Error::custom("two calls of one subject")),
        }
    }
}

fn write_bytes<S: Serializer>(bytes: &Arc<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

fn read_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
    <&[u8]>::deserialize(deserializer).map(Arc::from)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::stored::Stored;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use touchbook_events::Timestamp;

    /// Many calls share a time.
    pub(crate) fn slot(time: u16, revision: u8) -> Slot {
        let place = Place {
            occurred_at: Timestamp::from_micros(i64::from(time % 300)),
            position: u64::from(time) + 1,
        };
        let mut subject = [0; 16];
        subject[..2].copy_from_slice(&time.to_be_bytes());
        let stored = Stored {
            last_position: place.position + u64::from(revision),
            ..Stored::default()
        };
        Slot {
            place,
            subject: Digest(subject),
            packed: stored.pack(place),
        }
    }

    proptest! {
        #[test]
        fn a_book_holds_what_a_tree_does(
            puts in prop::collection::vec((0_u16..400, any::<u8>()), 0..500),
            last in 0_u16..400,
        ) {
            let (mut book, mut tree) = (Book::default(), BTreeMap::new());
            for (time, revision) in &puts {
                let slot = slot(*time, *revision);
                book.put(slot.clone());
                tree.insert(slot.place, slot);
            }
            prop_assert!(book.iter().eq(tree.values()));
            prop_assert_eq!(book.len(), tree.len());
            let mut lengths = book.chunks().iter().map(|chunk| chunk.len());
            prop_assert!(lengths.all(|length| (1..=CHUNK_CALLS).contains(&length)));
            for time in 0..400 {
                let slot = slot(time, 0);
                let found = book.find(slot.subject).map(|slot| slot.place);
                prop_assert_eq!(found, tree.get(&slot.place).map(|slot| slot.place));
            }
            let last = slot(last, 0).place;
            let newest_first = tree.range(..=last).rev().map(|(_, slot)| slot);
            prop_assert!(book.newest_first(last).eq(newest_first));
            let bytes = postcard::to_stdvec(&book).unwrap();
            let read: Book = postcard::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&read, &book);
            prop_assert_eq!(postcard::to_stdvec(&read).unwrap(), bytes);
        }
    }

    #[test]
    fn chunks_stay_full_while_calls_come_in_order() {
        let mut book = Book::default();
        for at in 0..300 {
            book.put(slot(at, 0));
        }
        let lengths: Vec<_> = book.chunks().iter().map(|chunk| chunk.len()).collect();
        assert_eq!(lengths, [64, 64, 64, 64, 44]);
    }

    #[test]
    fn what_is_no_book_is_refused() {
        let read = |slots: &[Slot]| {
            postcard::from_bytes::<Book>(&postcard::to_stdvec(slots).unwrap()).is_ok()
        };
        let (one, two) = (slot(1, 0), slot(2, 0));
        assert!(read(&[one.clone(), two.clone()]));
        assert!(!read(&[two.clone(), one.clone()]), "out of order");
        assert!(!read(&[one.clone(), one.clone()]), "twice in one place");
        let subject = one.subject;
        assert!(
            !read(&[one.clone(), Slot { subject, ..two }]),
            "one subject twice"
        );
        let packed: Arc<[u8]> = [1_u8, 2, 3].into();
        assert!(!read(&[Slot { packed, ..one }]), "no call");
    }
}
