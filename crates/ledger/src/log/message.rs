//! Messages: the items of the log.

use super::fields::Fields;
use std::ops::RangeInclusive;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: it was given up, or begins a batch.
    Nothing,
    /// The rest of the segment is padding.
    Cap,
    Free,
    Counter,
    Meta,
    Node,
    Link,
    /// Something that is in a file of its own; limits keep us from ever writing one.
    Blob,
}

/// Enough for any header, and for what is in most messages.
pub(super) const FIRST_READ: usize = 4 * 1024;

/// The byte that tells a kind is one of these.
const KINDS: RangeInclusive<u8> = 1..=11;
/// Where it stands, behind the checksum.
const KIND_AT: usize = 4;

/// Whether a message may begin here: quicker than to read it, and seldom true of any bytes.
pub(super) fn may_begin(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at + KIND_AT)
        .is_some_and(|kind| KINDS.contains(kind))
}

/// What stands before a message's body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) crc: u32,
    pub(super) kind: Kind,
    pub(super) len: u64,
    /// Number of the segment that it was written to.
    pub(super) number: u64,
    pub(super) pid: u64,
    /// Length of the header itself.
    pub(super) bytes: usize,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        let crc = fields.u32()?;
        let kind = match fields.u8()? {
            1 | 3 => Kind::Nothing,
            2 => Kind::Cap,
            4 => Kind::Free,
            5 => Kind::Counter,
            6 => Kind::Meta,
            8 => Kind::Node,
            10 => Kind::Link,
            7 | 9 | 11 => Kind::Blob,
            _ => return None,
        };
        Some(Self {
            crc,
            kind,
            len: fields.varint()?,
            number: fields.varint()?,
            pid: fields.varint()?,
            bytes: fields.at(),
        })
    }

    /// Where the message that begins with this header at `at` ends, if that is within `segment`.
    pub(super) fn end(&self, segment: &[u8], at: usize) -> Option<usize> {
        let len = usize::try_from(self.len).ok()?;
        let end = at.checked_add(self.bytes)?.checked_add(len)?;
        (end <= segment.len()).then_some(end)
    }

    /// Whether the checksum fits `message`, which begins with this header.
    pub(super) fn is_sound(&self, message: &[u8]) -> bool {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&message[self.bytes..]);
        hasher.update(&message[4..self.bytes]);
        hasher.finalize() ^ u32::MAX == self.crc
    }
}

/// A message whose checksum fits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    /// Where it begins in the file.
    pub(crate) offset: u64,
    /// Where it begins in the log.
    pub(crate) lsn: u64,
    pub(crate) kind: Kind,
    pub(crate) pid: u64,
    /// Length with its header.
    pub(crate) len: usize,
}
