//! The job that undoes an import: its records count no more, as if it had never been.
//!
//! Customers whom it made and of whom others have written since go on, with their identifiers. The
//! identifiers of all others whom it named become nobody's again.

mod fields;
mod plan;

use super::Import;
use super::begin::begin_job;
use super::manifest::{ImportState, Manifest, Undone};
use super::sending::{About, Halt, Sending};
use crate::blocking::blocking;
use crate::extract::Caller;
use crate::limits::IMPORT_CONFLICTS_MAX;
use crate::problem::Problem;
use crate::state::Api;
use axum::http::StatusCode;
use plan::{Freed, Plan};
use serde_json::json;
use std::sync::Arc;
use touchbook_engine::jobs::Job;
use touchbook_engine::{JobState, JobView, OutcomeKind, Tenant, chain};
use touchbook_events::limits::{BATCH_EVENTS_MAX, POSITIONS_MAX};
use touchbook_events::{EventType, Principal, PrincipalKind};
use touchbook_ingest::csv::SOURCE;

/// What jobs that undo imports are called.
pub(super) const KIND: &str = "undo";
/// Records whose identifiers are given back together.
const FREED_TOGETHER: usize = BATCH_EVENTS_MAX / 10;

/// An undoing's job, and all it needs.
struct Undoing {
    sending: Sending,
    /// `None` once it is forgotten that there was the import; the ledger knows.
    import: Option<Arc<Import>>,
    is_dry: bool,
    from: u64,
}

/// Begins to undo an import, or to say what that would come to.
pub(crate) async fn begin(
    api: Api,
    caller: Caller,
    id: String,
    is_dry: bool,
) -> Result<JobView, Problem> {
    let runtime = tokio::runtime::Handle::current();
    blocking(move || {
        let tenant = &caller.tenant;
        let found = |name: &str| tenant.find(SOURCE, &format!("{id}:{name}"));
        let from = found("started")?.ok_or_else(Problem::not_found)?;
        if let Some(position) = found("undone")? {
            let detail = "it was undone already; importing its file again is another import";
            let problem = Problem::new(StatusCode::CONFLICT, "already_undone", detail);
            return Err(problem.position(Some(position)));
        }
        let job = begin_job(&api, KIND, tenant.slug(), &id)?;
        let view = job.view();
        let import = api.imports().get(tenant.slug(), &id);
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
        };
        runtime.spawn(undoing.run());
        Ok(view)
    })
    .await
}

