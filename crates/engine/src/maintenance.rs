//! What goes on beside the work: snapshots now and then, gauges.

use crate::error::chain;
use crate::memory::Memory;
use crate::metrics as names;
use crate::runner;
use crate::shared::Shared;
use crate::snapshots::{Folder, SaveError};
use crate::tenant::Tenant;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use touchbook_events::TenantNumber;
use touchbook_ledger::Reader;
use touchbook_projection::Deciders;
use touchbook_projection::projection::AnyProjection;
use touchbook_stream::Stream;

/// How often gauges are set and tenants looked at.
const ROUND: Duration = Duration::from_secs(5);
/// How much longer deciders go without a snapshot while records keep coming.
const BUSY_FACTOR: u64 = 4;

pub(crate) struct Maintenance {
    pub(crate) shared: Arc<Shared>,
    pub(crate) reader: Reader,
    pub(crate) stream: Stream<touchbook_events::Incoming>,
    pub(crate) snapshot_records: u64,
}

impl Maintenance {
    /// Runs until `stop` is dropped.
    pub(crate) fn run(self, stop: &Receiver<()>) {
        let mut saved: HashMap<(TenantNumber, &'static str), u64> = HashMap::new();
        for tenant in self.shared.tenants.all() {
            for live in tenant.lives() {
                let current = live.current();
                saved.insert((tenant.number(), current.name()), current.applied());
            }
        }
        let mut memory = Memory::default();
        while stop.recv_timeout(ROUND) == Err(RecvTimeoutError::Timeout) {
            self.reader.tend_cache();
            self.save_indexes();
            self.set_gauges(&mut memory);
            for tenant in self.shared.tenants.all() {
                self.snapshot_if_due(&tenant, &mut saved);
            }
        }
    }

    fn snapshot_if_due(
        &self,
        tenant: &Arc<Tenant>,
        saved: &mut HashMap<(TenantNumber, &'static str), u64>,
    ) {
        for live in tenant.lives().filter(|live| !live.is_broken()) {
            let current = live.current();
            let last = saved.entry((tenant.number(), current.name())).or_default();
            if current.applied() >= *last + self.snapshot_records {
                *last = current.applied();
                save(&self.shared, tenant, &*current);
            }
        }
        // Folding the deciders again costs a core for a moment: while the tenant is busy it waits,
        // but not for ever.
        let seen = saved.entry((tenant.number(), "head")).or_default();
        let is_quiet = std::mem::replace(seen, tenant.head()) == tenant.head();
        let last = saved.entry((tenant.number(), "deciders")).or_default();
        let since = tenant.head().saturating_sub(*last);
        let due = self
            .snapshot_records
            .saturating_mul(if is_quiet { 1 } else { BUSY_FACTOR });
        if since >= due {
            *last = tenant.head();
            self.snapshot_deciders(tenant);
        }
    }

    fn save_indexes(&self) {
        if let Err(error) = self.reader.save_indexes() {
            ::metrics::counter!(names::SNAPSHOT_ERRORS_TOTAL).increment(1);
            tracing::warn!(error = %chain(&error), "could not save an index");
        }
    }

    /// The writer never waits for this: from the last snapshot and the ledger a second state is
    /// folded, saved and dropped.
    fn snapshot_deciders(&self, tenant: &Arc<Tenant>) {
        match resume_deciders(&self.shared, tenant) {
            Ok((deciders, position)) => save_deciders(&self.shared, tenant, &deciders, position),
            Err(error) => tracing::warn!(error = %chain(&error), "could not snapshot deciders"),
        }
    }

    fn set_gauges(&self, memory: &mut Memory) {
        let status = self.stream.status();
        gauge(
            names::STREAM_CONNECTED,
            f64::from(u8::from(status.connected)),
        );
        gauge(
            names::STREAM_STOPPED,
            f64::from(u8::from(status.stopped.is_some())),
        );
        let taken = self
            .reader
            .checkpoint()
            .map_or(0, |checkpoint| checkpoint.sequence);
        let lag = match status.kind {
            touchbook_stream::Kind::JetStream => status.last_sequence.saturating_sub(taken),
            touchbook_stream::Kind::Embedded => status.queued as u64,
        };
        gauge(names::STREAM_LAG_MESSAGES, lag as f64);
        if let Ok(stats) = self.reader.stats() {
            gauge(names::DISK_BYTES, stats.disk_bytes as f64);
            gauge(names::LOGICAL_BYTES, stats.logical_bytes as f64);
            let ratio = stats.disk_bytes as f64 / stats.logical_bytes.max(1) as f64;
            gauge(names::DISK_RATIO, ratio);
            memory.tell(&self.shared, &stats, status.queued_bytes);
        }
        self.set_projection_gauges();
    }

    fn set_projection_gauges(&self) {
        for name in self.shared.registry.projection_names() {
            let (mut lag, mut stalled, mut quarantined) = (0, 0, 0);
            for tenant in self.shared.tenants.all() {
                let Some(live) = tenant.live(name) else {
                    continue;
                };
                let current = live.current();
                lag += tenant.head().saturating_sub(current.applied());
                stalled |= u8::from(live.stalled().is_some());
                quarantined += current.quarantined().len();
            }
            ::metrics::gauge!(names::PROJECTION_LAG_RECORDS, "projection" => name).set(lag as f64);
            ::metrics::gauge!(names::PROJECTION_STALLED, "projection" => name)
                .set(f64::from(stalled));
            ::metrics::gauge!(names::PROJECTION_QUARANTINED, "projection" => name)
                .set(quarantined as f64);
        }
    }
}

fn gauge(name: &'static str, value: f64) {
    ::metrics::gauge!(name).set(value);
}

pub(crate) fn save(shared: &Shared, tenant: &Tenant, projection: &dyn AnyProjection) {
    let started = Instant::now();
    let folder = Folder::new(
        &shared.data_dir,
        tenant,
        projection.name(),
        projection.version(),
    );
    tell(folder.save_projection(projection));
    ::metrics::histogram!(names::SNAPSHOT_SECONDS, "projection" => projection.name())
        .record(started.elapsed());
}

pub(crate) fn save_deciders(shared: &Shared, tenant: &Tenant, deciders: &Deciders, position: u64) {
    for decider in deciders.iter() {
        let folder = Folder::new(&shared.data_dir, tenant, decider.name(), decider.version());
        tell(folder.save_decider(decider, position));
    }
}

/// Time is lost without a snapshot, never data: the next one is tried when it is due.
fn tell(saved: Result<(), SaveError>) {
    if let Err(error) = saved {
        ::metrics::counter!(names::SNAPSHOT_ERRORS_TOTAL).increment(1);
        tracing::warn!(error = %chain(&error), "could not write a snapshot");
    }
}

/// A tenant's deciders as of its head: from their snapshots, and the records since.
pub(crate) fn resume_deciders(
    shared: &Shared,
    tenant: &Tenant,
) -> Result<(Deciders, u64), runner::FoldError> {
    let mut deciders = (shared.registry.deciders)(tenant.key());
    let mut loaded = Vec::new();
    for decider in deciders.iter_mut() {
        let (name, version) = (decider.name(), decider.version());
        let folder = Folder::new(&shared.data_dir, tenant, name, version);
        loaded.push(folder.load_decider(&mut **decider));
    }
    let head = tenant.head();
    let behind = loaded.iter().copied().min().unwrap_or(head);
    tenant.records(behind + 1..=head, &mut |record| {
        for (decider, loaded) in deciders.iter_mut().zip(&loaded) {
            if record.header.position > *loaded {
                decider.apply(&record);
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok((deciders, head))
}
