//! sled's snapshot: where every page was when the store was last opened.

use super::fields::{Fields, put_varint};
use super::pages::{Page, Pages, Place};
use std::fs::{self, File};
use std::io::{self, Write};
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

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
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

impl Snapshot {
    /// Writes it as the store does, so that it reads its log from here on. What is before this in
    /// the log must be durable, and `stable` the beginning of a segment.
    pub(crate) fn write(&self, volume: &Path) -> io::Result<()> {
        let name = format!("{PREFIX}{:016X}", self.stable);
        let unfinished = volume.join(format!("{name}.generating"));
        let mut file = File::create(&unfinished)?;
        file.write_all(&self.encode())?;
        file.sync_all()?;
        fs::rename(unfinished, volume.join(name))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = (self.stable + 1).to_le_bytes().to_vec();
        // No segment is being written.
        put_varint(&mut out, 0);
        for page in self.pages.iter() {
            put_page(&mut out, page);
        }
        let (len, crc) = (out.len() as u64, crc32fast::hash(&out));
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }
}

fn put_page(out: &mut Vec<u8>, page: &Page) {
    match page {
        // Whoever asks for a snapshot has looked that there is none.
        Page::Unknown => {}
        Page::Free(place) => {
            out.push(0);
            put_pointer(out, *place);
        }
        Page::Present { base, links } => {
            out.push(links.len() as u8 + 1);
            for place in [base].into_iter().chain(links) {
                put_pointer(out, *place);
                put_varint(out, place.len);
            }
        }
    }
}

fn put_pointer(out: &mut Vec<u8>, place: Place) {
    out.extend_from_slice(&place.lsn.to_le_bytes());
    out.push(0);
    put_varint(out, place.offset);
}

fn page(fields: &mut Fields<'_>) -> Option<Page> {
    match fields.u8()? {
        0 => {
            let lsn = fields.u64()?;
            let offset = pointer(fields)?;
            let len = 0;
            Some(Page::Free(Place { lsn, offset, len }))
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
    let len = fields.varint()?;
    Some(Place { lsn, offset, len })
}

fn pointer(fields: &mut Fields<'_>) -> Option<u64> {
    let is_blob = fields.u8()? != 0;
    let offset = fields.varint()?;
    if is_blob {
        fields.u64()?;
    }
    Some(offset)
}
