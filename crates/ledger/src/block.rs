//! Blocks: sealed, compressed runs of one tenant's records.
//!
//! ```text
//! version u8 | digest of the header [16] | header | LZ4 of the packed records
//! header: tenant u32, first u64, count u32, commit u64, chain [32], packed u32, digest [16]
//! ```
//! The header is checked by itself, so that a start trusts a block's place before it decompresses.

use crate::error::Flaw;
use crate::limits::{BLOCK_RECORDS, MAX_VALUE_BYTES};
use crate::oversize::Chunks;
use crate::record::Chain;
use crate::run::{Packer, Run};
use crate::wire::{self, Cursor, DIGEST_BYTES, PREFIX_BYTES};
use touchbook_events::TenantNumber;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 4 + 8 + 4 + 8 + 32 + 4 + DIGEST_BYTES;
/// Of a value: what stands before the compressed records.
pub(crate) const HEAD_BYTES: usize = PREFIX_BYTES + HEADER_BYTES;
const KEY_BYTES: usize = 4 + 8;

pub(crate) type Key = [u8; KEY_BYTES];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) tenant: TenantNumber,
    pub(crate) first: u64,
    pub(crate) count: u32,
    /// The commit that wrote the block. It counts only if that commit's frame is there.
    pub(crate) commit: u64,
    /// The tenant's chain after the block's last record.
    pub(crate) chain: Chain,
    packed_len: u32,
    digest: [u8; DIGEST_BYTES],
}

impl Header {
    /// Position after the block's last record.
    pub(crate) fn next(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    fn write(&self, out: &mut [u8]) {
        let fields: [&[u8]; 7] = [
            &self.tenant.0.to_le_bytes(),
            &self.first.to_le_bytes(),
            &self.count.to_le_bytes(),
            &self.commit.to_le_bytes(),
            &self.chain,
            &self.packed_len.to_le_bytes(),
            &self.digest,
        ];
        let mut at = 0;
        for field in fields {
            out[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Flaw> {
        let header = Self {
            tenant: TenantNumber(cursor.u32()?),
            first: cursor.u64()?,
            count: cursor.u32()?,
            commit: cursor.u64()?,
            chain: cursor.array()?,
            packed_len: cursor.u32()?,
            digest: cursor.array()?,
        };
        let fits = header.count as usize <= BLOCK_RECORDS
            && header.count > 0
            && header.packed_len as usize <= MAX_VALUE_BYTES
            && header.first.checked_add(u64::from(header.count)).is_some();
        if fits { Ok(header) } else { Err(Flaw::Layout) }
    }

    /// Reads and checks the header of a value, if it is a block.
    pub(crate) fn of_value(value: &[u8]) -> Option<Self> {
        let head = value.get(..HEAD_BYTES)?;
        Self::read(&mut wire::open(VERSION, head).ok()?).ok()
    }

    /// Reads and checks a block's header, and that it is the one that belongs under `key`.
    pub(crate) fn decode(key: &[u8], value: &[u8]) -> Result<Self, Flaw> {
        let head = value.get(..HEAD_BYTES).ok_or(Flaw::Layout)?;
        let header = Self::read(&mut wire::open(VERSION, head)?)?;
        if key == self::key(header.tenant, header.first) {
            Ok(header)
        } else {
            Err(Flaw::Misplaced)
        }
    }
}

/// Whether a block's records are those that its header is of.
pub(crate) fn is_whole(header: &Header, value: &[u8]) -> bool {
    wire::digest(&value[HEAD_BYTES..]) == header.digest
}

pub(crate) fn key(tenant: TenantNumber, first: u64) -> Key {
    let mut key = [0; KEY_BYTES];
    key[..4].copy_from_slice(&tenant.0.to_be_bytes());
    key[4..].copy_from_slice(&first.to_be_bytes());
    key
}

/// Tenant and first position in a block's key.
pub(crate) fn place(key: &[u8]) -> Option<(TenantNumber, u64)> {
    let key: &Key = key.try_into().ok()?;
    let tenant = u32::from_be_bytes(key[..4].try_into().ok()?);
    Some((
        TenantNumber(tenant),
        u64::from_be_bytes(key[4..].try_into().ok()?),
    ))
}

/// A block as it is stored.
pub(crate) fn encode(
    tenant: TenantNumber,
    first: u64,
    commit: u64,
    chain: Chain,
    records: &Packer,
) -> Vec<u8> {
    let mut packed = Vec::with_capacity(records.packed_len());
    records.write(&mut packed);
    let start = HEAD_BYTES;
    let mut value = vec![0; start + lz4_flex::block::get_maximum_output_size(packed.len())];
    let compressed = lz4_flex::block::compress_into(&packed, &mut value[start..])
        .expect("the output has the size that compression asks for");
    value.truncate(start + compressed);
    let header = Header {
        tenant,
        first,
        count: records.len() as u32,
        commit,
        chain,
        packed_len: packed.len() as u32,
        digest: wire::digest(&value[start..]),
    };
    header.write(&mut value[PREFIX_BYTES..start]);
    wire::close(VERSION, &mut value[..start]);
    value
}

/// Checks and decompresses a block. Never panics, whatever the bytes.
pub(crate) fn decode(
    key: &[u8],
    value: &[u8],
    chunks: &impl Chunks,
) -> Result<(Header, Run), Flaw> {
    let header = Header::decode(key, value)?;
    let compressed = &value[HEAD_BYTES..];
    if !is_whole(&header, value) {
        return Err(Flaw::Checksum);
    }
    let mut packed = vec![0; header.packed_len as usize];
    let len =
        lz4_flex::block::decompress_into(compressed, &mut packed).map_err(|_| Flaw::Compression)?;
    packed.truncate(len);
    let run = Run::unpacked(header.first, header.count as usize, packed, chunks)?;
    Ok((header, run))
}
