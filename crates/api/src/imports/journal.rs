//! What became of a file's rows, on disk: a journal of the sending that works on it, and beside it
//! what the sendings before came to.
//!
//! Before events of a batch are sent, the journal has what the ledger won't be able to tell once
//! they are in it: which rows said nothing new, and which failed. What sendings came to is kept
//! for as long as the ledger has the import, since its file may come again at any time: row
//! numbers and what became of them, and nothing of what the rows say.

use super::fates::{Fate, Frame, Run, together};
use super::files::Files;
use super::frames::{Frames, Progress, Runs, Settled, encoded};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::iter::once;

/// Fates as they are kept, one frame for each row.
pub(super) type Kept = Box<dyn Iterator<Item = io::Result<Frame>> + Send>;

/// More rows than a file can have.
pub(super) const ALL_ROWS: u64 = u64::MAX / 2;

/// The journal of a sending.
pub(super) struct Journal {
    file: File,
    is_synced: bool,
}

impl Journal {
    /// Begins anew.
    pub(super) fn create(files: &Files, id: &str) -> io::Result<Self> {
        let file = files.create_journal(id)?;
        let is_synced = true;
        Ok(Self { file, is_synced })
    }

    /// Goes on with what an earlier process left, and answers how far that got.
    pub(super) fn resume(files: &Files, id: &str) -> io::Result<(Self, Progress)> {
        let path = files.journal(id);
        if !path.is_file() {
            return Ok((Self::create(files, id)?, Progress::default()));
        }
        let mut frames = Frames::new(BufReader::new(File::open(&path)?));
        let progress = Progress::of(&mut frames)?;
        let file = OpenOptions::new().append(true).open(&path)?;
        file.set_len(frames.bytes())?;
        file.sync_all()?;
        let is_synced = true;
        Ok((Self { file, is_synced }, progress))
    }

    /// Adds a frame, which outlives this process from now on.
    pub(super) fn append(&mut self, frame: Frame) -> io::Result<()> {
        self.is_synced = false;
        self.file.write_all(&encoded(frame)?)
    }

    /// Makes what it has outlive a power cut, as it must before anything is sent.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if !self.is_synced {
            self.file.sync_data()?;
            self.is_synced = true;
        }
        Ok(())
    }
}

/// What the journal of an import has; `None` where it has none.
pub(super) fn journal(files: &Files, id: &str) -> io::Result<Option<Kept>> {
    let frames = opened(&files.journal(id))?.map(Frames::new);
    Ok(frames.map(|frames| Box::new(Settled::new(frames)) as Kept))
}

/// What the sendings before came to; `None` where that is not kept.
pub(super) fn past(files: &Files, prefix: &str) -> io::Result<Option<Kept>> {
    let path = files.past(prefix);
    let Some(file) = opened(&path)? else {
        return Ok(None);
    };
    let bytes = file.get_ref().metadata()?.len();
    let mut frames = Frames::new(file);
    while frames.next().transpose()?.is_some() {}
    if frames.bytes() != bytes {
        tracing::warn!("what became of an import's rows is damaged");
        let (fate, rows) = (Fate::Unknown, ALL_ROWS);
        return Ok(Some(Box::new(once(Ok(first(Run { fate, rows }))))));
    }
    let frames = opened(&path)?.map(Frames::new);
    Ok(frames.map(|frames| Box::new(frames) as Kept))
}

/// Of a file's first rows.
fn first(run: Run) -> Frame {
    let mut frame = Frame::new(true, 1);
    frame.extend(run);
    frame
}

fn opened(path: &std::path::Path) -> io::Result<Option<BufReader<File>>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(|file| Some(BufReader::new(file))),
    }
}

/// Keeps what the journal has with what the sendings before it came to, and drops the journal.
/// Where that is not kept, `in_ledger` says what the ledger alone knows of them.
pub(super) fn settle(
    files: &Files,
    prefix: &str,
    in_ledger: impl FnOnce() -> io::Result<Option<Run>>,
) -> io::Result<()> {
    let Some(journal) = journal(files, prefix)? else {
        return Ok(());
    };
    let before = match past(files, prefix)? {
        Some(kept) => kept,
        None => Box::new(in_ledger()?.map(|run| Ok(first(run))).into_iter()),
    };
    let mut part = files.part()?;
    let mut runs = Runs::new(BufWriter::new(part.file()));
    together(journal, before, |run| runs.write(run))?;
    runs.finish()?.flush()?;
    part.keep_as(&files.past(prefix))?;
    files.drop_journal(prefix);
    Ok(())
}
