//! `/users`: the people who use the service.

use crate::answer::{Read, Stamped};
use crate::auth::identity::accounts_of;
use crate::blocking::blocking;
use crate::extract::{Caller, IdempotencyKey, JsonBody, Path, Query};
use crate::problem::Problem;
use crate::state::Api;
use crate::submit::Command;
use crate::wire::accounts::{UserChange, UserItem, UserList};
use crate::wire::event::Written;
use axum::Json;
use axum::extract::State;
use serde_json::value::to_raw_value;
use std::sync::Arc;
use touchbook_accounts::User;
use touchbook_engine::Tenant;
use touchbook_events::{Data, EventType};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_users))
        .routes(routes!(define_user))
}

/// List users
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "accounts",
    responses((status = 200, description = "Users by their ids", body = UserList)),
)]
pub(crate) async fn list_users(caller: Caller, Query(()): Query<()>) -> Read<UserList> {
    let tenant = Arc::clone(&caller.tenant);
    let items = blocking(move || {
        let accounts = accounts_of(&tenant);
        let users = accounts.users();
        users.map(|(id, user)| item(&tenant, id, user)).collect()
    });
    let items: Result<Vec<UserItem>, Problem> = items.await;
    let list = UserList {
        items: items?,
        next_cursor: None,
    };
    Ok(Stamped(caller.tenant.head(), Json(list)))
}

/// Name and address stand in the user's record alone.
fn item(tenant: &Tenant, user_id: &str, user: &User) -> Result<UserItem, Problem> {
    let record = tenant.record(user.position)?;
    let personal = record.and_then(|record| match record.data {
        Data::UserDefined(defined) => defined.personal,
        _ => None,
    });
    let (name, email) = personal.map_or((None, None), |personal| (personal.name, personal.email));
    Ok(UserItem {
        user_id: user_id.to_owned(),
        role: user.role,
        name: name.map(|name| name.as_str().to_owned()),
        email: email.map(|email| email.as_str().to_owned()),
        customer_id: user.customer.map(|customer| customer.0),
        position: user.position,
    })
}

/// Define a user
///
/// As it is to stand: what is absent is unset. A user who is a customer has its id among the
/// customer's identifiers from then on.
#[utoipa::path(
    put,
    path = "/api/v1/users/{user_id}",
    tag = "accounts",
    params(
        ("user_id" = String, Path, description = "The user's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry the same write"),
    ),
    request_body = UserChange,
    responses((status = 200, description = "Stored", body = Written)),
)]
pub(crate) async fn define_user(
    State(api): State<Api>,
    caller: Caller,
    Path(user_id): Path<String>,
    Query(()): Query<()>,
    key: IdempotencyKey,
    JsonBody(change): JsonBody<UserChange>,
) -> Result<Json<Written>, Problem> {
    let data = to_raw_value(&change).map_err(|error| Problem::internal(&error))?;
    let command = Command {
        event_type: EventType::UserDefined,
        subject: Some(&EventType::UserDefined.subject(&user_id)),
        data: &data,
        event_id: key.event_id(&format!("PUT /users/{user_id}")),
        expected_position: None,
    };
    let written = caller.send(&api, command).await;
    written
        .map(Json)
        .map_err(|problem| problem.pointing_into_body(&["/data"]))
}
