//! The engine's handle: what the service and its command line ask for.

mod sent;
mod submit;

use crate::config::{Config, Registry};
use crate::error::{JobError, OpenError, SubmitError, chain};
use crate::jobs::{JobView, Jobs};
use crate::maintenance;
use crate::notary::Notary;
use crate::open;
use crate::runner::{FoldError, Runners};
use crate::scorers::Scorers;
use crate::shared::Shared;
use crate::status::{self, Status};
use crate::tenant::{ProjectionStatus, Tenant};
use crate::tenants::TENANTS_MAX;
use crate::writer::WriterTenant;
use crate::{rebuild, verify};
use bytes::Bytes;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use submit::{ANSWER_WAIT_MAX, TOO_LONG, item, undecided};
use tokio::time::Instant;
use touchbook_events::{CustomerId, Incoming, Problem, TenantNumber, Timestamp};
use touchbook_ledger::Ledger;
use touchbook_stream::{AdoptError, Checkpoint, Stream};

/// How often a wait that a stop would end looks for one.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// One node: a ledger, its tenants, and the threads that keep them going. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    stream: Stream<Incoming>,
    /// Gone once the engine has stopped.
    running: Mutex<Option<Running>>,
    runners: Mutex<Option<Runners>>,
}

struct Running {
    writer: JoinHandle<Option<(Ledger, Vec<WriterTenant>)>>,
    runner_threads: Vec<JoinHandle<()>>,
    maintenance: JoinHandle<()>,
    scrub: JoinHandle<()>,
    notary: Notary,
    /// Stops maintenance and scrub when it is dropped.
    stop_maintenance: crossbeam_channel::Sender<()>,
}

/// What [`open`] has started.
pub(crate) struct Parts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) stream: Stream<Incoming>,
    pub(crate) runners: Runners,
    pub(crate) writer: JoinHandle<Option<(Ledger, Vec<WriterTenant>)>>,
    pub(crate) runner_threads: Vec<JoinHandle<()>>,
    pub(crate) maintenance: JoinHandle<()>,
    pub(crate) scrub: JoinHandle<()>,
    pub(crate) notary: Notary,
    pub(crate) stop_maintenance: crossbeam_channel::Sender<()>,
}

/// An event to submit: decoded, and as JSON for a stream that is read by others too.
#[derive(Clone, Debug)]
pub struct Submission {
    pub incoming: Incoming,
    /// What [`Incoming::republish`] wrote, where the stream [is published](Engine::is_published).
    pub json: Bytes,
}

impl Engine {
    /// Opens the ledger, brings every decider and projection to its head, and starts the threads.
    pub async fn open(config: Config, registry: Registry) -> Result<Self, OpenError> {
        open::open(config, registry).await
    }

