//! What every handler has: the engine, who may come in, and how many may wait.

use crate::auth::Access;
use crate::auth::rates::Rates;
use crate::auth::refusals::Refusals;
use crate::budget::Budget;
use crate::connections::{self, Connections};
use crate::imports::Imports;
use crate::limits::{
    ANSWERS_BYTES_MAX, BODIES_BYTES_MAX, CHECKS_MAX, EXPORTS_MAX, REPORTS_WAITING_MAX,
    SSE_CONNECTIONS_PART, SSE_READERS_MAX, WAITERS_MAX,
};
use crate::problem::Problem;
use metrics_exporter_prometheus::PrometheusHandle;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use touchbook_engine::{Engine, Tenant};
use touchbook_events::catalogue::access::Role;
use touchbook_events::{TenantNumber, Timestamp};
use touchbook_policies::InForce;

/// The state of the HTTP service; cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    engine: Engine,
    access: Access,
    metrics: Option<PrometheusHandle>,
    stopping: CancellationToken,
    gates: RwLock<HashMap<TenantNumber, Arc<Gates>>>,
    bodies: Budget,
    answers: Budget,
    connections: Connections,
    /// Event streams of all tenants.
    sse_readers: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    rates: Rates,
    refusals: Arc<Refusals>,
    imports: Imports,
    /// Asks how the quote source stands, where there is one.
    quote_source: OnceLock<Box<dyn Fn() -> QuoteSourceStanding + Send + Sync>>,
}

/// How the quote source stands, as `/readyz` says it (S1-138).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuoteSourceStanding {
    /// None is configured.
    Off,
    /// It has yet to be polled for the first time.
    Starting,
    Ok {
        last_polled_at: Timestamp,
    },
    Failing {
        /// Is shown to anybody.
        reason: String,
        last_polled_at: Option<Timestamp>,
    },
}

/// A place among the open event streams of a tenant, and one among those of all tenants.
pub(crate) type SsePlace = [OwnedSemaphorePermit; 2];

/// How many of a tenant's requests may wait at once.
struct Gates {
    waiters: Arc<Semaphore>,
    sse_readers: Arc<Semaphore>,
    reports: Arc<Semaphore>,
    checks: Arc<Semaphore>,
}

impl Api {
    /// `stopping` ends the event streams, which would otherwise never end.
    pub fn new(
        engine: Engine,
        access: Access,
        metrics: Option<PrometheusHandle>,
        stopping: CancellationToken,
    ) -> Self {
        Self::with_connections(connections::count_max(), engine, access, metrics, stopping)
    }

