//! What those ask who run the service.

use crate::answer::JsonText;
use crate::extract::Query;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::ops::{Readiness, ReadinessReason};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::LazyLock;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_front))
        .routes(routes!(get_health))
        .routes(routes!(get_readiness))
        .routes(routes!(get_metrics))
        .routes(routes!(get_openapi))
}

const FRONT: &str = "\
Touchbook: the ledger of every customer touchpoint.

/docs               the API, to read and to try
/api/openapi.json   the same for programs
/api/v1/customers   customers
/healthz /readyz    whether it lives, and whether it does its work
/metrics            for Prometheus
";

/// See what this is
#[utoipa::path(
    get,
    path = "/",
    tag = "operations",
    responses((status = 200, description = "What this is", body = str)),
)]
pub(crate) async fn get_front(Query(()): Query<()>) -> &'static str {
    FRONT
}

/// Ask whether the service lives
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operations",
    responses((status = 200, description = "It does", body = str)),
)]
pub(crate) async fn get_health(Query(()): Query<()>) -> &'static str {
    "ok\n"
}

/// Ask whether the service does its work
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses(
        (status = 200, description = "It does", body = Readiness),
        (status = 503, description = "It does not, and why", body = Readiness),
    ),
)]
pub(crate) async fn get_readiness(
    State(api): State<Api>,
    Query(()): Query<()>,
) -> (StatusCode, Json<Readiness>) {
    let status = api.engine().status();
    let reasons = status.reasons.into_iter().map(|reason| ReadinessReason {
        code: reason.code.to_string(),
        detail: reason.detail,
        blocking: reason.blocking,
    });
    let answer = Readiness {
        ready: status.ready,
        reasons: reasons.collect(),
        quote_source: api.quote_source().into(),
    };
    let code = if answer.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, Json(answer))
}

/// Read the service's metrics
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "In Prometheus' text format", body = str)),
)]
pub(crate) async fn get_metrics(
    State(api): State<Api>,
    Query(()): Query<()>,
) -> Result<String, Problem> {
    api.metrics()
        .map(|metrics| metrics.render())
        .ok_or_else(Problem::not_found)
}

/// Read this document
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
)]
pub(crate) async fn get_openapi(Query(()): Query<()>) -> JsonText {
    static DOCUMENT: LazyLock<Vec<u8>> =
        LazyLock::new(|| serde_json::to_vec(&crate::openapi()).expect("the document is JSON"));
    JsonText(DOCUMENT.clone())
}
