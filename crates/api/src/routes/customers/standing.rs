//! What people say of a customer: its status, what it consents to, its identifiers.

use crate::extract::{Caller, IdempotencyKey, IfMatch, JsonBody, Path, Query};
use crate::lookup;
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::event::Written;
use crate::wire::reference::Whose;
use crate::wire::standing::{ConsentChange, IdentifierChange, Payload, StatusChange};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::value::to_raw_value;
use touchbook_events::{CustomerId, EventType};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(set_status))
        .routes(routes!(set_consent))
        .routes(routes!(attach_identifier))
        .routes(routes!(detach_identifier))
}

/// A change of one customer on its way to the ledger.
struct Change<'a, T> {
    event_type: EventType,
    customer: CustomerId,
    /// As the path named it.
    whose: Whose,
    data: &'a T,
    /// `PUT /customers/…`, which names a write that is tried again.
    route: &'static str,
    key: IdempotencyKey,
    if_match: IfMatch,
}

impl<T: Serialize> Change<'_, T> {
    async fn send(self, api: &Api, caller: &Caller) -> Result<Json<Written>, Problem> {
        let expected_position = self.if_match.expected_position()?;
        let data = to_raw_value(self.data).map_err(|error| Problem::internal(&error))?;
        let subject = format!("customer/{}", self.customer);
        let command = Command {
            event_type: self.event_type,
            subject: Some(&subject),
            data: &data,
            event_id: self
                .key
                .event_id(&format!("{} {}", self.route, self.customer)),
            expected_position,
        };
        let written = caller.send(api, command).await;
        written
            .map(|written| Json(written.of(self.whose)))
            .map_err(|problem| problem.pointing_into_body(&["/data"]))
    }
}

/// Set a customer's status
///
/// By hand: `vip`, `blocked`, `inactive` or `active`; null lets it follow from the policies again.
#[utoipa::path(
    put,
    path = "/api/v1/customers/{ref}/status",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
        ("If-Match" = Option<String>, Header, description = "Only if nothing changed since"),
    ),
    request_body = StatusChange,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn set_status(
    State(api): State<Api>,
    if_match: IfMatch,
    caller: Caller,
    Path(named): Path<String>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(change): JsonBody<StatusChange>,
) -> Result<Json<Written>, Problem> {
    let whose = lookup::named(&caller, &named)?.whose();
    let customer = whose.customer_id;
    let change = Change {
        event_type: EventType::CustomerStatusChanged,
        customer,
        whose,
        data: &Payload::of(customer, &change),
        route: "PUT /customers/status",
        key,
        if_match,
    };
    change.send(&api, &caller).await
}

/// Set what a customer consents to
///
/// Of one channel (`call`, `email`, `sms`, `social`) or of all.
#[utoipa::path(
    put,
    path = "/api/v1/customers/{ref}/consent",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
        ("If-Match" = Option<String>, Header, description = "Only if nothing changed since"),
    ),
    request_body = ConsentChange,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn set_consent(
    State(api): State<Api>,
    if_match: IfMatch,
    caller: Caller,
    Path(named): Path<String>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(change): JsonBody<ConsentChange>,
) -> Result<Json<Written>, Problem> {
    let whose = lookup::named(&caller, &named)?.whose();
    let customer = whose.customer_id;
    let change = Change {
        event_type: EventType::CustomerConsentChanged,
        customer,
        whose,
        data: &Payload::of(customer, &change),
        route: "PUT /customers/consent",
        key,
        if_match,
    };
    change.send(&api, &caller).await
}

/// Give a customer an identifier
///
/// One that is another customer's stays there (409), and the two are suggested for a merge.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{ref}/identifiers",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
        ("If-Match" = Option<String>, Header, description = "Only if nothing changed since"),
    ),
    request_body = IdentifierChange,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn attach_identifier(
    State(api): State<Api>,
    if_match: IfMatch,
    caller: Caller,
    Path(named): Path<String>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(change): JsonBody<IdentifierChange>,
) -> Result<Json<Written>, Problem> {
    let whose = lookup::named(&caller, &named)?.whose();
    let change = Change {
        event_type: EventType::IdentifierAttached,
        customer: whose.customer_id,
        whose,
        data: &change,
        route: "POST /customers/identifiers",
        key,
        if_match,
    };
    change.send(&api, &caller).await
}

/// Take an identifier from a customer
///
/// Of a merged customer, it is taken from the member that has it.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{ref}/identifiers/detach",
    tag = "customers",
    params(
        ("ref" = String, Path, description = "A customer id, an e-mail address, or `kind:value`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
        ("If-Match" = Option<String>, Header, description = "Only if nothing changed since"),
    ),
    request_body = IdentifierChange,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn detach_identifier(
    State(api): State<Api>,
    if_match: IfMatch,
    caller: Caller,
    Path(named): Path<String>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(change): JsonBody<IdentifierChange>,
) -> Result<Json<Written>, Problem> {
    let whose = lookup::named(&caller, &named)?.whose();
    let group = whose.customer_id;
    let holder = lookup::holder(&caller, change.kind, &change.value)?;
    let is_in_group = |member: &CustomerId| lookup::canonical(&caller, *member).ok() == Some(group);
    let change = Change {
        event_type: EventType::IdentifierDetached,
        customer: holder.filter(is_in_group).unwrap_or(group),
        whose,
        data: &change,
        route: "POST /customers/identifiers/detach",
        key,
        if_match,
    };
    change.send(&api, &caller).await
}
