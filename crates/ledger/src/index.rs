//! What is derived from the records to find them: by event key, and by customer.
//!
//! Both are exact and in memory, which is right up to ten million records. A start builds them
//! anew, from the blocks or from what [`mod@crate::saved`] kept of them.

mod customers;
mod duplicates;
mod reload;
mod table;

pub(crate) use reload::Reload;

use crate::record::Peek;
use customers::Customers;
use duplicates::Duplicates;

#[derive(Default)]
pub(crate) struct Index {
    duplicates: Duplicates,
    customers: Customers,
}

impl Index {
    /// Adds a record; positions come in order, without gaps, from 1. Answers whether its customer
    /// is new.
    pub(crate) fn insert(&mut self, peek: &Peek) -> bool {
        self.duplicates.insert(&peek.event_key, peek.position);
        self.customers.insert(peek.customer.as_ref(), peek.position)
    }

    /// What the index keeps of an event key; 0 where there is none.
    pub(crate) fn prefix_of(key: &[u8; 16]) -> u64 {
        duplicates::prefix(key)
    }

    /// Positions whose event key may be `key`; the record itself says whether it is.
    pub(crate) fn candidates(&self, key: &[u8; 16]) -> impl Iterator<Item = u64> {
        self.duplicates.candidates(key)
    }

    /// Positions of a customer's records within `from..=to`, ascending.
    pub(crate) fn positions_of(&self, customer: &[u8; 16], from: u64, to: u64) -> Vec<u64> {
        self.customers.positions_of(customer, from, to)
    }

    /// Position of the record of the same customer before the one at `position`.
    pub(crate) fn previous_of(&self, position: u64) -> Option<u64> {
        self.customers.previous_of(position)
    }

    /// How far back the record before of the same customer is; 0 where there is none.
    pub(crate) fn distance_of(&self, position: u64) -> u64 {
        self.customers.distance_of(position).unwrap_or(0)
    }

    /// Last position of a customer.
    pub(crate) fn last_of(&self, customer: &[u8; 16]) -> Option<u64> {
        self.customers.last_of(customer)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.duplicates.bytes() + self.customers.bytes()
    }
}

#[cfg(test)]
mod tests;
