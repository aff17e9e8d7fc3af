//! Stored forms: they come back, and hostile bytes are refused without a panic.

use super::support::T;
use crate::oversize::Chunks;
use crate::record::link;
use crate::run::{Packer, Run};
use crate::wire;
use crate::{Checkpoint, Flaw, Partial, ROOT};
use crate::{block, frame};
use proptest::prelude::*;

struct NoChunks;

impl Chunks for NoChunks {
    fn resolve(&self, _: u64, _: &[u8]) -> Result<Vec<u8>, Flaw> {
        Err(Flaw::Chunk)
    }
}

fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..60)
}

fn encoded_block(records: &[Vec<u8>]) -> Vec<u8> {
    let mut packer = Packer::default();
    records.iter().for_each(|record| packer.push(record));
    block::encode(T, 5, 3, [9; 32], &packer)
}

fn encoded_frame(records: &[Vec<u8>]) -> Vec<u8> {
    let mut builder = frame::Builder::default();
    let mut chain = ROOT;
    let chained = records.iter().map(|record| {
        chain = link(&chain, record);
        (record.as_slice(), chain)
    });
    builder.section(T, 5, ROOT, chained);
    builder.finish(3, Some(CHECKPOINT), &[(T, 1)]).remove(0)
}

const CHECKPOINT: Checkpoint = Checkpoint {
    stream_created_at_micros: 1,
    sequence: 2,
    digest: [3; 32],
    partial: Some(Partial {
        items_done: 4,
        digest: [5; 32],
    }),
};

proptest! {
    #[test]
    fn a_block_comes_back(records in payloads()) {
        let value = encoded_block(&records);
        let (header, run) = block::decode(&block::key(T, 5), &value, &NoChunks).unwrap();
        prop_assert_eq!((header.first, header.commit, header.chain), (5, 3, [9; 32]));
        prop_assert!(run.records().eq(records.iter().map(Vec::as_slice)));
    }

    #[test]
    fn no_altered_byte_of_a_block_passes(
        records in payloads(),
        at: prop::sample::Index,
        bit in 0..8_u8,
    ) {
        let mut value = encoded_block(&records);
        let at = at.index(value.len());
        value[at] ^= 1 << bit;
        prop_assert!(block::decode(&block::key(T, 5), &value, &NoChunks).is_err());
    }

    #[test]
    fn no_altered_byte_of_a_frame_passes(
        records in payloads(),
        at: prop::sample::Index,
        bit in 0..8_u8,
    ) {
        let mut value = encoded_frame(&records);
        let part = frame::decode(&frame::key(3, 0), &value).unwrap();
        prop_assert_eq!((part.sections.len(), part.checkpoint), (1, Some(CHECKPOINT)));
        let at = at.index(value.len());
        value[at] ^= 1 << bit;
        prop_assert!(frame::decode(&frame::key(3, 0), &value).is_err());
    }

    #[test]
    fn a_torn_value_is_refused(records in payloads(), at: prop::sample::Index) {
        let frame = encoded_frame(&records);
        let torn = &frame[..at.index(frame.len())];
        prop_assert!(frame::decode(&frame::key(3, 0), torn).is_err());
        let block = encoded_block(&records);
        let torn = &block[..at.index(block.len())];
        prop_assert!(block::decode(&block::key(T, 5), torn, &NoChunks).is_err());
    }

    /// Behind a checksum that fits, as a defect of ours or an attacker would leave it.
    #[test]
    fn hostile_frames_never_panic(
        records in payloads(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)
    ) {
        let mut value = encoded_frame(&records);
        let body = value.len() - wire::PREFIX_BYTES;
        for (at, byte) in changes {
            value[wire::PREFIX_BYTES + at.index(body)] = byte;
        }
        wire::close(frame::VERSION, &mut value);
        if let Ok(part) = frame::decode(&frame::key(3, 0), &value) {
            for section in part.sections {
                let packed = section.packed.to_vec();
                let run = Run::unpacked(section.first, section.count as usize, packed, &NoChunks);
                let _ = run.map(|run| run.records().map(<[u8]>::len).sum::<usize>());
            }
        }
    }

    #[test]
    fn hostile_runs_never_panic(
        first: u64,
        count in 0..2_000_usize,
        bytes in prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], 0..4_000)
    ) {
        if let Ok(run) = Run::unpacked(first, count, bytes, &NoChunks) {
            prop_assert_eq!(run.records().count(), count);
            prop_assert_eq!(run.records().map(<[u8]>::len).sum::<usize>(), run.bytes());
        }
    }

    #[test]
    fn hostile_values_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(frame::decode(&frame::key(3, 0), &bytes).is_err());
        prop_assert!(block::decode(&block::key(T, 5), &bytes, &NoChunks).is_err());
    }
}
