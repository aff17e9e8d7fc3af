//! Who has how much memory.

use crate::metrics as names;
use crate::shared::Shared;
use crate::snapshots::Folder;
use crate::tenant::Tenant;
use std::collections::HashMap;
use touchbook_events::TenantNumber;
use touchbook_ledger::Stats;
use touchbook_projection::SHARDS;

/// Of the system, on the machines that we run on.
const PAGE_BYTES: f64 = 4_096.0;

/// Of so few customers all shards are weighed at once.
const FEW_CUSTOMERS: usize = 2_000;
/// How often the files of deciders are looked at.
const ROUNDS_A_LOOK: usize = 12;

/// Weighs one shard of each projection a round, since weighing all at once would hold up folding;
/// the others count as when they were last weighed, or as those that were.
#[derive(Default)]
pub(crate) struct Memory {
    round: usize,
    shards: HashMap<(TenantNumber, &'static str), HashMap<usize, usize>>,
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
        let in_turn = self.round % SHARDS;
        self.round += 1;
        for name in shared.registry.projection_names() {
            let mut total = 0;
            for tenant in shared.tenants.all() {
                let Some(live) = tenant.live(name) else {
                    continue;
                };
                let current = live.current();
                if current.customers() <= FEW_CUSTOMERS {
                    let all = (0..SHARDS).map(|shard| current.weigh_shard(shard));
                    total += all.sum::<usize>();
                    continue;
                }
                let shards = self.shards.entry((tenant.number(), name)).or_default();
                shards.insert(in_turn, current.weigh_shard(in_turn));
                total += shards.values().sum::<usize>() * SHARDS / shards.len();
            }
            ::metrics::gauge!(names::MEMORY_BYTES, "part" => format!("projection_{name}"))
                .set(total as f64);
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
