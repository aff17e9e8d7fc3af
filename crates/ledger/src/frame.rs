//! Frames: one commit of all tenants, in as many parts as it takes, usually one.
//!
//! ```text
//! version u8 | digest of the rest [16] | commit u64, part u16, parts u16
//! | checkpoint? | blocks u32 × (tenant u32, first u64) | sections …
//! checkpoint: stream i64, sequence u64, digest [32], partial? (items u32, digest [32])
//! section: tenant u32, first u64, count u32, chain [32], packed u32, packed records
//! ```
//! The last part alone carries the checkpoint and names the blocks that the commit wrote. A commit
//! counts when all its parts and all its blocks are there.

use crate::error::Flaw;
use crate::limits::{MAX_VALUE_BYTES, SEALS};
use crate::record::{Chain, Checkpoint, Partial};
use crate::run::Packer;
use crate::wire::{self, Cursor, PREFIX_BYTES};
use touchbook_events::TenantNumber;

pub(crate) const VERSION: u8 = 2;
const KEY_BYTES: usize = 8 + 2;
const PARTIAL_BYTES: usize = 4 + 32;
const CHECKPOINT_BYTES: usize = 8 + 8 + 32 + 1 + PARTIAL_BYTES;
const SECTION_BYTES: usize = 4 + 8 + 4 + 32 + 4;

/// Room in every part for what the last one carries: all blocks that one commit may write.
const LAST_PART_BYTES: usize = 16 * 1024;
const _: () = assert!(
    PREFIX_BYTES + 12 + 1 + CHECKPOINT_BYTES + 4 + 12 * SEALS < LAST_PART_BYTES - SECTION_BYTES
);

const PART_BYTES: usize = MAX_VALUE_BYTES - LAST_PART_BYTES;

pub(crate) type Key = [u8; KEY_BYTES];

/// Commit and part, big-endian, so that keys are in order.
pub(crate) fn key(commit: u64, part: u16) -> Key {
    let mut key = [0; KEY_BYTES];
    key[..8].copy_from_slice(&commit.to_be_bytes());
    key[8..].copy_from_slice(&part.to_be_bytes());
    key
}

pub(crate) fn place(key: &[u8]) -> Option<(u64, u16)> {
    let key: &Key = key.try_into().ok()?;
    let commit = u64::from_be_bytes(key[..8].try_into().ok()?);
    Some((commit, u16::from_be_bytes(key[8..].try_into().ok()?)))
}

/// Builds a commit's frame, tenant after tenant.
#[derive(Default)]
pub(crate) struct Builder {
    full: Vec<Vec<u8>>,
    /// Sections of the part that is being built.
    sections: Vec<u8>,
    packer: Packer,
}

impl Builder {
    /// Adds a tenant's records from `first` on, each with the chain after it. With no records the
    /// section only says that the tenant's head is before `first` with chain `before`.
    pub(crate) fn section<'a>(
        &mut self,
        tenant: TenantNumber,
        mut first: u64,
        before: Chain,
        records: impl Iterator<Item = (&'a [u8], Chain)>,
    ) {
        if self.sections.len() + SECTION_BYTES > PART_BYTES {
            self.full.push(std::mem::take(&mut self.sections));
        }
        let mut chain = before;
        for (record, after) in records {
            let used = self.sections.len() + SECTION_BYTES + self.packer.packed_len();
            if used + Packer::cost(record) > PART_BYTES {
                first = self.close_section(tenant, first, chain);
                self.full.push(std::mem::take(&mut self.sections));
            }
            self.packer.push(record);
            chain = after;
        }
        self.close_section(tenant, first, chain);
    }

    fn close_section(&mut self, tenant: TenantNumber, first: u64, chain: Chain) -> u64 {
        let count = self.packer.len() as u32;
        self.sections.extend_from_slice(&tenant.0.to_le_bytes());
        self.sections.extend_from_slice(&first.to_le_bytes());
        self.sections.extend_from_slice(&count.to_le_bytes());
        self.sections.extend_from_slice(&chain);
        self.sections
            .extend_from_slice(&(self.packer.packed_len() as u32).to_le_bytes());
        self.packer.write(&mut self.sections);
        self.packer.clear();
        first + u64::from(count)
    }

    /// The values of the frame's parts.
    pub(crate) fn finish(
        mut self,
        commit: u64,
        checkpoint: Option<Checkpoint>,
        blocks: &[(TenantNumber, u64)],
    ) -> Vec<Vec<u8>> {
        self.full.push(self.sections);
        let parts = self.full.len();
        let encode = |(part, sections): (usize, &Vec<u8>)| {
            let last = part + 1 == parts;
            let mut value = vec![0; PREFIX_BYTES];
            value.extend_from_slice(&commit.to_le_bytes());
            value.extend_from_slice(&(part as u16).to_le_bytes());
            value.extend_from_slice(&(parts as u16).to_le_bytes());
            write_checkpoint(checkpoint.filter(|_| last), &mut value);
            write_blocks(if last { blocks } else { &[] }, &mut value);
            value.extend_from_slice(sections);
            wire::close(VERSION, &mut value);
            value
        };
        self.full.iter().enumerate().map(encode).collect()
    }
}

