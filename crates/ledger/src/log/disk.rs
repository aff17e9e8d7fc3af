//! The file as it is on the disk, while the store writes it.

use super::message::Header as MessageHeader;
use super::segment::{self, Header};
use super::segments::Segments;
use super::{Content, LOG_FILE, Segment, Spot};
use crate::limits::SEGMENT_BYTES;
use rustix::fs::{Advice, fadvise};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::path::Path;

/// Reads segments past what the system keeps of them in memory.
pub(crate) struct Disk {
    file: File,
}

impl Disk {
    pub(crate) fn open(volume: &Path) -> io::Result<Self> {
        let file = File::open(volume.join(LOG_FILE))?;
        Ok(Self { file })
    }

    /// The segments that are there now, by their place in the log.
    pub(crate) fn segments(&self) -> io::Result<BTreeMap<u64, Spot>> {
        Ok(Segments::read(&self.file, 0)?.spots)
    }

    /// Reads the segment with `lsn`; nothing if the store has put another in its place.
    pub(crate) fn read(&self, lsn: u64, spot: Spot) -> io::Result<Option<Image>> {
        self.forget(spot.offset)?;
        let bytes = segment::bytes(&self.file, spot.offset)?;
        // Asked last: what was read before the header changed is of this segment.
        let header = Header::read(&self.file, spot.offset, self.file.metadata()?.len())?;
        self.forget(spot.offset)?;
        let is_same = match header {
            Header::Sound { lsn: found, .. } => spot.has_header && found == lsn,
            Header::Damaged => !spot.has_header,
            Header::Unused => false,
        };
        Ok(is_same.then_some(Image { lsn, spot, bytes }))
    }

    /// Lets the system drop what it has in memory, so that the disk is asked, and so that others
    /// keep the memory.
    fn forget(&self, offset: u64) -> io::Result<()> {
        let len = NonZeroU64::new(SEGMENT_BYTES as u64);
        Ok(fadvise(&self.file, offset, len, Advice::DontNeed)?)
    }
}

/// What a segment held when it was read.
pub(crate) struct Image {
    pub(crate) lsn: u64,
    pub(crate) spot: Spot,
    bytes: Vec<u8>,
}

impl Image {
    /// How many bytes were read.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Its messages.
    pub(crate) fn segment(&self) -> Segment {
        Segment::of(&self.bytes, self.lsn, self.spot)
    }

    /// What the message at `offset` of the file brings, as [`super::Log::content`].
    pub(crate) fn content(&self, offset: u64) -> Content {
        self.parse(offset).unwrap_or_else(Content::unreadable)
    }

    fn parse(&self, offset: u64) -> Option<Content> {
        let at = usize::try_from(offset.checked_sub(self.spot.offset)?).ok()?;
        let header = MessageHeader::parse(self.bytes.get(at..)?)?;
        let end = header.end(&self.bytes, at)?;
        let bytes = self.bytes[at..end].to_vec();
        Some(Content::parse(bytes, &header, offset))
    }
}
