//! The files of imports, in a folder of the data directory that only its own user may read.
//!
//! They are named by digests and numbers: what customers call their files may name people.

use super::manifest::{ImportState, Manifest};
use crate::limits::{IMPORTS_KEPT_MAX, IMPORTS_KEPT_SECONDS};
use std::collections::HashMap;
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
/// What became of rows, while a file is worked on.
const JOURNAL: &str = "rows";
/// What became of rows whenever the file came before.
const PAST: &str = "past";
/// What is not whole yet; a start removes it.
const PART: &str = "part";
/// What the id of a dry run ends with.
const DRY: &str = "-dry";
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

pub(super) struct Files {
    folder: PathBuf,
    next: AtomicU64,
}

/// A file that is not whole yet, and goes unless it is kept.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    folder: PathBuf,
}

impl Part {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it its name; once this is done, it outlives a power cut.
    pub(super) fn keep_as(self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, path)?;
        sync(&self.folder)
    }
}

impl Drop for Part {
    /// What was kept has another name by now.
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// The id of a dry run of what an import's events would begin with.
pub(super) fn dry_id(prefix: &str) -> String {
    format!("{prefix}{DRY}")
}

impl Files {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join(FOLDER),
            next: AtomicU64::new(1),
        }
    }

    /// Every manifest that can be read; removes what is half written, and what belongs to none.
    pub(super) fn manifests(&self) -> Vec<Manifest> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        let manifests: Vec<Manifest> = with(&paths, MANIFEST)
            .filter_map(|path| read(path))
            .collect();
        let known: HashMap<&str, ImportState> = manifests
            .iter()
            .map(|known| (known.id.as_str(), known.state))
            .collect();
        for path in &paths {
            let state = stem(path).and_then(|id| known.get(id));
            let is_kept = match extension(path) {
                PART => false,
                UPLOAD => {
                    state.is_some_and(|state| state.is_unfinished()) || self.has_manifest(path)
                }
                ERRORS => state.is_some() || self.has_manifest(path),
                JOURNAL => state.is_some() || !stem(path).unwrap_or_default().ends_with(DRY),
                _ => true,
            };
            if !is_kept {
                remove(path);
            }
        }
        manifests
    }

    /// Whether there is one that could not be read this time.
    fn has_manifest(&self, path: &Path) -> bool {
        let manifest = path.with_extension(MANIFEST);
        manifest.is_file() && read(&manifest).is_none()
    }

    pub(super) fn upload(&self, id: &str) -> PathBuf {
        self.named(id, UPLOAD)
    }

    pub(super) fn errors(&self, id: &str) -> PathBuf {
        self.named(id, ERRORS)
    }

    pub(super) fn journal(&self, id: &str) -> PathBuf {
        self.named(id, JOURNAL)
    }

    /// Of all sendings of one file, up to its being undone.
    pub(super) fn past(&self, prefix: &str) -> PathBuf {
        self.named(prefix, PAST)
    }

    /// A new file with a name of its own, to be renamed once it is whole.
    pub(super) fn part(&self) -> io::Result<Part> {
        let mut folder = fs::DirBuilder::new();
        folder
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(&self.folder)?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.named(&number.to_string(), PART);
        let file = create(&path)?;
        Ok(Part {
            path,
            file,
            folder: self.folder.clone(),
        })
    }

    /// A journal that has nothing yet.
    pub(super) fn create_journal(&self, id: &str) -> io::Result<File> {
        let file = create(&self.journal(id))?;
        file.sync_all()?;
        sync(&self.folder)?;
        Ok(file)
    }

    pub(super) fn save(&self, manifest: &Manifest) -> io::Result<()> {
        let mut part = self.part()?;
        part.file().write_all(&serde_json::to_vec(manifest)?)?;
        part.keep_as(&self.named(&manifest.id, MANIFEST))
    }

    /// Removes the file that was imported.
    pub(super) fn drop_upload(&self, id: &str) {
        remove(&self.upload(id));
    }

    pub(super) fn drop_errors(&self, id: &str) {
        remove(&self.errors(id));
    }

    pub(super) fn drop_journal(&self, id: &str) {
        remove(&self.journal(id));
    }

    /// Forgets what became of rows.
    pub(super) fn drop_fates(&self, prefix: &str) {
        self.drop_journal(prefix);
        remove(&self.past(prefix));
    }

    /// Those of `all` of one tenant that are kept no longer, with their files. What became of
    /// their rows stays.
    pub(super) fn prune(&self, mut all: Vec<Manifest>, now: Timestamp) -> Vec<String> {
        all.retain(|known| !known.state.is_unfinished());
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

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE_MODE);
    options.open(path)
}

/// Makes the names in a folder outlive a power cut.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn with<'a>(paths: &'a [PathBuf], sought: &'a str) -> impl Iterator<Item = &'a PathBuf> {
    paths.iter().filter(move |path| extension(path) == sought)
}

fn extension(path: &Path) -> &str {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.unwrap_or_default()
}

fn stem(path: &Path) -> Option<&str> {
    path.file_stem().and_then(|stem| stem.to_str())
}

/// What a start can't understand is of no use to a later one.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Customer files are personal data.
    #[test]
    fn a_start_leaves_no_file_that_nobody_will_import() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::new(dir.path());
        files.part().unwrap().keep_as(&files.upload("1-0")).unwrap();
        let folder = dir.path().join(FOLDER);
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        write("2-0.errors", "nobody's");
        write("3-0-dry.rows", "nobody's");
        write("4-0.json", "no manifest");
        write("4-0.csv", "its file");
        write("5.part", "half a file");
        write("6-0.past", "what became of rows");
        write("7-0.rows", "what became of rows");
        assert!(files.manifests().is_empty());
        let left = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut left: Vec<_> = left.map(|name| name.into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["6-0.past", "7-0.rows"]);
    }

    #[test]
    fn a_file_that_is_not_kept_goes() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::new(dir.path());
        drop(files.part().unwrap());
        let kept = dir.path().join(FOLDER).join("kept");
        files.part().unwrap().keep_as(&kept).unwrap();
        let left = fs::read_dir(dir.path().join(FOLDER)).unwrap();
        assert_eq!((left.count(), kept.is_file()), (1, true));
    }
}
