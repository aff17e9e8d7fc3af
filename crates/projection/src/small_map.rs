//! A map for the few things that a customer has of a kind: a tree's smallest node has room for
//! eleven, and a tenant has millions of customers with one.

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;

/// Values by key, in order. Nothing is allocated but what is there, so that putting one in costs
/// moving the others; it encodes as every map does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> SmallMap<K, V> {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        Some(&self.0[at].1)
    }

    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let at = self.find(&key).unwrap_or_else(|at| {
            self.0.reserve_exact(1);
            self.0.insert(at, (key, V::default()));
            at
        });
        &mut self.0[at].1
    }

    pub fn retain(&mut self, mut is_kept: impl FnMut(&K, &V) -> bool) {
        self.0.retain(|(key, value)| is_kept(key, value));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(of, _)| of.borrow().cmp(key))
    }
}

impl<K: Serialize, V: Serialize> Serialize for SmallMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de, K, V> Deserialize<'de> for SmallMap<K, V>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RowsVisitor(PhantomData))
    }
}

struct RowsVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> Visitor<'de> for RowsVisitor<K, V>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    type Value = SmallMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map in the order of its keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut rows: Vec<(K, V)> = Vec::new();
        while let Some(row) = map.next_entry::<K, V>()? {
            if rows.last().is_some_and(|(last, _)| *last >= row.0) {
                return Err(A::Error::custom("not in the order of keys"));
            }
            rows.reserve_exact(1);
            rows.push(row);
        }
        Ok(SmallMap(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_holds_and_encodes_what_a_tree_does(
            given in prop::collection::vec((0_u8..20, any::<u32>()), 0..60),
            kept in any::<u32>(),
        ) {
            let (mut map, mut tree) = (SmallMap::default(), BTreeMap::new());
            for (key, value) in &given {
                prop_assert_eq!(map.contains_key(key), tree.contains_key(key));
                *map.get_or_default(*key) = *value;
                tree.insert(*key, *value);
            }
            for keep in [u32::MAX, kept] {
                map.retain(|_, value| *value <= keep);
                tree.retain(|_, value| *value <= keep);
                prop_assert!(map.iter().eq(tree.iter()) && map.values().eq(tree.values()));
                prop_assert_eq!((map.len(), map.is_empty()), (tree.len(), tree.is_empty()));
                for key in 0..20 {
                    prop_assert_eq!(map.get(&key), tree.get(&key));
                }
                let bytes = postcard::to_stdvec(&map).unwrap();
                prop_assert_eq!(&bytes, &postcard::to_stdvec(&tree).unwrap());
                prop_assert_eq!(&postcard::from_bytes::<SmallMap<_, _>>(&bytes).unwrap(), &map);
            }
        }
    }

    #[test]
    fn keys_out_of_order_are_refused() {
        for rows in [[(2_u8, 0_u8), (1, 0)], [(1, 0), (1, 0)]] {
            let bytes = postcard::to_stdvec(&rows[..]).unwrap();
            assert!(postcard::from_bytes::<SmallMap<u8, u8>>(&bytes).is_err());
        }
    }
}
