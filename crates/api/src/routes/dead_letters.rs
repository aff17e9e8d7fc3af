//! `/dead-letters`: what could not be used, and dealing with it.

use crate::answer::{Read, Stamped};
use crate::blocking::blocking;
use crate::decode::{Decoded, decode};
use crate::extract::body::MediaType;
use crate::extract::fresh::FreshnessParams;
use crate::extract::{Caller, Freshness, JsonBody, Params, Path, Query, Values};
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::dead_letter::{DeadLetterItem, DeadLetterList, Resolution, ResolutionReason};
use crate::wire::event::Written;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::to_raw_value;
use std::collections::BTreeMap;
use std::sync::Arc;
use touchbook_engine::Tenant;
use touchbook_events::catalogue::dead_letter::{DeadLetter, RawBytes};
use touchbook_events::catalogue::import::DeadLetterResolved;
use touchbook_events::{CustomerId, Data, EventType, Header, Record};
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
/// What came in and could not be used, byte for byte, with the reason.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    tag = "dead letters",
    params(ListParams, FreshnessParams),
    responses((status = 200, description = "Dead letters, newest first", body = DeadLetterList)),
)]
pub(crate) async fn list_dead_letters(
    State(api): State<Api>,
    caller: Caller,
    Query((params, freshness)): Query<(ListParams, Freshness)>,
) -> Read<DeadLetterList> {
    let head = freshness.of_ledger(&api, &caller.tenant).await?;
    let list = blocking(move || list(&caller.tenant, &params, head)).await?;
    Ok(Stamped(head, Json(list)))
}

/// Dead letters name no customer, and the ledger finds such records by themselves.
fn list(tenant: &Tenant, params: &ListParams, head: u64) -> Result<DeadLetterList, Problem> {
    let mut letters = BTreeMap::new();
    let mut resolutions = BTreeMap::new();
    tenant.customer_records(CustomerId::NIL, head, &mut |record| {
        let Record { header, data, .. } = record;
        match data {
            Data::DeadLetter(letter) => {
                letters.insert(header.position, (header, letter));
            }
            Data::DeadLetterResolved(resolved) => {
                if let Some(resolution) = resolution(&header, &resolved) {
                    resolutions
                        .entry(resolved.facts.position)
                        .or_insert(resolution);
                }
            }
            _ => {}
        }
    })?;
    let mut items: Vec<DeadLetterItem> = letters
        .into_iter()
        .rev()
        .filter(|(position, _)| *position < params.cursor)
        .filter(|(position, _)| match params.status {
            "open" => !resolutions.contains_key(position),
            "resolved" => resolutions.contains_key(position),
            _ => true,
        })
        .take(params.limit + 1)
        .map(|(position, (header, letter))| {
            item(&header, *letter, resolutions.get(&position).cloned())
        })
        .collect();
    let more = items.len() > params.limit;
    items.truncate(params.limit);
    let next_cursor = items.last().filter(|_| more).map(|last| last.position);
    Ok(DeadLetterList { items, next_cursor })
}

/// What the record says of a letter that came before it; one that comes after it, it can't mean.
fn resolution(header: &Header, resolved: &DeadLetterResolved) -> Option<Resolution> {
    if !header.is_effective() || header.position <= resolved.facts.position {
        return None;
    }
    let personal = resolved.personal.as_ref();
    let reason = personal.and_then(|personal| personal.reason.as_ref());
    Some(Resolution {
        position: header.position,
        resubmitted_position: resolved.facts.resubmitted_position,
        reason: reason.map(ToString::to_string),
    })
}

/// What dealt with the letter at `position` first.
fn resolution_of(tenant: &Tenant, position: u64) -> Result<Option<Resolution>, Problem> {
    let mut first = None;
    tenant.customer_records(CustomerId::NIL, tenant.head(), &mut |record| {
        if let Data::DeadLetterResolved(resolved) = &record.data
            && resolved.facts.position == position
            && first.is_none()
        {
            first = resolution(&record.header, resolved);
        }
    })?;
    Ok(first)
}

