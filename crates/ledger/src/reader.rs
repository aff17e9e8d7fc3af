//! Reading, from any thread, while the writer writes.

use crate::error::{Damage, Error, Flaw};
use crate::ledger::{Shared, read};
use crate::record::{Chain, Checkpoint, Head, ROOT, link};
use crate::replay;
use crate::run::{RecordBytes, Records, Run};
use crate::tenant::{Place, TailRun};
use crate::volume;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use touchbook_events::TenantNumber;

/// Sees what is durable, and nothing else.
#[derive(Clone)]
pub struct Reader {
    pub(crate) shared: Arc<Shared>,
}

/// Sizes, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub tenants: usize,
    pub records: u64,
    /// Bytes of all records as they were given.
    pub logical_bytes: u64,
    /// What all files of the ledger take.
    pub disk_bytes: u64,
    /// Memory of the indexes.
    pub index_bytes: u64,
    /// Memory of the records that are in no block.
    pub tail_bytes: u64,
    /// Most that the store keeps in memory of what it read.
    pub cache_bytes: u64,
    /// Commits in the tail, some of whose records are in no block yet.
    pub frames: u64,
    pub frame_bytes: u64,
    pub blocks: u64,
}

/// A run, and what is known of it from where it was found.
pub(crate) struct Found {
    pub(crate) run: Arc<Run>,
    /// The tenant's chain after the run's last record.
    pub(crate) chain: Chain,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// To be called now and then: gives back memory that sled keeps of blocks beyond its limit,
    /// once they are no longer read one after the other. Answers whether there was much of it.
    pub fn tend_cache(&self) -> bool {
        self.shared.store.cache.tend(&self.shared.store)
    }

    /// All tenants that have a record.
    pub fn tenants(&self) -> Vec<TenantNumber> {
        read(&self.shared.tenants).keys().copied().collect()
    }

    pub fn head(&self, tenant: TenantNumber) -> Head {
        self.shared
            .tenant(tenant)
            .map_or(Head::EMPTY, |state| read(&state).head)
    }

    pub fn checkpoint(&self) -> Option<Checkpoint> {
        *read(&self.shared.checkpoint)
    }

    /// The stored bytes of a record, if there is one at `position`.
    pub fn record(
        &self,
        tenant: TenantNumber,
        position: u64,
    ) -> Result<Option<RecordBytes>, Error> {
        let run = self.run(tenant, position)?;
        Ok(run.and_then(|run| RecordBytes::new(run, position)))
    }

    /// Records within `from..=to`, a run at a time.
    pub fn scan(&self, tenant: TenantNumber, from: u64, to: u64) -> Scan {
        Scan {
            reader: self.clone(),
            tenant,
            next: from.max(1),
            to,
        }
    }

    /// Shows `visit` the records at `positions`, which ascend. Each block is read once.
    pub fn gather(
        &self,
        tenant: TenantNumber,
        positions: &[u64],
        mut visit: impl FnMut(u64, &[u8]),
    ) -> Result<(), Error> {
        let mut rest = positions;
        while let Some(first) = rest.first() {
            let run = self.run(tenant, *first)?;
            let run = run.ok_or_else(|| self.beyond_head(tenant, *first))?;
            let within = rest.partition_point(|position| *position < run.next());
            for position in &rest[..within] {
                visit(*position, run.get((position - run.first()) as usize));
            }
            rest = &rest[within..];
        }
        Ok(())
    }

