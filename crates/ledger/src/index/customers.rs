//! Customer → positions: per record the way back to the customer's record before it, per customer
//! the last one.

use super::table::{Slot, Table};
use std::collections::HashMap;

#[derive(Clone, Copy, Default)]
struct Entry {
    customer: [u8; 16],
    /// From 1, so 0 is a vacant slot.
    last: u64,
}

impl Slot for Entry {
    fn is_vacant(&self) -> bool {
        self.last == 0
    }

    fn hash(&self) -> u64 {
        hash(&self.customer)
    }
}

/// The distance is in `far`, too great for four bytes.
const FAR: u32 = u32::MAX;

const PAGE_RECORDS: usize = 4_096;

#[derive(Default)]
pub(crate) struct Customers {
    table: Table<Entry>,
    /// Distance to the record before of the same customer, 0 if there is none; by position - 1.
    /// Pages never move, so no insertion has to copy what is there.
    pages: Vec<Vec<u32>>,
    far: HashMap<u64, u64>,
}

impl Customers {
    /// Answers whether the customer had no record before.
    pub(crate) fn insert(&mut self, customer: Option<&[u8; 16]>, position: u64) -> bool {
        let previous = customer.and_then(|customer| self.advance(customer, position));
        let distance = previous.map_or(0, |previous| position - previous);
        self.link(position, distance);
        customer.is_some() && previous.is_none()
    }

    /// Notes how far back the record before of the same customer is; positions come in order.
    pub(crate) fn link(&mut self, position: u64, distance: u64) {
        if distance >= u64::from(FAR) {
            self.far.insert(position, distance);
        }
        self.push(u32::try_from(distance).unwrap_or(FAR));
    }

    /// Makes `position` the customer's last one and gives the one before.
    fn advance(&mut self, customer: &[u8; 16], position: u64) -> Option<u64> {
        match self
            .table
            .get_mut(hash(customer), |entry| entry.customer == *customer)
        {
            Some(entry) => Some(std::mem::replace(&mut entry.last, position)),
            None => {
                self.begin(customer, position);
                None
            }
        }
    }

    /// Adds a customer that is not there yet.
    pub(crate) fn begin(&mut self, customer: &[u8; 16], last: u64) {
        let customer = *customer;
        self.table.insert(Entry { customer, last });
    }

    fn push(&mut self, distance: u32) {
        match self.pages.last_mut() {
            Some(page) if page.len() < PAGE_RECORDS => page.push(distance),
            Some(_) => {
                let mut page = Vec::with_capacity(PAGE_RECORDS);
                page.push(distance);
                self.pages.push(page);
            }
            // A small tenant is to stay small: the first page grows as it fills.
            None => self.pages.push(vec![distance]),
        }
    }

    pub(crate) fn previous_of(&self, position: u64) -> Option<u64> {
        match self.distance_of(position)? {
            0 => None,
            distance => position.checked_sub(distance),
        }
    }

    /// How far back the record before of the same customer is; 0 where there is none.
    pub(crate) fn distance_of(&self, position: u64) -> Option<u64> {
        let index = usize::try_from(position.checked_sub(1)?).ok()?;
        let page = self.pages.get(index / PAGE_RECORDS)?;
        match *page.get(index % PAGE_RECORDS)? {
            FAR => self.far.get(&position).copied(),
            near => Some(u64::from(near)),
        }
    }

    pub(crate) fn last_of(&self, customer: &[u8; 16]) -> Option<u64> {
        let mut entries = self.table.probe(hash(customer));
        entries
            .find(|entry| entry.customer == *customer)
            .map(|entry| entry.last)
    }

    pub(crate) fn positions_of(&self, customer: &[u8; 16], from: u64, to: u64) -> Vec<u64> {
        let back = std::iter::successors(self.last_of(customer), |at| self.previous_of(*at));
        let within = back.skip_while(|at| *at > to).take_while(|at| *at >= from);
        let mut positions: Vec<u64> = within.collect();
        positions.reverse();
        positions
    }

    pub(crate) fn bytes(&self) -> usize {
        let links: usize = self.pages.iter().map(Vec::capacity).sum();
        self.table.bytes() + links * size_of::<u32>()
    }
}

/// Spreads ids, whose first half is mostly a time, over 64 bits.
fn hash(customer: &[u8; 16]) -> u64 {
    let id = u128::from_le_bytes(*customer);
    let folded = (id as u64) ^ ((id >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (folded ^ (folded >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed ^ (mixed >> 32)
}
