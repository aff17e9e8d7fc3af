//! sled's snapshot: where every page was when the store was last opened.

use super::fields::Fields;
use super::pages::{Page, Pages, Place};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Names of snapshots begin so.
const PREFIX: &str = "snap.";
/// Length of what was written and its checksum, at the end.
const TRAILER_BYTES: usize = 12;

pub(crate) struct Snapshot {
    /// Everything before this is in it.
    pub(crate) stable: u64,
    pub(crate) pages: Pages,
}

impl Snapshot {
    /// The newest one; nothing where there is none, its path where it can't be read.
    pub(crate) fn newest(volume: &Path) -> io::Result<Result<Option<Self>, PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(volume)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(PREFIX) && !name.ends_with(".generating") {
                paths.push(path);
            }
        }
        let Some(path) = paths.into_iter().max() else {
            return Ok(Ok(None));
        };
        let bytes = fs::read(&path)?;
        Ok(Self::parse(&bytes).map(Some).ok_or(path))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let len = bytes.len().checked_sub(TRAILER_BYTES)?;
        let crc = bytes.get(len + 8..)?.try_into().ok()?;
        let bytes = &bytes[..len];
        if crc32fast::hash(bytes) != u32::from_le_bytes(crc) {
            return None;
        }
        let mut fields = Fields::new(bytes);
        // One more than it is; zero is none.
        let stable = fields.u64()?.checked_sub(1)?;
        let _active_segment = fields.varint()?;
        let mut pages = Pages::default();
        while !fields.is_empty() {
            pages.push(page(&mut fields)?);
        }
        Some(Self { stable, pages })
    }
}

fn page(fields: &mut Fields<'_>) -> Option<Page> {
    match fields.u8()? {
        0 => {
            let lsn = fields.u64()?;
            let offset = pointer(fields)?;
            Some(Page::Free(Place { lsn, offset }))
        }
        count => {
            let base = place(fields)?;
            let links = (1..count).map(|_| place(fields)).collect::<Option<_>>()?;
            Some(Page::Present { base, links })
        }
    }
}

fn place(fields: &mut Fields<'_>) -> Option<Place> {
    let lsn = fields.u64()?;
    let offset = pointer(fields)?;
    let _size = fields.varint()?;
    Some(Place { lsn, offset })
}

fn pointer(fields: &mut Fields<'_>) -> Option<u64> {
    let is_blob = fields.u8()? != 0;
    let offset = fields.varint()?;
    if is_blob {
        fields.u64()?;
    }
    Some(offset)
}
