//! The file as it is on the disk, while the store writes it.

use super::segment::{Header, Segment};
use super::{LOG_FILE, content};
use crate::limits::SEGMENT_BYTES;
use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::path::Path;

/// Reads a segment at a time, past what the system keeps of it in memory.
pub(crate) struct Disk {
    file: File,
    next: u64,
}

impl Disk {
    pub(crate) fn open(volume: &Path) -> io::Result<Self> {
        let file = File::open(volume.join(LOG_FILE))?;
        Ok(Self { file, next: 0 })
    }

    /// Shows `visit` every value in the next segment that can be read, and answers how many bytes
    /// were; nothing at the end of the file.
    ///
    /// What the store writes just now may be missing; it is in the next reading.
    pub(crate) fn next(&mut self, mut visit: impl FnMut(&[u8])) -> io::Result<Option<u64>> {
        let len = self.file.metadata()?.len();
        let offset = self.next;
        if offset >= len {
            return Ok(None);
        }
        self.next += SEGMENT_BYTES as u64;
        self.forget(offset)?;
        if let Header::Sound { lsn, .. } = Header::read(&self.file, offset, len)? {
            for message in &Segment::read(&self.file, offset, lsn, true)?.messages {
                let content = content(&self.file, message.offset)?;
                if content.is_sound {
                    content.values().for_each(&mut visit);
                }
            }
        }
        self.forget(offset)?;
        Ok(Some((len - offset).min(SEGMENT_BYTES as u64)))
    }

    /// Lets the system drop what it has in memory, so that the disk is asked, and so that others
    /// keep the memory.
    fn forget(&self, offset: u64) -> io::Result<()> {
        let len = NonZeroU64::new(SEGMENT_BYTES as u64);
        Ok(fadvise(&self.file, offset, len, Advice::DontNeed)?)
    }
}
