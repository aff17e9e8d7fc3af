//! `/policies`: what decides and what is read.

use crate::answer::{Read, Stamped};
use crate::etag;
use crate::extract::fresh::FreshnessParams;
use crate::extract::{Caller, Freshness, IdempotencyKey, IfMatch, JsonBody, Path, Query};
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::event::Written;
use crate::wire::policy::{PolicyChange, PolicyList, PolicyValue};
use crate::wire::problem::ProblemDetails;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use touchbook_events::{EventType, Policies};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_policies))
        .routes(routes!(get_policy, set_policy))
}

/// List policies
#[utoipa::path(
    get,
    path = "/api/v1/policies",
    tag = "policies",
    params(FreshnessParams),
    responses((status = 200, description = "All policies as they hold", body = PolicyList)),
)]
pub(crate) async fn list_policies(
    State(api): State<Api>,
    caller: Caller,
    Query(freshness): Query<Freshness>,
) -> Read<PolicyList> {
    let head = freshness.of_ledger(&api, &caller.tenant).await?;
    let policies = caller.policies();
    let items = Policies::NAMES
        .iter()
        .filter_map(|name| value(&policies, name))
        .collect();
    Ok(Stamped(
        head,
        Json(PolicyList {
            items,
            next_cursor: None,
        }),
    ))
}

/// Read a policy
#[utoipa::path(
    get,
    path = "/api/v1/policies/{name}",
    tag = "policies",
    params(
        ("name" = String, Path, description = "The policy's name"),
        ("If-None-Match" = Option<String>, Header, description = "304 if nothing is newer"),
        FreshnessParams,
    ),
    responses(
        (
            status = 200,
            description = "The policy as it holds",
            body = PolicyValue,
            headers(("ETag" = String, description = "Its last change, for `If-Match`")),
        ),
        (status = 304, description = "Nothing is newer than the given `ETag`"),
    ),
)]
pub(crate) async fn get_policy(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    Query(freshness): Query<Freshness>,
) -> Result<Stamped<Response>, Problem> {
    let head = freshness.of_ledger(&api, &caller.tenant).await?;
    let (name, in_force) = (known(&name)?, caller.in_force());
    let value = value(in_force.policies(), name).ok_or_else(Problem::not_found)?;
    let text = serde_json::to_vec(&value).map_err(|error| Problem::internal(&error))?;
    let etag = etag::of_answer(in_force.changed_at(name), &text);
    Ok(Stamped(head, etag::tagged(&headers, etag, text)))
}

/// Set a policy
///
/// Sends `policy.defined`. It holds for what is decided and read from then on.
#[utoipa::path(
    put,
    path = "/api/v1/policies/{name}",
    tag = "policies",
    params(
        ("name" = String, Path, description = "The policy's name"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
        ("If-Match" = Option<String>, Header, description = "Only if it was not set since: an \
            `ETag`, or a position in quotes, or several, of which the newest counts"),
    ),
    request_body = PolicyChange,
    responses(
        (status = 200, description = "Stored", body = Written),
        (
            status = 412,
            description = "It was set at `position`, absent if what is expected was never here",
            body = ProblemDetails,
            content_type = "application/problem+json",
        ),
    ),
)]
pub(crate) async fn set_policy(
    State(api): State<Api>,
    if_match: IfMatch,
    caller: Caller,
    Path(name): Path<String>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(change): JsonBody<PolicyChange>,
) -> Result<Json<Written>, Problem> {
    #[derive(Serialize)]
    struct Defined<'a> {
        name: &'a str,
        value: &'a RawValue,
    }
    let expected_position = if_match.expected_position()?;
    let name = known(&name)?;
    let data = to_raw_value(&Defined {
        name,
        value: &change.value,
    })
    .map_err(|error| Problem::internal(&error))?;
    let command = Command {
        event_type: EventType::PolicyDefined,
        subject: Some(&format!("policy/{name}")),
        data: &data,
        event_id: key.event_id(&format!("PUT /policies/{name}")),
        expected_position,
    };
    let written = caller.send(&api, command).await;
    written
        .map(Json)
        .map_err(|problem| problem.pointing_into_body(&["/data"]))
}

fn known(name: &str) -> Result<&'static str, Problem> {
    Policies::NAMES
        .iter()
        .find(|known| **known == name)
        .copied()
        .ok_or_else(|| {
            let detail = format!("`{name}` is no policy");
            Problem::new(StatusCode::NOT_FOUND, "unknown_policy", detail)
                .allowing(Policies::NAMES.iter().copied())
        })
}

fn value(policies: &Policies, name: &'static str) -> Option<PolicyValue> {
    policies
        .value(name)
        .map(|value| PolicyValue { name, value })
}
