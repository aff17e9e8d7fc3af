//! What goes on beside the work: snapshots now and then, gauges.

use crate::error::chain;
use crate::memory::Memory;
use crate::metrics as names;
use crate::resume::resume_deciders;
use crate::shared::Shared;
use crate::snapshots::{Folder, SaveError};
use crate::tenant::{DECIDERS, Tenant};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use touchbook_ledger::Reader;
use touchbook_projection::Deciders;
use touchbook_projection::projection::AnyProjection;
use touchbook_stream::Stream;

/// How often gauges are set and tenants looked at.
const ROUND: Duration = Duration::from_secs(5);
/// How much longer deciders go without a snapshot while records keep coming: folding them again for
/// it costs a core for a moment.
const BUSY_FACTOR: u64 = 4;
/// While records keep coming, a tenant grows by this part of itself between two snapshots.
const GROWTH_DIVISOR: u64 = 8;

pub(crate) struct Maintenance {
    pub(crate) shared: Arc<Shared>,
    pub(crate) reader: Reader,
    pub(crate) stream: Stream<touchbook_events::Incoming>,
    pub(crate) snapshot_records: u64,
}

impl Maintenance {
    /// Runs until `stop` is dropped.
    pub(crate) fn run(self, stop: &Receiver<()>) {
        let mut heads = HashMap::new();
        let mut memory = Memory::default();
        while stop.recv_timeout(ROUND) == Err(RecvTimeoutError::Timeout) {
            self.reader.tend_cache();
            self.save_indexes();
            self.set_gauges(&mut memory);
            for tenant in self.shared.tenants.all() {
                let before = heads.insert(tenant.number(), tenant.head());
                self.snapshot_if_due(&tenant, before == Some(tenant.head()));
            }
        }
    }

    fn snapshot_if_due(&self, tenant: &Arc<Tenant>, is_quiet: bool) {
        let head = tenant.head();
        let is_due = |what, name, at: u64| {
            let since = at.saturating_sub(tenant.snapshot_position(name));
            since >= records_between(what, self.snapshot_records, head, is_quiet)
        };
        for live in tenant.lives().filter(|live| !live.is_broken()) {
            let current = live.current();
            if is_due(What::Projection, current.name(), current.applied()) {
                // Also where it fails: it is tried again when the next one is due.
                tenant.note_snapshot(current.name(), current.applied());
                save(&self.shared, tenant, &*current);
            }
        }
        if is_due(What::Deciders, DECIDERS, head) {
            self.snapshot_deciders(tenant);
            tenant.note_snapshot(DECIDERS, head);
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
        // Whatever became of who scores, the gauge says how far behind that is.
        if let Some(lag) = self.shared.scorers.lag_records(&self.shared.tenants.all()) {
            gauge(names::SENTIMENT_LAG_RECORDS, lag as f64);
        }
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

/// What snapshots are of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Projection,
    Deciders,
}

/// How many records a snapshot is behind when the next one is due.
///
/// Writing one costs what the state is large, however little of it is new; what it saves is folding
/// the records since again. So while records keep coming, a large tenant's are further apart, and
/// all of them together cost as much for each record as a small one's do. What a start then folds
/// is an eighth of the tenant: of ten million records, that takes about five seconds. Once nothing
/// comes any more nobody waits for a snapshot, and the start may as well be quick.
fn records_between(what: What, snapshot_records: u64, head: u64, is_quiet: bool) -> u64 {
    if is_quiet {
        return snapshot_records;
    }
    let least = match what {
        What::Projection => snapshot_records,
        What::Deciders => snapshot_records.saturating_mul(BUSY_FACTOR),
    };
    least.max(head / GROWTH_DIVISOR)
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

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: u64 = 500_000;

    fn busy(what: What, head: u64) -> u64 {
        records_between(what, RECORDS, head, false)
    }

    #[test]
    fn a_quiet_tenants_snapshots_are_as_close_as_was_asked_for() {
        for head in [0, RECORDS, 100 * RECORDS] {
            for what in [What::Projection, What::Deciders] {
                assert_eq!(records_between(what, RECORDS, head, true), RECORDS);
            }
        }
    }

    #[test]
    fn a_busy_tenants_snapshots_grow_apart_with_it() {
        assert_eq!(busy(What::Projection, 0), RECORDS);
        assert_eq!(busy(What::Projection, 8 * RECORDS), RECORDS);
        assert_eq!(busy(What::Projection, 80 * RECORDS), 10 * RECORDS);
    }

    #[test]
    fn a_busy_tenants_deciders_wait_longer_but_not_for_ever() {
        assert_eq!(busy(What::Deciders, 0), BUSY_FACTOR * RECORDS);
        assert_eq!(busy(What::Deciders, 80 * RECORDS), 10 * RECORDS);
        assert_eq!(
            records_between(What::Deciders, u64::MAX, 1, false),
            u64::MAX
        );
    }

    /// However large a tenant grows, what was written for it in all is a few times what there is.
    #[test]
    fn snapshots_of_a_tenant_that_grows_hold_nine_times_its_records_in_all() {
        let (mut head, mut written) = (0_u64, 0);
        while head < 1_000 * RECORDS {
            head += busy(What::Projection, head);
            written += head;
        }
        assert!(written < 10 * head, "{written} for {head}");
    }
}
