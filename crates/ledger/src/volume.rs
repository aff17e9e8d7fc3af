//! The volume directory and the store in it.

mod doubt;
mod size;

use crate::cache::Cache;
use crate::error::{Error, StoreError};
use crate::guard;
use crate::limits::{FLUSH_EVERY_MILLIS, SEGMENT_BYTES};
use crate::log::LOG_FILE;
use crate::witness::Witness;
use doubt::Doubt;
pub(crate) use size::disk_bytes;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The first volume; a full one will be left alone and the next begun.
const VOLUME: &str = "ledger/0001";

/// How often, and how far apart, it is looked whether sled has let go of its log.
const CLOSING_LOOKS: usize = 1_000;
const CLOSING_PAUSE: Duration = Duration::from_millis(5);

/// How often it is looked before a volume counts as in use: a ledger that this process dropped just
/// now may not have let go of it yet.
const OPENING_LOOKS: usize = 20;

/// Where the volume of a data directory is.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(VOLUME)
}

/// An open store: sled's trees, and the descriptor that makes them durable.
pub(crate) struct Volume {
    pub(crate) path: PathBuf,
    pub(crate) cache_bytes: u64,
    pub(crate) witness: Witness,
    pub(crate) store: Store,
    pub(crate) disk: Disk,
}

/// sled's trees. What is read from them may not be durable yet: readers ask the tenants first.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) db: sled::Db,
    pub(crate) tail: sled::Tree,
    pub(crate) blocks: sled::Tree,
    pub(crate) chunks: sled::Tree,
    pub(crate) marks: sled::Tree,
    pub(crate) cache: Arc<Cache>,
}

impl Volume {
    /// Opens the volume below `data_dir`, or creates it so that a power cut can't take it away.
    pub(crate) fn open(data_dir: &Path, cache_bytes: u64) -> Result<Self, Error> {
        let path = path(data_dir);
        let prepared = |source| Error::Prepare {
            path: path.clone(),
            source,
        };
        if !path.join(LOG_FILE).try_exists().map_err(prepared)? {
            // Before anything is created in it.
            guard::check(&path)?;
            fs::create_dir_all(&path).map_err(prepared)?;
        }
        let descriptor = open_descriptor(&path).map_err(prepared)?;
        take_lock(&path, &descriptor, OPENING_LOOKS)?;
        let doubt = Doubt::of(&path);
        doubt.dispel(&descriptor).map_err(prepared)?;
        let ready =
            let_store_in(&path).and_then(|()| write_settings(&path, &descriptor).map_err(prepared));
        descriptor.unlock().map_err(prepared)?;
        ready?;
        let store = Store::open(&path, cache_bytes)?;
        let witness = Witness::open(&path).map_err(prepared)?;
        let mut disk = Disk::new(store.db.clone(), descriptor, doubt);
        disk.make_durable()?;
        disk.doubt.end().map_err(prepared)?;
        sync_names(&path).map_err(prepared)?;
        Ok(Self {
            path,
            cache_bytes,
            witness,
            store,
            disk,
        })
    }
}

impl Store {
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self, Error> {
        let config = sled::Config::new()
            .path(path)
            .segment_size(SEGMENT_BYTES)
            .flush_every_ms(Some(FLUSH_EVERY_MILLIS))
            .cache_capacity(cache_bytes);
        let opened = |error| classify(path, error);
        make_readable_durable(path).map_err(|error| opened(sled::Error::Io(error)))?;
        // It panics where it finds what it thought impossible.
        let db = catch_unwind(AssertUnwindSafe(|| config.open()));
        let db = db.map_err(|_| Error::StorePanicked {
            path: path.to_owned(),
        })?;
        let db = db.map_err(opened)?;
        // By now it has given its snapshot a name, and erased what nothing in that needs. The
        // sooner the snapshot from before can't come back, the better.
        sync_folder(path).map_err(|error| opened(sled::Error::Io(error)))?;
        let tree = |name: &str| db.open_tree(name).map_err(opened);
        let (tail, blocks) = (tree("tail")?, tree("blocks")?);
        let (chunks, marks) = (tree("chunks")?, tree("marks")?);
        Ok(Self {
            db,
            tail,
            blocks,
            chunks,
            marks,
            cache: Arc::default(),
        })
    }
}

fn classify(path: &Path, error: sled::Error) -> Error {
    let locked = matches!(&error, sled::Error::Io(io) if io.to_string().contains("acquire lock"));
    let (path, source) = (path.to_owned(), StoreError(error));
    if locked {
        Error::InUse { path, source }
    } else {
        Error::Open { path, source }
    }
}

/// Refuses a volume that the store must not open, and prepares one that it may.
pub(crate) fn let_store_in(path: &Path) -> Result<(), Error> {
    let prepared = |source| Error::Prepare {
        path: path.to_owned(),
        source,
    };
    let shortcut = guard::check(path)?;
    remove_unfinished_snapshots(path).map_err(prepared)?;
    if let Some(snapshot) = shortcut {
        make_readable_durable(path).map_err(prepared)?;
        snapshot.write(path).map_err(prepared)?;
    }
    Ok(())
}

/// The same of a log that was closed just now, once none of sled's own threads has it open any
/// more. Whoever else would open it waits meanwhile.
pub(crate) fn let_store_in_again(path: &Path) -> Result<(), Error> {
    let log = File::open(path.join(LOG_FILE)).map_err(|source| Error::Prepare {
        path: path.to_owned(),
        source,
    })?;
    take_lock(path, &log, CLOSING_LOOKS)?;
    // The lock goes with the descriptor.
    let_store_in(path)
}

