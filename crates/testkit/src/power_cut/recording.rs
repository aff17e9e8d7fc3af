//! What was recorded, in order.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The first bytes of every line of the log; `recorder.c` has the same.
const MAGIC: u32 = 0x5442_5243;
const HEAD_BYTES: usize = 40;
const KIND_OF_NOTE: u32 = 100;
const KIND_OF_ROOT: u32 = 101;

/// One operation on the recorded folder. Paths are relative to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `data` is where the bytes stand in the log.
    Write {
        path: PathBuf,
        at: u64,
        data: Range<usize>,
    },
    Truncate {
        path: PathBuf,
        len: u64,
    },
    /// What was done to the file or folder before this is durable once the sync of the same `id`
    /// has ended.
    SyncBegin {
        path: PathBuf,
        id: u64,
        /// `fdatasync`, not `fsync`.
        of_data: bool,
    },
    SyncEnd {
        id: u64,
    },
    Create {
        path: PathBuf,
        /// Who may read and write the file: permission bits.
        mode: u32,
    },
    MakeFolder {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    /// Bytes of an HTTP answer left on a connection.
    Answer {
        connection: u64,
        data: Range<usize>,
    },
    /// The test wrote this.
    Note {
        text: String,
    },
}

/// The operations of one or more processes, one after the other.
pub struct Recording {
    pub operations: Vec<Operation>,
    bytes: Vec<u8>,
}

struct Head {
    kind: u32,
    path_bytes: usize,
    other_bytes: usize,
    data_bytes: usize,
    at: u64,
    id: u64,
}

impl Recording {
    pub fn read(log: &Path) -> io::Result<Self> {
        let bytes = fs::read(log)?;
        let senseless =
            |from| io::Error::other(format!("the recording makes no sense at byte {from}"));
        let (root, mut from) = root_of(&bytes).ok_or_else(|| senseless(0))?;
        let mut operations = Vec::new();
        while from < bytes.len() {
            let (operation, next) =
                operation(&bytes, from, &root).ok_or_else(|| senseless(from))?;
            operations.push(operation);
            from = next;
        }
        Ok(Self { operations, bytes })
    }

    /// Writes the log that was read.
    pub fn save(&self, log: &Path) -> io::Result<()> {
        fs::write(log, &self.bytes)
    }

    /// The bytes of a write or an answer.
    pub fn data(&self, range: &Range<usize>) -> &[u8] {
        &self.bytes[range.clone()]
    }
}

/// The first line names the folder that all paths lie below.
fn root_of(bytes: &[u8]) -> Option<(PathBuf, usize)> {
    let head = Head::read(bytes)?;
    let end = HEAD_BYTES + head.data_bytes;
    let root = std::str::from_utf8(bytes.get(HEAD_BYTES..end)?).ok()?;
    (head.kind == KIND_OF_ROOT).then(|| (PathBuf::from(root), end))
}

fn operation(bytes: &[u8], from: usize, root: &Path) -> Option<(Operation, usize)> {
    let head = Head::read(bytes.get(from..)?)?;
    let path_at = from + HEAD_BYTES;
    let other_at = path_at + head.path_bytes;
    let data_at = other_at + head.other_bytes;
    let data = data_at..data_at + head.data_bytes;
    bytes.get(data.clone())?;
    let text = |range: Range<usize>| std::str::from_utf8(bytes.get(range)?).ok();
    let below = |range| Some(Path::new(text(range)?).strip_prefix(root).ok()?.to_owned());
    let path = || below(path_at..other_at);
    let other = || below(other_at..data_at);
    let (at, id, next) = (head.at, head.id, data.end);
    let operation = match head.kind {
        1 => Operation::Write {
            path: path()?,
            at,
            data,
        },
        2 => Operation::Truncate {
            path: path()?,
            len: at,
        },
        3 => Operation::SyncBegin {
            path: path()?,
            id,
            of_data: at == 1,
        },
        4 => Operation::SyncEnd { id },
        5 => Operation::Create {
            path: path()?,
            mode: u32::try_from(at).ok()?,
        },
        6 => Operation::MakeFolder { path: path()? },
        7 => Operation::Rename {
            from: path()?,
            to: other()?,
        },
        8 | 9 => Operation::Remove { path: path()? },
        10 => Operation::Link {
            from: path()?,
            to: other()?,
        },
        11 => Operation::Answer {
            connection: id,
            data,
        },
        KIND_OF_NOTE => Operation::Note {
            text: text(data)?.to_owned(),
        },
        _ => return None,
    };
    Some((operation, next))
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (words, bytes) = bytes.split_first_chunk::<16>()?;
        let (longs, _) = bytes.split_first_chunk::<24>()?;
        let word = |at: usize| Some(u32::from_ne_bytes(*words[at..].first_chunk()?));
        let long = |at: usize| Some(u64::from_ne_bytes(*longs[at..].first_chunk()?));
        if word(0)? != MAGIC {
            return None;
        }
        Some(Self {
            kind: word(4)?,
            path_bytes: word(8)? as usize,
            other_bytes: word(12)? as usize,
            data_bytes: usize::try_from(long(0)?).ok()?,
            at: long(8)?,
            id: long(16)?,
        })
    }
}

/// A line of the log that holds a note.
pub(super) fn note(text: &str) -> Vec<u8> {
    line(KIND_OF_NOTE, text)
}

/// The first line of the log.
pub(super) fn root(root: &str) -> Vec<u8> {
    line(KIND_OF_ROOT, root)
}

fn line(kind: u32, text: &str) -> Vec<u8> {
    let mut line = Vec::with_capacity(HEAD_BYTES + text.len());
    for word in [MAGIC, kind, 0, 0] {
        line.extend_from_slice(&word.to_ne_bytes());
    }
    for long in [text.len() as u64, 0, 0] {
        line.extend_from_slice(&long.to_ne_bytes());
    }
    line.extend_from_slice(text.as_bytes());
    line
}
