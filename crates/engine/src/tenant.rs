//! One tenant as readers see it: its head, its projections, its records.

use crate::error::{ReadError, WaitError};
use crate::jobs::{JobView, Jobs};
use crate::ledger_history::LedgerHistory;
use std::any::Any;
use std::collections::BTreeMap;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use touchbook_events::record::CodecError;
use touchbook_events::{CustomerId, Header, Record, TenantKey, TenantNumber};
use touchbook_ledger::Reader;
use touchbook_projection::projection::{AnyProjection, Stale};
use touchbook_projection::{Projection, Projector};

/// What a tenant's deciders are called together, beside its projections.
pub(crate) const DECIDERS: &str = "deciders";

/// A tenant: a ledger, and what is derived from it.
pub struct Tenant {
    slug: Box<str>,
    number: TenantNumber,
    key: TenantKey,
    reader: Reader,
    head: watch::Sender<u64>,
    lives: Vec<Live>,
    /// Up to where the snapshots on disk are, by projection; and of [`DECIDERS`].
    snapshots: Mutex<BTreeMap<&'static str, u64>>,
    published: RwLock<Vec<Arc<dyn Any + Send + Sync>>>,
    /// Whether a position beyond the head can still come from elsewhere.
    positions_come_from_here: bool,
}

/// A projection that answers queries, and the state that a rebuild swaps in.
pub(crate) struct Live {
    current: RwLock<Arc<dyn AnyProjection>>,
    applied: watch::Sender<u64>,
    stall: Mutex<Option<Stall>>,
}

/// Why a projection does not get further.
#[derive(Clone)]
enum Stall {
    /// It is tried again, and what was applied before stands.
    Waits(String),
    /// Its state may be half of one, so nothing is read from it until a rebuild takes its place.
    Broken(String),
}

impl Stall {
    fn reason(&self) -> &str {
        let (Self::Waits(reason) | Self::Broken(reason)) = self;
        reason
    }
}

impl Live {
    pub(crate) fn new(projection: Arc<dyn AnyProjection>) -> Self {
        let applied = watch::Sender::new(projection.applied());
        Self {
            current: RwLock::new(projection),
            applied,
            stall: Mutex::new(None),
        }
    }

    pub(crate) fn current(&self) -> Arc<dyn AnyProjection> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a rebuilt state in the place of this one, whatever was wrong with it.
    pub(crate) fn swap(&self, fresh: Arc<dyn AnyProjection>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        *self.stall() = None;
        self.announce();
    }

    /// Tells who waits how far it is.
    pub(crate) fn announce(&self) {
        let applied = self.current().applied();
        self.applied.send_if_modified(|known| {
            let changed = *known != applied;
            *known = applied;
            changed
        });
    }

    /// It can't go on for now; answers whether that is news.
    pub(crate) fn set_waiting(&self, reason: &str) -> bool {
        let mut stall = self.stall();
        let is_new = match &*stall {
            Some(Stall::Broken(_)) => false,
            Some(Stall::Waits(known)) => known != reason,
            None => true,
        };
        if is_new {
            *stall = Some(Stall::Waits(reason.to_owned()));
        }
        drop(stall);
        if is_new {
            self.tell_waiters();
        }
        is_new
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(*self.stall(), Some(Stall::Waits(_)))
    }

    /// It went on.
    pub(crate) fn clear_waiting(&self) {
        self.stall()
            .take_if(|stall| matches!(stall, Stall::Waits(_)));
    }

    /// It can't go on until it is rebuilt.
    pub(crate) fn set_broken(&self, reason: &str) {
        *self.stall() = Some(Stall::Broken(reason.to_owned()));
        self.tell_waiters();
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(*self.stall(), Some(Stall::Broken(_)))
    }

    pub(crate) fn stalled(&self) -> Option<String> {
        self.stall().as_ref().map(|stall| stall.reason().to_owned())
    }

    fn stalled_error(&self) -> WaitError {
        WaitError::Stalled {
            projection: self.current().name(),
            reason: self.stalled().unwrap_or_default(),
        }
    }

    /// They look at the reason again.
    fn tell_waiters(&self) {
        self.applied.send_modify(|_| {});
    }