    /// The same with at most so many connections at once.
    pub(crate) fn with_connections(
        count: usize,
        engine: Engine,
        access: Access,
        metrics: Option<PrometheusHandle>,
        stopping: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner {
            rates: Rates::default(),
            refusals: Arc::new(Refusals::new(engine.clone())),
            imports: Imports::open(engine.data_dir()),
            engine,
            access,
            metrics,
            stopping,
            gates: RwLock::default(),
            bodies: Budget::new(BODIES_BYTES_MAX),
            answers: Budget::new(ANSWERS_BYTES_MAX),
            connections: Connections::new(count),
            sse_readers: Arc::new(Semaphore::new(count / SSE_CONNECTIONS_PART)),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            quote_source: OnceLock::new(),
        }))
    }

    /// Has `/readyz` say how the quote source stands; without this it says that there is none. Only
    /// the first one counts.
    pub fn watch_quote_source(
        &self,
        standing: impl Fn() -> QuoteSourceStanding + Send + Sync + 'static,
    ) {
        let _ = self.0.quote_source.set(Box::new(standing));
    }

    /// A place among the files that are sent, of all tenants together.
    ///
    /// # Errors
    /// 429 where all are taken.
    pub(crate) fn export_place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = Arc::clone(&self.0.exports).try_acquire_owned();
        place.map_err(|_| {
            let detail = format!("{EXPORTS_MAX} files are being sent already");
            Problem::too_many(detail)
        })
    }

    pub(crate) fn quote_source(&self) -> QuoteSourceStanding {
        let standing = self.0.quote_source.get();
        standing.map_or(QuoteSourceStanding::Off, |standing| standing())
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }

    pub(crate) fn metrics(&self) -> Option<&PrometheusHandle> {
        self.0.metrics.as_ref()
    }

    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// Bytes of bodies.
    pub(crate) fn bodies(&self) -> &Budget {
        &self.0.bodies
    }

    /// Bytes of answers.
    pub(crate) fn answers(&self) -> &Budget {
        &self.0.answers
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.0.connections
    }

    /// Refusals that are to be written down.
    pub(crate) fn refusals(&self) -> &Arc<Refusals> {
        &self.0.refusals
    }

    /// Customer files that are imported, and those that were.
    pub(crate) fn imports(&self) -> &Imports {
        &self.0.imports
    }

    /// # Errors
    /// 429 where `principal` has sent as many requests this second as its role may.
    pub(crate) fn admit_rate(
        &self,
        tenant: &Tenant,
        principal: &str,
        role: Role,
    ) -> Result<(), Problem> {
        let in_force: Arc<InForce> = tenant.published().unwrap_or_default();
        let limits = &in_force.policies().limits;
        match limits.requests_per_second.get(&role) {
            Some(per_second) => self.0.rates.take(tenant.number(), principal, *per_second),
            None => Ok(()),
        }
    }

    /// A place among those of `tenant` that wait for the writer or a projection.
    pub(crate) fn waiter(&self, tenant: &Tenant) -> Result<OwnedSemaphorePermit, Problem> {
        let waiters = Arc::clone(&self.gates(tenant.number()).waiters);
        waiters.try_acquire_owned().map_err(|_| {
            Problem::too_many(format!(
                "{WAITERS_MAX} requests of this tenant wait already"
            ))
        })
    }

    /// A place among the reports of `tenant` that are made or wait for their turn.
    pub(crate) fn report(&self, tenant: &Tenant) -> Result<OwnedSemaphorePermit, Problem> {
        let reports = Arc::clone(&self.gates(tenant.number()).reports);
        reports.try_acquire_owned().map_err(|_| {
            Problem::too_many(format!(
                "{REPORTS_WAITING_MAX} reports of this tenant wait already"
            ))
        })
    }

    /// The turn of `tenant` at holding events against schemas: its requests wait for each other
    /// before they wait for those of others.
    pub(crate) async fn check_turn(
        &self,
        tenant: &Tenant,
    ) -> Result<OwnedSemaphorePermit, Problem> {
        let checks = Arc::clone(&self.gates(tenant.number()).checks);
        let turn = checks.acquire_owned().await;
        turn.map_err(|error| Problem::internal(&error))
    }

    /// A place for one more event stream of `tenant`.
    pub(crate) fn sse_reader(&self, tenant: &Tenant) -> Result<SsePlace, Problem> {
        let of_tenant = Arc::clone(&self.gates(tenant.number()).sse_readers);
        let of_tenant = of_tenant.try_acquire_owned().map_err(|_| {
            Problem::too_many(format!(
                "{SSE_READERS_MAX} event streams of this tenant are open"
            ))
        })?;
        let of_all = Arc::clone(&self.0.sse_readers);
        let of_all = of_all.try_acquire_owned().map_err(|_| {
            Problem::too_many("as many event streams of all tenants are open as there may be")
        })?;
        Ok([of_tenant, of_all])
    }

    fn gates(&self, tenant: TenantNumber) -> Arc<Gates> {
        let known = self.0.gates.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(gates) = known.get(&tenant) {
            return Arc::clone(gates);
        }
        drop(known);
        let mut gates = self.0.gates.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(tenant).or_insert_with(|| {
            Arc::new(Gates {
                waiters: Arc::new(Semaphore::new(WAITERS_MAX)),
                sse_readers: Arc::new(Semaphore::new(SSE_READERS_MAX)),
                reports: Arc::new(Semaphore::new(REPORTS_WAITING_MAX)),
                checks: Arc::new(Semaphore::new(CHECKS_MAX)),
            })
        }))
    }
}
