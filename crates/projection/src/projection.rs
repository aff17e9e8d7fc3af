//! A projection: one projector's state of all customers of a tenant, live or being rebuilt.
//!
//! One thread folds, any number read. Whoever folds holds `work`; readers never wait for it. What
//! readers may see changes under three locks, always taken in this order: `groups` (who is
//! canonical), one shard, `index`. So a merge appears to a reader at once or not at all.

mod any;
mod apply;
mod digest;
mod finder;
mod fold;
mod load;
mod shard;

pub use any::AnyProjection;

use crate::history::{History, HistoryError};
use crate::projector::Projector;
use crate::slices::{Grouping, Slices};
use hashbrown::HashSet;
use serde::{Deserialize, Serialize};
use shard::Shard;
use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use touchbook_events::{CustomerId, EventType};

/// Into how many parts a projection's customers are divided.
pub const SHARDS: usize = 64;

/// One projector's state, in shards by customer.
pub struct Projection<P: Projector> {
    groups: RwLock<Grouping>,
    shards: [RwLock<Shard<P::State>>; SHARDS],
    index: RwLock<P::Index>,
    work: Mutex<Work<P>>,
    applied: AtomicU64,
}

/// What only the folding thread needs.
struct Work<P: Projector> {
    folding: Folding,
    /// As of `folded`; shared with those who look at the past while folding goes on.
    slices: Arc<Slices>,
    /// Everything up to here is folded, and a record is never folded twice.
    folded: u64,
    /// Up to where each shard was when it was loaded; it has no use for records up to there.
    loaded: [u64; SHARDS],
    /// Number of the batch, so that a slot knows whether it was touched in it.
    batch: u64,
    /// Customers touched in this batch, with what they contributed before.
    touched: Vec<(CustomerId, Option<P::Contribution>)>,
    /// Of those, the ones that lost their slot since.
    gone: HashSet<CustomerId>,
    /// In bulk, customers whose slice changed: they have no slot, and are folded once, at the end.
    postponed: HashSet<CustomerId>,
}

/// How records are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// Readers look on: index and refolds follow every batch.
    Live,
    /// Nobody looks yet: the index, and customers whose slice changes, wait for the end.
    Bulk,
}

/// A fold that panicked: the customer stands before that record until a refold succeeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// Of the record whose fold panicked; everything before it is in the state.
    pub since: u64,
    pub event_type: EventType,
    /// The panic's message if it is the program's own text, else nothing: it might quote the
    /// record.
    pub panic: Box<str>,
}

impl<P: Projector> Default for Projection<P> {
    fn default() -> Self {
        Self::new(Folding::Live)
    }
}

impl<P: Projector> Projection<P> {
    pub fn new(folding: Folding) -> Self {
        Self {
            groups: RwLock::default(),
            shards: array::from_fn(|_| RwLock::default()),
            index: RwLock::default(),
            work: Mutex::new(Work {
                folding,
                slices: Arc::default(),
                folded: 0,
                loaded: [0; SHARDS],
                batch: 0,
                touched: Vec::new(),
                gone: HashSet::new(),
                postponed: HashSet::new(),
            }),
            applied: AtomicU64::new(0),
        }
    }

    /// Everything up to here is in what readers see.
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// The state of the group that `customer` is in, whichever member that is, and the position of
    /// the record at which its fold panicked, if it did. `None` for nobody of whom we have a
    /// record.
    ///
    /// `with` must not call this projection: folding may wait between the two.
    pub fn read<R>(
        &self,
        customer: CustomerId,
        with: impl FnOnce(&P::State, Option<u64>) -> R,
    ) -> Option<R> {
        let groups = read_lock(&self.groups);
        self.read_canonical(groups.canonical(customer), with)
    }

    /// As [`Projection::read`], with the position of the last record that changed the slice without
    /// being in it, such as a merge; 0 where there is none.
    pub fn read_changed<R>(
        &self,
        customer: CustomerId,
        with: impl FnOnce(&P::State, Option<u64>, u64) -> R,
    ) -> Option<R> {
        let groups = read_lock(&self.groups);
        let canonical = groups.canonical(customer);
        let changed_at = groups.changed_at(canonical);
        self.read_canonical(canonical, |state, stale| with(state, stale, changed_at))
    }

