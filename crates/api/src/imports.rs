//! Customer files on their way into the ledger (document 000).
//!
//! A file is kept in the data directory until all of its rows are decided, beside a [`Manifest`]
//! that says how far it is; a start goes on where the last one ended. Rows become events whose ids
//! say file, row and change, so that a row which comes again is a duplicate and changes nothing.
//! What an import did can be found in the ledger by its correlation alone, and undone.

mod begin;
mod check;
mod error_file;
mod fates;
mod files;
mod frames;
mod journal;
mod manifest;
mod past;
mod people;
mod reading;
mod rows;
mod run;
mod seen;
mod sending;
mod tally;
#[cfg(test)]
mod turns;
mod undo;
mod upload;
mod work;

pub(crate) use begin::{begin, cancel, check_idle, resume};
pub(crate) use manifest::{Counts, ImportState, Manifest, Options, Undone};
pub(crate) use undo::begin as begin_undo;
pub(crate) use upload::receive;

use crate::limits::UPLOADS_MAX;
use files::Files;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// Every import that is known, and where its files are.
pub(crate) struct Imports {
    files: Files,
    known: Mutex<BTreeMap<String, Arc<Import>>>,
    uploads: Arc<Semaphore>,
    /// Lets tests write between the steps of an undoing.
    #[cfg(test)]
    pub(crate) turns: turns::Turns,
    /// Tenants of whom a file arrives.
    receiving: Mutex<BTreeSet<String>>,
}

/// One import: what is known of it, changed by its job alone.
pub(crate) struct Import(Mutex<Manifest>);

impl Import {
    pub(crate) fn manifest(&self) -> Manifest {
        self.lock().clone()
    }

    /// Changes it, and does what nobody may see without that.
    fn change<R>(&self, change: impl FnOnce(&mut Manifest) -> R) -> R {
        change(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Manifest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Imports {
    /// Finds what an earlier process left in the data directory.
    pub(crate) fn open(data_dir: &Path) -> Self {
        let files = Files::new(data_dir);
        let known = files.manifests().into_iter().map(|mut known| {
            known.has_errors = files.errors(&known.id).is_file();
            known
        });
        let known = known.map(|known| (known.id.clone(), Arc::new(Import(Mutex::new(known)))));
        Self {
            known: Mutex::new(known.collect()),
            files,
            uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
            #[cfg(test)]
            turns: turns::Turns::default(),
            receiving: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, tenant: &str, id: &str) -> Option<Arc<Import>> {
        let import = self.lock().get(id).cloned()?;
        let is_theirs = import.lock().tenant == tenant;
        is_theirs.then_some(import)
    }

    /// Those of a tenant, the newest first.
    pub(crate) fn list(&self, tenant: &str) -> Vec<Manifest> {
        let mut list = self.which(|manifest| manifest.tenant == tenant);
        list.sort_by(|one, other| (other.started_at, &other.id).cmp(&(one.started_at, &one.id)));
        list
    }

    /// Those of all tenants that something is to be done for, the oldest first.
    fn unfinished(&self) -> Vec<Manifest> {
        let mut unfinished = self.which(|manifest| manifest.state.is_unfinished());
        unfinished.sort_by_key(|manifest| manifest.started_at);
        unfinished
    }

    fn which(&self, is_sought: impl Fn(&Manifest) -> bool) -> Vec<Manifest> {
        let known = self.lock();
        let known = known.values().map(|import| import.lock());
        known
            .filter(|manifest| is_sought(manifest))
            .map(|manifest| manifest.clone())
            .collect()
    }

    /// Where the rows that failed are, if there are any and the import has ended.
    pub(crate) fn error_file(&self, manifest: &Manifest) -> Option<PathBuf> {
        let path = self.files.errors(&manifest.id);
        manifest.has_errors.then_some(path)
    }

    /// Takes in an import, in the place of an earlier one of the same file.
    fn add(&self, manifest: Manifest) -> Arc<Import> {
        let id = manifest.id.clone();
        let import = Arc::new(Import(Mutex::new(manifest)));
        self.lock().insert(id, Arc::clone(&import));
        import
    }

    /// Writes down how far an import is. What can't be written is told to the log: a start then
    /// goes back further than it had to. A file that is imported no more goes.
    fn save(&self, manifest: &Manifest) {
        if let Err(error) = self.files.save(manifest) {
            tracing::warn!(%error, import = manifest.id, "how far an import is could not be saved");
            return;
        }
        if !manifest.state.is_unfinished() {
            self.files.drop_upload(&manifest.id);
        }
        if manifest.state == ImportState::Undone {
            self.files.drop_fates(&manifest.prefix);
        }
    }

    fn receiving(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.receiving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Import>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
