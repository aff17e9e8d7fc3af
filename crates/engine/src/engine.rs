//! The engine's handle: what the service and its command line ask for.

mod sent;

use crate::config::{Config, Registry};
use crate::error::{JobError, OpenError, SubmitError, chain};
use crate::jobs::{JobView, Jobs};
use crate::maintenance;
use crate::notary::Notary;
use crate::open;
use crate::outcome::{Answers, Outcome, Posted};
use crate::runner::{FoldError, Runners};
use crate::shared::Shared;
use crate::status::{self, Status};
use crate::tenant::{ProjectionStatus, Tenant};
use crate::tenants::TENANTS_MAX;
use crate::writer::WriterTenant;
use crate::{rebuild, verify};
use bytes::Bytes;
use sent::{Sent, digest, known};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot::{self, error::RecvError};
use tokio::time::Instant;
use touchbook_events::{CustomerId, EventType, Incoming, Problem, TenantNumber, Timestamp};
use touchbook_ledger::Ledger;
use touchbook_stream::{AdoptError, Checkpoint, Item, Outgoing, Placed, PublishError, Stream};

/// How often a wait that a stop would end looks for one.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long a sender is kept waiting for what becomes of an event that the stream has taken.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);

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

    pub fn jobs(&self) -> &Jobs {
        &self.0.shared.jobs
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

    /// Publishes events and waits until they are decided and durable; one outcome each, in order.
    ///
    /// # Errors
    /// When there is no outcome. Unless it says otherwise, events may have been stored all the
    /// same; sending them again is safe.
    pub async fn submit(
        &self,
        tenant: &Arc<Tenant>,
        submissions: Vec<Submission>,
        atomic: bool,
    ) -> Result<Vec<Outcome>, SubmitError> {
        if let Some(reason) = self.0.shared.stopped() {
            return Err(SubmitError::Unavailable { reason });
        }
        let sent: Vec<Sent> = submissions.iter().map(Sent::of).collect();
        let items = submissions.into_iter().map(item).collect();
        let placed = self.publish(tenant, items, atomic).await?;
        let mut outcomes = Vec::with_capacity(sent.len());
        let mut rest = sent.as_slice();
        for run in placed {
            let (of_run, after) = rest.split_at((run.count as usize).min(rest.len()));
            rest = after;
            let answers = self.posted(&run).await?;
            let from = run.index as usize;
            let answers = answers
                .as_ref()
                .and_then(|answers| answers.get(from..from + of_run.len()));
            for (index, sent) in of_run.iter().enumerate() {
                let answer = answers.map(|answers| &answers[index]);
                outcomes.push(match answer {
                    Some(answer) if answer.event_key == sent.event_key && !run.duplicate => {
                        answer.outcome.clone()
                    }
                    _ => self.look_up(tenant, sent, run.duplicate).await?,
                });
            }
        }
        Ok(outcomes)
    }

    /// The answer that nobody kept, or that another event got: what the ledger knows. An event that
    /// the stream's server dropped as a repeat, and that the ledger does not know, was refused
    /// before and may not be now: it is sent once more, under a name of its own.
    async fn look_up(
        &self,
        tenant: &Arc<Tenant>,
        sent: &Sent,
        dropped: bool,
    ) -> Result<Outcome, SubmitError> {
        if let Some(known) = known(tenant, sent)? {
            return Ok(known);
        }
        if dropped {
            let again = sent.again(self.now());
            for run in self.publish(tenant, vec![again], false).await? {
                let answers = self.posted(&run).await?;
                let answer = answers
                    .as_ref()
                    .and_then(|answers| answers.get(run.index as usize));
                if let Some(answer) = answer.filter(|answer| answer.event_key == sent.event_key) {
                    return Ok(answer.outcome.clone());
                }
            }
            if let Some(known) = known(tenant, sent)? {
                return Ok(known);
            }
        }
        Err(SubmitError::Unavailable {
            reason: "what became of the event is not known; send it again with the same id"
                .to_owned(),
        })
    }

    async fn publish(
        &self,
        tenant: &Tenant,
        items: Vec<Item<Incoming>>,
        atomic: bool,
    ) -> Result<Vec<Placed>, SubmitError> {
        let outgoing = Outgoing {
            tenant: tenant.slug().into(),
            items,
            atomic,
        };
        self.0.stream.publish(outgoing).await.map_err(unavailable)
    }

    /// Takes an event from a sender who can't be told what is wrong with it: one that can't be read
    /// is kept as a dead letter. Answers what became of it.
    pub async fn deliver(
        &self,
        tenant: &Arc<Tenant>,
        event_type: EventType,
        json: Bytes,
    ) -> Result<Outcome, SubmitError> {
        if let Some(reason) = self.0.shared.stopped() {
            return Err(SubmitError::Unavailable { reason });
        }
        let item = Item {
            event_type: event_type.as_str().into(),
            key: digest(&json),
            payload: json,
            decoded: None,
        };
        let forgotten = || SubmitError::Unavailable {
            reason: "what became of the event is not known".to_owned(),
        };
        for run in self.publish(tenant, vec![item], false).await? {
            let answers = self.posted(&run).await?.ok_or_else(forgotten)?;
            if let Some(answer) = answers.get(run.index as usize) {
                return Ok(answer.outcome.clone());
            }
        }
        Err(forgotten())
    }

    /// The answers to a message once the writer has passed it; `None` when they are forgotten.
    async fn posted(&self, run: &Placed) -> Result<Option<Answers>, SubmitError> {
        let stopped = || SubmitError::Unavailable {
            reason: self
                .0
                .shared
                .stopped()
                .unwrap_or_else(|| "writes have stopped".to_owned()),
        };
        // A repeat's answers are those of others, who have yet to ask for them.
        let own = if run.duplicate { 0 } else { run.count as usize };
        match self.0.shared.board.ask(run.ticket, own) {
            Posted::Now(answers) => Ok(Some(answers)),
            Posted::Forgotten => Ok(None),
            Posted::Closed => Err(stopped()),
            Posted::Later(answer) => match self.answered(answer).await? {
                Ok(answers) => Ok(Some(answers)),
                Err(_) if self.0.shared.stopped().is_some() => Err(stopped()),
                // It was passed by, or the stream is another one.
                Err(_) => Ok(None),
            },
        }
    }

    /// Waits for answers, or until it is known that they may take for ever.
    async fn answered(
        &self,
        mut answer: oneshot::Receiver<Answers>,
    ) -> Result<Result<Answers, RecvError>, SubmitError> {
        let until = Instant::now() + ANSWER_WAIT_MAX;
        while Instant::now() < until {
            // Looks again now and then, since reading may stop in between.
            match tokio::time::timeout(LOOK_AGAIN, &mut answer).await {
                Ok(answered) => return Ok(answered),
                Err(_) => {
                    if let Some(reason) = self.0.stream.status().stopped {
                        return Err(undecided(&reason.to_string()));
                    }
                }
            }
        }
        Err(undecided("it takes longer than anybody waits"))
    }

    /// Begins a tenant, or finds it.
    pub async fn create_tenant(&self, slug: &str) -> Result<Arc<Tenant>, SubmitError> {
        if let Some(known) = self.tenant(slug) {
            return self.begun(known).await;
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
        let outgoing = Outgoing {
            tenant: slug.into(),
            items,
            atomic: false,
        };
        let placed = self.0.stream.publish(outgoing).await.map_err(unavailable)?;
        for run in placed {
            self.posted(&run).await?;
        }
        match self.tenant(slug) {
            Some(tenant) => self.begun(tenant).await,
            None => Err(SubmitError::Unavailable {
                reason: format!("tenant {slug} was not begun"),
            }),
        }
    }

    /// A tenant is there once its first record is durable.
    async fn begun(&self, tenant: Arc<Tenant>) -> Result<Arc<Tenant>, SubmitError> {
        let mut head = tenant.head_changes();
        while *head.borrow_and_update() == 0 {
            if let Some(reason) = self.0.shared.stopped() {
                return Err(SubmitError::Unavailable { reason });
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

fn item(submission: Submission) -> Item<Incoming> {
    Item {
        event_type: submission.incoming.data.event_type().as_str().into(),
        payload: submission.json,
        key: submission.incoming.event_key,
        decoded: Some(submission.incoming),
    }
}

/// The stream has taken an event, and whether the ledger will is not known yet.
fn undecided(why: &str) -> SubmitError {
    let reason = format!("the event is not decided yet; send it again with the same id: {why}");
    SubmitError::Unavailable { reason }
}

fn unavailable(error: PublishError) -> SubmitError {
    match error {
        PublishError::Full { retry_after } => SubmitError::Busy { retry_after },
        PublishError::TooLarge { .. } | PublishError::TooMany { .. } => SubmitError::TooLarge {
            detail: chain(&error),
        },
        PublishError::Name { .. } => SubmitError::Refused(Problem::invalid("/type", chain(&error))),
        _ => SubmitError::Unavailable {
            reason: chain(&error),
        },
    }
}
