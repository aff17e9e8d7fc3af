//! The routes, one file a resource; each handler reads, asks and answers.

pub(crate) mod calls;
pub(crate) mod customers;
pub(crate) mod dead_letters;
pub(crate) mod event_types;
pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod mission;
pub(crate) mod ops;
pub(crate) mod policies;
pub(crate) mod projections;
pub(crate) mod reports;
pub(crate) mod session;
pub(crate) mod stream;
pub(crate) mod suggestions;
pub(crate) mod tenants;
pub(crate) mod timeline;
pub(crate) mod users;

use crate::state::Api;
use utoipa_axum::router::OpenApiRouter;

/// Every documented route.
pub(crate) fn all() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(events::routes())
        .merge(event_types::routes())
        .merge(stream::routes())
        .merge(ledger::routes())
        .merge(dead_letters::routes())
        .merge(customers::routes())
        .merge(timeline::routes())
        .merge(policies::routes())
        .merge(projections::routes())
        .merge(jobs::routes())
        .merge(tenants::routes())
        .merge(session::routes())
        .merge(keys::routes())
        .merge(users::routes())
        .merge(calls::routes())
        .merge(reports::routes())
        .merge(suggestions::routes())
        .merge(mission::routes())
        .merge(ops::routes())
}
