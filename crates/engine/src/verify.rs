//! Verifying a tenant's ledger, as a job.

use crate::error::JobError;
use crate::jobs::{Job, JobState};
use crate::shared::Shared;
use crate::tenant::Tenant;
use serde_json::json;
use std::ops::ControlFlow;
use std::sync::Arc;
use touchbook_events::digest::hex;

pub(crate) fn begin(shared: &Arc<Shared>, tenant: &Arc<Tenant>) -> Result<Arc<Job>, JobError> {
    let job = shared
        .jobs
        .begin("verify", tenant.slug(), &["ledger"], (shared.clock)())
        .map_err(JobError::Running)?;
    let (of_thread, tenant, shared_of_thread) =
        (Arc::clone(&job), Arc::clone(tenant), Arc::clone(shared));
    let spawned = std::thread::Builder::new()
        .name("touchbook-verify".to_owned())
        .spawn(move || verify(&shared_of_thread, &tenant, &of_thread));
    if let Err(error) = spawned {
        let reason = format!("could not start its thread: {error}");
        job.finish(JobState::Failed { reason }, None, (shared.clock)());
    }
    Ok(job)
}

fn verify(shared: &Shared, tenant: &Tenant, job: &Job) {
    let mut progress = |done, total| {
        job.progress(done, total);
        if job.is_cancelled() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let verified = tenant.reader().verify(tenant.number(), &mut progress);
    let (state, result) = match verified {
        Ok(_) if job.is_cancelled() => (JobState::Cancelled, None),
        Ok(verified) => {
            let chain = hex(&verified.head.chain);
            let result = json!({
                "records": verified.records,
                "position": verified.head.position,
                "chain": chain,
            });
            (JobState::Succeeded, Some(result))
        }
        Err(damage) => {
            shared.damage.add(damage.clone());
            let result = json!({ "first_bad_position": damage.position });
            (
                JobState::Failed {
                    reason: crate::error::chain(&damage),
                },
                Some(result),
            )
        }
    };
    job.finish(state, result, (shared.clock)());
}
