//! Online rebuild: a second state beside the live one, folded from the ledger, then swapped in.
//!
//! One thread decodes, one thread a projection folds; the live state goes on answering and folding.

mod batches;

use crate::error::{JobError, ReadError, chain};
use crate::jobs::{Job, JobState};
use crate::runner::{FoldError, Runners};
use crate::shared::Shared;
use crate::tenant::Tenant;
use batches::{Batch, Batches, WAITING_BATCHES_MAX};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use touchbook_events::Record;
use touchbook_projection::projection::AnyProjection;

/// Records that a rebuild leaves to the swap, which folds them while the live state waits.
const LEFT_TO_SWAP: u64 = 2_000;

/// Begins rebuilding `names` (all when empty) of a tenant, as one job.
pub(crate) fn begin(
    shared: &Arc<Shared>,
    runners: &Runners,
    tenant: &Arc<Tenant>,
    names: &[&str],
) -> Result<Arc<Job>, JobError> {
    let allowed = shared.registry.projection_names();
    if names.iter().any(|name| !allowed.contains(name)) {
        return Err(JobError::UnknownProjection { allowed });
    }
    let names = if names.is_empty() {
        allowed.as_slice()
    } else {
        names
    };
    let job = shared
        .jobs
        .begin("rebuild", tenant.slug(), names, (shared.clock)())
        .map_err(JobError::Running)?;
    let fresh = shared.registry.fresh_projections();
    let fresh = fresh
        .into_iter()
        .filter(|fresh| names.contains(&fresh.name()))
        .collect();
    let rebuild = Rebuild {
        shared: Arc::clone(shared),
        runners: runners.clone(),
        tenant: Arc::clone(tenant),
        job: Arc::clone(&job),
        fresh,
    };
    let spawned = std::thread::Builder::new()
        .name("touchbook-rebuild".to_owned())
        .spawn(move || rebuild.run());
    if let Err(error) = spawned {
        let reason = format!("could not start its thread: {error}");
        job.finish(JobState::Failed { reason }, None, (shared.clock)());
    }
    Ok(job)
}

struct Rebuild {
    shared: Arc<Shared>,
    runners: Runners,
    tenant: Arc<Tenant>,
    job: Arc<Job>,
    fresh: Vec<Arc<dyn AnyProjection>>,
}

impl Rebuild {
    fn run(self) {
        let state = match catch_unwind(AssertUnwindSafe(|| self.fold_and_swap())) {
            Ok(Ok(true)) => JobState::Succeeded,
            Ok(Ok(false)) => JobState::Cancelled,
            Ok(Err(error)) => JobState::Failed {
                reason: chain(&error),
            },
            Err(_) => JobState::Failed {
                reason: "the projection panicked".to_owned(),
            },
        };
        self.job.finish(state, None, (self.shared.clock)());
    }

    /// `false` when it was cancelled; then nothing of it is left.
    fn fold_and_swap(&self) -> Result<bool, FoldError> {
        // What is appended meanwhile is left to the swap, as long as it is little.
        loop {
            let head = self.tenant.head();
            let folded = self.folded();
            if head <= folded + LEFT_TO_SWAP {
                break;
            }
            self.fold(folded + 1, head)?;
            if self.job.is_cancelled() {
                return Ok(false);
            }
        }
        self.go_live()?;
        if self.job.is_cancelled() {
            return Ok(false);
        }
        for fresh in &self.fresh {
            self.runners.swap(&self.tenant, fresh)?;
        }
        self.job.progress(self.tenant.head(), self.tenant.head());
        Ok(true)
    }

    /// All at once: each builds its lists of all customers.
    fn go_live(&self) -> Result<(), FoldError> {
        std::thread::scope(|scope| {
            let go = |fresh: &Arc<dyn AnyProjection>| fresh.go_live(&self.tenant.history());
            let going = self
                .fresh
                .iter()
                .map(|fresh| scope.spawn(move || go(fresh)));
            let going: Vec<_> = going.collect();
            going.into_iter().try_for_each(|going| {
                let gone = going.join().map_err(|_| FoldError::Panicked)?;
                gone.map_err(FoldError::from)
            })
        })
    }

    fn folded(&self) -> u64 {
        self.fresh
            .iter()
            .map(|fresh| fresh.applied())
            .min()
            .unwrap_or_default()
    }

    fn fold(&self, from: u64, to: u64) -> Result<(), FoldError> {
        std::thread::scope(|scope| {
            let mut senders = Vec::new();
            let mut folds = Vec::new();
            for fresh in &self.fresh {
                let (sender, batches) = bounded(WAITING_BATCHES_MAX);
                senders.push(sender);
                folds.push(scope.spawn(move || self.fold_batches(&**fresh, &batches)));
            }
            let read = self.read(from, to, &senders);
            drop(senders);
            for fold in folds {
                fold.join().map_err(|_| FoldError::Panicked)??;
            }
            read.map_err(FoldError::from)
        })
    }

    fn fold_batches(
        &self,
        fresh: &dyn AnyProjection,
        batches: &Receiver<Batch<Record>>,
    ) -> Result<(), FoldError> {
        let history = self.tenant.history();
        for batch in batches {
            fresh.apply_batch(&batch, &history)?;
            self.job.progress(self.folded(), self.tenant.head());
        }
        Ok(())
    }

    fn read(&self, from: u64, to: u64, folds: &[Sender<Batch<Record>>]) -> Result<(), ReadError> {
        let mut batches = Batches::to(folds);
        self.tenant
            .records(from..=to, &mut |record| match self.job.is_cancelled() {
                true => ControlFlow::Break(()),
                false => batches.push(record),
            })?;
        if !self.job.is_cancelled() {
            batches.end();
        }
        Ok(())
    }
}
