//! The mark of a volume whose file may not hold what the system shows of it.
//!
//! After a failed sync Linux keeps what could not be written in memory, marked as if it were. The
//! next process would read there what is on no disk, and its own sync would have nothing to write.

use rustix::fs::{Advice, fadvise};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const NAME: &str = "unsynced";

/// A file beside the log that is there from a failure until a start has read past the memory. A
/// power cut may take it away, and what was in memory with it.
pub(crate) struct Doubt(PathBuf);

impl Doubt {
    pub(super) fn of(volume: &Path) -> Self {
        Self(volume.join(NAME))
    }

    /// What the disk fails at may fail here too; then the next start knows no more than it can.
    pub(super) fn begin(&self) {
        let _: io::Result<File> = File::create(&self.0);
    }

    /// Lets the system forget what it has of the log, where there was a failure.
    pub(super) fn dispel(&self, log: &File) -> io::Result<()> {
        if !self.0.try_exists()? {
            return Ok(());
        }
        // What is only in memory, and known to be, is written first.
        log.sync_data()?;
        Ok(fadvise(log, 0, None, Advice::DontNeed)?)
    }

    pub(super) fn end(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_from_a_failure_to_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let log = File::create(dir.path().join("db")).unwrap();
        let doubt = Doubt::of(dir.path());
        doubt.dispel(&log).unwrap();
        doubt.end().unwrap();
        doubt.begin();
        assert!(dir.path().join(NAME).try_exists().unwrap());
        Doubt::of(dir.path()).dispel(&log).unwrap();
        doubt.end().unwrap();
        assert!(!dir.path().join(NAME).try_exists().unwrap());
    }
}