fn item(header: &Header, letter: DeadLetter, resolution: Option<Resolution>) -> DeadLetterItem {
    let (raw, pointer, detail) = match letter.personal {
        Some(personal) => (Some(personal.raw), personal.pointer, Some(personal.detail)),
        None => (None, None, None),
    };
    DeadLetterItem {
        position: header.position,
        recorded_at: header.recorded_at,
        reason: letter.facts.reason.to_string(),
        pointer: pointer.map(|pointer| pointer.to_string()),
        detail: detail.map(|detail| detail.to_string()),
        origin: letter.facts.origin.to_string(),
        raw,
        resolution,
    }
}

/// Send a dead letter again
///
/// It is decided like any event. What is wrong with it still is answered as if you had sent it. One
/// that was dealt with already is answered 409 with the position that says so.
#[utoipa::path(
    post,
    path = "/api/v1/dead-letters/{position}/resubmit",
    tag = "dead letters",
    params(("position" = u64, Path, description = "The dead letter's position")),
    request_body = Option<ResolutionReason>,
    responses((status = 200, description = "Stored; the resolution's answer", body = Written)),
)]
pub(crate) async fn resubmit_dead_letter(
    State(api): State<Api>,
    caller: Caller,
    Path(position): Path<u64>,
    Query(()): Query<()>,
    reason: Option<JsonBody<ResolutionReason>>,
) -> Result<Json<Written>, Problem> {
    let RawBytes(raw) = raw(&caller, position)?;
    let tenant = Arc::clone(&caller.tenant);
    if let Some(resolution) = blocking(move || resolution_of(&tenant, position)).await? {
        return Err(resolved_already(&resolution));
    }
    let resubmitted = match decode(MediaType::Json, &raw.into(), &caller.sender())? {
        Decoded::One(item) => caller.submit_one(&api, item?).await?.position,
        Decoded::Many(items) => {
            caller
                .submit_batch(&api, items, true, false)
                .await?
                .position
        }
    };
    resolve(&api, &caller, position, Some(resubmitted), reason)
        .await
        .map(Json)
}

/// Dismiss a dead letter
#[utoipa::path(
    post,
    path = "/api/v1/dead-letters/{position}/dismiss",
    tag = "dead letters",
    params(("position" = u64, Path, description = "The dead letter's position")),
    request_body = Option<ResolutionReason>,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn dismiss_dead_letter(
    State(api): State<Api>,
    caller: Caller,
    Path(position): Path<u64>,
    Query(()): Query<()>,
    reason: Option<JsonBody<ResolutionReason>>,
) -> Result<Json<Written>, Problem> {
    raw(&caller, position)?;
    resolve(&api, &caller, position, None, reason)
        .await
        .map(Json)
}

fn resolved_already(resolution: &Resolution) -> Problem {
    let detail = match resolution.resubmitted_position {
        Some(position) => format!("it was sent again already, and stands at position {position}"),
        None => "it was dismissed".to_owned(),
    };
    Problem::new(StatusCode::CONFLICT, "already_resolved", detail)
        .position(Some(resolution.position))
}

/// What came in, of a dead letter that exists and is not erased.
fn raw(caller: &Caller, position: u64) -> Result<RawBytes, Problem> {
    match caller.tenant.record(position)?.map(|record| record.data) {
        Some(Data::DeadLetter(letter)) => {
            letter.personal.map(|personal| personal.raw).ok_or_else(|| {
                let detail = "what came in was erased";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "erased", detail)
            })
        }
        Some(_) | None => Err(Problem::not_found()),
    }
}

/// The event's id is that of the letter, so a letter is dealt with once.
async fn resolve(
    api: &Api,
    caller: &Caller,
    position: u64,
    resubmitted_position: Option<u64>,
    reason: Option<JsonBody<ResolutionReason>>,
) -> Result<Written, Problem> {
    #[derive(Serialize)]
    struct Resolved {
        position: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        resubmitted_position: Option<u64>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        dismissed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    let reason = reason.and_then(|JsonBody(reason)| reason.reason);
    let dismissed = resubmitted_position.is_none();
    let resolved = Resolved {
        position,
        resubmitted_position,
        dismissed,
        reason,
    };
    let data = to_raw_value(&resolved).map_err(|error| Problem::internal(&error))?;
    let command = Command {
        event_type: EventType::DeadLetterResolved,
        subject: Some(&format!("dead_letter/{position}")),
        data: &data,
        expected_position: None,
        event_id: format!("dead-letters/{position}"),
    };
    let written = caller.send(api, command).await;
    written.map_err(|problem| problem.pointing_into_body(&["/data"]))
}
