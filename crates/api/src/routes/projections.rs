//! `/projections`: how far each is, and rebuilding one from the ledger.

use crate::answer::{Read, Stamped};
use crate::blocking::blocking;
use crate::extract::{Caller, Params, Path, Query, Values};
use crate::problem::Problem;
use crate::routes::jobs::Begun;
use crate::state::Api;
use crate::wire::ops::{Job, ProjectionList, ProjectionState};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;
use touchbook_engine::JobError;
use touchbook_events::digest::hex;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_projections))
        .routes(routes!(rebuild_projection))
        .routes(routes!(cancel_rebuild))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Also digest every state, which takes a moment.
    #[param(default = false)]
    digest: bool,
}

impl Params for ListParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            digest: values.flag("digest")?,
        })
    }
}

/// List projections
///
/// How far each has folded the ledger, and what is wrong with it. Two states of one position with
/// equal digests are equal: that is how a rebuild, or another node, is compared with this one.
#[utoipa::path(
    get,
    path = "/api/v1/projections",
    tag = "projections",
    params(ListParams),
    responses((status = 200, description = "All projections", body = ProjectionList)),
)]
pub(crate) async fn list_projections(
    State(api): State<Api>,
    caller: Caller,
    Query(params): Query<ListParams>,
) -> Read<ProjectionList> {
    let head = caller.tenant.head();
    let statuses = api.engine().projections(&caller.tenant).into_iter();
    let mut items: Vec<_> = statuses.map(ProjectionState::from).collect();
    if params.digest {
        let tenant = Arc::clone(&caller.tenant);
        items = blocking(move || {
            for item in &mut items {
                item.digest = tenant.digest(item.name).map(|digest| hex(&digest));
            }
            Ok(items)
        })
        .await?;
    }
    Ok(Stamped(
        head,
        Json(ProjectionList {
            items,
            next_cursor: None,
        }),
    ))
}

/// Rebuild a projection
///
/// A job that folds the ledger into a second state beside the live one, which goes on answering,
/// and then takes its place.
#[utoipa::path(
    post,
    path = "/api/v1/projections/{name}/rebuild",
    tag = "projections",
    params(("name" = String, Path, description = "The projection's name")),
    responses((status = 202, description = "The job that rebuilds", body = Job)),
)]
pub(crate) async fn rebuild_projection(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Query(()): Query<()>,
) -> Result<Begun, Problem> {
    Ok(Begun(
        api.engine().rebuild(&caller.tenant, &[&name])?.into(),
    ))
}

/// Cancel a rebuild
///
/// The live state stays as it is.
#[utoipa::path(
    post,
    path = "/api/v1/projections/{name}/cancel",
    tag = "projections",
    params(("name" = String, Path, description = "The projection's name")),
    responses((status = 202, description = "The job, asked to stop", body = Job)),
)]
pub(crate) async fn cancel_rebuild(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Query(()): Query<()>,
) -> Result<Begun, Problem> {
    let statuses = api.engine().projections(&caller.tenant);
    let Some(status) = statuses.iter().find(|status| status.name == name) else {
        let allowed = statuses.iter().map(|status| status.name).collect();
        return Err(JobError::UnknownProjection { allowed }.into());
    };
    let Some(job) = &status.rebuild else {
        let detail = "no rebuild of it runs";
        return Err(Problem::new(StatusCode::CONFLICT, "not_running", detail));
    };
    api.engine().jobs().cancel(&job.id);
    let job = api
        .engine()
        .jobs()
        .get(&job.id)
        .ok_or_else(Problem::not_found)?;
    Ok(Begun(job.into()))
}
