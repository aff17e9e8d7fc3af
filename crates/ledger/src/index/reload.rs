//! Building the indexes from what was saved of them, faster than from records: no customer is
//! looked up, and no table grows.

use super::Index;

/// A customer of whom nothing is known, since the record has none.
const NOBODY: u32 = u32::MAX;

/// An index that is being put together, in the order of positions.
#[derive(Default)]
pub(crate) struct Reload {
    index: Index,
    /// Of each record so far, by position - 1, whose it is.
    numbers: Vec<u32>,
    /// Customers by number: id and last position.
    customers: Vec<([u8; 16], u64)>,
}

impl Reload {
    /// For as many records, more or less.
    pub(crate) fn with_capacity(records: usize) -> Self {
        let mut reload = Self::default();
        reload.index.duplicates.reserve(records);
        reload.numbers.reserve(records);
        reload
    }

    /// Adds the next record: what is kept of its key, and either how far back the record before of
    /// the same customer is, or the customer if it is the first. `None` where there is no such
    /// record.
    pub(crate) fn push(&mut self, prefix: u64, distance: u64, new: Option<[u8; 16]>) -> Option<()> {
        let position = self.numbers.len() as u64 + 1;
        let number = match (distance, new) {
            (0, None) => NOBODY,
            (0, Some(customer)) => {
                self.customers.push((customer, position));
                u32::try_from(self.customers.len() - 1).ok()?
            }
            (_, Some(_)) => return None,
            (distance, None) => self.number_at(position.checked_sub(distance)?)?,
        };
        if let Some(customer) = self.customers.get_mut(number as usize) {
            customer.1 = position;
        }
        self.numbers.push(number);
        self.index.duplicates.insert_prefix(prefix, position);
        self.index.customers.link(position, distance);
        Some(())
    }

    fn number_at(&self, position: u64) -> Option<u32> {
        let index = usize::try_from(position.checked_sub(1)?).ok()?;
        let number = *self.numbers.get(index)?;
        (number != NOBODY).then_some(number)
    }

    pub(crate) fn finish(mut self) -> Index {
        for (customer, last) in &self.customers {
            self.index.customers.begin(customer, *last);
        }
        self.index
    }
}