/// Goes on with what an earlier process left.
pub(super) fn resume(api: &Api, manifest: &Manifest) {
    let (id, slug) = (&manifest.id, &manifest.tenant);
    let Some(tenant) = api.engine().tenant(slug) else {
        return;
    };
    let from = tenant.find(SOURCE, &format!("{id}:started")).ok().flatten();
    let (Some(from), Ok(job)) = (from, begin_job(api, KIND, slug, id)) else {
        return;
    };
    let import = api.imports().get(slug, id);
    if let Some(import) = &import {
        import.change(|known| known.job_id = job.id().to_owned());
    }
    let principal = manifest.principal_id.clone();
    let undoing = Undoing {
        sending: sending(api.clone(), tenant, job, id.clone(), principal),
        import,
        is_dry: false,
        from,
    };
    tokio::spawn(undoing.run());
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
    async fn run(self) {
        let undone = self.undo().await;
        self.end(undone);
    }

    async fn undo(&self) -> Result<Undone, Halt> {
        let (tenant, prefix) = (
            Arc::clone(&self.sending.tenant),
            self.sending.prefix.clone(),
        );
        let from = self.from;
        let planned = tokio::task::spawn_blocking(move || Plan::of(&tenant, &prefix, from));
        let plan = planned.await;
        let plan = plan.map_err(|_| Halt::Failed("it ended with a panic".to_owned()))?;
        let plan = plan.map_err(|error| Halt::Failed(chain(&error)))?;
        let undone = Undone {
            records: plan.positions.len() as u64,
            customers: plan.gone,
            conflict_count: plan.conflicts.len() as u64,
            conflicts: plan
                .conflicts
                .iter()
                .take(IMPORT_CONFLICTS_MAX)
                .cloned()
                .collect(),
        };
        if !self.is_dry {
            self.retract(&plan).await?;
            let data = json!({ "import_id": self.sending.prefix, "conflicts": undone.conflicts });
            let about = About {
                event_type: EventType::ImportUndone,
                name: "undone",
                subject: None,
                data,
            };
            self.sending.say(&about).await?;
        }
        Ok(undone)
    }

    /// Gives back identifiers, then retracts all that was recorded, and the giving back with it.
    async fn retract(&self, plan: &Plan) -> Result<(), Halt> {
        let total = plan.positions.len() as u64;
        let mut positions = plan.positions.clone();
        for freeing in plan.freeing.chunks(FREED_TOGETHER) {
            self.sending.look()?;
            positions.extend(self.free(freeing).await?);
        }
        positions.sort_unstable();
        positions.dedup();
        for (at, retracted) in positions.chunks(POSITIONS_MAX).enumerate() {
            self.sending.look()?;
            let (Some(first), Some(last)) = (retracted.first(), retracted.last()) else {
                continue;
            };
            let about = About {
                event_type: EventType::EventRetracted,
                name: &format!("retract-{first}-{last}-{}", retracted.len()),
                subject: None,
                data: json!({ "positions": retracted, "reason": "the import is undone" }),
            };
            self.sending.say(&about).await?;
            let done = ((at + 1) * POSITIONS_MAX) as u64;
            self.sending.job.progress(done.min(total), total);
        }
        Ok(())
    }

    /// Makes identifiers nobody's; answers where that was recorded.
    async fn free(&self, positions: &[u64]) -> Result<Vec<u64>, Halt> {
        let (tenant, positions) = (Arc::clone(&self.sending.tenant), positions.to_vec());
        let read = tokio::task::spawn_blocking(move || plan::freed(&tenant, &positions));
        let freed = read.await;
        let freed = freed.map_err(|_| Halt::Failed("it ended with a panic".to_owned()))?;
        let freed = freed.map_err(|error| Halt::Failed(chain(&error)))?;
        let events: Result<Vec<_>, Halt> = freed
            .iter()
            .map(|freed| self.sending.event(&detached(freed).about()))
            .collect();
        let mut recorded = Vec::new();
        let mut events = events?;
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(BATCH_EVENTS_MAX));
            let outcomes = self
                .sending
                .submit(std::mem::replace(&mut events, rest))
                .await?;
            for outcome in outcomes {
                match outcome.kind {
                    // By now it is somebody else's, or was given back.
                    OutcomeKind::Ineffective { .. } | OutcomeKind::Conflict => {}
                    OutcomeKind::Refused(problem) => {
                        return Err(Halt::Failed(problem.to_string()));
                    }
                    _ => recorded.extend(outcome.position),
                }
            }
        }
        Ok(recorded)
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
            Err(Halt::Interrupted(reason)) => JobState::Failed { reason },
            Err(halt) => {
                if let Some(known) = known_here {
                    known.state = ImportState::Succeeded;
                    known.reason = Some("undoing it ended half-way; undo it again".to_owned());
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
    }

    fn result(&self, undone: &Undone) -> serde_json::Value {
        json!({
            "import_id": self.sending.prefix,
            "records": undone.records,
            "customers": undone.customers,
            "conflict_count": undone.conflict_count,
            "conflicts": undone.conflicts,
        })
    }
}

/// The texts of an event that gives back an identifier.
struct Detached {
    name: String,
    subject: String,
    data: serde_json::Value,
}

fn detached(freed: &Freed) -> Detached {
    Detached {
        name: format!("free-{}-{}", freed.position, freed.ordinal),
        subject: format!("customer/{}", freed.customer),
        data: json!({ "kind": freed.kind, "value": freed.value }),
    }
}

impl Detached {
    fn about(&self) -> About<'_> {
        About {
            event_type: EventType::IdentifierDetached,
            name: &self.name,
            subject: Some(&self.subject),
            data: self.data.clone(),
        }
    }
}