fn write_checkpoint(checkpoint: Option<Checkpoint>, out: &mut Vec<u8>) {
    out.push(u8::from(checkpoint.is_some()));
    if let Some(checkpoint) = checkpoint {
        out.extend_from_slice(&checkpoint.stream_created_at_micros.to_le_bytes());
        out.extend_from_slice(&checkpoint.sequence.to_le_bytes());
        out.extend_from_slice(&checkpoint.digest);
        write_partial(checkpoint.partial, out);
    }
}

fn write_partial(partial: Option<Partial>, out: &mut Vec<u8>) {
    out.push(u8::from(partial.is_some()));
    if let Some(partial) = partial {
        out.extend_from_slice(&partial.items_done.to_le_bytes());
        out.extend_from_slice(&partial.digest);
    }
}

fn write_blocks(blocks: &[(TenantNumber, u64)], out: &mut Vec<u8>) {
    out.extend_from_slice(&(blocks.len() as u32).to_le_bytes());
    for (tenant, first) in blocks {
        out.extend_from_slice(&tenant.0.to_le_bytes());
        out.extend_from_slice(&first.to_le_bytes());
    }
}

/// One part of a frame.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) parts: u16,
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) blocks: Vec<(TenantNumber, u64)>,
    pub(crate) sections: Vec<Section<'a>>,
}

#[derive(Debug)]
pub(crate) struct Section<'a> {
    pub(crate) tenant: TenantNumber,
    pub(crate) first: u64,
    pub(crate) count: u32,
    /// The tenant's chain after the section's last record.
    pub(crate) chain: Chain,
    pub(crate) packed: &'a [u8],
}

/// The commit of a value, if it is a frame's part and whole.
pub(crate) fn commit_of(value: &[u8]) -> Option<u64> {
    if value.len() < PREFIX_BYTES + 8 + 2 + 2 || value.len() == crate::mark::VALUE_BYTES {
        return None;
    }
    let mut cursor = wire::open(VERSION, value).ok()?;
    cursor.u64().ok()
}

/// The version of a value of the tail, if it is none that can be read here.
pub(crate) fn other_version(value: &[u8]) -> Option<u8> {
    value.first().copied().filter(|found| *found != VERSION)
}

/// What a part whose digest is wrong says that it holds: tenant, first and last position. To be
/// believed only where it fits with what else is known.
pub(crate) fn claims(value: &[u8]) -> Vec<(TenantNumber, u64, u64)> {
    let mut claims = Vec::new();
    let mut cursor = Cursor::new(value);
    let mut read = || {
        cursor.take(PREFIX_BYTES + 8 + 2 + 2)?;
        read_checkpoint(&mut cursor)?;
        for _ in 0..cursor.u32()? {
            cursor.take(4 + 8)?;
        }
        while !cursor.is_empty() {
            let section = read_section(&mut cursor)?;
            let last = (section.first + u64::from(section.count)).saturating_sub(1);
            claims.push((section.tenant, section.first, last));
        }
        Ok(())
    };
    // As far as it can be read.
    let _: Result<(), Flaw> = read();
    claims
}

/// Checks and reads one part. Never panics, whatever the bytes.
pub(crate) fn decode<'a>(key: &[u8], value: &'a [u8]) -> Result<Part<'a>, Flaw> {
    let mut cursor = wire::open(VERSION, value)?;
    let (commit, part, parts) = (cursor.u64()?, cursor.u16()?, cursor.u16()?);
    if key != self::key(commit, part) || part >= parts {
        return Err(Flaw::Misplaced);
    }
    let checkpoint = read_checkpoint(&mut cursor)?;
    let mut blocks = Vec::new();
    for _ in 0..cursor.u32()? {
        blocks.push((TenantNumber(cursor.u32()?), cursor.u64()?));
    }
    let mut sections = Vec::new();
    while !cursor.is_empty() {
        sections.push(read_section(&mut cursor)?);
    }
    Ok(Part {
        parts,
        checkpoint,
        blocks,
        sections,
    })
}

fn read_checkpoint(cursor: &mut Cursor<'_>) -> Result<Option<Checkpoint>, Flaw> {
    match cursor.u8()? {
        0 => Ok(None),
        1 => Ok(Some(Checkpoint {
            stream_created_at_micros: cursor.i64()?,
            sequence: cursor.u64()?,
            digest: cursor.array()?,
            partial: read_partial(cursor)?,
        })),
        _ => Err(Flaw::Layout),
    }
}

fn read_partial(cursor: &mut Cursor<'_>) -> Result<Option<Partial>, Flaw> {
    match cursor.u8()? {
        0 => Ok(None),
        1 => Ok(Some(Partial {
            items_done: cursor.u32()?,
            digest: cursor.array()?,
        })),
        _ => Err(Flaw::Layout),
    }
}

fn read_section<'a>(cursor: &mut Cursor<'a>) -> Result<Section<'a>, Flaw> {
    let (tenant, first, count) = (TenantNumber(cursor.u32()?), cursor.u64()?, cursor.u32()?);
    if first == 0 || first.checked_add(u64::from(count)).is_none() {
        return Err(Flaw::Layout);
    }
    let chain = cursor.array()?;
    let packed_len = cursor.u32()? as usize;
    Ok(Section {
        tenant,
        first,
        count,
        chain,
        packed: cursor.take(packed_len)?,
    })
}
