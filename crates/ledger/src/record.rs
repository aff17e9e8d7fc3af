//! What goes into the ledger and what it says of itself.

use touchbook_events::TenantNumber;

/// What the ledger must know of a record, and all that it ever learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peek {
    pub position: u64,
    /// Keyed digest of source and id; all zeros is not indexed.
    pub event_key: [u8; 16],
    pub customer: Option<[u8; 16]>,
}

/// Reads a [`Peek`] from a record's stored bytes. The codec belongs to the records, not to us.
pub type PeekFn = fn(&[u8]) -> Option<Peek>;

/// A record to append.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    pub bytes: &'a [u8],
    pub peek: Peek,
}

/// All records that become durable together, or not at all.
#[derive(Clone, Debug, Default)]
pub struct Commit<'a> {
    /// Each tenant once, its records in the order of their positions.
    pub tenants: Vec<(TenantNumber, Vec<NewRecord<'a>>)>,
    /// How far the stream has been read with this commit; absent, it stays where it was.
    pub checkpoint: Option<Checkpoint>,
}

/// How far the reader of the stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub stream_created_at_micros: i64,
    pub sequence: u64,
    /// Digest of the message at `sequence`, to notice another stream of the same name.
    pub digest: [u8; 32],
    /// What of the message after it is in the ledger already.
    pub partial: Option<Partial>,
}

/// A message whose records did not fit one commit, and how far it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Items, from the first, that need not be taken again.
    pub items_done: u32,
    /// Digest of the message, to notice another one in its place.
    pub digest: [u8; 32],
}

/// Hash over all records of a tenant up to a position: `h = BLAKE3(h ‖ stored bytes)`.
pub type Chain = [u8; 32];

/// The chain before the first record.
pub const ROOT: Chain = [0; 32];

/// A tenant's last durable record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// 0 when there is none.
    pub position: u64,
    pub chain: Chain,
}

impl Head {
    pub const EMPTY: Self = Self {
        position: 0,
        chain: ROOT,
    };
}

/// What an append made durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Number of the commit, from 1, without gaps.
    pub commit: u64,
    /// The new head of every tenant that the commit brought records of.
    pub heads: Vec<(TenantNumber, Head)>,
}

pub(crate) fn link(before: &Chain, stored: &[u8]) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    hasher.update(stored);
    *hasher.finalize().as_bytes()
}
