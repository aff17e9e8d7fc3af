//! Who sends a request, for which tenant, and whether its route is open to them.

use crate::auth::guard::{Guard, Rights};
use crate::auth::host::Hosts;
use crate::auth::identity::{Identity, accounts_of, identify};
use crate::auth::routes;
use crate::auth::{Access, Accounts};
use crate::extract::Freshness;
use crate::problem::Problem;
use crate::state::Api;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use std::sync::Arc;
use touchbook_accounts::Scope;
use touchbook_customers::Customers;
use touchbook_engine::Tenant;
use touchbook_events::catalogue::access::Role;
use touchbook_events::{CustomerId, IdentifierKind, Principal, PrincipalKind, TenantNumber};
use touchbook_identity::Identifiers;
use touchbook_projection::Projector;

/// Names the tenant; with a credential, only the credential's own.
pub(crate) const TENANT_HEADER: &str = "x-tenant-id";
/// What stands for a caller that did not have to say who it is.
const DEV_PRINCIPAL: &str = "dev";
/// How the node's own ledger is named.
const NODE: &str = "_node";

/// A caller that may come in.
#[derive(Clone)]
pub(crate) struct Caller {
    pub tenant: Arc<Tenant>,
    pub principal: Principal,
    /// What it may do.
    pub guard: Guard,
    /// Whether others read the stream that it sends to.
    pub is_published: bool,
}

/// A caller that may also have come for the node's own ledger, where the dead letters are that no
/// tenant's ledger could hold. With `--dev` anybody may; else super admins of the operator's own
/// tenant.
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
            guard: self.guard.clone(),
            is_published: self.is_published,
        }
    }
}

impl FromRequestParts<Api> for LedgerCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match api.access() {
            Access::Dev { default_tenant } => {
                admit_anybody(parts)?;
                let tenant = dev_tenant(parts, api, default_tenant).await?;
                Ok(Self(anybody(api, tenant)))
            }
            Access::Accounts(accounts) => {
                let identity = identify(parts, api, accounts)?;
                no_condition(parts)?;
                somebody(parts, api, accounts, identity).await.map(Self)
            }
        }
    }
}

/// The tenant that a request names, which begins with it.
pub(crate) async fn dev_tenant(
    parts: &Parts,
    api: &Api,
    default_tenant: &str,
) -> Result<Arc<Tenant>, Problem> {
    let slug = named_tenant(parts)?.unwrap_or(default_tenant);
    match api.engine().tenant(slug) {
        Some(tenant) => Ok(tenant),
        None => Ok(api.engine().create_tenant(slug).await?),
    }
}

/// A caller who did not have to say who it is.
pub(crate) fn anybody(api: &Api, tenant: Arc<Tenant>) -> Caller {
    Caller {
        tenant,
        principal: Principal {
            kind: PrincipalKind::Unauthenticated,
            id: Some(DEV_PRINCIPAL.into()),
        },
        guard: Guard::Open,
        is_published: api.engine().is_published(),
    }
}

/// A caller with a credential, where the route is open to it.
async fn somebody(
    parts: &Parts,
    api: &Api,
    accounts: &Accounts,
    identity: Identity,
) -> Result<Caller, Problem> {
    let tenant = tenant_of(parts, api, accounts, &identity)?;
    let matched = parts.extensions.get::<MatchedPath>();
    let known = matched.and_then(|path| routes::action(&parts.method, path.as_str()));
    // A route that is in no table is nobody's.
    let (route, action) = known.ok_or_else(Problem::failed)?;
    if identity.webhook.is_some() {
        let detail = "the key opens its webhook, and nothing else";
        return Err(Problem::new(StatusCode::FORBIDDEN, "webhook_key", detail));
    }
    let name = identity.name();
    api.admit_rate(&identity.tenant, &name, identity.role)?;
    let mut rights = Rights {
        role: identity.role,
        tenant: Arc::clone(&identity.tenant),
        principal: name,
        route,
        own: None,
        refusals: Arc::clone(api.refusals()),
    };
    if Guard::Role(rights.clone()).admit(action)? == Scope::Own {
        rights.own = Some(own_customer(api, &identity).await?);
    }
    Ok(Caller {
        tenant,
        principal: identity.principal(),
        guard: Guard::Role(rights),
        is_published: api.engine().is_published(),
    })
}