    pub(crate) fn assemble(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            shared: parts.shared,
            stream: parts.stream,
            running: Mutex::new(Some(Running {
                writer: parts.writer,
                runner_threads: parts.runner_threads,
                maintenance: parts.maintenance,
                scrub: parts.scrub,
                notary: parts.notary,
                stop_maintenance: parts.stop_maintenance,
            })),
            runners: Mutex::new(Some(parts.runners)),
        }))
    }

    pub fn tenant(&self, slug: &str) -> Option<Arc<Tenant>> {
        self.0.shared.tenants.by_slug(slug)
    }

    /// All tenants by number, without the node's own.
    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        let mut tenants = self.0.shared.tenants.all();
        tenants.retain(|tenant| tenant.number() != TenantNumber::NODE);
        tenants
    }

    /// The node's own ledger, where messages stand that belong to no tenant.
    pub fn node_tenant(&self) -> Option<Arc<Tenant>> {
        self.tenant(open::NODE_SLUG)
    }

    /// The shell's clock.
    pub fn now(&self) -> Timestamp {
        (self.0.shared.clock)()
    }

    /// Where the ledger is, and what else is kept beside it.
    pub fn data_dir(&self) -> &Path {
        &self.0.shared.data_dir
    }

    pub fn jobs(&self) -> &Jobs {
        &self.0.shared.jobs
    }

    pub fn scorers(&self) -> &Scorers {
        &self.0.shared.scorers
    }

    /// Whether events wait for the writer, so that what nobody waits for had better wait, too.
    pub fn is_busy(&self) -> bool {
        let status = self.0.stream.status();
        status.queued + status.unacknowledged > 0
    }

    /// Whether others read the stream, so that [`Submission::json`] must be the event as the
    /// service publishes it. The embedded stream only counts its bytes.
    pub fn is_published(&self) -> bool {
        self.0.shared.stream_outlives_us()
    }

    pub fn status(&self) -> Status {
        status::of(&self.0.shared, &self.0.stream)
    }

    pub fn projections(&self, tenant: &Tenant) -> Vec<ProjectionStatus> {
        tenant.projection_statuses(&self.0.shared.jobs)
    }

    /// Begins a tenant, or finds it.
    pub async fn create_tenant(&self, slug: &str) -> Result<Arc<Tenant>, SubmitError> {
        let until = Instant::now() + ANSWER_WAIT_MAX;
        if let Some(known) = self.tenant(slug) {
            return self.begun(known, until).await;
        }
        if self.tenants().len() >= TENANTS_MAX {
            let detail = format!("a node has at most {TENANTS_MAX} tenants");
            return Err(SubmitError::Refused(Problem::new(
                "too_many_tenants",
                "",
                detail,
            )));
        }
        let submission = crate::tenant_created::submission(slug).map_err(SubmitError::Refused)?;
        let items = vec![item(submission)];
        for run in self.publish(slug, items, false, until).await? {
            self.posted(&run, until).await?;
        }
        match self.tenant(slug) {
            Some(tenant) => self.begun(tenant, until).await,
            None => Err(SubmitError::Unavailable {
                reason: format!("tenant {slug} was not begun"),
            }),
        }
    }

    /// A tenant is there once its first record is durable.
    async fn begun(&self, tenant: Arc<Tenant>, until: Instant) -> Result<Arc<Tenant>, SubmitError> {
        let mut head = tenant.head_changes();
        while *head.borrow_and_update() == 0 {
            if let Some(reason) = self.0.shared.stopped() {
                return Err(SubmitError::Unavailable { reason });
            }
            if Instant::now() >= until {
                return Err(undecided(TOO_LONG));
            }
            // Looks again now and then, since writes may stop in between.
            let _ = tokio::time::timeout(LOOK_AGAIN, head.changed()).await;
        }
        Ok(tenant)
    }

    /// Rebuilds projections beside the live ones and swaps them in; all of them when none is named.
    pub fn rebuild(&self, tenant: &Arc<Tenant>, names: &[&str]) -> Result<JobView, JobError> {
        let runners = self.runners().ok_or(JobError::Stopping)?;
        rebuild::begin(&self.0.shared, &runners, tenant, names).map(|job| job.view())
    }

    /// Folds one customer's slice again.
    pub fn refold(
        &self,
        tenant: &Arc<Tenant>,
        projection: &str,
        customer: CustomerId,
    ) -> Result<(), FoldError> {
        self.runners()
            .ok_or(FoldError::Stopped)?
            .refold(tenant, projection, customer)
    }

    /// Walks a tenant's whole chain.
    pub fn verify(&self, tenant: &Arc<Tenant>) -> Result<JobView, JobError> {
        verify::begin(&self.0.shared, tenant).map(|job| job.view())
    }

    /// Accepts the stream that reading has stopped at.
    pub async fn adopt_stream(&self) -> Result<Checkpoint, AdoptError> {
        self.0.stream.adopt().await
    }

    /// Takes nothing more, lets what was taken become durable, snapshots, and closes the ledger.
    /// Blocks the thread; call it outside the runtime's workers.
    pub fn shutdown(&self, runtime: &tokio::runtime::Handle) {
        let running = self
            .0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(running) = running else { return };
        runtime.block_on(self.0.stream.close());
        self.jobs().cancel_all();
        drop(running.stop_maintenance);
        let _ = running.maintenance.join();
        let _ = running.scrub.join();
        let written = running.writer.join().ok().flatten();
        // Runners end when nobody can send to them any more.
        self.0
            .runners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        for thread in running.runner_threads {
            let _ = thread.join();
        }
        match written {
            Some((ledger, tenants)) => close(&self.0.shared, ledger, tenants, running.notary),
            None => running.notary.stop(),
        }
    }

    fn runners(&self) -> Option<Runners> {
        self.0
            .runners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn close(shared: &Shared, ledger: Ledger, tenants: Vec<WriterTenant>, notary: Notary) {
    for writer in &tenants {
        let tenant = writer.tenant();
        if tenant.head() > 0 {
            maintenance::save_deciders(shared, tenant, writer.deciders(), tenant.head());
            for live in tenant.lives().filter(|live| !live.is_broken()) {
                maintenance::save(shared, tenant, &*live.current());
            }
        }
    }
    drop(tenants);
    shared.release();
    // Only now: snapshots may take long, and what the writer did last is noted meanwhile.
    notary.stop();
    if let Err(error) = ledger.close() {
        tracing::warn!(error = %chain(&error), "the ledger was left without a clean close");
    }
}
