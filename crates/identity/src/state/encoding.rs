//! The canonical bytes of the state: rows in the ledger's order, everything else sorted.

use super::{Customer, Merges, Pair, State, Subject};
use crate::groups::Parents;
use crate::slab::Slab;
use serde::{Deserialize, Serialize};
use touchbook_events::Digest;
use touchbook_projection::snapshot;

#[derive(Serialize)]
struct Encoded<'a> {
    customers: &'a [Customer],
    subjects: &'a [Subject],
    identifiers: Vec<(Digest, u32)>,
    aliases: Vec<(Digest, u32)>,
    suggested: Vec<Pair>,
    parents: &'a Parents,
    retracted: Vec<(u64, u64)>,
    structural: &'a [u64],
}

#[derive(Deserialize)]
struct Decoded {
    customers: Vec<Customer>,
    subjects: Vec<Subject>,
    identifiers: Vec<(Digest, u32)>,
    aliases: Vec<(Digest, u32)>,
    suggested: Vec<Pair>,
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
            suggested: sorted(self.suggested.iter().copied()),
            parents: self.merges.parents(),
            retracted: sorted(self.retracted.iter().map(copied)),
            structural: &self.structural,
        })
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, snapshot::Error> {
        let decoded: Decoded = snapshot::decode_state(bytes)?;
        Ok(Self {
            customers: Slab::from_rows(decoded.customers),
            subjects: Slab::from_rows(decoded.subjects),
            identifiers: decoded.identifiers.into_iter().collect(),
            aliases: decoded.aliases.into_iter().collect(),
            suggested: decoded.suggested.into_iter().collect(),
            merges: Merges::from_parents(decoded.parents),
            retracted: decoded.retracted.into_iter().collect(),
            structural: decoded.structural,
            undo: None,
        })
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items
}

fn copied<K: Copy, V: Copy>((key, value): (&K, &V)) -> (K, V) {
    (*key, *value)
}
