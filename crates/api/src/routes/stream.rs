//! `/stream`: records as they become durable.

use crate::extract::query::none_of;
use crate::extract::{Caller, Params, Query, Values};
use crate::limits::SSE_KEEP_ALIVE;
use crate::lookup;
use crate::problem::Problem;
use crate::sse::{Filter, Reader};
use crate::state::Api;
use crate::wire::stream::StreamedRecord;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{KeepAlive, Sse};
use std::sync::Arc;
use touchbook_engine::WaitError;
use touchbook_events::EventType;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const LAST_EVENT_ID: &str = "last-event-id";

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(stream_records))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    /// Only records of this customer, named as in `/customers/{ref}`.
    customer: Option<String>,
    /// Only these types, apart by commas; registered ones too.
    #[param(value_type = Option<String>, example = "order.updated,call.started")]
    types: Vec<String>,
    /// Begin after this position; without it and without `Last-Event-ID`, at the present.
    after: Option<u64>,
}

impl Params for StreamParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        Ok(Self {
            customer: values.text("customer")?,
            types: values.words("types")?,
            after: values.number("after", 0..=u64::MAX)?,
        })
    }
}

/// Follow the ledger
///
/// Server-sent events: `id` is the position, `event` the type, `data` a short form of the record.
/// A reader that reconnects with `Last-Event-ID` misses nothing and gets nothing twice. One that
/// falls more than 10,000 records behind is closed, and resumes.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "events",
    params(
        StreamParams,
        ("Last-Event-ID" = Option<u64>, Header, description = "The last position received"),
    ),
    responses((
        status = 200,
        description = "Records as they become durable",
        body = StreamedRecord,
        content_type = "text/event-stream",
    )),
)]
pub(crate) async fn stream_records(
    State(api): State<Api>,
    caller: Caller,
    Query(params): Query<StreamParams>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let customer = match &params.customer {
        Some(named) => Some(lookup::customer(&caller, named)?),
        None => caller.guard.own(),
    };
    let filter = Filter {
        customer,
        types: types(&caller, &params.types)?,
    };
    let head = caller.tenant.head();
    let after = last_event_id(&headers)?.or(params.after).unwrap_or(head);
    if after > head {
        return Err(WaitError::Ahead {
            position: after,
            head,
        }
        .into());
    }
    let place = api.sse_reader(&caller.tenant)?;
    let stopping = api.stopping().clone();
    let reader = Reader::new(Arc::clone(&caller.tenant), filter, after, stopping, place);
    Ok(Sse::new(reader.into_stream()).keep_alive(KeepAlive::new().interval(SSE_KEEP_ALIVE)))
}

/// Types by their names.
fn types(caller: &Caller, names: &[String]) -> Result<Vec<Box<str>>, Problem> {
    let in_force = caller.in_force();
    let ours = || EventType::named().map(EventType::as_str);
    let read = |name: &String| {
        if ours().any(|known| known == name) || in_force.types().has(name) {
            return Ok(name.as_str().into());
        }
        let mut allowed: Vec<&str> = ours().collect();
        allowed.extend(in_force.types().names());
        Err(none_of("types", name).allowing(allowed))
    };
    names.iter().map(read).collect()
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let position = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    position.map(Some).ok_or_else(|| {
        Problem::unreadable(
            "invalid_last_event_id",
            "`Last-Event-ID` must be a position",
        )
    })
}
