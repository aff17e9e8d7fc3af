//! `/api/sync`: objects of other systems, sent by who is told what is wrong with them.

use crate::delivery::{Delivery, Shape};
use crate::extract::{Caller, DeliveryBody, Query};
use crate::problem::Problem;
use crate::refresh;
use crate::state::Api;
use crate::wire::delivery::{Delivered, SyncAnswer};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(sync))
        .routes(routes!(send_mail))
}

/// Bring an object of another system
///
/// `action` is one of `sync_opencart_order`, `sync_social_interaction`, `sync_quote_session`,
/// `sync_email_thread`, `sync_agent_call_log`, `sync_agent_email_log`, `sync_agent_sms_log` and
/// `bulk_update_profiles`; `data` is the object as document 001 has it. The same object again is a
/// duplicate, another content of it a revision.
#[utoipa::path(
    post,
    path = "/api/sync",
    tag = "mission",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
    ),
    request_body(content((serde_json::Value = "application/json"))),
    responses((status = 200, description = "Stored, or stored already", body = SyncAnswer)),
)]
pub(crate) async fn sync(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
    headers: HeaderMap,
    DeliveryBody(body, _held): DeliveryBody,
) -> Result<Json<SyncAnswer>, Problem> {
    let delivery = Delivery::new(Shape::Sync, body, &headers)?;
    let answer = match delivery.profiles()? {
        Some(named) => SyncAnswer::Profiles(refresh::refresh_named(api, caller, named).await?),
        None => SyncAnswer::Delivered(caller.deliver(&api, delivery).await?),
    };
    Ok(Json(answer))
}

/// Bring a mail
///
/// One message as RFC 5322 has it. From an address of the policy `own_addresses` it was sent by us,
/// else it was received; `Message-ID` and `References` make threads.
#[utoipa::path(
    post,
    path = "/api/v1/mail",
    tag = "events",
    request_body(content((String = "message/rfc822"))),
    responses((status = 200, description = "Stored, or stored already", body = Delivered)),
)]
pub(crate) async fn send_mail(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
    headers: HeaderMap,
    DeliveryBody(body, _held): DeliveryBody,
) -> Result<Json<Delivered>, Problem> {
    let delivery = Delivery::new(Shape::Mail, body, &headers)?;
    caller.deliver(&api, delivery).await.map(Json)
}