/// The credential's own tenant; or the node's ledger, if the operator's super admin asks for it.
fn tenant_of(
    parts: &Parts,
    api: &Api,
    accounts: &Accounts,
    identity: &Identity,
) -> Result<Arc<Tenant>, Problem> {
    let own = &identity.tenant;
    match named_tenant(parts)? {
        None => Ok(Arc::clone(own)),
        Some(slug) if slug == own.slug() => Ok(Arc::clone(own)),
        Some(NODE)
            if identity.role == Role::SuperAdmin && own.slug() == accounts.default_tenant =>
        {
            api.engine().node_tenant().ok_or_else(Problem::not_found)
        }
        Some(_) => {
            let detail = "`X-Tenant-ID` must be the credential's own tenant, or be left out";
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "tenant_mismatch",
                detail,
            ))
        }
    }
}

/// The customer that a user is.
async fn own_customer(api: &Api, identity: &Identity) -> Result<CustomerId, Problem> {
    if let Some(linked) = linked(identity) {
        return Ok(linked);
    }
    await_link(api, identity).await?;
    linked(identity).ok_or_else(|| {
        let detail = "Customer record not found. Please create your customer profile first.";
        Problem::new(StatusCode::FORBIDDEN, "no_customer_record", detail)
    })
}

/// The customer with the identifier that links it to a user.
fn linked(identity: &Identity) -> Option<CustomerId> {
    let (tenant, user_id) = (&identity.tenant, identity.user_id.as_deref()?);
    let identifiers = tenant.projection::<Identifiers>()?;
    let found =
        identifiers.index(|index| Identifiers::find(index, IdentifierKind::User, user_id))?;
    Some(tenant.projection::<Customers>()?.canonical(found))
}

/// A user counts once it is durable, and its link once it is projected, a moment later.
async fn await_link(api: &Api, identity: &Identity) -> Result<(), Problem> {
    let defined_at = identity.user_id.as_deref().and_then(|user_id| {
        let known = accounts_of(&identity.tenant);
        known.user(user_id).map(|user| user.position)
    });
    let projections = [Identifiers::NAME, Customers::NAME];
    let defined = Freshness::any().and_at(defined_at);
    defined
        .of(api, &identity.tenant, &projections)
        .await
        .map(drop)
}

fn named_tenant(parts: &Parts) -> Result<Option<&str>, Problem> {
    let Some(value) = parts.headers.get(TENANT_HEADER) else {
        return Ok(None);
    };
    value
        .to_str()
        .map(Some)
        .map_err(|_| Problem::unreadable("invalid_tenant", "`X-Tenant-ID` must be visible ASCII"))
}

/// Without credentials the only protection is that the service listens on loopback.
pub(crate) fn admit_anybody(parts: &Parts) -> Result<(), Problem> {
    no_condition(parts)?;
    Hosts::LOOPBACK.check(&parts.headers)
}

/// Ignoring a condition would break what its sender relies on.
fn no_condition(parts: &Parts) -> Result<(), Problem> {
    if !parts.headers.contains_key(header::IF_MATCH) {
        return Ok(());
    }
    let detail = "only a change of a customer or a policy that has a path of its own decides on \
                  `If-Match`";
    Err(Problem::unreadable("if_match_not_supported", detail))
}

/// What a path that nobody serves answers: outside `/api` anybody may know, inside only callers.
pub(crate) fn unknown_path(parts: &Parts, api: &Api) -> Problem {
    let admitted = match api.access() {
        Access::Dev { .. } => admit_anybody(parts),
        Access::Accounts(accounts) => identify(parts, api, accounts).map(drop),
    };
    match admitted {
        Err(refused) if parts.uri.path().starts_with("/api/") => refused,
        _ => Problem::not_found(),
    }
}
