//! How much of a volume's log is needed, for whoever asks whether the store reclaims the rest.

use crate::error::Error;
use crate::log::{Log, Pages, SEGMENT};
use crate::volume;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// The log of a volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Everything that was ever written to it.
    pub written_bytes: u64,
    pub segments: usize,
    /// Segments in which nothing is needed.
    pub free_segments: usize,
}

/// Examines the ledger below `data_dir`; while somebody writes it, what is told is about right.
pub fn space(data_dir: &Path) -> Result<Space, Error> {
    let path = volume::path(data_dir);
    measure(&path).map_err(|source| Error::Examine { path, source })
}

fn measure(volume: &Path) -> io::Result<Space> {
    let log = Log::read(volume, 0)?;
    let mut pages = Pages::default();
    let mut written_bytes = 0;
    for message in log.messages() {
        pages.apply(message);
        written_bytes = message.lsn + message.len as u64;
    }
    let segments = log.file_len()?.div_ceil(SEGMENT) as usize;
    let needed = pages.needed().map(|place| place.offset / SEGMENT);
    let needed: BTreeSet<u64> = needed.collect();
    Ok(Space {
        written_bytes,
        segments,
        free_segments: segments - needed.len().min(segments),
    })
}
