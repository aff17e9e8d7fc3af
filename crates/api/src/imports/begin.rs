//! How imports begin, and go on at a start of the service.

use super::manifest::{Counts, ImportState, Manifest, Options};
use super::run::Running;
use super::upload::Received;
use super::{Import, undo};
use crate::blocking::blocking;
use crate::extract::Caller;
use crate::problem::Problem;
use crate::state::Api;
use axum::http::StatusCode;
use std::sync::Arc;
use touchbook_engine::jobs::Job;
use touchbook_engine::{JobError, JobState, Tenant};
use touchbook_events::Digest;
use touchbook_events::text::Name;
use touchbook_ingest::csv::SOURCE;

/// What jobs of imports are called.
const KIND: &str = "import";
/// What they work on: one of a tenant runs at a time, beside no undoing, since a row is compared
/// with what is known.
const TARGET: &str = "customers";

/// Begins to import a file that has arrived.
pub(crate) async fn begin(
    api: Api,
    caller: Caller,
    received: Received,
    options: Options,
    file_name: Option<Name>,
) -> Result<Arc<Import>, Problem> {
    let digest = caller.tenant.key().digest("import file", &received.hash);
    let runtime = tokio::runtime::Handle::current();
    blocking(move || {
        let prefix = prefix(&caller.tenant, digest)?;
        check_whole(&caller.tenant, &prefix)?;
        let id = match options.dry_run {
            true => format!("{prefix}-dry"),
            false => prefix.clone(),
        };
        let job = begin_job(&api, KIND, caller.tenant.slug(), &id)?;
        let manifest = Manifest {
            id,
            tenant: caller.tenant.slug().to_owned(),
            prefix,
            file_digest: digest,
            file_name: file_name.map(|name| name.as_str().to_owned()),
            options,
            principal: caller.principal.kind,
            principal_id: caller.principal.id.clone(),
            job_id: job.id().to_owned(),
            state: ImportState::Running,
            reason: None,
            rows: None,
            done: 0,
            counts: Counts::default(),
            errors: Vec::new(),
            refused: Vec::new(),
            started_at: api.engine().now(),
            finished_at: None,
            undone: None,
        };
        let earlier = api.imports().get(&manifest.tenant, &manifest.id);
        let has_failures = earlier.is_some_and(|known| known.manifest().counts.failed > 0);
        let kept = keep(&api, received, manifest);
        let import = kept.inspect_err(|problem| {
            let reason = problem.detail().to_owned();
            job.finish(JobState::Failed { reason }, None, api.engine().now());
        })?;
        let mut running = Running::new(api, caller.tenant, Arc::clone(&import), job);
        running.has_failures = has_failures;
        runtime.spawn(running.run());
        Ok(import)
    })
    .await
}

/// What the ids of events begin with: the file, and how often an import of it was undone.
fn prefix(tenant: &Tenant, file: Digest) -> Result<String, Problem> {
    let mut generation = 0;
    loop {
        let prefix = format!("{file}-{generation}");
        if tenant.find(SOURCE, &format!("{prefix}:undone"))?.is_none() {
            return Ok(prefix);
        }
        generation += 1;
    }
}

/// An import that is there by half is neither imported again nor decided already.
fn check_whole(tenant: &Tenant, prefix: &str) -> Result<(), Problem> {
    let begins = format!("{prefix}:{}", undo::BEGINS);
    match tenant.find(SOURCE, &begins)? {
        None => Ok(()),
        Some(position) => {
            let detail = format!("import {prefix} is not undone yet: {}", undo::HALF_UNDONE);
            let problem = Problem::new(StatusCode::CONFLICT, "half_undone", detail);
            Err(problem.position(Some(position)))
        }
    }
}

/// Looks whether an import could begin now, before its file is sent for nothing.
///
/// # Errors
/// 409 where another one runs.
pub(crate) fn check_idle(api: &Api, tenant: &str) -> Result<(), Problem> {
    let jobs = api.engine().jobs();
    let mut kinds = [KIND, undo::KIND].into_iter();
    match kinds.find_map(|kind| jobs.running(kind, tenant, TARGET)) {
        Some(running) => Err(JobError::Running(Box::new(running)).into()),
        None => Ok(()),
    }
}

/// Begins a job of `kind` that nothing else may disturb.
pub(super) fn begin_job(
    api: &Api,
    kind: &'static str,
    tenant: &str,
    id: &str,
) -> Result<Arc<Job>, Problem> {
    check_idle(api, tenant)?;
    let (jobs, now) = (api.engine().jobs(), api.engine().now());
    let begun = jobs.begin(kind, tenant, &[TARGET, id], now);
    begun.map_err(|running| JobError::Running(running).into())
}

/// Keeps the file, and what is known of its import.
fn keep(api: &Api, received: Received, manifest: Manifest) -> Result<Arc<Import>, Problem> {
    let imports = api.imports();
    for gone in imports.files.prune(imports.all(), api.engine().now()) {
        imports.lock().remove(&gone);
    }
    received.keep_as(&imports.files.upload(&manifest.id))?;
    imports.files.drop_errors(&manifest.id);
    let saved = imports.files.save(&manifest);
    saved.map_err(|error| Problem::internal(&error))?;
    Ok(imports.add(manifest))
}

/// Goes on with what an earlier process left.
pub(crate) fn resume(api: &Api) {
    for manifest in api.imports().all() {
        match manifest.state {
            ImportState::Running => resume_one(api, &manifest),
            ImportState::Undoing => undo::resume(api, &manifest),
            _ => {}
        }
    }
}

fn resume_one(api: &Api, manifest: &Manifest) {
    let (Some(tenant), Some(import)) = (
        api.engine().tenant(&manifest.tenant),
        api.imports().get(&manifest.tenant, &manifest.id),
    ) else {
        return;
    };
    let Ok(job) = begin_job(api, KIND, &manifest.tenant, &manifest.id) else {
        return;
    };
    import.change(|known| {
        known.job_id = job.id().to_owned();
        known.reason = None;
        if known.options.dry_run {
            // Whom it would have made is not known any more.
            (known.done, known.counts) = (0, Counts::default());
        }
    });
    tracing::info!(
        import = manifest.id,
        row = manifest.done,
        "goes on with an import"
    );
    let mut running = Running::new(api.clone(), tenant, import, job);
    running.is_resumed = true;
    running.has_failures = manifest.counts.failed > 0;
    tokio::spawn(running.run());
}
