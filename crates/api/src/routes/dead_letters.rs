//! `/dead-letters`: what could not be used, and dealing with it.

mod ledger;

use crate::answer::{Read, Stamped};
use crate::blocking::blocking;
use crate::decode::{Decoded, decode};
use crate::delivery::{Delivery, Shape};
use crate::extract::body::MediaType;
use crate::extract::fresh::FreshnessParams;
use crate::extract::{
    Caller, Freshness, IdempotencyKey, JsonBody, LedgerCaller, Params, Path, Query, Values,
};
use crate::feed::is_cut;
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::{Command, SOURCE};
use crate::wire::dead_letter::{DeadLetterList, Resolution, ResolutionReason};
use crate::wire::event::Written;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::to_raw_value;
use std::sync::Arc;
use touchbook_engine::Tenant;
use touchbook_events::catalogue::dead_letter::DeadLetter;
use touchbook_events::{EventType, TenantNumber};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_dead_letters))
        .routes(routes!(resubmit_dead_letter))
        .routes(routes!(dismiss_dead_letter))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// `open` (the default), `resolved` or `all`.
    #[param(value_type = Option<String>, example = "open")]
    status: &'static str,
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: usize,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<u64>)]
    cursor: u64,
}

impl Params for ListParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            status: values
                .one_of("status", &["open", "resolved", "all"])?
                .unwrap_or("open"),
            limit: values.limit()?,
            cursor: values.number("cursor", 1..=u64::MAX)?.unwrap_or(u64::MAX),
        })
    }
}

/// List dead letters
///
/// What came in and could not be used, byte for byte, with the reason. What names no tenant that is
/// known, or two, is in the node's own ledger: with `--dev`, `X-Tenant-ID: _node` lists those. A
/// page of large ones ends after 2 MiB, with a `next_cursor`.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    tag = "dead letters",
    params(ListParams, FreshnessParams),
    responses((status = 200, description = "Dead letters, newest first", body = DeadLetterList)),
)]
pub(crate) async fn list_dead_letters(
    State(api): State<Api>,
    LedgerCaller(caller): LedgerCaller,
    Query((params, freshness)): Query<(ListParams, Freshness)>,
) -> Read<DeadLetterList> {
    let head = freshness.of_ledger(&api, &caller.tenant).await?;
    let list = blocking(move || ledger::list(&caller.tenant, &params, head)).await?;
    Ok(Stamped(head, Json(list)))
}

/// Send a dead letter again
///
/// It is decided like any event. What is wrong with it still is answered as if you had sent it. One
/// that was dealt with already is answered 409 with the position that says so. One of the node's
/// own ledger goes to the tenant that it names, in whose ledger `resubmitted_position` is then. One
/// that holds a part of a row of the quote source, which was too large, is answered 422.
#[utoipa::path(
    post,
    path = "/api/v1/dead-letters/{position}/resubmit",
    tag = "dead letters",
    params(
        ("position" = u64, Path, description = "The dead letter's position"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
    ),
    request_body = Option<ResolutionReason>,
    responses((status = 200, description = "Stored; the resolution's answer", body = Written)),
)]
pub(crate) async fn resubmit_dead_letter(
    State(api): State<Api>,
    LedgerCaller(caller): LedgerCaller,
    Path(position): Path<u64>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    reason: Option<JsonBody<ResolutionReason>>,
) -> Result<Json<Written>, Problem> {
    let letter = ledger::letter(&caller.tenant, position)?;
    let event_id = key.event_id(&format!("POST /dead-letters/{position}/resubmit"));
    let tenant = Arc::clone(&caller.tenant);
    if let Some(resolution) = blocking(move || ledger::resolution_of(&tenant, position)).await?
        && caller.tenant.find(SOURCE, &event_id)? != Some(resolution.position)
    {
        return Err(resolved_already(&resolution));
    }
    let resubmitted = match caller.is_of_node() {
        true => send_again(&api, &caller.of(named(&api, &letter)?), letter).await?,
        false => send_again(&api, &caller, letter).await?,
    };
    // A repeat of what stood before the letter came: nothing became of it.
    let is_needless = !caller.is_of_node() && resubmitted <= position;
    let resubmitted = Some(resubmitted).filter(|_| !is_needless);
    let resolved = Resolved::new(position, resubmitted, reason);
    resolve(&api, &caller, &resolved, event_id).await.map(Json)
}

