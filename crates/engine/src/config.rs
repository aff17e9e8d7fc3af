//! What an engine is opened with.

use crate::clock::Clock;
use crate::scrub::ScrubConfig;
use std::path::PathBuf;
use std::sync::Arc;
use touchbook_events::TenantKey;
use touchbook_projection::Deciders;
use touchbook_projection::projection::AnyProjection;
use touchbook_stream::JetStreamOptions;

/// Where events are published.
#[derive(Clone, Debug)]
pub enum StreamConfig {
    Embedded,
    JetStream(JetStreamOptions),
}

/// Everything that one node needs to know.
#[derive(Clone)]
pub struct Config {
    /// Holds `ledger/` and `snapshots/`.
    pub data_dir: PathBuf,
    pub stream: StreamConfig,
    pub ledger: touchbook_ledger::Options,
    /// Records between two snapshots of a tenant's projections; more while a large one is busy.
    pub snapshot_records: u64,
    pub scrub: ScrubConfig,
    pub clock: Clock,
}

/// Records between snapshots where nothing else is configured: about two seconds of folding.
pub const SNAPSHOT_RECORDS: u64 = 500_000;

/// Which deciders and projectors there are; the engine names none.
#[derive(Clone)]
pub struct Registry {
    /// A tenant's deciders in their fixed order, with empty state.
    pub deciders: fn(&TenantKey) -> Deciders,
    /// One empty projection of each projector.
    pub projections: Vec<Arc<dyn AnyProjection>>,
}

impl Registry {
    pub(crate) fn fresh_projections(&self) -> Vec<Arc<dyn AnyProjection>> {
        self.projections
            .iter()
            .map(|projection| projection.fresh())
            .collect()
    }

    pub(crate) fn projection_names(&self) -> Vec<&'static str> {
        self.projections
            .iter()
            .map(|projection| projection.name())
            .collect()
    }
}
