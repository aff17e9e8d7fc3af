//! How imports begin, and go on at a start of the service.

use super::fates::Frame;
use super::files::dry_id;
use super::journal::{self, Journal};
use super::manifest::{Counts, ImportState, Manifest, Options};
use super::past::{self, Sent};
use super::run::Running;
use super::upload::Received;
use super::{Import, undo, work};
use crate::blocking::blocking;
use crate::extract::Caller;
use crate::problem::Problem;
use crate::state::Api;
use axum::http::StatusCode;
use std::io;
use std::sync::Arc;
use tokio::runtime::Handle;
use touchbook_engine::jobs::Job;
use touchbook_engine::{JobError, JobState, Tenant, chain};
use touchbook_events::Digest;
use touchbook_events::incoming::import_undoing_id;
use touchbook_events::text::Name;
use touchbook_ingest::csv::SOURCE;

/// What jobs of imports are called.
const KIND: &str = "import";
/// Jobs of which one at a time works on a tenant's customers.
const KINDS: [&str; 2] = [KIND, undo::KIND];
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
    let runtime = Handle::current();
    blocking(move || {
        let (prefix, job) = begin_sending(&api, &caller.tenant, digest, options)?;
        let manifest = Manifest {
            id: id_of(&prefix, options),
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
            began_after: caller.tenant.head(),
            has_errors: false,
            started_at: api.engine().now(),
            finished_at: None,
            undone: None,
        };
        let kept = keep(&api, &caller.tenant, received, manifest);
        let (import, journal) = kept.inspect_err(|problem| {
            let reason = problem.detail().to_owned();
            job.finish(JobState::Failed { reason }, None, api.engine().now());
        })?;
        spawn(&runtime, api, caller.tenant, (&import, journal), job, None);
        Ok(import)
    })
    .await
}

/// Lets the job of an import work.
fn spawn(
    runtime: &Handle,
    api: Api,
    tenant: Arc<Tenant>,
    (import, journal): (&Arc<Import>, Journal),
    job: Arc<Job>,
    resumed: Option<Option<Frame>>,
) {
    let of = (api.clone(), tenant);
    let running = Running::new(of, Arc::clone(import), Arc::clone(&job), journal, resumed);
    let (failed, of) = (Arc::clone(import), api.clone());
    let panicked = move || {
        let known = failed.change(|known| {
            known.state = ImportState::Failed;
            known.reason = Some(work::PANICKED.to_owned());
            known.clone()
        });
        of.imports().save(&known);
    };
    work::spawn(runtime, api, job, running.run(), panicked);
}

/// The id of an import whose events' ids begin with `prefix`.
fn id_of(prefix: &str, options: Options) -> String {
    match options.dry_run {
        true => dry_id(prefix),
        false => prefix.to_owned(),
    }
}

/// Begins the job of a file's import; answers what its events' ids begin with, too.
fn begin_sending(
    api: &Api,
    tenant: &Tenant,
    file: Digest,
    options: Options,
) -> Result<(String, Arc<Job>), Problem> {
    loop {
        let begun = whole(api, tenant, file)?;
        let job = begin_job(api, KIND, tenant.slug(), &id_of(&begun, options))?;
        // Until there was a job, somebody may have undone it.
        let now = whole(api, tenant, file);
        if now.as_ref().is_ok_and(|now| *now == begun) {
            return Ok((begun, job));
        }
        job.finish(JobState::Cancelled, None, api.engine().now());
        now?;
    }
}

/// What the ids of events begin with: the file, and how often an import of it was undone.
fn prefix(api: &Api, tenant: &Tenant, file: Digest) -> Result<String, Problem> {
    let mut generation = 0;
    loop {
        let prefix = format!("{file}-{generation}");
        if tenant.find(SOURCE, &format!("{prefix}:undone"))?.is_none() {
            return Ok(prefix);
        }
        api.imports().files.drop_fates(&prefix);
        generation += 1;
    }
}

