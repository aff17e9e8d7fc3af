//! `/tenants`: whose ledgers this node holds.

use crate::answer::Stamped;
use crate::extract::{Caller, Query};
use crate::state::Api;
use crate::wire::ops::{TenantList, TenantState};
use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_tenants))
}

/// List tenants
///
/// With a credential, its own alone.
#[utoipa::path(
    get,
    path = "/api/v1/tenants",
    tag = "tenants",
    responses((status = 200, description = "All tenants of this node", body = TenantList)),
)]
pub(crate) async fn list_tenants(
    State(api): State<Api>,
    caller: Caller,
    Query(()): Query<()>,
) -> Stamped<Json<TenantList>> {
    let tenants = api.engine().tenants();
    let state = |slug: &str, head| TenantState {
        tenant: slug.to_owned(),
        head,
    };
    let is_shown = |slug: &str| caller.guard.sees_tenant(slug);
    let items = tenants
        .iter()
        .filter(|tenant| is_shown(tenant.slug()))
        .map(|tenant| state(tenant.slug(), tenant.head()))
        .collect();
    Stamped(
        caller.tenant.head(),
        Json(TenantList {
            items,
            next_cursor: None,
        }),
    )
}
