//! Segments: equal pieces of the file, each with a header and messages.

use super::message::{Header as MessageHeader, Kind, Message};
use super::{SEGMENT, Spot, fields::Fields, read_up_to};
use crate::limits::SEGMENT_BYTES;
use std::fs::File;
use std::io;
use std::ops::Range;

pub(super) const HEADER_BYTES: usize = 20;

/// sled begins no message where less than this is left.
const RED_ZONE: usize = 32;

/// Bytes of which checksums are taken in search of the next message: half a second. What a segment
/// held before may be whatever producers sent, such as headers that claim megabytes each.
const SEARCH_BYTES_MAX: usize = 256 * SEGMENT_BYTES;

/// Numbers are stored so that zeros are none.
const MASK: u64 = i64::MAX as u64;

pub(super) enum Header {
    Sound { lsn: u64, stable: u64 },
    Unused,
    Damaged,
}

impl Header {
    pub(super) fn read(file: &File, offset: u64, file_len: u64) -> io::Result<Self> {
        // The store may have made the file shorter since its length was asked.
        if file_len.saturating_sub(offset) < HEADER_BYTES as u64 {
            return Ok(Self::Unused);
        }
        let mut bytes = [0; HEADER_BYTES];
        read_up_to(file, &mut bytes, offset)?;
        Ok(Self::parse(&bytes))
    }

    fn parse(bytes: &[u8; HEADER_BYTES]) -> Self {
        if bytes.iter().all(|byte| *byte == 0) {
            return Self::Unused;
        }
        let mut fields = Fields::new(bytes);
        let numbers = (fields.u32(), fields.u64(), fields.u64());
        let (Some(crc), Some(lsn), Some(stable)) = numbers else {
            return Self::Damaged;
        };
        let (lsn, stable) = (lsn ^ MASK, stable ^ MASK);
        if crc32fast::hash(&bytes[4..]) != crc ^ u32::MAX || lsn % SEGMENT != 0 || lsn > MASK {
            return Self::Damaged;
        }
        // Minus one, when nothing was stable yet, is beyond the mask.
        let stable = if stable > MASK { 0 } else { stable };
        Self::Sound { lsn, stable }
    }
}

/// Bytes that are no message, where one was expected and more follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Where in the file it begins.
    pub(crate) offset: u64,
    pub(crate) len: usize,
}

/// One segment, read as far as there is anything to be read.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) offset: u64,
    pub(crate) lsn: u64,
    pub(crate) has_header: bool,
    pub(crate) messages: Vec<Message>,
    pub(crate) gaps: Vec<Gap>,
    /// Messages in gaps, whose bodies can't be read and whose headers can.
    pub(crate) damaged: Vec<Message>,
    /// Whether messages of a later use stand in it: it was about to be written anew.
    pub(crate) is_being_reused: bool,
    /// Where the last message ends.
    end: usize,
    is_capped: bool,
}

impl Segment {
    /// The segment whose bytes these are.
    pub(super) fn of(bytes: &[u8], lsn: u64, spot: Spot) -> Self {
        let mut segment = Self {
            offset: spot.offset,
            lsn,
            has_header: spot.has_header,
            messages: Vec::new(),
            gaps: Vec::new(),
            damaged: Vec::new(),
            is_being_reused: false,
            end: HEADER_BYTES,
            is_capped: false,
        };
        segment.scan(bytes);
        segment
    }

    fn scan(&mut self, bytes: &[u8]) {
        while !self.is_complete() {
            if let Some(message) = self.message(bytes, self.end) {
                self.push(message);
                continue;
            }
            let Some(next) = self.next_message(bytes) else {
                return;
            };
            self.gaps.push(Gap {
                offset: self.offset + self.end as u64,
                len: next - self.end,
            });
            let damaged = self.legible(bytes, next);
            self.damaged.extend(damaged.into_iter().flatten());
            self.end = next;
        }
    }

    fn push(&mut self, message: Message) {
        self.end += message.len;
        self.is_capped = message.kind == Kind::Cap;
        self.messages.push(message);
    }

    fn number(&self) -> u64 {
        self.lsn / SEGMENT
    }

