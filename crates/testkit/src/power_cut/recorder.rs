//! The library that a recorded process is started with, and the log that it writes.

use crate::power_cut::Recording;
use crate::power_cut::recording;
use crate::preload;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const SOURCE: &str = include_str!("recorder.c");

/// Records the processes that are started in its [environment](Self::environment).
pub struct Recorder {
    root: PathBuf,
    library: PathBuf,
    log: PathBuf,
    notes: File,
}

impl Recorder {
    /// Records what happens below `root`, which must exist; keeps its own files in `folder`.
    pub fn new(root: &Path, folder: &Path) -> io::Result<Self> {
        let log = folder.join("log");
        let root = root.canonicalize()?;
        let mut notes = OpenOptions::new().create(true).append(true).open(&log)?;
        notes.write_all(&recording::root(&root.display().to_string()))?;
        Ok(Self {
            root,
            library: preload::compile(folder, "recorder", SOURCE)?,
            log,
            notes,
        })
    }

    /// What a process must find in its environment to be recorded.
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![
            preload::variable("LD_PRELOAD", &self.library),
            preload::variable("POWER_CUT_ROOT", &self.root),
            preload::variable("POWER_CUT_LOG", &self.log),
        ]
    }

    /// Writes a line of the test's own into the log.
    pub fn note(&self, text: &str) -> io::Result<()> {
        (&self.notes).write_all(&recording::note(text))
    }

    /// Lets the recorded process end before its next operation, as SIGKILL would.
    pub fn halt(&self) -> io::Result<()> {
        File::create(self.halt_file()).map(drop)
    }

    /// Lets the next process live.
    pub fn resume(&self) -> io::Result<()> {
        fs::remove_file(self.halt_file())
    }

    fn halt_file(&self) -> PathBuf {
        self.log.with_extension("halt")
    }

    /// What was recorded so far.
    pub fn recording(&self) -> io::Result<Recording> {
        Recording::read(&self.log)
    }

    /// The log, for whoever wants to keep it.
    pub fn log(&self) -> &Path {
        &self.log
    }
}
