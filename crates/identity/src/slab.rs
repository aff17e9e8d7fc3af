//! Rows in the order in which they came, found by a key that is random already.

use hashbrown::HashTable;

/// What a row is found by: a keyed digest, or an id whose last half is one.
pub(crate) trait Row {
    fn key(&self) -> &[u8; 16];
}

/// A vector with an index of 4 bytes a row beside it. A row keeps its number for ever, so that
/// others refer to it in 4 bytes as well; the last row can be taken back.
pub(crate) struct Slab<T> {
    rows: Vec<T>,
    numbers: HashTable<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            numbers: HashTable::new(),
        }
    }
}

/// Keys are uniformly random but for the variant of a UUID, which a multiplication spreads.
pub(crate) fn hash(key: &[u8; 16]) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = *key;
    u64::from_be_bytes([a, b, c, d, e, f, g, h]).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// More rows that so many make room for. A quarter: doubling would leave half of a large state
/// unused.
fn room(rows: usize) -> usize {
    rows / 4 + 64
}

/// Where `count` rows are to go, and some more without moving them all.
pub(crate) fn rows_with_room<T>(count: usize) -> Vec<T> {
    Vec::with_capacity(count + room(count))
}

impl<T: Row> Slab<T> {
    pub(crate) fn from_rows(rows: Vec<T>) -> Self {
        let mut numbers = HashTable::with_capacity(rows.len());
        for (number, row) in rows.iter().enumerate() {
            numbers.insert_unique(hash(row.key()), number as u32, |number| {
                hash(rows[*number as usize].key())
            });
        }
        Self { rows, numbers }
    }

    pub(crate) fn find(&self, key: &[u8; 16]) -> Option<u32> {
        self.numbers
            .find(hash(key), |number| self.rows[*number as usize].key() == key)
            .copied()
    }

    /// Appends a row whose key is new.
    pub(crate) fn push(&mut self, row: T) -> u32 {
        let number = u32::try_from(self.rows.len()).expect("rows of a tenant fit in 32 bits");
        if self.rows.len() == self.rows.capacity() {
            self.rows.reserve_exact(room(self.rows.len()));
        }
        let hashed = hash(row.key());
        self.rows.push(row);
        let rows = &self.rows;
        self.numbers
            .insert_unique(hashed, number, |number| hash(rows[*number as usize].key()));
        number
    }

    /// Takes back the last row.
    pub(crate) fn pop(&mut self) {
        let Some(row) = self.rows.pop() else { return };
        let number = self.rows.len() as u32;
        if let Ok(entry) = self
            .numbers
            .find_entry(hash(row.key()), |found| *found == number)
        {
            entry.remove();
        }
    }

    pub(crate) fn get(&self, number: u32) -> &T {
        &self.rows[number as usize]
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> &mut T {
        &mut self.rows[number as usize]
    }

    pub(crate) fn rows(&self) -> &[T] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Row for [u8; 16] {
        fn key(&self) -> &[u8; 16] {
            self
        }
    }

    #[test]
    fn rows_are_found_until_they_are_taken_back() {
        let key = |number: u32| {
            let mut key = [0; 16];
            key[12..].copy_from_slice(&number.to_be_bytes());
            key
        };
        let mut slab = Slab::default();
        for number in 0..1000 {
            assert_eq!(slab.push(key(number)), number);
        }
        for _ in 0..500 {
            slab.pop();
        }
        for number in 0..1000 {
            assert_eq!(slab.find(&key(number)), (number < 500).then_some(number));
        }
        let again = Slab::from_rows(slab.rows().to_vec());
        assert_eq!(again.find(&key(499)), Some(499));
    }
}
