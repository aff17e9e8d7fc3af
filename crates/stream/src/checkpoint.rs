//! How far a reader of the stream got.

/// The last message that was read: which stream, which sequence, and what stood there.
///
/// The ledger keeps it in the commit that holds the message's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// When the stream was created, in microseconds: its identity.
    pub stream_created_at_micros: i64,
    pub sequence: u64,
    /// [`crate::Message::digest`] of the message, or [`Checkpoint::NOT_READ`].
    pub digest: [u8; 32],
}

impl Checkpoint {
    /// Stands for the digest of a message that was never read: after an adoption the checkpoint is
    /// the place before the first message of the adopted stream.
    pub const NOT_READ: [u8; 32] = [0; 32];
}
