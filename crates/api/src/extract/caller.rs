//! Who sends a request, and for which tenant. The one place that accounts will replace.

use crate::problem::Problem;
use crate::state::{Access, Api};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use std::sync::Arc;
use touchbook_engine::Tenant;
use touchbook_events::{Principal, PrincipalKind, TenantNumber};

/// Names the tenant in `--dev`.
pub(crate) const TENANT_HEADER: &str = "x-tenant-id";
/// What stands for a caller that did not have to say who it is.
const DEV_PRINCIPAL: &str = "dev";

/// A caller that may come in.
pub(crate) struct Caller {
    pub tenant: Arc<Tenant>,
    pub principal: Principal,
    /// Whether others read the stream that it sends to.
    pub is_published: bool,
}

/// A caller that may also have come for the node's own ledger, where the dead letters are that no
/// tenant's ledger could hold. With `--dev` anybody may; accounts will let only `super_admin`.
pub(crate) struct LedgerCaller(pub Caller);

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let LedgerCaller(caller) = LedgerCaller::from_request_parts(parts, api).await?;
        if caller.is_of_node() {
            let detail = "the tenant `_node` has dead letters and nothing else: only \
                `GET /dead-letters`, `/ledger/events` and `/events/{position}`, and \
                `POST /dead-letters/{position}/resubmit` and `/dismiss` know it";
            return Err(Problem::new(StatusCode::FORBIDDEN, "node_ledger", detail));
        }
        Ok(caller)
    }
}

impl Caller {
    /// Whether it came for the node's own ledger.
    pub(crate) fn is_of_node(&self) -> bool {
        self.tenant.number() == TenantNumber::NODE
    }

    /// The same caller, come for another tenant.
    pub(crate) fn of(&self, tenant: Arc<Tenant>) -> Self {
        Self {
            tenant,
            principal: self.principal.clone(),
            is_published: self.is_published,
        }
    }
}

impl FromRequestParts<Api> for LedgerCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let default_tenant = admit(parts, api)?;
        let slug = match parts.headers.get(TENANT_HEADER) {
            None => default_tenant,
            Some(value) => value.to_str().map_err(|_| {
                Problem::unreadable("invalid_tenant", "`X-Tenant-ID` must be visible ASCII")
            })?,
        };
        let tenant = match api.engine().tenant(slug) {
            Some(tenant) => tenant,
            None => api.engine().create_tenant(slug).await?,
        };
        let id = Some(DEV_PRINCIPAL.into());
        let principal = Principal {
            kind: PrincipalKind::Unauthenticated,
            id,
        };
        Ok(Self(Caller {
            tenant,
            principal,
            is_published: api.engine().is_published(),
        }))
    }
}

/// Lets nobody in who need not be, and answers the tenant of who names none.
///
/// Without credentials the only protection is that the service listens on loopback, so a page of
/// the web must not reach it through its visitor's browser: neither under a name of its own that
/// points to loopback, nor from another origin.
pub(crate) fn admit<'a>(parts: &Parts, api: &'a Api) -> Result<&'a str, Problem> {
    let Access::Dev { default_tenant } = api.access() else {
        let detail = "this route needs a credential, and this service has none yet";
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "not_authenticated",
            detail,
        ));
    };
    if parts.headers.contains_key(header::IF_MATCH) {
        // Ignoring it would break what its sender relies on.
        let detail = "only a change of a customer or a policy that has a path of its own decides on \
                      `If-Match`";
        return Err(Problem::unreadable("if_match_not_supported", detail));
    }
    for name in [header::HOST, header::ORIGIN] {
        if named_hosts(&parts.headers, &name).any(|host| !is_loopback(host)) {
            let detail = format!("`{name}` must be loopback while nobody is asked for credentials");
            return Err(Problem::new(StatusCode::FORBIDDEN, "not_loopback", detail));
        }
    }
    Ok(default_tenant)
}

/// The hosts that a `Host` or `Origin` header names; what can't be read is a name of nobody.
fn named_hosts<'a>(
    headers: &'a HeaderMap,
    name: &header::HeaderName,
) -> impl Iterator<Item = &'a str> + use<'a> {
    headers.get_all(name).iter().map(|value| {
        let text = value.to_str().unwrap_or_default();
        let host = text.split_once("://").map_or(text, |(_, host)| host);
        match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
            _ => host,
        }
    })
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What a path that nobody serves answers: outside `/api/v1` anybody may know, inside only callers.
pub(crate) fn unknown_path(parts: &Parts, api: &Api) -> Problem {
    match admit(parts, api) {
        Err(refused) if parts.uri.path().starts_with("/api/v1") => refused,
        _ => Problem::not_found(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_many_names() {
        let hosts = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, value.parse().unwrap());
            named_hosts(&headers, &header::HOST).all(is_loopback)
        };
        for yes in [
            "localhost",
            "localhost:7400",
            "127.0.0.1:7400",
            "[::1]:7400",
            "[::1]",
            "http://127.0.0.1:5173",
        ] {
            assert!(hosts(yes), "{yes}");
        }
        for no in [
            "example.org",
            "127.0.0.1.example.org:80",
            "null",
            "http://evil.test",
            "10.0.0.1",
        ] {
            assert!(!hosts(no), "{no}");
        }
    }
}
