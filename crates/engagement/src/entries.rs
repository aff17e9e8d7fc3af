//! A customer's entries, 24 bytes each: subject, place, marks.

use crate::marks::{Fact, Marks};
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};
use std::fmt;
use touchbook_events::{Digest, Timestamp};
use touchbook_projection::Stamp;

/// Up to so many entries are looked at one by one; more have an index of 5 to 9 bytes an entry.
const UNINDEXED_ENTRIES: usize = 32;
/// Items that a list makes room for at least.
const ROOM_ITEMS: usize = 2;

/// Half of a subject's digest. One customer's subjects are told apart by it: of a million, two are
/// taken for one with a chance of one in 37 million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
pub(crate) struct Subject([u8; 8]);

impl From<Digest> for Subject {
    fn from(Digest([a, b, c, d, e, f, g, h, ..]): Digest) -> Self {
        Self([a, b, c, d, e, f, g, h])
    }
}

impl Subject {
    /// Digests are uniformly random: any eight bytes of them are a hash.
    fn hash(self) -> u64 {
        u64::from_le_bytes(self.0)
    }
}

/// A position in 48 bits, the highest first. A ledger that takes a million records a second fills
/// them in nine years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u64", from = "u64")]
pub(crate) struct Position([u16; 3]);

impl From<u64> for Position {
    fn from(position: u64) -> Self {
        Self([32, 16, 0].map(|shift| (position >> shift) as u16))
    }
}

impl From<Position> for u64 {
    fn from(Position(parts): Position) -> Self {
        let parts = parts.into_iter();
        parts.fold(0, |position, part| position << 16 | Self::from(part))
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        u64::from(*self).fmt(f)
    }
}

/// Where an entry stands, for ever: when its first record happened, ties by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) occurred_at: Timestamp,
    pub(crate) position: Position,
}

impl Place {
    fn stamp(self) -> Stamp {
        Stamp {
            time: self.occurred_at,
            position: self.position.into(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    subject: Subject,
    occurred_at: Timestamp,
    /// Of its first record.
    position: Position,
    pub(crate) marks: Marks,
}

impl Entry {
    pub(crate) fn place(self) -> Place {
        Place {
            occurred_at: self.occurred_at,
            position: self.position,
        }
    }
}

/// When a fact was said, where that was not with the entry's first record: most facts need none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    time: Timestamp,
    entry: u32,
    position: Position,
    fact: Fact,
}

impl Said {
    fn of(&self) -> (u32, Fact) {
        (self.entry, self.fact)
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            time: self.time,
            position: self.position.into(),
        }
    }
}

/// Entries by number, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    entries: Vec<Entry>,
    by_subject: HashTable<u32>,
    /// By entry and fact.
    said: Vec<Said>,
}

