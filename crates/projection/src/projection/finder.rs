//! Finding the customer whose state took a record, by a key of that record.
//!
//! A finder only says where to look: it keeps half of a key, and forgets nothing when a customer's
//! slice changes. So whoever finds looks into the customer's own state, which obeys every law, and
//! a finder need not. What it must do is miss nothing: a key is put in when its record is folded,
//! and all keys of a state when the state is folded afresh. Memory is why: 11 to 14 bytes a key.

use super::shard::Slot;
use super::{Projection, read_lock, write_lock};
use crate::projector::Projector;
use std::num::NonZeroU32;
use touchbook_events::{CustomerId, Digest};

/// Cells of the smallest table.
const CELLS_MIN: usize = 16;

/// An open table of half keys and customers' numbers, in as few cells as keep it quick.
#[derive(Default)]
pub(super) struct Finder {
    /// Half a key above a customer's number; 0 where nothing is.
    cells: Box<[u64]>,
    used: usize,
    /// By number, from 1. One that lost its slot and got another has two, and either will do.
    customers: Vec<CustomerId>,
}

/// A customer's number in its shard's finder, once it has one.
#[derive(Clone, Copy, Default)]
pub(super) struct Number(Option<NonZeroU32>);

impl Finder {
    /// One that holds as many keys without growing.
    fn with_room(keys: usize) -> Self {
        Self {
            cells: vec![0; CELLS_MIN.max(keys / 3 * 4 + 4)].into(),
            ..Self::default()
        }
    }

    /// Finds `customer` by `key` from now on.
    pub(super) fn insert(&mut self, key: Digest, customer: CustomerId, number: &mut Number) {
        if self.candidates(key).any(|found| found == customer) {
            return;
        }
        let Some(number) = self.number_of(customer, number) else {
            return;
        };
        if (self.used + 1) * 4 > self.cells.len() * 3 {
            self.grow();
        }
        self.put((u64::from(half(key)) << 32) | u64::from(number.get()));
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.cells) + self.customers.capacity() * size_of::<CustomerId>()
    }

    /// The customers that may be found by `key`: all that are, and now and then another.
    pub(super) fn candidates(&self, key: Digest) -> impl Iterator<Item = CustomerId> {
        let half = half(key);
        let cells = self.cells_from_home(half).take_while(|cell| *cell != 0);
        cells
            .filter(move |cell| (cell >> 32) as u32 == half)
            .map(|cell| self.customers[cell as u32 as usize - 1])
    }

    /// `None` where a shard has more customers than numbers, which no memory holds.
    fn number_of(&mut self, customer: CustomerId, number: &mut Number) -> Option<NonZeroU32> {
        if number.0.is_none() {
            let next = u32::try_from(self.customers.len() + 1).ok()?;
            self.customers.push(customer);
            number.0 = NonZeroU32::new(next);
        }
        number.0
    }

    /// All cells, from where `half` belongs, round to there again.
    fn cells_from_home(&self, half: u32) -> impl Iterator<Item = u64> {
        let (before, after) = self.cells.split_at(home(half, self.cells.len()));
        after.iter().chain(before).copied()
    }

    fn put(&mut self, cell: u64) {
        let mut at = home((cell >> 32) as u32, self.cells.len());
        while self.cells[at] != 0 {
            at = (at + 1) % self.cells.len();
        }
        self.cells[at] = cell;
        self.used += 1;
    }

    /// By a quarter: a table that doubled would be half empty half of the time.
    fn grow(&mut self) {
        let cells = CELLS_MIN.max(self.cells.len() + self.cells.len() / 4);
        let before = std::mem::replace(&mut self.cells, vec![0; cells].into());
        self.used = 0;
        let keys = before.into_iter().filter(|cell| *cell != 0);
        keys.for_each(|cell| self.put(cell));
    }
}

/// Keys are digests that nobody can choose, so any part of one is as good as a hash of it.
fn half(key: Digest) -> u32 {
    let [a, b, c, d, ..] = key.0;
    u32::from_be_bytes([a, b, c, d])
}

/// Where `half` belongs among `cells`, spread evenly over any number of them.
fn home(half: u32, cells: usize) -> usize {
    ((u64::from(half) * cells as u64) >> 32) as usize
}

impl<S> Slot<S> {
    /// Finds `customer` by everything that is in its state.
    pub(super) fn find_by_keys<P: Projector<State = S>>(
        &mut self,
        customer: CustomerId,
        finder: &mut Finder,
    ) {
        let number = &mut self.number;
        P::keys(&self.state, &mut |key| finder.insert(key, customer, number));
    }
}

