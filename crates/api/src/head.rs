//! How long a request's head may be.
//!
//! hyper looks at the length of a head while it waits for its end. One that is there at once, as
//! from a caller on the same machine, would be taken however long it is.

use crate::limits::HEAD_BYTES_MAX;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Between method and target, and after it: ` HTTP/1.1` and the ends of this line and of the head.
const LINE_BYTES: usize = 14;
/// Between a name and its value, and after it.
const FIELD_BYTES: usize = 4;

/// Refuses a head that is too long as hyper does, without a body.
pub(crate) async fn bound(request: Request, next: Next) -> Response {
    match bytes(&request) > HEAD_BYTES_MAX {
        true => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response(),
        false => next.run(request).await,
    }
}

/// What the head took on its way, white space aside.
fn bytes(request: &Request) -> usize {
    let target = request.uri().path_and_query();
    let target = target.map_or(0, |target| target.as_str().len());
    let fields = request.headers().iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
    request.method().as_str().len() + target + LINE_BYTES + fields.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    async fn status_of(head_bytes: usize) -> StatusCode {
        let router = Router::new()
            .route("/some", get(|| async {}))
            .layer(from_fn(bound));
        let known = "GET /some HTTP/1.1\r\nx-long: \r\n\r\n".len();
        let request = Request::get("/some")
            .header("x-long", "x".repeat(head_bytes - known))
            .body(Body::empty())
            .unwrap();
        router.oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn a_head_that_is_there_at_once_is_bounded_too() {
        assert_eq!(status_of(HEAD_BYTES_MAX).await, 200);
        assert_eq!(status_of(HEAD_BYTES_MAX + 1).await, 431);
        assert_eq!(status_of(2 * HEAD_BYTES_MAX).await, 431);
    }
}
