//! From a request's headers to who sends it.

use super::{Accounts, session};
use crate::problem::Problem;
use crate::state::Api;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use std::sync::Arc;
use touchbook_accounts::{self as accounts, Key, KeyText};
use touchbook_engine::Tenant;
use touchbook_events::catalogue::access::{Role, WebhookKey};
use touchbook_events::{Principal, PrincipalKind};

/// Somebody whose credential is good.
pub(crate) struct Identity {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) role: Role,
    /// The user it is; programs are none.
    pub(crate) user_id: Option<Box<str>>,
    /// The prefix of the key it came with.
    pub(crate) prefix: Option<Box<str>>,
    /// The one webhook that it may call.
    pub(crate) webhook: Option<WebhookKey>,
}

impl Identity {
    /// As records name it.
    pub(crate) fn principal(&self) -> Principal {
        let kind = match self.user_id {
            Some(_) => PrincipalKind::User,
            None => PrincipalKind::Program,
        };
        let id = Some(self.name());
        Principal { kind, id }
    }

    /// A user's own id, or the subject of a program's key.
    pub(crate) fn name(&self) -> Box<str> {
        match (&self.user_id, &self.prefix) {
            (Some(user_id), _) => user_id.clone(),
            (None, prefix) => format!("key/{}", prefix.as_deref().unwrap_or_default()).into(),
        }
    }

    pub(crate) fn of_key(tenant: Arc<Tenant>, prefix: &str, key: &Key) -> Self {
        Self {
            tenant,
            role: key.role,
            user_id: key.user_id.clone(),
            prefix: Some(prefix.into()),
            webhook: key.webhook.clone(),
        }
    }
}

/// A credential as it was sent.
enum Credential<'a> {
    Key(KeyText),
    Token(&'a str),
    Session(&'a str),
}

/// Who sends a request.
///
/// # Errors
/// 401 where nobody says so with a good credential, 403 where a browser may have been made to.
pub(crate) fn identify(parts: &Parts, api: &Api, by: &Accounts) -> Result<Identity, Problem> {
    by.hosts.check(&parts.headers)?;
    let identity = match sent(&parts.headers)? {
        Credential::Key(text) => of_key(api, &text),
        Credential::Token(text) => of_token(api, by, text)?,
        Credential::Session(text) => {
            let identity = of_session(api, by, text);
            if identity.is_some() {
                session::check_origin(&parts.method, &parts.headers)?;
            }
            identity
        }
    };
    identity.ok_or_else(|| not_authenticated("the credential opens nothing here"))
}

fn sent(headers: &HeaderMap) -> Result<Credential<'_>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        let session = session::sent(headers).map(Credential::Session);
        let detail = "this route needs a credential: a key or a token in `Authorization: Bearer …`";
        return session.ok_or_else(|| not_authenticated(detail));
    };
    let text = value.to_str().unwrap_or_default();
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return Err(not_authenticated("`Authorization` must be `Bearer …`")),
    };
    Ok(KeyText::parse(token).map_or(Credential::Token(token), Credential::Key))
}

/// Whose key it is, where it is one.
pub(crate) fn of_key(api: &Api, text: &KeyText) -> Option<Identity> {
    let tenant = api.engine().tenant(text.tenant())?;
    let known = accounts_of(&tenant);
    let key = known.opened_by(text)?;
    Some(Identity::of_key(Arc::clone(&tenant), text.prefix(), key))
}

fn of_session(api: &Api, by: &Accounts, text: &str) -> Option<Identity> {
    let now = api.engine().now();
    let session = session::Session::read(text, &by.secrets.session(), now)?;
    let tenant = api.engine().tenant(&session.tenant)?;
    let known = accounts_of(&tenant);
    let key = known.live_key(&session.prefix)?;
    Some(Identity::of_key(Arc::clone(&tenant), &session.prefix, key))
}

fn of_token(api: &Api, by: &Accounts, text: &str) -> Result<Option<Identity>, Problem> {
    let now = api.engine().now();
    let claims = by.tokens.as_ref().and_then(|tokens| tokens.read(text, now));
    let Some((claims, tenant)) = claims.and_then(|claims| {
        api.engine()
            .tenant(&claims.tenant)
            .map(|tenant| (claims, tenant))
    }) else {
        return Ok(None);
    };
    let known = accounts_of(&tenant);
    let role = claims
        .role
        .or_else(|| known.user(&claims.sub).map(|user| user.role));
    let Some(role) = role else {
        let detail = "the token names no `role`, and its user is not defined in this tenant";
        return Err(Problem::new(StatusCode::FORBIDDEN, "no_role", detail));
    };
    Ok(Some(Identity {
        tenant,
        role,
        user_id: Some(claims.sub.into()),
        prefix: None,
        webhook: None,
    }))
}

/// Keys and users of a tenant as they are durable.
pub(crate) fn accounts_of(tenant: &Tenant) -> Arc<accounts::Accounts> {
    tenant.published().unwrap_or_default()
}

fn not_authenticated(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "not_authenticated", detail)
}
