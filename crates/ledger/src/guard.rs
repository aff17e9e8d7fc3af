//! What must be true of a volume before the store may open it.
//!
//! Everything here reads, and nothing writes: a directory that is refused is as it was. What is
//! refused is what the store would lose without a word, or destroy: see [`crate::log`].

use crate::error::Error;
use crate::frame;
use crate::limits::SEGMENT_BYTES;
use crate::log::{Body, End, Log, Pages, SEGMENT, Snapshot};
use crate::witness;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// Pages that the tail may have; it is bounded, so more means that pointers go astray.
const TAIL_PAGES_MAX: usize = 1 << 20;

/// sled keeps the roots of its trees in this page.
pub(crate) const ROOTS_PAGE: u64 = 0;

/// Damage of a file, and where it begins if that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{} {what}", at(*.offset))]
pub struct FileDamage {
    /// Its name in the volume.
    pub file: String,
    pub offset: Option<u64>,
    pub what: &'static str,
}

fn at(offset: Option<u64>) -> String {
    offset.map_or_else(String::new, |offset| format!(" at byte {offset}"))
}

impl FileDamage {
    pub(crate) fn of_log(offset: Option<u64>, what: &'static str) -> Self {
        let file = crate::log::LOG_FILE.to_owned();
        Self { file, offset, what }
    }

    pub(crate) fn of(path: &Path, what: &'static str) -> Self {
        let file = path.file_name().unwrap_or_default();
        let file = file.to_string_lossy().into_owned();
        let offset = None;
        Self { file, offset, what }
    }
}

/// Refuses a volume that the store must not open.
pub(crate) fn check(volume: &Path) -> Result<(), Error> {
    let examined = |source| Error::Examine {
        path: volume.to_owned(),
        source,
    };
    match examine(volume).map_err(examined)? {
        None => Ok(()),
        Some(damage) => Err(Error::DamagedStore {
            path: volume.to_owned(),
            damage,
        }),
    }
}

