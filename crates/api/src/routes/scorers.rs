//! `/scorers`: what scores what customers say, how far it is, and since when its words count.

use crate::answer::Stamped;
use crate::extract::{Caller, IdempotencyKey, JsonBody, Path, Query};
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::event::Written;
use crate::wire::scorer::{Scorer, ScorerActivation, ScorerList};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::to_raw_value;
use touchbook_engine::ScorerStatus;
use touchbook_events::EventType;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_scorers))
        .routes(routes!(activate_scorer))
}

/// List scorers
///
/// What gives the sentiment of entries whose senders say nothing of it.
#[utoipa::path(
    get,
    path = "/api/v1/scorers",
    tag = "scorers",
    responses((status = 200, description = "All scorers of this node", body = ScorerList)),
)]
pub(crate) async fn list_scorers(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
) -> Stamped<Json<ScorerList>> {
    let head = caller.tenant.head();
    let scorers = api.engine().scorers().of(&caller.tenant).into_iter();
    let items = scorers.map(|status| Scorer::of(status, head)).collect();
    Stamped(
        head,
        Json(ScorerList {
            items,
            next_cursor: None,
        }),
    )
}

/// Activate a scorer
///
/// Sends `scorer.activated`: its words count from now on, or since a moment. Then entries since
/// that moment which it has not scored yet are scored, as a job of the kind `score`; a new score
/// takes the place of the scorer's older one. What senders say themselves stands.
#[utoipa::path(
    post,
    path = "/api/v1/scorers/{name}/activate",
    tag = "scorers",
    params(
        ("name" = String, Path, description = "The scorer's name"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
    ),
    request_body = ScorerActivation,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn activate_scorer(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(activation): JsonBody<ScorerActivation>,
) -> Result<Json<Written>, Problem> {
    #[derive(Serialize)]
    struct Activated<'a> {
        name: &'a str,
        version: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<&'a str>,
    }
    let ScorerStatus { name, version, .. } = known(&api, &caller, &name)?;
    if activation.version.is_some_and(|other| other != version) {
        let detail = format!("`{name}` has another version");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let problem = Problem::new(status, "unknown_version", detail).at("/version");
        return Err(problem.allowing([version]));
    }
    let data = to_raw_value(&Activated {
        name,
        version,
        since: activation.since.as_deref(),
    })
    .map_err(|error| Problem::internal(&error))?;
    let command = Command {
        event_type: EventType::ScorerActivated,
        subject: Some(&format!("scorer/{name}")),
        data: &data,
        event_id: key.event_id(&format!("POST /scorers/{name}/activate")),
        expected_position: None,
    };
    let written = caller.send(&api, command).await;
    written
        .map(Json)
        .map_err(|problem| problem.pointing_into_body(&["/data"]))
}

fn known(api: &Api, caller: &Caller, name: &str) -> Result<ScorerStatus, Problem> {
    let scorers = api.engine().scorers().of(&caller.tenant);
    let found = scorers.iter().find(|scorer| scorer.name == name).copied();
    found.ok_or_else(|| {
        let detail = format!("`{name}` is no scorer of this node");
        let problem = Problem::new(StatusCode::NOT_FOUND, "unknown_scorer", detail);
        problem.allowing(scorers.iter().map(|scorer| scorer.name))
    })
}
