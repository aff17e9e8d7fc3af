//! Projection runners: a thread per projector that folds what became durable, tenant by tenant.

use crate::error::{OpenError, ReadError};
use crate::shared::Shared;
use crate::tenant::{Live, Tenant};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use touchbook_events::{CustomerId, Record};
use touchbook_projection::history::HistoryError;
use touchbook_projection::projection::AnyProjection;

/// Commits that may wait for a runner before the writer waits for it.
const WAITING_COMMITS_MAX: usize = 64;
/// How long a commit waits in all for runners that are behind; then the runner reads from the
/// ledger.
pub(crate) const BEHIND_WAIT: Duration = Duration::from_millis(50);
/// How often a runner that has nothing to do looks for what it missed.
const LOOK_AROUND: Duration = Duration::from_millis(200);
/// Records that are decoded and folded at a time while catching up.
const CATCH_UP_RECORDS: usize = 2_000;

/// Why a projection did not get further.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    #[error("could not read what to fold")]
    Read(#[from] ReadError),
    #[error("could not refold a customer")]
    History(#[from] HistoryError),
    #[error("the projector panicked outside of a customer's fold")]
    Panicked,
    #[error("the runner has stopped")]
    Stopped,
}

pub(crate) enum Command {
    Records {
        tenant: Arc<Tenant>,
        records: Arc<Vec<Record>>,
    },
    /// A rebuilt state takes the live one's place, once it has caught up with it.
    Swap {
        tenant: Arc<Tenant>,
        fresh: Arc<dyn AnyProjection>,
        reply: Reply,
    },
    Refold {
        tenant: Arc<Tenant>,
        customer: CustomerId,
        reply: Reply,
    },
}

pub(crate) type Reply = Sender<Result<(), FoldError>>;

/// The writer's and the jobs' end of all runners.
#[derive(Clone)]
pub(crate) struct Runners(Arc<Vec<Runner>>);

struct Runner {
    projection: &'static str,
    commands: Sender<Command>,
}

impl Runners {
    /// Starts a thread per projector; they end when every clone of this is gone.
    pub(crate) fn start(shared: &Arc<Shared>) -> Result<(Self, Vec<JoinHandle<()>>), OpenError> {
        let mut runners = Vec::new();
        let mut threads = Vec::new();
        for projection in shared.registry.projection_names() {
            let (commands, received) = bounded(WAITING_COMMITS_MAX);
            let name = format!("touchbook-{projection}");
            let shared = Arc::clone(shared);
            let thread = std::thread::Builder::new()
                .name(name.clone())
                .spawn(move || run(projection, &shared, &received))
                .map_err(|source| OpenError::Thread { name, source })?;
            runners.push(Runner {
                projection,
                commands,
            });
            threads.push(thread);
        }
        Ok((Self(Arc::new(runners)), threads))
    }

    /// Hands durable records to every runner.
    pub(crate) fn send(&self, tenant: &Arc<Tenant>, records: Vec<Record>, deadline: Instant) {
        let records = Arc::new(records);
        for runner in &*self.0 {
            let command = Command::Records {
                tenant: Arc::clone(tenant),
                records: Arc::clone(&records),
            };
            // One that stays behind misses them here and reads them from the ledger.
            let _ = runner.commands.send_deadline(command, deadline);
        }
    }

    pub(crate) fn swap(
        &self,
        tenant: &Arc<Tenant>,
        fresh: &Arc<dyn AnyProjection>,
    ) -> Result<(), FoldError> {
        let (reply, answer) = bounded(1);
        let (tenant, fresh) = (Arc::clone(tenant), Arc::clone(fresh));
        let name = fresh.name();
        self.ask(
            name,
            Command::Swap {
                tenant,
                fresh,
                reply,
            },
            &answer,
        )
    }

    pub(crate) fn refold(
        &self,
        tenant: &Arc<Tenant>,
        projection: &str,
        customer: CustomerId,
    ) -> Result<(), FoldError> {
        let (reply, answer) = bounded(1);
        let tenant = Arc::clone(tenant);
        self.ask(
            projection,
            Command::Refold {
                tenant,
                customer,
                reply,
            },
            &answer,
        )
    }

    fn ask(
        &self,
        projection: &str,
        command: Command,
        answer: &Receiver<Result<(), FoldError>>,
    ) -> Result<(), FoldError> {
        let runner = self.0.iter().find(|runner| runner.projection == projection);
        let runner = runner.ok_or(FoldError::Stopped)?;
        runner
            .commands
            .send(command)
            .map_err(|_| FoldError::Stopped)?;
        answer.recv().map_err(|_| FoldError::Stopped)?
    }
}

fn run(projection: &'static str, shared: &Shared, commands: &Receiver<Command>) {
    // What was durable before this process, or was folded into no snapshot.
    look_around(projection, shared);
    let mut looked = Instant::now();
    loop {
        match commands.recv_timeout(LOOK_AROUND) {
            Ok(command) => obey(projection, command),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        // Also while others' records keep coming: a tenant may have missed some of its own.
        if looked.elapsed() >= LOOK_AROUND {
            look_around(projection, shared);
            looked = Instant::now();
        }
    }
}

/// Why a projection is broken.
const PANICKED: &str = "its projector panicked outside of a customer's fold; rebuild it";

/// Evolves the live state, if it can be: a projector that panics outside of a customer's fold
/// leaves half a state behind. Other tenants, and other projectors, go on.
pub(crate) fn evolve(
    live: &Live,
    work: impl FnOnce() -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    if live.is_broken() {
        return Err(FoldError::Panicked);
    }
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let projection = live.current().name();
        tracing::error!(projection, "{PANICKED}");
        live.set_broken(PANICKED);
        Err(FoldError::Panicked)
    })
}

