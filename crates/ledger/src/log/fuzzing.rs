//! The store's log as a fuzzer makes it up, behind checksums that fit.

use super::fields::{Fields, put_varint};
use super::message::Header;
use super::segment::HEADER_BYTES;
use super::{Content, Message, Pages, Segment, Snapshot, Spot};
use std::ops::Range;

/// Reads `bytes` as kinds, pages and bodies of messages, one after the other in a segment, applies
/// them, and writes a snapshot of what they come to. Answers whether all were read.
///
/// # Panics
/// When a message isn't found where it was put, or a snapshot isn't read as it was written.
pub fn log(bytes: &[u8]) -> bool {
    // As it is, too: without a checksum that fits almost nothing of it is read.
    let spot = Spot {
        offset: 0,
        has_header: true,
    };
    let _ = Segment::of(bytes, 0, spot);
    let _ = Snapshot::parse(bytes);

    let (segment, ranges) = made_up(bytes);
    let read = Segment::of(&segment, 0, spot);
    let mut pages = Pages::default();
    for message in &read.messages {
        assert!(read_back(&segment, message).is_sound);
        if message.pid < PIDS {
            pages.apply(message);
        }
    }
    snapshotted(&pages);
    let found: Vec<Range<u64>> = read.messages.iter().map(range).collect();
    !ranges.is_empty() && found == ranges
}

/// Pages whose numbers are lower take little memory.
const PIDS: u64 = 1 << 16;

fn range(message: &Message) -> Range<u64> {
    message.offset..message.offset + message.len as u64
}

fn read_back(segment: &[u8], message: &Message) -> Content {
    let Range { start, end } = range(message);
    let bytes = segment[start as usize..end as usize].to_vec();
    let header = Header::parse(&bytes).expect("a message has a header");
    let content = Content::parse(bytes, &header, message.offset);
    assert!(content.values().all(|value| value.len() <= message.len));
    content
}

/// A segment, and where its messages are.
fn made_up(bytes: &[u8]) -> (Vec<u8>, Vec<Range<u64>>) {
    let mut segment = vec![7; HEADER_BYTES];
    let mut ranges = Vec::new();
    let mut fields = Fields::new(bytes);
    while let (Some(kind), Some(pid), Some(body)) = (fields.u8(), fields.varint(), fields.slice()) {
        let mut header = vec![kind];
        put_varint(&mut header, body.len() as u64);
        put_varint(&mut header, 0);
        put_varint(&mut header, pid);
        let crc = crc32fast::hash(&[body, &header].concat()) ^ u32::MAX;
        let start = segment.len() as u64;
        for part in [&crc.to_le_bytes()[..], &header, body] {
            segment.extend_from_slice(part);
        }
        ranges.push(start..segment.len() as u64);
    }
    (segment, ranges)
}

fn snapshotted(pages: &Pages) {
    if !pages.can_be_snapshotted() {
        return;
    }
    let (stable, pages) = (0, pages.clone());
    let written = Snapshot { stable, pages }.encode();
    let read = Snapshot::parse(&written).expect("what was written is read");
    assert_eq!(read.encode(), written, "a snapshot comes back");
}
