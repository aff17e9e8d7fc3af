//! Event key → position.
//!
//! An entry holds half of the key; the other half is compared with the record itself. Keys are
//! keyed digests, so no sender can choose them to fall together.

use super::table::{Slot, Table};

#[derive(Clone, Copy, Default)]
struct Entry {
    prefix: u64,
    /// From 1, so 0 is a vacant slot.
    position: u64,
}

impl Slot for Entry {
    fn is_vacant(&self) -> bool {
        self.position == 0
    }

    fn hash(&self) -> u64 {
        self.prefix
    }
}

/// The key of a record that no event may repeat, because it had none.
const NO_KEY: [u8; 16] = [0; 16];

/// What stands for a record that has no key.
pub(crate) const NO_PREFIX: u64 = 0;

#[derive(Default)]
pub(crate) struct Duplicates {
    table: Table<Entry>,
}

impl Duplicates {
    pub(crate) fn insert(&mut self, key: &[u8; 16], position: u64) {
        self.insert_prefix(prefix(key), position);
    }

    /// Makes room for as many records.
    pub(crate) fn reserve(&mut self, records: usize) {
        self.table.reserve(records);
    }

    pub(crate) fn insert_prefix(&mut self, prefix: u64, position: u64) {
        if prefix != NO_PREFIX {
            self.table.insert(Entry { prefix, position });
        }
    }

    pub(crate) fn candidates(&self, key: &[u8; 16]) -> impl Iterator<Item = u64> {
        let prefix = prefix(key);
        let same = self
            .table
            .probe(prefix)
            .filter(move |entry| entry.prefix == prefix);
        same.map(|entry| entry.position)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.table.bytes()
    }
}

/// What is kept of a key; that of a key is never [`NO_PREFIX`].
pub(crate) fn prefix(key: &[u8; 16]) -> u64 {
    if *key == NO_KEY {
        return NO_PREFIX;
    }
    let (prefix, _) = key
        .split_first_chunk()
        .expect("sixteen bytes begin with eight");
    u64::from_le_bytes(*prefix).max(NO_PREFIX + 1)
}