/// The first damage that the store would not survive, or would hide.
pub(crate) fn examine(volume: &Path) -> io::Result<Option<FileDamage>> {
    if let Some(damage) = conf(volume)? {
        return Ok(Some(damage));
    }
    let (stable, pages) = match Snapshot::newest(volume)? {
        Ok(None) => (0, Pages::default()),
        Ok(Some(snapshot)) => (snapshot.stable, snapshot.pages),
        Err(path) => return Ok(Some(damaged_snapshot(&path))),
    };
    match Log::read(volume, stable) {
        Ok(log) => judge(&log, stable, pages, witness::last(volume)?.commit),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn damaged_snapshot(path: &Path) -> FileDamage {
    FileDamage::of(path, "does not have the checksum that it ends with")
}

/// The store trusts its settings even where their checksum is wrong.
fn conf(volume: &Path) -> io::Result<Option<FileDamage>> {
    let path = volume.join("conf");
    match fs::read(&path) {
        // sled writes one that it did not finish again.
        Ok(bytes) if bytes.len() <= 8 || bytes == conf_bytes() => Ok(None),
        Ok(_) => Ok(Some(FileDamage::of(
            &path,
            "does not hold the settings of every ledger",
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What sled writes into `conf`.
pub(crate) fn conf_bytes() -> Vec<u8> {
    let settings =
        format!("segment_size: {SEGMENT_BYTES}\nuse_compression: false\nversion: 0.34\n");
    let crc = crc32fast::hash(settings.as_bytes()).to_le_bytes();
    [settings.as_bytes(), &crc].concat()
}

fn judge(log: &Log, stable: u64, mut pages: Pages, noted: u64) -> io::Result<Option<FileDamage>> {
    let end = log.end();
    if end.lsn < stable {
        let what = "can not be read, though it once was";
        return Ok(Some(FileDamage::of_log(end.offset, what)));
    }
    if let Some(offset) = unread_before(log, &end) {
        let what = "can not be read, and newer parts of the log can";
        return Ok(Some(FileDamage::of_log(Some(offset), what)));
    }
    let read = log.as_the_store_reads(&end);
    for message in read.filter(|message| message.lsn >= stable) {
        pages.apply(message);
    }
    if pages.has_unknown() {
        let what = "lacks pages that others need";
        return Ok(Some(FileDamage::of_log(None, what)));
    }
    let last = match last_commit(log, &pages)? {
        Ok(last) => last,
        Err(offset) => {
            let what = "can not be read, and is in use";
            return Ok(Some(FileDamage::of_log(Some(offset), what)));
        }
    };
    // A commit begins only when the one before it is acknowledged.
    let acknowledged = noted.max(newest_commit_after(log, &end)?.saturating_sub(1));
    if acknowledged > last {
        let what = "can not be read, and acknowledged commits are behind it";
        return Ok(Some(FileDamage::of_log(end.offset, what)));
    }
    Ok(None)
}

/// The first thing that the store would skip and go on: it takes damage in the middle for what a
/// crash leaves in a segment that was about to be used again.
fn unread_before(log: &Log, end: &End) -> Option<u64> {
    let skipped = log.segments.values().filter(|segment| {
        segment.lsn < end.lsn && !segment.is_being_reused && segment.lsn + SEGMENT <= end.lsn
    });
    skipped
        .filter(|segment| !segment.has_header || !segment.gaps.is_empty() || !segment.is_complete())
        .map(|segment| match segment.has_header {
            true => segment.offset + segment.readable_to() as u64,
            false => segment.offset,
        })
        .next()
}

/// The last commit that the store would show; or a place that it could not read.
fn last_commit(log: &Log, pages: &Pages) -> io::Result<Result<u64, u64>> {
    let roots = match read(log, pages, ROOTS_PAGE)? {
        Ok(Some((Body::Roots(roots), _))) => roots,
        Ok(_) => return Ok(Ok(0)),
        Err(offset) => return Ok(Err(offset)),
    };
    let mut rest: Vec<u64> = roots.get(b"tail".as_slice()).copied().into_iter().collect();
    let mut seen = BTreeSet::new();
    let mut last = 0;
    while let Some(pid) = rest.pop() {
        if !seen.insert(pid) || seen.len() > TAIL_PAGES_MAX {
            continue;
        }
        match read(log, pages, pid)? {
            Ok(Some((Body::Node(node), commit))) => {
                last = last.max(commit);
                rest.extend(node.children.iter().chain(&node.next));
                rest.extend(node.merging_child);
            }
            Ok(_) => {}
            Err(offset) => return Ok(Err(offset)),
        }
    }
    Ok(Ok(last))
}

/// A page without its links, and the newest commit in it and them; or a place that can't be read.
type Page = Result<Option<(Body, u64)>, u64>;

fn read(log: &Log, pages: &Pages, pid: u64) -> io::Result<Page> {
    let Some((base, links)) = pages.places(pid) else {
        return Ok(Ok(None));
    };
    let content = log.content(base.offset)?;
    if !content.is_sound {
        return Ok(Err(base.offset));
    }
    let mut commit = content.values().filter_map(frame::commit_of).max();
    for link in links {
        let content = log.content(link.offset)?;
        if !content.is_sound {
            return Ok(Err(link.offset));
        }
        commit = commit.max(content.values().filter_map(frame::commit_of).max());
    }
    Ok(Ok(Some((content.body, commit.unwrap_or(0)))))
}

/// The newest commit of which anything stands behind what the store reads.
fn newest_commit_after(log: &Log, end: &End) -> io::Result<u64> {
    let mut newest = 0;
    for message in log.messages().filter(|message| message.lsn >= end.lsn) {
        let content = log.content(message.offset)?;
        let commit = content.values().filter_map(frame::commit_of).max();
        newest = newest.max(commit.unwrap_or(0));
    }
    Ok(newest)
}