/// Dismiss a dead letter
///
/// One that was dealt with already is answered 409 with the position that says so.
#[utoipa::path(
    post,
    path = "/api/v1/dead-letters/{position}/dismiss",
    tag = "dead letters",
    params(
        ("position" = u64, Path, description = "The dead letter's position"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
    ),
    request_body = Option<ResolutionReason>,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn dismiss_dead_letter(
    State(api): State<Api>,
    LedgerCaller(caller): LedgerCaller,
    Path(position): Path<u64>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    reason: Option<JsonBody<ResolutionReason>>,
) -> Result<Json<Written>, Problem> {
    ledger::letter(&caller.tenant, position)?;
    let event_id = key.event_id(&format!("POST /dead-letters/{position}/dismiss"));
    let dismissed = Resolved::new(position, None, reason);
    resolve(&api, &caller, &dismissed, event_id).await.map(Json)
}

fn resolved_already(resolution: &Resolution) -> Problem {
    let detail = match resolution.resubmitted_position {
        Some(position) => format!("it was sent again already, and stands at position {position}"),
        None => "it was dismissed".to_owned(),
    };
    Problem::new(StatusCode::CONFLICT, "already_resolved", detail)
        .position(Some(resolution.position))
}

/// The tenant that a letter of the node names, if there is one by now.
fn named(api: &Api, letter: &DeadLetter) -> Result<Arc<Tenant>, Problem> {
    let slug = ledger::named_tenant(letter).unwrap_or_default();
    let known = api
        .engine()
        .tenant(&slug)
        .filter(|tenant| tenant.number() != TenantNumber::NODE);
    known.ok_or_else(|| {
        let detail = format!("there is no tenant {slug:?}; create it, and send this again");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_tenant", detail)
    })
}

/// Sends what came in as events of `caller`; answers their last position.
async fn send_again(api: &Api, caller: &Caller, letter: DeadLetter) -> Result<u64, Problem> {
    let is_cut = is_cut(&letter);
    let Some(personal) = letter.personal else {
        let detail = "what came in was erased";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "erased",
            detail,
        ));
    };
    if is_cut {
        let detail = "a part of the row is kept, and not all of it; once the row is changed at its \
                      source it is read again, so dismiss this";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(Problem::new(status, "not_whole", detail));
    }
    let raw = personal.raw.0.into();
    if let Some(shape) = Shape::of_route(&letter.facts.origin) {
        let delivery = Delivery::again(shape, raw);
        return Ok(caller.deliver(api, delivery).await?.position);
    }
    match decode(MediaType::Json, &raw, &caller.sender())? {
        Decoded::One(item) => Ok(caller.submit_one(api, item?).await?.position),
        Decoded::Many(items) => {
            let written = caller.submit_batch(api, items, true, false).await?;
            Ok(written.position)
        }
    }
}

/// How a letter is dealt with, as the payload of its event.
#[derive(Serialize)]
struct Resolved {
    position: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    resubmitted_position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dismissed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Resolved {
    /// Dismissed where nothing became of it.
    fn new(
        position: u64,
        resubmitted_position: Option<u64>,
        reason: Option<JsonBody<ResolutionReason>>,
    ) -> Self {
        Self {
            position,
            resubmitted_position,
            dismissed: resubmitted_position.is_none().then_some(true),
            reason: reason.and_then(|JsonBody(reason)| reason.reason),
        }
    }
}

async fn resolve(
    api: &Api,
    caller: &Caller,
    resolved: &Resolved,
    event_id: String,
) -> Result<Written, Problem> {
    let data = to_raw_value(resolved).map_err(|error| Problem::internal(&error))?;
    let command = Command {
        event_type: EventType::DeadLetterResolved,
        subject: Some(&format!("dead_letter/{}", resolved.position)),
        data: &data,
        event_id,
        expected_position: None,
    };
    let written = caller.send(api, command).await;
    written.map_err(|problem| problem.pointing_into_body(&["/data"]))
}
