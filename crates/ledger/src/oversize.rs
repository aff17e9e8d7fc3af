//! Records that are too long for one value: chunks, stored before the stub that names them.
//!
//! The stub holds the record's length and hash, so a chunk left behind by a commit that never
//! became durable can't be taken for the record's own.

use crate::error::{self, Flaw};
use crate::limits::{CHUNK_BYTES, MAX_RECORD_BYTES};
use crate::wire::Cursor;
use touchbook_events::TenantNumber;

/// Length and BLAKE3 of the record.
pub(crate) const STUB_BYTES: usize = 4 + 32;

pub(crate) const KEY_BYTES: usize = 4 + 8 + 2;

/// Gives back the record that a stub stands for.
pub(crate) trait Chunks {
    fn resolve(&self, position: u64, stub: &[u8]) -> Result<Vec<u8>, Flaw>;
}

/// The chunks of one tenant.
pub(crate) struct Stored<'a> {
    pub(crate) tree: &'a sled::Tree,
    pub(crate) tenant: TenantNumber,
}

impl Chunks for Stored<'_> {
    fn resolve(&self, position: u64, stub: &[u8]) -> Result<Vec<u8>, Flaw> {
        assemble(stub, |index| {
            let chunk = self.tree.get(key(self.tenant, position, index));
            let chunk = chunk.map_err(error::unreadable)?;
            chunk.ok_or(Flaw::Chunk)
        })
    }
}

/// Puts a record together from its chunks, and checks that it is the one that the stub stands for.
pub(crate) fn assemble<C: AsRef<[u8]>>(
    stub: &[u8],
    chunk: impl Fn(usize) -> Result<C, Flaw>,
) -> Result<Vec<u8>, Flaw> {
    let mut cursor = Cursor::new(stub);
    let len = cursor.u32()? as usize;
    let hash = cursor.array::<32>()?;
    if len > MAX_RECORD_BYTES || !cursor.is_empty() {
        return Err(Flaw::Layout);
    }
    let mut record = Vec::with_capacity(len);
    for index in 0..len.div_ceil(CHUNK_BYTES) {
        record.extend_from_slice(chunk(index)?.as_ref());
    }
    if *blake3::hash(&record).as_bytes() == hash {
        Ok(record)
    } else {
        Err(Flaw::Chunk)
    }
}

pub(crate) fn is_oversize(record: &[u8]) -> bool {
    record.len() > CHUNK_BYTES
}

pub(crate) fn write_stub(record: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(record.len() as u32).to_le_bytes());
    out.extend_from_slice(blake3::hash(record).as_bytes());
}

/// Writes a long record's chunks.
pub(crate) fn write(
    tree: &sled::Tree,
    tenant: TenantNumber,
    position: u64,
    record: &[u8],
) -> sled::Result<()> {
    for (index, chunk) in record.chunks(CHUNK_BYTES).enumerate() {
        tree.insert(key(tenant, position, index), chunk)?;
    }
    Ok(())
}

/// Tenant, position of the record, number of the chunk; big-endian, so that keys are in order.
pub(crate) fn key(tenant: TenantNumber, position: u64, index: usize) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..4].copy_from_slice(&tenant.0.to_be_bytes());
    key[4..12].copy_from_slice(&position.to_be_bytes());
    key[12..].copy_from_slice(&(index as u16).to_be_bytes());
    key
}

/// Tenant and position in a chunk's key.
pub(crate) fn owner(key: &[u8]) -> Option<(TenantNumber, u64)> {
    let key: &[u8; KEY_BYTES] = key.try_into().ok()?;
    let tenant = u32::from_be_bytes(key[..4].try_into().ok()?);
    Some((
        TenantNumber(tenant),
        u64::from_be_bytes(key[4..12].try_into().ok()?),
    ))
}