    /// Whoever calls it holds `groups`.
    fn read_canonical<R>(
        &self,
        canonical: CustomerId,
        with: impl FnOnce(&P::State, Option<u64>) -> R,
    ) -> Option<R> {
        let shard = self.shard(canonical);
        let slot = shard.slots.get(&canonical)?;
        let stale_since = shard.stale.get(&canonical).map(|stale| stale.since);
        Some(with(&slot.state, stale_since))
    }

    /// The canonical customer of the group that `customer` is in.
    pub fn canonical(&self, customer: CustomerId) -> CustomerId {
        read_lock(&self.groups).canonical(customer)
    }

    /// Everybody in the group that `customer` is in, in order of ids.
    pub fn members(&self, customer: CustomerId) -> Vec<CustomerId> {
        let groups = read_lock(&self.groups);
        groups.members(groups.canonical(customer))
    }

    /// The tenant-wide index; `with` must not call this projection.
    pub fn index<R>(&self, with: impl FnOnce(&P::Index) -> R) -> R {
        with(&read_lock(&self.index))
    }

    /// How many canonical customers there are, anonymous ones too.
    pub fn customers(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| read_lock(shard).slots.len())
            .sum()
    }

    /// Visits every canonical customer, shard by shard, in no order; `each` must not call this
    /// projection, and folding waits for the shard that is being visited.
    pub fn for_each(&self, mut each: impl FnMut(CustomerId, &P::State)) {
        for shard in &self.shards {
            read_lock(shard)
                .slots
                .iter()
                .for_each(|(customer, slot)| each(*customer, &slot.state));
        }
    }

    /// The customers whose fold panicked, in order of ids.
    pub fn quarantined(&self) -> Vec<(CustomerId, Stale)> {
        let mut quarantined = Vec::new();
        for shard in &self.shards {
            let shard = read_lock(shard);
            quarantined.extend(
                shard
                    .stale
                    .iter()
                    .map(|(customer, why)| (*customer, why.clone())),
            );
        }
        quarantined.sort_unstable_by_key(|(customer, _)| *customer);
        quarantined
    }

    /// Who is whose, as of a position; the present where `at` lies ahead.
    pub fn slices(&self, at: u64) -> Arc<Slices> {
        let slices = Arc::clone(&self.work().slices);
        if slices.changed_at() <= at {
            slices
        } else {
            Arc::new(slices.at(at))
        }
    }

    /// A customer's state as it was known at position `to`, folded from `history`; the default
    /// where it was not canonical then, or had no record.
    ///
    /// # Errors
    /// When `history` can't be read.
    ///
    /// # Panics
    /// When the fold does.
    pub fn fold_slice<H: History + ?Sized>(
        &self,
        customer: CustomerId,
        history: &H,
        to: u64,
    ) -> Result<P::State, HistoryError> {
        let slices = self.slices(to);
        let mut state = P::State::default();
        let canonical = slices.canonical(customer);
        slices.slice(canonical, history, to, &mut |record| {
            P::apply(&mut state, record)
        })?;
        Ok(state)
    }

    fn work(&self) -> MutexGuard<'_, Work<P>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, customer: CustomerId) -> RwLockReadGuard<'_, Shard<P::State>> {
        read_lock(&self.shards[shard_of(customer)])
    }

    fn shard_mut(&self, customer: CustomerId) -> RwLockWriteGuard<'_, Shard<P::State>> {
        write_lock(&self.shards[shard_of(customer)])
    }
}

/// The shard that a customer is in; part of what snapshots mean, so it never changes.
pub fn shard_of(customer: CustomerId) -> usize {
    usize::from(customer.as_bytes()[15]) % SHARDS
}

/// A reader that panicked changed nothing, and a fold's panic never leaves its lock.
fn read_lock<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write_lock<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
