//! Every maximum of the ledger, and why it is what it is.
//!
//! sled writes whole leaves, up to 17 values, as one item, and an item over a quarter
//! of a segment becomes a file of its own that no sync ever reaches. So a segment is large and a
//! value small.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Size of sled's segments. Fixed when a volume is created.
pub const SEGMENT_BYTES: usize = 16 * MIB;

/// How many values sled may write as one item.
const LEAF_VALUES: usize = 17;

/// Longest value that is ever stored.
pub const MAX_VALUE_BYTES: usize = 192 * KIB;

const _: () = assert!(LEAF_VALUES * MAX_VALUE_BYTES < SEGMENT_BYTES / 4);

/// What a record has around the bytes of the largest message that it may have to keep.
const RECORD_OVERHEAD: usize = 64 * KIB;

/// Longest record: a message of 1 MiB that can't be used, and why.
pub const MAX_RECORD_BYTES: usize = MIB + RECORD_OVERHEAD;

/// Most bytes of records in one commit: less than a segment is written between two syncs.
pub const MAX_COMMIT_BYTES: usize = MAX_RECORD_BYTES;

/// A block is full when the next record would take it over this.
///
/// Small, since the store keeps whole leaves of up to 17 blocks in memory, at least one in each of
/// its cache's 256 parts, and reads a leaf to read a block. The tests of this crate have larger
/// ones, so that few records make few blocks.
pub const BLOCK_BYTES: usize = if cfg!(test) { 128 * KIB } else { 16 * KIB };

/// A block is full with this many records.
pub const BLOCK_RECORDS: usize = 1_000;

/// A longer record is stored in chunks of this size.
pub const CHUNK_BYTES: usize = 128 * KIB;

/// Most bytes of records that one commit seals. More than a commit brings, so that sealing keeps
/// up.
pub(crate) const SEAL_BYTES: usize = MAX_COMMIT_BYTES + 2 * BLOCK_BYTES;

/// What a record counts for at least, in the limits of a commit.
pub(crate) const MIN_RECORD_WEIGHT: usize = 64;

/// Most blocks that one commit writes.
pub(crate) const SEALS: usize = 256;

/// When the tail has more frames than this, the oldest are emptied into blocks that are not full.
pub(crate) const TAIL_FRAMES: usize = if cfg!(test) { 24 } else { 32_768 };

/// The same for its bytes.
pub(crate) const TAIL_BYTES: usize = if cfg!(test) { 512 * KIB } else { 16 * MIB };

/// Most frames that one commit removes, so that none has to wait for a thousand removals.
pub(crate) const REMOVALS: usize = 64;

/// How many records the parts of a saved index are of, at least.
///
/// A start reads the blocks of fewer in a tenth of a second, and what is kept of them until then
/// takes 8 bytes a record.
pub(crate) const SAVED_RECORDS: usize = if cfg!(test) { 300 } else { 65_536 };

/// How many segments the store would have to read, at least, that it is spared.
pub(crate) const SHORTCUT_SEGMENTS: u64 = if cfg!(test) { 1 } else { 16 };

/// How often sled's own thread writes what it holds and reclaims space.
pub(crate) const FLUSH_EVERY_MILLIS: u64 = 50;

/// Memory that sled may use for leaves, unless told otherwise. It keeps one in each part of its
/// cache all the same, which is more; and the system has the file in memory as well.
pub const DEFAULT_CACHE_BYTES: u64 = 16 * MIB as u64;
