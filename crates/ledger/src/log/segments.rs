//! Where the segments are in the file.

use super::SEGMENT;
use super::segment::{self, Header};
use crate::limits::SEGMENT_BYTES;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

/// A segment's place in the file, and whether its header can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) offset: u64,
    pub(crate) has_header: bool,
}

/// The segments from some point of the log on.
pub(super) struct Segments {
    /// By their place in the log.
    pub(super) spots: BTreeMap<u64, Spot>,
    /// How far the log was stable when the newest header was written.
    pub(super) stable: u64,
}

impl Segments {
    /// Reads the headers. A segment that the store begins meanwhile may be missing.
    pub(super) fn read(file: &File, from: u64) -> io::Result<Self> {
        let len = file.metadata()?.len();
        let mut segments = Self {
            spots: BTreeMap::new(),
            stable: from,
        };
        let mut headless = Vec::new();
        for offset in (0..len).step_by(SEGMENT_BYTES) {
            match Header::read(file, offset, len)? {
                Header::Sound { lsn, stable } if lsn >= from => {
                    segments.stable = segments.stable.max(stable);
                    let has_header = true;
                    segments.spots.insert(lsn, Spot { offset, has_header });
                }
                Header::Damaged => headless.push(offset),
                Header::Sound { .. } | Header::Unused => {}
            }
        }
        for offset in headless {
            segments.add_headless(file, offset, from)?;
        }
        Ok(segments)
    }

    /// A segment whose header can't be read is known by its messages.
    fn add_headless(&mut self, file: &File, offset: u64, from: u64) -> io::Result<()> {
        let Some(number) = segment::number_within(file, offset)? else {
            return Ok(());
        };
        let lsn = number.saturating_mul(SEGMENT);
        if lsn >= from {
            let has_header = false;
            let spot = Spot { offset, has_header };
            self.spots.entry(lsn).or_insert(spot);
        }
        Ok(())
    }
}
