//! What every handler has: the engine, who may come in, and how many may wait.

use crate::budget::Budget;
use crate::limits::{ANSWERS_BYTES_MAX, BODIES_BYTES_MAX, SSE_READERS_MAX, WAITERS_MAX};
use crate::problem::Problem;
use metrics_exporter_prometheus::PrometheusHandle;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use touchbook_engine::{Engine, Tenant};
use touchbook_events::TenantNumber;

/// Who may come in.
#[derive(Clone, Debug)]
pub enum Access {
    /// Nobody has to say who they are; the tenant is what `X-Tenant-ID` names, created on first
    /// use. Only for a service that listens on loopback.
    Dev { default_tenant: String },
    /// Nobody may: every route under `/api/v1` answers 401.
    Closed,
}

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
}

/// How many of a tenant's requests may wait at once.
struct Gates {
    waiters: Arc<Semaphore>,
    sse_readers: Arc<Semaphore>,
}

impl Api {
    /// `stopping` ends the event streams, which would otherwise never end.
    pub fn new(
        engine: Engine,
        access: Access,
        metrics: Option<PrometheusHandle>,
        stopping: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner {
            engine,
            access,
            metrics,
            stopping,
            gates: RwLock::default(),
            bodies: Budget::new(BODIES_BYTES_MAX),
            answers: Budget::new(ANSWERS_BYTES_MAX),
        }))
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

    /// A place among those of `tenant` that wait for the writer or a projection.
    pub(crate) fn waiter(&self, tenant: &Tenant) -> Result<OwnedSemaphorePermit, Problem> {
        let waiters = Arc::clone(&self.gates(tenant.number()).waiters);
        waiters.try_acquire_owned().map_err(|_| {
            Problem::too_many(format!(
                "{WAITERS_MAX} requests of this tenant wait already"
            ))
        })
    }

    /// A place among the open event streams of `tenant`.
    pub(crate) fn sse_reader(&self, tenant: &Tenant) -> Result<OwnedSemaphorePermit, Problem> {
        let readers = Arc::clone(&self.gates(tenant.number()).sse_readers);
        readers.try_acquire_owned().map_err(|_| {
            Problem::too_many(format!(
                "{SSE_READERS_MAX} event streams of this tenant are open"
            ))
        })
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
            })
        }))
    }
}
