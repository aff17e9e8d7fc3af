//! `/event-types`: the catalogue, the types that a tenant registers, and the schemas of payloads.

use crate::answer::Stamped;
use crate::extract::query::invalid;
use crate::extract::{Caller, IdempotencyKey, JsonBody, Params, Path, Query, Values};
use crate::limits::PAGE_MAX;
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::event::Written;
use crate::wire::event_type::{EventTypeItem, EventTypeList, EventTypeRegistration};
use crate::wire::problem::ProblemDetails;
use axum::Json;
use axum::extract::State;
use serde_json::value::to_raw_value;
use touchbook_events::catalogue::Sender;
use touchbook_events::catalogue::custom::schema_path;
use touchbook_events::{EventType, schema};
use touchbook_policies::Registration;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_event_types, register_event_type))
        .routes(routes!(get_event_schema))
}

/// List event types
///
/// The catalogue, then every version of the types that the tenant registered, by name.
#[utoipa::path(
    get,
    path = "/api/v1/event-types",
    tag = "events",
    params(ListParams),
    responses((status = 200, description = "A page of types", body = EventTypeList)),
)]
pub(crate) async fn list_event_types(
    caller: Caller,
    Query(params): Query<ListParams>,
) -> Result<Stamped<Json<EventTypeList>>, Problem> {
    let in_force = caller.in_force();
    let registered = in_force.types().iter().map(registered);
    let mut all = EventType::named().map(item).chain(registered);
    if let Some(cursor) = params.cursor
        && !all.any(|known| place(&known) == cursor)
    {
        return Err(invalid("cursor", "it is none of this list"));
    }
    let mut items: Vec<_> = all.take(params.limit + 1).collect();
    let has_more = items.len() > params.limit;
    items.truncate(params.limit);
    let next_cursor = items.last().map(place).filter(|_| has_more);
    let list = EventTypeList { items, next_cursor };
    Ok(Stamped(caller.tenant.head(), Json(list)))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    #[param(minimum = 1, maximum = 500, default = 500)]
    limit: usize,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<String>,
}

impl Params for ListParams {
    fn read(values: &mut Values) -> Result<Self, Problem> {
        let limit = values.number("limit", 1..=PAGE_MAX)?;
        Ok(Self {
            limit: limit.unwrap_or(PAGE_MAX) as usize,
            cursor: values.text("cursor")?,
        })
    }
}

/// Where a page ends whose last row this is.
fn place(item: &EventTypeItem) -> String {
    format!("{}/{}", item.r#type, item.version)
}

fn item(event_type: EventType) -> EventTypeItem {
    EventTypeItem {
        r#type: event_type.as_str().to_owned(),
        version: event_type.version().into(),
        object: event_type.object().to_owned(),
        whole_object: event_type.is_whole_object(),
        sent_by: sent_by(event_type),
        entry_source: event_type
            .entry_source()
            .map(|source| source.as_str().to_owned()),
        schema: schema::path(event_type),
        position: None,
        mapping: None,
    }
}

fn registered(registration: &Registration) -> EventTypeItem {
    let (name, version) = (registration.name(), registration.version());
    EventTypeItem {
        r#type: name.to_owned(),
        version,
        object: name.to_owned(),
        whole_object: EventType::Custom.is_whole_object(),
        sent_by: sent_by(EventType::Custom),
        entry_source: Some(registration.source().to_owned()),
        schema: schema_path(name, version),
        position: Some(registration.position()),
        mapping: Some(registration.mapping().cloned().unwrap_or_default()),
    }
}

fn sent_by(event_type: EventType) -> Vec<&'static str> {
    let sender = |sender: &Sender| match sender {
        Sender::Producer => "producer",
        Sender::User => "user",
        Sender::Writer => "writer",
        Sender::Service => "service",
    };
    event_type.senders().iter().map(sender).collect()
}

/// Register an event type
///
/// Sends `event_type.registered`. From then on events of the type are taken, held against the
/// schema, and shown and counted as the mapping says; what it makes of an event is decided once. A
/// version stands beside those before it and never changes: the same again is a duplicate, anything
/// else under its number is refused.
#[utoipa::path(
    post,
    path = "/api/v1/event-types",
    tag = "events",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
    ),
    request_body = EventTypeRegistration,
    responses(
        (status = 200, description = "Registered, or registered already", body = Written),
        (
            status = 409,
            description = "The version is registered, and says something else",
            body = ProblemDetails,
            content_type = "application/problem+json",
        ),
    ),
)]
pub(crate) async fn register_event_type(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(registration): JsonBody<EventTypeRegistration>,
) -> Result<Json<Written>, Problem> {
    let data = to_raw_value(&registration).map_err(|error| Problem::internal(&error))?;
    let command = Command {
        event_type: EventType::EventTypeRegistered,
        subject: None,
        data: &data,
        event_id: key.event_id("POST /event-types"),
        expected_position: None,
    };
    let written = caller.send(&api, command).await;
    written
        .map(Json)
        .map_err(|problem| problem.pointing_into_body(&["/data"]))
}

/// Read the JSON schema of an event type's payload
///
/// Of a type of the catalogue anybody may; an older version's is the newest one, since versions add
/// members and change none. Of a registered type its tenant may.
#[utoipa::path(
    get,
    path = "/schemas/events/{type}/{version}",
    tag = "events",
    params(
        ("type" = String, Path, description = "The type, such as `order.updated`"),
        ("version" = u32, Path, description = "The version of its payload"),
    ),
    responses((status = 200, description = "JSON Schema", body = Object)),
)]
pub(crate) async fn get_event_schema(
    caller: Result<Caller, Problem>,
    Path((name, version)): Path<(String, u32)>,
    Query(()): Query<()>,
) -> Result<Json<serde_json::Value>, Problem> {
    if let Some(event_type) = EventType::parse(&name).filter(|known| known.is_named()) {
        return match (1..=event_type.version().into()).contains(&version) {
            true => Ok(Json(schema::of(event_type))),
            false => Err(Problem::not_found()),
        };
    }
    let in_force = caller?.in_force();
    let registration = in_force.types().get(&name, version);
    let schema = registration.ok_or_else(Problem::not_found)?.schema();
    let schema = serde_json::from_str(schema).map_err(|error| Problem::internal(&error))?;
    Ok(Json(schema))
}
