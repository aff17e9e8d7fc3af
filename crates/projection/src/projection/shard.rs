//! A shard: the states of some customers, and their canonical encoding.

use super::finder::{Finder, Number};
use super::{Stale, shard_of};
use crate::snapshot::{Error, append, take_state};
use hashbrown::HashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use touchbook_events::CustomerId;

/// Bytes of the id, and whether it is stale: no customer is encoded in fewer.
const CUSTOMER_BYTES_MIN: usize = 17;

pub(super) struct Shard<S> {
    /// Boxed: a table is up to half empty, and a state is hundreds of bytes.
    pub(super) slots: HashMap<CustomerId, Box<Slot<S>>>,
    /// Customers whose fold panicked; each has a slot.
    pub(super) stale: BTreeMap<CustomerId, Stale>,
    /// Empty in bulk, and never snapshotted.
    pub(super) finder: Finder,
}

pub(super) struct Slot<S> {
    pub(super) state: S,
    /// The last batch that touched it.
    pub(super) batch: u64,
    /// What the finder calls the customer.
    pub(super) number: Number,
}

impl<S> Default for Shard<S> {
    fn default() -> Self {
        Self {
            slots: HashMap::new(),
            stale: BTreeMap::new(),
            finder: Finder::default(),
        }
    }
}

impl<S> Shard<S> {
    pub(super) fn is_stale(&self, customer: CustomerId) -> bool {
        !self.stale.is_empty() && self.stale.contains_key(&customer)
    }

    pub(super) fn remove(&mut self, customer: CustomerId) {
        self.slots.remove(&customer);
        self.stale.remove(&customer);
    }
}

impl<S: Serialize> Shard<S> {
    /// Number of customers, then each in order of ids: 16 bytes of id, whether it is stale, state.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut slots: Vec<_> = self.slots.iter().collect();
        slots.sort_unstable_by_key(|(customer, _)| **customer);
        let mut out = append(&slots.len(), Vec::new());
        for (customer, slot) in slots {
            out.extend_from_slice(customer.as_bytes());
            out = append(&self.stale.get(customer), out);
            out = append(&slot.state, out);
        }
        out
    }
}

impl<S: DeserializeOwned> Shard<S> {
    pub(super) fn decode(number: usize, body: &[u8]) -> Result<Self, Error> {
        let (count, mut rest) = take_state::<usize>(body)?;
        let mut shard = Self::default();
        shard
            .slots
            .reserve(count.min(rest.len() / CUSTOMER_BYTES_MIN));
        let mut last = None;
        for _ in 0..count {
            let (id, after) = rest.split_first_chunk::<16>().ok_or(Error::Truncated)?;
            let customer = CustomerId::from_bytes(*id);
            let (stale, after) = take_state::<Option<Stale>>(after)?;
            let (state, after) = take_state::<S>(after)?;
            if shard_of(customer) != number || last >= Some(customer) {
                return Err(Error::Customers);
            }
            last = Some(customer);
            rest = after;
            shard.stale.extend(stale.map(|stale| (customer, stale)));
            let (batch, number) = (0, Number::default());
            let slot = Slot {
                state,
                batch,
                number,
            };
            shard.slots.insert(customer, Box::new(slot));
        }
        match rest {
            [] => Ok(shard),
            _ => Err(Error::Trailing { bytes: rest.len() }),
        }
    }
}