pub(crate) fn obey(projection: &str, command: Command) {
    match command {
        Command::Records { tenant, records } => {
            // While it waits, only looking around tries again: not every commit.
            let live = tenant.live(projection);
            if let Some(live) = live.filter(|live| !live.is_waiting()) {
                note(live, evolve(live, || fold(&tenant, live, &records)));
            }
        }
        Command::Swap {
            tenant,
            fresh,
            reply,
        } => {
            let Some(live) = tenant.live(projection) else {
                return;
            };
            let to = live.current().applied();
            let caught_up = catch_unwind(AssertUnwindSafe(|| catch_up(&tenant, &*fresh, to)));
            let result = caught_up.unwrap_or(Err(FoldError::Panicked));
            if result.is_ok() {
                live.swap(fresh);
            }
            let _ = reply.send(result);
        }
        Command::Refold {
            tenant,
            customer,
            reply,
        } => {
            let Some(live) = tenant.live(projection) else {
                return;
            };
            let current = live.current();
            let refold = || Ok(current.refold(customer, &tenant.history())?);
            let _ = reply.send(evolve(live, refold));
        }
    }
}

fn fold(tenant: &Tenant, live: &Live, records: &[Record]) -> Result<(), FoldError> {
    let Some(first) = records.first() else {
        return Ok(());
    };
    let current = live.current();
    catch_up(tenant, &*current, first.header.position - 1)?;
    current.apply_batch(records, &tenant.history())?;
    Ok(())
}

fn look_around(projection: &str, shared: &Shared) {
    for tenant in shared.tenants.all() {
        let Some(live) = tenant.live(projection) else {
            continue;
        };
        let current = live.current();
        if current.applied() < tenant.head() {
            note(
                live,
                evolve(live, || catch_up(&tenant, &*current, tenant.head())),
            );
        }
    }
}

fn note(live: &Live, result: Result<(), FoldError>) {
    match result {
        Ok(()) => live.clear_waiting(),
        // It was said when it broke.
        Err(FoldError::Panicked) => {}
        Err(error) => {
            let reason = crate::error::chain(&error);
            if live.set_waiting(&reason) {
                let projection = live.current().name();
                tracing::error!(projection, error = %reason, "a fold failed");
            }
        }
    }
    live.announce();
}

/// Folds from the ledger until `projection` has applied `to`.
pub(crate) fn catch_up(
    tenant: &Tenant,
    projection: &dyn AnyProjection,
    to: u64,
) -> Result<(), FoldError> {
    let history = tenant.history();
    while projection.applied() < to {
        let from = projection.applied() + 1;
        let mut records = Vec::with_capacity(CATCH_UP_RECORDS);
        tenant.records(from..=to, &mut |record| {
            records.push(record);
            if records.len() < CATCH_UP_RECORDS {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        if records.is_empty() {
            break;
        }
        projection.apply_batch(&records, &history)?;
    }
    Ok(())
}
