//! `/event-types`: the catalogue, and the schemas of its payloads.

use crate::answer::Stamped;
use crate::extract::{Caller, Path, Query};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::policy::{EventTypeItem, EventTypeList};
use axum::Json;
use touchbook_events::catalogue::Sender;
use touchbook_events::{EventType, schema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_event_types))
        .routes(routes!(get_event_schema))
}

/// List event types
#[utoipa::path(
    get,
    path = "/api/v1/event-types",
    tag = "events",
    responses((status = 200, description = "The catalogue", body = EventTypeList)),
)]
pub(crate) async fn list_event_types(
    caller: Caller,
    Query(()): Query<()>,
) -> Stamped<Json<EventTypeList>> {
    let items = EventType::ALL
        .iter()
        .map(|event_type| item(*event_type))
        .collect();
    Stamped(
        caller.tenant.head(),
        Json(EventTypeList {
            items,
            next_cursor: None,
        }),
    )
}

fn item(event_type: EventType) -> EventTypeItem {
    let sender = |sender: &Sender| match sender {
        Sender::Producer => "producer",
        Sender::User => "user",
        Sender::Writer => "writer",
        Sender::Service => "service",
    };
    EventTypeItem {
        r#type: event_type.as_str(),
        version: event_type.version(),
        object: event_type.object(),
        whole_object: event_type.is_whole_object(),
        sent_by: event_type.senders().iter().map(sender).collect(),
        entry_source: event_type.entry_source().map(|source| source.as_str()),
        schema: schema::path(event_type),
    }
}

/// Read the JSON schema of an event type's payload
///
/// An older version's is the newest one: versions add members and change none.
#[utoipa::path(
    get,
    path = "/schemas/events/{type}/{version}",
    tag = "events",
    params(
        ("type" = String, Path, description = "The type, such as `order.updated`"),
        ("version" = u8, Path, description = "The version of its payload"),
    ),
    responses((status = 200, description = "JSON Schema 2020-12", body = Object)),
)]
pub(crate) async fn get_event_schema(
    Path((name, version)): Path<(String, u8)>,
    Query(()): Query<()>,
) -> Result<Json<serde_json::Value>, Problem> {
    match EventType::parse(&name).filter(|known| (1..=known.version()).contains(&version)) {
        Some(event_type) => Ok(Json(schema::of(event_type))),
        None => Err(Problem::not_found()),
    }
}