    fn stall(&self) -> MutexGuard<'_, Option<Stall>> {
        self.stall.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a projection of a tenant stands.
#[derive(Clone, Debug)]
pub struct ProjectionStatus {
    pub name: &'static str,
    pub version: u32,
    pub applied: u64,
    /// Durable records that it has yet to fold.
    pub lag: u64,
    pub stalled: Option<String>,
    /// Customers whose fold failed, with where and why.
    pub quarantined: Vec<(CustomerId, Stale)>,
    pub rebuild: Option<JobView>,
}

impl Tenant {
    pub(crate) fn new(
        slug: &str,
        number: TenantNumber,
        key: TenantKey,
        reader: Reader,
        projections: Vec<Arc<dyn AnyProjection>>,
        positions_come_from_here: bool,
    ) -> Self {
        let head = watch::Sender::new(reader.head(number).position);
        Self {
            slug: slug.into(),
            number,
            key,
            reader,
            head,
            lives: projections.into_iter().map(Live::new).collect(),
            snapshots: Mutex::default(),
            published: RwLock::default(),
            positions_come_from_here,
        }
    }

    pub fn slug(&self) -> &str {
        &self.slug
    }

    pub fn number(&self) -> TenantNumber {
        self.number
    }

    pub fn key(&self) -> &TenantKey {
        &self.key
    }

    /// The last durable position; 0 before the first.
    pub fn head(&self) -> u64 {
        *self.head.borrow()
    }

    /// Changes whenever records become durable.
    pub fn head_changes(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// Whether no other node decides the same events.
    pub(crate) fn decides_alone(&self) -> bool {
        self.positions_come_from_here
    }

    /// Up to where the snapshots of a projection, or of [`DECIDERS`], are; 0 where there are none.
    pub(crate) fn snapshot_position(&self, of: &str) -> u64 {
        self.snapshots().get(of).copied().unwrap_or(0)
    }

    pub(crate) fn note_snapshot(&self, of: &'static str, position: u64) {
        self.snapshots().insert(of, position);
    }

    fn snapshots(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_head(&self, position: u64) {
        self.head.send_replace(position);
    }

    /// A plain value that a decider publishes of its durable state.
    pub fn published<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let published = self
            .published
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        published
            .iter()
            .find_map(|value| Arc::clone(value).downcast().ok())
    }

    pub(crate) fn publish(&self, values: Vec<Arc<dyn Any + Send + Sync>>) {
        *self
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner) = values;
    }

    /// The state that answers queries now.
    pub fn projection<P: Projector>(&self) -> Option<Arc<Projection<P>>> {
        let live = self.live(P::NAME)?;
        live.current().as_any().downcast().ok()
    }

    pub(crate) fn live(&self, name: &str) -> Option<&Live> {
        self.lives.iter().find(|live| live.current().name() == name)
    }

    pub(crate) fn lives(&self) -> impl Iterator<Item = &Live> {
        self.lives.iter()
    }

    /// The digest of a projection's whole state, by which a rebuild is compared with what is live.
    /// Costs an encoding of every customer; call it outside the runtime's workers.
    pub fn digest(&self, projection: &str) -> Option<[u8; 32]> {
        self.live(projection).map(|live| live.current().digest())
    }

    pub fn projection_names(&self) -> Vec<&'static str> {
        self.lives
            .iter()
            .map(|live| live.current().name())
            .collect()
    }

    pub(crate) fn projection_statuses(&self, jobs: &Jobs) -> Vec<ProjectionStatus> {
        let head = self.head();
        let status = |live: &Live| {
            let current = live.current();
            ProjectionStatus {
                name: current.name(),
                version: current.version(),
                applied: current.applied(),
                lag: head.saturating_sub(current.applied()),
                stalled: live.stalled(),
                quarantined: current.quarantined(),
                rebuild: jobs.running("rebuild", &self.slug, current.name()),
            }
        };
        self.lives.iter().map(status).collect()
    }

    /// The lowest position that all of `projections` have applied.
    ///
    /// # Errors
    /// When one of them can't be read until it is rebuilt.
    pub fn applied_now(&self, projections: &[&str]) -> Result<u64, WaitError> {
        let mut lowest = None;
        for live in &self.lives {
            let current = live.current();
            if !projections.contains(&current.name()) {
                continue;
            }
            if live.is_broken() {
                return Err(live.stalled_error());
            }
            let applied = current.applied();
            lowest = Some(lowest.map_or(applied, |lowest: u64| lowest.min(applied)));
        }
        Ok(lowest.unwrap_or_else(|| self.head()))
    }

