//! The owner of a volume.

use crate::error::{Error, StoreError};
use crate::limits::DEFAULT_CACHE_BYTES;
use crate::open::{self, OpenReport};
use crate::reader::Reader;
use crate::record::{Checkpoint, PeekFn};
use crate::run::Run;
use crate::survey::Rescue;
use crate::tenant::Tenant;
use crate::volume::{self, Disk, Store};
use crate::witness::{Note, Witness};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use touchbook_events::TenantNumber;

#[derive(Clone, Debug)]
pub struct Options {
    /// Memory for sled's leaves.
    pub cache_bytes: u64,
    /// Open although blocks are damaged, to examine or rescue. Nothing can be appended then, since
    /// no duplicate of a damaged record would be noticed.
    pub read_damaged: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: DEFAULT_CACHE_BYTES,
            read_damaged: false,
        }
    }
}

/// What readers and the writer share. Where it is not said, locks are never held during IO.
pub(crate) struct Shared {
    pub(crate) path: PathBuf,
    pub(crate) cache_bytes: u64,
    pub(crate) store: Store,
    pub(crate) peek: PeekFn,
    pub(crate) tenants: RwLock<BTreeMap<TenantNumber, Arc<RwLock<Tenant>>>>,
    pub(crate) checkpoint: RwLock<Option<Checkpoint>>,
    pub(crate) last_commit: AtomicU64,
    pub(crate) witness: Mutex<Witness>,
    /// Whether a commit failed.
    pub(crate) failed: Arc<AtomicBool>,
    /// Of what the store no longer reads after that. Its lock is held while the log is read.
    pub(crate) rescue: Mutex<Option<Rescue>>,
    pub(crate) frames: AtomicU64,
    pub(crate) frame_bytes: AtomicU64,
}

impl Shared {
    pub(crate) fn tenant(&self, number: TenantNumber) -> Option<Arc<RwLock<Tenant>>> {
        read(&self.tenants).get(&number).cloned()
    }
}

impl Shared {
    /// Notes how much is durable, so that a start can tell if some of it is missing.
    pub(crate) fn note_durable(&self) -> Result<(), Error> {
        // The commit first: what follows it in between only adds records.
        let commit = self.last_commit.load(Ordering::Acquire);
        let records = read(&self.tenants)
            .values()
            .map(|tenant| read(tenant).head.position)
            .sum();
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = witness.note(Note { commit, records });
        noted.map_err(|source| Error::Witness { source })
    }

    /// A block that the store does not read since a commit failed, if it is whole in the log,
    /// which is read once: a store that failed to write leaves it alone. Before that, what can't be
    /// read is damaged.
    pub(crate) fn rescue(&self, tenant: TenantNumber, first: u64) -> Option<Run> {
        if !self.failed.load(Ordering::Acquire) {
            return None;
        }
        let mut rescue = self.rescue.lock().unwrap_or_else(PoisonError::into_inner);
        if rescue.is_none() {
            *rescue = Rescue::read(&self.path).ok();
        }
        rescue.as_ref()?.load(tenant, first).ok()
    }
}

/// A panic while a lock was held can't have left half a change: changes are published whole.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// A frame in the tail, and what must be in blocks before it may go.
pub(crate) struct FrameEntry {
    pub(crate) commit: u64,
    pub(crate) parts: u16,
    pub(crate) bytes: usize,
    /// Last position of every tenant with records in it.
    pub(crate) lasts: Vec<(TenantNumber, u64)>,
}

/// The frames in the tail, oldest first.
#[derive(Default)]
pub(crate) struct Frames {
    pub(crate) entries: VecDeque<FrameEntry>,
    pub(crate) bytes: usize,
}

impl Frames {
    pub(crate) fn push(&mut self, entry: FrameEntry) {
        self.bytes += entry.bytes;
        self.entries.push_back(entry);
    }

    pub(crate) fn pop(&mut self) -> Option<FrameEntry> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.bytes;
        Some(entry)
    }
}

/// The ledger of all tenants of a node: the only one who writes it.
pub struct Ledger {
    pub(crate) shared: Arc<Shared>,
    pub(crate) disk: Disk,
    pub(crate) frames: Frames,
    pub(crate) last_commit: u64,
    pub(crate) read_only: bool,
}

impl Ledger {
    /// Opens the ledger below `data_dir`, or creates it, and builds the indexes.
    pub fn open(
        data_dir: &Path,
        options: &Options,
        peek: PeekFn,
    ) -> Result<(Self, OpenReport), Error> {
        open::open(data_dir, options, peek).map_err(Error::or_other_version)
    }

    /// A reader for other threads, while this one writes.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }

    /// Closes the ledger so that the next start is quick: sled writes its snapshot only while it
    /// opens. All readers must be gone.
    pub fn close(self) -> Result<(), Error> {
        let Self { shared, disk, .. } = self;
        disk.check()?;
        let cache = DEFAULT_CACHE_BYTES;
        shared.store.db.flush().map_err(|source| Error::Close {
            source: StoreError(source),
        })?;
        let readers = Arc::strong_count(&shared) - 1;
        if readers > 0 {
            return Err(Error::StillRead { readers });
        }
        shared.note_durable()?;
        let path = shared.path.clone();
        drop((disk, shared));
        // What rotted since the start was in memory until now; the store would destroy it.
        volume::let_store_in_again(&path)?;
        Store::open(&path, cache).map(drop)
    }

    pub(crate) fn count_frames(&self) {
        self.shared
            .last_commit
            .store(self.last_commit, Ordering::Release);
        self.shared
            .frames
            .store(self.frames.entries.len() as u64, Ordering::Relaxed);
        self.shared
            .frame_bytes
            .store(self.frames.bytes as u64, Ordering::Relaxed);
    }
}
