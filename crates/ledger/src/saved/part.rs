//! One part of a saved index.
//!
//! ```text
//! length u32 | version u8 | digest [16]
//! tenant u32, before u64, chain before [32], four counts u32
//! blocks: first u64, chain [32], bytes u32
//! of each record what is kept of its event key: u64
//! of each record how far back its customer's record before is: u32, u32::MAX if it is far
//! the far ones: u64
//! customers: position of the first record u64, id [16]
//! ```

use super::BlockEntry;
use crate::error::Flaw;
use crate::limits::{BLOCK_RECORDS, SAVED_RECORDS};
use crate::record::Head;
use crate::wire::{self, Cursor, PREFIX_BYTES};
use std::io::{self, Read};
use touchbook_events::TenantNumber;

const VERSION: u8 = 1;
const LENGTH_BYTES: usize = 4;
/// The distance stands among the far ones.
const FAR: u32 = u32::MAX;

const BLOCK_BYTES: usize = 8 + 32 + 4;
const CUSTOMER_BYTES: usize = 8 + 16;
/// Least that a record takes.
pub(super) const RECORD_BYTES: usize = 8 + 4;
/// Most: far from the one before, in a block of its own, and the first of its customer.
const RECORD_BYTES_MAX: usize = RECORD_BYTES + 8 + BLOCK_BYTES + CUSTOMER_BYTES;
/// A longer one is no part: it ends with the block that makes it long enough.
const PART_BYTES_MAX: usize = (SAVED_RECORDS + BLOCK_RECORDS + 1) * RECORD_BYTES_MAX;

/// The records of consecutive blocks.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) before: Head,
    pub(super) blocks: Vec<BlockEntry>,
    pub(super) prefixes: Vec<u64>,
    pub(super) distances: Vec<u64>,
    /// With the positions of their first records, ascending.
    pub(super) customers: Vec<(u64, [u8; 16])>,
}

/// What the part that was read into a buffer takes in the file.
pub(super) fn stored_bytes(buffer: &[u8]) -> u64 {
    (LENGTH_BYTES + buffer.len()) as u64
}

impl Part {
    /// The last position in it.
    pub(super) fn to(&self) -> u64 {
        self.before.position + self.prefixes.len() as u64
    }

    pub(super) fn encode(&self, tenant: TenantNumber) -> Vec<u8> {
        let far = || {
            self.distances
                .iter()
                .filter(|distance| near(**distance) == FAR)
        };
        let mut out = vec![0; LENGTH_BYTES + PREFIX_BYTES];
        out.extend_from_slice(&tenant.0.to_le_bytes());
        out.extend_from_slice(&self.before.position.to_le_bytes());
        out.extend_from_slice(&self.before.chain);
        let counts = [
            self.blocks.len(),
            self.prefixes.len(),
            far().count(),
            self.customers.len(),
        ];
        append(
            &mut out,
            counts.iter().map(|count| (*count as u32).to_le_bytes()),
        );
        for block in &self.blocks {
            out.extend_from_slice(&block.first.to_le_bytes());
            out.extend_from_slice(&block.chain);
            out.extend_from_slice(&block.bytes.to_le_bytes());
        }
        append(
            &mut out,
            self.prefixes.iter().map(|prefix| prefix.to_le_bytes()),
        );
        append(
            &mut out,
            self.distances
                .iter()
                .map(|distance| near(*distance).to_le_bytes()),
        );
        append(&mut out, far().map(|distance| distance.to_le_bytes()));
        for (position, customer) in &self.customers {
            out.extend_from_slice(&position.to_le_bytes());
            out.extend_from_slice(customer);
        }
        wire::close(VERSION, &mut out[LENGTH_BYTES..]);
        let length = (out.len() - LENGTH_BYTES) as u32;
        out[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
        out
    }

    /// The next part, if it is whole, and the one of `tenant` that follows `before`; leaves its
    /// bytes in `buffer`. Never panics, whatever the bytes.
    pub(super) fn read(
        file: &mut impl Read,
        tenant: TenantNumber,
        before: Head,
        buffer: &mut Vec<u8>,
    ) -> io::Result<Option<Self>> {
        let mut length = [0; LENGTH_BYTES];
        if file.read_exact(&mut length).is_err() {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > PART_BYTES_MAX {
            return Ok(None);
        }
        buffer.resize(length, 0);
        if file.read_exact(buffer).is_err() {
            return Ok(None);
        }
        let part = Self::decode(buffer, tenant, before);
        Ok(part.ok().filter(|part| part.is_sound()))
    }

    fn decode(bytes: &[u8], tenant: TenantNumber, before: Head) -> Result<Self, Flaw> {
        let mut cursor = wire::open(VERSION, bytes)?;
        let found = TenantNumber(cursor.u32()?);
        let position = cursor.u64()?;
        let chain = cursor.array()?;
        if found != tenant || (Head { position, chain }) != before {
            return Err(Flaw::Misplaced);
        }
        let counts = [cursor.u32()?, cursor.u32()?, cursor.u32()?, cursor.u32()?];
        let [blocks, records, far, customers] = counts.map(|count| count as usize);
        let blocks = cursor.take(blocks * BLOCK_BYTES)?;
        let prefixes = cursor.take(records * size_of::<u64>())?;
        let distances = cursor.take(records * size_of::<u32>())?;
        let far = cursor.take(far * size_of::<u64>())?;
        let customers = cursor.take(customers * CUSTOMER_BYTES)?;
        if !cursor.is_empty() {
            return Err(Flaw::Layout);
        }
        let mut far = numbers(far);
        let distances =
            distances
                .as_chunks()
                .0
                .iter()
                .map(|distance| match u32::from_le_bytes(*distance) {
                    FAR => far.next().ok_or(Flaw::Layout),
                    near => Ok(u64::from(near)),
                });
        Ok(Self {
            before,
            blocks: all::<BLOCK_BYTES, _>(blocks, block_entry)?,
            prefixes: numbers(prefixes).collect(),
            distances: distances.collect::<Result<_, _>>()?,
            customers: all::<CUSTOMER_BYTES, _>(customers, first_record)?,
        })
    }

    /// Whether its blocks follow each other, and lie within its records.
    fn is_sound(&self) -> bool {
        let first = self.blocks.first().map(|block| block.first);
        first == Some(self.before.position + 1)
            && self.blocks.is_sorted_by(|one, next| one.first < next.first)
            && self
                .blocks
                .last()
                .is_some_and(|last| last.first <= self.to())
    }
}

fn append<const N: usize>(out: &mut Vec<u8>, values: impl Iterator<Item = [u8; N]>) {
    values.for_each(|value| out.extend_from_slice(&value));
}

fn near(distance: u64) -> u32 {
    u32::try_from(distance).unwrap_or(FAR)
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|number| u64::from_le_bytes(*number))
}

fn all<const N: usize, T>(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T, Flaw>,
) -> Result<Vec<T>, Flaw> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|one| read(one))
        .collect()
}

