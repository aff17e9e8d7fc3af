//! How answers are put together: with the position they are of, and as JSON.

use crate::budget::Held;
use crate::limits::{ANSWERS_BYTES_MAX, UNCOUNTED_BYTES};
use crate::problem::Problem;
use crate::state::Api;
use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

/// Up to which position everything is in an answer.
pub(crate) const POSITION_HEADER: HeaderName = HeaderName::from_static("touchbook-position");

/// What a handler that reads returns.
pub(crate) type Read<T> = Result<Stamped<Json<T>>, Problem>;

/// An answer together with the position that it is of.
pub(crate) struct Stamped<T>(pub u64, pub T);

impl<T: IntoResponse> IntoResponse for Stamped<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response
            .headers_mut()
            .insert(POSITION_HEADER, HeaderValue::from(self.0));
        response
    }
}

/// JSON that was written already.
pub(crate) struct JsonText(pub Vec<u8>);

impl IntoResponse for JsonText {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], Body::from(self.0)).into_response()
    }
}

/// An answer that counts for as long as its asker has not taken it.
struct Untaken {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Untaken {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Lets no more large answers wait for their askers than there is room for.
pub(crate) async fn hold(State(api): State<Api>, response: Response) -> Response {
    let bytes = response.body().size_hint().exact().unwrap_or_default();
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes <= UNCOUNTED_BYTES {
        return response;
    }
    let Some(held) = api.answers().take(bytes - UNCOUNTED_BYTES) else {
        let detail = format!("answers of {ANSWERS_BYTES_MAX} bytes wait for who asked for them");
        return Problem::too_many(detail).into_response();
    };
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, bytes).await {
        Ok(bytes) => {
            let bytes = Bytes::from_owner(Untaken { bytes, _held: held });
            Response::from_parts(parts, Body::from(bytes))
        }
        Err(error) => Problem::internal(&error).into_response(),
    }
}
