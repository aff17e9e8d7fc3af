//! The canonical bytes of the state: rows in the ledger's order, everything else sorted.

use super::{ByDigest, Customer, Merges, Pair, State, Subject};
use crate::evidence::{Sharers, Suspicion};
use crate::groups::Parents;
use crate::slab::{Slab, rows_with_room};
use serde::{Deserialize, Serialize};
use std::hash::BuildHasherDefault;
use touchbook_events::Digest;
use touchbook_projection::snapshot::{self, take_items};

#[derive(Serialize)]
struct Encoded<'a> {
    customers: &'a [Customer],
    subjects: &'a [Subject],
    identifiers: Vec<(Digest, u32)>,
    aliases: Vec<(Digest, u32)>,
    suspicions: Vec<(Pair, &'a Suspicion)>,
    sharers: Vec<(Digest, &'a Sharers)>,
    suggested: Vec<(u64, &'a (Pair, Vec<Digest>))>,
    parents: &'a Parents,
    retracted: Vec<(u64, u64)>,
    structural: &'a [u64],
}

/// Least bytes of what there are millions of; numbers of customers and subjects take one to five.
const CUSTOMER_BYTES_MIN: usize = size_of::<Customer>();
const SUBJECT_BYTES_MIN: usize = size_of::<Subject>() - size_of::<u32>() + 1;
const NUMBERED_DIGEST_BYTES_MIN: usize = size_of::<Digest>() + 1;

/// What there are few of.
#[derive(Deserialize)]
struct Rest {
    suspicions: Vec<(Pair, Suspicion)>,
    sharers: Vec<(Digest, Sharers)>,
    suggested: Vec<(u64, (Pair, Vec<Digest>))>,
    parents: Parents,
    retracted: Vec<(u64, u64)>,
    structural: Vec<u64>,
}

impl State {
    pub(crate) fn encode(&self) -> Vec<u8> {
        snapshot::encode_state(&Encoded {
            customers: self.customers.rows(),
            subjects: self.subjects.rows(),
            identifiers: sorted(self.identifiers.iter().map(copied)),
            aliases: sorted(self.aliases.iter().map(copied)),
            suspicions: sorted(self.suspicions.iter().map(|(pair, known)| (*pair, known))),
            sharers: sorted(self.sharers.iter().map(|(digest, who)| (*digest, who))),
            suggested: sorted(self.suggested.iter().map(|(at, what)| (*at, what))),
            parents: self.merges.parents(),
            retracted: sorted(self.retracted.iter().map(copied)),
            structural: &self.structural,
        })
    }

    /// What there are millions of is read to where it stays, so that memory is touched once.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, snapshot::Error> {
        let (customers, rest) = take_items(bytes, CUSTOMER_BYTES_MIN, rows_with_room)?;
        let (subjects, rest) = take_items(rest, SUBJECT_BYTES_MIN, rows_with_room)?;
        let (identifiers, rest) = take_items(rest, NUMBERED_DIGEST_BYTES_MIN, map_of)?;
        let (aliases, rest) = take_items(rest, NUMBERED_DIGEST_BYTES_MIN, map_of)?;
        let rest: Rest = snapshot::decode_state(rest)?;
        Ok(Self {
            customers: Slab::from_rows(customers),
            subjects: Slab::from_rows(subjects),
            identifiers,
            aliases,
            suspicions: rest.suspicions.into_iter().collect(),
            sharers: rest.sharers.into_iter().collect(),
            suggested: rest.suggested.into_iter().collect(),
            merges: Merges::from_parents(rest.parents),
            retracted: rest.retracted.into_iter().collect(),
            structural: rest.structural,
            undo: None,
        })
    }
}

fn map_of(count: usize) -> ByDigest<u32> {
    ByDigest::with_capacity_and_hasher(count, BuildHasherDefault::default())
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items
}

fn copied<K: Copy, V: Copy>((key, value): (&K, &V)) -> (K, V) {
    (*key, *value)
}
