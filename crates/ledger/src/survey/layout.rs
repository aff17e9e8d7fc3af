//! Which bytes of a volume's log are what, and what was written last, for tests that damage each
//! kind or kill whoever writes.

use super::entries::Entries;
use super::pages;
use crate::error::Error;
use crate::log::{Log, Pages, Snapshot, Value};
use crate::mark::{self, Mark};
use crate::wire::PREFIX_BYTES;
use crate::{block, frame, volume};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Version, digest, and what names the commit.
const FRAME_HEADER_BYTES: u64 = PREFIX_BYTES as u64 + 12;
const SEGMENT_HEADER_BYTES: u64 = 20;
/// Checksum, kind, length, segment, page.
const MESSAGE_HEADER_BYTES: u64 = 9;

/// A piece of the file `db`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub what: &'static str,
    pub offset: u64,
    pub len: u64,
}

/// The pieces of the ledger below `data_dir`, in the order of the file.
pub fn layout(data_dir: &Path) -> Result<Vec<Extent>, Error> {
    let path = volume::path(data_dir);
    lay_out(&path).map_err(|source| Error::Examine { path, source })
}

fn lay_out(volume: &Path) -> io::Result<Vec<Extent>> {
    let mut pages = Pages::default();
    let log = Log::read(volume, 0)?;
    for message in log.messages() {
        pages.apply(message);
    }
    let stable = Snapshot::newest(volume)?.ok().flatten();
    let stable = stable.map_or(0, |snapshot| snapshot.stable);
    let entries = Entries::collect(&log, &pages)?;
    let live: Vec<u64> = pages
        .present()
        .filter_map(|pid| pages.places(pid))
        .flat_map(|(base, links)| {
            links
                .iter()
                .chain([&base])
                .map(|at| at.offset)
                .collect::<Vec<_>>()
        })
        .collect();
    let mut pieces = Pieces::default();
    for segment in log.segments.values() {
        pieces.add("segment header", segment.offset, SEGMENT_HEADER_BYTES);
    }
    for message in log.messages() {
        let is_live = live.contains(&message.offset);
        let header = match (is_live, message.lsn < stable) {
            (false, _) => "dead message",
            (true, false) => "message header",
            (true, true) => "snapshotted message header",
        };
        let len = message.len as u64;
        pieces.add(header, message.offset, MESSAGE_HEADER_BYTES.min(len));
        let body = if is_live { "page" } else { "dead message" };
        let rest = len.saturating_sub(MESSAGE_HEADER_BYTES);
        pieces.add(body, message.offset + MESSAGE_HEADER_BYTES, rest);
    }
    pieces.values(&entries);
    Ok(pieces.finish())
}

/// The newest commit of which anything is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Whether it sealed records into blocks.
    pub seals: bool,
    /// The last position of any tenant in it.
    pub last: u64,
}

/// What the ledger below `data_dir`, which nobody may have open, was given last.
pub fn newest(data_dir: &Path) -> Result<Newest, Error> {
    let path = volume::path(data_dir);
    find_newest(&path).map_err(|source| Error::Examine { path, source })
}

fn find_newest(volume: &Path) -> io::Result<Newest> {
    let (log, pages) = pages(volume)?;
    let entries = Entries::collect(&log, &pages)?;
    let mut marks = Vec::with_capacity(entries.marks.len());
    for (tenant, value) in &entries.marks {
        let bytes = log.bytes(value.offset, value.len)?;
        marks.extend(Mark::decode(&mark::key(*tenant), &bytes).map(|(_, mark)| mark));
    }
    let framed = entries.frames.keys().map(|(commit, _)| *commit);
    let commits = framed.chain(marks.iter().map(|mark| mark.commit));
    let commit = commits.max().unwrap_or_default();
    marks.retain(|mark| mark.commit == commit);
    let mut last = marks
        .iter()
        .map(|mark| mark.sealed_to)
        .max()
        .unwrap_or_default();
    for value in entries.frames.range((commit, 0)..).map(|(_, value)| value) {
        let claims = frame::claims(&log.bytes(value.offset, value.len)?).into_iter();
        last = claims.map(|(_, _, to)| to).fold(last, u64::max);
    }
    Ok(Newest {
        seals: !marks.is_empty(),
        last,
    })
}

/// Where each piece begins; a later one cuts an earlier one short.
#[derive(Default)]
struct Pieces(BTreeMap<u64, (&'static str, u64)>);

impl Pieces {
    fn add(&mut self, what: &'static str, offset: u64, len: u64) {
        if len == 0 {
            return;
        }
        let end = offset + len;
        let around = self.0.range(..=offset).next_back();
        if let Some((from, (outer, outer_end))) = around.map(|(from, piece)| (*from, *piece)) {
            if outer_end > offset {
                self.0.insert(from, (outer, offset));
            }
            if outer_end > end {
                self.0.insert(end, (outer, outer_end));
            }
        }
        self.0.insert(offset, (what, end));
    }

    fn values(&mut self, entries: &Entries) {
        for value in entries.blocks.values() {
            self.split(
                value,
                "block header",
                "block body",
                block::HEAD_BYTES as u64,
            );
        }
        for value in entries.frames.values() {
            self.split(value, "frame header", "frame body", FRAME_HEADER_BYTES);
        }
        for value in entries.chunks.values() {
            self.add("chunk", value.offset, value.len as u64);
        }
        for value in entries.marks.values() {
            self.add("mark", value.offset, value.len as u64);
        }
    }

    fn split(&mut self, value: &Value, head: &'static str, body: &'static str, at: u64) {
        let len = value.len as u64;
        self.add(head, value.offset, at.min(len));
        self.add(body, value.offset + at, len.saturating_sub(at));
    }

    fn finish(self) -> Vec<Extent> {
        let pieces = self.0.into_iter();
        let extents = pieces.map(|(offset, (what, end))| Extent {
            what,
            offset,
            len: end - offset,
        });
        extents.filter(|extent| extent.len > 0).collect()
    }
}
