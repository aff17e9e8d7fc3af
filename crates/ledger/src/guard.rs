//! What must be true of a volume before the store may open it.
//!
//! Everything here reads, and nothing writes, and it is asked before anything is created or
//! removed: a directory that is refused is as it was. What is refused is what the store would lose
//! without a word, or destroy: see [`crate::log`]. What is found wrong only once the store has
//! opened its log is refused too, but by then the store may have written in it.

mod shortcut;
mod skipped;

use crate::error::Error;
use crate::frame;
use crate::limits::SEGMENT_BYTES;
use crate::log::{Body, Content, End, LOG_FILE, Log, Pages, Snapshot};
use crate::witness::{self, Note};
use shortcut::Shortcut;
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
        let file = LOG_FILE.to_owned();
        Self { file, offset, what }
    }

    pub(crate) fn of(path: &Path, what: &'static str) -> Self {
        let file = path.file_name().unwrap_or_default();
        let file = file.to_string_lossy().into_owned();
        let offset = None;
        Self { file, offset, what }
    }
}

/// Why the store must not open a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Damage(FileDamage),
    OtherVersion(u8),
}

impl Refusal {
    fn of_log(offset: Option<u64>, what: &'static str) -> Self {
        Self::Damage(FileDamage::of_log(offset, what))
    }

    pub(crate) fn damage(self) -> Option<FileDamage> {
        match self {
            Self::Damage(damage) => Some(damage),
            Self::OtherVersion(_) => None,
        }
    }
}

/// Whether the store may open a volume; if so, what would spare it reading most of its log once
/// more, where that is much.
type Verdict = Result<Option<Snapshot>, Refusal>;

/// Refuses a volume that the store must not open.
pub(crate) fn check(volume: &Path) -> Result<Option<Snapshot>, Error> {
    let examined = |source| Error::Examine {
        path: volume.to_owned(),
        source,
    };
    match examine(volume).map_err(examined)? {
        Ok(shortcut) => Ok(shortcut),
        Err(Refusal::OtherVersion(version)) => Err(Error::OtherVersion { version }),
        Err(Refusal::Damage(damage)) => Err(Error::DamagedStore {
            path: volume.to_owned(),
            damage,
        }),
    }
}

/// The first thing that the store would not survive, or would hide.
pub(crate) fn examine(volume: &Path) -> io::Result<Verdict> {
    if !volume.try_exists()? {
        return Ok(Ok(None));
    }
    if let Some(damage) = conf(volume)? {
        return Ok(Err(Refusal::Damage(damage)));
    }
    let (stable, pages) = match Snapshot::newest(volume)? {
        Ok(None) => (0, Pages::default()),
        Ok(Some(snapshot)) => (snapshot.stable, snapshot.pages),
        Err(path) => return Ok(Err(Refusal::Damage(damaged_snapshot(&path)))),
    };
    let noted = witness::last(volume)?;
    match Log::read(volume, stable) {
        Ok(log) => judge(&log, stable, pages, noted),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let missing = stable > 0 || noted.commit > 0;
            Ok(match missing {
                true => Err(Refusal::of_log(None, "is missing")),
                false => Ok(None),
            })
        }
        Err(error) => Err(error),
    }
}

pub(crate) fn damaged_snapshot(path: &Path) -> FileDamage {
    FileDamage::of(path, "does not have the checksum that it ends with")
}

/// The store trusts its settings even where their checksum is wrong. As long as nothing is in the
/// log they are written anew.
fn conf(volume: &Path) -> io::Result<Option<FileDamage>> {
    match fs::metadata(volume.join(LOG_FILE)) {
        Ok(log) if log.len() > 0 => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
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

fn judge(log: &Log, stable: u64, mut pages: Pages, noted: Note) -> io::Result<Verdict> {
    let end = log.end();
    if end.lsn < stable {
        let what = "can not be read, though it once was";
        return Ok(Err(Refusal::of_log(end.offset, what)));
    }
    let mut shortcut = Shortcut::new(log, stable);
    let read = log.as_the_store_reads(&end);
    for message in read.filter(|message| message.lsn >= stable) {
        shortcut.pass(message, &pages);
        pages.apply(message);
    }
    if let Some(offset) = skipped::first(log, &end, &pages, noted)? {
        let what = "can not be read, and newer parts of the log can";
        return Ok(Err(Refusal::of_log(Some(offset), what)));
    }
    if pages.has_unknown() {
        let what = "lacks pages that others need";
        return Ok(Err(Refusal::of_log(None, what)));
    }
    let last = match last_commit(log, &pages)? {
        Ok(last) => last,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // A commit begins only when the one before it is acknowledged.
    let acknowledged = noted
        .commit
        .max(newest_commit_after(log, &end)?.saturating_sub(1));
    if acknowledged > last {
        let what = "can not be read, and acknowledged commits are behind it";
        return Ok(Err(Refusal::of_log(end.offset, what)));
    }
    Ok(Ok(shortcut.finish()))
}

/// The last commit that the store would show; or why it must not be asked.
fn last_commit(log: &Log, pages: &Pages) -> io::Result<Result<u64, Refusal>> {
    let roots = match read(log, pages, ROOTS_PAGE)? {
        Ok(Some((Body::Roots(roots), _))) => roots,
        Ok(_) => return Ok(Ok(0)),
        Err(refusal) => return Ok(Err(refusal)),
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
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Ok(last))
}

/// A page of the tail, and the newest commit that was ever in it.
type Page = Result<Option<(Body, u64)>, Refusal>;

fn read(log: &Log, pages: &Pages, pid: u64) -> io::Result<Page> {
    let Some((base, links)) = pages.places(pid) else {
        return Ok(Ok(None));
    };
    let mut content = log.content(base.offset)?;
    let mut newest = match commit_in(&content, base.offset) {
        Ok(commit) => commit,
        Err(refusal) => return Ok(Err(refusal)),
    };
    for link in links {
        let link_content = log.content(link.offset)?;
        match commit_in(&link_content, link.offset) {
            Ok(commit) => newest = newest.max(commit),
            Err(refusal) => return Ok(Err(refusal)),
        }
        // A child that has gone is no longer its: its page may be of another tree by now.
        if let (Body::Node(node), Body::Link(link)) = (&mut content.body, link_content.body) {
            node.apply(link);
        }
    }
    Ok(Ok(Some((content.body, newest))))
}

/// The newest commit in a message.
fn commit_in(content: &Content, offset: u64) -> Result<u64, Refusal> {
    if !content.is_sound {
        let what = "can not be read, and is in use";
        return Err(Refusal::of_log(Some(offset), what));
    }
    if let Some(version) = content.values().find_map(frame::other_version) {
        return Err(Refusal::OtherVersion(version));
    }
    let commit = content.values().filter_map(frame::commit_of).max();
    Ok(commit.unwrap_or(0))
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
