//! The witness: a small file beside the store that says what was acknowledged.
//!
//! A damaged end of the store's log looks like one that a crash tore: sled drops it in silence, and
//! nothing in what is left tells that more was there. So every now and then, after a commit became
//! durable, its number and the number of all records are noted here. A start that finds less
//! refuses. What was acknowledged after the last note can't be told from what a crash tore: how
//! much that may be is up to whoever calls [`crate::Reader::note_durable`], and how often. The file
//! is on the disk that the store is on, so it says nothing when both are lost or both are put back
//! from a copy.

use crate::wire::{self, Cursor, PREFIX_BYTES};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const VERSION: u8 = 1;
const FILE: &str = "witness";

/// Two notes in turn, each in a sector of its own: one is whole whenever the power goes.
const SLOT_BYTES: usize = 512;
const SLOTS: u64 = 2;
const NOTE_BYTES: usize = PREFIX_BYTES + 8 + 8;

/// What was durable when it was noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Note {
    pub(crate) commit: u64,
    /// Of all tenants.
    pub(crate) records: u64,
}

impl Note {
    fn encode(self) -> [u8; SLOT_BYTES] {
        let mut slot = [0; SLOT_BYTES];
        let note = &mut slot[..NOTE_BYTES];
        note[PREFIX_BYTES..PREFIX_BYTES + 8].copy_from_slice(&self.commit.to_le_bytes());
        note[PREFIX_BYTES + 8..].copy_from_slice(&self.records.to_le_bytes());
        wire::close(VERSION, note);
        slot
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let note = slot.get(..NOTE_BYTES)?;
        let mut cursor: Cursor<'_> = wire::open(VERSION, note).ok()?;
        Some(Self {
            commit: cursor.u64().ok()?,
            records: cursor.u64().ok()?,
        })
    }
}

/// The open file.
pub(crate) struct Witness {
    file: File,
    last: Note,
    /// The slot that `last` is not in.
    slot: u64,
}

impl Witness {
    pub(crate) fn open(volume: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(volume.join(FILE))?;
        let (last, slot) = last_of(&file)?;
        let slot = (slot + 1) % SLOTS;
        Ok(Self { file, last, slot })
    }

    /// Notes what is durable, unless that is noted already.
    pub(crate) fn note(&mut self, note: Note) -> io::Result<()> {
        if note <= self.last {
            return Ok(());
        }
        let at = self.slot * SLOT_BYTES as u64;
        self.file.write_all_at(&note.encode(), at)?;
        self.file.sync_data()?;
        self.last = note;
        self.slot = (self.slot + 1) % SLOTS;
        Ok(())
    }
}

/// The last thing noted in a volume; nothing where there is no file, or no whole note in it.
pub(crate) fn last(volume: &Path) -> io::Result<Note> {
    match File::open(volume.join(FILE)) {
        Ok(file) => Ok(last_of(&file)?.0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Note::default()),
        Err(error) => Err(error),
    }
}

/// The last note, and its slot.
fn last_of(file: &File) -> io::Result<(Note, u64)> {
    let mut last = (Note::default(), 0);
    for slot in 0..SLOTS {
        let mut bytes = [0; NOTE_BYTES];
        match file.read_exact_at(&mut bytes, slot * SLOT_BYTES as u64) {
            Ok(()) => last = last.max((Note::decode(&bytes).unwrap_or_default(), slot)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(error),
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(commit: u64) -> Note {
        Note {
            commit,
            records: commit * 10,
        }
    }

    #[test]
    fn the_last_whole_note_counts() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(last(dir.path()).unwrap(), Note::default());
        let mut witness = Witness::open(dir.path()).unwrap();
        for commit in [1, 2, 5, 5, 8] {
            witness.note(note(commit)).unwrap();
            assert_eq!(last(dir.path()).unwrap(), note(commit));
        }
        for slot in 0..SLOTS {
            let mut newest = [0; NOTE_BYTES];
            let at = slot * SLOT_BYTES as u64;
            witness.file.read_exact_at(&mut newest, at).unwrap();
            if Note::decode(&newest) == Some(note(8)) {
                witness.file.write_all_at(&[7], at + 20).unwrap();
            }
        }
        assert_eq!(last(dir.path()).unwrap(), note(5));
    }
}
