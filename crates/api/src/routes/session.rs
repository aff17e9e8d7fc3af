//! `/session`: a browser signs in with a key, and out again.

use crate::auth::Access;
use crate::auth::guard::Guard;
use crate::auth::identity::of_key;
use crate::auth::session::Session;
use crate::extract::{Caller, JsonBody, Query};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::accounts::{SessionState, SignIn};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use touchbook_accounts::KeyText;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_session, sign_in, sign_out))
}

type SetCookie = [(HeaderName, HeaderValue); 1];

/// Ask who one is
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "accounts",
    responses((status = 200, description = "Who the credential is", body = SessionState)),
)]
pub(crate) async fn get_session(caller: Caller, Query(()): Query<()>) -> Json<SessionState> {
    let (role, own) = match &caller.guard {
        Guard::Open => (None, None),
        Guard::Role(rights) => (Some(rights.role), rights.own),
    };
    Json(SessionState {
        tenant: caller.tenant.slug().to_owned(),
        role,
        principal: caller.principal.id.map(Into::into),
        customer_id: own.map(|own| own.0),
    })
}

/// Sign in
///
/// Turns a key into a cookie that scripts can't read, for half a day. With it, what changes
/// something needs the header `X-Touchbook`, which no page of another site can send.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "accounts",
    request_body = SignIn,
    responses((
        status = 200,
        description = "Signed in",
        body = SessionState,
        headers(("Set-Cookie" = String, description = "The session")),
    )),
)]
pub(crate) async fn sign_in(
    State(api): State<Api>,
    Query(()): Query<()>,
    JsonBody(sign_in): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    let Access::Accounts(accounts) = api.access() else {
        let detail = "nobody signs in here: the service asks for no credentials (`--dev`)";
        return Err(Problem::new(StatusCode::CONFLICT, "no_accounts", detail));
    };
    let identity = KeyText::parse(sign_in.key.trim())
        .ok()
        .and_then(|text| of_key(&api, &text))
        .filter(|identity| identity.webhook.is_none());
    let Some(identity) = identity else {
        let detail = "the key opens nothing here";
        let status = StatusCode::UNAUTHORIZED;
        return Err(Problem::new(status, "not_authenticated", detail).at("/key"));
    };
    let slug = identity.tenant.slug();
    let prefix = identity.prefix.as_deref().unwrap_or_default();
    let session = Session::begin(slug, prefix, api.engine().now());
    let cookie = session.cookie(&accounts.secrets.session(), accounts.is_secure)?;
    let state = SessionState {
        tenant: slug.to_owned(),
        role: Some(identity.role),
        principal: Some(identity.name().into()),
        customer_id: None,
    };
    Ok((set(cookie), Json(state)).into_response())
}

/// Sign out
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "accounts",
    responses((status = 204, description = "The browser has no session any more")),
)]
pub(crate) async fn sign_out(
    State(api): State<Api>,
    Query(()): Query<()>,
) -> Result<(StatusCode, SetCookie), Problem> {
    let is_secure = matches!(api.access(), Access::Accounts(accounts) if accounts.is_secure);
    Ok((StatusCode::NO_CONTENT, set(Session::no_cookie(is_secure)?)))
}

fn set(cookie: HeaderValue) -> SetCookie {
    [(header::SET_COOKIE, cookie)]
}