/// As [`prefix`]; an import that is there by half is neither imported again nor decided already.
fn whole(api: &Api, tenant: &Tenant, file: Digest) -> Result<String, Problem> {
    let prefix = prefix(api, tenant, file)?;
    match tenant.find(SOURCE, &import_undoing_id(&prefix))? {
        None => Ok(prefix),
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
    match KINDS
        .into_iter()
        .find_map(|kind| jobs.running(kind, tenant, TARGET))
    {
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
    let (jobs, now) = (api.engine().jobs(), api.engine().now());
    let begun = jobs.begin_beside(kind, &KINDS, tenant, &[TARGET, id], now);
    begun.map_err(|running| JobError::Running(running).into())
}

/// Keeps the file, and what is known of its import.
fn keep(
    api: &Api,
    tenant: &Tenant,
    received: Received,
    manifest: Manifest,
) -> Result<(Arc<Import>, Journal), Problem> {
    let (imports, files) = (api.imports(), &api.imports().files);
    for gone in files.prune(imports.list(&manifest.tenant), api.engine().now()) {
        imports.lock().remove(&gone);
    }
    received.keep_as(&files.upload(&manifest.id))?;
    files.drop_errors(&manifest.id);
    let begun = || {
        if !manifest.options.dry_run {
            // An earlier sending may have stood still, or ended with a panic.
            let sent = Sent {
                tenant,
                prefix: &manifest.prefix,
                began_after: manifest.began_after,
            };
            journal::settle(files, &manifest.prefix, || past::in_ledger(sent))?;
        }
        let journal = Journal::create(files, &manifest.id)?;
        files.save(&manifest)?;
        Ok(journal)
    };
    let journal = begun().map_err(|error: io::Error| Problem::internal(&error))?;
    Ok((imports.add(manifest), journal))
}

/// Ends an import early, whether it works, stands still or waits; what was imported stays. One that
/// is being undone stays as far as it is not yet.
pub(crate) fn cancel(api: &Api, import: &Import) {
    let known = import.manifest();
    if !known.state.is_unfinished() || api.engine().jobs().cancel(&known.job_id) {
        return;
    }
    let now = api.engine().now();
    let cancelled = import.change(|known| {
        // Its job may have begun, or ended, meanwhile.
        let stands = known.state.is_unfinished() && !api.engine().jobs().cancel(&known.job_id);
        if stands {
            match known.state {
                ImportState::Undoing => undo::give_up(api, known, None),
                _ => known.state = ImportState::Cancelled,
            }
            known.finished_at = Some(now);
        }
        stands.then(|| known.clone())
    });
    if let Some(cancelled) = cancelled {
        api.imports().save(&cancelled);
    }
}

/// Goes on with what an earlier process left.
pub(crate) fn resume(api: &Api) {
    for manifest in api.imports().unfinished() {
        go_on(api, &manifest);
    }
}

fn go_on(api: &Api, manifest: &Manifest) {
    match manifest.state {
        ImportState::Undoing => undo::resume(api, manifest),
        _ => resume_one(api, manifest),
    }
}

/// Goes on with an import of a tenant, or the undoing of one, that was interrupted or waits for its
/// turn, unless another job works on its customers.
pub(super) async fn resume_next(api: &Api, tenant: &str) {
    if api.stopping().is_cancelled() || check_idle(api, tenant).is_err() {
        return;
    }
    let mut unfinished = api.imports().unfinished().into_iter();
    if let Some(next) = unfinished.find(|known| known.tenant == tenant) {
        let api = api.clone();
        // It reads its journal, and the ledger.
        let resumed = tokio::task::spawn_blocking(move || go_on(&api, &next));
        if resumed.await.is_err() {
            tracing::error!("going on with an import ended with a panic");
        }
    }
}

fn resume_one(api: &Api, manifest: &Manifest) {
    let id = &manifest.id;
    let (Some(tenant), Some(import)) = (
        api.engine().tenant(&manifest.tenant),
        api.imports().get(&manifest.tenant, id),
    ) else {
        return;
    };
    let Ok(job) = begin_job(api, KIND, &manifest.tenant, id) else {
        tracing::info!(import = id, "an import waits until another job has ended");
        return;
    };
    let files = &api.imports().files;
    let resumed = match manifest.options.dry_run {
        // Whom it would have made is not known any more.
        true => Journal::create(files, id).map(|journal| (journal, None)),
        false => Journal::resume(files, id).map(|(journal, progress)| (journal, Some(progress))),
    };
    let (journal, progress) = match resumed {
        Ok(resumed) => resumed,
        Err(error) => {
            let reason = chain(&error);
            tracing::warn!(import = id, reason, "can't go on with an import");
            import.change(|known| known.reason = Some(reason.clone()));
            job.finish(JobState::Failed { reason }, None, api.engine().now());
            return;
        }
    };
    let row = import.change(|known| {
        if known.state != ImportState::Running {
            return None;
        }
        known.job_id = job.id().to_owned();
        known.reason = None;
        match &progress {
            Some(progress) => (known.done, known.counts) = (progress.done, progress.counts),
            None => (known.rows, known.done, known.counts) = (None, 0, Counts::default()),
        }
        Some(known.done)
    });
    let Some(row) = row else {
        // It was cancelled while it waited.
        job.finish(JobState::Cancelled, None, api.engine().now());
        return;
    };
    tracing::info!(import = id, row, "goes on with an import");
    let resumed = progress.map(|progress| progress.in_flight);
    let runtime = Handle::current();
    spawn(
        &runtime,
        api.clone(),
        tenant,
        (&import, journal),
        job,
        resumed,
    );
}
