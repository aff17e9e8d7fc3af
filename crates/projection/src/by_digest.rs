//! A map by digest for the many small ones: a customer has a few orders, and a tenant millions of
//! customers. A tree's smallest node has room for eleven; here nothing is allocated but what is
//! there.

use hashbrown::HashTable;
use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use touchbook_events::Digest;

/// Up to so many rows are looked at one by one; more have an index of 5 to 9 bytes a row.
const UNINDEXED_ROWS: usize = 32;
/// Rows that are made room for at least.
const ROOM_ROWS: usize = 2;
/// Rows that are made room for on a snapshot's word, more than nearly any customer has.
const ROWS_TRUSTED: usize = 4_096;

/// Values by digest. It encodes in the order of digests, whatever order they came in.
#[derive(Clone, Debug)]
pub struct ByDigest<V> {
    rows: Vec<(Digest, V)>,
    index: HashTable<u32>,
}

impl<V> Default for ByDigest<V> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            index: HashTable::new(),
        }
    }
}

impl<V> ByDigest<V> {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn get(&self, key: Digest) -> Option<&V> {
        self.find(key).map(|at| &self.rows[at].1)
    }

    /// The value of `key`, and whether it was put there just now.
    pub fn get_or_default(&mut self, key: Digest) -> (&mut V, bool)
    where
        V: Default,
    {
        let found = self.find(key);
        let at = found.unwrap_or_else(|| self.push(key, V::default()));
        (&mut self.rows[at].1, found.is_none())
    }

    fn find(&self, key: Digest) -> Option<usize> {
        if self.index.is_empty() {
            return self.rows.iter().position(|(of, _)| *of == key);
        }
        let is = |at: &u32| self.rows[*at as usize].0 == key;
        self.index.find(key.hash(), is).map(|at| *at as usize)
    }

    /// Puts in what is not there yet.
    fn push(&mut self, key: Digest, value: V) -> usize {
        let at = self.rows.len();
        self.append(key, value);
        self.index_from(at);
        at
    }

    fn append(&mut self, key: Digest, value: V) {
        if self.rows.len() == self.rows.capacity() {
            self.rows.reserve_exact(ROOM_ROWS.max(self.rows.len() / 4));
        }
        self.rows.push((key, value));
    }

    /// Indexes the rows from `first` on, and those before where there was no index.
    fn index_from(&mut self, first: usize) {
        if self.rows.len() <= UNINDEXED_ROWS {
            return;
        }
        let first = if self.index.is_empty() { 0 } else { first };
        let rows = &self.rows;
        let hash_of = |at: &u32| rows[*at as usize].0.hash();
        self.index.reserve(rows.len() - first, hash_of);
        for at in first..rows.len() {
            let number = u32::try_from(at).expect("rows of a customer fit in 32 bits");
            self.index.insert_unique(hash_of(&number), number, hash_of);
        }
    }

    fn sorted(&self) -> Vec<&(Digest, V)> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_unstable_by_key(|(key, _)| *key);
        rows
    }
}

impl<V: PartialEq> PartialEq for ByDigest<V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .rows
                .iter()
                .all(|(key, value)| other.get(*key) == Some(value))
    }
}

impl<V: Serialize> Serialize for ByDigest<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.len()))?;
        for row in self.sorted() {
            rows.serialize_element(row)?;
        }
        rows.end()
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for ByDigest<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowsVisitor(PhantomData))
    }
}

struct RowsVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for RowsVisitor<V> {
    type Value = ByDigest<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows in the order of their digests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ByDigest<V>, A::Error> {
        let mut map = ByDigest::default();
        let announced = seq.size_hint().unwrap_or(0);
        map.rows.reserve_exact(announced.min(ROWS_TRUSTED));
        while let Some((key, value)) = seq.next_element::<(Digest, V)>()? {
            if map.rows.last().is_some_and(|(last, _)| *last >= key) {
                return Err(A::Error::custom("not in the order of digests"));
            }
            map.append(key, value);
        }
        map.index_from(0);
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn digest(number: u16) -> Digest {
        let [high, low] = number.to_be_bytes();
        let mut bytes = [low; 16];
        bytes[9] = high;
        Digest(bytes)
    }

    proptest! {
        #[test]
        fn it_holds_and_encodes_what_a_tree_does(
            given in prop::collection::vec((0_u16..400, any::<u32>()), 0..200),
        ) {
            let (mut map, mut model) = (ByDigest::<u32>::default(), BTreeMap::new());
            for (number, value) in &given {
                let (held, is_new) = map.get_or_default(digest(*number));
                prop_assert_eq!(is_new, model.insert(digest(*number), *value).is_none());
                *held = *value;
            }
            prop_assert_eq!(map.len(), model.len());
            for number in 0..400 {
                prop_assert_eq!(map.get(digest(number)), model.get(&digest(number)));
            }
            let bytes = postcard::to_stdvec(&map).unwrap();
            prop_assert_eq!(&bytes, &postcard::to_stdvec(&model).unwrap());
            prop_assert_eq!(postcard::from_bytes::<ByDigest<u32>>(&bytes).unwrap(), map);
        }
    }

    #[test]
    fn rows_out_of_order_are_refused() {
        let rows = [(digest(2), 0_u32), (digest(1), 0)];
        let bytes = postcard::to_stdvec(&rows[..]).unwrap();
        assert!(postcard::from_bytes::<ByDigest<u32>>(&bytes).is_err());
        let twice = postcard::to_stdvec(&[rows[0], rows[0]][..]).unwrap();
        assert!(postcard::from_bytes::<ByDigest<u32>>(&twice).is_err());
    }
}
