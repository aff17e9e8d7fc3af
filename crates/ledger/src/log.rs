//! The store's own log, read without the store and without changing a byte.
//!
//! sled takes the first message that it can't read for the end of its log: it overwrites what
//! follows, gives segments free that nothing seems to use any more, and says nothing. So whoever
//! opens a damaged directory may destroy what could have been rescued. Here the log is read first,
//! by [`crate::guard`] before every opening and by [`mod@crate::survey`] once something is wrong.
//!
//! The format is that of sled 0.34: segments of equal size, each a header and messages; a message
//! replaces a page, adds a link to one, or frees it; `snap.*` holds where every page was.

mod disk;
mod fields;
pub(crate) mod fuzzing;
mod message;
mod node;
mod pages;
mod segment;
mod segments;
mod snapshot;

pub(crate) use disk::{Disk, Image};
pub(crate) use message::{Kind, Message};
pub(crate) use node::{Body, Content, Link, Node, Value};
pub(crate) use pages::Pages;
pub(crate) use segment::Segment;
pub(crate) use segments::Spot;
pub(crate) use snapshot::Snapshot;

use crate::limits::SEGMENT_BYTES;
use segments::Segments;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

/// The file with the log.
pub(crate) const LOG_FILE: &str = "db";

pub(crate) const SEGMENT: u64 = SEGMENT_BYTES as u64;

/// Threads that read segments at once, each with one in memory.
const READERS_MAX: usize = 4;

/// A disk writes whole ones.
const SECTOR: u64 = 512;

/// What is in the file, from some point of the log on.
pub(crate) struct Log {
    file: File,
    /// By their place in the log.
    pub(crate) segments: BTreeMap<u64, Segment>,
    /// How far the log was stable when the newest header was written.
    stable: u64,
}

impl Log {
    /// Reads all messages from the segment with `lsn` on.
    pub(crate) fn read(volume: &Path, lsn: u64) -> io::Result<Self> {
        let file = File::open(volume.join(LOG_FILE))?;
        let found = Segments::read(&file, lsn / SEGMENT * SEGMENT)?;
        Ok(Self {
            segments: read_segments(&file, found.spots)?,
            file,
            stable: found.stable,
        })
    }

    /// How far it was stable when the newest header was written.
    pub(crate) fn stable(&self) -> u64 {
        self.stable
    }

    /// Where sled stops reading.
    pub(crate) fn end(&self) -> End {
        let mut expected = self.stable / SEGMENT * SEGMENT;
        loop {
            let Some(segment) = self.segments.get(&expected).filter(|one| one.has_header) else {
                let offset = self.segments.get(&expected).map(|one| one.offset);
                return End {
                    lsn: expected,
                    offset,
                };
            };
            // A cap behind something unreadable does not count: of a commit that crosses into the
            // next segment a power cut may leave any part.
            if !segment.is_complete() || !segment.gaps.is_empty() {
                let within = segment.readable_to() as u64;
                return End {
                    lsn: expected + within,
                    offset: Some(segment.offset + within),
                };
            }
            expected += SEGMENT;
        }
    }

    /// The messages that sled reads, in their order.
    pub(crate) fn as_the_store_reads(&self, end: &End) -> impl Iterator<Item = &Message> {
        let segments = self
            .segments
            .values()
            .filter(|segment| segment.has_header && segment.lsn < end.lsn);
        let messages = segments.flat_map(Segment::readable);
        messages.filter(|message| message.lsn < end.lsn)
    }

    /// Every message that can be read.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.segments
            .values()
            .flat_map(|segment| segment.messages.iter())
    }

    /// What the message at `offset` brings. Where its checksum is wrong it is read all the same,
    /// since our values have digests of their own.
    pub(crate) fn content(&self, offset: u64) -> io::Result<Content> {
        content(&self.file, offset)
    }

    /// Whether a sector is all zeros that any of these bytes of the file stand in.
    pub(crate) fn has_erased_sector(&self, range: &Range<u64>) -> io::Result<bool> {
        let from = range.start / SECTOR * SECTOR;
        let len = range.end.next_multiple_of(SECTOR) - from;
        let mut bytes = vec![0; len as usize];
        let read = read_up_to(&self.file, &mut bytes, from)?;
        let mut sectors = bytes[..read].chunks_exact(SECTOR as usize);
        Ok(sectors.any(|sector| sector.iter().all(|byte| *byte == 0)))
    }

    pub(crate) fn file_len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Bytes of the file.
    pub(crate) fn bytes(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }
}

fn content(file: &File, offset: u64) -> io::Result<Content> {
    let to_end = SEGMENT - offset % SEGMENT;
    let mut bytes = vec![0; to_end.min(message::FIRST_READ as u64) as usize];
    let read = read_up_to(file, &mut bytes, offset)?;
    bytes.truncate(read);
    let Some(header) = message::Header::parse(&bytes) else {
        return Ok(Content::unreadable());
    };
    let total = (header.bytes as u64).saturating_add(header.len);
    if total > to_end {
        return Ok(Content::unreadable());
    }
    if total > bytes.len() as u64 {
        bytes.resize(total as usize, 0);
        let read = read_up_to(file, &mut bytes, offset)?;
        bytes.truncate(read);
    }
    bytes.truncate(total as usize);
    Ok(Content::parse(bytes, &header, offset))
}

/// Reads segments by as many threads as there are cores: before a start everything waits for it.
fn read_segments(file: &File, spots: BTreeMap<u64, Spot>) -> io::Result<BTreeMap<u64, Segment>> {
    let spots: Vec<_> = spots.into_iter().collect();
    let readers = thread::available_parallelism().map_or(1, usize::from);
    let share = spots.len().div_ceil(readers.min(READERS_MAX)).max(1);
    thread::scope(|scope| {
        let readers: Vec<_> = spots
            .chunks(share)
            .map(|spots| scope.spawn(move || read_share(file, spots)))
            .collect();
        let mut segments = BTreeMap::new();
        for reader in readers {
            let share = reader.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            segments.extend(share.into_iter().map(|segment| (segment.lsn, segment)));
        }
        Ok(segments)
    })
}

/// One after the other into the same piece of memory: new pages of it cost more than reading.
fn read_share(file: &File, spots: &[(u64, Spot)]) -> io::Result<Vec<Segment>> {
    let mut bytes = vec![0; SEGMENT_BYTES];
    let mut segments = Vec::with_capacity(spots.len());
    for (lsn, spot) in spots {
        let len = read_up_to(file, &mut bytes, spot.offset)?;
        segments.push(Segment::of(&bytes[..len], *lsn, *spot));
    }
    Ok(segments)
}

/// The first place in the log that sled doesn't read, and where in the file that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) lsn: u64,
    pub(crate) offset: Option<u64>,
}

/// Reads until `bytes` is full or the file ends.
fn read_up_to(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