    fn message(&self, bytes: &[u8], at: usize) -> Option<Message> {
        let (header, end) = sound(bytes, at, |number| number == self.number())?;
        Some(self.located(&header, at..end))
    }

    fn located(&self, header: &MessageHeader, range: Range<usize>) -> Message {
        Message {
            offset: self.offset + range.start as u64,
            lsn: self.lsn + range.start as u64,
            kind: header.kind,
            pid: header.pid,
            len: range.len(),
        }
    }

    /// The messages in the gap that ends at `to`, if their headers lead exactly from one to the
    /// next and to there: else a length is not what it was, and what follows it is no header.
    fn legible(&self, bytes: &[u8], to: usize) -> Option<Vec<Message>> {
        let mut messages = Vec::new();
        let mut at = self.end;
        while at < to {
            let (header, end) = delimited(bytes, at, |number| number == self.number())?;
            messages.push(self.located(&header, at..end));
            at = end;
        }
        (at == to).then_some(messages)
    }

    /// Where messages go on after what can't be read. Notes whether any is of a later use.
    fn next_message(&mut self, bytes: &[u8]) -> Option<usize> {
        let own = self.number();
        let mut budget = SEARCH_BYTES_MAX;
        // Zeros are not worth searching.
        let used = bytes.iter().rposition(|byte| *byte != 0)?;
        for at in self.end + 1..=used {
            if !MessageHeader::may_begin(&bytes[at..]) {
                continue;
            }
            let Some((header, end)) = delimited(bytes, at, |number| number >= own) else {
                continue;
            };
            budget = budget.checked_sub(end - at)?;
            if header.is_sound(&bytes[at..end]) {
                if header.number == own {
                    return Some(at);
                }
                self.is_being_reused = true;
            }
        }
        None
    }

    /// Whether the log goes on in the next segment.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_capped || self.end + RED_ZONE > SEGMENT_BYTES
    }

    /// How far sled reads it.
    pub(crate) fn readable_to(&self) -> usize {
        let gap = self.gaps.first().map(|gap| gap.offset - self.offset);
        gap.map_or(self.end, |gap| gap as usize)
    }

    /// The bytes of the file that hold no message that can be read, though messages stood there.
    pub(crate) fn unread(&self) -> impl Iterator<Item = Range<u64>> {
        let gaps = self
            .gaps
            .iter()
            .map(|gap| gap.offset..gap.offset + gap.len as u64);
        let rest = self.offset + self.end as u64..self.offset + SEGMENT;
        gaps.chain((!self.is_complete()).then_some(rest))
    }

    /// The messages that sled reads.
    pub(super) fn readable(&self) -> impl Iterator<Item = &Message> {
        let to = self.offset + self.readable_to() as u64;
        self.messages
            .iter()
            .take_while(move |message| message.offset < to)
    }
}

/// The header and the end of what stands at `at`, if it may be a message with an acceptable segment
/// number.
fn delimited(
    bytes: &[u8],
    at: usize,
    accepts: impl Fn(u64) -> bool,
) -> Option<(MessageHeader, usize)> {
    let header = MessageHeader::parse(bytes.get(at..)?)?;
    let end = header.end(bytes, at).filter(|_| accepts(header.number))?;
    Some((header, end))
}

/// The same, if it has the right checksum.
fn sound(bytes: &[u8], at: usize, accepts: impl Fn(u64) -> bool) -> Option<(MessageHeader, usize)> {
    let (header, end) = delimited(bytes, at, accepts)?;
    header.is_sound(&bytes[at..end]).then_some((header, end))
}

/// What the file has of the segment at `offset`.
pub(super) fn bytes(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; SEGMENT_BYTES];
    let len = read_up_to(file, &mut bytes, offset)?;
    bytes.truncate(len);
    Ok(bytes)
}

/// The number of the segment at `offset` by the first message in it.
pub(super) fn number_within(file: &File, offset: u64) -> io::Result<Option<u64>> {
    let first = sound(&bytes(file, offset)?, HEADER_BYTES, |_| true);
    Ok(first.map(|(header, _)| header.number))
}
