//! The job that undoes an import: its records count no more, as if it had never been.
//!
//! Customers whom it made and of whom others have written since go on, with their identifiers. The
//! identifiers of all others whom it named become nobody's again.

mod fields;
mod freed;
mod looking;
mod marks;
mod plan;
mod work;

use super::Import;
use super::begin::begin_job;
use super::manifest::{ImportState, Manifest, Undone};
use super::sending::{About, Halt, Sending};
use super::work::Next;
use crate::blocking::blocking;
use crate::extract::Caller;
use crate::problem::Problem;
use crate::state::Api;
use axum::http::StatusCode;
use serde_json::json;
use std::sync::Arc;
use tokio::runtime::Handle;
use touchbook_customers::Customers;
use touchbook_engine::jobs::Job;
use touchbook_engine::{JobState, JobView, Tenant};
use touchbook_events::incoming::IMPORT_UNDOING;
use touchbook_events::{EventType, Principal, PrincipalKind};
use touchbook_ingest::csv::SOURCE;
use touchbook_projection::Projector;
use work::Work;

/// What jobs that undo imports are called.
pub(super) const KIND: &str = "undo";
/// Why an import can be neither sent again nor left as it is.
pub(super) const HALF_UNDONE: &str = "undoing it ended half-way; undo it again";

/// An undoing's job, and all it needs.
struct Undoing {
    sending: Sending,
    /// `None` once it is forgotten that there was the import; the ledger knows.
    import: Option<Arc<Import>>,
    is_dry: bool,
    from: u64,
    /// How the import stood before; `None` where a start goes on.
    before: Option<ImportState>,
}

/// Begins to undo an import, or to say what that would come to.
pub(crate) async fn begin(
    api: Api,
    caller: Caller,
    id: String,
    is_dry: bool,
) -> Result<JobView, Problem> {
    let runtime = Handle::current();
    blocking(move || {
        let tenant = &caller.tenant;
        let found = |name: &str| tenant.find(SOURCE, &format!("{id}:{name}"));
        let import = api.imports().get(tenant.slug(), &id);
        let Some(from) = found("started")? else {
            return Err(nothing_to_undo(import.is_some()));
        };
        if let Some(position) = found("undone")? {
            let detail = "it was undone already; importing its file again is another import";
            let problem = Problem::new(StatusCode::CONFLICT, "already_undone", detail);
            return Err(problem.position(Some(position)));
        }
        let job = begin_job(&api, KIND, tenant.slug(), &id)?;
        let view = job.view();
        let before = import.as_ref().map(|import| import.manifest().state);
        if let Some(import) = import.as_ref().filter(|_| !is_dry) {
            let known = import.change(|known| {
                known.state = ImportState::Undoing;
                known.job_id = job.id().to_owned();
                known.principal_id = caller.principal.id.clone();
                known.clone()
            });
            api.imports().save(&known);
        }
        let principal = caller.principal.id.clone();
        let sending = sending(api, Arc::clone(tenant), job, id, principal);
        let undoing = Undoing {
            sending,
            import,
            is_dry,
            from,
            before,
        };
        spawn(&runtime, undoing);
        Ok(view)
    })
    .await
}

/// A dry run, or a file that was refused, leaves nothing in the ledger.
fn nothing_to_undo(is_known: bool) -> Problem {
    if !is_known {
        return Problem::not_found();
    }
    let detail = "it wrote nothing, so there is nothing to undo";
    Problem::new(StatusCode::CONFLICT, "nothing_to_undo", detail)
}

/// Goes on with what an earlier process left.
pub(super) fn resume(api: &Api, manifest: &Manifest) {
    let (id, slug) = (&manifest.id, &manifest.tenant);
    let Some(tenant) = api.engine().tenant(slug) else {
        return;
    };
    let from = tenant.find(SOURCE, &format!("{id}:started")).ok().flatten();
    let (Some(from), Ok(job)) = (from, begin_job(api, KIND, slug, id)) else {
        tracing::info!(
            import = id,
            "undoing an import waits until another job has ended"
        );
        return;
    };
    let import = api.imports().get(slug, id);
    let goes_on = |known: &mut Manifest| {
        let goes_on = known.state == ImportState::Undoing;
        if goes_on {
            known.job_id = job.id().to_owned();
            known.reason = None;
        }
        goes_on
    };
    if !import.as_ref().is_some_and(|import| import.change(goes_on)) {
        // It was given up while it waited.
        job.finish(JobState::Cancelled, None, api.engine().now());
        return;
    }
    let principal = manifest.principal_id.clone();
    let undoing = Undoing {
        sending: sending(api.clone(), tenant, job, id.clone(), principal),
        import,
        is_dry: false,
        from,
        before: None,
    };
    spawn(&Handle::current(), undoing);
}

