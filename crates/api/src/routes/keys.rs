//! `/keys`: who may come in.

use crate::answer::{Read, Stamped};
use crate::auth::identity::accounts_of;
use crate::blocking::blocking;
use crate::extract::{Caller, JsonBody, Path, Query};
use crate::keys::{IssueError, NewKey, issue_key, revoke_key};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::accounts::{KeyIssued, KeyItem, KeyList, KeyRequest, KeyRevoked};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;
use touchbook_accounts::Key;
use touchbook_engine::Tenant;
use touchbook_events::catalogue::access::Role;
use touchbook_events::{self as events, Data};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_keys, create_key))
        .routes(routes!(revoke))
}

/// List keys
///
/// All there ever were; none of them is told.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    tag = "accounts",
    responses((status = 200, description = "Keys by prefix", body = KeyList)),
)]
pub(crate) async fn list_keys(caller: Caller, Query(()): Query<()>) -> Read<KeyList> {
    let tenant = Arc::clone(&caller.tenant);
    let items = blocking(move || {
        let accounts = accounts_of(&tenant);
        let keys = accounts.keys();
        keys.map(|(prefix, key)| item(&tenant, prefix, key))
            .collect()
    });
    let items: Result<Vec<KeyItem>, Problem> = items.await;
    let list = KeyList {
        items: items?,
        next_cursor: None,
    };
    Ok(Stamped(caller.tenant.head(), Json(list)))
}

/// What people call it stands in its record alone.
fn item(tenant: &Tenant, prefix: &str, key: &Key) -> Result<KeyItem, Problem> {
    let record = tenant.record(key.position)?;
    let name = record.and_then(|record| match record.data {
        Data::KeyCreated(created) => created.personal?.name,
        _ => None,
    });
    Ok(KeyItem {
        prefix: prefix.to_owned(),
        role: key.role,
        name: name.map(|name| name.as_str().to_owned()),
        user_id: key.user_id.as_deref().map(str::to_owned),
        webhook: key.webhook.as_ref().map(|webhook| webhook.kind),
        position: key.position,
        revoked_position: key.revoked_at,
    })
}

/// Create a key
///
/// The answer is the only place where the key ever stands; its hash is recorded.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    tag = "accounts",
    request_body = KeyRequest,
    responses((status = 201, description = "The key, shown once", body = KeyIssued)),
)]
pub(crate) async fn create_key(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
    JsonBody(request): JsonBody<KeyRequest>,
) -> Result<(StatusCode, Json<KeyIssued>), Problem> {
    let new = NewKey {
        role: role(&request)?,
        name: request.name,
        user_id: request.user_id,
        webhook: request.webhook,
        is_signed: false,
    };
    let _waiter = api.waiter(&caller.tenant)?;
    let issued = issue_key(api.engine(), &caller.tenant, &caller.principal, &new).await?;
    let answer = KeyIssued {
        key: issued.key.as_str().to_owned(),
        prefix: issued.key.prefix().to_owned(),
        position: issued.position,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// A webhook's sender is a producer, whatever else is said.
fn role(request: &KeyRequest) -> Result<Role, Problem> {
    match (request.role, request.webhook) {
        (None | Some(Role::Producer), Some(_)) => Ok(Role::Producer),
        (Some(_), Some(_)) => {
            let detail = "a webhook's key has the role `producer`";
            Err(events::Problem::invalid("/role", detail).into())
        }
        (Some(role), None) => Ok(role),
        (None, None) => {
            let allowed = Role::ALL.iter().map(|role| role.as_str());
            Err(events::Problem::invalid("/role", "missing")
                .allowing(allowed)
                .into())
        }
    }
}

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Refused(problem) => Self::from(problem).pointing_into_body(&["/data"]),
            IssueError::Submit(error) => error.into(),
        }
    }
}

/// Revoke a key
///
/// It opens nothing from then on, nor do sessions that began with it.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{prefix}/revoke",
    tag = "accounts",
    params(("prefix" = String, Path, description = "The key's prefix")),
    responses((status = 200, description = "It opens nothing any more", body = KeyRevoked)),
)]
pub(crate) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(prefix): Path<String>,
    Query(()): Query<()>,
) -> Result<Json<KeyRevoked>, Problem> {
    let (tenant, by) = (&caller.tenant, &caller.principal);
    let position = match accounts_of(tenant).key(&prefix).map(|key| key.revoked_at) {
        None => return Err(Problem::not_found()),
        Some(Some(revoked_at)) => revoked_at,
        Some(None) => {
            let _waiter = api.waiter(tenant)?;
            revoke_key(api.engine(), tenant, by, &prefix).await?
        }
    };
    Ok(Json(KeyRevoked { prefix, position }))
}
