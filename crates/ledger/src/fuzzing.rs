//! Stored values behind checksums that fit, for the fuzz targets: what is read is written again.

use crate::error::Flaw;
use crate::limits::{CHUNK_BYTES, MAX_VALUE_BYTES};
use crate::oversize::Chunks;
use crate::record::Chain;
use crate::run::{Packer, Run};
use crate::wire::{self, Cursor, DIGEST_BYTES, PREFIX_BYTES};
use crate::{block, frame};

pub use crate::log::fuzzing::log;

/// Of blocks.
const VERSION: u8 = 1;
/// Of a block's header, all but the digest of what is compressed.
const BLOCK_FIELDS_BYTES: usize = 4 + 8 + 4 + 8 + 32 + 4;

/// Resolves each stub to itself, so that the walk over runs with long records is fuzzed too.
struct Echo;

impl Chunks for Echo {
    fn resolve(&self, _: u64, stub: &[u8]) -> Result<Vec<u8>, Flaw> {
        Ok(stub.to_vec())
    }
}

/// There are no chunks: what is read then has no stub in it.
struct NoChunks;

impl Chunks for NoChunks {
    fn resolve(&self, _: u64, _: &[u8]) -> Result<Vec<u8>, Flaw> {
        Err(Flaw::Chunk)
    }
}

/// Reads `body` as what follows the prefix of a frame's part; a frame of one part is written again
/// from what was read, and is the same. Answers whether it was read.
///
/// # Panics
/// When that does not hold.
pub fn frame(body: &[u8]) -> bool {
    let mut value = vec![0; PREFIX_BYTES];
    value.extend_from_slice(body);
    wire::close(frame::VERSION, &mut value);
    let mut place = Cursor::new(body);
    let (Ok(commit), Ok(part)) = (place.u64(), place.u16()) else {
        return frame::decode(&[], &value).is_ok();
    };
    let Ok(read) = frame::decode(&frame::key(commit, part), &value) else {
        return false;
    };
    assert_eq!(frame::claims(&value).len(), read.sections.len());
    let mut builder = frame::Builder::default();
    let mut is_canonical = read.parts == 1 && value.len() <= MAX_VALUE_BYTES / 2;
    for section in &read.sections {
        let (first, count) = (section.first, section.count as usize);
        if let Ok(run) = Run::unpacked(first, count, section.packed.to_vec(), &Echo) {
            walk(&run, first, count);
        }
        let Ok(run) = Run::unpacked(first, count, section.packed.to_vec(), &NoChunks) else {
            is_canonical = false;
            continue;
        };
        let chained = run.records().map(|record| (record, section.chain));
        builder.section(section.tenant, first, section.chain, chained);
    }
    if is_canonical {
        let written = builder.finish(commit, read.checkpoint, &read.blocks);
        assert_eq!(written, [value], "a frame is written as it was read");
    }
    true
}

/// Reads `bytes` as the fields of a block's header and what is compressed below it; what was read
/// is written, read again, and the same. Answers whether it was read.
///
/// # Panics
/// When that does not hold.
pub fn block(bytes: &[u8]) -> bool {
    let Some((fields, compressed)) = bytes.split_at_checked(BLOCK_FIELDS_BYTES) else {
        return false;
    };
    let mut value = vec![0; PREFIX_BYTES];
    value.extend_from_slice(fields);
    value.extend_from_slice(&wire::digest(compressed));
    wire::close(VERSION, &mut value);
    value.extend_from_slice(compressed);
    debug_assert_eq!(value.len(), PREFIX_BYTES + bytes.len() + DIGEST_BYTES);
    let mut place = Cursor::new(fields);
    let (Ok(tenant), Ok(first)) = (place.u32(), place.u64()) else {
        return false;
    };
    let key = block::key(touchbook_events::TenantNumber(tenant), first);
    if let Ok((header, run)) = block::decode(&key, &value, &Echo) {
        walk(&run, header.first, header.count as usize);
    }
    let Ok((header, run)) = block::decode(&key, &value, &NoChunks) else {
        return false;
    };
    assert!(run.bytes() <= MAX_VALUE_BYTES, "{} bytes", run.bytes());
    if run.records().all(|record| record.len() <= CHUNK_BYTES) {
        written_again(&key, &header, &run);
    }
    true
}

fn written_again(key: &block::Key, header: &block::Header, run: &Run) {
    let mut packer = Packer::default();
    run.records().for_each(|record| packer.push(record));
    let chain: Chain = header.chain;
    let value = block::encode(header.tenant, header.first, header.commit, chain, &packer);
    let (again, same) = block::decode(key, &value, &NoChunks).expect("what was written is read");
    assert_eq!(again.commit, header.commit);
    assert_eq!((again.chain, again.count), (header.chain, header.count));
    assert!(
        same.records().eq(run.records()),
        "a block's records come back"
    );
}

fn walk(run: &Run, first: u64, count: usize) {
    assert_eq!((run.first(), run.len()), (first, count));
    assert_eq!(run.next(), first + count as u64);
    let bytes: usize = run.records().map(<[u8]>::len).sum();
    assert_eq!(bytes, run.bytes());
}