impl<P: Projector> Projection<P> {
    /// What `look` finds in the state of a canonical customer that took a record with this key
    /// ([`Projector::key`]). It may be shown states that did not. It must not call this
    /// projection.
    pub fn find<R>(
        &self,
        key: Digest,
        mut look: impl FnMut(CustomerId, &P::State) -> Option<R>,
    ) -> Option<R> {
        // While it is held, nothing moves from a shard not yet looked at to one that was.
        let _groups = read_lock(&self.groups);
        self.shards.iter().find_map(|shard| {
            let shard = read_lock(shard);
            shard.finder.candidates(key).find_map(|customer| {
                let slot = shard.slots.get(&customer)?;
                look(customer, &slot.state)
            })
        })
    }

    /// Finds everybody by what is in their states, and nobody by anything else.
    pub(super) fn begin_finding(&self) {
        for shard in &self.shards {
            let mut locked = write_lock(shard);
            let shard = &mut *locked;
            let mut keys = 0;
            for slot in shard.slots.values() {
                P::keys(&slot.state, &mut |_| keys += 1);
            }
            shard.finder = Finder::with_room(keys);
            for (customer, slot) in &mut shard.slots {
                slot.number = Number::default();
                slot.find_by_keys::<P>(*customer, &mut shard.finder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn customer(number: u8) -> CustomerId {
        CustomerId::from_bytes([number; 16])
    }

    /// Few halves, so that keys share them, and the last cells overflow into the first.
    fn key(number: u16) -> Digest {
        let [high, low] = number.to_be_bytes();
        let end = if high % 2 == 0 { 0 } else { 0xff };
        Digest([
            end,
            end,
            end,
            low % 8,
            high,
            low,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ])
    }

    proptest! {
        #[test]
        fn everybody_is_found_by_all_of_their_keys(
            given in prop::collection::vec((any::<u16>(), 0_u8..9), 0..300),
        ) {
            let mut finder = Finder::default();
            let mut numbers: BTreeMap<u8, Number> = BTreeMap::new();
            for (number, who) in &given {
                let slot = numbers.entry(*who).or_default();
                finder.insert(key(*number), customer(*who), slot);
            }
            for (number, who) in &given {
                prop_assert!(finder.candidates(key(*number)).any(|found| found == customer(*who)));
            }
            let halves: BTreeSet<_> = given.iter().map(|(at, who)| (half(key(*at)), who)).collect();
            prop_assert_eq!(finder.used, halves.len(), "nothing is kept twice");
            prop_assert_eq!(finder.candidates(Digest([0x42; 16])).count(), 0);
        }
    }

    #[test]
    fn a_key_costs_at_most_fourteen_bytes() {
        let mut finder = Finder::default();
        let mut number = Number::default();
        for at in 1..=20_000_u32 {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&at.wrapping_mul(0x9e37_79b9).to_be_bytes());
            finder.insert(Digest(bytes), customer(1), &mut number);
            let cells = finder.cells.len() * size_of::<u64>();
            assert!(at < 100 || cells <= 14 * at as usize, "{cells} for {at}");
        }
    }

    #[test]
    fn room_for_keys_is_enough_and_no_more() {
        for keys in [0, 1, 11, 12, 13, 1_000] {
            let mut finder = Finder::with_room(keys);
            let cells = finder.cells.len();
            for at in 0..keys {
                let mut bytes = [0; 16];
                bytes[..4].copy_from_slice(&(at as u32).wrapping_mul(0x9e37_79b9).to_be_bytes());
                finder.insert(Digest(bytes), customer(1), &mut Number::default());
            }
            assert_eq!(finder.cells.len(), cells, "{keys}");
            assert!(cells <= CELLS_MIN.max(keys * 4 / 3 + 8), "{keys}");
        }
    }

    /// A customer that is merged away and comes back gets a slot anew, and no keys twice.
    #[test]
    fn a_customer_that_comes_back_is_kept_once() {
        let mut finder = Finder::default();
        for _ in 0..3 {
            finder.insert(key(1), customer(1), &mut Number::default());
        }
        assert_eq!((finder.used, finder.customers.len()), (1, 1));
        assert_eq!(finder.candidates(key(1)).collect::<Vec<_>>(), [customer(1)]);
    }
}
