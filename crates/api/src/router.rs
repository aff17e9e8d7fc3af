//! All routes as one service, and what stands around them.

use crate::answer;
use crate::extract::caller::unknown_path;
use crate::head;
use crate::problem::Problem;
use crate::routes;
use crate::state::Api;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The HTTP service.
pub fn router(api: Api) -> Router {
    let (router, _) = routes::all().split_for_parts();
    router
        .merge(docs())
        .fallback(nothing_here)
        .method_not_allowed_fallback(no_such_method)
        .with_state(api.clone())
        .layer(from_fn_with_state(api, answer::hold))
        .layer(from_fn(head::bound))
        .layer(CatchPanicLayer::custom(panicked))
}

/// The documentation as a page, with everything it needs.
fn docs() -> SwaggerUi {
    let config = Config::from("/api/openapi.json")
        .validator_url("none")
        .deep_linking(true);
    SwaggerUi::new("/docs").config(config)
}

async fn nothing_here(State(api): State<Api>, request: Request) -> Problem {
    let (parts, _) = request.into_parts();
    unknown_path(&parts, &api)
}

async fn no_such_method(request: Request) -> Problem {
    let detail = format!(
        "{} is no method of this route; see `Allow`",
        request.method()
    );
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

/// The hook that prints panics has told the log; nobody else is stopped by it.
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::failed().into_response()
}