    /// The first position with `event_key`.
    pub fn find(&self, tenant: TenantNumber, event_key: &[u8; 16]) -> Result<Option<u64>, Error> {
        let Some(state) = self.shared.tenant(tenant) else {
            return Ok(None);
        };
        let mut candidates: Vec<u64> = read(&state).index.candidates(event_key).collect();
        candidates.sort_unstable();
        for position in candidates {
            let record = self.record(tenant, position)?;
            let peek = record.and_then(|record| (self.shared.peek)(&record));
            if peek.is_some_and(|peek| peek.event_key == *event_key) {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Positions of a customer's records within `from..=to`, ascending.
    pub fn positions_of(
        &self,
        tenant: TenantNumber,
        customer: &[u8; 16],
        from: u64,
        to: u64,
    ) -> Vec<u64> {
        let state = self.shared.tenant(tenant);
        state.map_or_else(Vec::new, |state| {
            read(&state).index.positions_of(customer, from, to)
        })
    }

    /// Position of the record of the same customer before the one at `position`, by the index
    /// alone: no record is read.
    pub fn previous_of(&self, tenant: TenantNumber, position: u64) -> Option<u64> {
        let state = self.shared.tenant(tenant)?;
        read(&state).index.previous_of(position)
    }

    /// The tenant's chain after the record at `position`; 0 is before the first.
    pub fn chain_at(&self, tenant: TenantNumber, position: u64) -> Result<Chain, Error> {
        if position == 0 {
            return Ok(ROOT);
        }
        match self.place(tenant, position) {
            None => Err(self.beyond_head(tenant, position)),
            Some((Place::Tail(tail), _)) => Ok(tail.chains[(position - tail.run.first()) as usize]),
            Some((Place::Block(block), before)) => {
                let run = self.block(tenant, block.first)?;
                let count = (position + 1 - block.first) as usize;
                Ok(run
                    .records()
                    .take(count)
                    .fold(before, |chain, record| link(&chain, record)))
            }
        }
    }

    /// Notes beside the store how much is durable now, with a sync of its own. To be called now and
    /// then: a start that finds less than was noted refuses.
    pub fn note_durable(&self) -> Result<(), Error> {
        self.shared.note_durable()
    }

    pub fn stats(&self) -> Result<Stats, Error> {
        let disk_bytes = volume::disk_bytes(&self.shared.path);
        let disk_bytes = disk_bytes.map_err(|source| Error::Size { source })?;
        let mut stats = Stats {
            disk_bytes,
            cache_bytes: self.shared.cache_bytes,
            frames: self.shared.frames.load(Ordering::Relaxed),
            frame_bytes: self.shared.frame_bytes.load(Ordering::Relaxed),
            ..Stats::default()
        };
        for state in read(&self.shared.tenants).values() {
            let state = read(state);
            stats.tenants += 1;
            stats.records += state.head.position;
            stats.logical_bytes += state.logical_bytes;
            stats.index_bytes += state.index.bytes() as u64 + state.unsaved.memory();
            stats.tail_bytes += state.tail.iter().map(TailRun::memory).sum::<u64>();
            stats.blocks += state.blocks.len() as u64;
        }
        Ok(stats)
    }

    /// Where a record is, and the chain before the block, if it is in one.
    fn place(&self, tenant: TenantNumber, position: u64) -> Option<(Place, Chain)> {
        let state = self.shared.tenant(tenant)?;
        let state = read(&state);
        let place = state.place(position)?;
        let before = match &place {
            Place::Block(block) => state.chain_before(block.first),
            Place::Tail(_) => ROOT,
        };
        Some((place, before))
    }

    /// The run with the record at `position`.
    pub(crate) fn run(
        &self,
        tenant: TenantNumber,
        position: u64,
    ) -> Result<Option<Arc<Run>>, Error> {
        Ok(self.found(tenant, position)?.map(|found| found.run))
    }

    /// The run with the record at `position`, and its chain. The writer may seal records at any
    /// time, so where the run is must not be asked twice.
    pub(crate) fn found(
        &self,
        tenant: TenantNumber,
        position: u64,
    ) -> Result<Option<Found>, Error> {
        match self.place(tenant, position) {
            None => Ok(None),
            Some((Place::Tail(tail), _)) => {
                let chain = tail.chains.last().copied().unwrap_or(ROOT);
                let run = tail.run;
                Ok(Some(Found { run, chain }))
            }
            Some((Place::Block(block), _)) => {
                let run = self.block(tenant, block.first)?;
                if position < run.next() {
                    let (run, chain) = (Arc::new(run), block.chain);
                    return Ok(Some(Found { run, chain }));
                }
                Err(Damage {
                    tenant,
                    position,
                    what: Flaw::Missing,
                }
                .into())
            }
        }
    }

    fn block(&self, tenant: TenantNumber, first: u64) -> Result<Run, Error> {
        let loaded = replay::load(&self.shared.store, tenant, first);
        Ok(loaded.or_else(|damage| match damage.what {
            Flaw::Unread(_) => self.shared.rescue(tenant, first).ok_or(damage),
            _ => Err(damage),
        })?)
    }

    fn beyond_head(&self, tenant: TenantNumber, position: u64) -> Error {
        Error::BeyondHead {
            tenant,
            position,
            head: self.head(tenant).position,
        }
    }
}

/// Iterator over a tenant's records. What becomes durable meanwhile is included.
pub struct Scan {
    reader: Reader,
    tenant: TenantNumber,
    next: u64,
    to: u64,
}

impl Iterator for Scan {
    type Item = Result<Records, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next > self.to {
            return None;
        }
        match self.reader.run(self.tenant, self.next) {
            Ok(run) => {
                let records = Records::within(run?, self.next, self.to);
                self.next = records.next();
                Some(Ok(records))
            }
            Err(error) => {
                self.next = u64::MAX;
                self.to = 0;
                Some(Err(error))
            }
        }
    }
}
