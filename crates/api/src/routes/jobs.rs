//! `/jobs`: long work, how far it is, and stopping it.

use crate::answer::{Read, Stamped};
use crate::extract::{Caller, Path, Query};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::ops::{Job, JobList};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use touchbook_engine::JobView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(get_job))
        .routes(routes!(cancel_job))
}

/// 202: a job, and where it tells how far it is.
pub(crate) struct Begun(pub Job);

impl IntoResponse for Begun {
    fn into_response(self) -> Response {
        let location = format!("/api/v1/jobs/{}", self.0.id);
        (
            StatusCode::ACCEPTED,
            [(header::LOCATION, location)],
            Json(self.0),
        )
            .into_response()
    }
}

/// List jobs
///
/// Those that run, and those that ended since the service started.
#[utoipa::path(
    get,
    path = "/api/v1/jobs",
    tag = "jobs",
    responses((status = 200, description = "Jobs, newest first", body = JobList)),
)]
pub(crate) async fn list_jobs(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
) -> Stamped<Json<JobList>> {
    let jobs = api.engine().jobs().list().into_iter();
    let items = jobs
        .filter(|job| is_of(job, &caller))
        .map(Job::from)
        .collect();
    Stamped(
        caller.tenant.head(),
        Json(JobList {
            items,
            next_cursor: None,
        }),
    )
}

/// Read a job
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, description = "The job", body = Job)),
)]
pub(crate) async fn get_job(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(()): Query<()>,
) -> Read<Job> {
    let job = find(&api, &caller, &id)?;
    Ok(Stamped(caller.tenant.head(), Json(job.into())))
}

/// Cancel a job
///
/// Asks it to stop; one that has ended stays as it ended.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/{id}/cancel",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 202, description = "The job, asked to stop", body = Job)),
)]
pub(crate) async fn cancel_job(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(()): Query<()>,
) -> Result<Begun, Problem> {
    find(&api, &caller, &id)?;
    api.engine().jobs().cancel(&id);
    find(&api, &caller, &id).map(|job| Begun(job.into()))
}

fn find(api: &Api, caller: &Caller, id: &str) -> Result<JobView, Problem> {
    let found = api.engine().jobs().get(id).filter(|job| is_of(job, caller));
    found.ok_or_else(Problem::not_found)
}

fn is_of(job: &JobView, caller: &Caller) -> bool {
    job.tenant == caller.tenant.slug()
}
