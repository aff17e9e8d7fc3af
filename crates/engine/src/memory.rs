//! Who has how much memory.

use crate::metrics as names;
use crate::shared::Shared;
use crate::snapshots::Folder;
use crate::tenant::Tenant;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use touchbook_events::TenantNumber;
use touchbook_ledger::Stats;
use touchbook_projection::SHARDS;
use touchbook_projection::projection::AnyProjection;

/// Of the system, on the machines that we run on.
const PAGE_BYTES: f64 = 4_096.0;

/// Of so few records all shards are weighed at once.
const FEW_RECORDS: u64 = 10_000;
/// After so long a round weighs nothing more; the next one goes on from there.
const ROUND_TIME: Duration = Duration::from_millis(20);
/// How often the files of deciders are looked at.
const ROUNDS_A_LOOK: usize = 12;

pub(crate) type Key = (TenantNumber, &'static str);

/// Weighs what has moved since it was weighed, a little each round, since folding waits for a shard
/// that is being weighed; all else counts as when it was weighed last.
#[derive(Default)]
pub(crate) struct Memory {
    round: usize,
    weights: HashMap<Key, Weight>,
    /// Which of all projections of all tenants a round begins with.
    first: usize,
}

/// What a projection of a tenant weighs.
#[derive(Default)]
struct Weight {
    bytes: usize,
    /// How far it was when it was last looked at.
    applied: u64,
    /// Shards that were not weighed since it moved.
    left: usize,
    /// Of a large one, what shards weighed; and the one whose turn it is.
    shards: Vec<usize>,
    turn: usize,
}

impl Weight {
    /// Weighs a small projection, or the next shard of a large one; whether there was anything new.
    fn update(&mut self, projection: &dyn AnyProjection) -> bool {
        let applied = projection.applied();
        if applied != self.applied {
            (self.applied, self.left) = (applied, SHARDS);
        }
        if self.left == 0 {
            return false;
        }
        if applied <= FEW_RECORDS {
            self.left = 0;
            let all = (0..SHARDS).map(|shard| projection.weigh_shard(shard));
            self.bytes = all.sum();
            return true;
        }
        self.left -= 1;
        let bytes = projection.weigh_shard(self.turn);
        match self.shards.get_mut(self.turn) {
            Some(known) => *known = bytes,
            None => self.shards.push(bytes),
        }
        self.turn = (self.turn + 1) % SHARDS;
        self.bytes = self.shards.iter().sum::<usize>() * SHARDS / self.shards.len();
        true
    }
}

impl Memory {
    /// Sets the gauges.
    pub(crate) fn tell(&mut self, shared: &Shared, stats: &Stats, queued_bytes: usize) {
        part("ledger_index", stats.index_bytes as f64);
        part("ledger_tail", stats.tail_bytes as f64);
        part("ledger_cache_limit", stats.cache_bytes as f64);
        part("stream_queue", queued_bytes as f64);
        part("answers", shared.board.bytes() as f64);
        if self.round.is_multiple_of(ROUNDS_A_LOOK) {
            part("deciders", deciders(shared) as f64);
        }
        self.tell_projections(shared);
        if let Some(bytes) = resident_bytes() {
            ::metrics::gauge!(names::RESIDENT_BYTES).set(bytes);
        }
    }

    fn tell_projections(&mut self, shared: &Shared) {
        self.round += 1;
        let tenants = shared.tenants.all();
        let projections = |tenant: &Arc<Tenant>| -> Vec<_> {
            let number = tenant.number();
            let current = tenant.lives().map(|live| live.current());
            current
                .map(|current| ((number, current.name()), current))
                .collect()
        };
        let all: Vec<_> = tenants.iter().flat_map(projections).collect();
        let until = Instant::now() + ROUND_TIME;
        self.weigh(&all, || Instant::now() < until);
        for name in shared.registry.projection_names() {
            ::metrics::gauge!(names::MEMORY_BYTES, "part" => format!("projection_{name}"))
                .set(self.bytes_of(name) as f64);
        }
    }

    pub(crate) fn bytes_of(&self, name: &str) -> usize {
        let of_name = self.weights.iter().filter(|((_, of), _)| *of == name);
        of_name.map(|(_, weight)| weight.bytes).sum()
    }

    /// Weighs what has moved while `has_time`, and at least one; each gets its turn.
    pub(crate) fn weigh(
        &mut self,
        all: &[(Key, Arc<dyn AnyProjection>)],
        mut has_time: impl FnMut() -> bool,
    ) {
        let (before, after) = all.split_at(self.first.min(all.len()));
        for (key, projection) in after.iter().chain(before) {
            self.first = (self.first + 1) % all.len();
            if self.weights.entry(*key).or_default().update(&**projection) && !has_time() {
                return;
            }
        }
    }
}

pub(crate) fn part(name: &'static str, bytes: f64) {
    ::metrics::gauge!(names::MEMORY_BYTES, "part" => name).set(bytes);
}

/// What deciders hold, as of their last snapshots: only the writer may look into them.
fn deciders(shared: &Shared) -> u64 {
    let tenants = shared.tenants.all();
    let of_tenant = |tenant: &Tenant| -> u64 {
        let deciders = (shared.registry.deciders)(tenant.key());
        let sizes = deciders.iter().map(|decider| {
            let (name, version) = (decider.name(), decider.version());
            Folder::new(&shared.data_dir, tenant, name, version).decider_bytes()
        });
        sizes.sum()
    };
    tenants.iter().map(|tenant| of_tenant(tenant)).sum()
}

/// What the process has in memory, if the system tells.
fn resident_bytes() -> Option<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_has_memory() {
        assert!(super::resident_bytes().unwrap() > 1e6);
    }
}
