//! The file of a snapshot: what it is of, where it stands, a body, and a digest over all of it.
//!
//! Layout: magic, format version, header (postcard), body, BLAKE3 of everything before. A snapshot
//! is never trusted: whatever its bytes, reading one gives a header and a body or an error.

use postcard::ser_flavors::Size;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use touchbook_events::TenantNumber;

const MAGIC: &[u8; 8] = b"TCHBSNAP";
/// Changes with the layout of the file; other formats are discarded like any unusable snapshot.
const FORMAT: u8 = 2;
const DIGEST_BYTES: usize = blake3::OUT_LEN;

/// What a snapshot is of, and up to where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub tenant: TenantNumber,
    pub part: Part,
    /// The decider's or projector's.
    pub name: Box<str>,
    /// The decider's or projector's; only code of this version reads the body.
    pub version: u32,
    /// The body holds everything up to here.
    pub position: u64,
    /// The ledger's chain hash at `position`; a ledger that differs there discards the snapshot.
    pub chain: [u8; 32],
}

/// Which part of a decider's or projection's state a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// All of a decider's state.
    Decider,
    /// A projection's slices: groups, retractions and assigned subjects.
    Slices,
    /// One shard of a projection, from 0.
    Shard(u16),
    /// All of a small tenant's projection: slices and every shard, as [`Whole`] holds them.
    Whole,
}

/// A small tenant's projection in one body: its parts, each with its position and encoding.
pub type Whole = Vec<(Part, u64, Vec<u8>)>;

/// The bytes of a snapshot's file.
pub fn encode(header: &Header, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(MAGIC.len() + 128 + body.len() + DIGEST_BYTES);
    out.extend_from_slice(MAGIC);
    out.push(FORMAT);
    let mut out = append(header, out);
    out.extend_from_slice(body);
    let digest = blake3::hash(&out);
    out.extend_from_slice(digest.as_bytes());
    out
}

/// Reads a snapshot's file; never panics, whatever the bytes.
///
/// # Errors
/// What makes the snapshot unusable.
pub fn decode(bytes: &[u8]) -> Result<(Header, &[u8]), Error> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(Error::NotASnapshot)?;
    let (&format, rest) = rest.split_first().ok_or(Error::Truncated)?;
    if format != FORMAT {
        return Err(Error::Format { format });
    }
    let (content, digest) = rest
        .split_last_chunk::<DIGEST_BYTES>()
        .ok_or(Error::Truncated)?;
    if blake3::hash(&bytes[..bytes.len() - DIGEST_BYTES]) != *digest {
        return Err(Error::Damaged);
    }
    postcard::take_from_bytes(content).map_err(Error::Header)
}

/// How long the encoding of a state is, without making it.
pub(crate) fn encoded_bytes<T: Serialize + ?Sized>(state: &T) -> usize {
    postcard::serialize_with_flavor(state, Size::default()).expect("a state can be encoded")
}

/// The encoding of a state; canonical where its maps are ordered.
pub fn encode_state<T: Serialize + ?Sized>(state: &T) -> Vec<u8> {
    append(state, Vec::new())
}

/// Appends the encoding of a state to `out`.
pub(crate) fn append<T: Serialize + ?Sized>(state: &T, out: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(state, out).expect("a state of plain values can be encoded")
}

/// Reads what [`encode_state`] wrote, all of it.
///
/// # Errors
/// When `bytes` are no such state, or more than one.
pub fn decode_state<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    match take_state(bytes)? {
        (state, []) => Ok(state),
        (_, rest) => Err(Error::Trailing { bytes: rest.len() }),
    }
}

/// Reads the state at the beginning of `bytes`, and what follows it.
///
/// # Errors
/// When `bytes` do not begin with such a state.
pub fn take_state<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), Error> {
    postcard::take_from_bytes(bytes).map_err(Error::State)
}

/// Reads a sequence at the beginning of `bytes` straight into its place, and what follows it.
///
/// `begin` hears how many items there are, never more than fit into `bytes` at `item_bytes_min`
/// each, so that it can make room for them at once.
///
/// # Errors
/// When `bytes` do not begin with such a sequence.
pub fn take_items<C>(
    bytes: &[u8],
    item_bytes_min: usize,
    begin: impl FnOnce(usize) -> C,
) -> Result<(C, &[u8]), Error>
where
    C: IntoIterator<Item: DeserializeOwned> + Extend<C::Item>,
{
    let (count, mut rest) = take_state::<usize>(bytes)?;
    if count > rest.len() / item_bytes_min.max(1) {
        return Err(Error::Truncated);
    }
    let mut items = begin(count);
    for _ in 0..count {
        let (item, after) = take_state::<C::Item>(rest)?;
        items.extend(Some(item));
        rest = after;
    }
    Ok((items, rest))
}

/// Why a snapshot can't be used; it is then discarded, and the ledger folded instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not a snapshot")]
    NotASnapshot,
    #[error("snapshot format {format} is not known")]
    Format { format: u8 },
    #[error("a snapshot ends early")]
    Truncated,
    #[error("a snapshot's digest is not that of its bytes")]
    Damaged,
    #[error("could not read a snapshot's header")]
    Header(#[source] postcard::Error),
    #[error("could not read a snapshot's state")]
    State(#[source] postcard::Error),
    #[error("{bytes} bytes follow a snapshot's state")]
    Trailing { bytes: usize },
    #[error("the customers of a snapshot are not those of its shard, each once and in order")]
    Customers,
    #[error("there is no shard {shard}")]
    NoSuchShard { shard: usize },
    #[error("the changes in a snapshot of slices are not in order up to its position")]
    Changes,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> Header {
        Header {
            tenant: TenantNumber(7),
            part: Part::Shard(63),
            name: "customers".into(),
            version: 3,
            position: 1_000_000,
            chain: [9; 32],
        }
    }

    #[test]
    fn a_snapshot_is_read_back_as_it_was_written() {
        let bytes = encode(&header(), b"body");
        assert_eq!(decode(&bytes).unwrap(), (header(), &b"body"[..]));
        assert_eq!(decode(&encode(&header(), b"")).unwrap().1, b"");
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let bytes = encode(&header(), b"body");
        for at in 0..bytes.len() {
            assert!(decode(&bytes[..at]).is_err(), "cut at {at}");
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(decode(&damaged).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn a_digest_over_nonsense_does_not_make_it_a_snapshot() {
        let mut bytes = [MAGIC.as_slice(), &[FORMAT], &[0xff; 40]].concat();
        let digest = blake3::hash(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        assert!(matches!(decode(&bytes), Err(Error::Header(_))));
    }

    proptest! {
        #[test]
        fn hostile_bytes_give_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&bytes).is_err());
            let marked = [MAGIC.as_slice(), &[FORMAT], &bytes].concat();
            prop_assert!(decode(&marked).is_err());
        }
    }
}
