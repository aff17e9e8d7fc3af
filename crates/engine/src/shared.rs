//! What the engine's threads share.

use crate::clock::Clock;
use crate::config::Registry;
use crate::jobs::Jobs;
use crate::outcome::Board;
use crate::scorers::Scorers;
use crate::scrub::Found;
use crate::tenant::Tenant;
use crate::tenants::Tenants;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use touchbook_events::{TenantKey, TenantNumber};
use touchbook_ledger::Reader;

pub(crate) struct Shared {
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) registry: Registry,
    pub(crate) board: Board,
    pub(crate) jobs: Jobs,
    pub(crate) scorers: Scorers,
    pub(crate) clock: Clock,
    pub(crate) data_dir: PathBuf,
    /// Damage of the ledger.
    pub(crate) damage: Found,
    /// Gone once the ledger is closing, so that nothing reads it any more.
    reader: Mutex<Option<Reader>>,
    stream_outlives_us: bool,
    /// Why nothing is written any more.
    stopped: Mutex<Option<String>>,
}

impl Shared {
    pub(crate) fn new(
        registry: Registry,
        clock: Clock,
        data_dir: PathBuf,
        reader: Reader,
        stream_outlives_us: bool,
    ) -> Self {
        let taken = reader
            .checkpoint()
            .map_or(0, |checkpoint| checkpoint.sequence);
        Self {
            tenants: Arc::default(),
            registry,
            board: Board::after(taken),
            jobs: Jobs::default(),
            scorers: Scorers::default(),
            clock,
            data_dir,
            damage: Found::default(),
            reader: Mutex::new(Some(reader)),
            stream_outlives_us,
            stopped: Mutex::new(None),
        }
    }

    /// Whether the stream keeps its messages while this process is down.
    pub(crate) fn stream_outlives_us(&self) -> bool {
        self.stream_outlives_us
    }

    /// A tenant with nothing recorded yet, known from now on.
    pub(crate) fn begin_tenant(&self, slug: &str, key: TenantKey) -> Arc<Tenant> {
        let tenant = self.add_tenant(slug, self.tenants.next_number(), key);
        for live in tenant.lives() {
            let going = live.current().go_live(&tenant.history());
            going.expect("a past with nothing in it can be read");
        }
        tenant
    }

    pub(crate) fn add_tenant(
        &self,
        slug: &str,
        number: TenantNumber,
        key: TenantKey,
    ) -> Arc<Tenant> {
        let reader = self
            .reader
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let tenant = Arc::new(Tenant::new(
            slug,
            number,
            key,
            reader.expect("tenants begin while the ledger is open"),
            self.registry.fresh_projections(),
            !self.stream_outlives_us,
        ));
        self.tenants.insert(Arc::clone(&tenant));
        tenant
    }

    /// Lets go of everything that reads the ledger.
    pub(crate) fn release(&self) {
        self.reader
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.tenants.clear();
    }

    /// Nothing is written from here on; the first reason stands.
    pub(crate) fn stop_writes(&self, reason: &str) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.get_or_insert_with(|| reason.to_owned());
        drop(stopped);
        self.board.close();
    }

    pub(crate) fn stopped(&self) -> Option<String> {
        self.stopped
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