    /// Waits until all of `projections` have applied `position`; answers what they have applied.
    ///
    /// # Errors
    /// At once when the position can't come, or a projection can't go on; else after `wait`.
    pub async fn applied(
        &self,
        projections: &[&str],
        position: u64,
        wait: Duration,
    ) -> Result<u64, WaitError> {
        if position > self.head() && self.positions_come_from_here {
            return Err(WaitError::Ahead {
                position,
                head: self.head(),
            });
        }
        let deadline = tokio::time::Instant::now() + wait;
        for live in &self.lives {
            if !projections.contains(&live.current().name()) {
                continue;
            }
            let mut applied = live.applied.subscribe();
            loop {
                if *applied.borrow_and_update() >= position {
                    break;
                }
                if live.stalled().is_some() {
                    return Err(live.stalled_error());
                }
                match tokio::time::timeout_at(deadline, applied.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => {
                        let applied = self.applied_now(projections)?;
                        return Err(WaitError::TimedOut { position, applied });
                    }
                }
            }
        }
        self.applied_now(projections)
    }

    /// The record at `position`, decoded.
    pub fn record(&self, position: u64) -> Result<Option<Record>, ReadError> {
        let Some(bytes) = self.record_bytes(position)? else {
            return Ok(None);
        };
        Record::decode(&bytes)
            .map(Some)
            .map_err(|source| ReadError::Decode { position, source })
    }

    /// The bytes that the chain runs over.
    pub fn record_bytes(&self, position: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let found = self
            .reader
            .record(self.number, position)
            .map_err(ReadError::Ledger)?;
        Ok(found.map(|record| record.to_vec()))
    }

    /// Hands over stored records in order until `each` breaks off.
    pub fn scan(
        &self,
        positions: RangeInclusive<u64>,
        each: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let to = (*positions.end()).min(self.head());
        for run in self.reader.scan(self.number, *positions.start(), to) {
            let run = run.map_err(ReadError::Ledger)?;
            for (position, bytes) in run.iter() {
                if each(position, bytes).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Hands over decoded records in order until `each` breaks off.
    pub fn records(
        &self,
        positions: RangeInclusive<u64>,
        each: &mut dyn FnMut(Record) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let mut failed = None;
        self.scan(
            positions,
            &mut |position, bytes| match Record::decode(bytes) {
                Ok(record) => each(record),
                Err(source) => {
                    failed = Some(ReadError::Decode { position, source });
                    ControlFlow::Break(())
                }
            },
        )?;
        failed.map_or(Ok(()), Err)
    }

    /// A customer's own records up to position `to`, in order.
    pub fn customer_records(
        &self,
        customer: CustomerId,
        to: u64,
        each: &mut dyn FnMut(Record),
    ) -> Result<(), ReadError> {
        self.history().each_of(customer, to, each)
    }

    /// Position of the record before the one at `position` that names the same customer; those that
    /// name none are told apart by their headers alone.
    pub fn previous_of(&self, position: u64) -> Option<u64> {
        self.reader.previous_of(self.number, position)
    }

    /// The position of the event that `source` sent as `id`.
    pub fn find(&self, source: &str, id: &str) -> Result<Option<u64>, ReadError> {
        self.find_key(&self.key.event_key(source, id).0)
    }

    pub(crate) fn find_key(&self, event_key: &[u8; 16]) -> Result<Option<u64>, ReadError> {
        self.reader
            .find(self.number, event_key)
            .map_err(ReadError::Ledger)
    }

    pub(crate) fn header(&self, position: u64) -> Result<Option<Header>, ReadError> {
        let Some(bytes) = self.record_bytes(position)? else {
            return Ok(None);
        };
        let peeked: Result<Header, CodecError> = Header::peek(&bytes);
        peeked
            .map(Some)
            .map_err(|source| ReadError::Decode { position, source })
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The tenant's past, as folds of single customers read it.
    pub fn history(&self) -> LedgerHistory<'_> {
        LedgerHistory {
            reader: &self.reader,
            tenant: self.number,
        }
    }
}