/// Lets the job of an undoing work.
fn spawn(runtime: &Handle, undoing: Undoing) {
    let undoing = Arc::new(undoing);
    let (api, job) = (
        undoing.sending.api.clone(),
        Arc::clone(&undoing.sending.job),
    );
    let failed = Arc::clone(&undoing);
    let panicked = move || failed.end(Err(Halt::Failed(super::work::PANICKED.to_owned())));
    super::work::spawn(runtime, api, job, undoing.run(), panicked);
}

/// Says how an import stands whose undoing is given up: as it did before, while nothing of it was
/// undone.
pub(super) fn give_up(api: &Api, known: &mut Manifest, before: Option<ImportState>) {
    let tenant = api.engine().tenant(&known.tenant);
    // What can't be looked up may have been said.
    let has_said = |name: &str| {
        let id = format!("{}:{name}", known.prefix);
        tenant
            .as_ref()
            .is_none_or(|tenant| !matches!(tenant.find(SOURCE, &id), Ok(None)))
    };
    known.state = match before {
        _ if has_said(IMPORT_UNDOING) => ImportState::HalfUndone,
        // It was begun twice, or a start went on with it.
        None | Some(ImportState::Undoing) if has_said("completed") => ImportState::Succeeded,
        None | Some(ImportState::Undoing) => ImportState::Cancelled,
        Some(before) => before,
    };
    let is_half = known.state == ImportState::HalfUndone;
    known.reason = is_half.then(|| HALF_UNDONE.to_owned());
}

/// What undoes an import is sent by Touchbook, in the name of who asked for it: nobody else may
/// retract who is who.
fn sending(
    api: Api,
    tenant: Arc<Tenant>,
    job: Arc<Job>,
    prefix: String,
    asked_by: Option<Box<str>>,
) -> Sending {
    Sending {
        api,
        tenant,
        job,
        principal: Principal {
            kind: PrincipalKind::Touchbook,
            id: asked_by,
        },
        prefix,
    }
}

impl Undoing {
    async fn run(self: Arc<Self>) -> Next {
        let undone = self.undo().await;
        let next = Next::after(&undone);
        // What is known of it is written down, which may take a moment.
        let _ = tokio::task::spawn_blocking(move || self.end(undone)).await;
        next
    }

    async fn undo(&self) -> Result<Undone, Halt> {
        // Until then it is not known what was retracted so far.
        let head = self.sending.tenant.head();
        self.sending.applied(&[Customers::NAME], head).await?;
        let work = Work::begin(&self.sending, self.from).await?;
        if self.is_dry {
            return work.undone().await;
        }
        work.undo().await?;
        let undone = work.undone().await?;
        let data = json!({ "import_id": self.sending.prefix, "conflicts": undone.conflicts });
        let about = About {
            event_type: EventType::ImportUndone,
            name: "undone",
            subject: None,
            data,
        };
        self.sending.say(&about).await?;
        Ok(undone)
    }

    fn end(&self, undone: Result<Undone, Halt>) {
        let now = self.sending.api.engine().now();
        let result = undone.as_ref().ok().map(|undone| self.result(undone));
        let mut known = self.import.as_ref().map(|import| import.manifest());
        let known_here = known.as_mut().filter(|_| !self.is_dry);
        let ended = match undone {
            Ok(undone) => {
                if let Some(known) = known_here {
                    known.state = ImportState::Undone;
                    known.undone = Some(undone);
                    known.reason = None;
                }
                JobState::Succeeded
            }
            // The next start goes on.
            Err(Halt::Stopping) => JobState::Cancelled,
            Err(Halt::Interrupted(reason)) => {
                if let Some(known) = known_here {
                    known.reason = Some(reason.clone());
                }
                JobState::Failed { reason }
            }
            Err(halt) => {
                if let Some(known) = known_here {
                    give_up(&self.sending.api, known, self.before);
                }
                match halt {
                    Halt::Failed(reason) => JobState::Failed { reason },
                    _ => JobState::Cancelled,
                }
            }
        };
        let finish = || self.sending.job.finish(ended, result, now);
        match (&self.import, known) {
            (Some(import), Some(known)) if !self.is_dry => {
                self.sending.api.imports().save(&known);
                // Whoever sees that it has ended may import again.
                import.change(|import| {
                    *import = known;
                    finish();
                });
            }
            _ => finish(),
        }
        #[cfg(test)]
        self.sending.api.imports().turns.end();
    }

    fn result(&self, undone: &Undone) -> serde_json::Value {
        json!({
            "import_id": self.sending.prefix,
            "records": undone.records,
            "customers": undone.customers,
            "conflict_count": undone.conflict_count,
            "conflicts": undone.conflicts,
            "policy_positions": undone.policies,
        })
    }
}
