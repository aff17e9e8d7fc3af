//! Opening: what the disk has, what of it counts, and everything that is derived from it.
//!
//! A commit counts when its frame and all its blocks are there; only the last one can lack any of
//! them, and then it was never acknowledged and is dropped. A block wins over the tail. Whatever
//! else is missing was acknowledged: the ledger does not open without it.

use crate::block;
use crate::error::{self, Damage, Error, Flaw};
use crate::frame;
use crate::ledger::{Frames, Ledger, Options, Shared};
use crate::mark::{self, Mark};
use crate::oversize;
use crate::record::{Checkpoint, PeekFn};
use crate::replay;
use crate::saved;
use crate::scan::{self, Scanned};
use crate::tail::{self, Tail};
use crate::tenant::Tenant;
use crate::volume::{Store, Volume};
use crate::witness;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};
use touchbook_events::TenantNumber;

/// What was found when the ledger was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    pub tenants: usize,
    pub records: u64,
    /// Those of which the indexes were read from where they had been saved.
    pub saved_records: u64,
    pub blocks: usize,
    pub frames: usize,
    /// The commit that a crash interrupted before it was acknowledged.
    pub dropped_commit: Option<u64>,
    /// What it had written.
    pub dropped: Vec<Dropped>,
    /// Damaged blocks, one position of each; empty unless [`Options::read_damaged`].
    pub damage: Vec<Damage>,
}

/// Positions that were never acknowledged and will be given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    pub tenant: TenantNumber,
    pub from: u64,
    pub to: u64,
}

pub(crate) type Tenants = BTreeMap<TenantNumber, Tenant>;

pub(crate) fn open(
    data_dir: &Path,
    options: &Options,
    peek: PeekFn,
) -> Result<(Ledger, OpenReport), Error> {
    let mut volume = Volume::open(data_dir, options.cache_bytes)?;
    let store = &volume.store;
    let tail = tail::read(store)?;
    let saved = match options.read_damaged {
        true => Tenants::new(),
        false => {
            saved::load(&volume.path, store, tail.last_commit).map_err(|source| Error::Examine {
                path: volume.path.clone(),
                source,
            })?
        }
    };
    let saved_records = saved.values().map(|tenant| tenant.head.position).sum();
    let scanned = scan::blocks(store, &tail, peek, options.read_damaged, saved)?;
    let mut report = report(&tail, &scanned);
    report.saved_records = saved_records;
    let mut leftovers = Leftovers::new(store, &tail, &scanned)?;
    let Scanned { mut tenants, .. } = scanned;
    let frames = replay::frames(store, &tail, &mut tenants, peek)?;
    leftovers.marks = replay::check_marks(store, tail.last_commit, &tenants)?;
    leftovers.chunks = orphaned_chunks(store, &tenants)?;
    replay::check_last_blocks(store, &tenants, options.read_damaged)?;
    report.tenants = tenants.len();
    report.records = tenants.values().map(|tenant| tenant.head.position).sum();
    report.frames = frames.entries.len();
    let read_only = !report.damage.is_empty();
    if !read_only {
        check_witness(&volume.path, tail.last_commit, report.records)?;
    }
    leftovers.remove(&mut volume, &tenants, tail.last_commit)?;
    let last_commit = tail.last_commit;
    let ledger = assemble(
        volume,
        tenants,
        tail.checkpoint,
        peek,
        frames,
        last_commit,
        read_only,
    );
    Ok((ledger, report))
}

/// Refuses to go on from less than was acknowledged.
fn check_witness(path: &Path, commit: u64, records: u64) -> Result<(), Error> {
    let noted = witness::last(path).map_err(|source| Error::Examine {
        path: path.to_owned(),
        source,
    })?;
    if noted.commit > commit || noted.records > records {
        return Err(Error::Lost {
            commit,
            records,
            noted_commit: noted.commit,
            noted_records: noted.records,
        });
    }
    Ok(())
}