fn in_use(path: &Path) -> Error {
    let error = io::Error::from(TryLockError::WouldBlock);
    Error::InUse {
        path: path.to_owned(),
        source: StoreError(sled::Error::Io(error)),
    }
}

/// Takes the lock that sled takes. Whoever has it writes in the log: there is nothing to be
/// examined then, nor to be opened.
fn take_lock(path: &Path, log: &File, looks: usize) -> Result<(), Error> {
    lock(log, looks).map_err(|error| match error {
        TryLockError::WouldBlock => in_use(path),
        TryLockError::Error(source) => Error::Prepare {
            path: path.to_owned(),
            source,
        },
    })
}

/// Takes it once nobody has it.
fn lock(log: &File, looks: usize) -> Result<(), TryLockError> {
    for _ in 1..looks {
        match log.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(CLOSING_PAUSE),
            answer => return answer,
        }
    }
    log.try_lock()
}

/// A snapshot that sled had not finished writing would keep it from ever opening again.
fn remove_unfinished_snapshots(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// sled writes snapshots of what it reads. After a process was killed that may not be on the disk
/// yet, and a snapshot of what a power cut then takes away would keep it from opening.
fn make_readable_durable(path: &Path) -> io::Result<()> {
    match File::open(path.join(LOG_FILE)) {
        Ok(log) => log.sync_data(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Waits until nobody has the log open any more: some of sled's own threads do for a moment after
/// it was dropped.
#[cfg(test)]
pub(crate) fn wait_until_closed(path: &Path) {
    let log = File::open(path.join(LOG_FILE)).unwrap();
    take_lock(path, &log, CLOSING_LOOKS).unwrap();
}

/// Writes sled's settings before anything is in its log: it would write them in two steps and sync
/// neither, and a power cut between them would leave a volume that can't be opened.
fn write_settings(path: &Path, log: &File) -> io::Result<()> {
    if log.metadata()?.len() > 0 {
        return Ok(());
    }
    let beside = path.join("conf.new");
    let mut file = File::create(&beside)?;
    file.write_all(&guard::conf_bytes())?;
    file.sync_data()?;
    fs::rename(&beside, path.join("conf"))?;
    sync_folder(path)
}

/// Makes the names in a folder survive a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Opened before anything is written, so that no write error is reported to another descriptor.
fn open_descriptor(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path.join(LOG_FILE))
}

/// Makes the files and every directory that leads to them survive a power cut.
fn sync_names(path: &Path) -> io::Result<()> {
    File::open(path.join("conf"))?.sync_all()?;
    File::open(path.join(LOG_FILE))?.sync_all()?;
    let path = path.canonicalize()?;
    let device = fs::metadata(&path)?.dev();
    for directory in path.ancestors() {
        // Any of them may have been made just now, or by a start that did not get as far as this;
        // but not where another file system begins, nor where we may not look.
        match File::open(directory) {
            Ok(directory) if directory.metadata()?.dev() == device => directory.sync_all()?,
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
            Ok(_) | Err(_) => break,
        }
    }
    Ok(())
}

/// The one way to durability, and the memory that it failed.
pub(crate) struct Disk {
    db: sled::Db,
    descriptor: File,
    doubt: Doubt,
    /// For those who read, too.
    pub(crate) failed: Arc<AtomicBool>,
    /// Whether a sync has begun and not ended; left so by a panic.
    is_unfinished: bool,
    #[cfg(test)]
    pub(crate) fail_next_sync: bool,
}

impl Disk {
    fn new(db: sled::Db, descriptor: File, doubt: Doubt) -> Self {
        Self {
            db,
            descriptor,
            doubt,
            failed: Arc::default(),
            is_unfinished: false,
            #[cfg(test)]
            fail_next_sync: false,
        }
    }

    /// After a failed sync nobody knows what is on the disk, and the kernel reports it only once.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.is_unfinished || self.failed.load(Ordering::Acquire) {
            Err(Error::Poisoned)
        } else {
            Ok(())
        }
    }

    /// Runs the writes of one commit; a failure is the last thing this disk ever does.
    pub(crate) fn write(&mut self, writes: impl FnOnce() -> sled::Result<()>) -> Result<(), Error> {
        self.check()?;
        writes().map_err(|error| {
            self.fail();
            Error::Write {
                source: StoreError(error),
            }
        })
    }

    /// First sled's buffers to the file, then the file to the disk.
    pub(crate) fn make_durable(&mut self) -> Result<(), Error> {
        self.check()?;
        self.is_unfinished = true;
        let flushed = self.db.flush().map_err(|error| Error::Write {
            source: StoreError(error),
        });
        let durable = flushed.and_then(|_| self.sync().map_err(|source| Error::Sync { source }));
        self.is_unfinished = false;
        durable.inspect_err(|_| self.fail())
    }

    fn fail(&mut self) {
        self.failed.store(true, Ordering::Release);
        self.doubt.begin();
    }

    fn sync(&mut self) -> io::Result<()> {
        #[cfg(test)]
        if std::mem::take(&mut self.fail_next_sync) {
            return Err(io::Error::other("injected"));
        }
        self.descriptor.sync_data()
    }
}