fn block_entry(bytes: &[u8]) -> Result<BlockEntry, Flaw> {
    let mut cursor = Cursor::new(bytes);
    Ok(BlockEntry {
        first: cursor.u64()?,
        chain: cursor.array()?,
        bytes: cursor.u32()?,
    })
}

fn first_record(bytes: &[u8]) -> Result<(u64, [u8; 16]), Flaw> {
    let mut cursor = Cursor::new(bytes);
    Ok((cursor.u64()?, cursor.array()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T: TenantNumber = TenantNumber(3);

    fn part() -> impl Strategy<Value = Part> {
        let distance = prop_oneof![
            0..1_000_u64,
            u64::from(FAR) - 2..u64::from(FAR) + 3,
            any::<u64>()
        ];
        let record = (any::<u64>(), distance);
        let records = prop::collection::vec(record, 1..40);
        (0..1_000_u64, any::<[u8; 32]>(), records).prop_map(|(position, chain, records)| Part {
            before: Head { position, chain },
            blocks: vec![BlockEntry {
                first: position + 1,
                chain: [9; 32],
                bytes: 77,
            }],
            prefixes: records.iter().map(|(prefix, _)| *prefix).collect(),
            distances: records.iter().map(|(_, distance)| *distance).collect(),
            customers: vec![(position + 1, [5; 16])],
        })
    }

    fn read(mut bytes: &[u8], before: Head) -> Option<Part> {
        Part::read(&mut bytes, T, before, &mut Vec::new()).unwrap()
    }

    proptest! {
        #[test]
        fn a_part_is_read_as_it_was_written(part in part(), at: prop::sample::Index) {
            let bytes = part.encode(T);
            let same = read(&bytes, part.before).unwrap();
            prop_assert_eq!(&same.encode(T), &bytes);
            prop_assert_eq!(&same.distances, &part.distances);
            let elsewhere = Head { position: part.before.position + 1, ..part.before };
            prop_assert!(read(&bytes, elsewhere).is_none());
            let at = at.index(bytes.len());
            prop_assert!(read(&bytes[..at], part.before).is_none());
            let mut damaged = bytes;
            damaged[at] ^= 1;
            prop_assert!(read(&damaged, part.before).is_none());
        }

        #[test]
        fn hostile_bytes_are_no_part(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(read(&bytes, Head::EMPTY).is_none());
            // With a digest that fits, too.
            let mut closed = vec![0; LENGTH_BYTES + PREFIX_BYTES];
            closed.extend_from_slice(&T.0.to_le_bytes());
            closed.extend_from_slice(&[0; 40]);
            closed.extend_from_slice(&bytes);
            wire::close(VERSION, &mut closed[LENGTH_BYTES..]);
            let length = (closed.len() - LENGTH_BYTES) as u32;
            closed[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
            if let Some(part) = read(&closed, Head::EMPTY) {
                prop_assert!(part.to() > 0);
            }
        }
    }
}