fn report(tail: &Tail, scanned: &Scanned) -> OpenReport {
    let in_frame = tail.torn.iter().flat_map(|torn| torn.sections());
    let dropped = in_frame.chain(scanned.uncommitted.iter().map(|block| Dropped {
        tenant: block.tenant,
        from: block.first,
        to: block.next() - 1,
    }));
    let mut dropped: Vec<Dropped> = dropped.collect();
    dropped.sort_by_key(|dropped| (dropped.tenant, dropped.from));
    OpenReport {
        blocks: scanned
            .tenants
            .values()
            .map(|tenant| tenant.blocks.len())
            .sum(),
        dropped_commit: (tail.torn.is_some() || !scanned.uncommitted.is_empty())
            .then_some(tail.last_commit + 1),
        dropped,
        damage: scanned.damage.clone(),
        ..OpenReport::default()
    }
}

/// What the interrupted commit left behind.
struct Leftovers {
    frames: Vec<frame::Key>,
    blocks: Vec<block::Key>,
    chunks: Vec<sled::IVec>,
    marks: Vec<TenantNumber>,
}

impl Leftovers {
    fn new(store: &Store, tail: &Tail, scanned: &Scanned) -> Result<Self, Error> {
        let after = frame::key(tail.last_commit + 1, 0);
        let mut frames = Vec::new();
        for key in store.tail.range(after..).keys() {
            frames.extend(
                frame::place(&key.map_err(error::load)?)
                    .map(|(commit, part)| frame::key(commit, part)),
            );
        }
        let blocks = scanned.uncommitted.iter();
        let blocks = blocks
            .map(|block| block::key(block.tenant, block.first))
            .collect();
        Ok(Self {
            frames,
            blocks,
            chunks: Vec::new(),
            marks: Vec::new(),
        })
    }

    /// Removes them durably: they must not count beside a new commit of the same number.
    fn remove(&self, volume: &mut Volume, tenants: &Tenants, commit: u64) -> Result<(), Error> {
        let Volume { store, disk, .. } = volume;
        disk.write(|| {
            for key in &self.frames {
                store.tail.remove(key)?;
            }
            for key in &self.blocks {
                store.blocks.remove(key)?;
            }
            for key in &self.chunks {
                store.chunks.remove(key)?;
            }
            for tenant in &self.marks {
                let sealed_to = tenants.get(tenant).map_or(0, |tenant| tenant.sealed_to);
                let mark = Mark { commit, sealed_to };
                store
                    .marks
                    .insert(mark::key(*tenant), mark.encode(*tenant))?;
            }
            Ok(())
        })?;
        disk.make_durable()
    }
}

/// Chunks of records that never became durable.
fn orphaned_chunks(store: &Store, tenants: &Tenants) -> Result<Vec<sled::IVec>, Error> {
    let mut orphans = Vec::new();
    for key in store.chunks.iter().keys() {
        let key = key.map_err(error::load)?;
        let is_owned = oversize::owner(&key).is_some_and(|(tenant, position)| {
            tenants
                .get(&tenant)
                .is_some_and(|tenant| position <= tenant.head.position)
        });
        if !is_owned {
            orphans.push(key);
        }
    }
    Ok(orphans)
}

fn assemble(
    volume: Volume,
    tenants: Tenants,
    checkpoint: Option<Checkpoint>,
    peek: PeekFn,
    frames: Frames,
    last_commit: u64,
    read_only: bool,
) -> Ledger {
    let Volume {
        path,
        cache_bytes,
        witness,
        store,
        disk,
    } = volume;
    let locked = |(number, tenant)| (number, Arc::new(RwLock::new(tenant)));
    let shared = Shared {
        path,
        cache_bytes,
        store,
        peek,
        tenants: RwLock::new(tenants.into_iter().map(locked).collect()),
        checkpoint: RwLock::new(checkpoint),
        last_commit: AtomicU64::new(last_commit),
        witness: Mutex::new(witness),
        failed: Arc::clone(&disk.failed),
        rescue: Mutex::new(None),
        frames: AtomicU64::new(0),
        frame_bytes: AtomicU64::new(0),
    };
    let ledger = Ledger {
        shared: Arc::new(shared),
        disk,
        frames,
        last_commit,
        read_only,
    };
    ledger.count_frames();
    ledger
}

/// What a record says of itself, if it is the one at `position`.
pub(crate) fn peek_at(peek: PeekFn, position: u64, record: &[u8]) -> Result<crate::Peek, Flaw> {
    let found = peek(record).ok_or(Flaw::Header)?;
    if found.position == position {
        Ok(found)
    } else {
        Err(Flaw::Position(found.position))
    }
}