/// The index follows from the entries.
impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries && self.said == other.said
    }
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry> {
        self.entries.iter().copied()
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..number(self.entries.len())
    }

    /// # Panics
    /// When there is no such number; those of a state are of its entries.
    pub(crate) fn get(&self, number: u32) -> Entry {
        self.entries[number as usize]
    }

    pub(crate) fn find(&self, subject: Subject) -> Option<u32> {
        if self.by_subject.is_empty() {
            let at = self.entries.iter().position(|e| e.subject == subject);
            return at.map(number);
        }
        let is = |at: &u32| self.get(*at).subject == subject;
        self.by_subject.find(subject.hash(), is).copied()
    }

    /// Puts in an entry that is not there yet.
    pub(crate) fn push(&mut self, subject: Subject, place: Stamp, marks: Marks) -> u32 {
        let at = number(self.entries.len());
        make_room(&mut self.entries);
        self.entries.push(Entry {
            subject,
            occurred_at: place.time,
            position: place.position.into(),
            marks,
        });
        self.index_from(at);
        at
    }

    pub(crate) fn marks_mut(&mut self, number: u32) -> &mut Marks {
        &mut self.entries[number as usize].marks
    }

    /// Takes what is said of an entry at `stamp`, 0 for its absence, unless something later was
    /// said (design idea 3).
    pub(crate) fn tell(&mut self, number: u32, fact: Fact, stamp: Stamp, value: u8) {
        let entry = &mut self.entries[number as usize];
        let place = entry.place();
        let key = (number, fact);
        let at = self.said.binary_search_by_key(&key, Said::of);
        let said_at = match at {
            Ok(at) => Some(self.said[at].stamp()),
            Err(_) => (entry.marks.get(fact) > 0).then(|| place.stamp()),
        };
        if said_at > Some(stamp) {
            return;
        }
        entry.marks.set(fact, value);
        let said = Said {
            time: stamp.time,
            entry: number,
            position: stamp.position.into(),
            fact,
        };
        match at {
            Ok(at) => self.said[at] = said,
            Err(_) if value > 0 && place.stamp() == stamp => {}
            Err(at) => {
                make_room(&mut self.said);
                self.said.insert(at, said);
            }
        }
    }

    /// Indexes the entries from `first` on, and those before where there was no index.
    fn index_from(&mut self, first: u32) {
        if self.len() <= UNINDEXED_ENTRIES {
            return;
        }
        let first = if self.by_subject.is_empty() { 0 } else { first };
        let Self {
            entries,
            by_subject,
            ..
        } = self;
        let hash_of = |at: &u32| entries[*at as usize].subject.hash();
        by_subject.reserve(entries.len() - first as usize, hash_of);
        for at in first..number(entries.len()) {
            by_subject.insert_unique(hash_of(&at), at, hash_of);
        }
    }

    pub(crate) fn parts(&self) -> (&[Entry], &[Said]) {
        (&self.entries, &self.said)
    }

    /// Entries of which no two have one subject, and what is said of them; `None` for any others.
    pub(crate) fn from_parts(entries: Vec<Entry>, said: Vec<Said>) -> Option<Self> {
        let mut all = Self {
            entries,
            said,
            ..Self::default()
        };
        all.index_from(0);
        let is_found = |(at, entry): (u32, Entry)| all.find(entry.subject) == Some(at);
        let is_sound = u32::try_from(all.len()).is_ok()
            && (0..).zip(all.iter()).all(is_found)
            && all.said.is_sorted_by(|one, next| one.of() < next.of())
            && all
                .said
                .last()
                .is_none_or(|last| (last.entry as usize) < all.len());
        is_sound.then_some(all)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.said.capacity() * size_of::<Said>()
            + self.by_subject.allocation_size()
    }
}

/// Makes room for one more item, and not for as many again as there are.
pub(crate) fn make_room<T>(items: &mut Vec<T>) {
    if items.len() == items.capacity() {
        items.reserve_exact(ROOM_ITEMS.max(items.len() / 4));
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("a customer's entries are counted in 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use touchbook_events::EntrySource;
    use touchbook_projection::Latest;

    fn stamp(time: i64, position: u64) -> Stamp {
        Stamp {
            time: Timestamp::from_micros(time),
            position,
        }
    }

    fn digest(number: u16) -> Digest {
        let [high, low] = number.to_be_bytes();
        let mut digest = [low; 16];
        digest[3] = high;
        Digest(digest)
    }

    #[test]
    fn rows_are_as_small_as_they_are_said_to_be() {
        assert_eq!((size_of::<Entry>(), size_of::<Said>()), (24, 24));
        for position in [0, 1, 0xffff, 0x10000, (1 << 48) - 1] {
            assert_eq!(u64::from(Position::from(position)), position);
        }
        assert!(Position::from(0x10000) > Position::from(0xffff));
    }

    proptest! {
        /// The latest word counts, whatever was said with the first record, and null is a word.
        #[test]
        fn what_is_told_is_what_latest_holds(
            place in 0_i64..4,
            told in prop::collection::vec((0_i64..4, prop::option::of(1_u8..3)), 0..8),
        ) {
            let mut entries = Entries::default();
            let marks = Marks::of(EntrySource::Manual);
            let entry = entries.push(digest(1).into(), stamp(place, 1), marks);
            let mut latest = Latest::default();
            for (position, (time, value)) in (1..).zip(told) {
                let at = stamp(time, position);
                latest.set(at, value);
                entries.tell(entry, Fact::Direction, at, value.unwrap_or(0));
                let known = entries.get(entry).marks.get(Fact::Direction);
                prop_assert_eq!(known, latest.copied().unwrap_or(0));
            }
        }

        #[test]
        fn every_entry_is_found_by_its_subject(count in 0_u16..100) {
            let mut entries = Entries::default();
            for at in 0..count {
                let place = stamp(0, u64::from(at));
                entries.push(digest(at).into(), place, Marks::default());
            }
            for at in 0..count {
                prop_assert_eq!(entries.find(digest(at).into()), Some(u32::from(at)));
            }
            prop_assert_eq!(entries.find(digest(count).into()), None);
        }
    }
}
