//! Who delivers to a webhook: a key's own bearer, a signature with a secret that is kept for it, or
//! the secret of the documents' environment names (C13).

use super::identity::{Identity, accounts_of};
use super::{Access, Accounts};
use crate::extract::Caller;
use crate::extract::caller::{admit_anybody, anybody, dev_tenant};
use crate::problem::Problem;
use crate::state::Api;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use std::sync::Arc;
use touchbook_accounts::{Action, KeyText};
use touchbook_engine::Tenant;
use touchbook_events::catalogue::access::WebhookKind;
use touchbook_events::{Principal, PrincipalKind};
use touchbook_ingest::signature::{self, Delivery, Refusal, StandardSecret};

/// What names the key whose secret signs: `<tenant>_<prefix>`, the open part of the key.
pub(crate) const KEY_PARAMETER: &str = "key";

/// A delivery on its way in.
pub(crate) struct Knock<'a> {
    pub(crate) kind: WebhookKind,
    pub(crate) parts: &'a Parts,
    pub(crate) body: &'a [u8],
    /// The value of [`KEY_PARAMETER`].
    pub(crate) key: Option<&'a str>,
}

impl Knock<'_> {
    /// Whose delivery it is.
    ///
    /// # Errors
    /// 401 for who is not known, 503 where nobody could be (C13).
    pub(crate) async fn admit(&self, api: &Api) -> Result<Caller, Problem> {
        let accounts = match api.access() {
            Access::Dev { default_tenant } => {
                admit_anybody(self.parts)?;
                let tenant = dev_tenant(self.parts, api, default_tenant).await?;
                return Ok(anybody(api, tenant));
            }
            Access::Accounts(accounts) => accounts,
        };
        let headers = &self.parts.headers;
        if let Some(key) = bearer(headers).and_then(|text| KeyText::parse(text).ok()) {
            return self.by_key(api, &key);
        }
        match self.key {
            Some(named) => self.by_signature(api, accounts, named),
            None => self.by_shared_secret(api, accounts),
        }
    }

    fn by_key(&self, api: &Api, key: &KeyText) -> Result<Caller, Problem> {
        let identity = super::identity::of_key(api, key).ok_or_else(refused)?;
        let is_its_own = match &identity.webhook {
            Some(webhook) => webhook.kind == self.kind,
            None => Action::Sync.scope(identity.role).is_some(),
        };
        match is_its_own {
            true => Ok(caller(api, identity)),
            false => Err(refused()),
        }
    }

    /// By the key whose secret is kept.
    fn by_signature(&self, api: &Api, by: &Accounts, named: &str) -> Result<Caller, Problem> {
        let identity = named_key(api, named).ok_or_else(refused)?;
        let webhook = identity
            .webhook
            .as_ref()
            .filter(|own| own.kind == self.kind);
        let reference = webhook.and_then(|webhook| webhook.secret_reference.as_deref());
        let secret = reference.and_then(|reference| by.secrets.webhook(reference));
        let secret = secret.ok_or_else(not_configured)?;
        self.check(api, &secret)?;
        Ok(caller(api, identity))
    }

    /// By the secret that the documents' environment names, for the default tenant.
    fn by_shared_secret(&self, api: &Api, by: &Accounts) -> Result<Caller, Problem> {
        let tenant = api.engine().tenant(&by.default_tenant);
        let secret = by.secrets.webhook(self.kind.as_str());
        let (Some(tenant), Some(secret)) = (tenant.clone(), secret) else {
            let has_keys = tenant.is_some_and(|tenant| self.has_a_key(&tenant));
            return Err(if has_keys {
                refused()
            } else {
                not_configured()
            });
        };
        self.check(api, &secret)?;
        Ok(Caller {
            principal: Principal {
                kind: PrincipalKind::Program,
                id: Some(format!("webhook/{}", self.kind).into()),
            },
            ..anybody(api, tenant)
        })
    }

    fn has_a_key(&self, tenant: &Tenant) -> bool {
        let accounts = accounts_of(tenant);
        accounts.keys().any(|(_, key)| {
            let kind = key.webhook.as_ref().map(|webhook| webhook.kind);
            key.revoked_at.is_none() && kind == Some(self.kind)
        })
    }

    /// Checks what came against the secret that both sides know.
    fn check(&self, api: &Api, secret: &str) -> Result<(), Problem> {
        let headers = &self.parts.headers;
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let checked = match self.kind {
            WebhookKind::Meta => signature::meta(text("x-hub-signature-256"), self.body, secret),
            WebhookKind::Shopify => {
                signature::shopify(text("x-shopify-hmac-sha256"), self.body, secret)
            }
            WebhookKind::Timeline | WebhookKind::CallSystem => match text("webhook-signature") {
                None => signature::bearer(text("authorization"), secret),
                signature => {
                    let delivery = Delivery {
                        id: text("webhook-id"),
                        timestamp: text("webhook-timestamp"),
                        signature,
                        body: self.body,
                    };
                    let now_seconds = api.engine().now().micros().div_euclid(1_000_000);
                    StandardSecret::parse(secret)
                        .and_then(|secret| secret.verify(&delivery, now_seconds))
                }
            },
        };
        checked.map_err(|refusal| match refusal {
            Refusal::NoSecret => not_configured(),
            refusal => {
                let status = StatusCode::UNAUTHORIZED;
                Problem::new(status, "not_authenticated", refusal.to_string())
            }
        })
    }
}

/// The secret that a sender's own system is told to show when it asks whether we are we.
pub(crate) fn secret_of(api: &Api, kind: WebhookKind, named: Option<&str>) -> Option<String> {
    let Access::Accounts(by) = api.access() else {
        return None;
    };
    let Some(named) = named else {
        return by.secrets.webhook(kind.as_str());
    };
    let webhook = named_key(api, named)?
        .webhook
        .filter(|own| own.kind == kind)?;
    by.secrets.webhook(webhook.secret_reference.as_deref()?)
}

/// The key that `<tenant>_<prefix>` names, perhaps with `tb_` before it.
fn named_key(api: &Api, named: &str) -> Option<Identity> {
    let named = named.strip_prefix("tb_").unwrap_or(named);
    let (slug, prefix) = named.split_once('_')?;
    let tenant = api.engine().tenant(slug)?;
    let accounts = accounts_of(&tenant);
    let key = accounts.live_key(prefix)?;
    Some(Identity::of_key(Arc::clone(&tenant), prefix, key))
}

fn caller(api: &Api, identity: Identity) -> Caller {
    Caller {
        principal: identity.principal(),
        ..anybody(api, identity.tenant)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refused() -> Problem {
    let detail = "the webhook is not known by what was sent";
    Problem::new(StatusCode::UNAUTHORIZED, "not_authenticated", detail)
}

fn not_configured() -> Problem {
    let detail = "no secret of this webhook is configured; `touchbook keys create --webhook` makes \
                  one, and the documents' environment variables name others";
    Problem::unavailable("webhook_secret_not_configured", detail)
}
