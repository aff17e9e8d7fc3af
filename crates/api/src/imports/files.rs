//! The files of imports, in a folder of the data directory that only its own user may read.
//!
//! They are named by digests and numbers: what customers call their files may name people.

use super::manifest::{ImportState, Manifest};
use crate::limits::{IMPORTS_KEPT_MAX, IMPORTS_KEPT_SECONDS};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use touchbook_events::Timestamp;

const FOLDER: &str = "imports";
const MANIFEST: &str = "json";
const UPLOAD: &str = "csv";
const ERRORS: &str = "errors";
/// What is not whole yet; a start removes it.
const PART: &str = "part";
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

pub(super) struct Files {
    folder: PathBuf,
    next: AtomicU64,
}

impl Files {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join(FOLDER),
            next: AtomicU64::new(1),
        }
    }

    /// Every manifest that can be read; removes what is half written.
    pub(super) fn manifests(&self) -> Vec<Manifest> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let mut manifests = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()) {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(PART) => remove(&path),
                Some(MANIFEST) => manifests.extend(read(&path)),
                _ => {}
            }
        }
        manifests
    }

    pub(super) fn upload(&self, id: &str) -> PathBuf {
        self.named(id, UPLOAD)
    }

    pub(super) fn errors(&self, id: &str) -> PathBuf {
        self.named(id, ERRORS)
    }

    /// A new file with a name of its own, to be renamed once it is whole.
    pub(super) fn part(&self) -> io::Result<(PathBuf, File)> {
        let mut folder = fs::DirBuilder::new();
        folder
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(&self.folder)?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.named(&number.to_string(), PART);
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE);
        options.open(&path).map(|file| (path, file))
    }

    pub(super) fn save(&self, manifest: &Manifest) -> io::Result<()> {
        let (path, mut file) = self.part()?;
        file.write_all(&serde_json::to_vec(manifest)?)?;
        file.sync_all()?;
        fs::rename(path, self.named(&manifest.id, MANIFEST))
    }

    /// Removes the file that was imported.
    pub(super) fn drop_upload(&self, id: &str) {
        remove(&self.upload(id));
    }

    pub(super) fn drop_errors(&self, id: &str) {
        remove(&self.errors(id));
    }

    /// Those of `all` that are kept no longer, with their files.
    pub(super) fn prune(&self, mut all: Vec<Manifest>, now: Timestamp) -> Vec<String> {
        all.retain(|known| !matches!(known.state, ImportState::Running | ImportState::Undoing));
        all.sort_by_key(|known| std::cmp::Reverse(known.started_at));
        let oldest = now.plus_seconds(-IMPORTS_KEPT_SECONDS);
        let goes =
            |(at, known): &(usize, Manifest)| *at >= IMPORTS_KEPT_MAX || known.started_at < oldest;
        let gone = all.into_iter().enumerate().filter(goes);
        let gone = gone.map(|(_, known)| {
            for extension in [MANIFEST, UPLOAD, ERRORS] {
                remove(&self.named(&known.id, extension));
            }
            known.id
        });
        gone.collect()
    }

    fn named(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }
}

/// What a start can't read is of no use to a later one.
fn read(path: &Path) -> Option<Manifest> {
    let bytes = fs::read(path).ok()?;
    match serde_json::from_slice(&bytes) {
        Ok(manifest) => Some(manifest),
        Err(error) => {
            tracing::warn!(%error, "what is known of an import can't be read, and is dropped");
            remove(path);
            None
        }
    }
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "a file of an import can't be removed");
        }
        _ => {}
    }
}
