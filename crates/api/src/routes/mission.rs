//! The spellings of the documents that the service was asked for, as thin translations.

pub(crate) mod sync;
pub(crate) mod timeline;
pub(crate) mod webhooks;

use crate::state::Api;
use utoipa_axum::router::OpenApiRouter;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(sync::routes())
        .merge(timeline::routes())
        .merge(webhooks::routes())
}
