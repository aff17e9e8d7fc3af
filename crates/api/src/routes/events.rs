//! `/events`: sending events, and reading a record.

use crate::answer::{Read, Share, Stamped};
use crate::decode::{Decoded, decode};
use crate::extract::fresh::FreshnessParams;
use crate::extract::{Body, Caller, Freshness, LedgerCaller, Params, Path, Query, Values};
use crate::limits::INLINE_BYTES_MAX;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::event::{BatchWritten, EventRecord, Written};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use touchbook_events::{EventType, Header};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(send_events))
        .routes(routes!(get_event))
        .routes(routes!(get_event_raw))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SendParams {
    /// All events of the batch, or none: 422 with what is wrong with each. At most 128 KiB.
    #[param(default = false)]
    atomic: bool,
    /// `full`: the answer to a batch has a row for each event.
    #[param(inline, value_type = Option<String>, example = "full")]
    results: bool,
}

impl Params for SendParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            atomic: values.flag("atomic")?,
            results: values.one_of("results", &["full"])?.is_some(),
        })
    }
}

/// Send events
///
/// One CloudEvent, a JSON array of them, or one a line. Answers once they are durable. `source` and
/// `id` of an event make a retry safe, so `Idempotency-Key` says nothing here. An array or lines
/// answer 200 with what is wrong with single events in `errors`.
#[utoipa::path(
    post,
    path = "/api/v1/events",
    tag = "events",
    params(SendParams),
    request_body(content(
        (crate::wire::schema::CloudEvent = "application/cloudevents+json"),
        (Vec<crate::wire::schema::CloudEvent> = "application/cloudevents-batch+json"),
        (crate::wire::schema::CloudEvent = "application/json"),
        (String = "application/x-ndjson"),
    )),
    responses((status = 200, description = "Stored, or stored already", body = Sent)),
)]
pub(crate) async fn send_events(
    State(api): State<Api>,
    caller: Caller,
    Query(params): Query<SendParams>,
    mut body: Body,
) -> Result<Response, Problem> {
    // Until it is answered, since events are slices of the body.
    let held = body.held.take();
    let (decoded, caller) = read(caller, body).await?;
    let items = match decoded {
        Decoded::One(item) => {
            let written = caller.submit_one(&api, item?).await?;
            return Ok(Json(Sent::One(written)).into_response());
        }
        Decoded::Many(items) => items,
    };
    let rows = match params.results {
        true => items.len(),
        false => items.iter().filter(|item| item.is_err()).count(),
    };
    let share = Share::of_write(&api, rows, held)?;
    let written = caller
        .submit_batch(&api, items, params.atomic, params.results)
        .await;
    Ok(share.with(written.map(|written| Json(Sent::Many(written)))))
}

/// What `POST /events` answers: to one event, or to a batch.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Sent {
    One(Written),
    Many(BatchWritten),
}

/// Large bodies are read on a thread that may take its time.
async fn read(caller: Caller, body: Body) -> Result<(Decoded, Caller), Problem> {
    if body.bytes.len() <= INLINE_BYTES_MAX {
        let decoded = decode(body.media_type, &body.bytes, &caller.sender())?;
        return Ok((decoded, caller));
    }
    let reading = tokio::task::spawn_blocking(move || {
        let decoded = decode(body.media_type, &body.bytes, &caller.sender());
        decoded.map(|decoded| (decoded, caller))
    });
    reading.await.map_err(|error| Problem::internal(&error))?
}

/// Read a record
///
/// The event with what was decided about it.
#[utoipa::path(
    get,
    path = "/api/v1/events/{position}",
    tag = "events",
    params(("position" = u64, Path, description = "The record's position"), FreshnessParams),
    responses((status = 200, description = "The record", body = EventRecord)),
)]
pub(crate) async fn get_event(
    State(api): State<Api>,
    LedgerCaller(caller): LedgerCaller,
    Path(position): Path<u64>,
    Query(freshness): Query<Freshness>,
) -> Read<EventRecord> {
    let head = freshness.of_ledger(&api, &caller.tenant).await?;
    match caller.tenant.record(position)? {
        Some(record) => Ok(Stamped(head, Json(record.into()))),
        None => Err(Problem::not_found()),
    }
}

/// Read a record's stored bytes
///
/// The bytes that the hash chain runs over. Those of `tenant.created` hold the tenant's salt, and
/// are answered 409.
#[utoipa::path(
    get,
    path = "/api/v1/events/{position}/raw",
    tag = "events",
    params(("position" = u64, Path, description = "The record's position"), FreshnessParams),
    responses((
        status = 200,
        description = "The stored bytes",
        body = [u8],
        content_type = "application/octet-stream",
    )),
)]
pub(crate) async fn get_event_raw(
    State(api): State<Api>,
    LedgerCaller(caller): LedgerCaller,
    Path(position): Path<u64>,
    Query(freshness): Query<Freshness>,
) -> Result<Response, Problem> {
    let head = freshness.of_ledger(&api, &caller.tenant).await?;
    let Some(bytes) = caller.tenant.record_bytes(position)? else {
        return Err(Problem::not_found());
    };
    let header = Header::peek(&bytes).map_err(|error| Problem::internal(&error))?;
    if header.event_type == EventType::TenantCreated {
        let detail = "these bytes hold the tenant's salt, which is not given out";
        return Err(Problem::new(StatusCode::CONFLICT, "holds_secret", detail));
    }
    let octets = HeaderValue::from_static("application/octet-stream");
    Ok(Stamped(head, ([(header::CONTENT_TYPE, octets)], bytes)).into_response())
}
